using AgiJobs.Arena.Gateway;
using AgiJobs.Arena.Rounds;
using AgiJobs.Control;
using AgiJobs.Control.Serving;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Server.Agents;
using AgiJobs.Server.Alerts;
using AgiJobs.Server.Description;
using AgiJobs.Server.Health;
using AgiJobs.Server.Observation;
using AgiJobs.Server.Requests;
using AgiJobs.Server.Runs;
using AgiJobs.Server.Views;
using AgiJobs.Steering.Runs;
using AgiJobs.Steering.Steerage;
using AgiJobs.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AgiJobs.Server.Hosting;

/// <summary>
/// One process's services. They start in the order store, chain, workers, HTTP, and stop in the reverse one: nothing new is taken, what is under way is finished, connections that only listen are closed,
/// then workers, chain and store end. Start and stop are called once each.
/// </summary>
public sealed class ServerHost : IAsyncDisposable
{
    private static readonly TimeSpan LastBreath = TimeSpan.FromSeconds(2);

    private readonly ServerOptions _options;
    private readonly JsonLog _log;
    private readonly InFlight _inFlight = new();
    private readonly ServerMeter _meter;
    private readonly MetricsExposition _exposition;
    private readonly CancellationTokenSource _watching = new();
    private readonly List<IWorker> _started = [];
    private IStateStore? _store;
    private SteeringDesk? _desk;
    private RunMeter? _runs;
    private EthereumClient? _client;
    private WebApplication? _app;
    private IDisposable? _telemetry;
    private Task _watch = Task.CompletedTask;
    private bool _isStopped;

    private ServerHost(ServerOptions options)
    {
        _options = options;
        _log = new JsonLog(options.Log, options.Time);
        _meter = new ServerMeter();
        _exposition = new MetricsExposition(_meter);
    }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>The agent gateway; null without that role.</summary>
    public ArenaGateway? Gateway { get; private set; }

