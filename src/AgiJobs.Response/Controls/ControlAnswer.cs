using AgiJobs.Control;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Response.Controls;

/// <summary>Whether a control holds.</summary>
public enum ControlState
{
    /// <summary>It was seen to hold.</summary>
    Holds,

    /// <summary>It was seen not to hold.</summary>
    DoesNotHold,

    /// <summary>Whether it holds could not be seen. Never taken for holding.</summary>
    Unknown,
}

/// <summary>What was seen of a control.</summary>
/// <param name="State">Whether it holds.</param>
/// <param name="Evidence">What was seen, in lines for people.</param>
public sealed record ControlVerdict(ControlState State, IReadOnlyList<string> Evidence)
{
    /// <summary>It holds, or does not.</summary>
    public static ControlVerdict Of(bool holds, params IReadOnlyList<string> evidence) => new(holds ? ControlState.Holds : ControlState.DoesNotHold, evidence);

    /// <summary>Why it is unknown.</summary>
    public static ControlVerdict Unknown(string why) => new(ControlState.Unknown, [why]);
}

/// <summary>A control with what was seen of it.</summary>
/// <param name="Control">The control.</param>
/// <param name="Verdict">What was seen.</param>
/// <param name="Asked">What was asked: <c>agijobs duty list</c>, or the query with its limits.</param>
/// <param name="Digest">SHA-256 of the whole of what came back, in hex digits.</param>
public sealed record ControlAnswer(ControlEntry Control, ControlVerdict Verdict, string Asked, string Digest)
{
    /// <summary>The exit code of answers: 5 when one is unknown, else 3 when one does not hold, else 0.</summary>
    public static ExitCode ExitOf(IReadOnlyList<ControlAnswer> answers) =>
        answers.Any(answer => answer.Verdict.State == ControlState.Unknown) ? ExitCode.Unknown
        : answers.Any(answer => answer.Verdict.State == ControlState.DoesNotHold) ? ExitCode.Findings
        : ExitCode.Clean;

    /// <summary>What a command's exit code says of a control: 0 holds; 1 and 5 say nothing; what is found, refused, malformed or does not match does not hold.</summary>
    public static ControlState StateOf(int exit) => exit switch
    {
        (int)ExitCode.Clean => ControlState.Holds,
        (int)ExitCode.BadInput or (int)ExitCode.Findings or (int)ExitCode.Refused or (int)ExitCode.Mismatch => ControlState.DoesNotHold,
        _ => ControlState.Unknown,
    };
}
