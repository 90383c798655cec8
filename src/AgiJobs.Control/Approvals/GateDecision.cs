using AgiJobs.Ethereum;

namespace AgiJobs.Control.Approvals;

/// <summary>One reason why a change is held back.</summary>
/// <param name="Code">A stable identifier.</param>
/// <param name="Why">In words.</param>
/// <param name="Command">The command that mends it; null when there is none.</param>
public sealed record GateRefusal(string Code, string Why, string? Command);

/// <summary>One point of the gate and how it stands.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Holds">True when it holds, by the program or by signatures.</param>
/// <param name="Detail">How, or why not.</param>
public sealed record GatePointStanding(string Name, bool Holds, string Detail);

/// <summary>Whether a change may be sent, and everything that leads to the answer.</summary>
/// <param name="IsManaged">False when the network has no policy, and the chain's own authority is the only gate.</param>
/// <param name="Nature">What the change does.</param>
/// <param name="Tally">Who has consented and who is missing; null when approvals are not managed.</param>
/// <param name="Points">The points of the gate: those of a resume, then those of every change but a pause.</param>
/// <param name="Refusals">Every reason why it is held back; none when it may be sent.</param>
/// <param name="Findings">What the reader must know besides.</param>
/// <param name="Standing">The standing approval that covers it in place of approvals; null when none does or none is needed.</param>
public sealed record GateDecision(
    bool IsManaged,
    ChangeNature Nature,
    Tally? Tally,
    IReadOnlyList<GatePointStanding> Points,
    IReadOnlyList<GateRefusal> Refusals,
    IReadOnlyList<string> Findings,
    StandingEntry? Standing)
{
    /// <summary>What every output says where approvals are not managed.</summary>
    public const string NotManaged = "approvals are not managed on this network: there is no policy.json, and the chain's own authority is the only gate";

    /// <summary>True when it may be sent.</summary>
    public bool IsOpen => Refusals.Count == 0;

    /// <summary>True when people's consent, or a standing approval in its place, is complete; signatures of a Safe are another matter.</summary>
    public bool IsApproved => IsManaged && (Standing is not null || Tally is { IsComplete: true });

    /// <summary>The refusal as an error with all reasons and commands.</summary>
    public ControlException ToException(string change, Address? sender) => new(
        Refusals[0].Code,
        ExitCode.Refused,
        Refusals is [var only]
            ? $"The change {change} is held back: {only.Why}."
            : $"The change {change} is held back for {Refusals.Count} reasons: {string.Join("; ", Refusals.Select((refusal, index) => $"({index + 1}) {refusal.Why}"))}.",
        string.Join("\n  ", Refusals.Where(refusal => refusal.Command is not null).Select(refusal => refusal.Command).Distinct(StringComparer.Ordinal).DefaultIfEmpty($"Nothing was sent{(sender is { } from ? $" by {from}" : "")}.")));
}
