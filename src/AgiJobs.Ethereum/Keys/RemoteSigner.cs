using System.Text.Json;
using AgiJobs.Ethereum.Transactions;
using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Ethereum.Keys;

/// <summary>
/// Signs through another process: Clef or web3signer, over JSON-RPC on https, or on http to this machine. Whatever comes back is
/// checked: it must be the very thing asked for, signed by <see cref="Address"/>. Requests are never repeated.
/// </summary>
/// <remarks>
/// Every method throws: <c>signer-refused</c> (<see cref="Fault.Refused"/>) when a person or a rule there said no; <c>signer-other-key</c>
/// and <c>signer-other-transaction</c> (<see cref="Fault.Mismatch"/>) when it signed with another key or something else;
/// <c>signer-unreachable</c>, <c>signer-timeout</c> and <c>signer-response</c> (<see cref="Fault.Unknown"/>); <c>signer-error</c>;
/// <c>signer-unsupported</c>.
/// </remarks>
public sealed class RemoteSigner : ISigner, IDisposable
{
    /// <summary>
    /// How long a person may take to confirm in Clef unless told otherwise. Clef's own HTTP server gives up after some 30 s, which ends in
    /// <c>signer-timeout</c> or <c>signer-response</c> here; a proxy in front of it may wait longer.
    /// </summary>
    public static readonly TimeSpan ClefTimeout = TimeSpan.FromMinutes(5);

    /// <summary>How long web3signer, which asks nobody, may take unless told otherwise.</summary>
    public static readonly TimeSpan Web3SignerTimeout = TimeSpan.FromSeconds(30);

    private readonly RemoteSignerConnection _connection;
    private readonly RemoteSignerDialect _dialect;

    /// <summary>Does not connect yet; <see cref="RequireAccountAsync"/> does.</summary>
    /// <param name="url">https, or http to a loopback address.</param>
    /// <param name="address">The account to sign for.</param>
    /// <param name="dialect">What the signer speaks.</param>
    /// <param name="timeout">For each request; <see cref="ClefTimeout"/> or <see cref="Web3SignerTimeout"/> when left out.</param>
    /// <param name="time">The clock of the timeout; the system's when left out.</param>
    /// <exception cref="EthereumException"><c>signer-url</c>, <c>signer-timeout-range</c>.</exception>
    public RemoteSigner(Uri url, Address address, RemoteSignerDialect dialect, TimeSpan? timeout = null, TimeProvider? time = null)
    {
        Address = address;
        _dialect = dialect;
        _connection = new RemoteSignerConnection(url, timeout ?? (IsClef ? ClefTimeout : Web3SignerTimeout), time ?? TimeProvider.System);
    }

    /// <inheritdoc/>
    public Address Address { get; }

    private string Subject => $"The signer at {_connection}";

    private bool IsClef => _dialect == RemoteSignerDialect.Clef;

    /// <summary>The accounts that the signer offers. Clef asks a person first.</summary>
    public async ValueTask<IReadOnlyList<Address>> ListAccountsAsync(CancellationToken cancellationToken)
    {
        var method = IsClef ? "account_list" : "eth_accounts";
        var result = await _connection.RequestAsync(method, static _ => { }, cancellationToken).ConfigureAwait(false);
        if (result.ValueKind != JsonValueKind.Array)
        {
            throw _connection.BadResponse(method, "it is not a list of addresses");
        }

        var accounts = new List<Address>(result.GetArrayLength());
        foreach (var item in result.EnumerateArray())
        {
            accounts.Add(new Address(Bytes(method, item, Ethereum.Address.Size)));
        }

        return accounts;
    }

    /// <summary>Makes sure that the signer is there and offers <see cref="Address"/>.</summary>
    /// <exception cref="EthereumException">
    /// <c>signer-account</c> (<see cref="Fault.Mismatch"/>) when it does not; see the class for others.
    /// </exception>
    public async ValueTask RequireAccountAsync(CancellationToken cancellationToken)
    {
        var accounts = await ListAccountsAsync(cancellationToken).ConfigureAwait(false);
        if (!accounts.Contains(Address))
        {
            throw new EthereumException(
                "signer-account", Fault.Mismatch, $"The signer at {_connection} has no account {Address}; it offers "
                    + $"{(accounts.Count == 0 ? "none" : string.Join(", ", accounts))}.");
        }
    }

    /// <inheritdoc/>
    public async ValueTask<Signature> SignMessageAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        var method = IsClef ? "account_signData" : "eth_sign";
        var result = await _connection.RequestAsync(method, WriteParameters, cancellationToken).ConfigureAwait(false);
        return CheckedSignature(method, result, PersonalMessage.Hash(message.Span));

