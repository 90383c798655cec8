using System.Runtime.InteropServices;
using AgiJobs.Hgm.Laws;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Trees;

namespace AgiJobs.Hgm.Runs;

/// <summary>
/// A run as its events tell it. <see cref="Apply"/> is the only way to change it and refuses an event that cannot follow, changing nothing then. Not safe for use by several threads at
/// once.
/// </summary>
public sealed class RunState
{
    private readonly List<Operation> _pending = [];
    private readonly List<Outcome> _outcomes = [];
    private readonly List<Agent> _agents = [];
    private RunSettings? _settings;
    private TaskAllocation? _allocation;
    private BudgetBook? _budget;

    /// <summary>How many events were applied; 0 before the first.</summary>
    public long Version { get; private set; }

    /// <summary>What the run follows.</summary>
    /// <exception cref="HgmException"><c>not-started</c>.</exception>
    public RunSettings Settings => _settings ?? throw NotStarted();

    /// <summary>The lineage with its counts.</summary>
    public AgentTree Tree { get; } = new();

    /// <summary>Which tasks each agent was given.</summary>
    public TaskAllocation Allocation => _allocation ?? throw NotStarted();

    /// <summary>What was spent and is reserved.</summary>
    public BudgetBook Budget => _budget ?? throw NotStarted();

    /// <summary>Cost and value of each agent and clade.</summary>
    public RunLedger Ledger { get; } = new();

    /// <summary>α in force.</summary>
    public decimal Alpha { get; private set; }

    /// <summary>The prior in force.</summary>
    public decimal Prior { get; private set; }

    /// <summary>What the sentinel knows and holds.</summary>
    public SentinelState Sentinel { get; } = new();

    /// <summary>The sentinel's cap with what was topped up; nothing when it has none.</summary>
    public Amount? SentinelCap => Sentinel.Settings?.BudgetCap is { } cap ? cap + Sentinel.ToppedUp : null;

    /// <summary>Whether people let expansions start. The sentinel's holds are beside it: neither opens the other.</summary>
    public bool GateOpen { get; private set; } = true;

    /// <summary>Whether expansions may start: nobody and no rule holds them.</summary>
    public bool ExpansionsOpen => GateOpen && !Sentinel.HoldsExpansions;

    /// <summary>How many operations were started; the number of the next.</summary>
    public int OperationsStarted => _outcomes.Count;

    /// <summary>Operations in flight, the oldest first.</summary>
    public IReadOnlyList<Operation> Pending => _pending;

    /// <summary>Charged evaluations with a verdict, revoked ones too.</summary>
    public int Evaluations { get; private set; }

    /// <summary>N: charged evaluations with a verdict or in flight.</summary>
    public int EvaluationsStarted { get; private set; }

    /// <summary>Expansions started.</summary>
    public int ExpansionsStarted { get; private set; }

    /// <summary>Expansions in flight.</summary>
    public int ExpansionsInFlight { get; private set; }

    /// <summary>Expansions that made no agent.</summary>
    public int ExpansionsFailed { get; private set; }

    /// <summary>What expansions cost so far, failed ones too.</summary>
    public Amount ExpansionCost { get; private set; }

    /// <summary>What evaluations cost so far, those without a verdict and the root's free ones too.</summary>
    public Amount EvaluationCost { get; private set; }

    /// <summary>Evaluations that ended without a verdict since the last one that gave one.</summary>
    public int VoidsInARow { get; private set; }

    /// <summary>Results that are revoked now.</summary>
    public int Revoked { get; private set; }

    /// <summary>Why no operation starts any more; nothing while they do.</summary>
    public string? StopReason { get; private set; }

    /// <summary>How the run ended; nothing while it has not.</summary>
    public RunFinished? Finished { get; private set; }

    /// <summary>The state after these events.</summary>
    /// <exception cref="HgmException">As <see cref="Apply"/>.</exception>
    public static RunState Fold(IEnumerable<RunEvent> events)
    {
        var state = new RunState();
        foreach (var happened in events)
            state.Apply(happened);
        return state;
    }

    /// <summary>Whether the agent may be a parent now.</summary>
    public bool IsExpandable(int agent) => ExpansionsOpen && !_agents[agent].Pruned && _agents[agent].FailedExpansions < Settings.ExpansionFailureCap;

    /// <summary>Whether the agent may be evaluated now: it has tasks left, is not set aside and does not end without a verdict again and again.</summary>
    public bool IsEvaluable(int agent) => Allocation.Left[agent] > 0 && !_agents[agent].Pruned && _agents[agent].Voided < Settings.VoidCap;

