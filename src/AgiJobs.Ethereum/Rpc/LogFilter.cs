using System.Text.Json;

namespace AgiJobs.Ethereum.Rpc;

/// <summary>Which logs to return: by range or by one block's hash, by address, by topic.</summary>
public sealed record LogFilter
{
    /// <summary>First block of the range, inclusive. Ignored when <see cref="BlockHash"/> is set.</summary>
    public BlockReference From { get; init; } = BlockReference.Latest;

    /// <summary>Last block of the range, inclusive. Ignored when <see cref="BlockHash"/> is set.</summary>
    public BlockReference To { get; init; } = BlockReference.Latest;

    /// <summary>The one block to look in (EIP-234).</summary>
    public Bytes32? BlockHash { get; init; }

    /// <summary>Emitting contracts; none means any.</summary>
    public IReadOnlyList<Address> Addresses { get; init; } = [];

    /// <summary>For each topic position the accepted values; an empty list accepts any.</summary>
    public IReadOnlyList<IReadOnlyList<Bytes32>> Topics { get; init; } = [];

    internal void Write(Utf8JsonWriter writer, bool withRange = true)
    {
        if (withRange && BlockHash is null && (From.Hash is not null || To.Hash is not null))
        {
            throw EthereumException.BadInput(
                "log-filter", "A range of logs is given by heights or tags; for one block by hash set LogFilter.BlockHash.");
        }

        writer.WriteStartObject();
        if (withRange && BlockHash is { } hash)
        {
            writer.WriteString("blockHash", hash.ToString());
        }
        else if (withRange)
        {
            writer.WriteString("fromBlock", From.TagOrQuantity());
            writer.WriteString("toBlock", To.TagOrQuantity());
        }

        if (Addresses.Count > 0)
        {
            writer.WriteStartArray("address");
            foreach (var address in Addresses)
            {
                writer.WriteStringValue(Hex.Encode(address.ToBytes()));
            }

            writer.WriteEndArray();
        }

        if (Topics.Count > 0)
        {
            writer.WriteStartArray("topics");
            foreach (var position in Topics)
            {
                if (position.Count == 0)
                {
                    writer.WriteNullValue();
                    continue;
                }

                writer.WriteStartArray();
                foreach (var topic in position)
                {
                    writer.WriteStringValue(topic.ToString());
                }

                writer.WriteEndArray();
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }
}
