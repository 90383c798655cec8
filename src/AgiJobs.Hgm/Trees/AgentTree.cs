namespace AgiJobs.Hgm.Trees;

/// <summary>
/// The lineage: agents numbered in the order of their making, 0 the root, each with counts of its own and counts of its clade (itself and all descendants). The two are kept apart, and
/// a result is added once to the agent and once to each clade that holds it, so that reading a clade can never change an agent's own record. A parent's number is always lower than its
/// child's. Not safe for use by several threads at once.
/// </summary>
public sealed class AgentTree
{
    private int[] _parent = [];
    private int[] _depth = [];
    private int[] _children = [];
    private int[] _successes = [];
    private int[] _failures = [];
    private int[] _cladeSuccesses = [];
    private int[] _cladeFailures = [];

    /// <summary>How many agents there are.</summary>
    public int Count { get; private set; }

    /// <summary>The parent of each agent, -1 for the root.</summary>
    public ReadOnlySpan<int> Parents => _parent.AsSpan(0, Count);

    /// <summary>Edges from each agent to the root.</summary>
    public ReadOnlySpan<int> Depths => _depth.AsSpan(0, Count);

    /// <summary>How many children each agent has.</summary>
    public ReadOnlySpan<int> Children => _children.AsSpan(0, Count);

    /// <summary>n_s: tasks that each agent itself solved.</summary>
    public ReadOnlySpan<int> Successes => _successes.AsSpan(0, Count);

    /// <summary>n_f: tasks that each agent itself failed.</summary>
    public ReadOnlySpan<int> Failures => _failures.AsSpan(0, Count);

    /// <summary>n_s summed over each agent's clade.</summary>
    public ReadOnlySpan<int> CladeSuccesses => _cladeSuccesses.AsSpan(0, Count);

    /// <summary>n_f summed over each agent's clade.</summary>
    public ReadOnlySpan<int> CladeFailures => _cladeFailures.AsSpan(0, Count);

    /// <summary>Adds an agent without results.</summary>
    /// <param name="parent">Its parent; -1 for the first agent and for it alone.</param>
    /// <returns>Its number.</returns>
    /// <exception cref="HgmException"><c>no-such-agent</c>.</exception>
    public int Add(int parent)
    {
        if (Count == 0 ? parent != -1 : (uint)parent >= (uint)Count)
            throw NoSuchAgent(parent);
        if (Count == _parent.Length)
            Grow();
        var agent = Count++;
        _parent[agent] = parent;
        if (parent >= 0)
        {
            _depth[agent] = _depth[parent] + 1;
            _children[parent]++;
        }

        return agent;
    }

    /// <summary>Adds one result to the agent and to the clades of itself and all its ancestors.</summary>
    /// <exception cref="HgmException"><c>no-such-agent</c>.</exception>
    public void Record(int agent, bool success) => Change(agent, success, 1);

    /// <summary>Subtracts one result wherever <see cref="Record"/> added it.</summary>
    /// <exception cref="HgmException"><c>no-such-agent</c>; <c>nothing-to-revoke</c> when the agent has no such result.</exception>
    public void Revoke(int agent, bool success)
    {
        if ((uint)agent < (uint)Count && (success ? _successes : _failures)[agent] == 0)
            throw new HgmException("nothing-to-revoke", $"Agent {agent} has no {(success ? "success" : "failure")} to take back.", "Revoke a result that was recorded, and once.");
        Change(agent, success, -1);
    }

    /// <summary>The clade counts anew, from the agents' own counts: what <see cref="CladeSuccesses"/> and <see cref="CladeFailures"/> must be.</summary>
    public (int[] Successes, int[] Failures) Recount()
    {
        var (successes, failures) = (Successes.ToArray(), Failures.ToArray());
        for (var agent = Count - 1; agent > 0; agent--)
        {
            successes[_parent[agent]] += successes[agent];
            failures[_parent[agent]] += failures[agent];
        }

        return (successes, failures);
    }

    /// <summary>Whether <paramref name="agent"/> is <paramref name="ancestor"/> or descends from it.</summary>
    public bool IsInClade(int agent, int ancestor)
    {
        while (agent > ancestor)
            agent = _parent[agent];
        return agent == ancestor;
    }

    private static HgmException NoSuchAgent(int agent) => new("no-such-agent", $"There is no agent {agent}.", "Name an agent of this run by its number.");

    private void Change(int agent, bool success, int by)
    {
        if ((uint)agent >= (uint)Count)
            throw NoSuchAgent(agent);
        (success ? _successes : _failures)[agent] += by;
        var clades = success ? _cladeSuccesses : _cladeFailures;
        for (var ancestor = agent; ancestor >= 0; ancestor = _parent[ancestor])
            clades[ancestor] += by;
    }

    private void Grow()
    {
        var size = Math.Max(16, 2 * _parent.Length);
        Array.Resize(ref _parent, size);
        Array.Resize(ref _depth, size);
        Array.Resize(ref _children, size);
        Array.Resize(ref _successes, size);
        Array.Resize(ref _failures, size);
        Array.Resize(ref _cladeSuccesses, size);
        Array.Resize(ref _cladeFailures, size);
    }
}
