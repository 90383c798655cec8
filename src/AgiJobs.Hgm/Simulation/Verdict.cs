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

    /// <summary>Points of accuracy within which numbers agree.</summary>
    public const double AccuracyTolerance = 3.0;

    /// <summary>Correlation within which numbers agree.</summary>
    public const double CorrelationTolerance = 0.10;

    /// <summary>Share of the paper's hours within which numbers agree.</summary>
    public const double HoursTolerance = 0.20;

    internal static string Of(double ours, double papers, double tolerance) => Math.Abs(ours - papers) <= tolerance ? Predicted : NotReproduced;
}
