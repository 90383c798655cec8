using System.Globalization;
using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Runbooks;

/// <summary>What is shown of a run: for a terminal of a given size, and line by line. The last line is always the next thing to do. Text is plain; what is too long for a line is wrapped, never lost, but for the next line's own words.</summary>
/// <param name="run">The run.</param>
/// <param name="underWay">The steps that a living process works on, and who.</param>
/// <param name="now">The time.</param>
public sealed class RunbookScreen(RunbookRun run, IReadOnlyDictionary<string, string> underWay, DateTimeOffset now)
{
    /// <summary>What whoever looks may do; null leads through everything.</summary>
    public Func<RunbookStep, bool>? MayDo { get; init; }

    /// <summary>The name of the signer of whoever looks, so that the line to type has it; null when nobody said.</summary>
    public string? Signer { get; init; }

    /// <summary>What is known of the run's incident; null without one, and where nothing is known.</summary>
    public IncidentSight? Incident { get; init; }

    /// <summary>What is wrong with the run's incident, in words; null when nothing is.</summary>
    public string? IncidentFault { get; init; }

    /// <summary>Fills in placeholders for people.</summary>
    public Func<string, string?> Value { get; init; } = _ => null;

    /// <summary>The step that the next line is about; null when nothing is to be done.</summary>
    public StepStanding? Next => run.Next(MayDo);

    /// <summary>At most <paramref name="height"/> lines of at most <paramref name="width"/> characters; the last one says what is next.</summary>
    /// <param name="width">Characters, 40 at least.</param>
    /// <param name="height">Lines, 12 at least.</param>
    /// <param name="note">What has just happened, if anything.</param>
    public IReadOnlyList<string> Lines(int width, int height, string? note = null)
    {
        width = Math.Max(width, 40);
        height = Math.Max(height, 12);
        var rule = new string('-', width);
        List<string> head = [Fit($"{run.Runbook.Name}: {run.Runbook.File.Title}", $"{run.Begun.Network}, chain {run.Begun.ChainId}", width), Fit(State(), run.Severity.Name(), width), rule];
        var next = Next;
        var detail = next is null ? [] : Detail(next).Concat(IncidentFault is { } fault ? [$"  FINDING {fault}"] : []).SelectMany(line => Wrap(line, width)).ToList();
        List<string> said = note is null ? [] : [.. Wrap(note, width).Take(height < 20 ? 1 : 4)];
        var steps = run.Steps.Select(step => Cut(Row(step, ReferenceEquals(step.Step, next?.Step)), width)).ToList();

        // The steps get what the words about the next one leave, five lines at least.
        var room = height - head.Count - 2 - said.Count;
        var shown = Math.Min(steps.Count, Math.Max(Math.Min(5, room), room - detail.Count));
        if (detail.Count > room - shown)
        {
            detail = room == shown ? [] : [.. detail.Take(room - shown - 1), Cut($"  ... agijobs runbook status {run.Id} shows all", width)];
        }

        var at = next is null ? steps.Count - 1 : run.Steps.TakeWhile(step => !ReferenceEquals(step.Step, next.Step)).Count();
        var first = Math.Clamp(at - (shown / 2), 0, steps.Count - shown);
        return [.. head, .. steps.Skip(first).Take(shown), rule, .. detail, .. said, Cut(Prompt(width), width)];
    }

    /// <summary>Everything, without a limit; the last line is the command to type next.</summary>
    public IReadOnlyList<string> Plain()
    {
        var next = Next;
        return
        [
            $"network {run.Begun.Network}, chain {run.Begun.ChainId}: runbook {run.Runbook.Name}, run {run.Id}",
            $"  {run.Runbook.File.Title}: {run.Runbook.File.Purpose}",
            $"  {State()}, {run.Severity.Name()}",
            .. run.Steps.Select(step => Row(step, ReferenceEquals(step.Step, next?.Step)) + (step.IsSettled && step.Seen is { } seen ? $": {seen}" : "")),
            .. Faults.Select(finding => $"FINDING {finding}"),
            .. next is null ? [] : Detail(next),
            Command(),
        ];
    }

