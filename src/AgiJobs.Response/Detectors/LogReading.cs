using System.Collections.Concurrent;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Response.Detectors;

/// <summary>
/// Reads logs of one event whatever the contract indexes: two versions of a contract log the same signature with other parameters in topics, and the first topic does not tell. The number of topics does, and the strict
/// decoding of what is left. Safe for use by several threads.
/// </summary>
internal sealed class LogReading(AbiEvent @event)
{
    private readonly ConcurrentDictionary<int, IReadOnlyList<AbiEvent>> _others = new();

    public AbiEvent Event => @event;

    /// <summary>The values in the order of the event's parameters; null for all when they cannot be told, with the reason.</summary>
    public (IReadOnlyList<AbiValue?> Values, string? Why) Read(LogEntry log)
    {
        var topics = log.Topics is Bytes32[] array ? array : [.. log.Topics];
        if (TryDecode(@event, topics, log.Data.Span) is { } values)
        {
            return (values, null);
        }

        var indexed = topics.Length - 1;
        if (indexed == @event.IndexedCount || indexed < 0 || indexed > @event.Inputs.Count)
        {
            return (new AbiValue?[@event.Inputs.Count], "its data is not what its signature says");
        }

        AbiArguments? found = null;
        foreach (var other in _others.GetOrAdd(indexed, Others))
        {
            if (TryDecode(other, topics, log.Data.Span) is { } read)
            {
                if (found is not null)
                {
                    return (new AbiValue?[@event.Inputs.Count], $"the contract indexes {indexed} of its parameters where {@event} has {@event.IndexedCount}, and which ones cannot be told");
                }

                found = read;
            }
        }

        return found is null ? (new AbiValue?[@event.Inputs.Count], "its data is not what its signature says") : (found, null);
    }

    private static AbiArguments? TryDecode(AbiEvent @event, Bytes32[] topics, ReadOnlySpan<byte> data)
    {
        try
        {
            return @event.Decode(topics, data);
        }
        catch (EthereumException)
        {
            return null;
        }
    }

    private List<AbiEvent> Others(int indexed)
    {
        var found = new List<AbiEvent>();
        if (indexed > 3 || @event.Inputs.Count > 17)
        {
            return found;
        }

        for (var set = 0; set < 1 << @event.Inputs.Count; set++)
        {
            if (int.PopCount(set) == indexed)
            {
                found.Add(AbiEvent.Parse($"event {@event.Name}({string.Join(", ", @event.Inputs.Select((input, place) => $"{input.Type.CanonicalName}{((set >> place & 1) == 1 ? " indexed" : "")}"))})"));
            }
        }

        return found;
    }
}
