using AgiJobs.Control;
using AgiJobs.Control.Serving;
using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Response.Incidents;

/// <summary>Looks at the clocks of all incidents and of the calendar and hands on what is overdue, as the work of a host. Beside a second one nothing is told twice: findings have the same identities.</summary>
/// <param name="incidents">The incidents.</param>
/// <param name="calendar">Gives the overdue duties of the calendar and steps of runbooks; nothing when none are managed.</param>
/// <param name="settings">How long duties may take, read anew at every look.</param>
/// <param name="take">Takes findings: the alert book. What it throws of the store is tried again at the next look.</param>
/// <param name="network">The network's name in the workspace.</param>
/// <param name="source">Who looks, such as <c>monitor NAME</c>.</param>
/// <param name="poll">How often it looks.</param>
/// <param name="time">The clock.</param>
public sealed class DutyClockWorker(
    IncidentStore incidents,
    Func<DateTimeOffset, CancellationToken, Task<IReadOnlyList<Finding>>> calendar,
    Func<IncidentsFile> settings,
    Func<IReadOnlyList<Finding>, CancellationToken, Task> take,
    string network,
    string source,
    TimeSpan poll,
    TimeProvider time) : LoopWorker(time)
{
    private readonly TimeProvider _time = time;
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);
    private volatile WorkerState _state = new(false, "starting", "it has not looked at the clocks yet");

    /// <summary>Hears of what cannot be done.</summary>
    public Action<string> Tell { get; init; } = _ => { };

    /// <inheritdoc/>
    public override string Name => "duty-clocks";

    /// <inheritdoc/>
    protected override WorkerState Present => _state;

    /// <summary>Looks once and hands on what is new.</summary>
    /// <returns>How many findings were handed on for the first time.</returns>
    public async Task<int> LookAsync(CancellationToken cancellation)
    {
        var now = _time.GetUtcNow();
        var rules = settings();
        var survey = await incidents.SurveyAsync(cancellation).ConfigureAwait(false);
        var found = DutyFindings.Of(network, survey.Incidents.SelectMany(state => DutyClocks.Of(state, rules, now)), now, source)
            .Concat(survey.Damaged.Select(damaged => DutyFindings.Damaged(network, damaged.Id, damaged.Problem.Message, source)))
            .Concat(await CalendarAsync(now, cancellation).ConfigureAwait(false)).Where(finding => finding.Condition is not null || !_told.Contains(finding.Id)).ToList();
        if (found.Count > 0)
        {
            await take(found, cancellation).ConfigureAwait(false);
        }

        // What goes on is handed on at every look, so that it fires again after somebody has closed its alert.
        var news = found.Count(finding => !_told.Contains(finding.Id));
        _told.UnionWith(found.Select(finding => finding.Id));
        return news;
    }

    // What is damaged in the calendar stops no clock of an incident.
    private async Task<IReadOnlyList<Finding>> CalendarAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        try
        {
            return await calendar(now, cancellation).ConfigureAwait(false);
        }
        catch (ControlException problem)
        {
            return [DutyFindings.Damaged(network, "duties", problem.Message, source)];
        }
    }

    /// <inheritdoc/>
    protected override Task RunAsync(CancellationToken cancellation) => RepeatAsync(
        poll,
        async token =>
        {
            _ = await LookAsync(token).ConfigureAwait(false);
            _state = new WorkerState(true, "ready", "the clocks were looked at");
        },
        Fail,
        cancellation);

    // Whatever it is, the clocks are looked at again: nobody else does.
    private void Fail(Exception problem)
    {
        var code = problem switch { StorageException store => store.Code, ControlException refused => refused.Code, _ => "clocks-failed" };
        if (_state.Code != code)
        {
            Tell($"clocks of duties: {problem.Message} [{code}]");
        }

        _state = new WorkerState(false, code, problem.Message);
    }
}
