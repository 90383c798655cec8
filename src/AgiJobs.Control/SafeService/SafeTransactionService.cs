using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Numerics;
using System.Text;
using System.Text.Json;
using AgiJobs.Control.Execution;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Safes;

namespace AgiJobs.Control.SafeService;

/// <summary>
/// A Safe Transaction Service: where a transaction is proposed to a Safe's owners and their confirmations are read back. Nothing that it says is believed: the transaction must be ours field by field, and a
/// confirmation must recover to the owner that it names. Source: safe-transaction-service, <c>api/v1</c>.
/// </summary>
/// <remarks>
/// Every method throws <see cref="ControlException"/>: <c>safe-service-unreachable</c> and <c>safe-service-response</c> (exit 5), <c>safe-service-refused</c> (exit 4) with what the service says.
/// </remarks>
public sealed class SafeTransactionService
{
    private const int MaxPages = 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly HttpClient Http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = 4 << 20 };

    private readonly Uri _base;
    private readonly string? _key;
    private readonly TimeProvider _time;

    /// <summary>Does not connect yet.</summary>
    /// <param name="url">Its base, below which <c>api/v1/</c> is: https, or http on this machine.</param>
    /// <param name="key">Sent as a bearer token; null for none.</param>
    /// <param name="time">The clock of the timeout.</param>
    /// <exception cref="ControlException"><c>safe-service-url</c> (exit 2).</exception>
    public SafeTransactionService(Uri url, string? key, TimeProvider time)
    {
        if (url.Scheme != Uri.UriSchemeHttps && !(url.Scheme == Uri.UriSchemeHttp && url.IsLoopback))
        {
            throw new ControlException("safe-service-url", ExitCode.BadInput, "The URL of the Safe Transaction Service is neither https nor on this machine.", "Correct safeTransactionService in the network's file.");
        }

        _base = new Uri(url.ToString().TrimEnd('/') + "/");
        _key = key;
        _time = time;
    }

    /// <summary>The host, for people; the whole URL may be a secret.</summary>
    public string Name => _base.Host;

    /// <summary>The transaction, if the service has it.</summary>
    /// <exception cref="ControlException"><c>safe-service-other-transaction</c> (exit 6) when a field is not ours.</exception>
    public async Task<ServiceTransaction?> FindAsync(SafeTransactionHash hash, CancellationToken cancellation)
    {
        var (status, body) = await SendAsync(HttpMethod.Get, $"api/v1/multisig-transactions/{hash.Value}/", null, cancellation).ConfigureAwait(false);
        if (status == HttpStatusCode.NotFound)
        {
            return null;
        }

        using var answer = Parse(status, body);
        var found = answer.RootElement;
        var ours = hash.Transaction;
        Same("safeTxHash", hash.Value.ToString());
        Same("safe", hash.Domain.Safe.ToString());
        Same("to", ours.To.ToString());
        Same("value", Decimal(ours.Value.Value));
        Same("data", ours.Data.IsEmpty ? "" : Hex.Encode(ours.Data.Span));
        Same("operation", Decimal((byte)ours.Operation));
        Same("safeTxGas", Decimal(ours.SafeTxGas));
        Same("baseGas", Decimal(ours.BaseGas));
        Same("gasPrice", Decimal(ours.GasPrice));
        Same("gasToken", ours.GasToken.ToString());
        Same("refundReceiver", ours.RefundReceiver.ToString());
        Same("nonce", Decimal(ours.Nonce));
        return new ServiceTransaction(hash, found.TryGetProperty("isExecuted", out var executed) && executed.ValueKind == JsonValueKind.True);

        void Same(string field, string wanted)
        {
            var said = found.ValueKind == JsonValueKind.Object && found.TryGetProperty(field, out var value)
                ? value.ValueKind switch
                {
                    JsonValueKind.String => value.GetString()!,
                    JsonValueKind.Number => value.GetRawText(),
                    JsonValueKind.Null => field is "gasToken" or "refundReceiver" ? Address.Zero.ToString() : "",
                    _ => value.ValueKind.ToString(),
                }
                : throw Response($"it has no {field}");
            if (!string.Equals(said, wanted, StringComparison.OrdinalIgnoreCase))
            {
                throw new ControlException("safe-service-other-transaction", ExitCode.Mismatch, $"{Name} has {hash.Value} with {field} {said}; it is {wanted}.", "Do not sign what the service shows. Nothing of it was used; find out who altered it.");
            }
        }
    }

    /// <summary>Proposes a transaction.</summary>
    public async Task ProposeAsync(SafeServiceProposal proposal, CancellationToken cancellation)
    {
        var (status, body) = await SendAsync(HttpMethod.Post, $"api/v1/safes/{proposal.Hash.Domain.Safe}/multisig-transactions/", proposal.ToJson(), cancellation).ConfigureAwait(false);
        RequireTaken(status, body, $"the proposal of {proposal.Hash.Value}");
    }

    /// <summary>Adds an owner's confirmation.</summary>
    public async Task ConfirmAsync(SafeTransactionHash hash, ReadOnlyMemory<byte> signature, CancellationToken cancellation)
    {
        var (status, body) = await SendAsync(HttpMethod.Post, $"api/v1/multisig-transactions/{hash.Value}/confirmations/", Encoding.UTF8.GetBytes($"{{\"signature\":\"{Hex.Encode(signature.Span)}\"}}"), cancellation).ConfigureAwait(false);
        RequireTaken(status, body, $"a confirmation of {hash.Value}");
    }

    /// <summary>The confirmations that are what they say, and for each other one why it is not.</summary>
    public async Task<(IReadOnlyList<ServiceConfirmation> Good, IReadOnlyList<string> Bad)> ConfirmationsAsync(SafeTransactionHash hash, CancellationToken cancellation)
    {
        var good = new List<ServiceConfirmation>();
        var bad = new List<string>();
        string? page = $"api/v1/multisig-transactions/{hash.Value}/confirmations/";
        for (var read = 0; page is not null; read++)
        {
            if (read >= MaxPages)
            {
                throw Response($"it has more than {MaxPages} pages of confirmations");
            }

            var (status, body) = await SendAsync(HttpMethod.Get, page, null, cancellation).ConfigureAwait(false);
            using var answer = Parse(status, body);
            if (answer.RootElement.ValueKind != JsonValueKind.Object || !answer.RootElement.TryGetProperty("results", out var results) || results.ValueKind != JsonValueKind.Array)
            {
                throw Response("it has no list of confirmations");
            }

            foreach (var item in results.EnumerateArray())
            {
                Judge(item);
            }

            page = answer.RootElement.TryGetProperty("next", out var next) && next.GetString() is { Length: > 0 } more ? Below(more) : null;
        }

        return (good, bad);

        void Judge(JsonElement item)
        {
            try
            {
                var owner = Address.Parse(item.GetProperty("owner").GetString() ?? "");
                var bytes = Hex.Decode(item.GetProperty("signature").GetString() ?? "");
                if (bytes is { Length: 65 } && bytes[64] >= 31)
                {
                    // A personal message in the Safe's own form.
                    bytes[64] -= 4;
                }

                if (bytes.Length == 65 && SafeCarrier.IsBy(bytes, hash.Value, owner))
                {
                    good.Add(new ServiceConfirmation(owner, bytes));
                }
                else
                {
                    bad.Add($"the confirmation that {Name} says is {owner}'s is not a signature of {owner} over {hash.Value}");
                }
            }
            catch (Exception problem) when (problem is EthereumException or KeyNotFoundException or InvalidOperationException)
            {
                bad.Add($"a confirmation of {Name} cannot be read: {problem.Message}");
            }
        }
    }

    // A further page must be of the same service, or the key would go elsewhere.
    private string Below(string url) =>
        Uri.TryCreate(_base, url, out var whole) && _base.IsBaseOf(whole) ? _base.MakeRelativeUri(whole).ToString() : throw Response("its next page is on another server");

    private async Task<(HttpStatusCode Status, byte[] Body)> SendAsync(HttpMethod method, string path, byte[]? body, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        using var request = new HttpRequestMessage(method, new Uri(_base, path));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (_key is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _key);
        }

        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        try
        {
            using var response = await Http.SendAsync(request, either.Token).ConfigureAwait(false);
            return (response.StatusCode, await response.Content.ReadAsByteArrayAsync(either.Token).ConfigureAwait(false));
        }
        catch (OperationCanceledException problem) when (!cancellation.IsCancellationRequested)
        {
            throw Unreachable("it did not answer in time", problem);
        }
        catch (HttpRequestException problem)
        {
            throw Unreachable(problem.HttpRequestError.ToString(), problem);
        }

        ControlException Unreachable(string why, Exception problem) =>
            new("safe-service-unreachable", ExitCode.Unknown, $"The Safe Transaction Service at {Name} could not be reached: {why}.", "Everything works without it: owners sign with 'agijobs change approve', and the file of 'plan safe --out' goes to the Safe's app.", problem);
    }

    private JsonDocument Parse(HttpStatusCode status, byte[] body)
    {
        if (status != HttpStatusCode.OK)
        {
            throw Refused(status, body, "the request");
        }

        try
        {
            return JsonDocument.Parse(body);
        }
        catch (JsonException problem)
        {
            throw new ControlException("safe-service-response", ExitCode.Unknown, $"{Name} answered with something that is no JSON.", "Check safeTransactionService in the network's file.", problem);
        }
    }

    private void RequireTaken(HttpStatusCode status, byte[] body, string what)
    {
        if (status is not (HttpStatusCode.Created or HttpStatusCode.OK or HttpStatusCode.Accepted))
        {
            throw Refused(status, body, what);
        }
    }

    private ControlException Refused(HttpStatusCode status, byte[] body, string what)
    {
        var said = new string([.. Encoding.UTF8.GetString(body).Where(c => !char.IsControl(c)).Take(300)]);
        return (int)status >= 500
            ? new ControlException("safe-service-unreachable", ExitCode.Unknown, $"{Name} failed on {what} with {(int)status}.", "Try again later; everything works without it.")
            : new ControlException("safe-service-refused", ExitCode.Refused, $"{Name} refused {what} with {(int)status}: {said}", status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden ? "Check safeTransactionServiceKey in the network's file." : "Nothing was proposed. Everything works without it.");
    }

    private ControlException Response(string why) => new("safe-service-response", ExitCode.Unknown, $"The answer of {Name} is not one of a Safe Transaction Service: {why}.", "Check safeTransactionService in the network's file.");

    private static string Decimal(BigInteger value) => value.ToString(CultureInfo.InvariantCulture);
}
