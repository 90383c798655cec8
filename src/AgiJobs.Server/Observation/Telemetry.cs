using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace AgiJobs.Server.Observation;

/// <summary>Traces and metrics to a collector, by OTLP over HTTP. What cannot be sent is lost and holds nothing up.</summary>
internal static class Telemetry
{
    private const string Sources = "AgiJobs.*";

    /// <summary>Begins to send; disposing it sends what is left.</summary>
    /// <param name="collector">The collector's base URL, to which <c>/v1/traces</c> and <c>/v1/metrics</c> are added.</param>
    /// <param name="headers">Headers, as <c>name=value,name=value</c>.</param>
    /// <param name="network">The network's name, an attribute of everything.</param>
    public static IDisposable Start(Uri collector, string? headers, string network)
    {
        var resource = ResourceBuilder.CreateEmpty().AddService("agijobs").AddAttributes([new KeyValuePair<string, object>("agijobs.network", network)]);
        var traces = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource).AddSource(Sources).AddOtlpExporter(options => Set(options, "v1/traces")).Build();
        var metrics = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter(Sources).AddOtlpExporter(options => Set(options, "v1/metrics")).Build();
        return new Both(traces, metrics);

        void Set(OtlpExporterOptions options, string path)
        {
            options.Protocol = OtlpExportProtocol.HttpProtobuf;
            options.Endpoint = new Uri(new Uri(collector.ToString().TrimEnd('/') + "/"), path);
            options.Headers = headers;
        }
    }

    private sealed class Both(TracerProvider? traces, MeterProvider? metrics) : IDisposable
    {
        public void Dispose()
        {
            traces?.Dispose();
            metrics?.Dispose();
        }
    }
}
