using System.CommandLine;
using AgiJobs.Cli.Output;
using AgiJobs.Cli.Owner;
using AgiJobs.Control;
using AgiJobs.Control.Configuration;
using AgiJobs.Control.Desired;
using AgiJobs.Control.Planning;
using AgiJobs.Control.Reports;
using AgiJobs.Control.Snapshots;

namespace AgiJobs.Cli.Configuration;

/// <summary><c>config diff</c>: the configuration against a snapshot, another network, the chain, or deployed services.</summary>
internal static class DiffCommand
{
    private const string NotConnected = "unknown: not connected";
    private const string WhyNot = "this program runs no services yet that report the configuration they run with";

    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var snapshot = new Option<string?>("--snapshot") { Description = "against a snapshot: what was changed since", HelpName = "ID" };
        var with = new Option<string?>("--with") { Description = "against another network, value by value", HelpName = "NAME" };
        var services = new Option<bool>("--services") { Description = "against the configuration that the services run with" };
        var command = new Command("diff", "how the configuration differs: from the chain (without a flag), from a snapshot, from another network. Exit 3: it differs; 5: unknown") { snapshot, with, services };
        Session.Run(command, options, environment, (session, parsed, cancellation) =>
        {
            if (new[] { parsed.GetValue(snapshot) is not null, parsed.GetValue(with) is not null, parsed.GetValue(services) }.Count(given => given) > 1)
            {
                throw new ControlException("command-line", ExitCode.BadInput, "--snapshot, --with and --services ask for different things.", "Give one of them.");
            }

            return parsed.GetValue(services) ? Task.FromResult(Services(session))
                : parsed.GetValue(snapshot) is { } id ? Task.FromResult(Snapshot(session, id))
                : parsed.GetValue(with) is { } other ? Task.FromResult(Networks(session, other))
                : ChainAsync(session, cancellation);
        });
        return command;
    }

    // The same snapshot as 'owner surface', and besides what the files want of sets and records, which no surface shows.
    private static async Task<ExitCode> ChainAsync(Session session, CancellationToken cancellation)
    {
        var (report, desired, _) = await OwnerViews.DriftAsync(session, cancellation).ConfigureAwait(false);
        var draft = new WaveDraft(report.State);
        var told = await DesiredCommands.ListsAsync(session, desired, draft, cancellation).ConfigureAwait(false);
        var moves = draft.Moves();
        var exit = OwnerViews.Worst(report.Exit, moves.Count > 0 || told.Except(desired.Notes, StringComparer.Ordinal).Any() ? ExitCode.Findings : ExitCode.Clean);
        IReadOnlyList<string> files = [Path.GetRelativePath(session.Workspace.Root, session.Workspace.ManifestPath(session.Network)), .. session.Protocol.Domains.Select(domain => CatalogueFile.PathOf(domain, session.Network)).Where(file => File.Exists(session.Workspace.Locate(file)))];
        session.Terminal.Page(DriftPages.Surface(report));
        foreach (var line in moves.Select(move => $"DIFFERS {move.Purpose}").Concat(told.Select(finding => $"FINDING {finding}")))
        {
            session.Terminal.Line(line);
        }

        session.Terminal.Line($"held against the chain: {string.Join(", ", files)}");
        session.Terminal.Json("agijobs.config-diff/1", exit, writer =>
        {
            writer.WriteString("against", "chain");
            DriftPages.WriteSurface(writer, report);
            foreach (var (name, values) in ((string, IEnumerable<string>)[])[("files", files), ("lists", moves.Select(move => move.Purpose)), ("findings", told)])
            {
                writer.WriteStartArray(name);
                foreach (var value in values)
                {
                    writer.WriteStringValue(value);
                }

                writer.WriteEndArray();
            }
        });
        return exit;
    }

    // No service reports the configuration that it runs with yet.
    private static ExitCode Services(Session session)
    {
        session.Terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}: the configuration against the services is {NotConnected}: {WhyNot}");
        session.Terminal.Json("agijobs.config-diff/1", ExitCode.Unknown, writer =>
        {
            writer.WriteString("network", session.Network);
            writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
            writer.WriteString("against", "services");
            writer.WriteString("unknown", "not connected");
            writer.WriteString("why", WhyNot);
        });
        return ExitCode.Unknown;
    }

    private static ExitCode Snapshot(Session session, string id)
    {
        var kept = new SnapshotStore(session.Workspace, session.Environment.Time).Open(id);
        var changes = ConfigurationRestore.Compare(kept.Files, new ConfigurationRestore(session.Workspace, session.Environment.Time).Present());
        var exit = changes.Count == 0 ? ExitCode.Clean : ExitCode.Findings;
        session.Terminal.Line(WorkspaceScope.Line(session));
        session.Terminal.Line($"  since the snapshot {id}: {(changes.Count == 0 ? "nothing was changed" : $"{changes.Count} file{(changes.Count == 1 ? "" : "s")}")}");
        SnapshotCommands.Report(session, changes);
        session.Terminal.Json("agijobs.config-diff/1", exit, writer =>
        {
            WorkspaceScope.Write(session, writer);
            writer.WriteString("against", "snapshot");
            writer.WriteString("snapshot", id);
            SnapshotCommands.Write(writer, changes);
        });
        return exit;
    }

    private static ExitCode Networks(Session session, string other)
    {
        var left = Values(session, session.Network);
        var right = Values(session, session.Workspace.ChooseNetwork(other));
        var keys = left.Keys.Union(right.Keys, StringComparer.Ordinal).Where(key => !string.Equals(left.GetValueOrDefault(key), right.GetValueOrDefault(key), StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
        var exit = keys.Count == 0 ? ExitCode.Clean : ExitCode.Findings;
        session.Terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}, against network {other}, chain {session.Workspace.Network(other).ChainId}");
        session.Terminal.Table(["key", session.Network, other], keys.Select(key => (IReadOnlyList<string>)[key, left.GetValueOrDefault(key, "(absent)"), right.GetValueOrDefault(key, "(absent)")]));
        session.Terminal.Json("agijobs.config-diff/1", exit, writer =>
        {
            writer.WriteString("network", session.Network);
            writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
            writer.WriteString("against", "network");
            writer.WriteString("with", other);
            writer.WriteStartArray("differences");
            foreach (var key in keys)
            {
                writer.WriteStartObject();
                writer.WriteString("key", key);
                writer.WriteString("value", left.GetValueOrDefault(key));
                writer.WriteString("other", right.GetValueOrDefault(key));
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        });
        return exit;
    }

    private static Dictionary<string, string> Values(Session session, string network)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var setting in EffectiveConfiguration.Of(session.Workspace, network))
        {
            // A network's own file goes after the one of every network.
            values[setting.Key] = setting.Value;
        }

        return values;
    }
}
