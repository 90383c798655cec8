using System.Globalization;
using System.Numerics;
using System.Text;

namespace AgiJobs.Ethereum.Abi;

/// <summary>
/// A value of the contract ABI without its type: an <see cref="AbiInteger"/>, <see cref="AbiBoolean"/>, <see cref="AbiAddress"/>,
/// <see cref="AbiBytes"/>, <see cref="AbiText"/>, <see cref="AbiList"/> (array or tuple) or <see cref="AbiHash"/>. Immutable, equal by
/// content. What a value may be used for is decided by the type it is encoded with; nothing is converted on the way: a number is no
/// bool, text is no address.
/// </summary>
public abstract class AbiValue : IEquatable<AbiValue>
{
    private protected AbiValue()
    {
    }

    /// <summary>The word for the kind of value, for messages.</summary>
    internal abstract string KindName { get; }

    /// <summary>A list for an array or a tuple.</summary>
    public static AbiValue List(params ReadOnlySpan<AbiValue> items) => new AbiList(items);

    /// <summary>The number.</summary>
    /// <exception cref="EthereumException"><c>abi-value</c> when this is not an integer.</exception>
    public BigInteger AsInteger() => this is AbiInteger integer ? integer.Value : throw Not("an integer");

    /// <summary>The truth value.</summary>
    /// <exception cref="EthereumException"><c>abi-value</c> when this is not a bool.</exception>
    public bool AsBoolean() => this is AbiBoolean boolean ? boolean.Value : throw Not("a bool");

    /// <summary>The address.</summary>
    /// <exception cref="EthereumException"><c>abi-value</c> when this is not an address.</exception>
    public Address AsAddress() => this is AbiAddress address ? address.Value : throw Not("an address");

    /// <summary>A copy of the bytes of <c>bytes</c> or <c>bytesN</c>.</summary>
    /// <exception cref="EthereumException"><c>abi-value</c> when this is not bytes.</exception>
    public byte[] AsBytes() => AsSpan().ToArray();

    /// <summary>The bytes of <c>bytes</c> or <c>bytesN</c>, not copied.</summary>
    /// <exception cref="EthereumException"><c>abi-value</c> when this is not bytes.</exception>
    public ReadOnlySpan<byte> AsSpan() => this is AbiBytes bytes ? bytes.Span : throw Not("bytes");

    /// <summary>The 32 bytes of a <c>bytes32</c>, or the hash that a topic holds in place of an indexed value.</summary>
    /// <exception cref="EthereumException"><c>abi-value</c> when this is not 32 bytes.</exception>
    public Bytes32 AsBytes32() => this switch
    {
        AbiBytes { Span.Length: Bytes32.Size } bytes => new Bytes32(bytes.Span),
        AbiHash hash => hash.Value,
        _ => throw Not("32 bytes"),
    };

    /// <summary>The text of a <c>string</c>.</summary>
    /// <exception cref="EthereumException"><c>abi-value</c> when this is not text.</exception>
    public string AsText() => this is AbiText text ? text.Value : throw Not("text");

    /// <summary>The items of an array or a tuple.</summary>
    /// <exception cref="EthereumException"><c>abi-value</c> when this is not a list.</exception>
    public IReadOnlyList<AbiValue> AsList() => this is AbiList list ? list : throw Not("a list");

    /// <inheritdoc/>
    public abstract bool Equals(AbiValue? other);

    /// <inheritdoc/>
    public sealed override bool Equals(object? obj) => Equals(obj as AbiValue);

    /// <inheritdoc/>
    public abstract override int GetHashCode();

    /// <summary>
    /// The value for people: decimal numbers, EIP-55 addresses, hex bytes, quoted text with control characters escaped, lists in
    /// brackets.
    /// </summary>
    public sealed override string ToString()
    {
        var text = new StringBuilder();
        Write(text);
        return text.ToString();
    }

    internal abstract void Write(StringBuilder text);

    private EthereumException Not(string wanted) =>
        EthereumException.BadInput("abi-value", $"{Hex.Shorten(ToString())} is {KindName}, not {wanted}.");

    /// <summary>An integer.</summary>
    public static implicit operator AbiValue(BigInteger value) => new AbiInteger(value);

