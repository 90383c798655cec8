using System.Text;
using AgiJobs.Arena.Gateway;
using AgiJobs.Control.Serving;
using AgiJobs.Ethereum;
using AgiJobs.Server.Hosting;
using AgiJobs.Server.Observation;
using AgiJobs.Server.Requests;
using AgiJobs.Server.Runs;
using AgiJobs.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AgiJobs.Server.Health;

/// <summary>Whether the process lives, whether it does what it is there for, what it runs with, and its measurements. They answer while the host drains, too.</summary>
internal sealed class HealthRoutes(ServerParts parts, IReadOnlyList<IWorker> workers, InFlight inFlight, MetricsExposition exposition, RunMeter? runs, ServerOptions options)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ChainAge = TimeSpan.FromSeconds(1);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/healthz", (Delegate)LifeAsync).WithMetadata(new RouteFacts("Says that the process lives.") { IsOperational = true, Gives = typeof(LifeView) });
        routes.MapGet("/readyz", (Delegate)ReadyAsync).WithMetadata(new RouteFacts("Says how each dependency stands; 503 when one is not ready, and what is not known is not.") { IsOperational = true, Gives = typeof(ReadinessView) });
        routes.MapGet("/configz", (Delegate)ConfigurationAsync).WithMetadata(new RouteFacts("Says what the process runs with, as it was when it started; secrets and URLs as SHA-256.") { IsOperational = true, Gives = typeof(ConfigurationView) });
        routes.MapGet("/metrics", (Delegate)MetricsAsync).WithMetadata(new RouteFacts("Measurements in the text format of Prometheus.") { IsOperational = true, Media = "text/plain" });
    }

    private static Task LifeAsync(HttpContext context) => Answer.JsonAsync(context, new LifeView("alive"), HealthJson.Default.LifeView);

    private Task ConfigurationAsync(HttpContext context) => Answer.JsonAsync(
        context,
        new ConfigurationView(parts.Network, parts.Client.ChainId.Value, ServerRoles.NamesOf(options.Roles), options.Settings.Digest.ToString(), options.Settings.Values),
        HealthJson.Default.ConfigurationView);

    private async Task MetricsAsync(HttpContext context)
    {
        await (runs?.ReadAsync(context.RequestAborted) ?? Task.CompletedTask).ConfigureAwait(false);
        await Answer.BytesAsync(context, Encoding.UTF8.GetBytes(exposition.Write()), MetricsExposition.ContentType).ConfigureAwait(false);
    }

    private async Task ReadyAsync(HttpContext context)
    {
        var asked = new List<Task<DependencyView>>
        {
            AskAsync("store", "state-unknown", async token =>
            {
                await parts.Store.ProbeAsync(token).ConfigureAwait(false);
                return new WorkerState(true, "ready", "the database answers");
            }),
            AskAsync("chain", GatewayCode.ChainUnknown, async token =>
            {
                var state = await parts.Board.ReadAsync(ChainAge, token).ConfigureAwait(false);
                return new WorkerState(true, "ready", $"chain {parts.Client.ChainId}, block {state.Arena.Block} of {state.Arena.BlockTime:yyyy-MM-dd HH:mm:ss} UTC{(state.Arena.IsPaused ? "; the arena is paused" : "")}");
            }),
        };
        asked.AddRange(workers.Select(worker => AskAsync(worker.Name, "unknown", _ => Task.FromResult(worker.State))));
        asked.AddRange(options.Outboxes.Select(channel => AskAsync($"outbox-{channel}", "state-unknown", async token =>
        {
            var outbox = await parts.Store.OutboxAsync(channel, token).ConfigureAwait(false);
            return new WorkerState(true, "ready", $"{outbox.Waiting} wait, {outbox.GivenUp} were given up{(outbox.LastError is { } error ? $"; the last failure: {error}" : "")}");
        })));
        var found = (await Task.WhenAll(asked).ConfigureAwait(false)).ToList();
        if (inFlight.IsDraining)
        {
            found.Add(new DependencyView("host", false, GatewayCode.Draining, "it is about to stop"));
        }

        var missing = found.Where(dependency => !dependency.Ready).Select(dependency => dependency.Name).ToList();
        await Answer.JsonAsync(
            context,
            new ReadinessView(missing.Count == 0, parts.Network, ServerRoles.NamesOf(options.Roles), missing, found),
            HealthJson.Default.ReadinessView,
            missing.Count == 0 ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable).ConfigureAwait(false);

        async Task<DependencyView> AskAsync(string name, string unknown, Func<CancellationToken, Task<WorkerState>> ask)
        {
            try
            {
                var state = await ask(context.RequestAborted).WaitAsync(Patience, options.Time, context.RequestAborted).ConfigureAwait(false);
                return new DependencyView(name, state.IsReady, state.Code, state.Message);
            }
            catch (Exception problem) when (!context.RequestAborted.IsCancellationRequested)
            {
                return new DependencyView(name, false, unknown, problem switch
                {
                    EthereumException or StorageException => problem.Message,
                    TimeoutException => $"no answer within {Patience.TotalSeconds:0} s",
                    _ => problem.GetType().Name,
                });
            }
        }
    }
}
