using System.Text.Json.Serialization;

namespace AgiJobs.Control.Workspaces;

/// <summary>
/// A runbook: what people do, step by step, when something has happened: <c>config/runbooks/NAME.json</c> of the workspace, else the one of that name that ships. What its values mean and which ones cannot be is told by
/// <c>AgiJobs.Response.Runbooks</c>, which reads it.
/// </summary>
public sealed record RunbookFile
{
    /// <summary>The JSON Schema that an editor holds the file against; nothing is read from it.</summary>
    [JsonPropertyName("$schema")]
    public string? Schema { get; init; }

    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>Its name, that of the file.</summary>
    public required string Name { get; init; }

    /// <summary>Its title.</summary>
    public required string Title { get; init; }

    /// <summary>What it achieves, in one sentence.</summary>
    public required string Purpose { get; init; }

    /// <summary>Where it comes from: the document and section that it follows; nothing is read from it.</summary>
    public string? Source { get; init; }

    /// <summary>The severities that it is for: SEV-0 to SEV-3.</summary>
    public required IReadOnlyList<string> Severities { get; init; }

    /// <summary>What its lines take besides what is in the file; none when absent.</summary>
    public IReadOnlyList<RunbookInputFile> Inputs { get => field ?? []; init; }

    /// <summary>The steps, in the order in which people are led through them.</summary>
    public required IReadOnlyList<RunbookStepFile> Steps { get; init; }
}

/// <summary>Something that lines and texts of a runbook name as <c>{NAME}</c>.</summary>
public sealed record RunbookInputFile
{
    /// <summary>The name.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// Where it comes from: <c>incident</c>, <c>severity</c>, <c>run</c>, <c>person</c> (the signer of whoever does the step), <c>manifest</c> (the address of a module), <c>asked</c> (of people, when it is first needed), <c>step</c> (taken
    /// from what a command said).
    /// </summary>
    public required string From { get; init; }

    /// <summary>What it is, in words for whoever is asked.</summary>
    public required string What { get; init; }

    /// <summary>The module whose address it is; only with <c>manifest</c>.</summary>
    public string? Module { get; init; }

    /// <summary>What counts when nobody says otherwise; only with <c>asked</c>.</summary>
    public string? Default { get; init; }
}

/// <summary>A step: exactly one of command, check, approval and task.</summary>
public sealed record RunbookStepFile
{
    /// <summary>Its name in the runbook: lower-case letters, digits and '-'.</summary>
    public required string Id { get; init; }

    /// <summary>What is done, in plain words.</summary>
    public required string Text { get; init; }

    /// <summary>Why.</summary>
    public required string Why { get; init; }

    /// <summary>Who does it.</summary>
    public required Duty Duty { get; init; }

    /// <summary>By when, from the start of the run: <c>90s</c>, <c>15m</c>, <c>48h</c>, <c>2d</c>; no deadline when absent.</summary>
    public string? Within { get; init; }

    /// <summary>By when at a severity, in the place of <see cref="Within"/>.</summary>
    public IReadOnlyDictionary<string, string>? WithinAt { get; init; }

    /// <summary>What to do when it fails.</summary>
    public required string IfItFails { get; init; }

    /// <summary>True when it may be skipped, with a reason; false when absent.</summary>
    public bool? MaySkip { get; init; }

    /// <summary>The steps that must be done or skipped before; none when absent.</summary>
    public IReadOnlyList<string> Needs { get => field ?? []; init; }

    /// <summary>Steps whose doer may not do this one; none when absent.</summary>
    public IReadOnlyList<string> OtherThan { get => field ?? []; init; }

    /// <summary>A command of this program.</summary>
    public RunbookCommandFile? Command { get; init; }

    /// <summary>A question to this program whose answer must be so.</summary>
    public RunbookCheckFile? Check { get; init; }

    /// <summary>A statement that somebody with the duty signs.</summary>
    public RunbookApprovalFile? Approval { get; init; }

    /// <summary>Something that people do elsewhere.</summary>
    public RunbookTaskFile? Task { get; init; }
}

/// <summary>A command line of this program.</summary>
public sealed record RunbookCommandFile
{
    /// <summary>The line behind <c>agijobs</c>, without --execute, --network, --workspace and --json, which are added.</summary>
    public required string Line { get; init; }

    /// <summary>True when the step is done only by sending: with --execute, at a key of its own. False when absent.</summary>
    public bool? Send { get; init; }

    /// <summary>The exit codes that mean done; 0 when absent.</summary>
    public IReadOnlyList<int>? Done { get; init; }

    /// <summary>The exit codes after which somebody has to look and decide; none when absent. All others mean failed.</summary>
    public IReadOnlyList<int>? Attention { get; init; }

    /// <summary>What is done when the program died while it was under way.</summary>
    public required RunbookInterruptedFile Interrupted { get; init; }

    /// <summary>What is taken from its JSON: the input's name and the place, such as <c>change</c>.</summary>
    public IReadOnlyDictionary<string, string>? Take { get; init; }

    /// <summary>True for an emergency pause: nobody's duty stands in its way; what is wrong about who did it is told afterwards. False when absent.</summary>
    public bool? Emergency { get; init; }
}

/// <summary>How a command that was under way when the program died goes on: exactly one of the two.</summary>
public sealed record RunbookInterruptedFile
{
    /// <summary>True: it is run again, for it does nothing twice.</summary>
    public bool? Repeat { get; init; }

    /// <summary>A question that says whether it was done.</summary>
    public RunbookCheckFile? Ask { get; init; }
}

/// <summary>A question to this program.</summary>
public sealed record RunbookCheckFile
{
    /// <summary>The line behind <c>agijobs</c>; one that sends nothing.</summary>
    public required string Line { get; init; }

    /// <summary>The exit codes with which it answers; 0 when absent. With another one the answer is not known.</summary>
    public IReadOnlyList<int>? Answers { get; init; }

    /// <summary>What must be so in its JSON; nothing besides the exit code when absent.</summary>
    public IReadOnlyList<RunbookConditionFile> Must { get => field ?? []; init; }
}

/// <summary>A condition on a JSON document.</summary>
public sealed record RunbookConditionFile
{
    /// <summary>The place: keys separated by '.', <c>[*]</c> for every item: <c>modules[*].state</c>.</summary>
    public required string At { get; init; }

    /// <summary>What every value there must be; there must be one at least.</summary>
    public required string Is { get; init; }

    /// <summary>True when one value that is so is enough; false when absent.</summary>
    public bool? Any { get; init; }
}

/// <summary>A statement that is signed.</summary>
public sealed record RunbookApprovalFile
{
    /// <summary>What is signed.</summary>
    public required string Statement { get; init; }
}

/// <summary>Something that people do.</summary>
public sealed record RunbookTaskFile
{
    /// <summary>What they write down about it when it is done.</summary>
    public required string WriteDown { get; init; }
}
