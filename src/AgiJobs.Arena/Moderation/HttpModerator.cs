using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace AgiJobs.Arena.Moderation;

/// <summary>
/// A moderator that is asked by HTTP: <c>POST {"input": TEXT}</c>, answered by <c>{"flagged": BOOL, "reason": TEXT}</c>. It is asked once, for a bounded time, for an answer of bounded size; redirects are not followed. Anything but a
/// whole answer with status 200 is silence. Safe for use by several threads.
/// </summary>
public sealed class HttpModerator : IContentModerator, IDisposable
{
    /// <summary>The most bytes of an answer.</summary>
    public const int MaxAnswer = 65_536;

    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false }) { Timeout = Timeout.InfiniteTimeSpan };
    private readonly Uri _endpoint;
    private readonly string? _token;
    private readonly TimeSpan _timeout;
    private readonly TimeProvider _time;

    /// <summary>A moderator at an endpoint.</summary>
    /// <param name="endpoint">Its URL.</param>
    /// <param name="token">The bearer token that it wants; null for none.</param>
    /// <param name="timeout">How long it is waited for, from the first byte sent to the last one read.</param>
    /// <param name="time">The clock.</param>
    public HttpModerator(Uri endpoint, string? token, TimeSpan timeout, TimeProvider time) => (_endpoint, _token, _timeout, _time) = (endpoint, token, timeout, time);

    /// <inheritdoc/>
    public async Task<ModeratorAnswer> AskAsync(string content, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(_timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, _endpoint) { Content = new ByteArrayContent(Question(content)) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            if (_token is not null)
            {
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token);
            }

            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token).ConfigureAwait(false);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                return Silent($"it answered with status {(int)response.StatusCode}");
            }

            var stream = await response.Content.ReadAsStreamAsync(either.Token).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                var buffer = new byte[MaxAnswer + 1];
                var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, either.Token).ConfigureAwait(false);
                return length > MaxAnswer ? Silent($"its answer has more than {MaxAnswer} bytes") : Read(buffer.AsMemory(0, length));
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return Silent($"it did not answer within {_timeout.TotalMilliseconds:0} ms");
        }
        catch (Exception problem) when (problem is HttpRequestException or IOException)
        {
            return Silent($"it could not be reached or broke off: {problem.Message}");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private static ModeratorAnswer Read(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("flagged", out var flagged) || flagged.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
            {
                return Silent("its answer does not say whether the content is flagged");
            }

            var reason = root.TryGetProperty("reason", out var said) && said.ValueKind == JsonValueKind.String ? OneLine(said.GetString()!) : "";
            return flagged.GetBoolean() ? new ModeratorAnswer(ModeratorVerdict.Flagged, reason.Length == 0 ? "it gave no reason" : reason) : new ModeratorAnswer(ModeratorVerdict.Passed, reason);
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
            return Silent("its answer is no JSON");
        }
    }

    private static ModeratorAnswer Silent(string why) => new(ModeratorVerdict.Silent, OneLine(why));

    // What comes from elsewhere goes into records and onto terminals.
    private static string OneLine(string text)
    {
        var line = string.Join(' ', new string([.. text.Select(one => char.IsControl(one) || char.IsSurrogate(one) ? ' ' : one)]).Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return line.Length > 200 ? line[..200] : line;
    }

    private static byte[] Question(string content)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteString("input", content);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
