using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Control.OnCall;
using AgiJobs.Control.Serving;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Response.Alerts;

/// <summary>Which of some incidents are closed. What is not known is left out: its silences hold until their time.</summary>
public delegate Task<IReadOnlySet<string>> FindClosedIncidents(IReadOnlyList<string> incidents, CancellationToken cancellation);

/// <summary>
/// What happens to alerts as time passes, as the work of a host: steps of the escalation, what is told again, silences that end, monitors that are not heard of, the dead-man's switch, what is removed. Several hosts may do it for
/// one store: each step is made once. It reads what fires; at its first look all alerts, so that none that fires is left out, whatever an earlier program wrote.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="settings">The settings.</param>
/// <param name="poll">How often it looks.</param>
/// <param name="time">The clock.</param>
public sealed class AlertWorker(IStateStore store, AlertSettings settings, TimeSpan poll, TimeProvider time) : LoopWorker(time)
{
    private static readonly TimeSpan StaleAfter = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(1);

    private readonly TimeProvider _time = time;
    private readonly AlertSweep _sweep = new(store, settings, time);
    private DateTimeOffset? _swept;
    private bool _isBegun;
    private volatile WorkerState _state = new(false, "starting", "it has not looked at the alerts yet");

    /// <summary>Which incidents are closed; none when absent.</summary>
    public FindClosedIncidents ClosedIncidents { get; init; } = static (_, _) => Task.FromResult<IReadOnlySet<string>>(new HashSet<string>());

    /// <summary>What else is found off the chain, such as alerts of other services; read at each look.</summary>
    public Func<CancellationToken, Task<IReadOnlyList<Finding>>> Others { get; init; } = static _ => Task.FromResult<IReadOnlyList<Finding>>([]);

    /// <summary>Hears of what cannot be done.</summary>
    public Action<string> Tell { get; init; } = _ => { };

    /// <inheritdoc/>
    public override string Name => "alerts";

    /// <inheritdoc/>
    protected override WorkerState Present => _state;

    /// <summary>Looks once.</summary>
    /// <exception cref="StorageException">The store cannot be read or written; nothing is lost.</exception>
    public async Task LookAsync(CancellationToken cancellation)
    {
        var monitors = await store.ListAsync(settings.Places.Monitors, cancellationToken: cancellation).ConfigureAwait(false);
        var (others, unread) = await OthersAsync(cancellation).ConfigureAwait(false);
        var findings = new List<Finding>(others);
        findings.AddRange(await SilentAsync(monitors, cancellation).ConfigureAwait(false));
        var firing = 0;
        await AlertCommit.AsNeededAsync(
            store,
            async token =>
            {
                var book = await (_isBegun ? AlertBook.ReadFiringAsync(store, settings, findings, token) : AlertBook.ReadWholeAsync(store, settings, findings, token)).ConfigureAwait(false);
                var now = _time.GetUtcNow();
                var incidents = book.Silences.Where(silence => silence.Holds(now)).Select(silence => silence.Signed.Act.Incident).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
                var closed = incidents.Count == 0 ? null : await ClosedIncidents(incidents, token).ConfigureAwait(false);
                var writes = book.After(findings, now, closed);
                firing = book.Alerts.Count(alert => alert.State == AlertState.Firing);
                return writes;
            },
            cancellation).ConfigureAwait(false);
        _isBegun = true;
        await BeatAsync(monitors, cancellation).ConfigureAwait(false);
        if (_swept is null || _time.GetUtcNow() - _swept >= SweepEvery)
        {
            _ = await _sweep.SweepAsync(cancellation).ConfigureAwait(false);
            _swept = _time.GetUtcNow();
        }

        _state = unread ?? (settings.Plan is null
            ? new WorkerState(true, "nobody-told", $"{firing} alerts fire; there is no config/oncall.json, so nobody is told of alerts")
            : new WorkerState(true, "ready", $"{firing} alerts fire"));
    }

    // What cannot be asked keeps no alert that is known from being escalated; a store that does not answer does.
    private async Task<(IReadOnlyList<Finding> Findings, WorkerState? Unread)> OthersAsync(CancellationToken cancellation)
    {
        try
        {
            return (await Others(cancellation).ConfigureAwait(false), null);
        }
        catch (Exception problem) when (!cancellation.IsCancellationRequested && problem is not StorageException { Code: StorageException.Unreachable })
        {
            var unread = new WorkerState(false, "findings-unread", $"what is found off the chain could not be asked, the rest goes on: {problem.Message}");
            if (_state.Code != unread.Code)
            {
                Tell($"alerts: {unread.Message} [{unread.Code}]");
            }

            return ([], unread);
        }
    }