    /// <summary>Says of all agents at once whether each may be evaluated, or expanded, now.</summary>
    internal void MarkEligible(Span<bool> eligible, bool evaluate)
    {
        var agents = CollectionsMarshal.AsSpan(_agents);
        var left = Allocation.Left;
        var (voidCap, failureCap, open) = (Settings.VoidCap, Settings.ExpansionFailureCap, ExpansionsOpen);
        for (var agent = 0; agent < agents.Length; agent++)
        {
            ref readonly var at = ref agents[agent];
            eligible[agent] = !at.Pruned && (evaluate ? left[agent] > 0 && at.Voided < voidCap : open && at.FailedExpansions < failureCap);
        }
    }

    /// <summary>Whether the agent is set aside.</summary>
    public bool IsPruned(int agent) => _agents[agent].Pruned;

    /// <summary>How many evaluations of the agent are in flight.</summary>
    public int InFlight(int agent) => _agents[agent].InFlight;

    /// <summary>What the agent is to the world.</summary>
    public string? Artifact(int agent) => _agents[agent].Artifact;

    /// <summary>The operation that made the agent; -1 for the root.</summary>
    public int MadeBy(int agent) => _agents[agent].MadeBy;

    /// <summary>Applies the next event.</summary>
    /// <exception cref="HgmException">
    /// <c>not-started</c>, <c>already-started</c>, <c>already-finished</c>, <c>wrong-operation</c>, <c>no-such-agent</c>, <c>no-such-task</c>, <c>pair-used</c>, <c>not-in-flight</c>,
    /// <c>value-without-acceptance</c>, <c>nothing-to-revoke</c>, <c>nothing-to-reinstate</c>, <c>operations-in-flight</c>, <c>no-cap</c>, those of the settings and the budget, and of the
    /// sentinel: <c>no-sentinel</c>, <c>unknown-rule</c>, <c>already-held</c>, <c>not-held</c>, <c>already-stopped</c>, <c>nothing-to-acknowledge</c>, <c>not-overridable</c>,
    /// <c>already-overridden</c>, <c>not-overridden</c>.
    /// </exception>
    public void Apply(RunEvent happened)
    {
        if (_settings is null && happened is not RunStarted)
            throw NotStarted();
        if (Finished is not null && happened is not (ResultRevoked or ResultReinstated or SentinelAcknowledged))
            throw new HgmException("already-finished", "The run is over; only results can still be revoked or reinstated, and interventions acknowledged.", "Start another run.");
        switch (happened)
        {
            case RunStarted started: Start(started); break;
            case ExpansionStarted started: StartExpansion(started); break;
            case AgentAdded added: AddAgent(added); break;
            case ExpansionFailed failed: FailExpansion(failed); break;
            case EvaluationStarted started: StartEvaluation(started); break;
            case EvaluationRecorded recorded: RecordEvaluation(recorded); break;
            case EvaluationVoided voided: VoidEvaluation(voided); break;
            case ResultRevoked revoked: Revoke(revoked.Operation); break;
            case ResultReinstated reinstated: Reinstate(reinstated.Operation); break;
            case ParametersChanged changed:
                RunSettings.CheckParameters(changed.Alpha, changed.Prior, Settings.AllowAlphaAboveOne);
                (Alpha, Prior) = (changed.Alpha, changed.Prior);
                break;
            case ExpansionGateSet gate: GateOpen = gate.Open; break;
            case AgentPruned pruned: Of(pruned.Agent).Pruned = true; break;
            case StopRequested stop: StopReason ??= stop.Reason; break;
            case SentinelSet set: SetSentinel(set); break;
            case SentinelHeld held: Sentinel.Hold(held, Version + 1); break;
            case SentinelReleased released: Sentinel.Release(released); break;
            case SentinelPruned pruned:
                ref var aside = ref Of(pruned.Agent);
                Sentinel.Prune(pruned, Version + 1);
                aside.Pruned = true;
                break;
            case SentinelSpared spared:
                _ = Of(spared.Agent);
                Sentinel.Spare(spared, Version + 1);
                break;
            case SentinelStopped stopped:
                Sentinel.StopRun(stopped, Version + 1);
                StopReason ??= $"sentinel: {stopped.Rule}: {stopped.Detail}";
                break;
            case SentinelAcknowledged acknowledged: Sentinel.Acknowledge(acknowledged); break;
            case SentinelOverridden overridden: Sentinel.Override(overridden, Version + 1); break;
            case SentinelOverrideEnded ended: Sentinel.EndOverride(ended); break;
            case BudgetToppedUp toppedUp: TopUp(toppedUp.Amount); break;
            case RunFinished finished:
                if (_pending.Count > 0)
                    throw new HgmException("operations-in-flight", $"{_pending.Count} operations are in flight.", "Wait for them.");
                Finished = finished;
                break;
            default: throw new HgmException("unknown-event", $"{happened.GetType().Name} is no event of this version.", "Read the run with the version that wrote it.");
        }

        Version++;
    }

