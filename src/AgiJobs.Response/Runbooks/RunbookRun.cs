using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum.TypedData;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Response.Runbooks;

/// <summary>How a step of a run stands, by its events alone.</summary>
/// <param name="Step">The step.</param>
/// <param name="State">How it stands.</param>
/// <param name="At">When it came to stand so; null while nothing happened.</param>
/// <param name="By">Who brought it there.</param>
/// <param name="Seen">What was seen, decided or written down.</param>
public sealed record StepStanding(RunbookStep Step, StepState State, DateTimeOffset? At = null, string? By = null, string? Seen = null)
{
    /// <summary>The command that was begun and has not ended; null when none is.</summary>
    public CommandBegun? UnderWay { get; init; }

    /// <summary>The version of the event with which <see cref="UnderWay"/> began.</summary>
    public long UnderWaySince { get; init; }

    /// <summary>What its last command ended with; null before the first.</summary>
    public CommandEnded? Last { get; init; }

    /// <summary>What its last preview ended with; null before the first.</summary>
    public CommandEnded? Preview { get; init; }

    /// <summary>Who sent for it, when somebody did.</summary>
    public string? Sender { get; init; }

    /// <summary>True when nothing more is to be done.</summary>
    public bool IsSettled => State is StepState.Done or StepState.Skipped;

    /// <summary>
    /// True when a command that sends may have sent without its end being known, so that it must be asked about before it is run again: the program died, or the command ended with a code after which anything may have happened.
    /// </summary>
    public bool IsUncertain => !Step.Repeats && (UnderWay is not null || (Step.Sends && State == StepState.Failed && Last is { Outcome: "failed", Exit: not (2 or 4) }));
}

/// <summary>A run of a runbook: the fold of its events, which decides nothing and asks nobody. Immutable.</summary>
public sealed class RunbookRun
{
    private readonly Dictionary<string, string> _inputs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, StepStanding> _steps = new(StringComparer.Ordinal);
    private readonly List<string> _findings = [];

    private RunbookRun(string id, RunBegun begun, DateTimeOffset at)
    {
        Id = id;
        Runbook = Runbook.Known(begun.Runbook);
        Begun = begun;
        StartedAt = at;
        Severity = Severities.Parse(begun.Severity) ?? Severity.Sev0;
        foreach (var step in Runbook.Steps)
        {
            _steps[step.Id] = new StepStanding(step, StepState.Open);
        }
    }

    /// <summary>Its name.</summary>
    public string Id { get; }

    /// <summary>The runbook as it was when it began.</summary>
    public Runbook Runbook { get; }

    /// <summary>How it began.</summary>
    public RunBegun Begun { get; }

    /// <summary>When it began.</summary>
    public DateTimeOffset StartedAt { get; }

    /// <summary>How bad it is.</summary>
    public Severity Severity { get; private set; }

    /// <summary>The version of its newest event.</summary>
    public long Version { get; private set; }

    /// <summary>How it was given up; null when it was not.</summary>
    public RunEnded? Ended { get; private set; }

    /// <summary>What its inputs were given.</summary>
    public IReadOnlyDictionary<string, string> Given => _inputs;

    /// <summary>The steps in order.</summary>
    public IReadOnlyList<StepStanding> Steps => [.. Runbook.Steps.Select(step => _steps[step.Id])];

    /// <summary>What is wrong with the record or with who did what, in words.</summary>
    public IReadOnlyList<string> Findings => _findings;

    /// <summary>True when every step is done or skipped.</summary>
    public bool IsComplete => _steps.Values.All(step => step.IsSettled);

    /// <summary>True while there is something to do.</summary>
    public bool IsOpen => Ended is null && !IsComplete;

    /// <summary>How a step stands.</summary>
    public StepStanding this[string step] => _steps[step];

    /// <summary>The stream of a run.</summary>
    public static string StreamOf(string network, string id) => $"{StreamsOf(network)}{id}";

    /// <summary>What the streams of all runs begin with.</summary>
    public static string StreamsOf(string network) => $"response/{network}/runbooks/";

