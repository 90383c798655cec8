namespace AgiJobs.Arena.Orchestration;

/// <summary>How the orchestrator runs rounds.</summary>
public sealed record OrchestratorOptions
{
    /// <summary>The network's name, which its state is kept under.</summary>
    public required string Network { get; init; }

    /// <summary>This process, for the lease: unique.</summary>
    public required string Holder { get; init; }

    /// <summary>Rounds at the same time.</summary>
    public int Concurrency { get; init; } = 1;

    /// <summary>Most students in a round.</summary>
    public int Students { get; init; } = 5;

    /// <summary>Blocks that a mined transaction must have on top of it, itself included, before it is believed.</summary>
    public int Confirmations { get; init; } = 1;

    /// <summary>After so many blocks a waiting transaction is replaced by one with higher fees.</summary>
    public int StuckAfterBlocks { get; init; } = 12;

    /// <summary>How long the lease is held without renewal: after the death of an orchestrator another takes over after this time.</summary>
    public TimeSpan LeaseTime { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How often the chain is looked at.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The number of the last run to plan, abandoned ones counted; null for no end. Runs that are under way are played to their end.</summary>
    public long? LastRun { get; init; }
}
