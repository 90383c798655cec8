namespace AgiJobs.Hgm.Sampling;

/// <summary>What a stream of chance is for. The numbers are part of what makes runs repeatable and never change.</summary>
public enum RandomPurpose
{
    /// <summary>The decision that starts an operation; the index is the operation's.</summary>
    Decision = 1,

    /// <summary>The seed that an operation hands to whoever carries it out; the index is the operation's.</summary>
    Work = 2,

    /// <summary>The tasks of a simulated world.</summary>
    Tasks = 3,

    /// <summary>A simulated agent; the index is the operation that made it.</summary>
    Agent = 4,

    /// <summary>A simulated answer to a task; the index is the operation.</summary>
    Answer = 5,

    /// <summary>How long a simulated operation takes; the index is the operation.</summary>
    Duration = 6,

    /// <summary>The seed of one replicate of a study; the index is the replicate's.</summary>
    Replicate = 7,
}