    /// <summary>All runs of a network, by name.</summary>
    /// <exception cref="StorageException">Also <see cref="StorageException.Damaged"/>.</exception>
    public static async Task<IReadOnlyList<RunbookRun>> ListAsync(IStateStore store, string network, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(store);
        var prefix = StreamsOf(network);
        return [.. (await store.ReadAllAsync(prefix, cancellationToken: cancellation).ConfigureAwait(false)).GroupBy(stored => stored.Stream, StringComparer.Ordinal).OrderBy(stream => stream.Key, StringComparer.Ordinal).Select(stream => Fold(stream.Key[prefix.Length..], [.. stream]))];
    }

    /// <summary>Folds events.</summary>
    /// <param name="id">The run's name.</param>
    /// <param name="events">Its events, from the first.</param>
    /// <exception cref="StorageException"><see cref="StorageException.Damaged"/>.</exception>
    public static RunbookRun Fold(string id, IReadOnlyList<StoredEvent> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        if (events.Count == 0 || RunbookEvent.Read(events[0]) is not RunBegun begun)
        {
            throw new StorageException(StorageException.Damaged, $"The run '{id}' does not begin with its beginning.", "Restore the state from a backup.");
        }

        var run = new RunbookRun(id, begun, events[0].At) { Version = events[0].Version };
        foreach (var stored in events.Skip(1))
        {
            run.Apply(RunbookEvent.Read(stored), stored);
        }

        return run;
    }

    /// <summary>What a placeholder stands for in a step that somebody does; null when it is not known yet.</summary>
    /// <param name="name">The input.</param>
    /// <param name="signer">The signer of whoever does the step.</param>
    /// <param name="addressOf">The address of a module.</param>
    public string? Value(string name, string? signer, Func<string, string> addressOf)
    {
        ArgumentNullException.ThrowIfNull(addressOf);
        return Runbook.Input(name) is not { } input ? null : input.From switch
        {
            RunbookRules.FromIncident => Begun.Incident,
            RunbookRules.FromSeverity => Severity.Name(),
            RunbookRules.FromRun => Id,
            RunbookRules.FromPerson => signer,
            RunbookRules.FromManifest => addressOf(input.Module!),
            _ => _inputs.GetValueOrDefault(name) ?? input.Default,
        };
    }

    /// <summary>By when a step is to be done; null without a deadline.</summary>
    public DateTimeOffset? DueAt(RunbookStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        return step.DeadlineAt(Severity) is { } within ? StartedAt + within : null;
    }

    /// <summary>The open steps whose deadline is over.</summary>
    public IReadOnlyList<StepStanding> OverdueAt(DateTimeOffset now) => IsOpen ? [.. Steps.Where(step => !step.IsSettled && DueAt(step.Step) is { } due && due < now)] : [];

    /// <summary>The steps that were done after their deadline.</summary>
    public IReadOnlyList<StepStanding> Late => [.. Steps.Where(step => step.IsSettled && DueAt(step.Step) is { } due && step.At > due)];

    /// <summary>True when what a step needs is done or skipped.</summary>
    public bool IsReady(StepStanding step)
    {
        ArgumentNullException.ThrowIfNull(step);
        return !step.IsSettled && step.Step.File.Needs.All(id => _steps[id].IsSettled);
    }

    /// <summary>
    /// The next thing to do: of the steps that can be done now the first one that whoever asks may do, else the first one of all; null when there is nothing to do. An open emergency pause goes before everything else.
    /// </summary>
    /// <param name="mayDo">What whoever asks may do; null leads through everything.</param>
    public StepStanding? Next(Func<RunbookStep, bool>? mayDo = null)
    {
        var ready = IsOpen ? Steps.Where(IsReady).ToList() : [];
        return ready.Find(step => step.Step.IsEmergency && mayDo?.Invoke(step.Step) != false) ?? ready.Find(step => mayDo?.Invoke(step.Step) == true) ?? (ready.Count > 0 ? ready[0] : null);
    }

    /// <summary>True when somebody may do a step, by what the run's own events say and what is known of its incident.</summary>
    public bool MayDo(RunbookStep step, RunbookActor actor, IncidentSight? incident = null)
    {
        ArgumentNullException.ThrowIfNull(step);
        ArgumentNullException.ThrowIfNull(actor);
        return RunbookDuties.Refusal(this, step, actor, incident) is null;
    }

