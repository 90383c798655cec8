using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace AgiJobs.Server.Observation;

/// <summary>
/// The measurements of a host as Prometheus reads them: text format 0.0.4. An instrument <c>agijobs.http.duration</c> in <c>s</c> is the family <c>agijobs_http_duration_seconds</c>; counters end with
/// <c>_total</c>. Safe for use by several threads. Source: https://prometheus.io/docs/instrumenting/exposition_formats/
/// </summary>
internal sealed class MetricsExposition : IDisposable
{
    /// <summary>The media type of the text.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private static readonly double[] DefaultBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly ConcurrentDictionary<Instrument, Family> _families = new();
    private readonly Lock _collecting = new();
    private readonly MeterListener _listener = new();

    /// <summary>Begins to listen.</summary>
    public MetricsExposition(ServerMeter meter)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (meter.Covers(instrument.Meter))
            {
                listener.EnableMeasurementEvents(instrument, _families.GetOrAdd(instrument, Family.Of));
            }
        };
        _listener.MeasurementsCompleted = (instrument, _) => _families.TryRemove(instrument, out var _);
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, state) => ((Family)state!).Add(value, tags));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, state) => ((Family)state!).Add(value, tags));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, state) => ((Family)state!).Add(value, tags));
        _listener.SetMeasurementEventCallback<float>(static (_, value, tags, state) => ((Family)state!).Add(value, tags));
        _listener.SetMeasurementEventCallback<decimal>(static (_, value, tags, state) => ((Family)state!).Add((double)value, tags));
        _listener.Start();
    }

    /// <summary>The text, families and series in a stable order.</summary>
    public string Write()
    {
        lock (_collecting)
        {
            foreach (var family in _families.Values)
            {
                family.Forget();
            }

            _listener.RecordObservableInstruments();
            var text = new StringBuilder();
            foreach (var family in _families.Values.GroupBy(family => family.Name, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal))
            {
                family.First().Write(text, family.Skip(1));
            }

            return text.ToString();
        }
    }

    public void Dispose() => _listener.Dispose();

    private sealed class Family(string name, string type, string help, bool isObserved, bool isSet, double[]? bounds)
    {
        private readonly Lock _lock = new();
        private readonly SortedDictionary<string, Series> _series = new(StringComparer.Ordinal);

        public string Name { get; } = name;

        public static Family Of(Instrument instrument)
        {
            var generic = instrument.GetType().IsGenericType ? instrument.GetType().GetGenericTypeDefinition() : null;
            var isCounter = generic == typeof(Counter<>) || generic == typeof(ObservableCounter<>);
            var isHistogram = generic == typeof(Histogram<>);
            var unit = instrument.Unit switch { "s" => "_seconds", "By" => "_bytes", _ => "" };
            var stem = string.Concat(instrument.Name.Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToLowerInvariant(c) : '_'));
            stem = stem.EndsWith(unit, StringComparison.Ordinal) ? stem : stem + unit;
            var isSet = instrument.IsObservable || generic == typeof(Gauge<>);
            return new Family(
                isCounter && !stem.EndsWith("_total", StringComparison.Ordinal) ? stem + "_total" : stem,
                isCounter ? "counter" : isHistogram ? "histogram" : "gauge",
                instrument.Description ?? instrument.Name,
                instrument.IsObservable,
                isSet,
                isHistogram ? Bounds(instrument) : null);
        }

        public void Add(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var labels = Labels(tags);
            lock (_lock)
            {
                if (!_series.TryGetValue(labels, out var series))
                {
                    _series.Add(labels, series = new Series(bounds?.Length ?? 0));
                }

                series.Value = isSet ? value : series.Value + value;
                series.Count++;
                for (var i = 0; i < series.Buckets.Length; i++)
                {
                    series.Buckets[i] += value <= bounds![i] ? 1 : 0;
                }
            }
        }

        // What an observer does not tell any more is no more.
        public void Forget()
        {
            if (isObserved)
            {
                lock (_lock)
                {
                    _series.Clear();
                }
            }
        }

        public void Write(StringBuilder text, IEnumerable<Family> others)
        {
            text.Append(CultureInfo.InvariantCulture, $"# HELP {Name} {help.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}\n# TYPE {Name} {type}\n");
            WriteSeries(text);
            foreach (var other in others)
            {
                other.WriteSeries(text);
            }
        }

        private void WriteSeries(StringBuilder text)
        {
            lock (_lock)
            {
                foreach (var (labels, series) in _series)
                {
                    if (bounds is null)
                    {
                        Sample(text, Name, labels, series.Value);
                        continue;
                    }

                    for (var i = 0; i < bounds.Length; i++)
                    {
                        Sample(text, Name + "_bucket", With(labels, $"le=\"{Number(bounds[i])}\""), series.Buckets[i]);
                    }

                    Sample(text, Name + "_bucket", With(labels, "le=\"+Inf\""), series.Count);
                    Sample(text, Name + "_sum", labels, series.Value);
                    Sample(text, Name + "_count", labels, series.Count);
                }
            }
        }

        private static double[] Bounds(Instrument instrument) => instrument switch
        {
            Histogram<double> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds],
            Histogram<long> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(bound => (double)bound)],
            Histogram<int> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(bound => (double)bound)],
            _ => DefaultBuckets,
        };

        private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (tags.Length == 0)
            {
                return "";
            }

            var sorted = tags.ToArray();
            Array.Sort(sorted, static (left, right) => string.CompareOrdinal(left.Key, right.Key));
            return string.Join(',', sorted.Select(tag => $"{Label(tag.Key)}=\"{Escape(Convert.ToString(tag.Value, CultureInfo.InvariantCulture) ?? "")}\""));
        }

        private static string Label(string key) => string.Concat(key.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_'));

        private static string Escape(string value) => value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

        private static string With(string labels, string more) => labels.Length == 0 ? more : $"{labels},{more}";

        private static void Sample(StringBuilder text, string name, string labels, double value) =>
            text.Append(name).Append(labels.Length == 0 ? "" : "{" + labels + "}").Append(' ').Append(Number(value)).Append('\n');

        private static string Number(double value) => double.IsPositiveInfinity(value) ? "+Inf" : double.IsNegativeInfinity(value) ? "-Inf" : value.ToString("R", CultureInfo.InvariantCulture);
    }

    private sealed class Series(int buckets)
    {
        public double Value { get; set; }

        public long Count { get; set; }

        public long[] Buckets { get; } = new long[buckets];
    }
}
