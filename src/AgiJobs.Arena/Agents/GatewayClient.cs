using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AgiJobs.Arena.Gateway;
using AgiJobs.Arena.Rounds;
using AgiJobs.Control;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;

namespace AgiJobs.Arena.Agents;

/// <summary>
/// A client of the gateway (<c>docs/gateway.md</c>) for one agent. Requests are signed for one chain and one arena, with the gateway's clock as <c>/v1/network</c> tells it. Reads are tried again, what hands something in is
/// not: the agent does that from what it sees next. After a <c>Retry-After</c> nothing is asked before its time. Safe for use by several threads.
/// </summary>
public sealed partial class GatewayClient : IAgentGateway, IDisposable
{
    private const int Attempts = 3;
    private const int LargestAnswer = 4 * 1024 * 1024;
    private const long LongestRetryAfter = 60;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly Uri _url;
    private readonly ISigner _signer;
    private readonly ChainId _chain;
    private readonly Address _arena;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;
    private readonly Lock _lock = new();
    private TimeSpan? _offset;
    private DateTimeOffset _notBefore;

    /// <summary>Takes the gateway, the agent's key, and the network that the agent knows by itself.</summary>
    /// <exception cref="ControlException"><c>gateway-url</c>: neither https nor on this machine.</exception>
    public GatewayClient(Uri url, ISigner signer, ChainId chain, Address arena, TimeProvider time)
    {
        if (!url.IsAbsoluteUri || (url.Scheme != Uri.UriSchemeHttps && !(url.Scheme == Uri.UriSchemeHttp && url.IsLoopback)))
        {
            throw new ControlException("gateway-url", ExitCode.BadInput, $"The gateway '{url}' is neither https nor http on this machine: answers would be readable on the way.", "Write https:// and the host.");
        }

        _url = new Uri(url.GetLeftPart(UriPartial.Path).TrimEnd('/') + "/");
        _signer = signer;
        _chain = chain;
        _arena = arena;
        _time = time;
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = LargestAnswer };
    }

    /// <summary>How long one exchange may take.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Hears of what goes wrong and is tried again: a code and words.</summary>
    public Action<string, string>? OnProblem { get; init; }

    /// <summary>Asks whether the gateway is that of the agent's network, and for its clock.</summary>
    /// <exception cref="ControlException"><c>gateway-other-network</c>: it serves another chain or arena, and nothing is signed for it.</exception>
    /// <exception cref="GatewayException">It could not be asked.</exception>
    public async Task ConnectAsync(CancellationToken cancellation)
    {
        var asked = _time.GetUtcNow();
        using var answer = Json(await SendAsync(HttpMethod.Get, "v1/network", null, isSigned: false, cancellation).ConfigureAwait(false));
        var answered = _time.GetUtcNow();
        var root = answer.RootElement;
        var chain = Member(root, "chainId") is { ValueKind: JsonValueKind.Number } number && number.TryGetUInt64(out var value) ? new ChainId(value) : throw Malformed("chainId of /v1/network is no number");
        var arena = Address.TryParse(Text(root, "arena"), out var address) ? address : throw Malformed("arena of /v1/network is no address");
        if (chain != _chain || arena != _arena)
        {
            throw new ControlException("gateway-other-network", ExitCode.Mismatch, $"The gateway {_url} serves the arena {arena} on chain {chain}; the agent's is {_arena} on chain {_chain}.", "Name the gateway of the agent's network. Nothing was signed for this one.");
        }

        // The middle of the exchange is the best guess at the moment that the gateway told.
        var told = Member(root, "time") switch
        {
            { ValueKind: JsonValueKind.Number } time when time.TryGetInt64(out var milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds),
            { ValueKind: JsonValueKind.String } time when time.TryGetDateTimeOffset(out var moment) => moment,
            _ => throw Malformed("time of /v1/network is no time"),
        };
        lock (_lock)
        {
            _offset = told - (asked + ((answered - asked) / 2));
        }
    }

    /// <inheritdoc/>
    public async Task AnnounceAsync(IReadOnlyList<Seat> seats, IReadOnlyList<string> families, CancellationToken cancellation)
    {
        var body = Body(writer =>
        {
            writer.WriteStartArray("seats");
            foreach (var seat in seats)
            {
                writer.WriteStringValue(NameOf(seat));
            }

            writer.WriteEndArray();
            writer.WriteStartArray("families");
            foreach (var family in families)
            {
                writer.WriteStringValue(family);
            }

            writer.WriteEndArray();
        });
        _ = await SendAsync(HttpMethod.Put, "v1/agents/me", body, isSigned: true, cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<GatewayReceipt> PutTaskAsync(long round, string statement, CancellationToken cancellation) =>
        Receipt(await SendAsync(HttpMethod.Put, Path(round, "task"), Encoding.UTF8.GetBytes(statement), isSigned: true, cancellation).ConfigureAwait(false));

    /// <inheritdoc/>
    public Task<byte[]> GetTaskAsync(long round, CancellationToken cancellation) => SendAsync(HttpMethod.Get, Path(round, "task"), null, isSigned: true, cancellation);

    /// <inheritdoc/>
    public async Task<GatewayReceipt> PutAnswerAsync(long round, string answer, Bytes32 salt, CancellationToken cancellation)
    {
        var body = Body(writer =>
        {
            writer.WriteString("answer", answer);
            writer.WriteString("salt", salt.ToString());
        });
        return Receipt(await SendAsync(HttpMethod.Put, Path(round, "answer"), body, isSigned: true, cancellation).ConfigureAwait(false));
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<GatewayAnswer>> GetAnswersAsync(long round, CancellationToken cancellation)
    {
        using var answer = Json(await SendAsync(HttpMethod.Get, Path(round, "answers"), null, isSigned: true, cancellation).ConfigureAwait(false));
        if (answer.RootElement.ValueKind != JsonValueKind.Array)
        {
            throw Malformed("the answers are no list");
        }

        return [.. answer.RootElement.EnumerateArray().Select(entry => new GatewayAnswer(
            Member(entry, "index") is { ValueKind: JsonValueKind.Number } index && index.TryGetInt32(out var place) ? place : throw Malformed("an answer has no index"),
            Address.TryParse(Text(entry, "student"), out var student) ? student : throw Malformed("an answer has no student"),
            Digest(Text(entry, "hash")),
            Text(entry, "answer"),
            Text(entry, "moderation")))];
    }

    /// <inheritdoc/>
    public async Task<GatewayReceipt> PutNoteAsync(long round, string note, CancellationToken cancellation) =>
        Receipt(await SendAsync(HttpMethod.Put, Path(round, "note"), Body(writer => writer.WriteString("note", note)), isSigned: true, cancellation).ConfigureAwait(false));

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static string NameOf(Seat seat) => seat switch
    {
        Seat.Teacher => "teacher",
        Seat.Student => "student",
        Seat.Validator => "validator",
        _ => throw new ArgumentOutOfRangeException(nameof(seat)),
    };

    private static string Path(long round, string what) => string.Create(CultureInfo.InvariantCulture, $"v1/rounds/{round}/{what}");

    private async Task<byte[]> SendAsync(HttpMethod method, string path, byte[]? body, bool isSigned, CancellationToken cancellation)
    {
        var isRead = method == HttpMethod.Get;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                if (isSigned && Offset is null)
                {
                    await ConnectAsync(cancellation).ConfigureAwait(false);
                }

                await WaitForTurnAsync(cancellation).ConfigureAwait(false);
                return await ExchangeAsync(method, path, body, isSigned, cancellation).ConfigureAwait(false);
            }
            catch (GatewayException problem) when (isRead && attempt < Attempts && MayPass(problem))
            {
                OnProblem?.Invoke(problem.Code, problem.Message);
                await Task.Delay(FirstPause * (1 << attempt), _time, cancellation).ConfigureAwait(false);
            }
        }
    }

    // What another attempt may mend; the rest is an answer.
    private static bool MayPass(GatewayException problem) => problem.Code is GatewayException.Unreachable or "timestamp-off" or "nonce-used" || problem.Status is 429 or 502 or 504 || (problem.Status is 503 && problem.Code is not "paused");

    private async Task<byte[]> ExchangeAsync(HttpMethod method, string path, byte[]? body, bool isSigned, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            var target = new Uri(_url, path);
            using var request = new HttpRequestMessage(method, target);
            if (body is not null)
            {
                request.Content = new ByteArrayContent(body);
                request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            }

            if (isSigned)
            {
                foreach (var (name, value) in await SignAsync(method.Method, target.PathAndQuery, body, cancellation).ConfigureAwait(false))
                {
                    request.Headers.Add(name, value);
                }
            }

            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseContentRead, either.Token).ConfigureAwait(false);
            var content = await response.Content.ReadAsByteArrayAsync(either.Token).ConfigureAwait(false);
            return response.IsSuccessStatusCode ? content : throw Refusal(response, content);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new GatewayException(GatewayException.Unreachable, 0, string.Create(CultureInfo.InvariantCulture, $"The gateway {_url} did not answer {method} {path} within {Patience.TotalSeconds} s."));
        }
        catch (Exception problem) when (problem is HttpRequestException or IOException)
        {
            throw new GatewayException(GatewayException.Unreachable, 0, $"The gateway {_url} could not be asked {method} {path}: {(problem as HttpRequestException)?.HttpRequestError.ToString() ?? problem.Message}.", problem);
        }
    }

    /// <summary>The headers of one request.</summary>
    internal async Task<IReadOnlyList<(string Name, string Value)>> SignAsync(string method, string path, byte[]? body, CancellationToken cancellation)
    {
        var nonce = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var statement = new GatewayStatement(_chain, _arena, method, path, GatewayStatement.Digest(body), _time.GetUtcNow() + (Offset ?? TimeSpan.Zero), nonce, _signer.Address);
        var signature = await _signer.SignMessageAsync(Encoding.UTF8.GetBytes(statement.ToString()), cancellation).ConfigureAwait(false);
        return
        [
            (GatewayStatement.AddressHeader, _signer.Address.ToString()),
            (GatewayStatement.TimestampHeader, statement.Timestamp.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)),
            (GatewayStatement.NonceHeader, nonce),
            (GatewayStatement.SignatureHeader, signature.ToString()),
        ];
    }

    private TimeSpan? Offset
    {
        get
        {
            lock (_lock)
            {
                return _offset;
            }
        }
    }

    private void ForgetClock()
    {
        lock (_lock)
        {
            _offset = null;
        }
    }

    private async Task WaitForTurnAsync(CancellationToken cancellation)
    {
        TimeSpan left;
        lock (_lock)
        {
            left = _notBefore - _time.GetUtcNow();
        }

        if (left > TimeSpan.Zero)
        {
            await Task.Delay(left, _time, cancellation).ConfigureAwait(false);
        }
    }

    private GatewayException Refusal(HttpResponseMessage response, byte[] content)
    {
        var status = (int)response.StatusCode;
        var (code, message, mend) = ($"http-{status.ToString(CultureInfo.InvariantCulture)}", $"The gateway {_url} answered {status}.", (string?)null);
        try
        {
            using var answer = JsonDocument.Parse(content);
            (code, message, mend) = (Text(answer.RootElement, "code") ?? code, Text(answer.RootElement, "message") ?? message, Text(answer.RootElement, "mend"));
        }
        catch (JsonException)
        {
            // A proxy's page; the status says what there is to know.
        }

        if (response.StatusCode is HttpStatusCode.Unauthorized)
        {
            ForgetClock();
        }

        if (response.Headers.RetryAfter is { } after || response.StatusCode is HttpStatusCode.TooManyRequests)
        {
            var now = _time.GetUtcNow();
            var wait = response.Headers.RetryAfter switch
            {
                { Delta: { } delta } => delta,
                { Date: { } date } => date - now,
                _ => TimeSpan.FromSeconds(1),
            };
            lock (_lock)
            {
                _notBefore = now + TimeSpan.FromTicks(Math.Clamp(wait.Ticks, 0, LongestRetryAfter * TimeSpan.TicksPerSecond));
            }
        }

        return new GatewayException(code, status, mend is null ? message : $"{message} {mend}");
    }

    private static GatewayReceipt Receipt(byte[] content)
    {
        using var answer = Json(content);
        return new GatewayReceipt(Digest(Text(answer.RootElement, "hash")), Text(answer.RootElement, "uri") ?? throw Malformed("a receipt has no uri"));
    }

    private static Bytes32 Digest(string? text) =>
        Hex.TryDecode(text, out var bytes) && bytes.Length == Bytes32.Size ? new Bytes32(bytes) : throw Malformed($"'{text}' is no digest");

    private static JsonElement? Member(JsonElement element, string name) => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var member) ? member : null;

    private static string? Text(JsonElement element, string name) => Member(element, name) is { ValueKind: JsonValueKind.String } member ? member.GetString() : null;

    private static JsonDocument Json(byte[] content)
    {
        try
        {
            return JsonDocument.Parse(content);
        }
        catch (JsonException problem)
        {
            throw new GatewayException(GatewayException.Malformed, 200, $"The gateway's answer is no JSON: {problem.Message}", problem);
        }
    }

    private static byte[] Body(Action<Utf8JsonWriter> members)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static GatewayException Malformed(string what) => new(GatewayException.Malformed, 200, $"The gateway's answer is not that of its protocol: {what}.");
}
