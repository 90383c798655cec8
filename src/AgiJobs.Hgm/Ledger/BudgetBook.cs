namespace AgiJobs.Hgm.Ledger;

/// <summary>
/// Money that was spent and money that is promised to work in flight. An operation reserves the most that it may cost before it starts and settles what it cost when it ends; spent and
/// reserved together never exceed the cap. What an operation claims above its reservation is not accepted as spent: it is kept beside, as a claim to dispute.
/// </summary>
public sealed class BudgetBook
{
    private readonly Dictionary<int, Amount> _reservations = [];

    /// <summary>Nothing spent.</summary>
    /// <param name="cap">The most that may be spent; nothing means no cap.</param>
    public BudgetBook(Amount? cap) => Cap = cap;

    /// <summary>The most that may be spent; nothing means no cap.</summary>
    public Amount? Cap { get; private set; }

    /// <summary>Settled and accepted.</summary>
    public Amount Spent { get; private set; }

    /// <summary>Promised to operations in flight.</summary>
    public Amount Reserved { get; private set; }

    /// <summary>Claimed above reservations and not accepted.</summary>
    public Amount Disputed { get; private set; }

    /// <summary>What may still be reserved; nothing means no cap.</summary>
    public Amount? Free => Cap is { } cap ? cap - Spent - Reserved : null;

    /// <summary>Whether this much may be reserved now.</summary>
    public bool CanReserve(Amount amount) => Free is not { } free || amount <= free;

    /// <summary>Changes the cap. Below what is spent and promised it takes nothing back, and nothing more is promised until it is kept again.</summary>
    internal void Limit(Amount? cap) => Cap = cap;

    /// <summary>Promises the amount to an operation.</summary>
    /// <exception cref="HgmException"><c>amount-out-of-range</c>, <c>cap-reached</c>, <c>already-reserved</c>.</exception>
    public void Reserve(int operation, Amount amount)
    {
        if (amount < Amount.Zero || amount > Amount.Most)
            throw new HgmException("amount-out-of-range", $"Operation {operation} would reserve {amount}.", $"Reserve from zero to {Amount.Most}.");
        if (!CanReserve(amount))
            throw new HgmException("cap-reached", $"Operation {operation} would reserve {amount}, and of the cap of {Cap} only {Free} is free.", "Wait until work in flight settles, or raise the cap.");
        if (!_reservations.TryAdd(operation, amount))
            throw new HgmException("already-reserved", $"Operation {operation} has a reservation.", "Reserve once for each operation.");
        Reserved += amount;
    }

    /// <summary>Ends the operation's reservation and books what it cost.</summary>
    /// <returns>What of the cost is accepted: all of it up to the reservation, or all of it where there is no cap.</returns>
    /// <exception cref="HgmException"><c>amount-out-of-range</c>, <c>not-reserved</c>.</exception>
    public Amount Settle(int operation, Amount cost)
    {
        if (cost < Amount.Zero || cost > Amount.Most)
            throw new HgmException("amount-out-of-range", $"Operation {operation} claims to have cost {cost}.", $"Report from zero to {Amount.Most}.");
        if (!_reservations.Remove(operation, out var reserved))
            throw new HgmException("not-reserved", $"Operation {operation} has no reservation.", "Settle an operation that reserved, and once.");
        Reserved -= reserved;
        var accepted = Cap is null || cost <= reserved ? cost : reserved;
        Spent += accepted;
        Disputed += cost - accepted;
        return accepted;
    }
}
