namespace AgiJobs.Response.Alerts.Channels;

/// <summary>What became of a message.</summary>
public enum SendOutcome
{
    /// <summary>The receiver has it.</summary>
    Delivered,

    /// <summary>It has not, and may have it later.</summary>
    Again,

    /// <summary>It never will: the receiver says that the message, or the address, is wrong.</summary>
    Never,
}

/// <summary>What a receiver answered.</summary>
/// <param name="Outcome">What it comes to.</param>
/// <param name="Words">What came back, in words, without secrets.</param>
/// <param name="After">When the receiver wants to be asked again; null when it did not say.</param>
/// <param name="Status">The status of HTTP or SMTP; null when there was none.</param>
public sealed record ChannelAnswer(SendOutcome Outcome, string Words, TimeSpan? After = null, int? Status = null);

/// <summary>A way by which somebody is told. Safe for use by several threads.</summary>
public interface IAlertChannel : IDisposable
{
    /// <summary>Its name in the on-call file.</summary>
    string Name { get; }

    /// <summary>Its kind, for people.</summary>
    string Kind { get; }

    /// <summary>Where it goes, without secrets.</summary>
    string To { get; }

    /// <summary>Sends one message. The receiver tells a repetition by the key, or by what is made of it. What goes wrong is in the answer; only a cancellation is thrown.</summary>
    Task<ChannelAnswer> SendAsync(Notice notice, string key, CancellationToken cancellation);
}
