namespace AgiJobs.Arena.Gateway;

/// <summary>Why the gateway refuses, and with which status: the table of <c>docs/gateway.md</c>.</summary>
public static class GatewayCode
{
    /// <summary>A header, a path or a body has not the form it must have.</summary>
    public const string Malformed = "malformed";

    /// <summary>The statement's difficulty is not the round's.</summary>
    public const string TaskDifficulty = "task-difficulty";

    /// <summary>An answer that is empty or too long.</summary>
    public const string AnswerMalformed = "answer-malformed";

    /// <summary>A note that is empty or too long.</summary>
    public const string NoteMalformed = "note-malformed";

    /// <summary>A header of the signature is missing.</summary>
    public const string SignatureMissing = "signature-missing";

    /// <summary>The signature is not that of the address over this request.</summary>
    public const string SignatureWrong = "signature-wrong";

    /// <summary>The timestamp is too far from the gateway's clock.</summary>
    public const string TimestampOff = "timestamp-off";

    /// <summary>The address used the nonce before.</summary>
    public const string NonceUsed = "nonce-used";

    /// <summary>The address has no seat in the round.</summary>
    public const string NotSeated = "not-seated";

    /// <summary>The seat is another one than the request needs.</summary>
    public const string NotYours = "not-yours";

    /// <summary>There is no such round.</summary>
    public const string RoundUnknown = "round-unknown";

    /// <summary>There is nothing yet.</summary>
    public const string NotPublished = "not-published";

    /// <summary>The round has not come so far.</summary>
    public const string TooEarly = "too-early";

    /// <summary>The phase is over.</summary>
    public const string TooLate = "too-late";

    /// <summary>Something else was put there before.</summary>
    public const string AlreadyThere = "already-there";

    /// <summary>It is not what the chain has the digest of, or the commitment to.</summary>
    public const string CommitmentMismatch = "commitment-mismatch";

    /// <summary>The body has too many bytes.</summary>
    public const string TooLarge = "too-large";

    /// <summary>Too many requests.</summary>
    public const string RateLimited = "rate-limited";

    /// <summary>The arena is paused.</summary>
    public const string Paused = "paused";

    /// <summary>The chain could not be read.</summary>
    public const string ChainUnknown = "chain-unknown";

    /// <summary>The gateway's own state could not be read or written.</summary>
    public const string StateUnknown = "state-unknown";

    /// <summary>What was sent could not be reviewed.</summary>
    public const string ReviewUnknown = "review-unknown";

    /// <summary>The gateway is about to stop.</summary>
    public const string Draining = "draining";

    /// <summary>No such path.</summary>
    public const string RouteUnknown = "route-unknown";

    /// <summary>The path is not asked by this method.</summary>
    public const string MethodUnknown = "method-unknown";

    /// <summary>The program failed.</summary>
    public const string Internal = "internal";

    /// <summary>What codes of moderation begin with.</summary>
    public const string Moderation = "moderation:";

    /// <summary>The HTTP status of a code; 500 for one that the table does not have.</summary>
    public static int StatusOf(string code) => code switch
    {
        Malformed or AnswerMalformed or NoteMalformed => 400,
        SignatureMissing or SignatureWrong or TimestampOff or NonceUsed => 401,
        NotSeated or NotYours => 403,
        RoundUnknown or NotPublished or RouteUnknown => 404,
        MethodUnknown => 405,
        TooEarly or TooLate or AlreadyThere or CommitmentMismatch => 409,
        TooLarge => 413,
        RateLimited => 429,
        Paused or ChainUnknown or StateUnknown or ReviewUnknown or Draining => 503,
        _ when code.StartsWith(Moderation, StringComparison.Ordinal) => 403,
        _ when code.StartsWith("task-", StringComparison.Ordinal) => 400,
        _ => 500,
    };
}
