using System.Text;
using AgiJobs.Control.Files;

namespace AgiJobs.Control.Workspaces;

/// <summary>The files that every workspace has, whatever its networks.</summary>
public static class WorkspaceFiles
{
    private const string Ignored = """
        # State of running local networks and of services, and locks: no part of the record.
        /storage/devnet/
        /storage/state/
        *.lock
        *.tmp
        """;

    private const string Readme = """
        # An operator's workspace

        What this folder holds, by path:

        - `config/networks/NAME.json`: chain id, RPC URLs, Safe of a network
        - `config/owner-control.NAME.json`: the manifest, the desired state of the protocol there
        - `config/signers.json`: references to signers; never a key
        - `config/operators.json`, `config/policy.json`: people and their duties; who must approve what
        - `config/services.json`: how `agijobs serve` listens, where it keeps its state, how much it takes
        - `config/oncall.json`: who is told of alerts, by what, and who is on call
        - `config/sentinel.json`: what guards runs of the HGM engine; `config/agialpha/`: the profile, which goes before it, with the engine's and the thermostat's settings
        - `monitoring/rules/`: what is watched on the chain; `agijobs monitoring check` says what is wrong with it, `agijobs monitoring apply` puts it in force
        - `storage/approvals/`: signed approvals, and standing approvals
        - `storage/changes/`: every change with its brief, approvals and journal
        - `storage/audit/`: the audit log; `agijobs evidence log --verify` shows any change to it
        - `storage/snapshots/`, `storage/backups/`: the configuration as it was, and the whole record with the state of the chain, verified by their hashes
        - `storage/receipts/`, `monitoring/runbooks/`, `reports/`: receipts, dry runs, reports

        Keep it in git. No secret belongs here: a secret field is {"env": "NAME"} or {"file": "PATH"}.
        """;

    /// <summary>The files, by path in the workspace.</summary>
    public static IReadOnlyList<(string Path, byte[] Content)> Frame { get; } = [(".gitignore", Bytes(Ignored)), ("README.md", Bytes(Readme))];

    /// <summary>What runs of the HGM engine begin with and are guarded by, by path in the workspace.</summary>
    public static IReadOnlyList<(string Path, byte[] Content)> Guards { get; } =
    [
        ("config/sentinel.json", JsonFile.Encode(SentinelFile.Base, WorkspaceJson.Default.SentinelFile)),
        ("config/agialpha/hgm.json", JsonFile.Encode(HgmFile.Profile, WorkspaceJson.Default.HgmFile)),
        ("config/agialpha/thermostat.json", JsonFile.Encode(ThermostatFile.Profile, WorkspaceJson.Default.ThermostatFile)),
        ("config/agialpha/sentinel.json", JsonFile.Encode(SentinelFile.Profile, WorkspaceJson.Default.SentinelFile)),
    ];

    /// <summary>Writes those that are missing; what is there stays as it is.</summary>
    /// <exception cref="ControlException"><c>file-write</c>.</exception>
    public static void WriteFrame(Workspace workspace)
    {
        foreach (var (path, content) in Frame.Concat(Guards))
        {
            if (!File.Exists(workspace.Locate(path)))
            {
                AtomicFile.Write(workspace.Locate(path), content);
            }
        }
    }

    /// <summary>Where the rules that ship for a protocol belong in a workspace.</summary>
    public static string RulesPath(string protocol) => $"monitoring/rules/{protocol}.json";

    /// <summary>Gives a workspace the rules that ship for a protocol when it has no file of them; a protocol for which none ship gets none.</summary>
    /// <exception cref="ControlException"><c>file-read</c>, <c>file-write</c>.</exception>
    public static void WriteRules(Workspace workspace, string protocol)
    {
        ArgumentNullException.ThrowIfNull(workspace);
        if (workspace.ShippedRules(protocol) is { } content)
        {
            _ = AtomicFile.TryCreate(workspace.Locate(RulesPath(protocol)), content);
        }
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\n") + "\n");
}