    /// <summary>Starts everything; when one thing cannot start, what was started is stopped.</summary>
    /// <exception cref="StorageException">The store cannot be opened.</exception>
    /// <exception cref="Ethereum.EthereumException">The chain cannot be reached, or is another one.</exception>
    /// <exception cref="ControlException"><c>listen</c>: the address cannot be listened on; <c>role-empty</c>: the role of an arena without workers.</exception>
    public static async Task<ServerHost> StartAsync(ServerOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var host = new ServerHost(options);
        try
        {
            await host.StartPartsAsync(cancellation).ConfigureAwait(false);
            return host;
        }
        catch
        {
            await host.StopAsync(TimeSpan.Zero).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Stops everything in order. What is not finished in time is broken off.</summary>
    /// <param name="drain">How long requests and workers may take together.</param>
    public async Task StopAsync(TimeSpan drain)
    {
        if (_isStopped)
        {
            return;
        }

        _isStopped = true;
        var began = _options.Time.GetTimestamp();
        TimeSpan Left() => drain - _options.Time.GetElapsedTime(began) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;
        if (_app is not null)
        {
            _log.Write(LogLevel.Information, "draining", $"nothing new is taken; {_inFlight.Count} requests are under way");
            if (!await _inFlight.DrainAsync(drain, _options.Time).ConfigureAwait(false))
            {
                _log.Write(LogLevel.Warning, "drain-late", $"{_inFlight.Count} requests were not finished in time and are broken off");
            }

            using var hurry = new CancellationTokenSource(LastBreath);
            await AttemptAsync("http", () => _app.StopAsync(hurry.Token)).ConfigureAwait(false);
            await _app.DisposeAsync().ConfigureAwait(false);
        }

        foreach (var worker in _started.AsEnumerable().Reverse())
        {
            await AttemptAsync(worker.Name, () => worker.StopAsync(Left())).ConfigureAwait(false);
        }

        await _watching.CancelAsync().ConfigureAwait(false);
        await _watch.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_client is not null)
        {
            await AttemptAsync("chain", () => _client.DisposeAsync().AsTask()).ConfigureAwait(false);
        }

        if (_store is not null)
        {
            await AttemptAsync("store", () => _store.DisposeAsync().AsTask()).ConfigureAwait(false);
        }

        _telemetry?.Dispose();
        _exposition.Dispose();
        _runs?.Dispose();
        _meter.Dispose();
        _watching.Dispose();
        _inFlight.Dispose();
        if (_app is not null)
        {
            _log.Write(LogLevel.Information, "stopped", "everything has ended");
        }
    }

    /// <summary>Stops at once.</summary>
    public async ValueTask DisposeAsync() => await StopAsync(TimeSpan.Zero).ConfigureAwait(false);

    private async Task StartPartsAsync(CancellationToken cancellation)
    {
        _store = await _options.OpenStore(cancellation).ConfigureAwait(false);
        _client = await _options.Connect(cancellation).ConfigureAwait(false);
        var arena = new ArenaContract(_client, _options.Protocol);
        var board = new RoundBoard(arena, _client, _options.Time);
        var agents = new AgentDirectory(_store, _options.Network, _options.Time);
        var parts = new ServerParts(_options.Network, _options.Protocol, _store, _client, arena, board, agents, _options.Time);
        if (_options.Roles.HasFlag(ServerRole.Gateway))
        {
            Gateway = new ArenaGateway(_options.Network, board, _store, _options.Review(parts), _options.AgentLimit, _options.UnsignedLimit, _options.Time);
        }

        _watch = board.WatchAsync(_options.Poll, _watching.Token);
        var workers = _options.Roles.HasFlag(ServerRole.Arena) ? _options.Workers(parts) : [];
        if (_options.Roles.HasFlag(ServerRole.Arena) && workers.Count == 0)
        {
            throw new ControlException("role-empty", ExitCode.Failed, "Nothing here plays the arena's rounds.", "Leave the role 'arena' out.");
        }

        if (_options.Roles.HasFlag(ServerRole.Hgm))
        {
            var hgm = _options.Hgm ?? throw new ControlException("role-empty", ExitCode.Failed, "Nothing here drives runs.", "Leave the role 'hgm' out.");
            var runs = new DurableRunStore(_store, _options.Network);
            _desk = new SteeringDesk(runs, hgm.Ledger, _client.ChainId, _options.Time);
            _runs = new RunMeter(runs, _meter, _options.Time);
            var brake = new PauseBrake(async token => (await parts.Arena.ReadAsync([], token).ConfigureAwait(false)).IsPaused, TimeSpan.FromSeconds(1), words => _log.Write(LogLevel.Warning, "system-pause", words), _options.Time);
            workers = [.. workers, new LedgerWorker(_desk, _options.Time), new RunsWorker(runs, hgm.Runs with { Brake = brake, Tell = (isFault, code, message) => _log.Write(isFault ? LogLevel.Error : LogLevel.Information, code, message) }, _options.Time), .. hgm.Workers(runs)];
        }

        if (_options.Roles.HasFlag(ServerRole.Monitor))
        {
            workers = [.. workers, .. _options.Monitors(parts)];
        }

        foreach (var worker in workers)
        {
            await worker.StartAsync(cancellation).ConfigureAwait(false);
            _started.Add(worker);
            _log.Write(LogLevel.Information, "worker-started", worker.Name);
        }

        _meter.Watch(board);
        if (_options.Otlp is { } collector)
        {
            _telemetry = Telemetry.Start(collector, _options.OtlpHeaders, _options.Network);
        }

        _app = Build(parts);
        try
        {
            await _app.StartAsync(cancellation).ConfigureAwait(false);
        }
        catch (IOException problem)
        {
            throw new ControlException("listen", ExitCode.Failed, $"{_options.Listen} cannot be listened on: {problem.Message}", "Name another address with --listen, or end what listens there.", problem);
        }

        Address = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        _log.Write(LogLevel.Information, "listening", $"{ServerRoles.NamesOf(_options.Roles)} of the network {_options.Network}, chain {_client.ChainId}, at {Address}");
    }

    private WebApplication Build(ServerParts parts)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "agijobs", EnvironmentName = "Production", ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(_options.Listen);
            kestrel.Limits.MaxRequestBodySize = ArenaGateway.MaxBody;
            kestrel.Limits.MaxRequestHeadersTotalSize = 16_384;
            kestrel.Limits.MaxRequestHeaderCount = 64;
            kestrel.Limits.MaxRequestLineSize = 4096;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(90);
            kestrel.Limits.MaxConcurrentConnections = _options.Connections;
            kestrel.Limits.MaxConcurrentUpgradedConnections = _options.Connections;
        });
        builder.Logging.AddProvider(_log).SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddSingleton<IHostLifetime, SilentLifetime>();
        builder.Services.AddRouting();
        ApiDescription.Add(builder.Services);
        var app = builder.Build();
        var limits = Gateway?.Limits ?? new RateLimits(_options.AgentLimit, _options.UnsignedLimit, _options.Time);
        var pipeline = new RequestPipeline(_inFlight, limits, _meter, _log, _options);
        _ = app.Use(pipeline.Wrap);
        _ = app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.FromSeconds(15), KeepAliveTimeout = TimeSpan.FromSeconds(15) });
        new HealthRoutes(parts, _started, _inFlight, _exposition, _runs, _options).Map(app);
        if (Gateway is not null)
        {
            new AgentRoutes(Gateway, parts, _inFlight, _meter, _log, _options).Map(app);
        }

        if (_desk is not null)
        {
            var authentication = Gateway?.Authentication ?? new RequestAuthentication(parts.Arena.Chain, parts.Arena.Address, limits, new UsedNonces(parts.Store, parts.Network, parts.Time), parts.Time);
            new RunRoutes(parts, _desk, authentication, limits, _options.Hgm!).Map(app);
        }

        if ((_options.Roles & (ServerRole.Gateway | ServerRole.Api)) != ServerRole.None)
        {
            new ViewRoutes(parts, _options.Roles).Map(app);
        }

        if (_options.Roles.HasFlag(ServerRole.Monitor) && _options.Incoming(parts) is { } incoming)
        {
            new IncomingRoutes(incoming, _meter, _log).Map(app);
        }

        if (_options.Roles.HasFlag(ServerRole.Api))
        {
            new IndexRoutes(parts).Map(app);
        }

        ApiDescription.Map(app);
        return app;
    }

    private async Task AttemptAsync(string what, Func<Task> stop)
    {
        try
        {
            await stop().ConfigureAwait(false);
        }
        catch (Exception problem)
        {
            // One thing that does not end well keeps none of the others from ending.
            _log.Write(LogLevel.Error, "stop-failed", $"{what}: {problem.GetType().Name}: {problem.Message}");
        }
    }
}
