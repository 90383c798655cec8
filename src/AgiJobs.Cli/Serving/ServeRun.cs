using System.Net;
using AgiJobs.Arena.Gateway;
using AgiJobs.Control;
using AgiJobs.Control.Workspaces;
using AgiJobs.Server.Hosting;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Serving;

/// <summary>One run of <c>serve</c>.</summary>
internal static class ServeRun
{
    /// <summary>Starts the host, says where it is, waits for the signal, and ends in order.</summary>
    /// <exception cref="ControlException"><c>role-unknown</c>, <c>listen-format</c>, <c>listen</c>, <c>services-value</c>, and those of the store with its own codes.</exception>
    public static async Task<ExitCode> RunAsync(Session session, string roles, string? listen, CancellationToken cancellation)
    {
        var services = session.Workspace.Services(session.Network);
        var options = Options(session, services, ServerRoles.Parse(roles), listen ?? services.Listen);
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
            throw new ControlException(problem.Code, ExitCode.Failed, problem.Message, problem.Mend, problem);
        }
    }

    private static ServerOptions Options(Session session, ServicesFile services, ServerRole roles, string listen)
    {
        if (!IPEndPoint.TryParse(listen, out var endpoint) || !listen.EndsWith($":{endpoint.Port}", StringComparison.Ordinal))
        {
            throw new ControlException("listen-format", ExitCode.BadInput, $"'{listen}' is no IP address and port.", "Write it as 127.0.0.1:8420 or [::1]:8420.");
        }

        var state = services.Storage.Kind == StorageKind.Postgres ? StateLocation.Postgres(services.Storage.Connection!.Reveal()) : StateLocation.File(session.Workspace.StatePath(session.Network));
        return new ServerOptions
        {
            Network = session.Network,
            Roles = roles,
            Listen = endpoint,
            Protocol = session.Protocol,
            OpenStore = cancellation => OpenAsync(state, session, cancellation),
            Connect = session.ConnectAsync,
            Review = _ => PipelineReview.Of(session),
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

    private static async Task<IStateStore> OpenAsync(StateLocation state, Session session, CancellationToken cancellation)
    {
        if (state.Path is { } path)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        }

        return await StateStore.OpenAsync(state, session.Environment.Time, cancellation).ConfigureAwait(false);
    }

    private static RateLimit Limit(RequestRate rate) => new(rate.PerSecond, rate.AtOnce);
}
