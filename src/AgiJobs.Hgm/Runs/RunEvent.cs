using AgiJobs.Hgm.Laws;
using AgiJobs.Hgm.Ledger;

namespace AgiJobs.Hgm.Runs;

/// <summary>Something that happened in a run. The list of them is the run: <see cref="RunState.Apply"/> folds it, and nothing else holds state.</summary>
public abstract record RunEvent;

/// <summary>The first event of every run.</summary>
/// <param name="Settings">What it follows.</param>
/// <param name="Artifact">What the root is to the world: a program, a digest of one, or nothing.</param>
public sealed record RunStarted(RunSettings Settings, string? Artifact) : RunEvent;

/// <summary>An expansion is in flight.</summary>
/// <param name="Operation">Its number: operations are numbered from 0 in the order of their start.</param>
/// <param name="Parent">Which agent modifies itself.</param>
/// <param name="Reserved">The most it may cost.</param>
public sealed record ExpansionStarted(int Operation, int Parent, Amount Reserved) : RunEvent;

/// <summary>An expansion ended with a new agent, numbered next.</summary>
/// <param name="Operation">Which expansion.</param>
/// <param name="Artifact">What the agent is to the world.</param>
/// <param name="Cost">What it is said to have cost.</param>
public sealed record AgentAdded(int Operation, string? Artifact, Amount Cost) : RunEvent;

/// <summary>An expansion ended without an agent.</summary>
/// <param name="Operation">Which expansion.</param>
/// <param name="Fault">Why.</param>
/// <param name="Cost">What it is said to have cost.</param>
public sealed record ExpansionFailed(int Operation, string Fault, Amount Cost) : RunEvent;

/// <summary>An evaluation of one agent on one task is in flight.</summary>
/// <param name="Operation">Its number.</param>
/// <param name="Agent">Who is evaluated.</param>
/// <param name="Task">On what.</param>
/// <param name="Charged">Whether it counts against the run's evaluations; the root's free ones do not.</param>
/// <param name="Reserved">The most it may cost.</param>
public sealed record EvaluationStarted(int Operation, int Agent, int Task, bool Charged, Amount Reserved) : RunEvent;

/// <summary>An evaluation ended with a verdict.</summary>
/// <param name="Operation">Which evaluation.</param>
/// <param name="Passed">The verdict.</param>
/// <param name="Cost">What it is said to have cost.</param>
/// <param name="Value">What the accepted outcome is worth; zero unless it passed.</param>
public sealed record EvaluationRecorded(int Operation, bool Passed, Amount Cost, Amount Value) : RunEvent;

/// <summary>An evaluation ended without a verdict. The pair of agent and task is free again and no evaluation is charged; the money is spent all the same.</summary>
/// <param name="Operation">Which evaluation.</param>
/// <param name="Fault">Why.</param>
/// <param name="Cost">What it is said to have cost.</param>
public sealed record EvaluationVoided(int Operation, string Fault, Amount Cost) : RunEvent;

/// <summary>A recorded result counts no more, for the agent, its ancestors and the ledger (a slashed win). The evaluation stays charged, the pair used and the cost spent.</summary>
/// <param name="Operation">The evaluation that gave the result.</param>
/// <param name="Reason">Why, with the ticket or transaction that proves it.</param>
public sealed record ResultRevoked(int Operation, string Reason) : RunEvent;

/// <summary>A revoked result counts again (an appeal was won).</summary>
/// <param name="Operation">The evaluation that gave the result.</param>
/// <param name="Reason">Why.</param>
public sealed record ResultReinstated(int Operation, string Reason) : RunEvent;

/// <summary>The thermostat, or a person, set the parameters anew; decisions from here on follow them.</summary>
/// <param name="Alpha">α of the widening rule.</param>
/// <param name="Prior">What is added to both counts.</param>
/// <param name="Reason">Why and by whom.</param>
public sealed record ParametersChanged(decimal Alpha, decimal Prior, string Reason) : RunEvent;

