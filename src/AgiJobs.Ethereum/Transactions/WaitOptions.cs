namespace AgiJobs.Ethereum.Transactions;

/// <summary>How long and for how much to wait.</summary>
public sealed record WaitOptions
{
    /// <summary>How many blocks, its own included, must have the transaction below them. Default 1.</summary>
    public int Confirmations { get; init; } = 1;

    /// <summary>When to stop waiting. Default 5 minutes.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Longest time between two looks; the first ones are quicker. Default 1 s.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Hand the same signed bytes to the nodes again when none of them knows the transaction any more. Default true.</summary>
    public bool Rebroadcast { get; init; } = true;

    /// <summary>Hears what happens while waiting.</summary>
    public Action<WaitEvent>? OnEvent { get; init; }
}

/// <summary>What can happen while waiting.</summary>
public enum WaitEventKind
{
    /// <summary>It is in a block for the first time.</summary>
    Mined,

    /// <summary>Its block was reorganised away and it is not in another yet.</summary>
    Vanished,

    /// <summary>It is in another block than before.</summary>
    Moved,

    /// <summary>No node knew it, so the same bytes were sent again.</summary>
    Rebroadcast,

    /// <summary>The nodes could not be read; waiting goes on.</summary>
    Unreadable,
}

/// <summary>Something that happened while waiting.</summary>
/// <param name="Kind">What.</param>
/// <param name="Transaction">To which attempt.</param>
/// <param name="Detail">In words.</param>
public sealed record WaitEvent(WaitEventKind Kind, Bytes32 Transaction, string Detail);
