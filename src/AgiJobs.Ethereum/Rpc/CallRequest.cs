using System.Collections.Immutable;
using System.Text.Json;
using AgiJobs.Ethereum.Transactions;

namespace AgiJobs.Ethereum.Rpc;

/// <summary>What <c>eth_call</c> and <c>eth_estimateGas</c> execute. Absent fields are the node's defaults.</summary>
public sealed record CallRequest
{
    /// <summary>The contract or account called; null creates a contract.</summary>
    public Address? To { get; init; }

    /// <summary>Call data or initialisation code.</summary>
    public ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>The caller.</summary>
    public Address? From { get; init; }

    /// <summary>Native coin sent along.</summary>
    public Wei? Value { get; init; }

    /// <summary>Gas limit.</summary>
    public Gas? Gas { get; init; }

    /// <summary>Price per gas of a legacy transaction.</summary>
    public Wei? GasPrice { get; init; }

    /// <summary>Fee cap per gas (EIP-1559).</summary>
    public Wei? MaxFeePerGas { get; init; }

    /// <summary>Tip cap per gas (EIP-1559).</summary>
    public Wei? MaxPriorityFeePerGas { get; init; }

    /// <summary>Announced accounts and slots (EIP-2930).</summary>
    public ImmutableArray<AccessListEntry> AccessList { get; init; } = [];

    internal void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        if (From is { } from)
        {
            writer.WriteString("from", Hex.Encode(from.ToBytes()));
        }

        if (To is { } to)
        {
            writer.WriteString("to", Hex.Encode(to.ToBytes()));
        }

        if (!Data.IsEmpty)
        {
            // "input" is the specified name; nodes that only know "data" are older than every hard fork that this code supports.
            writer.WriteString("input", Hex.Encode(Data.Span));
        }

        Quantity(writer, "value", Value?.Value);
        Quantity(writer, "gas", Gas?.Value);
        Quantity(writer, "gasPrice", GasPrice?.Value);
        Quantity(writer, "maxFeePerGas", MaxFeePerGas?.Value);
        Quantity(writer, "maxPriorityFeePerGas", MaxPriorityFeePerGas?.Value);
        if (!AccessList.IsDefaultOrEmpty)
        {
            writer.WriteStartArray("accessList");
            foreach (var entry in AccessList)
            {
                writer.WriteStartObject();
                writer.WriteString("address", Hex.Encode(entry.Address.ToBytes()));
                writer.WriteStartArray("storageKeys");
                foreach (var key in entry.StorageKeys.IsDefault ? [] : entry.StorageKeys)
                {
                    writer.WriteStringValue(key.ToString());
                }

                writer.WriteEndArray();
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private static void Quantity(Utf8JsonWriter writer, string name, System.Numerics.BigInteger? value)
    {
        if (value is { } number)
        {
            writer.WriteString(name, Hex.EncodeQuantity(number));
        }
    }
}
