using System.Globalization;
using AgiJobs.Hgm;
using AgiJobs.Hgm.Simulation;
using AgiJobs.Steering.Guardrails;

namespace AgiJobs.Steering.Utility;

/// <summary>How a recorded round ended.</summary>
/// <param name="Id">Its number.</param>
/// <param name="EndedAt">When.</param>
/// <param name="Failure">Why it came to nothing; null when it was judged.</param>
/// <param name="Took">From its plan to its end; null when another orchestrator ran it.</param>
public sealed record RoundOutcome(long Id, DateTimeOffset EndedAt, string? Failure, TimeSpan? Took);

/// <summary>The newest rounds of the arena against those before them.</summary>
public sealed record RoundReading
{
    /// <summary>Fewer rounds than this say nothing.</summary>
    public const int LeastRounds = 10;

    private RoundReading()
    {
    }

    /// <summary>How many rounds are looked at, and how many before them.</summary>
    public required int Rounds { get; init; }

    /// <summary>How many rounds there are before those, at most as many.</summary>
    public required int Before { get; init; }

    /// <summary>Of the newest rounds those that were judged.</summary>
    public required int Judged { get; init; }

    /// <summary>Seconds that the newest rounds took.</summary>
    public required Estimate Seconds { get; init; }

    /// <summary>Seconds that those before took.</summary>
    public required Estimate SecondsBefore { get; init; }

    /// <summary>When the newest round ended; null without a round.</summary>
    public required DateTimeOffset? NewestAt { get; init; }

    /// <summary>The share of rounds that were judged; null with too few rounds.</summary>
    public decimal? Reliability => Rounds < LeastRounds ? null : Judged / (decimal)Rounds;

    /// <summary>The change of the mean time as a share of what it was; null with too few rounds.</summary>
    public double? LatencyDelta => Seconds.Count < LeastRounds || SecondsBefore.Count < LeastRounds || SecondsBefore.Mean <= 0 ? null : (Seconds.Mean - SecondsBefore.Mean) / SecondsBefore.Mean;

    /// <summary>Reads the newest rounds.</summary>
    /// <param name="rounds">All recorded rounds, in any order.</param>
    /// <param name="window">How many are the newest.</param>
    /// <exception cref="HgmException"><c>rounds-range</c>.</exception>
    public static RoundReading Of(IEnumerable<RoundOutcome> rounds, int window)
    {
        if (window is < LeastRounds or > 100_000)
        {
            throw new HgmException("rounds-range", $"{window} rounds are not from {LeastRounds} to 100000.", $"Take {LeastRounds} at least: fewer say nothing.");
        }

        var ordered = rounds.OrderByDescending(round => round.Id).ToList();
        var (newest, before) = (ordered.Take(window).ToList(), ordered.Skip(window).Take(window).ToList());
        return new RoundReading
        {
            Rounds = newest.Count,
            Before = before.Count,
            Judged = newest.Count(round => round.Failure is null),
            Seconds = Took(newest),
            SecondsBefore = Took(before),
            NewestAt = newest.Count == 0 ? null : newest.Max(round => round.EndedAt),
        };
    }

    /// <summary>How the rounds stand to the demands of the benchmark. A time that is longer by less than <see cref="GuardrailVerdicts.Margin"/> standard errors above the demand is unknown, not missed.</summary>
    public IReadOnlyList<Guardrail> GuardrailsOf()
    {
        bool? isFast = LatencyDelta is not { } delta ? null : delta <= (double)MicroSet.MostLatencyDelta ? true : IsClear(delta) ? false : null;
        return
        [
            new Guardrail(
                "reliability",
                Guardrail.Of(Reliability is { } share ? share >= MicroSet.LeastReliability : null),
                Reliability is null ? string.Create(CultureInfo.InvariantCulture, $"unknown: {Rounds} rounds are recorded") : string.Create(CultureInfo.InvariantCulture, $"{Judged} of the newest {Rounds} rounds were judged"),
                string.Create(CultureInfo.InvariantCulture, $"at least {MicroSet.LeastReliability:0.00} of at least {LeastRounds} rounds"),
                Reliability is null ? "Let more rounds be played: agijobs arena status" : "Find why rounds come to nothing: agijobs arena status, then agijobs arena round N"),
            new Guardrail(
                "round-latency",
                Guardrail.Of(isFast),
                LatencyDelta is { } change
                    ? string.Create(CultureInfo.InvariantCulture, $"{100 * change:+0.0;-0.0;0.0} %: {Seconds.Mean:0.0} s a round, {SecondsBefore.Mean:0.0} s in the {Before} before")
                    : string.Create(CultureInfo.InvariantCulture, $"unknown: the times of {Seconds.Count} rounds and of {SecondsBefore.Count} before them are recorded"),
                string.Create(CultureInfo.InvariantCulture, $"at most {Guardrail.Percent(MicroSet.MostLatencyDelta)}, of at least {LeastRounds} rounds each"),
                LatencyDelta is null ? "Let more rounds be played." : "Look where rounds spend their time: agijobs arena round N"),
        ];
    }

    private bool IsClear(double delta)
    {
        var error = Math.Sqrt(Seconds.Error * Seconds.Error + SecondsBefore.Error * SecondsBefore.Error) / SecondsBefore.Mean;
        return delta - (double)MicroSet.MostLatencyDelta >= GuardrailVerdicts.Margin * error;
    }

    private static Estimate Took(IEnumerable<RoundOutcome> rounds) => Estimate.Of(rounds.Where(round => round.Failure is null && round.Took is not null).Select(round => round.Took!.Value.TotalSeconds));
}
