using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace AgiJobs.Ethereum.Safes;

/// <summary>
/// The request body by which a transaction is proposed to a Safe Transaction Service, so that the owners see it in their app. The service
/// recomputes the hash and refuses a sender who is no owner or delegate. Nothing is sent here.
/// Source: safe-transaction-service, <c>POST api/v1|v2/safes/{address}/multisig-transactions/</c>.
/// </summary>
public sealed class SafeServiceProposal
{
    /// <summary>Longer origins are refused by the service.</summary>
    public const int MaxOrigin = 200;

    /// <summary>A proposal signed by its sender.</summary>
    /// <param name="hash">The transaction and its hash.</param>
    /// <param name="sender">The owner or delegate who proposes.</param>
    /// <param name="signature">The sender's signature of the hash; null proposes without consent.</param>
    /// <param name="origin">Where it comes from, at most 200 characters; null for none.</param>
    /// <exception cref="EthereumException"><c>safe-signature-other-hash</c> (refused) when the signature is not the sender's; <c>safe-service-origin</c>.</exception>
    public SafeServiceProposal(SafeTransactionHash hash, Address sender, SafeSignature? signature, string? origin = null)
    {
        ArgumentNullException.ThrowIfNull(hash);
        if (origin is { Length: > MaxOrigin })
        {
            throw EthereumException.BadInput("safe-service-origin", $"The origin has {origin.Length} characters; the service takes at most {MaxOrigin}.");
        }

        if (signature is not null && signature.OwnerFor(hash.Value) is var signer && signer != sender)
        {
            throw new EthereumException(
                "safe-signature-other-hash", Fault.Refused, $"The signature over {hash.Value} is by {signer} and not by the sender {sender}; the service would refuse it.");
        }

        Hash = hash;
        Sender = sender;
        Signature = signature;
        Origin = origin;
    }

    /// <summary>The transaction and its hash.</summary>
    public SafeTransactionHash Hash { get; }

    /// <summary>Who proposes.</summary>
    public Address Sender { get; }

    /// <summary>The sender's consent, if given.</summary>
    public SafeSignature? Signature { get; }

    /// <summary>Where it comes from.</summary>
    public string? Origin { get; }

    /// <summary>The JSON body in UTF-8: amounts as decimal text, addresses in EIP-55.</summary>
    public byte[] ToJson()
    {
        var transaction = Hash.Transaction;
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("safe", Hash.Domain.Safe.ToString());
            json.WriteString("to", transaction.To.ToString());
            json.WriteString("value", transaction.Value.Value.ToString(CultureInfo.InvariantCulture));
            Optional(json, "data", transaction.Data.IsEmpty ? null : Hex.Encode(transaction.Data.Span));
            json.WriteNumber("operation", (byte)transaction.Operation);
            json.WriteString("safeTxGas", transaction.SafeTxGas.ToString(CultureInfo.InvariantCulture));
            json.WriteString("baseGas", transaction.BaseGas.ToString(CultureInfo.InvariantCulture));
            json.WriteString("gasPrice", transaction.GasPrice.ToString(CultureInfo.InvariantCulture));
            Optional(json, "gasToken", transaction.GasToken.IsZero ? null : transaction.GasToken.ToString());
            Optional(json, "refundReceiver", transaction.RefundReceiver.IsZero ? null : transaction.RefundReceiver.ToString());

            // A JSON number may have any length; the writer is told the digits, since no machine integer holds every nonce.
            json.WritePropertyName("nonce");
            json.WriteRawValue(transaction.Nonce.ToString(CultureInfo.InvariantCulture));
            json.WriteString("contractTransactionHash", Hash.Value.ToString());
            json.WriteString("sender", Sender.ToString());
            Optional(json, "signature", Signature is null ? null : Hex.Encode(SafeSignatures.Encode(Hash.Value, [Signature])));
            Optional(json, "origin", Origin);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void Optional(Utf8JsonWriter json, string name, string? value)
    {
        if (value is null)
        {
            json.WriteNull(name);
        }
        else
        {
            json.WriteString(name, value);
        }
    }
}
