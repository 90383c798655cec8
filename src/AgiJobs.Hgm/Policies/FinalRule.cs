namespace AgiJobs.Hgm.Policies;

/// <summary>How the final agent is chosen. Always from an agent's own counts.</summary>
public enum FinalRule
{
    /// <summary>The highest ε-quantile of Beta(1 + n_s, 1 + n_f): the paper's best-belief agent, read as a lower confidence bound.</summary>
    Quantile = 1,

    /// <summary>The highest mean of that posterior.</summary>
    PosteriorMean = 2,

    /// <summary>The highest share of solved tasks.</summary>
    EmpiricalMean = 3,
}
