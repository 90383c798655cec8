using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Response.Index;

/// <summary>
/// One event of the protocol as the index keeps it: decoded by the ABI of the module that emitted it. Its JSON has the members <c>block</c>, <c>hash</c>, <c>time</c>, <c>transaction</c>, <c>logIndex</c>, <c>module</c>,
/// <c>address</c>, <c>event</c> (null where the ABI does not know it, and then <c>topics</c> and <c>data</c>), <c>signature</c>, <c>arguments</c>, and <c>terms</c> by which it is found. Integers are decimal strings.
/// </summary>
/// <param name="Key">Its place: block and log index, in the order of the chain.</param>
/// <param name="Json">The event; the same bytes for the same log.</param>
/// <param name="Terms">What it is found by: <c>account:0x..</c>, <c>job:7</c>, <c>round:3</c>, <c>transaction:0x..</c>, <c>event:name</c>, <c>module:name</c>, in order.</param>
public sealed record IndexedEvent(string Key, string Json, IReadOnlyList<string> Terms)
{
    /// <summary>Reads a log of a block.</summary>
    public static IndexedEvent Of(Protocol protocol, BlockHeader header, LogEntry log)
    {
        ArgumentNullException.ThrowIfNull(protocol);
        ArgumentNullException.ThrowIfNull(header);
        ArgumentNullException.ThrowIfNull(log);
        var module = protocol.At(log.Address);
        var (known, arguments) = Decode(module?.Abi ?? protocol.Abi, log);
        var terms = new SortedSet<string>(StringComparer.Ordinal) { EventTerm.Transaction(log.TransactionHash!.Value) };
        if (module is not null)
        {
            terms.Add(EventTerm.Module(module.Name));
        }

        if (known is not null)
        {
            terms.Add(EventTerm.Event(known.Name));
            for (var i = 0; i < arguments!.Count; i++)
            {
                Collect(terms, known.Inputs[i].Name, known.Inputs[i].Type, arguments[i]);
            }
        }

        var key = KeyOf(header.Number.Value, log.LogIndex!.Value);
        return new IndexedEvent(key, Write(header, log, module, known, arguments, terms), [.. terms]);
    }

    /// <summary>The key of a place.</summary>
    public static string KeyOf(ulong block, ulong logIndex) => string.Create(CultureInfo.InvariantCulture, $"{block:D20}/{logIndex:D10}");

    /// <summary>The terms of an event as it is kept.</summary>
    internal static IReadOnlyList<string> TermsOf(JsonElement json) => [.. json.GetProperty("terms").EnumerateArray().Select(term => term.GetString()!)];

    private static (AbiEvent?, AbiArguments?) Decode(ContractAbi abi, LogEntry log)
    {
        try
        {
            return abi.TryEvent([.. log.Topics], out var known) ? (known, known.Decode([.. log.Topics], log.Data.Span)) : (null, null);
        }
        catch (EthereumException)
        {
            // Kept as it is: an event is never left out because it is not understood.
            return (null, null);
        }
    }

    private static void Collect(SortedSet<string> terms, string name, AbiType type, AbiValue value)
    {
        switch (value)
        {
            case AbiAddress address:
                terms.Add(EventTerm.Account(address.Value));
                break;
            case AbiInteger number when EventTerm.KindOf(name) is { } kind:
                terms.Add($"{kind}:{number.Value.ToString(CultureInfo.InvariantCulture)}");
                break;
            case AbiList list:
                for (var i = 0; i < list.Count; i++)
                {
                    var (inner, of) = type.Kind == AbiTypeKind.Tuple ? (type.Components[i].Name, type.Components[i].Type) : (name, type.Element!);
                    Collect(terms, inner, of, list[i]);
                }

                break;
        }
    }

    private static string Write(BlockHeader header, LogEntry log, Module? module, AbiEvent? known, AbiArguments? arguments, IEnumerable<string> terms)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteNumber("block", header.Number.Value);
            writer.WriteString("hash", header.Hash!.Value.ToString());
            writer.WriteString("time", header.Timestamp.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture));
            writer.WriteString("transaction", log.TransactionHash!.Value.ToString());
            writer.WriteNumber("logIndex", log.LogIndex!.Value);
            writer.WriteString("module", module?.Name);
            writer.WriteString("address", log.Address.ToString());
            writer.WriteString("event", known?.Name);
            if (known is null)
            {
                writer.WriteStartArray("topics");
                foreach (var topic in log.Topics)
                {
                    writer.WriteStringValue(topic.ToString());
                }

                writer.WriteEndArray();
                writer.WriteString("data", Hex.Encode(log.Data.Span));
            }
            else
            {
                writer.WriteString("signature", known.Signature);
                writer.WriteStartObject("arguments");
                for (var i = 0; i < arguments!.Count; i++)
                {
                    writer.WritePropertyName(known.Inputs[i].Name.Length > 0 ? known.Inputs[i].Name : i.ToString(CultureInfo.InvariantCulture));
                    if (arguments[i] is AbiHash hashed)
                    {
                        writer.WriteStringValue(hashed.Value.ToString());
                    }
                    else
                    {
                        AbiValueJson.Write(writer, known.Inputs[i].Type, arguments[i]);
                    }
                }

                writer.WriteEndObject();
            }

            writer.WriteStartArray("terms");
            foreach (var term in terms)
            {
                writer.WriteStringValue(term);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}

/// <summary>What an event is found by.</summary>
public static class EventTerm
{
    /// <summary>An address that stands in it.</summary>
    public static string Account(Address address) => $"account:{Hex.Encode(address.ToBytes())}";

    /// <summary>The job that it is about.</summary>
    public static string Job(string id) => $"job:{id}";

    /// <summary>The round that it is about.</summary>
    public static string Round(string id) => $"round:{id}";

    /// <summary>The transaction that emitted it.</summary>
    public static string Transaction(Bytes32 hash) => $"transaction:{hash}";

    /// <summary>The event's name.</summary>
    public static string Event(string name) => $"event:{name}";

    /// <summary>The module that emitted it.</summary>
    public static string Module(string name) => $"module:{name}";

    // The parameters that name a job or a round, in any protocol's spelling.
    internal static string? KindOf(string parameter) => parameter.Replace("_", "", StringComparison.Ordinal).ToUpperInvariant() switch
    {
        "JOBID" or "JOB" => "job",
        "ROUNDID" or "ROUND" => "round",
        _ => null,
    };
}
