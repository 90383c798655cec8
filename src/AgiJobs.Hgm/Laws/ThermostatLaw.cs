namespace AgiJobs.Hgm.Laws;

/// <summary>
/// The thermostat's control law: a pure function of settings, state and sample. The average of a full window below the band raises α and the prior by a step (explore more), above it
/// lowers both, within their bounds; after an adjustment some samples are let pass. All in decimals: an average that lies on the edge is on the edge.
/// </summary>
public static class ThermostatLaw
{
    /// <summary>Takes in one sample.</summary>
    /// <param name="settings">Checked settings.</param>
    /// <param name="state">What is remembered so far.</param>
    /// <param name="sample">The sample.</param>
    /// <param name="now">The time, to know a stale sample by; nothing looks at no age.</param>
    public static ThermostatReading Observe(ThermostatSettings settings, ThermostatState state, RoiSample sample, DateTimeOffset? now = null)
    {
        if (Refusal(settings, state, sample, now) is { } refusal)
            return new ThermostatReading(state, ThermostatOutcome.Refused, null, null, refusal);

        var window = state.Window.Length < settings.Window ? state.Window : state.Window.RemoveRange(0, state.Window.Length - settings.Window + 1);
        window = window.Add(decimal.Round(sample.Roi, 12));
        var cooldown = Math.Max(0, state.Cooldown - 1);
        var next = state with { Window = window, LastAt = sample.At ?? state.LastAt, Accepted = state.Accepted + 1 };
        if (window.Length < settings.Window)
            return new ThermostatReading(next with { Cooldown = cooldown }, ThermostatOutcome.Filling, null, null, null);

        // Sums are compared, not averages: a division could round onto the edge.
        var sum = window.Sum();
        var average = sum / window.Length;
        var dips = sum < settings.LowerEdge * window.Length;
        if (!dips && sum <= settings.UpperEdge * window.Length)
            return new ThermostatReading(next with { Cooldown = cooldown }, ThermostatOutcome.Inside, average, null, null);
        if (state.Cooldown > 0)
            return new ThermostatReading(next with { Cooldown = cooldown }, ThermostatOutcome.CoolingDown, average, null, null);

        var (alpha, note) = dips ? Raised(settings, state.Alpha) : (Math.Min(state.Alpha, Math.Max(settings.MinWideningAlpha, state.Alpha - settings.WideningStep)), null);
        var prior = dips
            ? Math.Max(state.Prior, Math.Min(settings.MaxThompsonPrior, state.Prior + settings.ThompsonStep))
            : Math.Min(state.Prior, Math.Max(settings.MinThompsonPrior, state.Prior - settings.ThompsonStep));
        next = next with { Cooldown = settings.Cooldown };
        if (alpha == state.Alpha && prior == state.Prior)
            return new ThermostatReading(next, ThermostatOutcome.AtBounds, average, null, note);
        next = next with { Alpha = alpha, Prior = prior, Window = settings.ResetWindow ? [] : window };
        var adjustment = new ThermostatAdjustment(dips ? ThermostatAdjustment.Dip : ThermostatAdjustment.Surge, average, state.Alpha, alpha, state.Prior, prior, note);
        return new ThermostatReading(next, ThermostatOutcome.Adjusted, average, adjustment, note);
    }

    private static (decimal Alpha, string? Note) Raised(ThermostatSettings settings, decimal alpha)
    {
        var wanted = Math.Min(settings.MaxWideningAlpha, alpha + settings.WideningStep);
        return wanted <= 1m || settings.AllowAlphaAboveOne
            ? (Math.Max(alpha, wanted), null)
            : (Math.Max(alpha, 1m), $"alpha would be {wanted} and stops at {Math.Max(alpha, 1m)}: above 1 there are more agents than evaluations");
    }

    private static string? Refusal(ThermostatSettings settings, ThermostatState state, RoiSample sample, DateTimeOffset? now)
    {
        if (sample.Roi is < 0m or > 1_000_000_000_000m)
            return "roi-out-of-range";
        if (sample.At is not { } at)
            return null;
        if (state.LastAt is { } last && at <= last)
            return at == last ? "duplicate" : "out-of-order";
        return settings.MaxAge is { } age && now is { } time && time - at > age ? "stale" : null;
    }
}

/// <summary>What became of a sample.</summary>
/// <param name="State">What is remembered from here on.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Average">The average of the full window.</param>
/// <param name="Adjustment">What to change; nothing unless adjusted.</param>
/// <param name="Note">Why a sample was refused (a code), or why α was limited.</param>
public sealed record ThermostatReading(ThermostatState State, ThermostatOutcome Outcome, decimal? Average, ThermostatAdjustment? Adjustment, string? Note);

/// <summary>A change of parameters.</summary>
/// <param name="Reason"><see cref="Dip"/> or <see cref="Surge"/>.</param>
/// <param name="Average">The average that led to it.</param>
/// <param name="OldAlpha">α before.</param>
/// <param name="Alpha">α from here on.</param>
/// <param name="OldPrior">The prior before.</param>
/// <param name="Prior">The prior from here on.</param>
/// <param name="Note">Why α was limited.</param>
public sealed record ThermostatAdjustment(string Reason, decimal Average, decimal OldAlpha, decimal Alpha, decimal OldPrior, decimal Prior, string? Note)
{
    /// <summary>The average fell below the band.</summary>
    public const string Dip = "roi_dip";

    /// <summary>The average rose above the band.</summary>
    public const string Surge = "roi_surge";
}

/// <summary>What the thermostat did with a sample.</summary>
public enum ThermostatOutcome
{
    /// <summary>Not taken in: out of order, twice, stale, or no return at all.</summary>
    Refused = 1,

    /// <summary>The window is not full yet.</summary>
    Filling = 2,

    /// <summary>The average is inside the band.</summary>
    Inside = 3,

    /// <summary>The average is outside, and the last adjustment too recent.</summary>
    CoolingDown = 4,

    /// <summary>The average is outside, and both parameters stand at their bounds.</summary>
    AtBounds = 5,

    /// <summary>The parameters change.</summary>
    Adjusted = 6,
}
