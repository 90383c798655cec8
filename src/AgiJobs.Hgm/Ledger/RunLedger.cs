namespace AgiJobs.Hgm.Ledger;

/// <summary>
/// What each agent and each clade cost and earned. A cost is an accepted cost; a value is that of an outcome that validation accepted, and is taken back with it, while the cost of a
/// revoked outcome stays spent. The cost of making an agent is the agent's; that of a failed expansion is the parent's.
/// </summary>
public sealed class RunLedger
{
    private readonly List<int> _parents = [];
    private readonly List<Account> _own = [];
    private readonly List<Account> _clades = [];

    /// <summary>The whole run: the clade of the root.</summary>
    public Account Run => _clades.Count == 0 ? default : _clades[0];

    /// <summary>What the agent itself cost and earned.</summary>
    public Account Agent(int agent) => _own[agent];

    /// <summary>What the agent and all its descendants cost and earned.</summary>
    public Account Clade(int agent) => _clades[agent];

    /// <summary>Opens the accounts of the next agent.</summary>
    public void Open(int parent)
    {
        _parents.Add(parent);
        _own.Add(default);
        _clades.Add(default);
    }

    /// <summary>Books a cost and a value, either of which may be negative to take one back, on an agent and all clades that hold it.</summary>
    public void Book(int agent, Amount cost, Amount value)
    {
        if (cost == Amount.Zero && value == Amount.Zero)
            return;
        _own[agent] = _own[agent].Plus(cost, value);
        for (var ancestor = agent; ancestor >= 0; ancestor = _parents[ancestor])
            _clades[ancestor] = _clades[ancestor].Plus(cost, value);
    }
}
