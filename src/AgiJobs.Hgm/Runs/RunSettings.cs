using AgiJobs.Hgm.Ledger;

namespace AgiJobs.Hgm.Runs;

/// <summary>Everything that a run follows from, besides the answers of the world. The defaults are the paper's (arXiv 2510.21614), the sizes those of its 60-task runs.</summary>
public sealed record RunSettings
{
    /// <summary>The world of a run that names none: programs that evolve on the arena's tasks.</summary>
    public const string Programs = "programs";

    /// <summary>Who decides: a name of <see cref="Policies.PolicyNames"/>.</summary>
    public string Policy { get; init; } = Policies.PolicyNames.Hgm;

    /// <summary>From which all chance of the run comes.</summary>
    public ulong Seed { get; init; }

    /// <summary>Who makes agents and tries them, by name: <see cref="Programs"/>, or a world that people defined.</summary>
    public string World { get; init; } = Programs;

    /// <summary>SHA-256 of the world's definition in 64 small hexadecimal digits, so that a run never goes on in another world; nothing for <see cref="Programs"/>.</summary>
    public string? WorldDigest { get; init; }

    /// <summary>How many tasks there are; each agent gets each at most once.</summary>
    public int Tasks { get; init; } = 60;

    /// <summary>B: how many evaluations may be charged.</summary>
    public int Evaluations { get; init; } = 800;

    /// <summary>How many operations may be in flight, as the policy sees it. Part of the result; how many run in fact is not.</summary>
    public int Concurrency { get; init; } = 20;

    /// <summary>α of the widening rule at the start of the run, in (0, 1], with at most four decimal places.</summary>
    public decimal Alpha { get; init; } = 0.6m;

    /// <summary>Accepts an α above 1, where agents outgrow evaluations.</summary>
    public bool AllowAlphaAboveOne { get; init; }

    /// <summary>What is added to both counts before τ multiplies: τ(prior + n). The paper's is 1.</summary>
    public decimal Prior { get; init; } = 1m;

    /// <summary>Which inequality admits an expansion.</summary>
    public Policies.WideningRule Widening { get; init; } = Policies.WideningRule.Published;

    /// <summary>Whether τ is B/b, or 1 throughout.</summary>
    public bool Cooling { get; init; } = true;

    /// <summary>How many expansions of the root come first.</summary>
    public int InitialBurst { get; init; } = 5;

    /// <summary>How many expansions of one parent may fail in a row before it is expanded no more.</summary>
    public int ExpansionFailureCap { get; init; } = 3;

    /// <summary>How many evaluations of one agent may end without a verdict in a row before it is evaluated no more.</summary>
    public int VoidCap { get; init; } = 3;

    /// <summary>How the final agent is chosen.</summary>
    public Policies.FinalRule Final { get; init; } = Policies.FinalRule.Quantile;

    /// <summary>ε: the quantile of the final choice, in (0, 1).</summary>
    public decimal Epsilon { get; init; } = 0.01m;

    /// <summary>Evaluates the root on all tasks first, without charge, as the reference implementation does.</summary>
    public bool FreeRootEvaluation { get; init; }

    /// <summary>How many evaluations of one agent may be in flight at once under the policy <c>dgm</c>, which gives each child workers of its own.</summary>
    public int WorkersPerChild { get; init; } = 10;

    /// <summary>The most that the run may spend; nothing means no cap.</summary>
    public Amount? CostCap { get; init; }

    /// <summary>What an evaluation reserves before it starts: the most it may cost.</summary>
    public Amount EvaluationReserve { get; init; }

    /// <summary>What an expansion reserves before it starts: the most it may cost.</summary>
    public Amount ExpansionReserve { get; init; }

    /// <summary>These settings, if a run can follow them.</summary>
    /// <exception cref="HgmException"><c>bad-setting</c>, naming the first that is out of bounds; <c>unknown-policy</c>; <c>alpha-above-one</c>.</exception>
    public RunSettings Checked()
    {
        if (!Policies.PolicyNames.All.Contains(Policy, StringComparer.Ordinal))
            throw new HgmException("unknown-policy", $"There is no policy '{Policy}'.", $"Choose one of {string.Join(", ", Policies.PolicyNames.All)}.");
        if (World.Length is 0 or > 64 || (WorldDigest is { } digest && (digest.Length != 64 || !digest.All(char.IsAsciiHexDigitLower))))
            throw new HgmException("bad-setting", $"'{World}' with the digest '{WorldDigest}' names no world.", "Name it with 1 to 64 characters, and give the SHA-256 of its definition in small hexadecimal digits.");
        Bound(nameof(Tasks), Tasks, 1, 1_000_000);
        Bound(nameof(Evaluations), Evaluations, 0, 100_000_000);
        Bound(nameof(Concurrency), Concurrency, 1, 100_000);
        Bound(nameof(InitialBurst), InitialBurst, 0, 100_000);
        Bound(nameof(ExpansionFailureCap), ExpansionFailureCap, 1, 1_000_000);
        Bound(nameof(VoidCap), VoidCap, 1, 1_000_000);
        Bound(nameof(WorkersPerChild), WorkersPerChild, 1, 100_000);
        CheckParameters(Alpha, Prior, AllowAlphaAboveOne);
        if (Epsilon is <= 0m or >= 1m)
            throw new HgmException("bad-setting", $"Epsilon is {Epsilon}; at 0 and at 1 every agent's quantile is the same.", "Set it between 0 and 1, such as 0.01.");
        if (!Enum.IsDefined(Widening) || !Enum.IsDefined(Final))
            throw new HgmException("bad-setting", $"Widening is {(int)Widening} and Final is {(int)Final}; one of them has no name.", "Use the named rules.");
        if (EvaluationReserve < Amount.Zero || ExpansionReserve < Amount.Zero || CostCap < Amount.Zero)
            throw new HgmException("bad-setting", "A reserve or the cap is negative.", "Set amounts of zero or more.");
        if (CostCap is not null && EvaluationReserve == Amount.Zero && ExpansionReserve == Amount.Zero)
            throw new HgmException("bad-setting", "There is a cap and operations reserve nothing, so that nothing would be accepted as spent.", "Set EvaluationReserve and ExpansionReserve to the most that each may cost.");
        return this;
    }

    internal static void CheckParameters(decimal alpha, decimal prior, bool allowAlphaAboveOne)
    {
        if (alpha <= 0m || alpha > 10m || decimal.Round(alpha, 4) != alpha)
            throw new HgmException("bad-setting", $"Alpha is {alpha}; it is above 0, at most 10, and has at most four decimal places.", "Set it in (0, 1], such as 0.6.");
        if (alpha > 1m && !allowAlphaAboveOne)
            throw new HgmException("alpha-above-one", $"Alpha is {alpha}; above 1 there are more agents than evaluations and most are never tried.", "Set it in (0, 1], or allow it by name.");
        if (prior is <= 0m or > 1000m)
            throw new HgmException("bad-setting", $"Prior is {prior}; it is above 0 and at most 1000.", "Set it to 1 for the paper's rule.");
    }

    private static void Bound(string name, int value, int least, int most)
    {
        if (value < least || value > most)
            throw new HgmException("bad-setting", $"{name} is {value}; it is from {least} to {most}.", "Set it within these bounds.");
    }
}
