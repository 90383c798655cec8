namespace AgiJobs.Hgm.Laws;

/// <summary>The thermostat's law in numbers. Names and defaults are those of the runbook's flags.</summary>
public sealed record ThermostatSettings
{
    /// <summary>The ROI that is aimed at.</summary>
    public decimal TargetRoi { get; init; } = 2.0m;

    /// <summary>How far below the target, as a share of it, the average may fall; the edge itself is inside.</summary>
    public decimal LowerMargin { get; init; } = 0.10m;

    /// <summary>How far above the target, as a share of it, the average may rise; the edge itself is inside.</summary>
    public decimal UpperMargin { get; init; } = 0.15m;

    /// <summary>Over how many samples the average is taken; nothing is done before there are as many.</summary>
    public int Window { get; init; } = 12;

    /// <summary>By how much α moves at a time.</summary>
    public decimal WideningStep { get; init; } = 0.05m;

    /// <summary>The least α.</summary>
    public decimal MinWideningAlpha { get; init; } = 0.25m;

    /// <summary>The greatest α. Above 1 it is accepted, and what is applied stops at 1 unless <see cref="AllowAlphaAboveOne"/>.</summary>
    public decimal MaxWideningAlpha { get; init; } = 1.5m;

    /// <summary>By how much the prior moves at a time.</summary>
    public decimal ThompsonStep { get; init; } = 0.10m;

    /// <summary>The least prior.</summary>
    public decimal MinThompsonPrior { get; init; } = 0.25m;

    /// <summary>The greatest prior.</summary>
    public decimal MaxThompsonPrior { get; init; } = 3.0m;

    /// <summary>How many samples after an adjustment are let pass.</summary>
    public int Cooldown { get; init; } = 4;

    /// <summary>
    /// Empties the window after an adjustment, so that the next one is decided on samples that were taken under the new parameters alone. Without it the samples of before go on counting,
    /// and one dip that is over is answered twice. Off, as the runbook's command has it.
    /// </summary>
    public bool ResetWindow { get; init; }

    /// <summary>Lets α rise above 1, where agents outgrow evaluations.</summary>
    public bool AllowAlphaAboveOne { get; init; }

    /// <summary>How old a sample may be when it arrives; nothing accepts any age.</summary>
    public TimeSpan? MaxAge { get; init; }

    /// <summary>The lower edge of the band.</summary>
    public decimal LowerEdge => TargetRoi * (1m - LowerMargin);

    /// <summary>The upper edge of the band.</summary>
    public decimal UpperEdge => TargetRoi * (1m + UpperMargin);

    /// <summary>These settings, if they make sense.</summary>
    /// <exception cref="HgmException"><c>bad-setting</c>, naming the first that is out of bounds.</exception>
    public ThermostatSettings Checked()
    {
        Require(TargetRoi is > 0m and <= 1_000_000m, nameof(TargetRoi), TargetRoi, "is above 0 and at most 1000000");
        Require(LowerMargin is > 0m and < 1m, nameof(LowerMargin), LowerMargin, "is between 0 and 1");
        Require(UpperMargin is > 0m and < 1m, nameof(UpperMargin), UpperMargin, "is between 0 and 1");
        Require(Window is >= 1 and <= 100_000, nameof(Window), Window, "is from 1 to 100000");
        Require(WideningStep > 0m && decimal.Round(WideningStep, 4) == WideningStep, nameof(WideningStep), WideningStep, "is above 0 with at most four decimal places");
        Require(MinWideningAlpha > 0m && decimal.Round(MinWideningAlpha, 4) == MinWideningAlpha, nameof(MinWideningAlpha), MinWideningAlpha, "is above 0 with at most four decimal places");
        Require(MaxWideningAlpha >= MinWideningAlpha && MaxWideningAlpha <= 10m && decimal.Round(MaxWideningAlpha, 4) == MaxWideningAlpha, nameof(MaxWideningAlpha), MaxWideningAlpha, "is from the least alpha to 10 with at most four decimal places");
        Require(ThompsonStep > 0m, nameof(ThompsonStep), ThompsonStep, "is above 0");
        Require(MinThompsonPrior > 0m, nameof(MinThompsonPrior), MinThompsonPrior, "is above 0");
        Require(MaxThompsonPrior >= MinThompsonPrior && MaxThompsonPrior <= 1000m, nameof(MaxThompsonPrior), MaxThompsonPrior, "is from the least prior to 1000");
        Require(Cooldown is >= 0 and <= 1_000_000, nameof(Cooldown), Cooldown, "is from 0 to 1000000");
        Require(MaxAge is not { } age || age > TimeSpan.Zero, nameof(MaxAge), 0m, "is above 0");
        return this;
    }

    private static void Require(bool holds, string name, decimal value, string rule)
    {
        if (!holds)
            throw new HgmException("bad-setting", $"{name} is {value}; it {rule}.", "Set it within its bounds.");
    }
}
