using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Steering.Thermostats;
using AgiJobs.Testing;

namespace AgiJobs.Steering.Tests.Thermostats;

public sealed class PrometheusSourceTests
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(1) };

    [Fact]
    public async Task A_real_Prometheus_gives_the_value_with_the_time_at_which_it_was_taken_and_every_odd_series_is_refused()
    {
        await using var page = new LocalHttp(_ => new LocalReply(200, "hgm_roi{run=\"one\"} 1.25\nhgm_roi{run=\"two\"} NaN\nhgm_roi{run=\"three\"} +Inf\nalone 1e-3\n", "X-Ignored: yes\r\n"));
        await using var prometheus = await PrometheusServer.StartAsync(new Uri(page.Url, "metrics"));
        await Wait.UntilAsync("it was scraped", async () => (await prometheus.QueryAsync("alone")).Count == 1);
        var before = TimeProvider.System.GetUtcNow().AddMinutes(-1);
        var one = await Source(prometheus.Url, "hgm_roi", "one").ReadAsync(default);
        Assert.Equal(1.25m, one.Sample!.Roi);
        Assert.InRange(one.Sample.At!.Value, before, TimeProvider.System.GetUtcNow());
        Assert.Equal(1.25m, (await Source(prometheus.Url, "hgm_roi{run=\"one\"}").ReadAsync(default)).Sample!.Roi);
        Assert.Equal(0.001m, (await Source(prometheus.Url, "alone").ReadAsync(default)).Sample!.Roi);
        Assert.Equal((null, "refused: NaN is no return"), await Odd("two"));
        Assert.Equal((null, "refused: +Inf is no return"), await Odd("three"));
        Assert.Equal(("several-series", ExitCode.BadInput), await RefusedAsync(Source(prometheus.Url, "hgm_roi")));
        Assert.Equal(("prometheus-empty", ExitCode.Unknown), await RefusedAsync(Source(prometheus.Url, "hgm_roi", "four")));
        Assert.Equal(("prometheus-empty", ExitCode.Unknown), await RefusedAsync(Source(prometheus.Url, "nothing")));
        Assert.Equal(("prometheus-query", ExitCode.BadInput), await RefusedAsync(Source(prometheus.Url, "hgm_roi{")));
        Assert.Equal(("prometheus-query", ExitCode.BadInput), await RefusedAsync(Source(prometheus.Url, "hgm_roi[5m]")));

        async Task<(decimal?, string?)> Odd(string run) => await Source(prometheus.Url, "hgm_roi", run).ReadAsync(default) is var odd ? (odd.Sample?.Roi, odd.Note) : default;
    }

    [Theory]
    [InlineData(502, "<html>")]
    [InlineData(200, "")]
    [InlineData(200, "[]")]
    [InlineData(200, """{"status":"success"}""")]
    [InlineData(200, """{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"much"]}]}}""")]
    public async Task What_is_no_answer_of_Prometheus_is_not_known(int status, string body)
    {
        await using var odd = new LocalHttp(_ => new LocalReply(status, body));
        Assert.Equal(("prometheus-unreachable", ExitCode.Unknown), await RefusedAsync(Source(odd.Url, "hgm_roi")));
    }

    [Fact]
    public async Task A_Prometheus_that_hangs_or_is_not_there_is_not_known()
    {
        var hangs = new LocalHttp(_ => null);
        Assert.Equal(("prometheus-unreachable", ExitCode.Unknown), await RefusedAsync(Source(hangs.Url, "hgm_roi")));
        await hangs.DisposeAsync();
        Assert.Equal(("prometheus-unreachable", ExitCode.Unknown), await RefusedAsync(Source(hangs.Url, "hgm_roi")));
    }

    [Fact]
    public async Task The_time_of_a_sample_is_asked_for_at_the_moment_of_its_value()
    {
        await using var told = new LocalHttp(request => new LocalReply(200, string.Create(
            CultureInfo.InvariantCulture,
            $$$"""{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1767268800.5,"{{{(request.Path.Contains("timestamp", StringComparison.Ordinal) ? "1767268790.25" : "1.5")}}}"]}]}}""")));
        var reading = await Source(told.Url, "hgm_roi").ReadAsync(default);
        Assert.Equal(DateTimeOffset.FromUnixTimeMilliseconds(1767268790250), reading.Sample!.At);
        Assert.Equal(["/api/v1/query?query=hgm_roi", "/api/v1/query?query=timestamp%28hgm_roi%29&time=1767268800.5"], told.Requests.Select(request => request.Path));
    }

    private static PrometheusSource Source(Uri url, string query, string? run = null) => new(Http, url, query, run);

    private static async Task<(string, ExitCode)> RefusedAsync(PrometheusSource source) => await Assert.ThrowsAsync<ControlException>(() => source.ReadAsync(default)) is var refused ? (refused.Code, refused.Exit) : default;
}
