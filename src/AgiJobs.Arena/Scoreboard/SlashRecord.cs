using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Scoreboard;

/// <summary>A slash that the chain executed.</summary>
/// <param name="Id">What tells it from others, such as <c>TRANSACTION/LOGINDEX</c>; one that comes twice counts once.</param>
/// <param name="At">The time of its block.</param>
/// <param name="Agent">Who was slashed.</param>
/// <param name="Reason">Why, such as <c>moderation:block</c> or <c>auto-slash:no-reveal</c>.</param>
/// <param name="Amount">How much, with its unit; null when it is not known.</param>
/// <param name="Round">The round that it belongs to; null when to none.</param>
public sealed record SlashRecord(string Id, DateTimeOffset At, Address Agent, string Reason, string? Amount = null, long? Round = null);

/// <summary>An appeal that was upheld: the slash counts no more, and both stay in the notes.</summary>
/// <param name="Slash">The slash.</param>
/// <param name="At">The time of the block that reversed it.</param>
/// <param name="Reason">Why.</param>
public sealed record SlashReversal(string Slash, DateTimeOffset At, string Reason);
