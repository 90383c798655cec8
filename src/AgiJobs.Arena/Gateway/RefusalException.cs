namespace AgiJobs.Arena.Gateway;

/// <summary>A request that the gateway does not grant. It had no effect.</summary>
public sealed class RefusalException : Exception
{
    /// <summary>Says what and how to mend it.</summary>
    /// <param name="code">One of <see cref="GatewayCode"/>, or <c>moderation:RULE</c>.</param>
    /// <param name="message">The value and the rule.</param>
    /// <param name="mend">What the agent can do.</param>
    /// <param name="retryAfter">When to try again, if that is known.</param>
    /// <param name="inner">What it comes from.</param>
    public RefusalException(string code, string message, string mend, TimeSpan? retryAfter = null, Exception? inner = null)
        : base(message, inner)
    {
        Code = code;
        Mend = mend;
        RetryAfter = retryAfter;
    }

    /// <summary>Stable.</summary>
    public string Code { get; }

    /// <summary>What the agent can do.</summary>
    public string Mend { get; }

    /// <summary>When to try again, if that is known.</summary>
    public TimeSpan? RetryAfter { get; }
}
