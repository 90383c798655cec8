using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using AgiJobs.Control;
using AgiJobs.Control.Workspaces;
using AgiJobs.Hgm.Ledger;

namespace AgiJobs.Steering.Worlds;

/// <summary>
/// An HTTP endpoint that is asked by POST. One time limit covers everything, a body that drips and repetitions too; the body is bounded; a redirect is not followed, because it would carry the agent and the token
/// to somewhere that nobody configured. Who is asked to come again later (429, 5xx with <c>Retry-After</c>) does so while there is time. Safe for use by several threads.
/// </summary>
internal sealed class JsonEndpoint(HgmEndpoint definition, TimeProvider time, string path = "") : IExchange
{
    private const int MostTries = 5;

    // Requests to all endpoints share their connections.
    private static readonly HttpClient Client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, AutomaticDecompression = DecompressionMethods.None, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Whether a URL may be asked: https, or this machine.</summary>
    public static bool IsFit(string url) => Uri.TryCreate(url, UriKind.Absolute, out var parsed) && (parsed.Scheme == Uri.UriSchemeHttps || (parsed.Scheme == Uri.UriSchemeHttp && parsed.IsLoopback));

    /// <inheritdoc/>
    /// <exception cref="ControlException"><c>secret-missing</c>, <c>world-url</c>.</exception>
    public Task<ExternalReply> AskAsync(ExternalRequest request, CancellationToken cancellation) => PostAsync(request.Json, cancellation);

    /// <summary>Posts a document and reads the answer.</summary>
    public async Task<ExternalReply> PostAsync(byte[] json, CancellationToken cancellation)
    {
        var url = definition.Url.Resolve();
        if (!IsFit(url.AbsoluteUri))
        {
            throw new ControlException("world-url", ExitCode.BadInput, "The URL of a world's endpoint, taken from a secret, is neither https nor this machine.", "Write https:// and the host; http is for this machine alone.");
        }

        var target = path.Length == 0 ? url : new Uri(url.AbsoluteUri.TrimEnd('/') + path);
        var token = definition.Token?.Reveal();
        var allowed = TimeSpan.FromSeconds(definition.Seconds!.Value);
        var since = time.GetTimestamp();
        using var limit = new CancellationTokenSource(allowed, time);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, target) { Content = new ByteArrayContent(json) };
                request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
                request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
                using var response = await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, over.Token).ConfigureAwait(false);
                if (response.StatusCode == HttpStatusCode.OK)
                {
                    return await ReadAsync(response, over.Token).ConfigureAwait(false);
                }

                var (status, isBusy) = ((int)response.StatusCode, response.StatusCode == HttpStatusCode.TooManyRequests);

                // Who says that it did nothing did nothing; of all others nobody knows.
                Amount? cost = isBusy ? Amount.Zero : null;
                if (status is >= 300 and < 400)
                {
                    return ExternalReply.Failed($"it answered with a redirect (HTTP {status}), which is not followed", Amount.Zero);
                }

                if (WaitOf(response, attempt, isBusy) is not { } wait || attempt == MostTries || time.GetElapsedTime(since) + wait >= allowed)
                {
                    return ExternalReply.Failed($"it answered with HTTP {status}{(attempt > 1 ? $", {attempt} times" : "")}", cost);
                }

                await Task.Delay(wait, time, over.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return ExternalReply.Failed($"it did not answer within {definition.Seconds} s");
        }
        catch (HttpRequestException problem)
        {
            return ExternalReply.Failed($"it cannot be reached: {Told.Line(problem.Message)}", problem.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused } ? Amount.Zero : null);
        }
        catch (IOException problem)
        {
            return ExternalReply.Failed($"its answer broke off: {Told.Line(problem.Message)}");
        }
    }

    private async Task<ExternalReply> ReadAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var most = definition.AnswerBytes!.Value;
        var stream = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            using var kept = new MemoryStream();
            var buffer = new byte[16_384];
            while (await stream.ReadAsync(buffer, cancellation).ConfigureAwait(false) is > 0 and var count)
            {
                if (kept.Length + count > most)
                {
                    return ExternalReply.Failed($"its answer has more than {most} bytes");
                }

                kept.Write(buffer, 0, count);
            }

            return new ExternalReply(kept.ToArray(), null);
        }
    }

    // Null when it is not to be asked again.
    private TimeSpan? WaitOf(HttpResponseMessage response, int attempt, bool isBusy)
    {
        if (response.Headers.RetryAfter is { } after)
        {
            var wait = after.Delta ?? (after.Date is { } date ? date - time.GetUtcNow() : TimeSpan.Zero);
            return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
        }

        return isBusy ? TimeSpan.FromSeconds(1 << (attempt - 1)) : null;
    }
}
