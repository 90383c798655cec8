using System.CommandLine;
using System.Net;
using AgiJobs.Cli.Devnet;
using AgiJobs.Cli.Output;
using AgiJobs.Cli.Owner;
using AgiJobs.Control;
using AgiJobs.Control.Configuration;
using AgiJobs.Control.Desired;
using AgiJobs.Control.Planning;
using AgiJobs.Control.Reports;
using AgiJobs.Control.Snapshots;
using AgiJobs.Steering.Configuration;

namespace AgiJobs.Cli.Configuration;

/// <summary><c>config diff</c>: the configuration against a snapshot, another network, the chain, or deployed services.</summary>
internal static class DiffCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var snapshot = new Option<string?>("--snapshot") { Description = "against a snapshot: what was changed since", HelpName = "ID" };
        var with = new Option<string?>("--with") { Description = "against another network, value by value", HelpName = "NAME" };
        var services = new Option<bool>("--services") { Description = "against the configuration that a running 'serve' was started with" };
        var at = new Option<string?>("--at") { Description = "with --services: where it is; default: where 'up' started it, else what config/services.json says under listen", HelpName = "URL" };
        var command = new Command("diff", "how the configuration differs: from the chain (without a flag), from a snapshot, from another network, from what services run with. Exit 3: it differs; 5: unknown") { snapshot, with, services, at };
        Session.Run(command, options, environment, (session, parsed, cancellation) =>
        {
            if (new[] { parsed.GetValue(snapshot) is not null, parsed.GetValue(with) is not null, parsed.GetValue(services) }.Count(given => given) > 1)
            {
                throw new ControlException("command-line", ExitCode.BadInput, "--snapshot, --with and --services ask for different things.", "Give one of them.");
            }

            if (parsed.GetValue(at) is not null && !parsed.GetValue(services))
            {
                throw new ControlException("command-line", ExitCode.BadInput, "--at says where services are, and --services does not stand beside it.", "Add --services, or leave --at out.");
            }

            return parsed.GetValue(services) ? ServicesAsync(session, parsed.GetValue(at), cancellation)
                : parsed.GetValue(snapshot) is { } id ? Task.FromResult(Snapshot(session, id))
                : parsed.GetValue(with) is { } other ? Task.FromResult(Networks(session, other))
                : ChainAsync(session, cancellation);
        });
        return command;
    }

    // The same snapshot as 'owner surface', and besides what looking the files' names up and their rules find.
    private static async Task<ExitCode> ChainAsync(Session session, CancellationToken cancellation)
    {
        var (report, desired, _) = await OwnerViews.DriftAsync(session, cancellation).ConfigureAwait(false);
        var draft = new WaveDraft(report.State);
        var told = await DesiredCommands.ListsAsync(session, desired, draft, cancellation).ConfigureAwait(false);
        var moves = draft.Moves();
        var exit = OwnerViews.Worst(report.Exit, moves.Count > 0 || told.Except(desired.Notes, StringComparer.Ordinal).Any() ? ExitCode.Findings : ExitCode.Clean);
        IReadOnlyList<string> files = [Path.GetRelativePath(session.Workspace.Root, session.Workspace.ManifestPath(session.Network)), .. session.Protocol.Domains.Select(domain => CatalogueFile.PathOf(domain, session.Network)).Where(file => File.Exists(session.Workspace.Locate(file)))];
        session.Terminal.Page(DriftPages.Surface(report));
        foreach (var finding in told)
        {
            session.Terminal.Line($"FINDING {finding}");
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

    // What the files say, held against what a running 'serve' says that it was started with. Nothing that it does not say is taken for equal.
    private static async Task<ExitCode> ServicesAsync(Session session, string? asked, CancellationToken cancellation)
    {
        var file = session.Workspace.Services(session.Network);
        var at = asked ?? UpCommands.ServedAt(session, session.Network) ?? AddressOf(file.Listen);
        var told = Uri.TryCreate(at, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? await RunningConfiguration.AskAsync(address!, cancellation).ConfigureAwait(false)
            : throw new ControlException("command-line", ExitCode.BadInput, $"--at {at} is no http or https URL.", "Write it as http://127.0.0.1:8420.");
        var running = told.TryGet(out var known) ? known : null;
        var why = running is null ? told.Why
            : !string.Equals(running.Network, session.Network, StringComparison.Ordinal) || running.ChainId != session.NetworkFile.ChainId.Value ? $"what answers there serves the network {running.Network} of chain {running.ChainId}"
            : null;
        var wanted = ServiceSettings.Of(file, session.Protocol);
        var keys = why is not null ? [] : wanted.Values.Keys.Union(running!.Settings.Keys, StringComparer.Ordinal).Where(key => !string.Equals(wanted.Values.GetValueOrDefault(key), running.Settings.GetValueOrDefault(key), StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
        var exit = why is not null ? ExitCode.Unknown : keys.Count == 0 ? ExitCode.Clean : ExitCode.Findings;
        session.Terminal.Line(why is not null
            ? $"network {session.Network}, chain {session.NetworkFile.ChainId}: what the services at {at} run with is unknown: {why}"
            : $"network {session.Network}, chain {session.NetworkFile.ChainId}: the configuration against what {running!.Roles} at {at} was started with: {(keys.Count == 0 ? "the same" : $"{keys.Count} differ; start it again to take what the files say")}");
        session.Terminal.Table(["key", "files", "runs with"], keys.Select(key => (IReadOnlyList<string>)[key, wanted.Values.GetValueOrDefault(key, "(absent)"), running!.Settings.GetValueOrDefault(key, "(absent)")]));
        session.Terminal.Json("agijobs.config-diff/1", exit, writer =>
        {
            writer.WriteString("network", session.Network);
            writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
            writer.WriteString("against", "services");
            writer.WriteString("at", at);
            writer.WriteString("unknown", why);
            writer.WriteString("digest", wanted.Digest.ToString());
            writer.WriteString("runningDigest", why is null ? running!.Digest.ToString() : null);
            writer.WriteString("roles", running?.Roles);
            writer.WriteStartArray("differences");
            foreach (var key in keys)
            {
                writer.WriteStartObject();
                writer.WriteString("key", key);
                writer.WriteString("value", wanted.Values.GetValueOrDefault(key));
                writer.WriteString("other", running!.Settings.GetValueOrDefault(key));
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        });
        return exit;
    }

    // What listens on every address of the machine is asked on its own.
    private static string AddressOf(string listen)
    {
        var end = IPEndPoint.Parse(listen);
        var own = end.Address.Equals(IPAddress.Any) ? IPAddress.Loopback : end.Address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : end.Address;
        return $"http://{new IPEndPoint(own, end.Port)}";
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
        foreach (var setting in EffectiveConfiguration.Of(session.Workspace, network).Concat(SteeringConfiguration.Load(session.Workspace, network, session.Environment.Layers).Settings))
        {
            // A network's own file goes after the one of every network.
            values[setting.Key] = setting.Value;
        }

        return values;
    }
}
