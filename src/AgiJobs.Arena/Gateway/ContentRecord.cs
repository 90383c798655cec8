namespace AgiJobs.Arena.Gateway;

/// <summary>A task, an answer or a note as the store has it: a document of <c>arena/NETWORK/tasks</c>, <c>answers</c> or <c>notes</c>, which never changes.</summary>
public sealed record ContentRecord
{
    /// <summary>The round.</summary>
    public required long Round { get; init; }

    /// <summary>Who sent it, EIP-55.</summary>
    public required string Author { get; init; }

    /// <summary>SHA-256 of the text in UTF-8, 0x and 64 digits.</summary>
    public required string Hash { get; init; }

    /// <summary>The text, whole.</summary>
    public required string Text { get; init; }

    /// <summary>What the review said: <c>allow</c>, or <c>flag:RULE</c>.</summary>
    public required string Moderation { get; init; }

    /// <summary>When it was taken.</summary>
    public required DateTimeOffset At { get; init; }
}

/// <summary>Content that a review blocked: the data of the event <see cref="EventType"/> in the stream <c>arena/NETWORK/moderation</c>.</summary>
public sealed record BlockedContent
{
    /// <summary>The event's type.</summary>
    public const string EventType = "content-blocked";

    /// <summary><c>task</c>, <c>answer</c> or <c>note</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The round.</summary>
    public required long Round { get; init; }

    /// <summary>Who sent it, EIP-55.</summary>
    public required string Author { get; init; }

    /// <summary>The rule that blocked it.</summary>
    public required string Rule { get; init; }

    /// <summary>Why, in the review's words.</summary>
    public required string Message { get; init; }

    /// <summary>SHA-256 of the text in UTF-8, 0x and 64 digits.</summary>
    public required string Hash { get; init; }

    /// <summary>The text, whole: the evidence.</summary>
    public required string Text { get; init; }
}
