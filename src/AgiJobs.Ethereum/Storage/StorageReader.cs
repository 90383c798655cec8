using System.Globalization;
using System.Numerics;
using System.Text;
using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Ethereum.Storage;

/// <summary>
/// Names the words of a contract's storage that differ. What lies at a hash is found by trying keys: a mapping's entry is named only when its key is among the candidates. No difference
/// is ever left out; bits that no variable is known for come without a name.
/// </summary>
public sealed class StorageReader
{
    // Beyond this an array would not fit any block's gas; it only bounds how far behind a hash its elements are looked for.
    private static readonly BigInteger FarthestElement = BigInteger.One << 40;
    private static readonly BigInteger Word = BigInteger.One << 256;

    // How many hashes are tried for one variable; a mapping of mappings of mappings would else take seconds.
    private const int MostTries = 60_000;
    private const int DeepestMapping = 4;
    private const int DeepestSeen = 16;

    private readonly Func<Address, string?> _nameOf;
    private readonly Place[] _places;
    private readonly IReadOnlyList<StorageVariable> _variables;
    private readonly Bytes32[] _keys;
    private readonly ILookup<BigInteger, byte[]> _seen;
    private readonly Dictionary<BigInteger, Place> _hashed = [];
    private bool _guesses;
    private BigInteger[]? _order;
    private int _tries;

    /// <summary>Prepares to name the storage of one contract.</summary>
    /// <param name="layout">Its variables.</param>
    /// <param name="keys">Words that may be keys of its mappings: from calldata, topics, and addresses that are known.</param>
    /// <param name="nameOf">Names for addresses; null for none.</param>
    /// <param name="images">What was seen to be hashed: a key and behind it the slot of its mapping. Keys of any type and nested to any depth are named by these.</param>
    public StorageReader(StorageLayout layout, IEnumerable<Bytes32> keys, Func<Address, string?> nameOf, IEnumerable<byte[]>? images = null)
    {
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(nameOf);
        _nameOf = nameOf;
        _variables = layout.Variables;
        _keys = [.. keys.Distinct()];
        _seen = (images ?? []).Where(image => image.Length >= Bytes32.Size).ToLookup(image => new Bytes32(image.AsSpan(image.Length - Bytes32.Size)).ToUnsigned());
        _places = [.. _variables.Select(variable => new Place(variable.Slot, variable.Offset, variable.Type, variable.Name, variable.Name))];
    }

    /// <summary>Names each difference, in the order of slots.</summary>
    /// <param name="words">The words that differ: before and after.</param>
    public IReadOnlyList<StorageChange> Read(IReadOnlyDictionary<Bytes32, (Bytes32 Before, Bytes32 After)> words)
    {
        ArgumentNullException.ThrowIfNull(words);
        var changes = new List<StorageChange>();
        foreach (var (slot, (before, after)) in words.OrderBy(word => word.Key))
        {
            if (before != after)
            {
                Read(slot, before, after, changes);
            }
        }

        return changes;
    }

    private void Read(Bytes32 slot, Bytes32 before, Bytes32 after, List<StorageChange> into)
    {
        var leaves = new List<Leaf>();
        var number = slot.ToUnsigned();
        foreach (var place in _places)
        {
            if (number >= place.Slot && number < place.Slot + Extent(place.Type))
            {
                Descend(place, number, leaves);
            }
        }

        if (leaves.Count == 0 && Nearest(number) is { } found)
        {
            Descend(found, number, leaves);
        }

        var old = before.ToBytes();
        var now = after.ToBytes();
        var unnamed = new bool[32];
        for (var i = 0; i < 32; i++)
        {
            unnamed[i] = old[i] != now[i];
        }

        foreach (var leaf in leaves)
        {
            var from = 32 - leaf.Offset - leaf.Size;
            var oldBytes = old.AsSpan(from, leaf.Size);
            var newBytes = now.AsSpan(from, leaf.Size);
            unnamed.AsSpan(from, leaf.Size).Clear();
            if (!oldBytes.SequenceEqual(newBytes))
            {
                into.Add(new StorageChange(slot, leaf.Path, leaf.Variable, leaf.Type, Show(leaf, oldBytes), Show(leaf, newBytes)));
            }
        }

        if (unnamed.AsSpan().Contains(true))
        {
            into.Add(new StorageChange(slot, null, null, null, before.ToString(), after.ToString()));
        }
    }

