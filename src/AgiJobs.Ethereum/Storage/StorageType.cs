using System.Numerics;

namespace AgiJobs.Ethereum.Storage;

/// <summary>How a type lies in storage. Source: the Solidity documentation, "Layout of State Variables in Storage".</summary>
public enum StorageEncoding
{
    /// <summary>In one slot, possibly beside others; structs and fixed arrays in consecutive slots.</summary>
    InPlace,

    /// <summary>Values at the hash of key and slot.</summary>
    Mapping,

    /// <summary>The length at the slot, elements from the hash of the slot on.</summary>
    DynamicArray,

    /// <summary>Bytes or text: in the slot when shorter than 32 bytes, else from the hash of the slot on.</summary>
    Bytes,
}

/// <summary>A type of the compiler's storage layout. Immutable once the layout is read.</summary>
public sealed class StorageType
{
    internal StorageType(string label, StorageEncoding encoding, BigInteger size)
    {
        Label = label;
        Encoding = encoding;
        Size = size;
    }

    /// <summary>The type as the source names it: <c>uint64</c>, <c>struct EnumerableSet.Set</c>, <c>mapping(address => uint256)</c>.</summary>
    public string Label { get; }

    /// <summary>How it lies in storage.</summary>
    public StorageEncoding Encoding { get; }

    /// <summary>Its size in bytes; what lies elsewhere by hash is not counted.</summary>
    public BigInteger Size { get; }

    /// <summary>The type of a mapping's keys; null for other types.</summary>
    public StorageType? Key { get; internal set; }

    /// <summary>The type of a mapping's values or an array's elements; null for other types.</summary>
    public StorageType? Element { get; internal set; }

    /// <summary>The members of a struct; null for other types.</summary>
    public IReadOnlyList<StorageVariable>? Members { get; internal set; }

    /// <summary>How many elements a fixed array has; null for other types.</summary>
    public BigInteger? Count { get; internal set; }

    /// <summary>How many slots it takes.</summary>
    public BigInteger Slots => (Size + 31) / 32;

    /// <summary>True when a value is found by hashing its place: a mapping, a dynamic array, bytes or text, or a struct or array that holds one.</summary>
    public bool IsHashed => Encoding != StorageEncoding.InPlace || (Members?.Any(member => member.Type.IsHashed) ?? Element?.IsHashed ?? false);

    /// <summary>The label.</summary>
    public override string ToString() => Label;
}

/// <summary>A state variable, or a member of a struct.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Slot">Its slot; for a member counted from the struct's first.</param>
/// <param name="Offset">Its first byte, counted from the lowest of the slot.</param>
/// <param name="Type">Its type.</param>
public sealed record StorageVariable(string Name, BigInteger Slot, int Offset, StorageType Type);
