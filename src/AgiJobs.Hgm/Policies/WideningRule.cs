namespace AgiJobs.Hgm.Policies;

/// <summary>The inequality that admits an expansion. N counts charged evaluations, those in flight too; T counts agents, the root and expansions in flight too.</summary>
public enum WideningRule
{
    /// <summary>The paper's: N^α ≥ T.</summary>
    Published = 1,

    /// <summary>That of the authors' code: N^α ≥ T - 1, which does not count the root and so admits one agent more.</summary>
    ReferenceCode = 2,
}
