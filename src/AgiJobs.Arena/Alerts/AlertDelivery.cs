using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using AgiJobs.Control;
using AgiJobs.Control.Feed;
using AgiJobs.Control.Workspaces;
using AgiJobs.Storage;

namespace AgiJobs.Arena.Alerts;

/// <summary>Where alerts are sent.</summary>
/// <param name="Url">The receiver.</param>
/// <param name="Key">What messages are signed with, as <see cref="FeedSignature"/> says.</param>
public sealed record AlertReceiver(EndpointReference Url, Secret Key)
{
    /// <summary>The receiver that a network's services name; null when there is none.</summary>
    public static AlertReceiver? Of(AlertService? service) => service?.Webhook is { } webhook ? new AlertReceiver(webhook.Url, webhook.Secret) : null;
}

/// <summary>What one round of delivery came to.</summary>
/// <param name="Delivered">Messages that the receiver took.</param>
/// <param name="Delayed">Messages that are tried again.</param>
/// <param name="GivenUp">Messages that were given up now, each with the reason.</param>
public sealed record AlertDeliveries(int Delivered, int Delayed, IReadOnlyList<string> GivenUp);

/// <summary>
/// Delivers alerts from the store's outbox, at least once: <c>POST</c>, the body signed by the header of <see cref="FeedSignature"/>, its identity in <c>Idempotency-Key</c>. Any status of 200 to 299 is taken for receipt. Whatever
/// else is tried again after 5 s, twice as long each time up to an hour, later where the receiver says so (<c>Retry-After</c>). After <see cref="MostAttempts"/> attempts a message is given up, which the outbox goes on showing. A process
/// that dies while it delivers leaves the message to the next one. Safe for several processes.
/// </summary>
public sealed class AlertDelivery(IStateStore store, string network, AlertReceiver receiver, TimeProvider time) : IDisposable
{
    /// <summary>How often a message is tried: about a day.</summary>
    public const int MostAttempts = 32;

    private const int AtOnce = 20;

    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);
    private static readonly TimeSpan LongestAsked = TimeSpan.FromHours(6);

    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>How long one message may take.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a claimed message is left to the one that claimed it: longer than all that are claimed at once may take.</summary>
    private TimeSpan Held => (Patience * AtOnce) + TimeSpan.FromSeconds(10);

    /// <summary>Delivers what is due.</summary>
    /// <exception cref="StorageException">The outbox could not be read or written; nothing is lost.</exception>
    public async Task<AlertDeliveries> DeliverAsync(CancellationToken cancellation)
    {
        var (delivered, delayed, given) = (0, 0, new List<string>());
        foreach (var message in await store.ClaimAsync(AlertBook.Channel(network), AtOnce, Held, cancellation).ConfigureAwait(false))
        {
            var (problem, after) = await TrySendAsync(message, cancellation).ConfigureAwait(false);
            if (problem is null)
            {
                _ = await store.SettleAsync(message, new Delivery(IsDelivered: true), cancellation).ConfigureAwait(false);
                delivered++;
            }
            else if (message.Attempts >= MostAttempts)
            {
                _ = await store.SettleAsync(message, new Delivery(IsDelivered: false, RetryAt: null, problem), cancellation).ConfigureAwait(false);
                given.Add(string.Create(CultureInfo.InvariantCulture, $"the alert {message.Key} was given up after {message.Attempts} attempts: {problem}"));
            }
            else
            {
                _ = await store.SettleAsync(message, new Delivery(IsDelivered: false, time.GetUtcNow() + Wait(message.Attempts, after), problem), cancellation).ConfigureAwait(false);
                delayed++;
            }
        }

        return new AlertDeliveries(delivered, delayed, given);
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static TimeSpan Wait(int attempts, TimeSpan? asked)
    {
        var own = TimeSpan.FromTicks(Math.Min(LongestWait.Ticks, FirstWait.Ticks << Math.Min(attempts - 1, 20)));
        return asked is { } after && after > own ? TimeSpan.FromTicks(Math.Min(after.Ticks, LongestAsked.Ticks)) : own;
    }

    // The problem is null when it was taken. The URL may be a secret, and so is not told.
    private async Task<(string? Problem, TimeSpan? After)> TrySendAsync(OutboxMessage message, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            var url = receiver.Url.Resolve();
            if (url.Scheme != Uri.UriSchemeHttps && !(url.Scheme == Uri.UriSchemeHttp && url.IsLoopback))
            {
                return ("the URL is neither https nor on this machine", null);
            }

            var body = Encoding.UTF8.GetBytes(message.Data);
            using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            request.Headers.Add(FeedSignature.Header, FeedSignature.Of(receiver.Key.Reveal(), time.GetUtcNow(), body));
            request.Headers.Add("Idempotency-Key", message.Key);
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token).ConfigureAwait(false);
            return response.IsSuccessStatusCode ? (null, null) : ($"the receiver answered {(int)response.StatusCode}{(response.StatusCode is HttpStatusCode.TooManyRequests ? " (too many requests)" : "")}", After(response.Headers.RetryAfter));
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return (string.Create(CultureInfo.InvariantCulture, $"the receiver did not answer within {Patience.TotalSeconds} s"), null);
        }
        catch (Exception problem) when (problem is HttpRequestException or IOException or ControlException)
        {
            return (problem is HttpRequestException failed ? $"the receiver could not be reached ({failed.HttpRequestError})" : problem.Message, null);
        }
    }

    private TimeSpan? After(RetryConditionHeaderValue? asked) => asked?.Delta ?? (asked?.Date is { } date ? date - time.GetUtcNow() : null);
}
