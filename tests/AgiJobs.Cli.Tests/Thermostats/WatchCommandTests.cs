using System.Diagnostics;
using AgiJobs.Control.Evidence.Ledger;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Runs;
using AgiJobs.Storage;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Thermostats;

/// <summary>The thermostat and people at a live run that a real server drives.</summary>
public sealed class WatchCommandTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private IStateStore _state = null!;
    private DurableRunStore _runs = null!;
    private Process? _serve;
    private string _server = "";

    private TestNetwork Devnet => fixture.Devnet;

    private OwnerLedger Ledger => new(Devnet.Workspace, TimeProvider.System);

    public async ValueTask InitializeAsync()
    {
        await Devnet.FreshAsync();
        _serve = Agijobs.Start(Devnet.Folder, ["serve", "--roles", "hgm", "--listen", "127.0.0.1:0", "--network", TestNetwork.Network]);
        _ = Task.Run(() => _serve.StandardError.ReadToEndAsync());
        var said = await _serve.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The server did not start.");
        _server = said[said.IndexOf("http", StringComparison.Ordinal)..];
        _state = await StateStore.OpenAsync(StateLocation.File(Devnet.Workspace.StatePath(TestNetwork.Network)), TimeProvider.System);
        _runs = new DurableRunStore(_state, TestNetwork.Network);
    }

    public async ValueTask DisposeAsync()
    {
        await _state.DisposeAsync();
        _serve!.Kill();
        await _serve.WaitForExitAsync();
        _serve.Dispose();
    }

    [Fact]
    public async Task The_day_one_baseline_is_a_file_that_baseline_and_compare_read_and_nothing_is_changed()
    {
        await BeginAsync("night-1");
        var watch = await Devnet.RunAsync("thermostat", "watch", "--dry-run", "--iterations", "12", "--interval", "0.1", "--server", _server);
        Assert.True(watch.Exit == 0, watch.ToString());
        Assert.StartsWith("# network local, chain 31337: run 'night-1', samples from http://127.0.0.1:", watch.Lines[0], StringComparison.Ordinal);
        Assert.Contains("run=night-1 version=", watch.Lines[1], StringComparison.Ordinal);
        await File.WriteAllTextAsync(Path.Combine(Devnet.Folder, "roi-baseline.log"), watch.Output);
        var baseline = await Devnet.RunAsync("thermostat", "baseline", "roi-baseline.log", "--out", "baseline.json", "--json");
        Assert.True(baseline.Exit == 0, baseline.ToString());
        Assert.Equal(watch.Lines.Count - 1, (int)baseline.Json["samples"]!);
        var compared = await Devnet.RunAsync("thermostat", "compare", "roi-baseline.log", "--baseline", "baseline.json");
        Assert.True(compared.Exit == 0, compared.ToString());
        Assert.False(Directory.Exists(Devnet.Workspace.Locate("storage", "state", "thermostat")));
        Assert.False(File.Exists(Ledger.Path));
        Assert.DoesNotContain(await _runs.ReadAsync("night-1", 0, default), happened => happened is ParametersChanged);
    }

    [Fact]
    public async Task Without_dry_run_the_named_run_is_steered_by_a_signed_request_and_every_move_is_in_the_ledger()
    {
        await BeginAsync("night-1");
        var watch = await Devnet.RunAsync(
            "thermostat", "watch", "--run", "night-1", "--server", _server, "--signer", "pauser", "--iterations", "6", "--interval", "0.1",
            "--window", "2", "--cooldown", "20", "--target-roi", "1000", "--widening-step", "0.5", "--max-widening-alpha", "1.8", "--json");
        Assert.True(watch.Exit == 0, watch.ToString());
        var move = Assert.Single(watch.Json["adjustments"]!.AsArray())!;
        Assert.Equal((1m, 1.1m), ((decimal)move["alpha"]!, (decimal)move["prior"]!));
        Assert.Contains("stops at 1", (string?)move["note"], StringComparison.Ordinal);
        var changed = Assert.Single((await _runs.ReadAsync("night-1", 0, default)).OfType<ParametersChanged>());
        Assert.Equal((1m, 1.1m), (changed.Alpha, changed.Prior));
        Assert.Contains("thermostat roi_dip", changed.Reason, StringComparison.Ordinal);
        var entry = Assert.Single(Ledger.Read());
        Assert.Equal(("hgm-parameters", "pauser", $"hgm/local/runs/night-1@{(long)move["appliedAt"]!}"), (entry.Kind, entry.Who[0].Name, entry.Instance));
        Assert.True(File.Exists(Devnet.Workspace.Locate("storage", "state", "thermostat", "local", "night-1.json")));

        // Whoever has no duty for it steers nothing.
        var refused = await Devnet.RunAsync("thermostat", "watch", "--run", "night-1", "--server", _server, "--signer", "employer", "--iterations", "3", "--interval", "0.1", "--window", "1", "--target-roi", "1000", "--forget", "--json");
        Assert.Equal((4, "not-a-person"), (refused.Exit, (string?)refused.Json["error"]?["code"]));
        Assert.Single(Ledger.Read());
    }

    [Fact]
    public async Task Two_control_cycles_without_recovery_end_with_the_command_or_with_the_pause_itself()
    {
        await BeginAsync("night-1");
        string[] dip = ["thermostat", "watch", "--server", _server, "--interval", "0.1", "--window", "2", "--cooldown", "0", "--target-roi", "1000", "--iterations", "30"];
        var told = await Devnet.RunAsync([.. dip, "--dry-run"]);
        Assert.Equal(3, told.Exit);
        Assert.Contains("#   agijobs owner system-pause --action pause --execute", told.Output, StringComparison.Ordinal);
        Assert.False(await Devnet.IsPausedAsync());
        var paused = await Devnet.RunAsync([.. dip, "--pause-on-escalation", "--signer", "treasury", "--signer", "guardian", "--json"]);
        Assert.True(paused.Exit == 3, paused.ToString());
        Assert.True((bool)paused.Json["pauseDue"]!);
        Assert.True(await Devnet.IsPausedAsync());
        Assert.Equal(2, (await _runs.ReadAsync("night-1", 0, default)).Count(happened => happened is ParametersChanged));
        Assert.Contains(Ledger.Read(), entry => entry is { Kind: "pause-system", Outcome: "verified" });
    }

    [Fact]
    public async Task Which_run_is_meant_is_never_guessed()
    {
        await RefusedAsync(2, "run-needed", "--dry-run", "--server", _server);
        await BeginAsync("one");
        await BeginAsync("two");
        await RefusedAsync(2, "run-needed", "--dry-run", "--server", _server);
        await RefusedAsync(2, "run-unknown", "--dry-run", "--server", _server, "--run", "three");
        await RefusedAsync(2, "signer-needed", "--server", _server, "--run", "one");
        await RefusedAsync(2, "command-line", "--dry-run", "--pause-on-escalation", "--signer", "guardian");
        await RefusedAsync(2, "number-format", "--dry-run", "--interval", "soon");
        await RefusedAsync(2, "iterations-range", "--dry-run", "--iterations", "-1");
        await RefusedAsync(2, "setting-value", "--dry-run", "--lower-margin", "1.5");
        await RefusedAsync(2, "server-url", "--dry-run", "--server", "http://example.org");
        await RefusedAsync(2, "prometheus-url", "--dry-run", "--prometheus-url", "file:///x");
        await RefusedAsync(2, "command-line", "--dry-run", "--prometheus-url", "http://localhost:1", "--file", "x");
    }

    [Fact]
    public async Task With_Prometheus_down_or_empty_the_exit_is_not_zero_and_nothing_is_written()
    {
        await using var empty = await PrometheusServer.StartAsync(null);
        foreach (var (code, url) in ((string, string)[])[("prometheus-unreachable", "http://127.0.0.1:9"), ("prometheus-empty", empty.Url.ToString())])
        {
            var watch = await Devnet.RunAsync("thermostat", "watch", "--dry-run", "--iterations", "12", "--prometheus-url", url);
            Assert.Equal((5, ""), (watch.Exit, watch.Output));
            Assert.Contains(code, watch.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_real_Prometheus_that_scrapes_the_server_steers_the_run_that_is_named()
    {
        await BeginAsync("one");
        await BeginAsync("two");
        await using var prometheus = await PrometheusServer.StartAsync(new Uri(new Uri(_server), "metrics"));
        await Wait.UntilAsync("both returns are there", async () => (await prometheus.QueryAsync("hgm_roi")).Count == 2);
        string[] line = ["thermostat", "watch", "--prometheus-url", prometheus.Url.ToString(), "--server", _server, "--interval", "0.5", "--iterations", "4", "--window", "2", "--cooldown", "20", "--target-roi", "1000", "--json"];
        var several = await Devnet.RunAsync([.. line, "--dry-run"]);
        Assert.Equal((2, "several-series"), (several.Exit, (string?)several.Json["error"]?["code"]));
        var steered = await Devnet.RunAsync([.. line, "--run", "two", "--signer", "treasury"]);
        Assert.True(steered.Exit == 0, steered.ToString());
        Assert.Single((await _runs.ReadAsync("two", 0, default)).OfType<ParametersChanged>());
        Assert.Empty((await _runs.ReadAsync("one", 0, default)).OfType<ParametersChanged>());
    }

    [Fact]
    public async Task A_person_steers_by_hand_and_is_refused_without_the_duty()
    {
        await BeginAsync("night-1");
        string[] steer = ["hgm", "steer", "night-1", "--server", _server, "--reason", "a test", "--json"];
        var dry = await Devnet.RunAsync([.. steer, "--alpha", "0.7", "--signer", "pauser", "--dry-run"]);
        Assert.Equal((3, "dry run"), (dry.Exit, (string?)dry.Json["outcome"]));
        Assert.False(File.Exists(Ledger.Path));
        var done = await Devnet.RunAsync([.. steer, "--alpha", "0.7", "--prior", "1.5", "--signer", "pauser"]);
        Assert.True(done.Exit == 0, done.ToString());
        Assert.Equal(("alpha 0.7, prior 1.5", "pauser", true), ((string?)done.Json["to"], (string?)done.Json["by"], (bool)done.Json["recorded"]!));
        await CodeAsync(2, "stale-version", "--gate", "shut", "--expected-version", "1", "--signer", "pauser");
        await CodeAsync(4, "duty-missing", "--stop", "--signer", "treasury");
        await CodeAsync(2, "command-line", "--stop", "--gate", "shut", "--signer", "pauser");
        await CodeAsync(2, "command-line", "--signer", "pauser");
        await CodeAsync(2, "signer-needed", "--stop");
        await CodeAsync(2, "alpha-above-one", "--alpha", "1.2", "--signer", "pauser");
        await CodeAsync(5, "server-unreachable", "--stop", "--signer", "pauser", "--server", "http://127.0.0.1:9");
        Assert.Equal(0, (await Devnet.RunAsync([.. steer, "--stop", "--signer", "guardian"])).Exit);
        await Wait.UntilAsync("the run has ended", async () => (await _runs.FindAsync("night-1", default))!.IsFinished);
        await CodeAsync(2, "already-finished", "--stop", "--signer", "guardian");
        Assert.Equal(["hgm-parameters", "hgm-stop"], Ledger.Read().Select(entry => entry.Kind));

        async Task CodeAsync(int exit, string code, params string[] arguments)
        {
            var refused = await Devnet.RunAsync([.. steer.Where(word => !arguments.Contains("--server") || (word != "--server" && word != _server)), .. arguments]);
            Assert.Equal((exit, code), (refused.Exit, (string?)refused.Json["error"]?["code"]));
        }
    }

    private async Task BeginAsync(string run)
    {
        var begun = await Devnet.RunAsync("hgm", "run", run, "--detach", "--pace", "20ms", "--budget", "100000", "--tasks", "1000");
        Assert.True(begun.Exit == 0, begun.ToString());
        await Wait.UntilAsync("something was spent", async () => RunState.Fold(await _runs.ReadAsync(run, 0, default)).Ledger.Run.Roi > 0m);
    }

    private async Task RefusedAsync(int exit, string code, params string[] arguments)
    {
        var refused = await Devnet.RunAsync(["thermostat", "watch", .. arguments, "--json"]);
        Assert.Equal((exit, code), (refused.Exit, (string?)refused.Json["error"]?["code"]));
    }
}
