using System.Net;
using AgiJobs.Arena.Alerts;
using AgiJobs.Arena.Gateway;
using AgiJobs.Arena.Moderation;
using AgiJobs.Arena.Orchestration;
using AgiJobs.Cli.Alerts;
using AgiJobs.Cli.Arena;
using AgiJobs.Cli.Monitoring;
using AgiJobs.Cli.Sentinels;
using AgiJobs.Cli.Slashing;
using AgiJobs.Control;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Configuration;
using AgiJobs.Control.Evidence.Ledger;
using AgiJobs.Control.Workspaces;
using AgiJobs.Server.Hosting;
using AgiJobs.Steering.Runs;
using AgiJobs.Steering.Worlds;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Serving;

/// <summary>One run of <c>serve</c>.</summary>
internal static class ServeRun
{
    // A look at the chain takes milliseconds; an orchestrator that has not had one for so long is not at work.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Starts the host, says where it is, waits for the signal, and ends in order.</summary>
    /// <exception cref="ControlException"><c>role-unknown</c>, <c>listen-format</c>, <c>listen</c>, <c>services-value</c>, and those of the store with its own codes.</exception>
    public static async Task<ExitCode> RunAsync(Session session, string roles, string? listen, CancellationToken cancellation)
    {
        var services = session.Workspace.Services(session.Network);
        Orchestration? orchestration = null;
        var options = Options(session, services, ServerRoles.Parse(roles), listen ?? services.Listen) with
        {
            Workers = parts =>
            {
                orchestration = Orchestration.Create(session, parts.Client, parts.Store, parts.Agents, settings => settings);
                return [new OrchestratorWorker(orchestration.Orchestrator, session.Environment.Time, Patience), .. ArenaWatch.Workers(session, parts.Store, orchestration.Signer)];
            },
            Monitors = parts => [.. MonitorWatch.Workers(session, parts), .. AlertWatch.Workers(session, parts.Store)],
            Incoming = parts => AlertWatch.Incoming(session, parts.Store),
        };
        try
        {
            await using var host = await ServerHost.StartAsync(options, cancellation).ConfigureAwait(false);
            session.Terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}: {ServerRoles.NamesOf(options.Roles)} at {host.Address}");
            session.Terminal.Json("agijobs.serve/1", ExitCode.Clean, writer =>
            {
                writer.WriteString("network", session.Network);
                writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
                writer.WriteString("roles", ServerRoles.NamesOf(options.Roles));
                writer.WriteString("address", host.Address.ToString());
                writer.WriteNumber("processId", System.Environment.ProcessId);
            });
            await Task.Delay(Timeout.InfiniteTimeSpan, session.Environment.Time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await host.StopAsync(TimeSpan.FromSeconds(services.DrainSeconds!.Value)).ConfigureAwait(false);
            return ExitCode.Clean;
        }
        catch (StorageException problem)
        {
            throw ServiceState.Told(problem);
        }
        finally
        {
            orchestration?.Dispose();
        }
    }

    private static ServerOptions Options(Session session, ServicesFile services, ServerRole roles, string listen)
    {
        if (!IPEndPoint.TryParse(listen, out var endpoint) || !listen.EndsWith($":{endpoint.Port}", StringComparison.Ordinal))
        {
            throw new ControlException("listen-format", ExitCode.BadInput, $"'{listen}' is no IP address and port.", "Write it as 127.0.0.1:8420 or [::1]:8420.");
        }

        return new ServerOptions
        {
            Network = session.Network,
            Roles = roles,
            Listen = endpoint,
            Protocol = session.Protocol,
            Settings = ServiceSettings.Of(services with { Listen = listen }, session.Protocol),
            OpenStore = cancellation => ServiceState.OpenAsync(session, cancellation),
            Connect = session.ConnectAsync,
            Hgm = new HgmOptions
            {
                Runs = new RunsOptions
                {
                    World = (run, settings, runs, told, cancellation) => RunWorlds.Of(session.Workspace, session.Network, told, session.Environment.Time).OpenAsync(run, settings, runs, cancellation),
                    Runs = services.Hgm.Runs!.Value,
                    Workers = services.Hgm.Workers ?? Math.Max(1, Environment.ProcessorCount / 2),
                    Pace = TimeSpan.FromMilliseconds(services.Hgm.PaceMilliseconds!.Value),
                    Lease = TimeSpan.FromSeconds(services.LeaseSeconds!.Value),
                },
                People = () => session.Workspace.Operators(session.Network) is { } people ? new OperatorBook(people) : null,
                Ledger = new OwnerLedger(session.Workspace, session.Environment.Time),
                Workers = runs => SentinelWatch.Workers(session, runs, isDelivered: roles.HasFlag(ServerRole.Arena)),
            },
            Outboxes = services.Alerts?.Webhook is null ? [] : [AlertBook.Channel(session.Network)],
            Review = parts => Review(session, parts),
            AgentLimit = Limit(services.Limits.Agent),
            UnsignedLimit = Limit(services.Limits.Unsigned),
            Connections = services.Limits.Connections!.Value,
            Poll = TimeSpan.FromMilliseconds(services.PollMilliseconds!.Value),
            Otlp = services.Otlp?.Url.Resolve(),
            OtlpHeaders = services.Otlp?.Headers?.Reveal(),
            Log = session.Environment.Error,
            Time = session.Environment.Time,
        };
    }

    private static ContentReview Review(Session session, ServerParts parts)
    {
        var rules = ModerationRules.Load(session.Workspace, session.Network, out var file);
        var remote = file?.Remote is { } reference ? new HttpModerator(reference.Endpoint.Resolve(), reference.Token?.Reveal(), rules.RemoteTimeout, parts.Time) : null;
        // Who may decide is read with the decisions: somebody who lost the duty decides nothing any more.
        var overrides = new OverrideFolder(OverrideFolder.PathOf(session.Workspace, session.Network), () => ApprovalPolicy.Load(session.Workspace, session.Network)?.People, session.NetworkFile.ChainId, rules.MaxOverride) { Tell = session.Terminal.Progress };
        _ = overrides.Read();
        return new ContentReview(new ModerationPipeline(rules, remote, parts.Time), new PastSubmissions(parts.Store, parts.Network), overrides.Read);
    }

    private static RateLimit Limit(RequestRate rate) => new(rate.PerSecond, rate.AtOnce);
}
