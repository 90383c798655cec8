namespace AgiJobs.Control.Feed;

/// <summary>A message that waits in the outbox.</summary>
/// <param name="Id">Its idempotency key: the change's digest without 0x, and its end.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="NextAttempt">When it is tried again by itself.</param>
/// <param name="Problem">Why the last attempt failed; null when there was none.</param>
public sealed record FeedMessage(string Id, int Attempts, DateTimeOffset NextAttempt, string? Problem);

/// <summary>What a delivery came to.</summary>
/// <param name="Delivered">The messages that were taken.</param>
/// <param name="Waiting">Those that wait.</param>
public sealed record FeedDelivery(IReadOnlyList<string> Delivered, IReadOnlyList<FeedMessage> Waiting);
