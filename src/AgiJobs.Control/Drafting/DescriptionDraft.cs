using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Files;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Control.Drafting;

/// <summary>A description and a manifest, drafted from ABIs and the chain, that pass the description's own checks; with what a person has to decide. Immutable.</summary>
public sealed class DescriptionDraft
{
    // Lists that a reader wants to see even when they are empty: the format demands them.
    private static readonly string[] Demanded = ["emits", "callers", "modules"];

    private readonly List<(string Path, byte[] Content)> _files;

    private DescriptionDraft(JsonObject description, JsonObject manifest, List<(string Path, byte[] Content)> files, IReadOnlyList<DraftFinding> findings, IReadOnlyList<Address> safes, IReadOnlyList<Address> timelocks)
    {
        Description = description;
        Manifest = manifest;
        _files = files;
        Findings = findings;
        Safes = safes;
        Timelocks = timelocks;
    }

    /// <summary>The description, <c>config/protocol/NAME.json</c>.</summary>
    public JsonObject Description { get; }

    /// <summary>The manifest, <c>config/owner-control.NETWORK.json</c>, with the holders of roles as the chain has them.</summary>
    public JsonObject Manifest { get; }

    /// <summary>What a person has to decide, in a stable order.</summary>
    public IReadOnlyList<DraftFinding> Findings { get; }

    /// <summary>The Safes among the addresses and behind the roles; one of them is the network's.</summary>
    public IReadOnlyList<Address> Safes { get; }

    /// <summary>The timelocks among the addresses and behind the roles; they are found again whenever the protocol is read.</summary>
    public IReadOnlyList<Address> Timelocks { get; }

    /// <summary>Reads the chain and drafts.</summary>
    /// <param name="targets">The addresses, each with the name of its ABI where somebody gave one.</param>
    /// <param name="shelf">The ABIs.</param>
    /// <param name="name">The name of the protocol.</param>
    /// <param name="network">The network.</param>
    /// <param name="client">The node.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ControlException"><c>abi-unknown</c>; <c>describe-none</c> when no address fits an ABI.</exception>
    public static async Task<DescriptionDraft> MakeAsync(IReadOnlyList<(Address Address, string? Abi)> targets, AbiShelf shelf, string name, string network, EthereumClient client, CancellationToken cancellation)
    {
        var findings = new List<DraftFinding>();
        var block = PinnedBlock.AtConnect(client);
        var (seen, others) = await ContractSight.LookAsync(targets, shelf, block, findings, cancellation).ConfigureAwait(false);
        if (seen.Count == 0)
        {
            throw new ControlException("describe-none", ExitCode.BadInput, $"None of the {targets.Count} addresses has code that fits one ABI of {string.Join(", ", shelf.Names)}.{string.Concat(findings.Select(finding => $" {finding.Subject}: {finding.Message}."))}", "Give the ABIs of the deployed version with --abi, or name an address's ABI as NAME=ADDRESS.");
        }

        var file = new ProtocolFile { Version = 1, Name = name, Title = name, Modules = [.. seen.Select(contract => ModuleDraft.Of(contract, seen, findings))] };
        var description = Pruned(JsonSerializer.SerializeToNode(file, WorkspaceJson.Default.ProtocolFile)!.AsObject());
        var manifest = new ManifestFile { Version = 1, Protocol = name, Modules = seen.ToDictionary(contract => contract.Name, contract => new ManifestModule { Address = contract.Address, CodeHash = contract.CodeHash }, StringComparer.Ordinal) };
        var files = new List<(string Path, byte[] Content)> { (Path.Combine("config", "protocol", name + ".json"), Bytes(description)) };
        files.AddRange(seen.Select(contract => contract.AbiName).Distinct(StringComparer.Ordinal).Select(abi => (Path.Combine("config", "protocol", "abi", abi + ".json"), Encoding.UTF8.GetBytes(shelf.JsonOf(abi)))));

        var state = await ObserveAsync(files, manifest, others, client, block, cancellation).ConfigureAwait(false);
        foreach (var address in others)
        {
            if (state.AccountAt(address) is not { } reading || !reading.TryGet(out var account) || account is not (SafeAccountState or TimelockState))
            {
                findings.Add(new DraftFinding("no-abi", address.ToString(), "it is not described: no ABI fits, and it is neither a Safe nor a timelock"));
            }
        }

        findings.AddRange(state.Roles.Where(role => !role.Value.IsKnown).Select(role => new DraftFinding("role-unknown", role.Key, $"its holders could not be read: {role.Value.Why}")));
        manifest = manifest with
        {
            Modules = manifest.Modules.ToDictionary(entry => entry.Key, entry => entry.Value with
            {
                Roles = state.Protocol[entry.Key].Roles.Where(role => state.HoldersOf(role).IsKnown).ToDictionary(role => role.Name, role => (IReadOnlyList<Address>)[.. state.HoldersOf(role).Value.Order()], StringComparer.Ordinal) is { Count: > 0 } holders ? holders : null,
            }, StringComparer.Ordinal),
        };
        var wanted = Pruned(JsonSerializer.SerializeToNode(manifest, WorkspaceJson.Default.ManifestFile)!.AsObject(), keepEmpty: true);
        files.Add((Path.Combine("config", $"owner-control.{network}.json"), Bytes(wanted)));
        var order = seen.Select(contract => contract.Name).ToList();
        return new DescriptionDraft(description, wanted, files, [.. findings.OrderBy(finding => order.IndexOf(finding.Subject.Split('.')[0])).ThenBy(finding => finding.Subject, StringComparer.Ordinal).ThenBy(finding => finding.Code, StringComparer.Ordinal)], Of<SafeAccountState>(state), Of<TimelockState>(state));
    }