        void WriteParameters(Utf8JsonWriter json)
        {
            if (IsClef)
            {
                json.WriteStringValue("text/plain");
            }

            json.WriteStringValue(Address.ToString());
            json.WriteStringValue(Hex.Encode(message.Span));
        }
    }

    /// <inheritdoc/>
    public async ValueTask<Signature> SignTypedDataAsync(TypedDocument document, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(document);
        var method = IsClef ? "account_signTypedData" : "eth_signTypedData";
        var result = await _connection.RequestAsync(method, WriteParameters, cancellationToken).ConfigureAwait(false);
        return CheckedSignature(method, result, document.Digest);

        // Clef takes the document as JSON, web3signer as a string that holds JSON.
        void WriteParameters(Utf8JsonWriter json)
        {
            json.WriteStringValue(Address.ToString());
            if (IsClef)
            {
                json.WriteRawValue(document.ToJson());
            }
            else
            {
                json.WriteStringValue(document.ToJson());
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask<SignedTransaction> SignTransactionAsync(UnsignedTransaction transaction, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        SigningRules.RequireChain(transaction);
        if (!IsClef && (transaction.Type == TransactionType.AccessList || !transaction.AccessList.IsEmpty))
        {
            throw new EthereumException(
                "signer-unsupported", Fault.Refused, "web3signer signs no access lists, so it cannot sign this transaction: "
                    + $"{transaction}. Send it as type 2 without an access list.");
        }

        var method = IsClef ? "account_signTransaction" : "eth_signTransaction";
        var result = await _connection
            .RequestAsync(method, json => WriteTransaction(json, transaction, Address), cancellationToken)
            .ConfigureAwait(false);

        // Clef gives an object of the raw bytes and the fields, of which only the bytes count.
        if (IsClef && (result.ValueKind != JsonValueKind.Object || !result.TryGetProperty("raw", out result)))
        {
            throw _connection.BadResponse(method, "it has no raw transaction");
        }

        SignedTransaction signed;
        try
        {
            signed = SignedTransaction.Parse(Bytes(method, result, null));
        }
        catch (EthereumException error) when (error.Code != "signer-response")
        {
            throw _connection.BadResponse(method, $"it is not a signed transaction ({error.Message})", error);
        }

        return SigningRules.RequireOwn(transaction, signed, Address, Subject);
    }

    /// <summary>Closes the connection.</summary>
    public void Dispose() => _connection.Dispose();

    /// <summary>The address and where it signs.</summary>
    public override string ToString() => $"{Address} at {_connection}";

    private static void WriteTransaction(Utf8JsonWriter json, UnsignedTransaction transaction, Address from)
    {
        json.WriteStartObject();
        json.WriteString("from", from.ToString());
        if (transaction.To is { } to)
        {
            json.WriteString("to", to.ToString());
        }

        json.WriteString("gas", Hex.EncodeQuantity(transaction.Gas.Value));
        if (transaction.Type == TransactionType.DynamicFee)
        {
            json.WriteString("maxFeePerGas", Hex.EncodeQuantity(transaction.MaxFeePerGas.Value));
            json.WriteString("maxPriorityFeePerGas", Hex.EncodeQuantity(transaction.MaxPriorityFeePerGas.Value));
        }
        else
        {
            json.WriteString("gasPrice", Hex.EncodeQuantity(transaction.MaxFeePerGas.Value));
        }

        json.WriteString("value", Hex.EncodeQuantity(transaction.Value.Value));
        json.WriteString("nonce", Hex.EncodeQuantity(transaction.Nonce));
        json.WriteString("data", Hex.Encode(transaction.Data.Span));
        json.WriteString("chainId", Hex.EncodeQuantity(transaction.ChainId!.Value.Value));
        if (transaction.Type == TransactionType.AccessList || !transaction.AccessList.IsEmpty)
        {
            WriteAccessList(json, transaction);
        }

        json.WriteEndObject();
    }

    private static void WriteAccessList(Utf8JsonWriter json, UnsignedTransaction transaction)
    {
        json.WriteStartArray("accessList");
        foreach (var entry in transaction.AccessList)
        {
            json.WriteStartObject();
            json.WriteString("address", entry.Address.ToString());
            json.WriteStartArray("storageKeys");
            foreach (var key in entry.StorageKeys.IsDefault ? [] : entry.StorageKeys)
            {
                json.WriteStringValue(key.ToString());
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private Signature CheckedSignature(string method, JsonElement result, Bytes32 hash)
    {
        Signature signature;
        try
        {
            signature = Signature.FromBytes(Bytes(method, result, Signature.Size));
            _ = Secp256k1.Recover(hash, signature);
        }
        catch (EthereumException error) when (error.Code != "signer-response")
        {
            throw _connection.BadResponse(method, $"it is not a signature ({error.Message})", error);
        }

        return SigningRules.RequireOwn(hash, signature, Address, Subject);
    }

    private byte[] Bytes(string method, JsonElement value, int? length)
    {
        // The raw text, since GetString throws on broken escapes; hex data needs none.
        if (value.ValueKind == JsonValueKind.String
            && value.GetRawText() is ['"', .. var text, '"']
            && Hex.TryDecode(text, out var bytes)
            && bytes.Length == (length ?? bytes.Length))
        {
            return bytes;
        }

        throw _connection.BadResponse(method, $"hex data{(length is { } count ? $" of {count} bytes" : "")} was expected");
    }
}
