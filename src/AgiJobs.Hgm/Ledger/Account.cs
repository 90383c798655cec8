namespace AgiJobs.Hgm.Ledger;

/// <summary>Money out and money in, exact.</summary>
/// <param name="Cost">What was spent.</param>
/// <param name="Value">What accepted outcomes are worth.</param>
public readonly record struct Account(Amount Cost, Amount Value)
{
    /// <summary>Value less cost.</summary>
    public Amount Profit => Value - Cost;

    /// <summary>Value over cost, rounded down to 12 decimal places; nothing while nothing was spent, which is not a return of zero.</summary>
    public decimal? Roi => Value.Over(Cost);

    internal Account Plus(Amount cost, Amount value) => new(Cost + cost, Value + value);
}
