using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Feed;

/// <summary>
/// Tells of each executed change by a signed webhook, at least once, from an outbox on the disk (<c>storage/outbox/NETWORK/</c>). Before a change is sent a note says that it is; its end becomes a message; a message stays
/// until the receiver took it (status 2xx). So whatever dies in between, the next delivery makes up for it, and the receiver tells a repetition by its <c>Idempotency-Key</c>. Nothing that goes wrong here holds a change up.
/// </summary>
public sealed class ChangeFeed
{
    private const string NoteEnding = ".note";
    private const string StateEnding = ".state";

    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(6);
    private static readonly HttpClient Http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { Timeout = Timeout.InfiniteTimeSpan };

    private readonly Workspace _workspace;
    private readonly string _network;
    private readonly ChangeFeedReference _reference;
    private readonly TimeProvider _time;

    /// <summary>The feed of a network.</summary>
    public ChangeFeed(Workspace workspace, string network, ChangeFeedReference reference, TimeProvider time)
    {
        _workspace = workspace;
        _network = network;
        _reference = reference;
        _time = time;
    }

    /// <summary>How long one message may take.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(5);

    private string Folder => _workspace.Locate("storage", "outbox", _network);

    /// <summary>Notes that a change is about to be sent, so that its end is told even when this process dies before it can tell it.</summary>
    /// <exception cref="ControlException"><c>file-write</c>.</exception>
    public void Expect(FiledChange change) => AtomicFile.Write(NotePath(change), Encoding.UTF8.GetBytes(change.Id + "\n"));

    /// <summary>Puts the end of a change into the outbox, once.</summary>
    /// <param name="change">The change.</param>
    /// <param name="end"><c>verified</c>, <c>executed-elsewhere</c>, or the code of what went wrong.</param>
    /// <param name="transactions">The transactions that were mined.</param>
    /// <exception cref="ControlException"><c>file-write</c>.</exception>
    public void Enter(FiledChange change, string end, IReadOnlyList<Bytes32> transactions)
    {
        var document = change.Document;
        var id = $"{document.Digest().ToString()[2..]}-{end}";
        var body = new JsonObject
        {
            ["type"] = "change.ended",
            ["version"] = 1,
            ["id"] = id,
            ["network"] = document.Network,
            ["chainId"] = document.ChainId.Value,
            ["change"] = document.Digest().ToString(),
            ["name"] = change.Id,
            ["kind"] = document.Kind,
            ["title"] = document.Title,
            ["instance"] = document.Instance,
            ["end"] = end,
            ["transactions"] = new JsonArray([.. transactions.Select(hash => (JsonNode)hash.ToString())]),
            ["at"] = _time.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
        };
        if (!File.Exists(Path.Combine(Folder, "delivered", id + ".json")))
        {
            _ = AtomicFile.TryCreate(MessagePath(id), Encoding.UTF8.GetBytes(body.ToJsonString()));
        }

        File.Delete(NotePath(change));
    }

    /// <summary>The messages that wait, oldest name first.</summary>
    public IReadOnlyList<FeedMessage> Waiting() => Directory.Exists(Folder)
        ? [.. Directory.EnumerateFiles(Folder, "*.json").Order(StringComparer.Ordinal).Select(path => StateOf(Path.GetFileNameWithoutExtension(path)))]
        : [];

