namespace AgiJobs.Hgm.Policies;

/// <summary>By what a parent is drawn.</summary>
public enum ExpansionStatistic
{
    /// <summary>Thompson sampling on the counts of the agent's clade: clade metaproductivity.</summary>
    Clade = 1,

    /// <summary>Thompson sampling on the agent's own counts.</summary>
    Own = 2,

    /// <summary>Uniformly.</summary>
    Uniform = 3,
}
