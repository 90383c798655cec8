using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Text.Json;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Safes;

namespace AgiJobs.Control.Signing;

/// <summary>
/// What is to be signed for a change by somebody who is elsewhere: in a browser, or at a machine without a network. It carries what is needed to compute every digest anew, and no digest, so that whoever signs computes
/// what it signs from what it is shown.
/// </summary>
/// <param name="Network">The network's name.</param>
/// <param name="Chain">The chain.</param>
/// <param name="Change">The change's digest.</param>
/// <param name="Title">The change's title; nothing vouches for it.</param>
/// <param name="Items">What is to be signed, in order.</param>
public sealed record SigningRequest(string Network, ChainId Chain, Bytes32 Change, string Title, IReadOnlyList<SigningItem> Items)
{
    private const string Kind = "request/1";

    /// <summary>The compact form: JSON in UTF-8 with everything that the digests depend on.</summary>
    public byte[] ToCompact()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("agijobs", Kind);
            json.WriteString("network", Network);
            json.WriteNumber("chainId", Chain.Value);
            json.WriteString("change", Change.ToString());
            json.WriteString("title", Title);
            json.WriteStartArray("items");
            foreach (var item in Items)
            {
                json.WriteStartObject();
                if (item is SigningItem.OfDuty duty)
                {
                    json.WriteString("duty", duty.Duty.Name());
                }
                else if (item is SigningItem.OfSafe { Hash: var hash })
                {
                    RequirePlain(hash.Transaction);
                    json.WriteString("safe", hash.Domain.Safe.ToString());
                    json.WriteString("version", hash.Domain.Version.ToString());
                    json.WriteString("to", hash.Transaction.To.ToString());
                    json.WriteString("value", hash.Transaction.Value.Value.ToString(CultureInfo.InvariantCulture));
                    json.WriteString("data", Hex.Encode(hash.Transaction.Data.Span));
                    json.WriteNumber("operation", (byte)hash.Transaction.Operation);
                    json.WriteString("nonce", hash.Transaction.Nonce.ToString(CultureInfo.InvariantCulture));
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads the compact form and computes every digest anew.</summary>
    /// <exception cref="ControlException"><c>signing-request-format</c> (exit 2).</exception>
    public static SigningRequest FromCompact(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var reader = new Utf8JsonReader(bytes);
            using var parsed = JsonDocument.ParseValue(ref reader);
            var root = parsed.RootElement;
            if (Text(root, "agijobs") is var kind && !string.Equals(kind, Kind, StringComparison.Ordinal))
            {
                throw new FormatException($"it is '{kind}', and '{Kind}' was expected");
            }

            Known(root, "agijobs", "network", "chainId", "change", "title", "items");
            var chain = new ChainId(root.GetProperty("chainId").GetUInt64());
            var change = Bytes32.Parse(Text(root, "change"));
            var network = Text(root, "network");
            // It names files.
            if (network.Length is 0 or > 60 || network.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.')) || network[0] == '.')
            {
                throw new FormatException("its network has no name that a network may have");
            }

            var items = root.GetProperty("items").EnumerateArray().Select(item => Item(item, change, chain)).ToList();
            return items.Count > 0 ? new SigningRequest(network, chain, change, Text(root, "title"), items) : throw new FormatException("it asks for nothing");
        }
        catch (Exception problem) when (problem is JsonException or FormatException or KeyNotFoundException or InvalidOperationException or EthereumException or ControlException)
        {
            throw new ControlException("signing-request-format", ExitCode.BadInput, $"This is no request for signatures that can be read: {problem.Message}", "Make it again with 'agijobs change approve ID --qr' or '--export FILE'; nothing was signed.", problem);
        }
    }

    private static SigningItem Item(JsonElement item, Bytes32 change, ChainId chain)
    {
        if (item.TryGetProperty("duty", out var duty))
        {
            Known(item, "duty");
            return new SigningItem.OfDuty(change, chain, Duties.Parse(duty.GetString() ?? ""));
        }

        Known(item, "safe", "version", "to", "value", "data", "operation", "nonce");
        return new SigningItem.OfSafe(SafeTransactionHash.Compute(
            new SafeDomain(SafeVersion.Parse(Text(item, "version")), chain, Address.Parse(Text(item, "safe"))),
            new SafeTransaction
            {
                To = Address.Parse(Text(item, "to")),
                Value = new Wei(Number(item, "value")),
                Data = Hex.Decode(Text(item, "data")),
                Operation = (SafeOperation)item.GetProperty("operation").GetByte(),
                Nonce = Number(item, "nonce"),
            }));
    }

    private static string Text(JsonElement from, string name) => from.GetProperty(name).GetString() ?? throw new FormatException($"'{name}' is null");

    private static BigInteger Number(JsonElement from, string name) => BigInteger.Parse(Text(from, name), NumberStyles.None, CultureInfo.InvariantCulture);

    // What is not read would be left out of what is shown.
    private static void Known(JsonElement from, params ReadOnlySpan<string> names)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in from.EnumerateObject())
        {
            if (!names.Contains(member.Name) || !seen.Add(member.Name))
            {
                throw new FormatException($"'{member.Name}' must not stand there, or stands twice");
            }
        }
    }

    private static void RequirePlain(SafeTransaction transaction)
    {
        if (!transaction.SafeTxGas.IsZero || !transaction.BaseGas.IsZero || transaction.PaysRefund || !transaction.GasToken.IsZero || !transaction.RefundReceiver.IsZero)
        {
            throw new ControlException("signing-request-refund", ExitCode.Refused, "The Safe transaction refunds gas, which no change of this program does.", "Nothing is to be signed.");
        }
    }
}