    private void Explore(StorageType type, BigInteger slot, string path, string variable, int depth)
    {
        if (!type.IsHashed || _tries >= MostTries)
        {
            return;
        }

        switch (type.Encoding)
        {
            case StorageEncoding.Mapping when !_guesses && depth < DeepestSeen:
                foreach (var image in _seen[slot % Word])
                {
                    if (SeenText(type.Key!, image.AsSpan(0, image.Length - Bytes32.Size)) is { } text)
                    {
                        Add(Keccak256.Hash(image).ToUnsigned(), type.Element!, $"{path}[{text}]", variable, depth + 1);
                    }
                }

                break;
            case StorageEncoding.Mapping when _guesses && depth < DeepestMapping:
                foreach (var key in _keys)
                {
                    if (KeyText(type.Key!, key) is { } text)
                    {
                        Add(HashOf(key, slot), type.Element!, $"{path}[{text}]", variable, depth + 1);
                    }
                }

                break;
            case StorageEncoding.DynamicArray:
                var elements = new StorageType(type.Label, StorageEncoding.InPlace, FarthestElement * 32) { Element = type.Element, Count = FarthestElement };
                AddPlace(HashOf(slot), elements, path, variable);
                // Elements that are hashed themselves are looked for at the first places only.
                for (var i = 0; type.Element!.IsHashed && i < 64; i++)
                {
                    var (at, _) = ElementAt(type.Element, i);
                    Explore(type.Element, (HashOf(slot) + at) % Word, $"{path}[{i.ToString(CultureInfo.InvariantCulture)}]", variable, depth + 1);
                }

                break;
            case StorageEncoding.Bytes:
                AddPlace(HashOf(slot), new StorageType("bytes", StorageEncoding.Bytes, FarthestElement * 32), path, variable);
                break;
            case StorageEncoding.InPlace when type.Members is { } members:
                foreach (var member in members)
                {
                    Explore(member.Type, (slot + member.Slot) % Word, $"{path}.{member.Name}", variable, depth);
                }

                break;
            case StorageEncoding.InPlace when type.Element is { } element && type.Count is { } count:
                for (var i = 0; i < BigInteger.Min(count, 256); i++)
                {
                    Explore(element, (slot + ElementAt(element, i).Slot) % Word, $"{path}[{i.ToString(CultureInfo.InvariantCulture)}]", variable, depth);
                }

                break;
        }
    }

    private void Add(BigInteger slot, StorageType type, string path, string variable, int depth)
    {
        _tries++;
        if (type.Encoding != StorageEncoding.Mapping)
        {
            AddPlace(slot, type, path, variable);
        }

        Explore(type, slot, path, variable, depth);
    }

    private void AddPlace(BigInteger slot, StorageType type, string path, string variable)
    {
        _tries++;
        _hashed.TryAdd(slot, new Place(slot, 0, type, path, variable));
    }

    private Place? Nearest(BigInteger slot)
    {
        if (_order is null)
        {
            // What was seen goes before what is tried.
            foreach (var guesses in (bool[])[false, true])
            {
                _guesses = guesses;
                foreach (var variable in _variables)
                {
                    _tries = 0;
                    Explore(variable.Type, variable.Slot, variable.Name, variable.Name, 0);
                }
            }

            _order = [.. _hashed.Keys.Order()];
        }

        var at = Array.BinarySearch(_order, slot);
        at = at >= 0 ? at : ~at - 1;

        // A place within the reach of an array may hide a nearer one's end, so the last few are looked at.
        for (var back = 0; at >= 0 && back < 4; at--, back++)
        {
            var place = _hashed[_order[at]];
            if (slot < place.Slot + Extent(place.Type))
            {
                return place;
            }
        }

        return null;
    }

    private static BigInteger Extent(StorageType type) => BigInteger.Max(type.Slots, 1);

    private static void Descend(Place place, BigInteger slot, List<Leaf> into)
    {
        var type = place.Type;
        if (slot < place.Slot || slot >= place.Slot + Extent(type))
        {
            return;
        }

        switch (type.Encoding)
        {
            case StorageEncoding.Mapping:
                // Solidity never writes to a mapping's own slot.
                return;
            case StorageEncoding.DynamicArray:
                into.Add(new Leaf(0, 32, $"{place.Path}.length", place.Variable, "uint256"));
                return;
            case StorageEncoding.Bytes when type.Size == 32:
                into.Add(new Leaf(0, 32, place.Path, place.Variable, type.Label));
                return;
            case StorageEncoding.Bytes:
                var first = (slot - place.Slot) * 32;
                into.Add(new Leaf(0, 32, $"{place.Path}[{first}..{first + 31}]", place.Variable, "bytes32"));
                return;
        }

        if (type.Members is { } members)
        {
            foreach (var member in members)
            {
                Descend(new Place(place.Slot + member.Slot, member.Offset, member.Type, $"{place.Path}.{member.Name}", place.Variable), slot, into);
            }
        }
        else if (type.Element is { } element && type.Count is { } count)
        {
            var size = (int)BigInteger.Min(element.Size, 32);
            var within = slot - place.Slot;
            if (element.Size < 32 && element.Encoding == StorageEncoding.InPlace && element.Members is null && element.Element is null)
            {
                var each = 32 / size;
                for (var i = 0; i < each && (within * each) + i < count; i++)
                {
                    into.Add(new Leaf(i * size, size, $"{place.Path}[{(within * each) + i}]", place.Variable, element.Label));
                }
            }
            else
            {
                var index = within / element.Slots;
                Descend(new Place(place.Slot + (index * element.Slots), 0, element, $"{place.Path}[{index}]", place.Variable), slot, into);
            }
        }
        else
        {
            into.Add(new Leaf(place.Offset, (int)type.Size, place.Path, place.Variable, type.Label));
        }
    }

