using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Runbooks;

/// <summary>A runbook that was found to be sound.</summary>
public sealed class Runbook
{
    private readonly Dictionary<string, RunbookStep> _byId;

    private Runbook(RunbookFile file)
    {
        File = file;
        Severities = [.. file.Severities.Select(text => Findings.Severities.Parse(text)!.Value).Order()];
        Steps = [.. file.Steps.Select(Compile)];
        _byId = Steps.ToDictionary(step => step.Id, StringComparer.Ordinal);
        Digest = CanonicalJson.Digest(JsonFile.Encode(file, WorkspaceJson.Default.RunbookFile));
    }

    /// <summary>As the file has it.</summary>
    public RunbookFile File { get; }

    /// <summary>Its name.</summary>
    public string Name => File.Name;

    /// <summary>The severities that it is for, the worst first.</summary>
    public IReadOnlyList<Severity> Severities { get; }

    /// <summary>The steps in order.</summary>
    public IReadOnlyList<RunbookStep> Steps { get; }

    /// <summary>SHA-256 of its canonical JSON.</summary>
    public Bytes32 Digest { get; }

    /// <summary>True when it says something about an incident and so takes one.</summary>
    public bool TakesIncident => File.Inputs.Any(input => input.From is RunbookRules.FromIncident);

    /// <summary>A step; null when there is none of that name.</summary>
    public RunbookStep? Step(string id) => _byId.GetValueOrDefault(id);

    /// <summary>True for a step whose command does not itself use the key of the person who runs it, so that they sign that they run it.</summary>
    public bool TakesWord(RunbookStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        return step is { Kind: StepKind.Command, IsEmergency: false } && !step.Takes.Any(name => Input(name)?.From == RunbookRules.FromPerson);
    }

    /// <summary>An input; null when there is none of that name.</summary>
    public RunbookInputFile? Input(string name) => File.Inputs.FirstOrDefault(input => string.Equals(input.Name, name, StringComparison.Ordinal));

    /// <summary>Reads a runbook's file.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="commands">The commands there are.</param>
    /// <exception cref="ControlException"><c>file-missing</c>, <c>file-format</c>, <c>file-version</c>, <c>runbook-name</c>, <c>runbook-format</c> with every problem, each with place and mend.</exception>
    public static Runbook Read(string path, IRunbookCommands commands)
    {
        ArgumentNullException.ThrowIfNull(path);
        var file = JsonFile.Read(path, WorkspaceJson.Default.RunbookFile);
        return !string.Equals(file.Name, Path.GetFileNameWithoutExtension(path), StringComparison.Ordinal)
            ? throw new ControlException("runbook-name", ExitCode.BadInput, $"{path}, at $.name: it names itself '{file.Name}'.", $"A runbook's name is its file's: write \"{Path.GetFileNameWithoutExtension(path)}\", or rename the file.")
            : Of(file, path, commands);
    }

    /// <summary>Checks a runbook.</summary>
    /// <param name="file">What was read.</param>
    /// <param name="origin">Where it comes from, for problems.</param>
    /// <param name="commands">The commands there are.</param>
    /// <exception cref="ControlException"><c>file-version</c>, <c>runbook-format</c>.</exception>
    public static Runbook Of(RunbookFile file, string origin, IRunbookCommands commands)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(commands);
        return file.Version != 1 ? throw new ControlException("file-version", ExitCode.BadInput, $"{origin} has version {file.Version}; this program reads version 1.", "Use the program of the version that wrote it.")
            : RunbookRules.Check(file, commands).ToList() is [_, ..] problems ? throw new ControlException("runbook-format", ExitCode.BadInput, $"{origin} is no runbook to be led by:{string.Concat(problems.Select(problem => $"\n  {problem}"))}", "Correct the file; nothing was done.")
            : new Runbook(file);
    }

    /// <summary>A runbook that was checked before: what a run began with. No command is asked about, so that a run goes on after an upgrade.</summary>
    internal static Runbook Known(RunbookFile file) => new(file);

    /// <summary>Reads a time such as <c>90s</c>, <c>15m</c>, <c>48h</c>, <c>2d</c>; null when it is none.</summary>
    internal static TimeSpan? Duration(string text)
    {
        if (text.Length < 2 || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count is < 1 or > 100_000)
        {
            return null;
        }

        return text[^1] switch
        {
            's' => TimeSpan.FromSeconds(count),
            'm' => TimeSpan.FromMinutes(count),
            'h' => TimeSpan.FromHours(count),
            'd' => TimeSpan.FromDays(count),
            _ => null,
        };
    }

    private static RunbookStep Compile(RunbookStepFile step) => new(
        step,
        step.Command is not null ? StepKind.Command : step.Check is not null ? StepKind.Check : step.Approval is not null ? StepKind.Approval : StepKind.Task,
        (step.Command?.Line ?? step.Check?.Line) is { } line ? RunbookLine.Parse(line) : null,
        step.Within is { } within ? Duration(within) : null,
        (step.WithinAt ?? new Dictionary<string, string>(StringComparer.Ordinal)).ToDictionary(entry => Findings.Severities.Parse(entry.Key)!.Value, entry => Duration(entry.Value)!.Value));
}