    /// <summary>The next thing to do as a line to type.</summary>
    public string Command()
    {
        if (run.Ended is { } ended)
        {
            return $"GIVEN UP by {ended.By}: {ended.Reason}";
        }

        if (Next is not { } next)
        {
            var after = Incident is null ? "" : $". NEXT: agijobs incident show {run.Begun.Incident}";
            return run.Late is [_, ..] late ? $"COMPLETE, {late.Count} of {run.Steps.Count} steps late: {string.Join(", ", late.Select(step => step.Step.Id))}{after}" : $"COMPLETE: all {run.Steps.Count} steps done or skipped, none late{after}";
        }

        var id = next.Step.Id;
        var who = $"--signer {(Signer is { } mine && MayDo?.Invoke(next.Step) == true ? mine : "NAME")}    ({Who(next.Step)}, {Due(next)})";
        return underWay.TryGetValue(id, out var holder) ? $"NEXT: wait, {id} is being done by {holder}: agijobs runbook status {run.Id}"
            : Missing(next) is [_, ..] inputs ? $"NEXT: agijobs runbook step {run.Id} {id}{string.Concat(inputs.Select(input => $" --input {input}=VALUE"))}{(next.Step.Sends ? " --execute" : "")} {who}"
            : next.State == StepState.Attention ? $"NEXT: agijobs runbook accept {run.Id} {id} --reason TEXT {who}"
            : next.Step.Kind switch
            {
                StepKind.Task => $"NEXT: agijobs runbook done {run.Id} {id} --note TEXT {who}",
                StepKind.Approval => $"NEXT: agijobs runbook approve {run.Id} {id} {who}",
                _ => $"NEXT: agijobs runbook step {run.Id} {id}{(next.Step.Sends ? " --execute" : "")} {who}",
            };
    }

    /// <summary>The next thing to do, with the keys that do it; what does not fit is left out from the least needed on, and never a key.</summary>
    /// <param name="width">Characters.</param>
    public string Prompt(int width = int.MaxValue)
    {
        if (!run.IsOpen || Next is not { } next)
        {
            return $"{Command()}  q leaves";
        }

        var id = next.Step.Id;
        var missing = Missing(next);
        var keys = underWay.ContainsKey(id) ? "wait, it is under way"
            : missing.Count > 0 ? missing.Count == 1 ? $"i {missing[0]}" : "i inputs"
            : next.State == StepState.Attention ? next.Step.Sends ? "a accept, x SEND again" : "a accept, r again"
            : next.Step.Kind switch
            {
                StepKind.Task => "d done",
                StepKind.Approval => "a sign",
                _ when next.Step.Sends => "x SEND, p preview",
                _ => "r run",
            };
        keys = $"{keys}{(missing.Count == 0 && Asked(next).Count > 0 ? ", i inputs" : "")}{(next.Step.File.MaySkip == true ? ", s skip" : "")}, q leave";
        string[] ways = [$"NEXT {id} ({Who(next.Step)}, {Due(next)}): {keys}", $"NEXT {id} ({Due(next)}): {keys}", $"NEXT {id}: {keys}"];
        return ways.FirstOrDefault(way => way.Length <= width) ?? ways[^1];
    }

    /// <summary>The inputs that people give to a step: those that are missing, and of one that failed all of them, since one may have been wrong.</summary>
    public IReadOnlyList<string> Asked(StepStanding step)
    {
        ArgumentNullException.ThrowIfNull(step);
        return step.State == StepState.Failed ? [.. step.Step.Takes.Where(name => run.Runbook.Input(name)!.From is RunbookRules.FromAsked)] : Missing(step);
    }

    /// <summary>The inputs that a step takes and that nobody has given.</summary>
    public IReadOnlyList<string> Missing(StepStanding step)
    {
        ArgumentNullException.ThrowIfNull(step);
        return [.. step.Step.Takes.Where(name => run.Runbook.Input(name)!.From is RunbookRules.FromAsked or RunbookRules.FromStep && string.IsNullOrEmpty(run.Given.GetValueOrDefault(name) ?? run.Runbook.Input(name)!.Default))];
    }

    /// <summary>How long until a deadline, in words: <c>due in 4m 12s</c>, <c>3m 0s OVERDUE</c>.</summary>
    public string Due(StepStanding step)
    {
        ArgumentNullException.ThrowIfNull(step);
        return run.DueAt(step.Step) is not { } due ? "no deadline"
            : step.IsSettled ? step.At > due ? $"{Span(step.At!.Value - due)} late" : "in time"
            : due < now ? $"{Span(now - due)} OVERDUE"
            : $"due in {Span(due - now)}";
    }

