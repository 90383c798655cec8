namespace AgiJobs.Arena.Difficulty;

/// <summary>What is believed of a success rate: a Beta distribution. Decimal arithmetic, so that every machine believes the same.</summary>
/// <param name="Alpha">Successes, those of the prior included.</param>
/// <param name="Beta">Failures, those of the prior included.</param>
public readonly record struct SuccessPosterior(decimal Alpha, decimal Beta)
{
    /// <summary>The belief before anything was seen: that a rate is met, with the weight of some trials.</summary>
    public static SuccessPosterior Prior(int targetBps, int trials) => new(trials * targetBps / 10_000m, trials * (10_000 - targetBps) / 10_000m);

    /// <summary>The belief after some trials.</summary>
    public SuccessPosterior After(long successes, long trials) => new(Alpha + successes, Beta + (trials - successes));

    /// <summary>The expected rate.</summary>
    public decimal Mean => Alpha / (Alpha + Beta);

    /// <summary>Its variance.</summary>
    public decimal Variance => Alpha * Beta / ((Alpha + Beta) * (Alpha + Beta) * (Alpha + Beta + 1));
}
