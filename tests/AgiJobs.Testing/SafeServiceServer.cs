using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Safes;

namespace AgiJobs.Testing;

/// <summary>
/// A Safe Transaction Service for one Safe that takes nothing but what the documented schema allows: every field there and none besides, addresses in EIP-55, amounts as decimal texts, the hash recomputed, the sender an owner
/// whose signature recovers. It answers as the real one does: 201, 400 for the form, 422 for the content, 404 for what it does not know.
/// </summary>
public sealed partial class SafeServiceServer : IAsyncDisposable
{
    private static readonly string[] Required = ["safe", "to", "value", "operation", "safeTxGas", "baseGas", "gasPrice", "nonce", "contractTransactionHash", "sender"];
    private static readonly string[] Optional = ["data", "gasToken", "refundReceiver", "signature", "origin"];

    private readonly Dictionary<Bytes32, (JsonObject Transaction, Dictionary<Address, byte[]> Confirmations)> _known = [];
    private readonly LocalHttp _http;
    private readonly SafeDomain _domain;
    private readonly IReadOnlyList<Address> _owners;
    private readonly string? _key;

    /// <summary>Starts it.</summary>
    /// <param name="domain">The Safe.</param>
    /// <param name="owners">Its owners.</param>
    /// <param name="key">The bearer token that it wants; null for none.</param>
    public SafeServiceServer(SafeDomain domain, IReadOnlyList<Address> owners, string? key = null)
    {
        _domain = domain;
        _owners = owners;
        _key = key;
        _http = new LocalHttp(Answer);
    }

    /// <summary>Its base.</summary>
    public Uri Url => _http.Url;

    /// <summary>The requests so far.</summary>
    public IReadOnlyList<LocalRequest> Requests => _http.Requests;

    /// <summary>Changes what it says of a transaction before it says it, as a dishonest one would.</summary>
    public Action<JsonObject>? Distort { get; set; }

    /// <summary>Puts a confirmation there without looking at it, as a dishonest one would.</summary>
    public void Plant(Bytes32 hash, Address owner, byte[] signature) => _known[hash].Confirmations[owner] = signature;

    /// <summary>The owners whose confirmations it has.</summary>
    public IReadOnlyCollection<Address> ConfirmedBy(Bytes32 hash) => _known.TryGetValue(hash, out var known) ? known.Confirmations.Keys : [];

