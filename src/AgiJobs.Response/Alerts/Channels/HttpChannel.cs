using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Control.OnCall;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Response.Alerts.Channels;

/// <summary>A channel that posts JSON. Follows no redirect, keeps no cookie, reads at most 4,096 bytes of an answer, and gives up after <see cref="Patience"/>.</summary>
/// <param name="channel">Its entry in the on-call file.</param>
/// <param name="time">The clock.</param>
public abstract class HttpChannel(AlertChannel channel, TimeProvider time) : IAlertChannel
{
    private const int MostRead = 4096;

    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { Timeout = Timeout.InfiniteTimeSpan };

    /// <inheritdoc/>
    public string Name => channel.Name;

    /// <inheritdoc/>
    public abstract string Kind { get; }

    /// <inheritdoc/>
    public virtual string To => channel.Url is { Url: { } url } ? SecretText.Mask(url) : $"a URL from {(channel.Url?.Secret?.Env is { } variable ? $"the variable {variable}" : $"the file {channel.Url?.Secret?.File}")}";

    /// <summary>How long one message may take.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Its entry in the on-call file.</summary>
    protected AlertChannel Entry => channel;

    /// <summary>The clock.</summary>
    protected TimeProvider Time => time;

    /// <inheritdoc/>
    public abstract Task<ChannelAnswer> SendAsync(Notice notice, string key, CancellationToken cancellation);

    /// <inheritdoc/>
    public void Dispose()
    {
        _http.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Posts a body and judges what came back.</summary>
    /// <param name="url">Finds the URL; what it throws is told.</param>
    /// <param name="body">The body.</param>
    /// <param name="headers">Further headers; what it throws is told.</param>
    /// <param name="judge">What a status and the beginning of the answer come to.</param>
    /// <param name="cancellation">Stops it.</param>
    protected async Task<ChannelAnswer> PostAsync(Func<Uri> url, byte[] body, Func<IEnumerable<(string Name, string Value)>> headers, Func<int, string, SendOutcome> judge, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(url);
        ArgumentNullException.ThrowIfNull(headers);
        ArgumentNullException.ThrowIfNull(judge);
        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            var target = url();
            if (target.Scheme != Uri.UriSchemeHttps && !(target.Scheme == Uri.UriSchemeHttp && target.IsLoopback))
            {
                return new ChannelAnswer(SendOutcome.Never, "the URL is neither https nor on this machine");
            }

            using var request = new HttpRequestMessage(HttpMethod.Post, target) { Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            foreach (var (name, value) in headers())
            {
                request.Headers.Add(name, value);
            }

            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token).ConfigureAwait(false);
            var text = await ReadAsync(response, either.Token).ConfigureAwait(false);
            var status = (int)response.StatusCode;
            var words = string.Create(CultureInfo.InvariantCulture, $"answered {status}{(text.Length == 0 ? "" : $": {SecretText.Mask(text)}")}");
            return new ChannelAnswer(judge(status, text), words, After(response.Headers.RetryAfter), status);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new ChannelAnswer(SendOutcome.Again, string.Create(CultureInfo.InvariantCulture, $"did not answer within {Patience.TotalSeconds} s"));
        }
        catch (Exception problem) when (problem is HttpRequestException or IOException or ControlException or FormatException)
        {
            // The URL may be a secret, and the messages of the HTTP client name host and port.
            return new ChannelAnswer(SendOutcome.Again, problem is HttpRequestException failed ? $"could not be reached ({failed.HttpRequestError})" : problem is ControlException told ? told.Message : problem.GetType().Name);
        }
    }

    /// <summary>Tries again what may pass: 408, 429 and 5xx.</summary>
    protected static SendOutcome Usual(int status) => status is >= 200 and <= 299 ? SendOutcome.Delivered
        : status is (int)HttpStatusCode.RequestTimeout or (int)HttpStatusCode.TooManyRequests or >= 500 ? SendOutcome.Again
        : SendOutcome.Never;

    /// <summary>A JSON body.</summary>
    protected static byte[] Json(Action<Utf8JsonWriter> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            body(writer);
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>A time as most receivers want it.</summary>
    protected static string Iso(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    /// <summary>The beginning of a text, at a whole character.</summary>
    protected static string Cut(string text, int most)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Length <= most ? text : text[..(char.IsHighSurrogate(text[most - 4]) ? most - 4 : most - 3)] + "...";
    }

    private TimeSpan? After(RetryConditionHeaderValue? asked) => asked?.Delta ?? (asked?.Date is { } date ? date - time.GetUtcNow() : null);

    private static async Task<string> ReadAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var stream = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            var buffer = new byte[MostRead];
            var count = await stream.ReadAtLeastAsync(buffer, MostRead, throwOnEndOfStream: false, cancellation).ConfigureAwait(false);
            return new string([.. Encoding.UTF8.GetString(buffer, 0, count).Trim().Select(letter => char.IsControl(letter) ? ' ' : letter)]);
        }
    }
}
