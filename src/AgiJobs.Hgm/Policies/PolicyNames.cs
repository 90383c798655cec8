namespace AgiJobs.Hgm.Policies;

/// <summary>The policies by name.</summary>
public static class PolicyNames
{
    /// <summary>The Huxley-Gödel Machine: expansion by clade counts, evaluation by own counts.</summary>
    public const string Hgm = "hgm";

    /// <summary>The same with own counts for expansion too: what is left when clade metaproductivity is taken out.</summary>
    public const string HgmOwn = "hgm-own";

    /// <summary>The same with a parent drawn uniformly.</summary>
    public const string HgmUniform = "hgm-uniform";

    /// <summary>The Darwin Gödel Machine: generations of two, staged evaluation.</summary>
    public const string Dgm = "dgm";

    /// <summary>The Self-Improving Coding Agent: a chain, each agent evaluated on all tasks.</summary>
    public const string Sica = "sica";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Hgm, HgmOwn, HgmUniform, Dgm, Sica];

    /// <summary>The policy with this name.</summary>
    /// <exception cref="HgmException"><c>unknown-policy</c>.</exception>
    public static IPolicy Find(string name) => name switch
    {
        Hgm => new HgmPolicy(Hgm, ExpansionStatistic.Clade),
        HgmOwn => new HgmPolicy(HgmOwn, ExpansionStatistic.Own),
        HgmUniform => new HgmPolicy(HgmUniform, ExpansionStatistic.Uniform),
        Dgm => new DgmPolicy(),
        Sica => new SicaPolicy(),
        _ => throw new HgmException("unknown-policy", $"There is no policy '{name}'.", $"Choose one of {string.Join(", ", All)}."),
    };
}
