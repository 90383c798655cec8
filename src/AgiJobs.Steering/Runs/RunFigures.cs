using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Laws;
using AgiJobs.Hgm.Runs;

namespace AgiJobs.Steering.Runs;

/// <summary>A run in numbers, at one version. Immutable.</summary>
public sealed record RunFigures
{
    /// <summary>Over how many results the recent return is taken.</summary>
    public const int RecentResults = 100;

    /// <summary>The run's name.</summary>
    public required string Run { get; init; }

    /// <summary>How many events it has.</summary>
    public required long Version { get; init; }

    /// <summary>The newest event that somebody steered by; 1, the run's beginning, when nobody did. A decision that was taken at this version or a later one is not outdated by what the driver did since.</summary>
    public required long SteeredVersion { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset Begun { get; init; }

    /// <summary>When the newest event was kept.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>What it follows.</summary>
    public required RunSettings Settings { get; init; }

    /// <summary>α in force.</summary>
    public required decimal Alpha { get; init; }

    /// <summary>The prior in force.</summary>
    public required decimal Prior { get; init; }

    /// <summary>Charged evaluations with a verdict.</summary>
    public required int Evaluations { get; init; }

    /// <summary>Operations in flight.</summary>
    public required int InFlight { get; init; }

    /// <summary>Agents, the root among them.</summary>
    public required int Agents { get; init; }

    /// <summary>Expansions started.</summary>
    public required int Expansions { get; init; }

    /// <summary>Expansions that made no agent.</summary>
    public required int ExpansionsFailed { get; init; }

    /// <summary>Results that are revoked now.</summary>
    public required int Revoked { get; init; }

    /// <summary>What was spent and what accepted outcomes are worth.</summary>
    public required Account Money { get; init; }

    /// <summary>The value of all outcomes that were ever accepted, revoked ones too; it never falls.</summary>
    public required Amount ValueEver { get; init; }

    /// <summary>The value that revocations ever took back; it never falls.</summary>
    public required Amount ValueTaken { get; init; }

    /// <summary>The return of the last <see cref="RecentResults"/> results, revocations since counted against them; null while nothing was spent on them.</summary>
    public required decimal? RecentRoi { get; init; }

    /// <summary>κ, what an expansion costs in evaluations; null until it can be measured.</summary>
    public required decimal? CostRatio { get; init; }

    /// <summary>Whether expansions may start: the gate is open and the sentinel holds nothing.</summary>
    public required bool IsOpen { get; init; }

    /// <summary>Whether people left the gate open.</summary>
    public required bool IsGateOpen { get; init; }

    /// <summary>What the sentinel holds, rule and detail.</summary>
    public required IReadOnlyList<string> Holds { get; init; }

    /// <summary>Why the gate was set last; null when it never was.</summary>
    public required string? GateReason { get; init; }

    /// <summary>Why the run ends; null while nobody stopped it.</summary>
    public required string? StopReason { get; init; }

    /// <summary>How it ended; null while it has not.</summary>
    public required RunFinished? Finished { get; init; }

    /// <summary>Whether it waits with nothing in flight for its gate to open: nothing moves before somebody steers.</summary>
    public bool IsHeld => Finished is null && !IsOpen && InFlight == 0;
}

/// <summary>Follows one run event by event. Not for use by several threads at once.</summary>
/// <param name="run">Its name.</param>
internal sealed class RunFollower(string run)
{
    private readonly RunState _state = new();
    private readonly Queue<Account> _recent = new();
    private DateTimeOffset _begun;
    private DateTimeOffset _at;
    private long _steered = 1;
    private string? _gate;
    private Amount _ever;
    private Amount _taken;

    public long Version => _state.Version;

    public void Apply(KeptEvent kept)
    {
        var before = _state.Ledger.Run;
        _state.Apply(kept.Happened);
        var (now, earned) = (_state.Ledger.Run, _state.Ledger.Run.Value - before.Value);
        (_ever, _taken) = earned > Amount.Zero ? (_ever + earned, _taken) : (_ever, _taken - earned);
        (_begun, _at) = (kept.Version == 1 ? kept.At : _begun, kept.At);
        _steered = RunSteering.IsFromOutside(kept.Happened) ? kept.Version : _steered;
        _gate = kept.Happened is ExpansionGateSet gate ? gate.Reason : _gate;
        if (kept.Happened is AgentAdded or ExpansionFailed or EvaluationRecorded or EvaluationVoided)
        {
            // What stood before each of the last results: the oldest of them is where the recent return begins.
            _recent.Enqueue(before);
            if (_recent.Count > RunFigures.RecentResults)
            {
                _recent.Dequeue();
            }
        }
    }

    public RunFigures Figures()
    {
        var now = _state.Ledger.Run;
        var since = _recent.Count > 0 ? _recent.Peek() : now;
        return new RunFigures
        {
            Run = run,
            Version = _state.Version,
            SteeredVersion = _steered,
            Begun = _begun,
            At = _at,
            Settings = _state.Settings,
            Alpha = _state.Alpha,
            Prior = _state.Prior,
            Evaluations = _state.Evaluations,
            InFlight = _state.Pending.Count,
            Agents = _state.Tree.Count,
            Expansions = _state.ExpansionsStarted,
            ExpansionsFailed = _state.ExpansionsFailed,
            Revoked = _state.Revoked,
            Money = now,
            ValueEver = _ever,
            ValueTaken = _taken,
            RecentRoi = new Account(now.Cost - since.Cost, now.Value - since.Value).Roi,
            CostRatio = CostRatioLaw.Ratio(_state),
            IsOpen = _state.ExpansionsOpen,
            IsGateOpen = _state.GateOpen,
            Holds = [.. _state.Sentinel.Holds.Select(hold => $"{hold.Rule}: {hold.Detail}")],
            GateReason = _gate,
            StopReason = _state.StopReason,
            Finished = _state.Finished,
        };
    }
}