    /// <summary>Writes the draft into a folder as a workspace has it; what is there already is never overwritten.</summary>
    /// <returns>The paths, relative to the folder.</returns>
    /// <exception cref="ControlException"><c>draft-exists</c> (exit 2), nothing being written then; <c>file-write</c>.</exception>
    public IReadOnlyList<string> WriteTo(string folder)
    {
        if (_files.Where(file => File.Exists(Path.Combine(folder, file.Path)) && !File.ReadAllBytes(Path.Combine(folder, file.Path)).AsSpan().SequenceEqual(file.Content)).Select(file => file.Path).ToList() is { Count: > 0 } there)
        {
            throw new ControlException("draft-exists", ExitCode.BadInput, $"{folder} has {string.Join(", ", there)} already, and a draft overwrites nothing.", "Name another folder with --out, or another name with --name.");
        }

        foreach (var (path, content) in _files)
        {
            AtomicFile.Write(Path.Combine(folder, path), content);
        }

        return [.. _files.Select(file => file.Path)];
    }

    // The description's own checks and the observer read files, so the draft is read as a workspace would have it.
    private static async Task<ProtocolState> ObserveAsync(List<(string Path, byte[] Content)> files, ManifestFile manifest, IReadOnlyList<Address> hints, EthereumClient client, PinnedBlock block, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("agijobs-draft-").FullName;
        try
        {
            foreach (var (path, content) in files)
            {
                AtomicFile.Write(Path.Combine(folder, path), content);
            }

            var protocol = Protocol.Load(Workspace.At(folder, folder), manifest);
            return await new ProtocolObserver(client) { Hints = hints }.ObserveAsync(protocol, block, cancellation).ConfigureAwait(false);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static IReadOnlyList<Address> Of<T>(ProtocolState state) where T : AccountState =>
        [.. state.Accounts.Where(entry => entry.Value.TryGet(out var account) && account is T).Select(entry => entry.Key).Order()];

    private static byte[] Bytes(JsonObject node) => Encoding.UTF8.GetBytes(node.ToJsonString(new JsonSerializerOptions(WorkspaceJson.Default.Options)) + "\n");

    private static JsonObject Pruned(JsonObject node, bool keepEmpty = false)
    {
        foreach (var (key, value) in node.ToList())
        {
            if (!keepEmpty && !Demanded.Contains(key, StringComparer.Ordinal) && value is JsonArray { Count: 0 } or JsonObject { Count: 0 })
            {
                node.Remove(key);
            }

            foreach (var child in value switch { JsonObject inner => [inner], JsonArray list => list.OfType<JsonObject>(), _ => Enumerable.Empty<JsonObject>() })
            {
                Pruned(child, keepEmpty);
            }
        }

        return node;
    }
}
