using AgiJobs.Control.Evidence.Witnesses;

namespace AgiJobs.Control.Evidence.Log;

/// <summary>What verifying a log came to.</summary>
/// <param name="Log">The log.</param>
/// <param name="Note">Its newest checkpoint, when there is a readable one.</param>
/// <param name="Checkpoint">What it says.</param>
/// <param name="Pending">Entries that are not yet under a checkpoint.</param>
/// <param name="Witnesses">The owners' signatures that hold.</param>
/// <param name="Anchors">What the result rests on besides the folder itself; empty when nothing vouches for it.</param>
/// <param name="Findings">What is to be looked at.</param>
public sealed record LogReport(
    LogFolder Log,
    SignedNote? Note,
    Checkpoint? Checkpoint,
    long Pending,
    IReadOnlyList<CheckpointSignature> Witnesses,
    IReadOnlyList<string> Anchors,
    IReadOnlyList<AuditFinding> Findings)
{
    /// <summary>0 when all holds, 6 when something does not match, 5 when something could not be read, 3 for other findings.</summary>
    public ExitCode Exit => ExitOf(Findings);

    /// <summary>The exit code of findings: the worst of them.</summary>
    public static ExitCode ExitOf(IReadOnlyCollection<AuditFinding> findings) =>
        findings.Count == 0 ? ExitCode.Clean
        : findings.Any(finding => finding.Exit == ExitCode.Mismatch) ? ExitCode.Mismatch
        : findings.Any(finding => finding.Exit == ExitCode.Unknown) ? ExitCode.Unknown
        : ExitCode.Findings;
}
