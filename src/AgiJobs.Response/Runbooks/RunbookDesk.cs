using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AgiJobs.Control;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.TypedData;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Response.Runbooks;

/// <summary>
/// Where runs of runbooks are begun, carried on and looked at, by as many people in as many processes as there are: each thing that is done is appended to the run's stream at the version that was read, and decided anew when somebody
/// was faster. Before a command begins, that is committed; a process that dies leaves a command that was begun and has not ended, and whoever comes next asks whether it was done, or repeats what does nothing twice.
/// </summary>
/// <param name="store">Where runs are kept.</param>
/// <param name="network">The network's name.</param>
/// <param name="chain">Its chain.</param>
/// <param name="ground">What carries commands out.</param>
/// <param name="time">The clock.</param>
public sealed partial class RunbookDesk(IStateStore store, string network, ChainId chain, IRunbookGround ground, TimeProvider time)
{
    private const int MostSeen = 300;

    private static readonly TimeSpan Held = TimeSpan.FromSeconds(30);

    /// <summary>
    /// What is known of an incident; null when there is none of that name. Without this nothing is known of any, and a run's own events say alone who commands and who operates.
    /// </summary>
    public Func<string, CancellationToken, Task<IncidentSight?>>? Incidents { get; init; }

    /// <summary>Begins a run, or finds the open one of the same runbook and incident, so that everybody who types the same works on the same.</summary>
    /// <param name="runbook">The runbook.</param>
    /// <param name="incident">The incident; null without one.</param>
    /// <param name="severity">How bad it is; null takes the incident's, else the worst that the runbook is for.</param>
    /// <param name="inputs">Values of inputs.</param>
    /// <param name="by">Who begins it; null when nobody says.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ControlException"><c>incident-name</c>, <c>incident-needed</c>, <c>input-unknown</c>, <c>input-form</c> (exit 2).</exception>
    public async Task<RunbookRun> BeginAsync(Runbook runbook, string? incident, Severity? severity, IReadOnlyDictionary<string, string> inputs, string? by, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(runbook);
        ArgumentNullException.ThrowIfNull(inputs);
        if (incident is not null && !IncidentName().IsMatch(incident))
        {
            throw new ControlException("incident-name", ExitCode.BadInput, $"'{incident}' is no incident's name.", "Take it from 'agijobs incident list', such as 2026-03-01-rewards-drain. Nobody has opened it yet? Any name of letters, digits and '-' will do.");
        }

        if (incident is null && runbook.TakesIncident)
        {
            throw new ControlException("incident-needed", ExitCode.BadInput, $"The runbook '{runbook.Name}' is for an incident.", "Give --incident ID, from 'agijobs incident list'. None is open: agijobs incident open \"TITLE\" --severity SEV --signer NAME.");
        }

        // One that is not opened yet keeps nothing from beginning: a pause waits for no paperwork. Each step looks again who has which role.
        var sight = await SightAsync(incident, mayFail: true, cancellation).ConfigureAwait(false);
        foreach (var (name, value) in inputs)
        {
            Askable(runbook, name, value);
        }

        var open = (await ListAsync(cancellation).ConfigureAwait(false)).ToList();
        foreach (var run in open.Where(run => run.IsOpen && string.Equals(run.Runbook.Name, runbook.Name, StringComparison.Ordinal) && incident is not null && string.Equals(run.Begun.Incident, incident, StringComparison.Ordinal)
            && inputs.All(input => run.Given.GetValueOrDefault(input.Key, input.Value) == input.Value)))
        {
            return await GiveAsync(run.Id, inputs, by, cancellation).ConfigureAwait(false);
        }

        var stem = $"{runbook.Name}-{incident ?? time.GetUtcNow().ToString("yyyyMMdd", CultureInfo.InvariantCulture)}";
        var taken = open.Select(run => run.Id).ToHashSet(StringComparer.Ordinal);
        for (var number = 1; ; number++)
        {
            var id = number == 1 ? stem : string.Create(CultureInfo.InvariantCulture, $"{stem}.{number}");
            if (taken.Contains(id))
            {
                continue;
            }

            var begun = new RunBegun { Runbook = runbook.File, Digest = runbook.Digest, Network = network, ChainId = chain, Incident = incident, Severity = (severity ?? sight?.Severity ?? runbook.Severities[0]).Name(), By = by };
            IReadOnlyList<NewEvent> events = [begun.Write(), .. inputs.OrderBy(input => input.Key, StringComparer.Ordinal).Select(input => new InputGiven { Name = input.Key, Value = input.Value, By = by }.Write())];
            if (await TryAppendAsync(id, 0, events, cancellation).ConfigureAwait(false))
            {
                return await ReadAsync(id, cancellation).ConfigureAwait(false);
            }

            // Somebody else began the same a moment ago: theirs is the run.
            var theirs = await ReadAsync(id, cancellation).ConfigureAwait(false);
            if (incident is not null && theirs.IsOpen)
            {
                return await GiveAsync(id, inputs, by, cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Reads a run.</summary>
    /// <exception cref="ControlException"><c>runbook-run-unknown</c> with those that are open.</exception>
    public async Task<RunbookRun> ReadAsync(string id, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(id);
        var events = await store.ReadAsync(RunbookRun.StreamOf(network, id), cancellationToken: cancellation).ConfigureAwait(false);
        if (events.Count == 0)
        {
            var open = (await ListAsync(cancellation).ConfigureAwait(false)).Where(run => run.IsOpen).Select(run => run.Id).ToList();
            throw new ControlException("runbook-run-unknown", ExitCode.BadInput, $"There is no run '{id}' on the network '{network}'.", open.Count == 0 ? "None is open: agijobs runbook run NAME --incident ID begins one." : $"Open are {string.Join(", ", open)}.");
        }

        return RunbookRun.Fold(id, events);
    }

    /// <summary>All runs of the network, by name.</summary>
    public Task<IReadOnlyList<RunbookRun>> ListAsync(CancellationToken cancellation) => RunbookRun.ListAsync(store, network, cancellation);

    /// <summary>Which of the steps whose command has not ended is worked on by a process that lives, and by whom; the others are of processes that died.</summary>
    public async Task<IReadOnlyDictionary<string, string>> UnderWayAsync(RunbookRun run, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(run);
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var step in run.Steps.Where(step => step.UnderWay is not null))
        {
            if (await store.FindLeaseAsync(LeaseOf(run.Id, step.Step.Id), cancellation).ConfigureAwait(false) is { } lease)
            {
                found[step.Step.Id] = lease.Holder;
            }
        }

        return found;
    }

    /// <summary>What is known of a run's incident; null without one, or when there is none of its name.</summary>
    /// <exception cref="ControlException">Those of reading it.</exception>
    public Task<IncidentSight?> SightAsync(RunbookRun run, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(run);
        return SightAsync(run.Begun.Incident, mayFail: false, cancellation);
    }

    /// <summary>Gives inputs their values; one that has the same already is left alone.</summary>
    /// <exception cref="ControlException"><c>input-unknown</c>, <c>input-form</c>; <c>input-used</c> (exit 4): a step that is done was done with another value.</exception>
    public Task<RunbookRun> GiveAsync(string id, IReadOnlyDictionary<string, string> inputs, string? by, CancellationToken cancellation) => AppendAsync(
        id,
        run =>
        {
            foreach (var (name, value) in inputs)
            {
                Askable(run.Runbook, name, value);
                CheckUnused(run, name, value);
            }

            return [.. inputs.Where(input => run.Given.GetValueOrDefault(input.Key) != input.Value).OrderBy(input => input.Key, StringComparer.Ordinal).Select(input => new InputGiven { Name = input.Key, Value = input.Value, By = by })];
        },
        cancellation);

    /// <summary>Says that it is worse, or better. It is signed; better, which leaves more time to every step, is the commander's to say.</summary>
    /// <exception cref="ControlException"><c>duty-missing</c> (exit 4).</exception>
    public async Task<RunbookRun> ChangeSeverityAsync(string id, Severity severity, RunbookActor actor, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(actor);
        var now = await ReadAsync(id, cancellation).ConfigureAwait(false);
        if (now.Severity == severity)
        {
            return now;
        }

        var signed = await WordAsync(actor, severity > now.Severity ? Duty.Commander : null, (issued, duty) => RunbookStatement.OfSeverity(network, chain, id, severity.Name(), issued, duty), cancellation).ConfigureAwait(false);
        return await AppendAsync(
            id,
            run => run.Severity == severity ? []
                : severity > run.Severity && signed.Duty != Duty.Commander ? throw new ControlException("run-changed", ExitCode.Refused, $"The run '{id}' has become {run.Severity.Name()} meanwhile.", "Run the command again.")
                : [new SeverityChanged { Severity = severity.Name(), By = actor.Name, Signed = signed }],
            cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Runs the command or check of a step. One that is done is left alone, but for an emergency pause, which is sent again whenever somebody says so. A step that sends is only tried without <paramref name="send"/>. What may have been sent by a process that died is asked about first.
    /// </summary>
    /// <param name="id">The run.</param>
    /// <param name="step">The step.</param>
    /// <param name="actor">Who does it; null for nobody in particular, which is enough for checks and previews that name no person.</param>
    /// <param name="send">True to send.</param>
    /// <param name="cancellation">Interrupts the command as a signal does. What became of it is recorded all the same.</param>
    /// <exception cref="ControlException">
    /// <c>step-unknown</c>, <c>step-kind</c>, <c>signer-needed</c>, <c>input-missing</c> (exit 2); <c>run-over</c>, <c>step-needs</c>, <c>step-under-way</c>, <c>duty-missing</c>, <c>role-other</c>, <c>person-twice</c>, <c>dual-control</c> (exit
    /// 4); <c>step-undecided</c> (exit 5) when it may have been done and that could not be found out. Of an emergency pause none of those with exit 4 but <c>run-over</c> holds.
    /// </exception>
    public async Task<RunbookRun> StepAsync(string id, string step, RunbookActor? actor, bool send, CancellationToken cancellation)
    {
        var run = await ReadAsync(id, cancellation).ConfigureAwait(false);
        var known = Known(run, step);
        if (known.Kind is StepKind.Approval or StepKind.Task)
        {
            throw new ControlException("step-kind", ExitCode.BadInput, $"The step '{step}' is {(known.Kind == StepKind.Task ? "a task for a person" : "an approval")}, no command.", known.Kind == StepKind.Task ? $"When it is done: agijobs runbook done {id} {step} --note TEXT --signer NAME" : $"agijobs runbook approve {id} {step} --signer NAME");
        }

        // A pause may be taken back by a reorg or by somebody: it is sent again whenever a person says so, and does nothing when all is paused.
        var again = known.IsEmergency && send;
        if (run[step].IsSettled && !again)
        {
            return run;
        }

        var preview = known.Sends && !send;
        if (actor is null && known.Kind == StepKind.Command && !preview)
        {
            throw new ControlException("signer-needed", ExitCode.BadInput, $"Who does the step '{step}' must be said.", "Give --signer NAME.");
        }

        var sight = await SightAsync(run.Begun.Incident, known.IsEmergency, cancellation).ConfigureAwait(false);
        var lease = preview ? null : await store.TryAcquireAsync(LeaseOf(id, step), Holder(actor), Held, cancellation).ConfigureAwait(false);
        if (!preview && lease is null && !known.IsEmergency && known.Kind != StepKind.Check)
        {
            var holder = (await store.FindLeaseAsync(LeaseOf(id, step), cancellation).ConfigureAwait(false))?.Holder ?? "somebody";
            throw new ControlException("step-under-way", ExitCode.Refused, $"The step '{step}' is being done by {holder}.", $"Look again: agijobs runbook status {id}. When that process died, the step is free within {Held.TotalSeconds:0} s.");
        }

        using var ends = new CancellationTokenSource();
        var holding = lease is null ? Task.CompletedTask : HoldAsync(lease, ends.Token);
        try
        {
            run = await ReadAsync(id, cancellation).ConfigureAwait(false);
            if (!preview && run[step].IsUncertain)
            {
                run = await CarryOutAsync(id, known, RunbookLine.Parse(known.File.Command!.Interrupted.Ask!.Line), "ask", actor, sight, cancellation).ConfigureAwait(false);
                if (run[step].State == StepState.Begun)
                {
                    throw new ControlException("step-undecided", ExitCode.Unknown, $"Whether the step '{step}' was done before could not be found out: {run[step].Seen}", $"Nothing was sent. Try again, or find out otherwise and skip it with the reason: {known.File.IfItFails}");
                }
            }

            return run[step].IsSettled && !again ? run : await CarryOutAsync(id, known, known.Line!, preview ? "preview" : "do", actor, sight, cancellation).ConfigureAwait(false);
        }
        finally
        {
            await ends.CancelAsync().ConfigureAwait(false);
            await holding.ConfigureAwait(false);
            if (lease is not null)
            {
                await store.ReleaseAsync(lease, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Decides a step: a task is done, a statement is approved, what a command said is accepted, or a step is skipped. It is signed.</summary>
    /// <param name="id">The run.</param>
    /// <param name="step">The step.</param>
    /// <param name="decision"><c>done</c>, <c>approved</c>, <c>accepted</c> or <c>skipped</c>.</param>
    /// <param name="text">What is written down, or the reason; nothing for an approval, whose statement is signed.</param>
    /// <param name="actor">Who decides.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ControlException">
    /// <c>step-unknown</c>, <c>step-kind</c>, <c>reason-needed</c>, <c>input-missing</c> (exit 2); <c>run-over</c>, <c>step-needs</c>, <c>step-under-way</c>, <c>skip-forbidden</c>, and those of duties (exit 4).
    /// </exception>
    public async Task<RunbookRun> DecideAsync(string id, string step, string decision, string? text, RunbookActor actor, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(actor);
        var run = await ReadAsync(id, cancellation).ConfigureAwait(false);
        var known = Known(run, step);
        var sight = await SightAsync(run, cancellation).ConfigureAwait(false);
        if (run[step].IsSettled)
        {
            return run;
        }

        Check(run);
        var said = known.File.Approval is { } approval && decision == "approved" ? Filled(run, known, approval.Statement, actor) : text;
        if (string.IsNullOrWhiteSpace(said))
        {
            throw new ControlException("reason-needed", ExitCode.BadInput, decision == "done" ? "What was done must be written down." : "A decision without a reason can be judged by nobody.", decision == "done" ? $"Give --note TEXT: {known.File.Task?.WriteDown}" : "Give --reason TEXT.");
        }

        var decided = new StepDecided { Step = step, Decision = decision, Text = said.Trim(), By = actor.Name, Duty = known.Duty, Signer = actor.Address, Issued = time.GetUtcNow().ToUnixTimeSeconds(), Signature = [] };
        decided = decided with { Signature = await actor.SignAsync(RunbookStatement.Of(network, chain, id, decided), cancellation).ConfigureAwait(false) };
        return RunbookStatement.Fault(network, chain, id, decided) is { } fault
            ? throw new ControlException("signature-other-key", ExitCode.Mismatch, $"The signer of {actor.Address} gave a signature that is not its own: {fault}.", "Nothing was recorded. Check what the signer's reference points to.")
            : await AppendAsync(id, newest =>
            {
                if (newest[step].IsSettled)
                {
                    return [];
                }

                Check(newest);
                return [decided];
            }, cancellation).ConfigureAwait(false);

        void Check(RunbookRun newest)
        {
            CheckOpen(newest);
            var standing = newest[step];
            var fits = decision switch
            {
                "done" => known.Kind == StepKind.Task,
                "approved" => known.Kind == StepKind.Approval,
                "accepted" => standing.State == StepState.Attention,
                "skipped" => true,
                _ => false,
            };
            if (!fits)
            {
                throw new ControlException("step-kind", ExitCode.BadInput, $"The step '{step}' is {Words(known.Kind)} and stands at '{Words(standing.State)}': it cannot be {decision}.", known.Kind is StepKind.Command or StepKind.Check ? $"Run it: agijobs runbook step {id} {step}" : $"agijobs runbook status {id} says what is next.");
            }

            if (decision == "skipped" && known.File.MaySkip != true)
            {
                throw new ControlException("skip-forbidden", ExitCode.Refused, $"The step '{step}' may not be skipped.", known.File.IfItFails);
            }

            CheckNeeds(newest, known);
            if (RunbookDuties.Refusal(newest, known, actor, sight) is { } refusal)
            {
                throw refusal;
            }
        }
    }

    /// <summary>Gives a run up: nothing of it is overdue any more. It is signed, by somebody with the commander's duty.</summary>
    /// <exception cref="ControlException"><c>reason-needed</c>; <c>duty-missing</c> (exit 4).</exception>
    public async Task<RunbookRun> EndAsync(string id, string reason, RunbookActor actor, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(actor);
        if (string.IsNullOrWhiteSpace(reason))
        {
            throw new ControlException("reason-needed", ExitCode.BadInput, "A run is not given up without a reason.", "Give --reason TEXT.");
        }

        if (await ReadAsync(id, cancellation).ConfigureAwait(false) is { IsOpen: false } over)
        {
            return over;
        }

        var signed = await WordAsync(actor, Duty.Commander, (issued, duty) => RunbookStatement.OfEnd(network, chain, id, reason, issued, duty), cancellation).ConfigureAwait(false);
        return await AppendAsync(id, run => run.IsOpen ? [new RunEnded { Reason = reason, By = actor.Name, Signed = signed }] : [], cancellation).ConfigureAwait(false);
    }

    /// <summary>The words of a kind of step.</summary>
    public static string Words(StepKind kind) => kind switch
    {
        StepKind.Command => "a command",
        StepKind.Check => "a check",
        StepKind.Approval => "an approval",
        _ => "a task for a person",
    };

    /// <summary>The word of a state.</summary>
    public static string Words(StepState state) => state switch
    {
        StepState.Open => "open",
        StepState.Begun => "begun",
        StepState.Attention => "look",
        StepState.Failed => "failed",
        StepState.Done => "done",
        _ => "skipped",
    };

    private static RunbookStep Known(RunbookRun run, string step) => run.Runbook.Step(step)
        ?? throw new ControlException("step-unknown", ExitCode.BadInput, $"The runbook '{run.Runbook.Name}' has no step '{step}'.", $"It has {string.Join(", ", run.Runbook.Steps.Select(known => known.Id))}.");

    // A pause waits for no record that cannot be read.
    private async Task<IncidentSight?> SightAsync(string? incident, bool mayFail, CancellationToken cancellation)
    {
        try
        {
            return incident is not null && Incidents is { } incidents ? await incidents(incident, cancellation).ConfigureAwait(false) : null;
        }
        catch (ControlException) when (mayFail)
        {
            return null;
        }
    }

    private static void Askable(Runbook runbook, string name, string value)
    {
        // It stands for one word of a command line, and must not become an option of it.
        if (value.StartsWith('-'))
        {
            throw new ControlException("input-form", ExitCode.BadInput, $"The input '{name}' begins with '-': the command that takes it would read '{value}' as an option.", "Begin it with another sign.");
        }

        if (runbook.Input(name)?.From is not (RunbookRules.FromAsked or RunbookRules.FromStep))
        {
            var askable = runbook.File.Inputs.Where(input => input.From is RunbookRules.FromAsked or RunbookRules.FromStep).Select(input => input.Name).ToList();
            throw new ControlException("input-unknown", ExitCode.BadInput, $"The runbook '{runbook.Name}' asks for no input '{name}'.", askable.Count == 0 ? "It asks for none." : $"It asks for {string.Join(", ", askable)}.");
        }
    }

    // Of a run whose steps were done about one thing, nothing is done about another.
    private static void CheckUnused(RunbookRun run, string name, string value)
    {
        if (run.Given.TryGetValue(name, out var before) && before != value
            && run.Steps.FirstOrDefault(step => (step.IsSettled || step.UnderWay is not null) && (step.Step.Takes.Contains(name, StringComparer.Ordinal) || step.Step.File.Command?.Take?.ContainsKey(name) is true)) is { } used)
        {
            throw new ControlException("input-used", ExitCode.Refused, $"The step '{used.Step.Id}' was done with {name} = {before}; with {value} the run would be about something else.", $"Begin a run of its own for it: agijobs runbook run {run.Runbook.Name} --input {name}={value}");
        }
    }

    // Somebody's signature under the duty that is wanted, or under any of theirs.
    private async Task<RunbookSignature> WordAsync(RunbookActor actor, Duty? wanted, Func<long, Duty, TypedDocument> statement, CancellationToken cancellation)
    {
        var duty = actor.Duties is not { } duties ? wanted ?? Duty.Commander
            : (wanted is null ? duties : duties.Where(own => own == wanted)).Order().Cast<Duty?>().FirstOrDefault()
            ?? throw new ControlException("duty-missing", ExitCode.Refused, $"It takes somebody with {(wanted is { } needed ? $"the duty {needed.Name()}" : "a duty")}; {actor.Name} has {(duties.Count == 0 ? "none" : duties.Names(", "))}.", "Have a person with that duty do it: --signer NAME.");
        return await SignAsync(actor, duty, issued => statement(issued, duty), cancellation).ConfigureAwait(false);
    }

    private async Task<RunbookSignature> SignAsync(RunbookActor actor, Duty duty, Func<long, TypedDocument> statement, CancellationToken cancellation)
    {
        var issued = time.GetUtcNow().ToUnixTimeSeconds();
        var signed = new RunbookSignature(duty, actor.Address, issued, await actor.SignAsync(statement(issued), cancellation).ConfigureAwait(false));
        return RunbookStatement.Fault(statement(issued), signed.Signer, signed.Signature) is not { } fault ? signed
            : throw new ControlException("signature-other-key", ExitCode.Mismatch, $"The signer of {actor.Address} gave a signature that is not its own: {fault}.", "Nothing was recorded. Check what the signer's reference points to.");
    }

    private static void CheckOpen(RunbookRun run)
    {
        if (run.Ended is { } ended)
        {
            throw new ControlException("run-over", ExitCode.Refused, $"The run '{run.Id}' was given up by {ended.By}: {ended.Reason}", "Begin another: agijobs runbook run NAME.");
        }
    }

    private static void CheckNeeds(RunbookRun run, RunbookStep step)
    {
        if (step.File.Needs.Where(id => !run[id].IsSettled).ToList() is [_, ..] missing)
        {
            throw new ControlException("step-needs", ExitCode.Refused, $"The step '{step.Id}' comes after {string.Join(", ", missing)}.", $"agijobs runbook status {run.Id} says what is next.");
        }
    }

    private string LeaseOf(string run, string step) => $"{RunbookRun.StreamOf(network, run)}/{step}";

    private static string Holder(RunbookActor? actor) => string.Create(CultureInfo.InvariantCulture, $"{actor?.Name ?? "somebody"}, process {Environment.ProcessId}");

    private string Filled(RunbookRun run, RunbookStep step, string text, RunbookActor? actor)
    {
        CheckInputs(run, step, RunbookLine.PlaceholdersOf(text), actor);
        return RunbookLine.Fill(text, name => run.Value(name, actor?.Signer, ground.AddressOf));
    }

    private void CheckInputs(RunbookRun run, RunbookStep step, IReadOnlyList<string> names, RunbookActor? actor)
    {
        foreach (var name in names.Where(name => string.IsNullOrEmpty(run.Value(name, actor?.Signer, ground.AddressOf))))
        {
            var input = run.Runbook.Input(name)!;
            throw input.From is RunbookRules.FromPerson
                ? new ControlException("signer-needed", ExitCode.BadInput, $"Who does the step '{step.Id}' must be said.", "Give --signer NAME.")
                : new ControlException("input-missing", ExitCode.BadInput, $"The step '{step.Id}' takes '{name}': {input.What}", $"Give it: --input {name}=VALUE");
        }
    }

    // Begun is committed before it is begun; who may do it is decided on the version that is appended to.
    private async Task<RunbookRun> CarryOutAsync(string id, RunbookStep step, RunbookLine line, string what, RunbookActor? actor, IncidentSight? sight, CancellationToken cancellation)
    {
        var sends = step.Sends && what == "do";
        IReadOnlyList<string> words = [];
        long version = 0;
        var (word, promised, unsigned) = what == "do" && actor is not null ? await PromiseAsync(id, step, line, actor, sends, cancellation).ConfigureAwait(false) : default;
        _ = await AppendAsync(
            id,
            run =>
            {
                CheckOpen(run);
                string? breach = null;
                try
                {
                    CheckNeeds(run, step);
                    if (what == "do" && step.Kind == StepKind.Command && RunbookDuties.Refusal(run, step, actor!, sight) is { } refusal)
                    {
                        throw refusal;
                    }
                }
                catch (ControlException refused) when (step.IsEmergency && refused.Exit == ExitCode.Refused)
                {
                    // Nothing stands in the way of a pause; it is told afterwards.
                    breach = what == "do" ? $"{refused.Message} [{refused.Code}]" : null;
                }

                CheckInputs(run, step, line.Placeholders, actor);
                version = run.Version + 1;
                words = [.. line.Fill(name => run.Value(name, actor?.Signer, ground.AddressOf)), .. sends ? (string[])["--execute"] : []];
                if (word is not null && !words.SequenceEqual(promised!, StringComparer.Ordinal))
                {
                    throw new ControlException("run-changed", ExitCode.Refused, $"An input of the step '{step.Id}' was changed while {actor!.Name} signed for it.", "Run the command again.");
                }

                return [new CommandBegun { Step = step.Id, Words = words, What = what, Sends = sends, By = actor?.Name, Signed = word, Breach = breach ?? unsigned }];
            },
            cancellation).ConfigureAwait(false);
        var outcome = await ground.RunAsync(words, cancellation).ConfigureAwait(false);
        var json = outcome.Json();
        var (meaning, seen) = Judge(step, what, outcome, json);
        var ended = new CommandEnded
        {
            Step = step.Id,
            Begun = version,
            Exit = outcome.Exit,
            Outcome = meaning,
            Seen = seen,
            Output = new Bytes32(SHA256.HashData(Encoding.UTF8.GetBytes(outcome.Output))),
            Change = Text(json, "change"),
            Transactions = JsonPlace.Values(json, "transactions[*].hash"),
        };
        var taken = meaning is "done" or "attention" && what == "do" ? (step.File.Command?.Take ?? new Dictionary<string, string>(StringComparer.Ordinal)).Select(entry => (entry.Key, Value: JsonPlace.Values(json, entry.Value) is [var first, ..] ? first : null)).ToList() : [];

        // What became of it is recorded also when nobody waits any more.
        return await AppendAsync(id, _ => [ended, .. taken.Where(entry => entry.Value is not null).Select(entry => new InputGiven { Name = entry.Key, Value = entry.Value! })], CancellationToken.None).ConfigureAwait(false);
    }

    // A command that does not itself use the person's key is signed for, so that nobody runs it in another's name. Where an emergency is under way nothing waits for a key: that nobody signed is a finding.
    private async Task<(RunbookSignature? Word, IReadOnlyList<string>? Words, string? Unsigned)> PromiseAsync(string id, RunbookStep step, RunbookLine line, RunbookActor actor, bool sends, CancellationToken cancellation)
    {
        var run = await ReadAsync(id, cancellation).ConfigureAwait(false);
        if (!run.Runbook.TakesWord(step))
        {
            return default;
        }

        CheckInputs(run, step, line.Placeholders, actor);
        IReadOnlyList<string> words = [.. line.Fill(name => run.Value(name, actor.Signer, ground.AddressOf)), .. sends ? (string[])["--execute"] : []];
        try
        {
            return (await SignAsync(actor, step.Duty, issued => RunbookStatement.OfCommand(network, chain, id, step.Id, words, issued, step.Duty), cancellation).ConfigureAwait(false), words, null);
        }
        catch (Exception problem) when (problem is ControlException or EthereumException && run.Runbook.Steps.Any(other => other.IsEmergency))
        {
            return (null, null, $"that {actor.Name} ran it is not proven: {problem.Message}");
        }
    }

    private static (string Outcome, string Seen) Judge(RunbookStep step, string what, RunbookOutcome outcome, JsonObject? json)
    {
        var seen = Seen(outcome, json);
        if (what == "preview")
        {
            return ("previewed", seen);
        }

        if ((what == "ask" ? step.File.Command!.Interrupted.Ask : step.File.Check) is { } check)
        {
            if (!(check.Answers ?? [0]).Contains(outcome.Exit))
            {
                return (what == "ask" ? "undecided" : "failed", seen);
            }

            var fault = check.Must.Select(condition => Fault(json, condition)).FirstOrDefault(fault => fault is not null);
            return fault is null ? ("done", seen) : (what == "ask" ? "not-done" : "failed", Cut($"{fault}; {seen}"));
        }

        return (step.Judge(outcome.Exit) switch { StepState.Done => "done", StepState.Attention => "attention", _ => "failed" }, seen);
    }

    private static string? Fault(JsonObject? json, RunbookConditionFile condition)
    {
        var values = JsonPlace.Values(json, condition.At);
        return values.Count == 0 ? $"nothing stands at {condition.At}"
            : condition.Any == true ? values.Contains(condition.Is, StringComparer.Ordinal) ? null : $"no {condition.At} is '{condition.Is}'"
            : values.FirstOrDefault(value => !string.Equals(value, condition.Is, StringComparison.Ordinal)) is { } other ? $"a {condition.At} is '{other}', not '{condition.Is}'"
            : null;
    }

    private static string Seen(RunbookOutcome outcome, JsonObject? json)
    {
        var said = json?["error"] is JsonObject error ? $"{Text(error, "code")}: {Text(error, "message")}"
            : Text(json, "summary") ?? Text(json, "end") ?? (Text(json, "change") is { } change ? $"change {change}" : json is null ? "it printed no document" : "");
        return Cut(string.Create(CultureInfo.InvariantCulture, $"exit {outcome.Exit}{(said.Length == 0 ? "" : $", {said}")}"));
    }

    private static string Cut(string text) => (text.Length <= MostSeen ? text : text[..(MostSeen - 3)] + "...").ReplaceLineEndings(" ");

    private static string? Text(JsonObject? json, string key) => json?[key] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private async Task HoldAsync(Lease lease, CancellationToken ends)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Held / 3, time, ends).ConfigureAwait(false);
                if (await store.RenewAsync(lease, Held, ends).ConfigureAwait(false) is null)
                {
                    return;
                }
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or StorageException)
        {
            // It is over, or the store does not answer: then the lease runs out, and what the command does is recorded when it ends.
        }
    }

    private async Task<RunbookRun> AppendAsync(string id, Func<RunbookRun, IReadOnlyList<RunbookEvent>> decide, CancellationToken cancellation)
    {
        while (true)
        {
            var run = await ReadAsync(id, cancellation).ConfigureAwait(false);
            var events = decide(run);
            if (events.Count == 0 || await TryAppendAsync(id, run.Version, [.. events.Select(happened => happened.Write())], cancellation).ConfigureAwait(false))
            {
                return events.Count == 0 ? run : await ReadAsync(id, cancellation).ConfigureAwait(false);
            }
        }
    }

    private async Task<bool> TryAppendAsync(string id, long version, IReadOnlyList<NewEvent> events, CancellationToken cancellation)
    {
        try
        {
            _ = await store.CommitAsync(new StateCommit { Events = [new StreamAppend(RunbookRun.StreamOf(network, id), version, events)] }, cancellation).ConfigureAwait(false);
            return true;
        }
        catch (StorageException problem) when (problem.Code == StorageException.StreamConflict)
        {
            return false;
        }
    }

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9-]{0,79}$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex IncidentName();
}