    /// <inheritdoc/>
    protected override Task RunAsync(CancellationToken cancellation) => RepeatAsync(poll, LookAsync, Fail, cancellation);

    // Whatever it is, alerts are looked at again: nobody else escalates them.
    private void Fail(Exception problem)
    {
        var code = problem switch { StorageException store => store.Code, ControlException refused => refused.Code, _ => "alerts-failed" };
        if (_state.Code != code)
        {
            Tell($"alerts: {problem.Message} [{code}]");
        }

        _state = new WorkerState(false, code, problem.Message);
    }

    private async Task<IReadOnlyList<Finding>> SilentAsync(IReadOnlyList<StoredDocument> monitors, CancellationToken cancellation)
    {
        var findings = new List<Finding>();
        var limit = Spans.Parse(settings.Plan?.File.Heartbeat?.StaleAfter) ?? StaleAfter;
        var now = _time.GetUtcNow();
        foreach (var monitor in monitors)
        {
            var fingerprint = $"{settings.Network}/{AlertRules.MonitorSilent}/{monitor.Key}";
            var beat = monitor.At.UtcTicks.ToString(CultureInfo.InvariantCulture);
            var isSilent = now - monitor.At > limit;
            var known = await store.GetAsync(settings.Places.Alerts, AlertPlaces.IdOf(fingerprint), cancellation).ConfigureAwait(false) is { } document ? AlertRecord.Read(document) : null;
            if (isSilent || known is { State: AlertState.Firing })
            {
                findings.Add(new Finding
                {
                    Id = $"{fingerprint}/{beat}/{(isSilent ? "silent" : "alive")}",
                    Fingerprint = fingerprint,
                    Condition = isSilent ? $"{fingerprint}/{beat}" : null,
                    Kind = isSilent ? FindingKind.Firing : FindingKind.Resolved,
                    Rule = AlertRules.MonitorSilent,
                    Source = "alerts",
                    Network = settings.Network,
                    Severity = Severity.Sev1,
                    Title = isSilent ? $"the monitor {monitor.Key} was not heard of since {monitor.At.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC: what happens is not watched by it" : $"the monitor {monitor.Key} is heard of again",
                    Subject = monitor.Key,
                });
            }
        }

        return findings;
    }

    private async Task BeatAsync(IReadOnlyList<StoredDocument> monitors, CancellationToken cancellation)
    {
        if (settings.Plan?.File.Heartbeat is not { } heartbeat)
        {
            return;
        }

        var now = _time.GetUtcNow();
        var every = Spans.Parse(heartbeat.Every)!.Value;
        var last = await store.GetAsync(settings.Places.Heartbeat, heartbeat.Channel, cancellation).ConfigureAwait(false);
        // Without a living monitor whoever listens is to miss it.
        if ((last is not null && now - last.At < every) || !monitors.Any(monitor => now - monitor.At <= Spans.Parse(heartbeat.StaleAfter)!.Value))
        {
            return;
        }

        var notice = new Notice { Version = 1, Kind = NoticeKind.Heartbeat, Page = "heartbeat", Network = settings.Network, ChainId = settings.ChainId.Value, Channel = heartbeat.Channel, Severity = Severity.Sev3, Title = "the monitor is alive", Why = $"every {heartbeat.Every} while a monitor watches", Since = now, At = now };
        try
        {
            _ = await store.CommitAsync(
                new StateCommit
                {
                    Documents = [new DocumentWrite(settings.Places.Heartbeat, heartbeat.Channel, AlertPlaces.Mark, last?.Version ?? 0)],
                    Messages = [new MessageWrite(settings.Places.Outbox(heartbeat.Channel), string.Create(CultureInfo.InvariantCulture, $"{settings.Network}-alive-{now.ToUnixTimeSeconds()}"), notice.Encode())],
                },
                cancellation).ConfigureAwait(false);
        }
        catch (StorageException problem) when (problem.Code == StorageException.DocumentConflict)
        {
            // Another host has sent it.
        }
    }
}
