using System.Diagnostics;
using System.Diagnostics.Metrics;
using AgiJobs.Server.Observation;

namespace AgiJobs.Server.Tests.Observation;

public sealed class MetricsExpositionTests
{
    [Fact]
    public void Instruments_are_families_in_a_stable_order_with_escaped_labels()
    {
        using var host = new ServerMeter();
        using var exposition = new MetricsExposition(host);
        using var meter = new Meter("AgiJobs.Test.Exposition");
        using var foreign = new Meter("Other.Test");
        foreign.CreateCounter<long>("agijobs.foreign").Add(1);
        var counter = meter.CreateCounter<long>("agijobs.test.things", null, "Things, by \"kind\"\nand more.");
        counter.Add(2, new KeyValuePair<string, object?>("kind", "a\"b\\c\nd"));
        counter.Add(3, new KeyValuePair<string, object?>("kind", "plain"));
        counter.Add(4, new KeyValuePair<string, object?>("kind", "plain"));
        var durations = meter.CreateHistogram("agijobs.test.duration", "s", "How long.", null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] });
        durations.Record(0.05);
        durations.Record(0.5);
        durations.Record(5);
        var level = 7L;
        meter.CreateObservableGauge("agijobs.test.level", () => level, null, "A level.");
        var text = exposition.Write();
        Assert.DoesNotContain("foreign", text, StringComparison.Ordinal);
        Assert.Contains(
            """
            # HELP agijobs_test_duration_seconds How long.
            # TYPE agijobs_test_duration_seconds histogram
            agijobs_test_duration_seconds_bucket{le="0.1"} 1
            agijobs_test_duration_seconds_bucket{le="1"} 2
            agijobs_test_duration_seconds_bucket{le="+Inf"} 3
            agijobs_test_duration_seconds_sum 5.55
            agijobs_test_duration_seconds_count 3
            # HELP agijobs_test_level A level.
            # TYPE agijobs_test_level gauge
            agijobs_test_level 7
            # HELP agijobs_test_things_total Things, by "kind"\nand more.
            # TYPE agijobs_test_things_total counter
            agijobs_test_things_total{kind="a\"b\\c\nd"} 2
            agijobs_test_things_total{kind="plain"} 7

            """,
            text,
            StringComparison.Ordinal);
        level = 8;
        Assert.Contains("agijobs_test_level 8\n", exposition.Write(), StringComparison.Ordinal);
    }
}

/// <summary>The metrics of a host, as Prometheus itself reads them.</summary>
public sealed class MetricsTests(ServerGround ground) : IClassFixture<ServerGround>
{
    private const string Prometheus = "promtool";

    [Fact]
    public async Task A_host_counts_requests_and_refusals_and_shows_the_chain_and_Prometheus_finds_nothing_wrong()
    {
        await using var host = await ground.HostAsync();
        using var agent = new AgentClient(host, ground.Student, ground.Arena.Address);
        Assert.Equal(200, (await agent.GetAsync("/v1/rounds/1")).Status);
        Assert.Equal(401, (await agent.SendAsync("GET", "/v1/rounds/1", [])).Status);
        var text = (await agent.SendAsync("GET", "/metrics", [])).Text;
        Assert.Contains("agijobs_http_requests_total{method=\"GET\",route=\"/v1/rounds/{id}\",status=\"200\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("agijobs_http_refusals_total{code=\"signature-missing\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("agijobs_chain_readable 1\n", text, StringComparison.Ordinal);
        Assert.Contains("agijobs_arena_paused 0\n", text, StringComparison.Ordinal);
        Assert.Contains("agijobs_http_duration_seconds_bucket{route=\"/v1/rounds/{id}\",le=\"+Inf\"} 2\n", text, StringComparison.Ordinal);
        if (!IsInstalled())
        {
            TestContext.Current.AddWarning($"{Prometheus} is not installed (Debian package prometheus): nothing but this test's own expectations was held against the metrics.");
            return;
        }

        using var check = Process.Start(new ProcessStartInfo(Prometheus, ["check", "metrics"]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        await check.StandardInput.WriteAsync(text);
        check.StandardInput.Close();
        var said = await check.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken) + await check.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await check.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(check.ExitCode == 0, said);
    }

    private static bool IsInstalled() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, Prometheus)));
}
