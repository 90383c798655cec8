namespace AgiJobs.Hgm.Simulation;

/// <summary>What a number of ours says about one of the paper's.</summary>
public static class Verdict
{
    /// <summary>The world was chosen so that this number comes out; its agreement is no evidence.</summary>
    public const string Fitted = "fitted";

    /// <summary>Nothing was chosen for this number, and it agrees.</summary>
    public const string Predicted = "predicted";

    /// <summary>It does not agree.</summary>
    public const string NotReproduced = "not reproduced";

    /// <summary>The standard error does not allow one or the other: the number lies too near the edge of what would agree.</summary>
    public const string TooFewSeeds = "too few seeds to tell";

    /// <summary>So many standard errors a number must be away from that edge.</summary>
    public const double Clear = 2.0;

    /// <summary>Above so many standard errors a difference is in the order of the paper's; below minus so many it is not.</summary>
    public const double ClearOrder = 3.0;

    /// <summary>Points of accuracy within which numbers agree.</summary>
    public const double AccuracyTolerance = 3.0;

    /// <summary>Correlation within which numbers agree.</summary>
    public const double CorrelationTolerance = 0.10;

    /// <summary>Share of the paper's hours within which numbers agree.</summary>
    public const double HoursTolerance = 0.20;

    // Scale: what brings the estimate into the unit of the paper's number.
    internal static string Of(Estimate ours, double papers, double tolerance, double scale = 1.0)
    {
        var (away, doubt) = (Math.Abs(scale * ours.Mean - papers), Clear * scale * ours.Error);
        return !double.IsFinite(away + doubt) ? TooFewSeeds
            : away + doubt <= tolerance ? Predicted
            : away - doubt > tolerance ? NotReproduced
            : TooFewSeeds;
    }

    // Of a difference that the paper has above zero.
    internal static string Order(Estimate difference) => difference.Z > ClearOrder ? Predicted : difference.Z < -ClearOrder ? NotReproduced : TooFewSeeds;
}
