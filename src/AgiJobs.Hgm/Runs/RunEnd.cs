namespace AgiJobs.Hgm.Runs;

/// <summary>Why a run is over.</summary>
public enum RunEnd
{
    /// <summary>All evaluations that may be charged were.</summary>
    EvaluationsSpent = 1,

    /// <summary>The policy has nothing left to do: every agent has had every task and nothing can be expanded.</summary>
    NothingLeft = 2,

    /// <summary>The money that is left is less than the next operation may cost.</summary>
    CostCap = 3,

    /// <summary>Somebody stopped it.</summary>
    Stopped = 4,

    /// <summary>Evaluations ended without a verdict again and again, of whatever agent: what tries agents does not work, and to go on would only spend.</summary>
    NoVerdicts = 5,
}
