using AgiJobs.Control.Description;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Response.Detectors;

/// <summary>What rules are compiled for: one network as the workspace has it.</summary>
public sealed record RuleGround
{
    /// <summary>The network's name in the workspace.</summary>
    public required string Network { get; init; }

    /// <summary>Its chain.</summary>
    public required ChainId ChainId { get; init; }

    /// <summary>The protocol at the manifest's addresses.</summary>
    public required Protocol Protocol { get; init; }

    /// <summary>The Safe that governs it; null when there is none.</summary>
    public Address? Safe { get; init; }

    /// <summary>The Safe that takes over; null when there is none.</summary>
    public Address? BackupSafe { get; init; }

    /// <summary>The name of an address, for people; it changes no finding's identity.</summary>
    public Func<Address, string?> NameOf { get; init; } = _ => null;

    /// <summary>The change of the workspace that a transaction was sent for; null when none is behind it. The one thing besides block and memory that a detector asks.</summary>
    public Func<Bytes32, string?> ChangeOf { get; init; } = _ => null;

    /// <summary>Who finds: <c>monitor NAME</c>.</summary>
    public string Source { get; init; } = "monitor";

    /// <summary>The ground of a network of a workspace; whether changes are behind transactions is read from its records.</summary>
    /// <exception cref="AgiJobs.Control.ControlException">Those of the network's files and of the description.</exception>
    public static RuleGround Of(Workspace workspace, string network, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(workspace);
        var file = workspace.Network(network);
        var protocol = Protocol.Load(workspace, workspace.Manifest(network));
        return new RuleGround
        {
            Network = network,
            ChainId = file.ChainId,
            Protocol = protocol,
            Safe = file.Safe,
            BackupSafe = file.BackupSafe,
            NameOf = new Labels(protocol, file, new SignerBook(workspace.Signers(network))).NameOf,
            ChangeOf = new SentTransactions(workspace, network, file.ChainId, time).ChangeOf,
        };
    }

    /// <summary>What @NAME stands for: a module, the Safe, the backup Safe; null when it stands for nothing here.</summary>
    internal Address? AddressOf(string name) => name switch
    {
        "safe" => Safe,
        "backup-safe" => BackupSafe,
        _ => Protocol.Modules.FirstOrDefault(module => string.Equals(module.Name, name, StringComparison.Ordinal))?.Address,
    };
}