    private static (BigInteger Slot, int Offset) ElementAt(StorageType element, BigInteger index)
    {
        if (element.Size >= 32 || element.Members is not null || element.Element is not null)
        {
            return (index * element.Slots, 0);
        }

        var each = 32 / (int)element.Size;
        return (index / each, (int)(index % each) * (int)element.Size);
    }

    private static BigInteger HashOf(BigInteger slot) => Keccak256.Hash(Bytes32.FromUnsigned(slot % Word).ToBytes()).ToUnsigned();

    private static BigInteger HashOf(Bytes32 key, BigInteger slot)
    {
        Span<byte> image = stackalloc byte[64];
        key.CopyTo(image);
        Bytes32.FromUnsigned(slot % Word).CopyTo(image[32..]);
        return Keccak256.Hash(image).ToUnsigned();
    }

    // Texts and bytes are hashed without padding, everything else as a word.
    private string? SeenText(StorageType type, ReadOnlySpan<byte> key) =>
        type.Encoding == StorageEncoding.Bytes ? (type.Label == "string" ? Quoted(key) : Hex.Encode(key))
        : key.Length == Bytes32.Size ? KeyText(type, new Bytes32(key))
        : null;

    // Null when the word cannot be a key of this type. Texts and bytes are hashed without padding and are not among the candidates.
    private string? KeyText(StorageType type, Bytes32 key)
    {
        if (type.Encoding != StorageEncoding.InPlace)
        {
            return null;
        }

        Span<byte> word = stackalloc byte[32];
        key.CopyTo(word);
        var size = (int)type.Size;
        if (IsFixedBytes(type.Label))
        {
            return word[size..].ContainsAnyExcept((byte)0) ? null : Value(type.Label, word[..size]);
        }

        var negative = IsSigned(type.Label) && (word[32 - size] & 0x80) != 0;
        return word[..(32 - size)].ContainsAnyExcept(negative ? (byte)0xff : (byte)0) ? null : Value(type.Label, word[(32 - size)..]);
    }

    private string Show(Leaf leaf, ReadOnlySpan<byte> bytes)
    {
        if (leaf.Type is not ("string" or "bytes") || leaf.Size != 32)
        {
            return Value(leaf.Type, bytes);
        }

        // The lowest bit tells whether the content is here or elsewhere.
        if ((bytes[31] & 1) == 0)
        {
            var content = bytes[..Math.Min(bytes[31] / 2, 31)];
            return leaf.Type == "string" ? Quoted(content) : Hex.Encode(content);
        }

        return $"{(new BigInteger(bytes, isUnsigned: true, isBigEndian: true) - 1) / 2} bytes";
    }

    private string Value(string type, ReadOnlySpan<byte> bytes)
    {
        if (type == "bool")
        {
            return bytes.ContainsAnyExcept((byte)0) ? "true" : "false";
        }

        if (bytes.Length == Address.Size && (type is "address" or "address payable" || type.StartsWith("contract ", StringComparison.Ordinal)))
        {
            var address = new Address(bytes);
            return _nameOf(address) is { } name ? $"{address} ({name})" : address.ToString();
        }

        return IsFixedBytes(type) || type.StartsWith("function", StringComparison.Ordinal) ? Hex.Encode(bytes)
            : IsSigned(type) ? new BigInteger(bytes, isUnsigned: false, isBigEndian: true).ToString(CultureInfo.InvariantCulture)
            : type.StartsWith("uint", StringComparison.Ordinal) || type.StartsWith("enum ", StringComparison.Ordinal) ? new BigInteger(bytes, isUnsigned: true, isBigEndian: true).ToString(CultureInfo.InvariantCulture)
            : Hex.Encode(bytes);
    }

    private static bool IsFixedBytes(string label) => label.StartsWith("bytes", StringComparison.Ordinal) && label.Length > 5;

    private static bool IsSigned(string label) => label.StartsWith("int", StringComparison.Ordinal) && label.Length > 3 && char.IsAsciiDigit(label[3]);

    private static string Quoted(ReadOnlySpan<byte> content)
    {
        var text = Encoding.UTF8.GetString(content);
        return $"\"{string.Concat(text.Select(c => char.IsControl(c) ? '?' : c))}\"";
    }

    private sealed record Place(BigInteger Slot, int Offset, StorageType Type, string Path, string Variable);

    private sealed record Leaf(int Offset, int Size, string Path, string Variable, string Type);
}