    private static HgmException NotStarted() => new("not-started", "The run has no first event.", "Begin with RunStarted.");

    private void Start(RunStarted started)
    {
        if (_settings is not null)
            throw new HgmException("already-started", "The run has its first event already.", "Append to it, or start another.");
        _settings = started.Settings.Checked();
        _allocation = new TaskAllocation(_settings.Tasks);
        _budget = new BudgetBook(_settings.CostCap);
        (Alpha, Prior) = (_settings.Alpha, _settings.Prior);
        Open(-1, started.Artifact, -1);
    }

    private void SetSentinel(SentinelSet set)
    {
        set.Settings.Checked();
        if (set.Settings.BudgetCap is not null && Settings.EvaluationReserve == Amount.Zero && Settings.ExpansionReserve == Amount.Zero)
            throw new HgmException("bad-setting", "The sentinel has a cap and operations of this run reserve nothing, so that nothing would be accepted as spent.", "Begin a run with reserves, or leave the sentinel's cap out.");
        Sentinel.Set(set, Ledger.Run);
        LimitBudget();
    }

    private void TopUp(Amount amount)
    {
        if (amount <= Amount.Zero || amount > Amount.Most || Budget.Cap + amount > Amount.Most)
            throw new HgmException("amount-out-of-range", $"A top-up of {amount}.", $"Raise the budget by more than nothing, to at most {Amount.Most}.");
        if (Budget.Cap is null)
            throw new HgmException("no-cap", "The run has no cap that could be raised.", "A top-up is for a run with a budget.");
        if (StopReason is not null)
            throw new HgmException("already-stopped", $"The run is stopped: {StopReason}.", "Begin another run with a larger budget.");
        Sentinel.TopUp(amount);
        LimitBudget();
    }

    // The least of the caps holds, each with what was topped up.
    private void LimitBudget()
    {
        var own = Settings.CostCap + Sentinel.ToppedUp;
        Budget.Limit(SentinelCap is { } guard && !(own <= guard) ? guard : own);
    }

    private void StartExpansion(ExpansionStarted started)
    {
        Expect(started.Operation);
        _ = Of(started.Parent);
        Budget.Reserve(started.Operation, started.Reserved);
        Begin(new Operation(started.Operation, started.Parent, -1, Charged: false));
        ExpansionsStarted++;
        ExpansionsInFlight++;
    }

    private void AddAgent(AgentAdded added)
    {
        var operation = End(added.Operation, expansion: true, added.Cost, out var cost);
        ExpansionsInFlight--;
        Of(operation.Agent).FailedExpansions = 0;
        var agent = Open(operation.Agent, added.Artifact, added.Operation);
        Ledger.Book(agent, cost, Amount.Zero);
        Sentinel.Settle(added.Operation, cost, Amount.Zero, isEvaluation: false, Ledger.Run);
    }

    private void FailExpansion(ExpansionFailed failed)
    {
        var operation = End(failed.Operation, expansion: true, failed.Cost, out var cost);
        ExpansionsInFlight--;
        ExpansionsFailed++;
        Of(operation.Agent).FailedExpansions++;
        Ledger.Book(operation.Agent, cost, Amount.Zero);
        Sentinel.Settle(failed.Operation, cost, Amount.Zero, isEvaluation: false, Ledger.Run);
    }

    private void StartEvaluation(EvaluationStarted started)
    {
        Expect(started.Operation);
        ref var agent = ref Of(started.Agent);
        if ((uint)started.Task >= (uint)Settings.Tasks)
            throw new HgmException("no-such-task", $"There is no task {started.Task}; they are numbered from 0 to {Settings.Tasks - 1}.", "Name a task of this run.");
        if (Allocation.IsTaken(started.Agent, started.Task))
            throw new HgmException("pair-used", $"Agent {started.Agent} was given task {started.Task} before.", "Evaluate each pair at most once.");
        Budget.Reserve(started.Operation, started.Reserved);
        Allocation.Take(started.Agent, started.Task);
        Begin(new Operation(started.Operation, started.Agent, started.Task, started.Charged));
        agent.InFlight++;
        EvaluationsStarted += started.Charged ? 1 : 0;
    }

    private void RecordEvaluation(EvaluationRecorded recorded)
    {
        if (recorded.Value != Amount.Zero && !recorded.Passed)
            throw new HgmException("value-without-acceptance", $"Operation {recorded.Operation} did not pass and claims a value of {recorded.Value}.", "Only an accepted outcome has a value.");
        if (recorded.Value < Amount.Zero || recorded.Value > Amount.Most)
            throw new HgmException("amount-out-of-range", $"Operation {recorded.Operation} claims a value of {recorded.Value}.", $"Report from zero to {Amount.Most}.");
        var operation = End(recorded.Operation, expansion: false, recorded.Cost, out var cost);
        ref var agent = ref Of(operation.Agent);
        agent.InFlight--;
        agent.Voided = 0;
        VoidsInARow = 0;
        Evaluations += operation.Charged ? 1 : 0;
        _outcomes[recorded.Operation] = new Outcome(operation.Agent, recorded.Passed, recorded.Value, OutcomeState.Counted);
        Tree.Record(operation.Agent, recorded.Passed);
        Ledger.Book(operation.Agent, cost, recorded.Value);
        Sentinel.Count(operation.Agent, recorded.Passed);
        Sentinel.Settle(recorded.Operation, cost, recorded.Value, isEvaluation: true, Ledger.Run);
    }

