using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Ethereum.Safes;

/// <summary>
/// The second of the two ways to a Safe hash: the EIP-712 document that wallets are shown, hashed by the general engine. It shares no
/// code with the packed way but Keccak-256.
/// </summary>
internal static class TypedSafeHash
{
    private static readonly (string Name, string Type)[] Fields =
    [
        ("to", "address"), ("value", "uint256"), ("data", "bytes"), ("operation", "uint8"), ("safeTxGas", "uint256"), ("baseGas", "uint256"),
        ("gasPrice", "uint256"), ("gasToken", "address"), ("refundReceiver", "address"), ("nonce", "uint256"),
    ];

    public static Bytes32 Separator(SafeDomain domain) => Document(domain, ReadOnlyMemory<byte>.Empty).DomainSeparator;

    public static TypedDocument Document(SafeDomain domain, SafeTransaction transaction)
    {
        var gasField = domain.Version.HasBaseGas ? "baseGas" : "dataGas";
        return Build(
            domain,
            "SafeTx",
            [.. Fields.Select(field => field.Name == "baseGas" ? (gasField, field.Type) : field)],
            message =>
            {
                message.WriteString("to", transaction.To.ToString());
                message.WriteString("value", Decimal(transaction.Value.Value));
                message.WriteString("data", Hex.Encode(transaction.Data.Span));
                message.WriteNumber("operation", (byte)transaction.Operation);
                message.WriteString("safeTxGas", Decimal(transaction.SafeTxGas));
                message.WriteString(gasField, Decimal(transaction.BaseGas));
                message.WriteString("gasPrice", Decimal(transaction.GasPrice));
                message.WriteString("gasToken", transaction.GasToken.ToString());
                message.WriteString("refundReceiver", transaction.RefundReceiver.ToString());
                message.WriteString("nonce", Decimal(transaction.Nonce));
            });
    }

    public static TypedDocument Document(SafeDomain domain, ReadOnlyMemory<byte> text) =>
        Build(domain, "SafeMessage", [("message", "bytes")], message => message.WriteString("message", Hex.Encode(text.Span)));

    private static TypedDocument Build(SafeDomain domain, string primaryType, IReadOnlyList<(string Name, string Type)> fields, Action<Utf8JsonWriter> writeMessage)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("types");
            WriteType(json, "EIP712Domain", domain.Version.HasChainIdInDomain
                ? [("chainId", "uint256"), ("verifyingContract", "address")]
                : [("verifyingContract", "address")]);
            WriteType(json, primaryType, fields);
            json.WriteEndObject();
            json.WriteString("primaryType", primaryType);
            json.WriteStartObject("domain");
            if (domain.Version.HasChainIdInDomain)
            {
                json.WriteNumber("chainId", domain.Chain.Value);
            }

            json.WriteString("verifyingContract", domain.Safe.ToString());
            json.WriteEndObject();
            json.WriteStartObject("message");
            writeMessage(json);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return TypedDocument.FromJson(Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    private static void WriteType(Utf8JsonWriter json, string name, IReadOnlyList<(string Name, string Type)> fields)
    {
        json.WriteStartArray(name);
        foreach (var (field, type) in fields)
        {
            json.WriteStartObject();
            json.WriteString("name", field);
            json.WriteString("type", type);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string Decimal(BigInteger value) => value.ToString(CultureInfo.InvariantCulture);
}
