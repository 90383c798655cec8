using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Runbooks;

/// <summary>What a step is.</summary>
public enum StepKind
{
    /// <summary>A command of this program.</summary>
    Command,

    /// <summary>A question whose answer must be so.</summary>
    Check,

    /// <summary>A statement that is signed.</summary>
    Approval,

    /// <summary>Something that people do.</summary>
    Task,
}

/// <summary>A step of a runbook that was found to be sound.</summary>
/// <param name="File">As the file has it.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Line">The line of a command or a check; null for others.</param>
/// <param name="Within">Its deadline from the start; null without one.</param>
/// <param name="WithinAt">Deadlines at a severity.</param>
public sealed record RunbookStep(RunbookStepFile File, StepKind Kind, RunbookLine? Line, TimeSpan? Within, IReadOnlyDictionary<Severity, TimeSpan> WithinAt)
{
    /// <summary>Its name.</summary>
    public string Id => File.Id;

    /// <summary>Who does it.</summary>
    public Duty Duty => File.Duty;

    /// <summary>True when it is done only by sending.</summary>
    public bool Sends => File.Command?.Send == true;

    /// <summary>True for an emergency pause.</summary>
    public bool IsEmergency => File.Command?.Emergency == true;

    /// <summary>True when it may be run again whatever became of it before.</summary>
    public bool Repeats => Kind == StepKind.Check || File.Command?.Interrupted.Repeat == true;

    /// <summary>The deadline at a severity; null without one.</summary>
    public TimeSpan? DeadlineAt(Severity severity) => WithinAt.TryGetValue(severity, out var own) ? own : Within;

    /// <summary>The inputs that its line or statement takes.</summary>
    public IReadOnlyList<string> Takes => Line?.Placeholders ?? (File.Approval is { } approval ? RunbookLine.PlaceholdersOf(approval.Statement) : []);

    /// <summary>What an exit code of its command or check means.</summary>
    public StepState Judge(int exit) => File.Check is { } check ? (check.Answers ?? [0]).Contains(exit) ? StepState.Done : StepState.Failed
        : (File.Command!.Done ?? [0]).Contains(exit) ? StepState.Done
        : (File.Command.Attention ?? []).Contains(exit) ? StepState.Attention
        : StepState.Failed;
}

/// <summary>How a step stands.</summary>
public enum StepState
{
    /// <summary>It is to be done.</summary>
    Open,

    /// <summary>Its command was begun and has not ended, or the program died meanwhile.</summary>
    Begun,

    /// <summary>Its command ended with something that somebody must look at and decide.</summary>
    Attention,

    /// <summary>It was tried and is not done.</summary>
    Failed,

    /// <summary>It is done.</summary>
    Done,

    /// <summary>It was skipped, with a reason.</summary>
    Skipped,
}