    private void VoidEvaluation(EvaluationVoided voided)
    {
        var operation = End(voided.Operation, expansion: false, voided.Cost, out var cost);
        ref var agent = ref Of(operation.Agent);
        agent.InFlight--;
        agent.Voided++;
        VoidsInARow++;
        EvaluationsStarted -= operation.Charged ? 1 : 0;
        Allocation.Release(operation.Agent, operation.Task);
        Ledger.Book(operation.Agent, cost, Amount.Zero);
        Sentinel.Settle(voided.Operation, cost, Amount.Zero, isEvaluation: true, Ledger.Run);
    }

    private void Revoke(int operation)
    {
        if ((uint)operation >= (uint)_outcomes.Count || _outcomes[operation].State != OutcomeState.Counted)
            throw new HgmException("nothing-to-revoke", $"Operation {operation} has no result that counts.", "Revoke an evaluation that gave a verdict, and once.");
        ref var outcome = ref CollectionsMarshal.AsSpan(_outcomes)[operation];
        Tree.Revoke(outcome.Agent, outcome.Passed);
        Ledger.Book(outcome.Agent, Amount.Zero, Amount.Zero - outcome.Value);
        Sentinel.Revalue(operation, Amount.Zero, Ledger.Run);
        outcome.State = OutcomeState.Revoked;
        Revoked++;
    }

    private void Reinstate(int operation)
    {
        if ((uint)operation >= (uint)_outcomes.Count || _outcomes[operation].State != OutcomeState.Revoked)
            throw new HgmException("nothing-to-reinstate", $"Operation {operation} has no revoked result.", "Reinstate a result that was revoked.");
        ref var outcome = ref CollectionsMarshal.AsSpan(_outcomes)[operation];
        Tree.Record(outcome.Agent, outcome.Passed);
        Ledger.Book(outcome.Agent, Amount.Zero, outcome.Value);
        Sentinel.Revalue(operation, outcome.Value, Ledger.Run);
        outcome.State = OutcomeState.Counted;
        Revoked--;
    }

    private int Open(int parent, string? artifact, int madeBy)
    {
        var agent = Tree.Add(parent);
        Allocation.Add();
        Ledger.Open(parent);
        Sentinel.Open();
        _agents.Add(new Agent { Artifact = artifact, MadeBy = madeBy });
        return agent;
    }

    private void Expect(int operation)
    {
        if (operation != _outcomes.Count)
            throw new HgmException("wrong-operation", $"Operation {operation} starts where {_outcomes.Count} is next.", "Number operations from 0 in the order of their start.");
    }

    private void Begin(Operation operation)
    {
        _pending.Add(operation);
        _outcomes.Add(new Outcome(operation.Agent, false, Amount.Zero, OutcomeState.None));
    }

    private Operation End(int number, bool expansion, Amount claimed, out Amount cost)
    {
        var index = _pending.FindIndex(operation => operation.Number == number);
        if (index < 0 || _pending[index].IsExpansion != expansion)
            throw new HgmException("not-in-flight", $"Operation {number} is no {(expansion ? "expansion" : "evaluation")} in flight.", "Report each operation once, as what it was started.");
        cost = Budget.Settle(number, claimed);
        var ended = _pending[index];
        _pending.RemoveAt(index);
        if (expansion)
            ExpansionCost += cost;
        else
            EvaluationCost += cost;
        return ended;
    }

    private ref Agent Of(int agent)
    {
        if ((uint)agent >= (uint)_agents.Count)
            throw new HgmException("no-such-agent", $"There is no agent {agent}.", "Name an agent of this run by its number.");
        return ref CollectionsMarshal.AsSpan(_agents)[agent];
    }

    private enum OutcomeState : byte
    {
        None,
        Counted,
        Revoked,
    }

    private struct Outcome(int agent, bool passed, Amount value, OutcomeState state)
    {
        public readonly int Agent = agent;
        public readonly bool Passed = passed;
        public readonly Amount Value = value;
        public OutcomeState State = state;
    }

    private struct Agent
    {
        public string? Artifact;
        public int MadeBy;
        public int InFlight;
        public int FailedExpansions;
        public int Voided;
        public bool Pruned;
    }
}