    /// <summary>The messages that were delivered.</summary>
    public IReadOnlyList<string> Delivered() => Path.Combine(Folder, "delivered") is var folder && Directory.Exists(folder)
        ? [.. Directory.EnumerateFiles(folder, "*.json").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>True when something is to be told now: a note of a change, or a message whose time has come.</summary>
    public bool IsDue() => Directory.Exists(Folder) && (Directory.EnumerateFiles(Folder, "*" + NoteEnding).Any() || Waiting().Any(message => message.NextAttempt <= _time.GetUtcNow()));

    /// <summary>Delivers what is due. A message that is not taken waits twice as long as before, from 30 s to 6 h, and is never given up.</summary>
    /// <param name="all">Tries those too whose time has not come.</param>
    /// <param name="cancellation">Gives up; what was being sent stays in the outbox.</param>
    /// <exception cref="ControlException"><c>file-write</c>, <c>feed-busy</c> (exit 4) when another process is delivering.</exception>
    public async Task<FeedDelivery> DeliverAsync(bool all, CancellationToken cancellation)
    {
        if (!Directory.Exists(Folder))
        {
            return new FeedDelivery([], []);
        }

        using var held = FileLock.TryTake(Path.Combine(Folder, "feed.lock")) ?? throw new ControlException("feed-busy", ExitCode.Refused, "Another process is delivering the feed's messages.", "Wait for it to end.");
        MakeUp();
        var delivered = new List<string>();
        foreach (var message in Waiting().Where(message => all || message.NextAttempt <= _time.GetUtcNow()))
        {
            if (await TrySendAsync(message.Id, cancellation).ConfigureAwait(false) is { } problem)
            {
                var wait = TimeSpan.FromTicks(Math.Min(LongestWait.Ticks, FirstWait.Ticks << Math.Min(message.Attempts, 20)));
                Keep(new FeedMessage(message.Id, message.Attempts + 1, _time.GetUtcNow() + wait, problem));
            }
            else
            {
                Directory.CreateDirectory(Path.Combine(Folder, "delivered"));
                File.Move(MessagePath(message.Id), Path.Combine(Folder, "delivered", message.Id + ".json"), overwrite: true);
                File.Delete(Path.Combine(Folder, message.Id + StateEnding));
                delivered.Add(message.Id);
            }
        }

        return new FeedDelivery(delivered, Waiting());
    }

    // What ended without its end having been told, since the process died.
    private void MakeUp()
    {
        foreach (var note in Directory.EnumerateFiles(Folder, "*" + NoteEnding).Order(StringComparer.Ordinal).ToList())
        {
            FiledChange? change;
            IReadOnlyList<JsonObject> entries;
            try
            {
                change = new ChangeStore(_workspace, _time).Find(File.ReadAllText(note).Trim());
                entries = change is null ? [] : Journal.Read(change.JournalPath);
            }
            catch (ControlException)
            {
                // A damaged record tells nothing; whoever mends it has the note still.
                continue;
            }

            if (change is null)
            {
                File.Delete(note);
            }
            else if (ChangeState.IsVerified(entries) || Journal.HasEnded(entries))
            {
                var end = ChangeState.IsVerified(entries) ? "verified" : entries.Any(Journal.HasReverted) ? "change-reverted" : entries.Any(entry => (string?)entry["event"] is "mismatch") ? "verification-mismatch" : null;
                if (end is null)
                {
                    File.Delete(note);
                }
                else
                {
                    Enter(change, end, [.. entries.Where(entry => (string?)entry["event"] is "mined").Select(entry => Bytes32.Parse((string)entry["hash"]!)).Distinct()]);
                }
            }
        }
    }

    // Null when it was taken.
    private async Task<string?> TrySendAsync(string id, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            var body = await File.ReadAllBytesAsync(MessagePath(id), cancellation).ConfigureAwait(false);
            var url = _reference.Url.Resolve();
            if (url.Scheme != Uri.UriSchemeHttps && !(url.Scheme == Uri.UriSchemeHttp && url.IsLoopback))
            {
                return "the URL is neither https nor on this machine";
            }

            using var content = new ByteArrayContent(body);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = content };
            request.Headers.Add(FeedSignature.Header, FeedSignature.Of(_reference.Key.Reveal(), _time.GetUtcNow(), body));
            request.Headers.Add("Idempotency-Key", id);
            using var response = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token).ConfigureAwait(false);
            return response.IsSuccessStatusCode ? null : $"the receiver answered {(int)response.StatusCode}{(response.StatusCode is HttpStatusCode.Gone ? " (gone: take it out of the network's file)" : "")}";
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return string.Create(CultureInfo.InvariantCulture, $"the receiver did not answer within {Patience.TotalSeconds} s");
        }
        catch (Exception problem) when (problem is HttpRequestException or IOException or ControlException)
        {
            // The URL may be a secret, and the messages of the HTTP client name host and port.
            return problem is HttpRequestException failed ? $"the receiver could not be reached ({failed.HttpRequestError})" : problem.Message;
        }
    }

    private FeedMessage StateOf(string id)
    {
        try
        {
            var state = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, id + StateEnding)))!;
            return new FeedMessage(id, (int)state["attempts"]!, DateTimeOffset.Parse((string)state["nextAttempt"]!, CultureInfo.InvariantCulture), (string?)state["problem"]);
        }
        catch (Exception problem) when (problem is IOException or JsonException or FormatException or InvalidOperationException or NullReferenceException or ArgumentNullException)
        {
            // Without a readable state it is tried at once.
            return new FeedMessage(id, 0, DateTimeOffset.MinValue, null);
        }
    }

    private void Keep(FeedMessage message) => AtomicFile.Write(
        Path.Combine(Folder, message.Id + StateEnding),
        Encoding.UTF8.GetBytes(new JsonObject { ["attempts"] = message.Attempts, ["nextAttempt"] = message.NextAttempt.ToString("O", CultureInfo.InvariantCulture), ["problem"] = message.Problem }.ToJsonString()));

    private string MessagePath(string id) => Path.Combine(Folder, id + ".json");

    private string NotePath(FiledChange change) => Path.Combine(Folder, change.Document.Digest().ToString()[2..] + NoteEnding);
}
