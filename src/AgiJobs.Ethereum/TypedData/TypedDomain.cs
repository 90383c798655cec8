using System.Text;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Ethereum.TypedData;

/// <summary>
/// The domain of a typed document: who may use the signature. Fields that are null are not part of it, and leaving a field out gives
/// another hash than an empty one. Source: EIP-712, "Definition of domainSeparator".
/// </summary>
public sealed record TypedDomain
{
    internal const string TypeName = "EIP712Domain";

    // The order of the standard; documents may declare another.
    private static readonly string[] StandardOrder = ["name", "version", "chainId", "verifyingContract", "salt"];

    private readonly string[]? _order;

    /// <summary>The name of the application or protocol.</summary>
    public string? Name { get; init; }

    /// <summary>The version of the signing domain.</summary>
    public string? Version { get; init; }

    /// <summary>The chain on which the signature counts.</summary>
    public ChainId? ChainId { get; init; }

    /// <summary>The contract that checks the signature.</summary>
    public Address? VerifyingContract { get; init; }

    /// <summary>The last means to tell domains apart.</summary>
    public Bytes32? Salt { get; init; }

    /// <summary>
    /// The type with the fields that are present, such as <c>EIP712Domain(uint256 chainId,address verifyingContract)</c>.
    /// </summary>
    public string EncodedType
    {
        get
        {
            var text = new StringBuilder(TypeName).Append('(');
            var first = true;
            foreach (var (name, type, _) in Present())
            {
                text.Append(first ? "" : ",").Append(type.CanonicalName).Append(' ').Append(name);
                first = false;
            }

            return text.Append(')').ToString();
        }
    }

    /// <summary>The domain separator: hashStruct of the domain.</summary>
    public Bytes32 Separator
    {
        get
        {
            var fields = Present().ToList();
            var data = new byte[32 * (fields.Count + 1)];
            Keccak256.Hash(EncodedType).CopyTo(data);
            for (var i = 0; i < fields.Count; i++)
            {
                AbiCodec.EncodeTopic(fields[i].Type, fields[i].Value).CopyTo(data.AsSpan(32 * (i + 1)));
            }

            return Keccak256.Hash(data);
        }
    }

    /// <summary>
    /// Keeps the order in which a document declares the fields. The caller has checked that it names each present field once.
    /// </summary>
    internal TypedDomain InOrder(string[] order) => new(this, order);

    private TypedDomain(TypedDomain original, string[] order)
    {
        Name = original.Name;
        Version = original.Version;
        ChainId = original.ChainId;
        VerifyingContract = original.VerifyingContract;
        Salt = original.Salt;
        _order = order;
    }

    /// <summary>A domain without fields; set those that the contract uses.</summary>
    public TypedDomain()
    {
    }

    /// <summary>Equality of the fields and of their order.</summary>
    public bool Equals(TypedDomain? other) => other is not null && EncodedType == other.EncodedType && Separator == other.Separator;

    /// <inheritdoc/>
    public override int GetHashCode() => Separator.GetHashCode();

    /// <summary>The type of a field of the standard; null for other names.</summary>
    internal static AbiType? TypeOf(string name) => name switch
    {
        "name" or "version" => AbiType.String,
        "chainId" => AbiType.UInt256,
        "verifyingContract" => AbiType.Address,
        "salt" => AbiType.Bytes32,
        _ => null,
    };

    /// <summary>The fields that are part of the domain, in their order.</summary>
    internal IEnumerable<(string Name, AbiType Type, AbiValue Value)> Present()
    {
        foreach (var name in _order ?? StandardOrder)
        {
            AbiValue? value = name switch
            {
                "name" => Name is { } text ? (AbiValue)text : null,
                "version" => Version is { } text ? (AbiValue)text : null,
                "chainId" => ChainId is { } chain ? chain : null,
                "verifyingContract" => VerifyingContract is { } contract ? contract : null,
                _ => Salt is { } salt ? salt : null,
            };
            if (value is not null)
            {
                yield return (name, TypeOf(name)!, value);
            }
        }
    }
}
