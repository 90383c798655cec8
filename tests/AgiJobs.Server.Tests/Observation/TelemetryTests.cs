namespace AgiJobs.Server.Tests.Observation;

/// <summary>What a host sends to a collector, as a collector reads it.</summary>
public sealed class TelemetryTests(ServerGround ground) : IClassFixture<ServerGround>
{
    [Fact]
    public async Task A_host_sends_traces_and_metrics_by_OTLP_with_its_network_and_what_is_left_when_it_stops()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        var before = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        await using (var host = await ground.HostAsync(ground.Options() with { Otlp = receiver.Address, OtlpHeaders = "x-key=sesame" }))
        {
            using var agent = new AgentClient(host, ground.Student, ground.Arena.Address);
            Assert.Equal(200, (await agent.GetAsync("/v1/rounds/1")).Status);
            Assert.Equal(401, (await agent.SendAsync("GET", "/v1/rounds/1", [])).Status);
        }

        Assert.All(receiver.Received, one => Assert.Equal(("application/x-protobuf", "sesame"), (one.ContentType, one.Key)));
        Assert.Equal(["/v1/metrics", "/v1/traces"], receiver.Received.Select(one => one.Path).Distinct().Order(StringComparer.Ordinal));

        // ExportTraceServiceRequest: 1 resource_spans { 1 resource { 1 attributes }, 2 scope_spans { 1 scope { 1 name }, 2 spans } }.
        var traces = receiver.Received.Where(one => one.Path == "/v1/traces").SelectMany(one => one.Message.All(1)).ToList();
        Assert.All(traces, trace => Assert.Equal(("agijobs", "local"), (trace.All(1).Single().Attributes(1)["service.name"], trace.All(1).Single().Attributes(1)["agijobs.network"])));
        Assert.Contains("AgiJobs.Server", traces.SelectMany(trace => trace.All(2, 1)).Select(scope => scope.Text(1)));
        // Span: 1 trace_id, 2 span_id, 5 name, 6 kind (2 is a server's), 7 and 8 start and end, 9 attributes.
        var spans = traces.SelectMany(trace => trace.All(2, 2)).Where(span => span.Text(5) == "GET /v1/rounds/{id}").ToList();
        Assert.True(spans.Count >= 2, $"{spans.Count} spans");
        Assert.All(spans, span =>
        {
            Assert.Equal((16, 8, 2UL), (span.Bytes(1)!.Length, span.Bytes(2)!.Length, span.Number(6)));
            Assert.True(span.Number(7) / 1_000_000 >= (ulong)before && span.Number(8) >= span.Number(7));
            Assert.Equal("GET", span.Attributes(9)["http.request.method"]);
        });

        // ExportMetricsServiceRequest: 1 resource_metrics { 2 scope_metrics { 2 metrics { 1 name, 5 gauge, 7 sum { 1 data_points }, 9 histogram { 1 data_points } } } }.
        var metrics = receiver.Received.Where(one => one.Path == "/v1/metrics").SelectMany(one => one.Message.All(1, 2, 2)).ToLookup(metric => metric.Text(1), StringComparer.Ordinal);
        Assert.NotEmpty(metrics["agijobs.chain.readable"].SelectMany(metric => metric.All(5, 1)));
        // NumberDataPoint: 6 as_int, 7 attributes.
        Assert.Contains(metrics["agijobs.http.requests"].SelectMany(metric => metric.All(7, 1)), point => point.Attributes(7).GetValueOrDefault("route") == "/v1/rounds/{id}" && point.Attributes(7).GetValueOrDefault("status") == "200" && point.Number(6) >= 1);
        Assert.Contains(metrics["agijobs.http.refusals"].SelectMany(metric => metric.All(7, 1)), point => point.Attributes(7).GetValueOrDefault("code") == "signature-missing");
        Assert.NotEmpty(metrics["agijobs.http.duration"].SelectMany(metric => metric.All(9, 1)));
    }

    [Fact]
    public async Task A_collector_that_is_not_there_keeps_nothing_from_working()
    {
        Uri nowhere;
        await using (var receiver = await OtlpReceiver.StartAsync())
        {
            nowhere = receiver.Address;
        }

        await using var host = await ground.HostAsync(ground.Options() with { Otlp = nowhere });
        using var agent = new AgentClient(host, ground.Student, ground.Arena.Address);
        Assert.Equal(200, (await agent.GetAsync("/v1/rounds/1")).Status);
        await host.StopAsync(TimeSpan.FromSeconds(5));
    }
}