    private void Apply(RunbookEvent happened, StoredEvent stored)
    {
        Version = stored.Version;
        switch (happened)
        {
            case InputGiven given:
                _inputs[given.Name] = given.Value;
                break;
            case SeverityChanged changed:
                var said = Severities.Parse(changed.Severity) ?? Severity;
                if (Counts(changed.Signed, RunbookStatement.OfSeverity(Begun.Network, Begun.ChainId, Id, changed.Severity, changed.Signed.Issued, changed.Signed.Duty), said > Severity, $"'{changed.Severity}' of {changed.By}"))
                {
                    Severity = said;
                }

                break;
            case CommandBegun { What: not "preview" } begun when _steps.TryGetValue(begun.Step, out var step):
                _steps[begun.Step] = (step.IsSettled ? step : step with { State = StepState.Begun, At = stored.At, By = begun.By }) with { UnderWay = begun, UnderWaySince = stored.Version, Sender = begun.Sends ? begun.By : step.Sender };
                if (begun is { Signed: { } signed } && RunbookStatement.Fault(RunbookStatement.OfCommand(Begun.Network, Begun.ChainId, Id, begun.Step, begun.Words, signed.Issued, signed.Duty), signed.Signer, signed.Signature) is { } forged)
                {
                    _findings.Add($"{begun.Step}: that {begun.By} ran it is not proven: {forged}");
                }
                else if (begun is { Signed: null, Breach: null, What: "do" } && Runbook.TakesWord(step.Step))
                {
                    _findings.Add($"{begun.Step}: that {begun.By} ran it is not proven: nobody signed for it");
                }

                if (begun.Breach is { } breach)
                {
                    _findings.Add($"{begun.Step}: {breach}");
                }

                break;
            case CommandEnded ended when _steps.TryGetValue(ended.Step, out var step):
                End(step, ended, stored);
                break;
            case StepDecided decided when _steps.TryGetValue(decided.Step, out var step):
                if (RunbookStatement.Fault(Begun.Network, Begun.ChainId, Id, decided) is { } fault)
                {
                    _findings.Add($"{decided.Step}: the decision '{decided.Decision}' of {decided.By} counts not: {fault}");
                }
                else if (!step.IsSettled)
                {
                    _steps[decided.Step] = step with { State = decided.Decision == "skipped" ? StepState.Skipped : StepState.Done, At = stored.At, By = decided.By, Seen = decided.Text, UnderWay = null };
                }

                break;
            case RunEnded ended:
                if (Counts(ended.Signed, RunbookStatement.OfEnd(Begun.Network, Begun.ChainId, Id, ended.Reason, ended.Signed.Issued, ended.Signed.Duty), true, $"the end by {ended.By}"))
                {
                    Ended ??= ended;
                }

                break;
        }
    }

    // What is decided about the whole run and was not signed, or not under the duty that it takes, is a finding and changes nothing.
    private bool Counts(RunbookSignature signed, TypedDocument statement, bool takesCommander, string what)
    {
        var fault = RunbookStatement.Fault(statement, signed.Signer, signed.Signature) ?? (takesCommander && signed.Duty != Duty.Commander ? "it takes the duty commander" : null);
        if (fault is not null)
        {
            _findings.Add($"{what} counts not: {fault}");
        }

        return fault is null;
    }

    // A step that is done stays so, whatever another process that tried the same has to say afterwards.
    private void End(StepStanding step, CommandEnded ended, StoredEvent stored)
    {
        var isNewest = step.UnderWay is not null && step.UnderWaySince == ended.Begun;
        var after = isNewest ? step with { UnderWay = null } : step;
        if (ended.Outcome is "previewed" or "undecided")
        {
            _steps[ended.Step] = ended.Outcome == "previewed" ? step with { Preview = ended } : step with { Seen = ended.Seen };
            return;
        }

        var state = ended.Outcome switch
        {
            "done" => StepState.Done,
            "attention" => StepState.Attention,
            "not-done" => StepState.Open,
            _ => StepState.Failed,
        };
        _steps[ended.Step] = step.IsSettled || (!isNewest && state != StepState.Done) ? after : after with { State = state, At = stored.At, Seen = ended.Seen, Last = ended };
    }
}
