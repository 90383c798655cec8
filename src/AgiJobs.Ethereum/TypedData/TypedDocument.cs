using System.Text;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Ethereum.TypedData;

/// <summary>
/// A typed document: domain, types and message, as <c>eth_signTypedData_v4</c> takes it. All hashes are computed when it is made, so that a
/// document that exists can be signed. Immutable. Source: EIP-712.
/// </summary>
public sealed class TypedDocument
{
    /// <summary>
    /// Makes a document. The message is given member by member in the order of the primary struct; a struct or an array inside is a list.
    /// </summary>
    /// <exception cref="EthereumException">
    /// <c>abi-count</c>, <c>abi-value</c>, <c>abi-range</c>, <c>abi-length</c> or <c>abi-utf8</c> when a value does not fit its type.
    /// </exception>
    public TypedDocument(TypedDomain domain, TypedSchema schema, params ReadOnlySpan<AbiValue> message)
    {
        Domain = domain;
        Schema = schema;
        Message = new AbiList(message);
        DomainSeparator = domain.Separator;
        MessageHash = HashStruct(schema.Primary, Message, schema.Primary.Name);

        Span<byte> signed = stackalloc byte[2 + 32 + 32];
        signed[0] = 0x19;
        signed[1] = 0x01;
        DomainSeparator.CopyTo(signed[2..]);
        MessageHash.CopyTo(signed[34..]);
        Digest = Keccak256.Hash(signed);
    }

    /// <summary>The domain.</summary>
    public TypedDomain Domain { get; }

    /// <summary>The structs.</summary>
    public TypedSchema Schema { get; }

    /// <summary>The name of the struct that the message is.</summary>
    public string PrimaryType => Schema.Primary.Name;

    /// <summary>The values of the message in the order of the members.</summary>
    public AbiList Message { get; }

    /// <summary>What is signed: keccak256 of 0x19, 0x01, <see cref="DomainSeparator"/> and <see cref="MessageHash"/>.</summary>
    public Bytes32 Digest { get; }

    /// <summary>The hash of the domain.</summary>
    public Bytes32 DomainSeparator { get; }

    /// <summary>hashStruct of the message.</summary>
    public Bytes32 MessageHash { get; }

    /// <summary>The chain that the domain names; null when it names none and the signature counts on every chain.</summary>
    public ChainId? ChainId => Domain.ChainId;

    /// <summary>
    /// Reads the JSON of <c>eth_signTypedData_v4</c>: an object of <c>types</c> (with <c>EIP712Domain</c>), <c>primaryType</c>,
    /// <c>domain</c> and <c>message</c>. Integers may be JSON numbers of any size or decimal or 0x strings. A missing, unknown, doubled or
    /// null member is refused, as is any value that is not exactly of its type.
    /// </summary>
    /// <exception cref="EthereumException">
    /// <c>typed-data-json</c>, <c>typed-data-types</c>, <c>typed-data-recursion</c>, <c>typed-data-domain</c>, <c>typed-data-member</c>,
    /// <c>address-format</c>, <c>address-checksum</c>, or as for the constructor.
    /// </exception>
    public static TypedDocument FromJson(string json) => TypedDataJson.Read(json);

    /// <summary>
    /// The JSON of <c>eth_signTypedData_v4</c>. Integers are decimal strings, the chain id a number when every reader can hold it.
    /// </summary>
    public string ToJson() => TypedDataJson.Write(this);

    /// <summary>The message for people: <c>Mail(from: (name: "Cow", ...), contents: "Hello")</c>, preceded by the domain.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        var first = true;
        foreach (var (name, _, value) in Domain.Present())
        {
            text.Append(first ? "" : ", ").Append(name).Append(": ");
            value.Write(text);
            first = false;
        }

        text.Append(first ? "" : " | ").Append(PrimaryType);
        WriteStruct(text, Schema.Primary, Message);
        return text.ToString();
    }

    private static Bytes32 HashStruct(TypedStruct type, AbiValue value, string place)
    {
        var members = Items(value, type.Fields.Count, place, type.Name);
        var data = new byte[32 * (members.Count + 1)];
        type.TypeHash.CopyTo(data);
        for (var i = 0; i < members.Count; i++)
        {
            Encode(type.Shapes[i], members[i], $"{place}.{type.Fields[i].Name}", data.AsSpan(32 * (i + 1), 32));
        }

        return Keccak256.Hash(data);
    }

    private static void Encode(TypedShape shape, AbiValue value, string place, Span<byte> word)
    {
        if (shape.Atom is not null)
        {
            AbiCodec.EncodeTopic(shape.Atom, value, place).CopyTo(word);
        }
        else if (shape.Struct is not null)
        {
            HashStruct(shape.Struct, value, place).CopyTo(word);
        }
        else
        {
            var items = Items(value, shape.Length, place, shape.Name);
            var data = new byte[32 * items.Count];
            for (var i = 0; i < items.Count; i++)
            {
                Encode(shape.Element!, items[i], $"{place}[{i}]", data.AsSpan(32 * i, 32));
            }

            Keccak256.Hash(data, word);
        }
    }

    private static AbiList Items(AbiValue value, int? wanted, string place, string type)
    {
        if (value is not AbiList list)
        {
            throw EthereumException.BadInput(
                "abi-value",
                $"{place}: {type} takes a list; {Hex.Shorten(value.ToString())} is {value.KindName}.");
        }

        return wanted is null || list.Count == wanted
            ? list
            : throw EthereumException.BadInput("abi-count", $"{place}: {type} takes exactly {wanted} values; {list.Count} were given.");
    }

    private static void WriteStruct(StringBuilder text, TypedStruct type, AbiValue value)
    {
        var members = value.AsList();
        text.Append('(');
        for (var i = 0; i < members.Count; i++)
        {
            text.Append(i == 0 ? "" : ", ").Append(type.Fields[i].Name).Append(": ");
            Write(text, type.Shapes[i], members[i]);
        }

        text.Append(')');
    }

    private static void Write(StringBuilder text, TypedShape shape, AbiValue value)
    {
        if (shape.Atom is not null)
        {
            value.Write(text);
        }
        else if (shape.Struct is not null)
        {
            WriteStruct(text, shape.Struct, value);
        }
        else
        {
            var items = value.AsList();
            text.Append('[');
            for (var i = 0; i < items.Count; i++)
            {
                text.Append(i == 0 ? "" : ", ");
                Write(text, shape.Element!, items[i]);
            }

            text.Append(']');
        }
    }
}
