using AgiJobs.Control.Changes;
using AgiJobs.Control.Files;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Control.Simulation;

/// <summary>What a simulation may use besides the chain.</summary>
public sealed record SimulationOptions
{
    /// <summary>Stands for anybody: an account without a key, that holds nothing and may do nothing.</summary>
    public static Address Anybody { get; } = new(Keccak256.Hash("agijobs: an account that holds nothing").ToBytes().AsSpan(12));

    /// <summary>Safe owners' signatures that are on file. They go to the network's own nodes only, and only when they suffice.</summary>
    public IReadOnlyList<SafeApproval> Approvals { get; init; } = [];

    /// <summary>Signed authorisations that are on file. They go to the network's own nodes only.</summary>
    public IReadOnlyList<SignedAuthorization> Authorizations { get; init; } = [];

    /// <summary>Names for addresses besides those of the protocol's modules.</summary>
    public Func<Address, string?> NameOf { get; init; } = _ => null;

    /// <summary>Who would send what anybody may send; by default an owner of the Safe, or <see cref="Anybody"/>.</summary>
    public Address? Sender { get; init; }

    /// <summary>Stands in where the nodes cannot tell; null when there is none.</summary>
    public ISimulationFork? Fork { get; init; }

    /// <summary>The block to try it on; null takes the newest, for one more round trip.</summary>
    public PinnedBlock? Block { get; init; }

    /// <summary>With the signatures that a filed change has.</summary>
    /// <exception cref="ControlException"><c>file-format</c>.</exception>
    public SimulationOptions With(FiledChange change)
    {
        ArgumentNullException.ThrowIfNull(change);
        var folder = Path.Combine(change.Folder, "approvals");
        var authorizations = Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, "authorization-*.json").Order(StringComparer.Ordinal).Select(path => JsonFile.Read(path, ChangeJson.Default.SignedAuthorization)).Where(signed => signed.Change == change.Document.Digest())
            : [];
        return this with { Approvals = change.SafeApprovals(), Authorizations = [.. authorizations] };
    }
}