    /// <summary>An integer.</summary>
    public static implicit operator AbiValue(int value) => new AbiInteger(value);

    /// <summary>An integer.</summary>
    public static implicit operator AbiValue(long value) => new AbiInteger(value);

    /// <summary>An integer.</summary>
    public static implicit operator AbiValue(uint value) => new AbiInteger(value);

    /// <summary>An integer.</summary>
    public static implicit operator AbiValue(ulong value) => new AbiInteger(value);

    /// <summary>An amount in wei as an integer.</summary>
    public static implicit operator AbiValue(Wei value) => new AbiInteger(value.Value);

    /// <summary>A chain id as an integer.</summary>
    public static implicit operator AbiValue(ChainId value) => new AbiInteger(value.Value);

    /// <summary>A height as an integer.</summary>
    public static implicit operator AbiValue(BlockNumber value) => new AbiInteger(value.Value);

    /// <summary>Gas as an integer.</summary>
    public static implicit operator AbiValue(Gas value) => new AbiInteger(value.Value);

    /// <summary>Basis points as an integer.</summary>
    public static implicit operator AbiValue(BasisPoints value) => new AbiInteger(value.Value);

    /// <summary>A bool.</summary>
    public static implicit operator AbiValue(bool value) => value ? AbiBoolean.True : AbiBoolean.False;

    /// <summary>Text, for <c>string</c> only.</summary>
    public static implicit operator AbiValue(string value) => new AbiText(value);

    /// <summary>Bytes, for <c>bytes</c> or the <c>bytesN</c> of exactly that length. Copied.</summary>
    public static implicit operator AbiValue(byte[] value) => new AbiBytes(value);

    /// <summary>Bytes, for <c>bytes</c> or the <c>bytesN</c> of exactly that length. Copied.</summary>
    public static implicit operator AbiValue(ReadOnlyMemory<byte> value) => new AbiBytes(value.Span);

    /// <summary>An address.</summary>
    public static implicit operator AbiValue(Address value) => new AbiAddress(value);

    /// <summary>Thirty-two bytes.</summary>
    public static implicit operator AbiValue(Bytes32 value) => new AbiBytes(value.ToBytes(), owned: true);

    /// <summary>Four bytes, for <c>bytes4</c>.</summary>
    public static implicit operator AbiValue(Selector value) => new AbiBytes(value.ToBytes(), owned: true);

    /// <summary>A list for an array or a tuple. Copied.</summary>
    public static implicit operator AbiValue(AbiValue[] items) => new AbiList(items);
}

/// <summary>A whole number of any size; whether it fits is checked against the type when it is encoded.</summary>
public sealed class AbiInteger(BigInteger value) : AbiValue
{
    /// <summary>The number.</summary>
    public BigInteger Value { get; } = value;

    internal override string KindName => "an integer";

    /// <inheritdoc/>
    public override bool Equals(AbiValue? other) => other is AbiInteger integer && integer.Value == Value;

    /// <inheritdoc/>
    public override int GetHashCode() => Value.GetHashCode();

    internal override void Write(StringBuilder text) => text.Append(Value.ToString(CultureInfo.InvariantCulture));
}

/// <summary>True or false.</summary>
public sealed class AbiBoolean : AbiValue
{
    internal static readonly AbiBoolean True = new(true);
    internal static readonly AbiBoolean False = new(false);

    private AbiBoolean(bool value) => Value = value;

    /// <summary>The truth value.</summary>
    public bool Value { get; }

    internal override string KindName => "a bool";

    /// <inheritdoc/>
    public override bool Equals(AbiValue? other) => other is AbiBoolean boolean && boolean.Value == Value;

    /// <inheritdoc/>
    public override int GetHashCode() => Value.GetHashCode();

    internal override void Write(StringBuilder text) => text.Append(Value ? "true" : "false");
}

/// <summary>An account address.</summary>
public sealed class AbiAddress(Address value) : AbiValue
{
    /// <summary>The address.</summary>
    public Address Value { get; } = value;

    internal override string KindName => "an address";

    /// <inheritdoc/>
    public override bool Equals(AbiValue? other) => other is AbiAddress address && address.Value == Value;

    /// <inheritdoc/>
    public override int GetHashCode() => Value.GetHashCode();

