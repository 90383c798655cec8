using System.Text;
using System.Text.Json.Nodes;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Files;
using AgiJobs.Control.Snapshots;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Control.Configuration;

/// <summary>One file that an upgrade would add.</summary>
/// <param name="Path">Relative to the workspace.</param>
/// <param name="Content">What would stand in it.</param>
/// <param name="Why">What it is for, and what to do with it.</param>
public sealed record UpgradeFile(string Path, byte[] Content, string Why);

/// <summary>
/// Brings the workspace of an older program up to this one: files that are missing are added, those that count for something as <c>NAME.proposed.json</c>, which counts for nothing until a person
/// renames it. No file that is there is ever written over.
/// </summary>
public sealed class WorkspaceUpgrade(Workspace workspace, TimeProvider time)
{
    /// <summary>What is missing.</summary>
    /// <exception cref="ControlException"><c>file-version</c> when a file is of a version that this program does not read, <c>file-format</c> for the first that is bad: nothing is upgraded on top of it.</exception>
    public IReadOnlyList<UpgradeFile> Plan()
    {
        var ground = new LintGround(workspace, time);
        if (ConfigurationLint.Run(ground, [new FormRule()]).FirstOrDefault(finding => finding.IsError && finding.Code is "file-format" or "file-version") is { } bad)
        {
            throw new ControlException(bad.Code, ExitCode.BadInput, $"{bad.Path}{(bad.Line is { } line ? $", line {line}" : "")}: {bad.Message}", "'agijobs config lint' shows everything that is wrong; nothing was written.");
        }

        var files = new List<UpgradeFile>();
        foreach (var (path, content) in WorkspaceFiles.Frame)
        {
            Add(path, content, "says what this folder is");
        }

        Add("config/signers.json", JsonFile.Encode(new SignersFile { Version = 1, Signers = [] }, WorkspaceJson.Default.SignersFile), "references to signers, none yet");
        foreach (var schema in ConfigurationSchemas.Types.Keys)
        {
            Add($"config/schemas/{schema}.schema.json", Encoding.UTF8.GetBytes(ConfigurationSchemas.Write(schema)), "for editors");
        }

        // What guards money is a person's decision.
        foreach (var (path, content) in WorkspaceFiles.Guards.Where(guard => !File.Exists(workspace.Locate(guard.Path))))
        {
            Add($"{path[..^".json".Length]}.proposed.json", content, $"runs of the HGM engine follow the program's own values: rename it to {Path.GetFileName(path)} to have these");
        }

        foreach (var protocol in workspace.Networks().Where(network => File.Exists(workspace.ManifestPath(network))).Select(network => workspace.Manifest(network).Protocol).Distinct(StringComparer.Ordinal))
        {
            if (workspace.ShippedRules(protocol) is { } rules)
            {
                Add(WorkspaceFiles.RulesPath(protocol), rules, "what is watched on the chain: the rules that ship, put in force by 'agijobs monitoring apply'");
            }
        }

        foreach (var network in workspace.Networks().Where(network => !File.Exists(workspace.ManifestPath(network))))
        {
            Add($"config/owner-control.{network}.proposed.json", JsonFile.Encode(new ManifestFile { Version = 1, Protocol = "agi-jobs", Modules = new Dictionary<string, ManifestModule>(StringComparer.Ordinal) }, WorkspaceJson.Default.ManifestFile), $"a manifest for {network}: add the modules' addresses, then rename it to owner-control.{network}.json");
        }

        var policies = ground.Files.Where(file => file.Kind is { Schema: "policy", IsProposal: false }).ToList();
        if (policies.Count == 0)
        {
            Add("config/policy.proposed.json", JsonFile.Encode(ApprovalPolicy.Shipped, WorkspaceJson.Default.PolicyFile), "approvals are not managed: put the people into config/operators.json, then rename it to policy.json");
        }

        // A policy that was written before backups were demanded demands none, and says nothing of it.
        foreach (var policy in policies.Where(policy => !JsonNode.Parse(policy.Content)!.AsObject().ContainsKey("backup")))
        {
            var file = JsonFile.Parse(policy.Content, policy.Path, WorkspaceJson.Default.PolicyFile);
            Add($"{policy.Path[..^".json".Length]}.proposed.json", JsonFile.Encode(file with { Backup = ApprovalPolicy.Shipped.Backup }, WorkspaceJson.Default.PolicyFile), $"{policy.Path} demands no fresh backup before a change; this one does. To demand none, write \"backup\": {{\"maxAgeHours\": null}} into yours");
        }

        return files;

        void Add(string path, byte[] content, string why)
        {
            if (!File.Exists(workspace.Locate(path)))
            {
                files.Add(new UpgradeFile(path, content, why));
            }
        }
    }

    /// <summary>Adds what is missing, after a snapshot of what is there. A file that came in between stays as it is.</summary>
    /// <returns>The snapshot; null when there was no configuration to keep or nothing to add.</returns>
    /// <exception cref="ControlException">Those of <see cref="Plan"/> and of snapshots; <c>file-write</c>.</exception>
    public async Task<Snapshot?> ExecuteAsync(CancellationToken cancellation)
    {
        var files = Plan();
        if (files.Count == 0)
        {
            return null;
        }

        var before = WorkspaceTree.Configuration(workspace.Root).Count == 0 ? null : await new SnapshotStore(workspace, time).TakeAsync("before an upgrade of the workspace", cancellation).ConfigureAwait(false);
        foreach (var file in files)
        {
            _ = AtomicFile.TryCreate(workspace.Locate(file.Path), file.Content);
        }

        return before;
    }
}