    private static string Span(TimeSpan span) => span.TotalDays >= 2 ? string.Create(CultureInfo.InvariantCulture, $"{(int)span.TotalDays}d {span.Hours}h")
        : span.TotalHours >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{(int)span.TotalHours}h {span.Minutes}m")
        : string.Create(CultureInfo.InvariantCulture, $"{span.Minutes}m {span.Seconds}s");

    // The person, where the incident names one: nobody has to look up whom to wake.
    private string Who(RunbookStep step) => Incident?.Roles.GetValueOrDefault(step.Duty) is { } person ? $"{step.Duty.Name()} {person}" : step.Duty.Name();

    private IEnumerable<string> Faults => IncidentFault is { } fault && run.IsOpen ? run.Findings.Prepend(fault) : run.Findings;

    private string State()
    {
        var overdue = run.OverdueAt(now).Count;
        return string.Create(CultureInfo.InvariantCulture, $"run {run.Id}, since {run.StartedAt:MM-dd HH:mm:ss} UTC, {run.Steps.Count(step => step.IsSettled)} of {run.Steps.Count} steps{(overdue > 0 ? $", {overdue} OVERDUE" : "")}{(Faults.Any() ? $", {Faults.Count()} FINDING" : "")}");
    }

    private string Row(StepStanding step, bool isNext)
    {
        var state = step.State == StepState.Begun ? underWay.ContainsKey(step.Step.Id) ? "runs" : "DIED" : step.State == StepState.Open && !run.IsReady(step) ? "waits" : RunbookDesk.Words(step.State);
        var when = step.IsSettled ? $"{step.By} {step.At:HH:mm:ss}{(run.DueAt(step.Step) < step.At ? ", late" : "")}" : $"{step.Step.Duty.Name()}, {Due(step)}";
        return $"{(isNext ? '>' : ' ')} {state,-7} {step.Step.Id,-20} {when}";
    }

    private IEnumerable<string> Detail(StepStanding next)
    {
        var step = next.Step;
        yield return Shown(step.File.Text);
        yield return $"  why   {Shown(step.File.Why)}";
        if (step.Line is { } line)
        {
            yield return $"  {(step.Kind == StepKind.Check ? "asks " : step.Sends ? "SENDS" : "runs ")} agijobs {RunbookLine.Show(line.Fill(Value))}{(step.Sends ? " --execute" : "")}";
        }

        if (step.File.Approval is { } approval)
        {
            yield return $"  signs \"{Shown(approval.Statement)}\"";
        }

        if (step.File.Task is { } task)
        {
            yield return $"  note  {task.WriteDown}";
        }

        foreach (var input in Missing(next))
        {
            yield return $"  asks  {input}: {run.Runbook.Input(input)!.What}";
        }

        if (next.State == StepState.Begun && !underWay.ContainsKey(step.Id))
        {
            yield return $"  The program died while it was under way: {(step.Repeats ? "it does nothing twice, run it again" : "whether it was done is asked first")}.";
        }

        if (next.Preview is { } preview)
        {
            yield return $"  preview: {preview.Seen}";
        }

        if (next.Seen is { } seen)
        {
            yield return $"  seen  {seen}";
        }

        if (next.State is StepState.Failed or StepState.Attention or StepState.Begun)
        {
            yield return $"  do    {Shown(step.File.IfItFails)}";
        }
    }

    private string Shown(string text) => RunbookLine.Fill(text, Value);

    private static string Fit(string left, string right, int width) => left.Length + right.Length + 2 > width ? Cut(left, width) : left + new string(' ', width - left.Length - right.Length) + right;

    private static string Cut(string line, int width) => line.Length <= width ? line : line[..(width - 3)] + "...";

    // At spaces where there are any; a word that is longer than the line, such as an address, goes on in the next.
    private static IEnumerable<string> Wrap(string line, int width)
    {
        var indent = line.StartsWith("  ", StringComparison.Ordinal) ? "        " : "";
        for (var rest = line; ;)
        {
            if (rest.Length <= width)
            {
                yield return rest;
                yield break;
            }

            var at = rest.LastIndexOf(' ', width);
            var cut = at > indent.Length ? at : width;
            yield return rest[..cut].TrimEnd();
            rest = indent + rest[cut..].TrimStart();
        }
    }
}