    internal override void Write(StringBuilder text) => text.Append(Value.ToString());
}

/// <summary>Bytes of fixed or dynamic length.</summary>
public sealed class AbiBytes : AbiValue
{
    private readonly byte[] _value;

    /// <summary>Copies the bytes.</summary>
    public AbiBytes(ReadOnlySpan<byte> value) => _value = value.ToArray();

    internal AbiBytes(byte[] value, bool owned) => _value = owned ? value : value.AsSpan().ToArray();

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Span => _value;

    internal override string KindName => $"{_value.Length} bytes";

    /// <inheritdoc/>
    public override bool Equals(AbiValue? other) => other is AbiBytes bytes && bytes.Span.SequenceEqual(_value);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(_value);
        return hash.ToHashCode();
    }

    internal override void Write(StringBuilder text) => text.Append(Hex.Encode(_value));
}

/// <summary>Text.</summary>
public sealed class AbiText : AbiValue
{
    /// <summary>Takes the text.</summary>
    public AbiText(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        Value = value;
    }

    /// <summary>The text.</summary>
    public string Value { get; }

    internal override string KindName => "text";

    /// <inheritdoc/>
    public override bool Equals(AbiValue? other) => other is AbiText text && string.Equals(text.Value, Value, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() => Value.GetHashCode(StringComparison.Ordinal);

    // Text from a chain is hostile: what could move a terminal's cursor or reverse the direction of reading is shown as its code.
    internal override void Write(StringBuilder text)
    {
        text.Append('"');
        foreach (var rune in Value.EnumerateRunes())
        {
            switch (Rune.GetUnicodeCategory(rune))
            {
                case UnicodeCategory.Control or UnicodeCategory.Format
                    or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
                    or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned:
                    text.Append(CultureInfo.InvariantCulture, $"\\u{{{rune.Value:x}}}");
                    break;
                default:
                    text.Append(rune.Value is '"' or '\\' ? "\\" : "").Append(rune.ToString());
                    break;
            }
        }

        text.Append('"');
    }
}

/// <summary>The items of an array or of a tuple.</summary>
public sealed class AbiList : AbiValue, IReadOnlyList<AbiValue>
{
    private readonly AbiValue[] _items;

    /// <summary>Copies the items.</summary>
    public AbiList(ReadOnlySpan<AbiValue> items)
        : this(items.ToArray(), owned: true)
    {
        foreach (var item in _items)
        {
            ArgumentNullException.ThrowIfNull(item, nameof(items));
        }
    }

    internal AbiList(AbiValue[] items, bool owned) => _items = owned ? items : items.AsSpan().ToArray();

    /// <inheritdoc/>
    public int Count => _items.Length;

    /// <summary>The items.</summary>
    public ReadOnlySpan<AbiValue> Items => _items;

    internal override string KindName => $"a list of {_items.Length}";

    /// <inheritdoc/>
    public AbiValue this[int index] => _items[index];

    /// <inheritdoc/>
    public override bool Equals(AbiValue? other) => other is AbiList list && list._items.AsSpan().SequenceEqual(_items);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var item in _items)
        {
            hash.Add(item);
        }

        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public IEnumerator<AbiValue> GetEnumerator() => ((IEnumerable<AbiValue>)_items).GetEnumerator();

    System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();

    internal override void Write(StringBuilder text)
    {
        text.Append('[');
        for (var i = 0; i < _items.Length; i++)
        {
            text.Append(i == 0 ? "" : ", ");
            _items[i].Write(text);
        }

        text.Append(']');
    }
}

/// <summary>
/// The Keccak-256 hash that a log's topic holds in place of an indexed string, bytes, array or tuple. The value itself is not in the
/// log and cannot be told from it.
/// </summary>
public sealed class AbiHash(Bytes32 value) : AbiValue
{
    /// <summary>The hash.</summary>
    public Bytes32 Value { get; } = value;

    internal override string KindName => "the hash of an indexed value";

    /// <inheritdoc/>
    public override bool Equals(AbiValue? other) => other is AbiHash hash && hash.Value == Value;

    /// <inheritdoc/>
    public override int GetHashCode() => Value.GetHashCode();

    internal override void Write(StringBuilder text) => text.Append("keccak256:").Append(Value.ToString());
}
