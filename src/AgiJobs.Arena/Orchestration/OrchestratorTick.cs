using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Orchestration;

/// <summary>How the orchestrator stands.</summary>
public enum OrchestratorState
{
    /// <summary>Rounds are under way.</summary>
    Running,

    /// <summary>There is nobody to play with, or not enough.</summary>
    Waiting,

    /// <summary>The arena is paused; nothing is sent.</summary>
    Paused,

    /// <summary>Another orchestrator acts.</summary>
    StandingBy,

    /// <summary>The chain or the state could not be read.</summary>
    Unknown,
}

/// <summary>What one look came to.</summary>
/// <param name="State">How the orchestrator stands.</param>
/// <param name="Arena">What it saw; null when it saw nothing.</param>
/// <param name="Open">Runs under way.</param>
/// <param name="Sent">Transactions that were sent for the first time.</param>
/// <param name="Why">What it waits for, in words.</param>
public sealed record OrchestratorTick(OrchestratorState State, ArenaState? Arena, int Open, int Sent, string? Why)
{
    /// <summary>The block that the pause was mined in; null while it is not paused and where it is not known.</summary>
    public BlockNumber? PausedIn { get; init; }

    /// <summary>How many failures in a row are told of the run under way that fares worst (one that fails for the same reason is told once); 0 when all work.</summary>
    public int Failures { get; init; }

    /// <summary>The code of the last of these failures, or of why the look itself failed; null when nothing did.</summary>
    public string? Code { get; init; }
}