/// <summary>Expansions are held back, or let go on. Evaluations are not touched.</summary>
/// <param name="Open">Whether expansions may start.</param>
/// <param name="Reason">Why and by whom.</param>
public sealed record ExpansionGateSet(bool Open, string Reason) : RunEvent;

/// <summary>An agent is set aside: no more expanded, evaluated or chosen. Its results and descendants stay.</summary>
/// <param name="Agent">Which.</param>
/// <param name="Reason">Why and by whom.</param>
public sealed record AgentPruned(int Agent, string Reason) : RunEvent;

/// <summary>No operation starts from here on; those in flight are waited for.</summary>
/// <param name="Reason">Why and by whom.</param>
public sealed record StopRequested(string Reason) : RunEvent;

/// <summary>The run has a sentinel from here on, or another law for the one that it has. Holds, streaks and top-ups stay.</summary>
/// <param name="Settings">What it follows.</param>
/// <param name="Reason">Where the settings come from, or by whom.</param>
public sealed record SentinelSet(SentinelSettings Settings, string Reason) : RunEvent;

/// <summary>A rule of the sentinel holds expansions from here on. Written by the driver, when <see cref="SentinelLaw"/> says so.</summary>
/// <param name="Rule">Of <see cref="SentinelRules"/>.</param>
/// <param name="Detail">With which numbers.</param>
public sealed record SentinelHeld(string Rule, string Detail) : RunEvent;

/// <summary>A rule of the sentinel holds expansions no more.</summary>
/// <param name="Rule">Of <see cref="SentinelRules"/>.</param>
/// <param name="Detail">With which numbers.</param>
public sealed record SentinelReleased(string Rule, string Detail) : RunEvent;

/// <summary>The sentinel has set an agent aside, as <see cref="AgentPruned"/> does.</summary>
/// <param name="Agent">Which.</param>
/// <param name="Failures">How many evaluations it failed in a row.</param>
public sealed record SentinelPruned(int Agent, int Failures) : RunEvent;

/// <summary>The sentinel would have set an agent aside, and did not, because no other can be evaluated. It does when there is another and the streak goes on.</summary>
/// <param name="Agent">Which.</param>
/// <param name="Failures">How many evaluations it failed in a row.</param>
public sealed record SentinelSpared(int Agent, int Failures) : RunEvent;

/// <summary>The sentinel has stopped the run, as <see cref="StopRequested"/> does.</summary>
/// <param name="Rule">Of <see cref="SentinelRules"/>.</param>
/// <param name="Detail">With which numbers.</param>
public sealed record SentinelStopped(string Rule, string Detail) : RunEvent;

/// <summary>Somebody has seen what a rule has done. It changes nothing else.</summary>
/// <param name="Rule">Of <see cref="SentinelRules"/>.</param>
/// <param name="Reason">Who, and what they say.</param>
public sealed record SentinelAcknowledged(string Rule, string Reason) : RunEvent;

/// <summary>A rule holds and prunes nothing until a time. What it finds is recorded all the same, and has effect from the end of the override on.</summary>
/// <param name="Rule">Of <see cref="SentinelRules.Overridable"/>.</param>
/// <param name="Until">The driver ends it before the first step at or after this time.</param>
/// <param name="Reason">Why and by whom.</param>
public sealed record SentinelOverridden(string Rule, DateTimeOffset Until, string Reason) : RunEvent;

/// <summary>An override is over: its time has come, or somebody ended it.</summary>
/// <param name="Rule">Of <see cref="SentinelRules.Overridable"/>.</param>
/// <param name="Reason">Why.</param>
public sealed record SentinelOverrideEnded(string Rule, string Reason) : RunEvent;

/// <summary>The budget is raised: the run's own cap and the sentinel's, each by this amount.</summary>
/// <param name="Amount">By how much.</param>
/// <param name="Reason">Why and by whom.</param>
public sealed record BudgetToppedUp(Amount Amount, string Reason) : RunEvent;

/// <summary>The run is over.</summary>
/// <param name="Reason">Which of the ends.</param>
/// <param name="Best">The best-belief agent then; -1 when all are set aside.</param>
public sealed record RunFinished(RunEnd Reason, int Best) : RunEvent;
