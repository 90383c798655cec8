using System.Globalization;
using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Hgm.Laws;

namespace AgiJobs.Steering.Thermostats;

/// <summary>Samples of a live run's return, by its own numbers: its version says whether anything has happened.</summary>
/// <param name="hand">The run.</param>
public sealed class RunSource(IRunHand hand) : ISampleSource
{
    /// <inheritdoc/>
    public async Task<SourceReading> ReadAsync(CancellationToken cancellation)
    {
        var run = await hand.ReadAsync(cancellation).ConfigureAwait(false);
        return run.Roi is { } roi
            ? new SourceReading(new RoiSample(run.At, roi), run.Version, null, run.IsFinished)
            : new SourceReading(null, run.Version, "the run has spent nothing yet: it has no return", run.IsFinished);
    }
}

/// <summary>The samples of a file, one after the other.</summary>
/// <param name="samples">The file.</param>
public sealed class FileSource(SampleFile samples) : ISampleSource
{
    private int _next;

    /// <inheritdoc/>
    public Task<SourceReading> ReadAsync(CancellationToken cancellation) =>
        Task.FromResult(_next < samples.Samples.Count ? new SourceReading(samples.Samples[_next++].Sample, IsEnd: _next == samples.Samples.Count) : new SourceReading(null, Note: "the file is at its end", IsEnd: true));
}

/// <summary>
/// Instant queries to Prometheus. The sample's time is that at which Prometheus took it, asked for beside the value, since the answer's own time is that of the question. Source:
/// https://prometheus.io/docs/prometheus/latest/querying/api/
/// </summary>
/// <param name="http">The client; its timeout is the patience with one answer.</param>
/// <param name="url">Prometheus.</param>
/// <param name="query">What is asked.</param>
/// <param name="run">The label <c>run</c> that the series must have; null when the query gives one series.</param>
public sealed class PrometheusSource(HttpClient http, Uri url, string query, string? run) : ISampleSource
{
    private static readonly NumberStyles Number = NumberStyles.Float;

    /// <inheritdoc/>
    public async Task<SourceReading> ReadAsync(CancellationToken cancellation)
    {
        var value = await AskAsync(query, null, cancellation).ConfigureAwait(false);
        var taken = await AskAsync($"timestamp({query})", value.At, cancellation).ConfigureAwait(false);
        var at = decimal.TryParse(taken.Text, Number, CultureInfo.InvariantCulture, out var seconds) ? DateTimeOffset.UnixEpoch.AddTicks((long)(seconds * TimeSpan.TicksPerSecond)) : throw Odd($"'{taken.Text}' is no time");
        if (decimal.TryParse(value.Text, Number, CultureInfo.InvariantCulture, out var roi))
        {
            return new SourceReading(new RoiSample(at, roi));
        }

        // NaN and the infinities are no return.
        return value.Text is "NaN" or "+Inf" or "-Inf" || double.TryParse(value.Text, Number, CultureInfo.InvariantCulture, out _)
            ? new SourceReading(null, Note: $"refused: {value.Text} is no return")
            : throw Odd($"'{value.Text}' is no number");
    }

    private async Task<(decimal At, string Text)> AskAsync(string what, decimal? at, CancellationToken cancellation)
    {
        var asked = new Uri(new Uri(url.ToString().TrimEnd('/') + "/"), string.Create(CultureInfo.InvariantCulture, $"api/v1/query?query={Uri.EscapeDataString(what)}{(at is null ? "" : $"&time={at}")}"));
        try
        {
            using var response = await http.GetAsync(asked, cancellation).ConfigureAwait(false);
            using var answer = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false));
            var root = answer.RootElement;
            if (root.GetProperty("status").GetString() != "success")
            {
                throw new ControlException("prometheus-query", ExitCode.BadInput, $"Prometheus at {url} refuses the query '{what}': {(root.TryGetProperty("error", out var error) ? error.GetString() : "no reason")}", "Give a query of one series, such as --query hgm_roi.");
            }

            var data = root.GetProperty("data");
            return data.GetProperty("resultType").GetString() switch
            {
                "vector" => One(data.GetProperty("result")),
                "scalar" => Pair(data.GetProperty("result")),
                var other => throw new ControlException("prometheus-query", ExitCode.BadInput, $"The query '{what}' gives a {other}, and not one number now.", "Give an instant query, without a range in square brackets."),
            };
        }
        catch (Exception problem) when (problem is HttpRequestException or JsonException or KeyNotFoundException or InvalidOperationException || (problem is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new ControlException("prometheus-unreachable", ExitCode.Unknown, $"Prometheus at {url} does not answer as it should: {problem.Message}", "Check --prometheus-url, or watch the run itself: --run NAME.", problem);
        }
    }

    private (decimal At, string Text) One(JsonElement result)
    {
        var series = result.EnumerateArray().Where(one => run is null || (one.GetProperty("metric").TryGetProperty("run", out var label) && label.GetString() == run)).ToList();
        return series switch
        {
            [var one] => Pair(one.GetProperty("value")),
            [] => throw new ControlException(
                "prometheus-empty",
                ExitCode.Unknown,
                $"Prometheus at {url} has no sample for '{query}'{(run is null ? "" : $" with run=\"{run}\"")}.",
                "Look whether Prometheus scrapes the server's /metrics; a run that has spent nothing has no return yet."),
            _ => throw new ControlException(
                "several-series",
                ExitCode.BadInput,
                $"'{query}' gives {series.Count} series: {string.Join(", ", series.Take(5).Select(one => one.GetProperty("metric").ToString()))}.",
                "Name the run: --run NAME, or a label in the query: --query 'hgm_roi{run=\"NAME\"}'."),
        };
    }

    private static (decimal At, string Text) Pair(JsonElement pair) => (pair[0].GetDecimal(), pair[1].GetString()!);

    private ControlException Odd(string what) => new("prometheus-unreachable", ExitCode.Unknown, $"Prometheus at {url} does not answer as it should: {what}.", "Check --prometheus-url.");
}
