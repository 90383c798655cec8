using AgiJobs.Ethereum;

namespace AgiJobs.Control;

/// <summary>What every command of <c>agijobs</c> ends with.</summary>
public enum ExitCode
{
    /// <summary>Done, or a preview that would change nothing.</summary>
    Clean = 0,

    /// <summary>Tried and failed.</summary>
    Failed = 1,

    /// <summary>The input was wrong; nothing was done.</summary>
    BadInput = 2,

    /// <summary>Findings, drift, or a preview that would change something.</summary>
    Findings = 3,

    /// <summary>Refused by policy or for want of authority.</summary>
    Refused = 4,

    /// <summary>Unknown: the chain could not be read.</summary>
    Unknown = 5,

    /// <summary>What was found after execution is not what was expected.</summary>
    Mismatch = 6,
}

/// <summary>
/// A command that cannot go on. <see cref="Exception.Message"/> names the value and the rule, <see cref="Mend"/> says what to do;
/// <see cref="Code"/> is stable.
/// </summary>
public sealed class ControlException(string code, ExitCode exit, string message, string? mend = null, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>A stable identifier in kebab case, such as <c>network-unknown</c>.</summary>
    public string Code { get; } = code;

    /// <summary>The exit code that the command ends with.</summary>
    public ExitCode Exit { get; } = exit;

    /// <summary>What the reader can do about it; null when the message says it all.</summary>
    public string? Mend { get; } = mend;

    /// <summary>The exit code for a failure of chain access.</summary>
    public static ExitCode ExitOf(Fault fault) => fault switch
    {
        Fault.BadInput => ExitCode.BadInput,
        Fault.Unknown => ExitCode.Unknown,
        Fault.Refused => ExitCode.Refused,
        Fault.Mismatch => ExitCode.Mismatch,
        _ => ExitCode.Failed,
    };
}
