using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Slashing;

/// <summary>Something that speaks for a finding, by a digest that anybody can check.</summary>
/// <param name="What">What it is: <c>task</c>, <c>answer</c>, <c>vote</c>, <c>content</c>, <c>decision</c>, <c>transaction</c>.</param>
/// <param name="Digest">SHA-256 of its bytes; of a vote the vote itself; of a transaction its hash.</param>
/// <param name="Detail">What it shows, in words.</param>
public sealed record SlashEvidence(string What, Bytes32 Digest, string Detail);

/// <summary>Misconduct of a validator in a round that was proven. The contract punishes each reason once for each validator and round.</summary>
/// <param name="Round">The round.</param>
/// <param name="Validator">Who.</param>
/// <param name="Reason">What goes on the chain: one of <see cref="Contradiction"/>, <see cref="NoReveal"/>, or <c>moderation:RULE</c>.</param>
/// <param name="Evidence">What proves it, in a stable order.</param>
public sealed record SlashFinding(long Round, Address Validator, string Reason, IReadOnlyList<SlashEvidence> Evidence)
{
    /// <summary>The revealed vote is not what checking the answers proves.</summary>
    public const string Contradiction = "auto-slash:contradiction";

    /// <summary>A committed vote was not revealed, or none was committed. The contract itself takes the stake when it counts.</summary>
    public const string NoReveal = "auto-slash:non-reveal";

    /// <summary>The transaction by which the contract has slashed it already; null when it is still to be reported.</summary>
    public Bytes32? Executed { get; init; }

    /// <summary>How much the contract took; null when it is still to be reported.</summary>
    public Wei? Taken { get; init; }

    /// <summary><c>ROUND-VALIDATOR-REASON</c>: its identity.</summary>
    public string Key => KeyOf(Round, Validator, Reason);

    /// <summary>The identity of what was found.</summary>
    public static string KeyOf(long round, Address validator, string reason) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{round}-{validator}-{reason}");
}
