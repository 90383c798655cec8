using System.Text.Json;

namespace AgiJobs.Ethereum.Rpc;

/// <summary>
/// Which block a read is about: a height, a hash (EIP-1898, required to be canonical so that a reorganised block is an error and not old
/// state), or a tag. The default value is <see cref="Latest"/>.
/// </summary>
public readonly record struct BlockReference
{
    private readonly string? _tag;
    private readonly BlockNumber _number;
    private readonly Bytes32 _hash;
    private readonly Kind _kind;

    private BlockReference(Kind kind, string? tag = null, BlockNumber number = default, Bytes32 hash = default)
    {
        _kind = kind;
        _tag = tag;
        _number = number;
        _hash = hash;
    }

    private enum Kind
    {
        Tag,
        Number,
        Hash,
    }

    /// <summary>The newest block of the node.</summary>
    public static BlockReference Latest => default;

    /// <summary>The newest block with the transactions that wait on top of it.</summary>
    public static BlockReference Pending => new(Kind.Tag, "pending");

    /// <summary>The newest block that will not be reorganised unless many validators misbehave.</summary>
    public static BlockReference Safe => new(Kind.Tag, "safe");

    /// <summary>The newest block that cannot be reorganised.</summary>
    public static BlockReference Finalized => new(Kind.Tag, "finalized");

    /// <summary>The first block.</summary>
    public static BlockReference Earliest => new(Kind.Tag, "earliest");

    /// <summary>The block at a height, whichever it is at the time of the read.</summary>
    public static BlockReference At(BlockNumber number) => new(Kind.Number, number: number);

    /// <summary>The block with a hash; a read fails when it is not part of the canonical chain.</summary>
    public static BlockReference At(Bytes32 hash) => new(Kind.Hash, hash: hash);

    /// <summary>The hash, when the reference is by hash.</summary>
    public Bytes32? Hash => _kind == Kind.Hash ? _hash : null;

    /// <summary>The height, when the reference is by height.</summary>
    public BlockNumber? Number => _kind == Kind.Number ? _number : null;

    /// <summary>The tag, height or hash.</summary>
    public override string ToString() => _kind switch
    {
        Kind.Number => _number.ToString(),
        Kind.Hash => _hash.ToString(),
        _ => _tag ?? "latest",
    };

    /// <summary>Writes the form that state reads take (EIP-1898 object for a hash).</summary>
    internal void Write(Utf8JsonWriter writer)
    {
        if (_kind == Kind.Hash)
        {
            writer.WriteStartObject();
            writer.WriteString("blockHash", _hash.ToString());
            writer.WriteBoolean("requireCanonical", true);
            writer.WriteEndObject();
            return;
        }

        writer.WriteStringValue(TagOrQuantity());
    }

    internal string TagOrQuantity() => _kind == Kind.Number ? Hex.EncodeQuantity(_number.Value) : _tag ?? "latest";
}
