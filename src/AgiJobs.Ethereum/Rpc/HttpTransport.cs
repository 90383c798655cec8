using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace AgiJobs.Ethereum.Rpc;

/// <summary>JSON-RPC over HTTP POST.</summary>
internal sealed class HttpTransport : RpcTransport
{
    private readonly RpcOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpClient _client;

    public HttpTransport(RpcEndpoint endpoint, RpcOptions options, TimeProvider time)
        : base(endpoint)
    {
        _options = options;
        _time = time;
        _client = new HttpClient(new SocketsHttpHandler
        {
            // A redirect would carry the request, and its token, to somewhere that nobody configured.
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = !endpoint.Url.IsLoopback,
            AutomaticDecompression = DecompressionMethods.All,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    public override async Task<RpcAnswer> ExchangeAsync(
        ReadOnlyMemory<byte> document, IReadOnlyList<ulong> ids, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(_options.RequestTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, Endpoint.Url) { Content = new ReadOnlyMemoryContent(document) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            request.Headers.Authorization = Endpoint.Authorization;
            foreach (var (name, value) in Endpoint.Headers)
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }

            using var response = await _client.SendAsync(
                request, HttpCompletionOption.ResponseHeadersRead, either.Token).ConfigureAwait(false);
            var status = (int)response.StatusCode;
            if (status is 429 or (>= 300 and < 400) or >= 500)
            {
                throw Fail("rpc-unreachable", $"answered HTTP {status}{Reason(status)}", retryAfter: RetryAfter(response));
            }

            var body = await ReadAsync(response, either.Token).ConfigureAwait(false);
            return new RpcAnswer(body, status is >= 200 and < 300 ? null : status);
        }
        catch (OperationCanceledException error) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            var seconds = _options.RequestTimeout.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture);
            throw Fail("rpc-unreachable", $"did not answer within {seconds} ms", inner: error);
        }
        catch (HttpRequestException error)
        {
            throw Fail("rpc-unreachable", Describe(error), NeverConnected(error), inner: error);
        }
        catch (Exception error) when (error is IOException or InvalidDataException or SocketException)
        {
            throw Fail("rpc-unreachable", $"broke off its answer ({error.GetType().Name})", inner: error);
        }
    }

    public override ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<ReadOnlyMemory<byte>> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var limit = _options.MaxResponseBytes;
        if (response.Content.Headers.ContentLength > limit)
        {
            throw TooLarge();
        }

        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        var declared = response.Content.Headers.ContentLength ?? 0;
        var buffer = new byte[declared is > 0 and < 1 << 20 ? (int)declared + 1 : 8192];
        var length = 0;
        while (true)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                return buffer.AsMemory(0, length);
            }

            length += read;
            if (length > limit)
            {
                throw TooLarge();
            }

            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, (int)Math.Min((long)buffer.Length * 2, (long)limit + 1));
            }
        }

        TransportException TooLarge() =>
            Fail("rpc-too-large", $"sent an answer of more than {limit} bytes; ask for less, or raise RpcOptions.MaxResponseBytes");
    }

    private TransportException Fail(
        string code, string text, bool neverSent = false, TimeSpan? retryAfter = null, Exception? inner = null) =>
        new(new EndpointFailure(Endpoint, code, text, neverSent, retryAfter), inner);

    private TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } when delta > TimeSpan.Zero => delta,
        { Date: { } date } when date > _time.GetUtcNow() => date - _time.GetUtcNow(),
        _ => null,
    };

    private static bool NeverConnected(HttpRequestException error) =>
        error.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
            or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError;

    private static string Describe(HttpRequestException error) => error.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError => "has a host name that cannot be resolved",
        HttpRequestError.ConnectionError =>
            $"cannot be connected to ({(error.InnerException as SocketException)?.SocketErrorCode.ToString() ?? "no connection"})",
        HttpRequestError.SecureConnectionError => $"failed the TLS handshake ({error.InnerException?.Message ?? "no reason given"})",
        HttpRequestError.ProxyTunnelError => "cannot be reached through the proxy",
        HttpRequestError.ResponseEnded => "closed the connection without an answer",
        HttpRequestError.InvalidResponse => "sent something that is not HTTP",
        var other => $"failed ({other})",
    };

    private static string Reason(int status) => status switch
    {
        429 => " (too many requests)",
        >= 300 and < 400 => " (a redirect, which is not followed: configure the final URL)",
        _ => "",
    };
}
