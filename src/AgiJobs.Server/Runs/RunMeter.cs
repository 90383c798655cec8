using System.Diagnostics.Metrics;
using AgiJobs.Hgm;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Server.Observation;
using AgiJobs.Steering.Runs;
using AgiJobs.Storage;

namespace AgiJobs.Server.Runs;

/// <summary>
/// Runs as Prometheus reads them, each with its name as the label <c>run</c>: those that are not over, and those that ended within the hour, so that the last numbers are still seen. What is unknown, such as a
/// return while nothing was spent, has no sample. Safe for use by several threads.
/// </summary>
internal sealed class RunMeter : IDisposable
{
    private static readonly TimeSpan Remembered = TimeSpan.FromHours(1);

    private readonly Meter _meter;
    private readonly DurableRunStore _runs;
    private readonly RunBook _book;
    private readonly TimeProvider _time;
    private volatile IReadOnlyList<RunFigures> _latest = [];

    /// <summary>Makes the instruments.</summary>
    public RunMeter(DurableRunStore runs, ServerMeter host, TimeProvider time)
    {
        (_runs, _book, _time) = (runs, new RunBook(runs), time);
        _meter = new Meter(new MeterOptions("AgiJobs.Hgm") { Scope = host });
        Gauge("hgm.roi", "Return on what the run spent so far: value of accepted outcomes over cost.", run => (double?)run.Money.Roi);
        Gauge("hgm.roi_recent", "Return of the run's last 100 results.", run => (double?)run.RecentRoi);
        Counter("hgm.cost", "What the run spent, in its own unit.", run => Number(run.Money.Cost));
        Counter("hgm.value", "Value of the run's accepted outcomes, those that were revoked later too.", run => Number(run.ValueEver));
        Counter("hgm.value_revoked", "Value that revocations took back.", run => Number(run.ValueTaken));
        Counter("hgm.evaluations", "Charged evaluations with a verdict.", run => run.Evaluations);
        Gauge("hgm.agents", "Agents of the run, the root among them.", run => run.Agents);
        Gauge("hgm.widening_alpha", "Widening exponent in force.", run => (double)run.Alpha);
        Gauge("hgm.thompson_prior", "Prior of the Thompson draws in force.", run => (double)run.Prior);
        Gauge("hgm.expansions_open", "1 while expansions may start.", run => run.IsOpen ? 1 : 0);
        Gauge("hgm.run_finished", "1 when the run is over.", run => run.Finished is null ? 0 : 1);
    }

    /// <summary>Looks at the runs, for the measurements that follow. What cannot be read has none, and keeps nothing else from having them.</summary>
    public async Task ReadAsync(CancellationToken cancellation)
    {
        var since = _time.GetUtcNow() - Remembered;
        try
        {
            var found = new List<RunFigures>();
            foreach (var entry in (await _runs.ListAsync(cancellation).ConfigureAwait(false)).Where(entry => !entry.IsFinished || entry.At > since))
            {
                try
                {
                    found.AddRange(await _book.ReadAsync(entry.Name, cancellation).ConfigureAwait(false) is { } figures ? [figures] : Array.Empty<RunFigures>());
                }
                catch (Exception problem) when (problem is HgmException or StorageException { Code: StorageException.Damaged })
                {
                    // Readiness tells of a run that cannot be driven.
                }
            }

            _latest = found;
        }
        catch (StorageException)
        {
            _latest = [];
        }
    }

    public void Dispose() => _meter.Dispose();

    // Prometheus' numbers are binary; the exact ones are in the API.
    private static double Number(Amount amount) => (double)amount.Atoms / 1e18;

    private void Gauge(string name, string description, Func<RunFigures, double?> value) => _meter.CreateObservableGauge(name, () => Measured(value), null, description);

    private void Counter(string name, string description, Func<RunFigures, double?> value) => _meter.CreateObservableCounter(name, () => Measured(value), null, description);

    private IEnumerable<Measurement<double>> Measured(Func<RunFigures, double?> value) =>
        [.. _latest.Select(run => (run.Run, Value: value(run))).Where(run => run.Value is not null).Select(run => new Measurement<double>(run.Value!.Value, new KeyValuePair<string, object?>("run", run.Run)))];
}
