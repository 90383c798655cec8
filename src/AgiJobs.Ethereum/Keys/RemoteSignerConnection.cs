using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text.Json;

namespace AgiJobs.Ethereum.Keys;

/// <summary>
/// One JSON-RPC request at a time over HTTP to a signer. Nothing is ever repeated: a person may be looking at the first request.
/// </summary>
internal sealed class RemoteSignerConnection : IDisposable
{
    private const int MaxResponseSize = 4 * 1024 * 1024;
    private const int GoEthereumTimeout = -32002;

    private readonly Uri _url;
    private readonly TimeSpan _timeout;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;
    private int _lastId;

    public RemoteSignerConnection(Uri url, TimeSpan timeout, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(url);
        var loopback = url.IsAbsoluteUri && IsLoopback(url);
        if (!url.IsAbsoluteUri || (url.Scheme != Uri.UriSchemeHttps && (url.Scheme != Uri.UriSchemeHttp || !loopback)))
        {
            throw EthereumException.BadInput(
                "signer-url", $"'{Hex.Shorten(Shown(url))}' is no address for a signer: use https, or http on this machine "
                    + "(http://127.0.0.1:8550), so that nobody on the way can change what is signed.");
        }

        if (url.UserInfo.Length > 0)
        {
            throw EthereumException.BadInput("signer-url", $"The signer's address '{Shown(url)}' carries a user name or password, which "
                + "would end in logs. Remove it.");
        }

        if (timeout <= TimeSpan.Zero || timeout > TimeSpan.FromDays(1))
        {
            throw EthereumException.BadInput("signer-timeout-range", $"The signer's timeout of {timeout} is out of range: it is above "
                + "zero and at most a day.");
        }

        _url = url;
        _timeout = timeout;
        _time = time;

        // No redirects, which could lead off this machine; no proxy between this machine and itself; no connection used twice, since a
        // request that finds an old connection closed is repeated by the handler.
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = !loopback,
            PooledConnectionLifetime = TimeSpan.Zero,
        };
        _http = new HttpClient(handler)
        {
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = MaxResponseSize,
        };
    }

    /// <summary>Sends one request and gives its result, which is never an error and may be null JSON.</summary>
    public async ValueTask<JsonElement> RequestAsync(
        string method, Action<Utf8JsonWriter> writeParameters, CancellationToken cancellationToken)
    {
        var id = Interlocked.Increment(ref _lastId);
        using var content = new ByteArrayContent(Request(id, method, writeParameters));
        content.Headers.ContentType = new("application/json");
        using var deadline = new CancellationTokenSource(_timeout, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            using var response = await _http.PostAsync(_url, content, both.Token).ConfigureAwait(false);
            var body = await response.Content.ReadAsByteArrayAsync(both.Token).ConfigureAwait(false);
            return Result(id, method, response.StatusCode, body);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new EthereumException(
                "signer-timeout", Fault.Unknown, $"The signer at {_url} did not answer {method} within {_timeout}. Nothing was sent; if "
                    + "it is confirmed there now, the signature is not used. Try again, or give a longer timeout.");
        }
        catch (HttpRequestException error) when (error.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            throw BadResponse(method, $"it is longer than {MaxResponseSize} bytes", error);
        }
        catch (Exception error) when (error is HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded }
            or HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded })
        {
            throw BadResponse(method, "it ended before it was complete; Clef ends it so when nobody confirms in time, which is about 30 s", error);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw new EthereumException("signer-unreachable", Fault.Unknown, $"The signer at {_url} cannot be reached: {error.Message} "
                + "Start it, or correct its address.", error);
        }
    }

    public void Dispose() => _http.Dispose();

    public override string ToString() => _url.ToString();

    public EthereumException BadResponse(string method, string why, Exception? inner = null) => new(
        "signer-response", Fault.Unknown, $"The answer of the signer at {_url} to {method} cannot be used: {why}. Check that it speaks "
            + "the dialect that is configured.", inner);

    private static bool IsLoopback(Uri url) =>
        url.IsLoopback || (IPAddress.TryParse(url.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    private static string Shown(Uri url) => url.IsAbsoluteUri
        ? url.GetComponents(UriComponents.AbsoluteUri & ~UriComponents.UserInfo, UriFormat.UriEscaped)
        : url.OriginalString;

    private static byte[] Request(int id, string method, Action<Utf8JsonWriter> writeParameters)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("jsonrpc", "2.0");
            json.WriteNumber("id", id);
            json.WriteString("method", method);
            json.WriteStartArray("params");
            writeParameters(json);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private JsonElement Result(int id, string method, HttpStatusCode status, byte[] body)
    {
        JsonElement root;
        try
        {
            using var document = JsonDocument.Parse(body);
            root = document.RootElement.Clone();
        }
        catch (JsonException error)
        {
            throw BadResponse(method, $"HTTP status {(int)status} and no JSON", error);
        }

        // Errors come with other status codes from some signers, so the body is looked at first.
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw BadResponse(method, $"HTTP status {(int)status} and no JSON object");
        }

        if (root.TryGetProperty("error", out var problem) && problem.ValueKind != JsonValueKind.Null)
        {
            throw Refusal(method, problem);
        }

        if (status != HttpStatusCode.OK)
        {
            throw BadResponse(method, $"HTTP status {(int)status}");
        }

        if (Number(root, "id") != id)
        {
            throw BadResponse(method, "it belongs to another request (its id differs)");
        }

        return root.TryGetProperty("result", out var result) ? result : throw BadResponse(method, "it has neither a result nor an error");
    }

    private EthereumException Refusal(string method, JsonElement problem)
    {
        var isObject = problem.ValueKind == JsonValueKind.Object;
        var code = isObject ? Number(problem, "code") ?? 0 : 0;
        var text = Printable(isObject && problem.TryGetProperty("message", out var message) ? message : problem);

        // go-ethereum's HTTP server gives up some 30 s after a request came in, whatever the person in front of Clef does afterwards.
        if (code == GoEthereumTimeout)
        {
            return new EthereumException(
                "signer-timeout", Fault.Unknown, $"The signer at {_url} gave up on {method}: {text}. Nobody confirmed in its own time limit "
                    + "(30 s in Clef over HTTP). If it is confirmed there now, the signature is not used; ask again and confirm at once.");
        }

        // 4001 is EIP-1193's "user rejected"; Clef says "request denied" without a code of its own.
        var denied = code == 4001
            || text.Contains("denied", StringComparison.OrdinalIgnoreCase)
            || text.Contains("rejected", StringComparison.OrdinalIgnoreCase)
            || text.Contains("declined", StringComparison.OrdinalIgnoreCase);
        return denied
            ? new EthereumException("signer-refused", Fault.Refused, $"The signer at {_url} refused {method}: {text}. Nothing was signed.")
            : new EthereumException("signer-error", Fault.Failed, $"The signer at {_url} could not do {method}: {text} (code {code}). "
                + "Nothing was signed.");
    }

    private static int? Number(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.Number && member.TryGetInt32(out var number)
            ? number
            : null;

    // What the signer says goes to a terminal: no control characters, none that turn or hide text, no page-long texts.
    private static string Printable(JsonElement element)
    {
        var text = element.GetRawText();
        try
        {
            text = element.ValueKind == JsonValueKind.String ? element.GetString()! : text;
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair: the escaped form says as much.
        }

        return string.Create(Math.Min(text.Length, 200), text, static (chars, source) =>
        {
            for (var i = 0; i < chars.Length; i++)
            {
                var category = char.GetUnicodeCategory(source[i]);
                chars[i] = category is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate ? ' ' : source[i];
            }
        });
    }
}