    /// <summary>Confirms as an owner's app does, by way of the API.</summary>
    public async Task<int> ConfirmAsync(Bytes32 hash, byte[] signature)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Url, $"api/v1/multisig-transactions/{hash}/confirmations/")) { Content = new StringContent($"{{\"signature\":\"{Hex.Encode(signature)}\"}}") };
        if (_key is not null)
        {
            request.Headers.Authorization = new("Bearer", _key);
        }

        using var response = await client.SendAsync(request);
        return (int)response.StatusCode;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _http.DisposeAsync();

    private LocalReply Answer(LocalRequest request)
    {
        if (_key is not null && !(request.Headers.TryGetValue("Authorization", out var token) && token == "Bearer " + _key))
        {
            return new LocalReply(401, """{"detail":"Invalid token."}""");
        }

        if (request.Method == "POST" && request.Path == $"/api/v1/safes/{_domain.Safe}/multisig-transactions/")
        {
            return Propose(request.Body);
        }

        if (TransactionPath().Match(request.Path) is { Success: true } match && _known.TryGetValue(Bytes32.Parse(match.Groups["hash"].Value), out var known))
        {
            var hash = Bytes32.Parse(match.Groups["hash"].Value);
            return (request.Method, match.Groups["below"].Value) switch
            {
                ("GET", "") => new LocalReply(200, Shown(known.Transaction).ToJsonString()),
                ("GET", _) => Confirmations(hash, known.Confirmations, match.Groups["offset"].Value),
                ("POST", "confirmations/") => Confirm(hash, request.Body, known.Confirmations),
                _ => new LocalReply(405),
            };
        }

        return new LocalReply(404, """{"detail":"Not found."}""");
    }

    private LocalReply Propose(byte[] body)
    {
        JsonObject given;
        try
        {
            given = JsonNode.Parse(body)!.AsObject();
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
            return Bad(400, "no JSON object");
        }

        foreach (var field in Required)
        {
            if (given[field] is null)
            {
                return Bad(400, $"{field}: This field is required.");
            }
        }

        if (given.FirstOrDefault(pair => !Required.Contains(pair.Key) && !Optional.Contains(pair.Key)).Key is { } stray)
        {
            return Bad(400, $"{stray} is no field");
        }

        foreach (var field in (string[])["safe", "to", "sender", "gasToken", "refundReceiver"])
        {
            if (given[field] is { } value && (value.GetValueKind() != JsonValueKind.String || !Checksummed((string)value!)))
            {
                return Bad(400, $"{field}: Address is not checksumed");
            }
        }

        foreach (var field in (string[])["value", "safeTxGas", "baseGas", "gasPrice"])
        {
            if (given[field]!.GetValueKind() != JsonValueKind.String || !Decimal().IsMatch((string)given[field]!))
            {
                return Bad(400, $"{field}: A valid decimal text is required.");
            }
        }

        if (given["nonce"]!.GetValueKind() != JsonValueKind.Number || given["operation"]!.GetValueKind() != JsonValueKind.Number || (int)given["operation"]! is not (0 or 1)
            || (given["origin"] is { } origin && ((string)origin!).Length > 200) || (given["data"] is { } data && !HexData().IsMatch((string)data!)))
        {
            return Bad(400, "nonce, operation, origin or data is not of its form");
        }

        if (Address.Parse((string)given["safe"]!) != _domain.Safe)
        {
            return Bad(422, "the Safe of the body is not that of the path");
        }

        var hash = SafeTransactionHash.Compute(_domain, new SafeTransaction
        {
            To = Address.Parse((string)given["to"]!),
            Value = new Wei(Number(given, "value")),
            Data = given["data"] is { } calldata ? Hex.Decode((string)calldata!) : default,
            Operation = (SafeOperation)(byte)(int)given["operation"]!,
            SafeTxGas = Number(given, "safeTxGas"),
            BaseGas = Number(given, "baseGas"),
            GasPrice = Number(given, "gasPrice"),
            GasToken = given["gasToken"] is { } token ? Address.Parse((string)token!) : Address.Zero,
            RefundReceiver = given["refundReceiver"] is { } receiver ? Address.Parse((string)receiver!) : Address.Zero,
            Nonce = BigInteger.Parse(given["nonce"]!.ToJsonString(), CultureInfo.InvariantCulture),
        }).Value;
        if ((string)given["contractTransactionHash"]! != hash.ToString())
        {
            return Bad(422, $"Contract-transaction-hash={hash} does not match provided contract-tx-hash={given["contractTransactionHash"]}");
        }

        var sender = Address.Parse((string)given["sender"]!);
        if (!_owners.Contains(sender))
        {
            return Bad(422, $"Sender={sender} is not an owner or delegate.");
        }

        var confirmations = new Dictionary<Address, byte[]>();
        if (given["signature"] is { } signature)
        {
            if (SignerOf(hash, (string)signature!) is not { } signer || signer != sender)
            {
                return Bad(422, "Signer is not the sender");
            }

            confirmations[signer] = Hex.Decode((string)signature!);
        }

        _known.TryAdd(hash, (given, confirmations));
        return new LocalReply(201);
    }

    private LocalReply Confirm(Bytes32 hash, byte[] body, Dictionary<Address, byte[]> confirmations)
    {
        if (JsonNode.Parse(body) is not JsonObject { Count: 1 } given || given["signature"] is not { } signature || !HexData().IsMatch((string)signature!))
        {
            return Bad(400, "signature: This field is required.");
        }

        if (SignerOf(hash, (string)signature!) is not { } signer || !_owners.Contains(signer))
        {
            return Bad(422, "Signer is not an owner");
        }

        confirmations[signer] = Hex.Decode((string)signature!);
        return new LocalReply(201, given.ToJsonString());
    }

    // One confirmation on a page, so that who reads must follow.
    private LocalReply Confirmations(Bytes32 hash, Dictionary<Address, byte[]> confirmations, string query)
    {
        var offset = query.Length == 0 ? 0 : int.Parse(query, CultureInfo.InvariantCulture);
        var page = confirmations.OrderBy(entry => entry.Key.ToString(), StringComparer.Ordinal).Skip(offset).Take(1).Select(entry => (JsonNode)new JsonObject
        {
            ["owner"] = entry.Key.ToString(),
            ["submissionDate"] = "2025-01-01T00:00:00Z",
            ["transactionHash"] = null,
            ["signature"] = Hex.Encode(entry.Value),
            ["signatureType"] = "EOA",
        });
        return new LocalReply(200, new JsonObject
        {
            ["count"] = confirmations.Count,
            ["next"] = offset + 1 < confirmations.Count ? new Uri(Url, string.Create(CultureInfo.InvariantCulture, $"api/v1/multisig-transactions/{hash}/confirmations/?offset={offset + 1}")).ToString() : null,
            ["previous"] = null,
            ["results"] = new JsonArray([.. page]),
        }.ToJsonString());
    }

    private JsonObject Shown(JsonObject given)
    {
        var shown = given.DeepClone().AsObject();
        shown["safeTxHash"] = (string)given["contractTransactionHash"]!;
        shown["gasToken"] ??= Address.Zero.ToString();
        shown["refundReceiver"] ??= Address.Zero.ToString();
        shown["isExecuted"] = false;
        foreach (var field in (string[])["contractTransactionHash", "sender", "signature"])
        {
            shown.Remove(field);
        }

        Distort?.Invoke(shown);
        return shown;
    }

    private static Address? SignerOf(Bytes32 hash, string signature)
    {
        try
        {
            return SafeSignatures.Decode(Hex.Decode(signature)) is [var only] && only.TryOwner(hash, out var owner) ? owner : null;
        }
        catch (EthereumException)
        {
            return null;
        }
    }

    private static BigInteger Number(JsonObject given, string field) => BigInteger.Parse((string)given[field]!, CultureInfo.InvariantCulture);

    private static bool Checksummed(string text)
    {
        try
        {
            return Address.Parse(text).ToString() == text;
        }
        catch (EthereumException)
        {
            return false;
        }
    }

    private static LocalReply Bad(int status, string why) => new(status, new JsonObject { ["nonFieldErrors"] = new JsonArray(why) }.ToJsonString());

    [GeneratedRegex("^(0|[1-9][0-9]*)$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Decimal();

    [GeneratedRegex("^0x([0-9a-f]{2})*$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex HexData();

    [GeneratedRegex(@"^/api/v1/multisig-transactions/(?<hash>0x[0-9a-f]{64})/(?<below>confirmations/)?(\?offset=(?<offset>[0-9]+))?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex TransactionPath();
}
