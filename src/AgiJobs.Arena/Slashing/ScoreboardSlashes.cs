using AgiJobs.Arena.Rounds;
using AgiJobs.Arena.Scoreboard;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Slashing;

/// <summary>Slashes as the scoreboard takes them: from the chain alone, so that a replay gives the same.</summary>
public static class ScoreboardSlashes
{
    /// <summary>What tells a slash from others: the contract punishes a reason once for each validator and round, and a transaction is in one round.</summary>
    public static string IdOf(Bytes32 transaction, Address validator, string reason) => $"{transaction}/{validator}/{reason}";

    /// <summary>The slashes of a round: reported misconduct, and stake that silence cost when it was counted.</summary>
    /// <param name="round">The round as the chain tells it.</param>
    /// <param name="timeOf">The time of a block.</param>
    public static IReadOnlyList<SlashRecord> Of(RoundChronicle round, Func<BlockNumber, DateTimeOffset> timeOf)
    {
        ArgumentNullException.ThrowIfNull(round);
        ArgumentNullException.ThrowIfNull(timeOf);
        return
        [
            .. round.Slashes.Select(slash => new SlashRecord(IdOf(slash.Transaction, slash.Validator, slash.Reason), timeOf(slash.Block), slash.Validator, slash.Reason, $"{slash.Amount.ToEther()} AGIALPHA", round.Id)),
            .. round.EndedBy is not { } end ? [] : round.Committee.Where(validator => validator.Silence > Wei.Zero)
                .Select(validator => new SlashRecord(IdOf(end, validator.Account, SlashFinding.NoReveal), timeOf(round.EndedIn!.Value), validator.Account, SlashFinding.NoReveal, $"{validator.Silence.ToEther()} AGIALPHA", round.Id)),
        ];
    }

    /// <summary>The reversals among cases.</summary>
    public static IReadOnlyList<SlashReversal> Reversals(IEnumerable<SlashCase> cases) =>
        [.. cases.Where(slash => slash is { State: SlashState.Reversed, ScoreboardId: not null }).Select(slash => new SlashReversal(slash.ScoreboardId!, slash.History[^1].At, slash.History[^1].Detail ?? "an appeal was upheld"))];
}
