using System.Numerics;
using AgiJobs.Control.Changes;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Control.Description;

/// <summary>
/// The form of the statements with which anybody may pull a lever: their EIP-712 type and domain, and the views that tell about them. Immutable.
/// </summary>
public sealed class Authorization
{
    private static readonly (string Name, AbiTypeKind Kind)[] Members =
    [
        ("signer", AbiTypeKind.Address), ("modules", AbiTypeKind.DynamicArray), ("validAfter", AbiTypeKind.UnsignedInteger), ("validBefore", AbiTypeKind.UnsignedInteger), ("salt", AbiTypeKind.FixedBytes),
    ];

    private readonly AuthorizationFile _file;
    private readonly AbiFunction _lever;

    internal Authorization(AuthorizationFile file, AbiFunction lever, ContractAbi abi)
    {
        _file = file;
        _lever = lever;
        Schema = TypedSchema.Parse(file.Type);
        Spent = abi.Function(file.Spent);
        Digest = file.Digest is null ? null : abi.Function(file.Digest);
        Revoke = file.Revoke is null ? null : abi.Function(file.Revoke);
    }

    /// <summary>The EIP-712 type.</summary>
    public TypedSchema Schema { get; }

    /// <summary>The view of signer and salt that says whether a statement was used or revoked.</summary>
    public AbiFunction Spent { get; }

    /// <summary>The view of the statement that returns what its signer signs; null when there is none.</summary>
    public AbiFunction? Digest { get; }

    /// <summary>The function of the salt by which a signer revokes a statement; null when there is none.</summary>
    public AbiFunction? Revoke { get; }

    /// <summary>What a signer signs.</summary>
    public TypedDocument Document(ChainId chain, Address contract, Address signer, PauseStatement statement) =>
        new(new TypedDomain { Name = _file.Name, Version = _file.Version, ChainId = chain, VerifyingContract = contract }, Schema, Values(signer, statement));

    /// <summary>The lever's calldata; without a signature what it will be but for the signature.</summary>
    public byte[] Encode(Address signer, PauseStatement statement, ReadOnlyMemory<byte> signature) => _lever.Encode(new AbiList(Values(signer, statement)), signature);

    /// <summary>The call of <see cref="Spent"/>.</summary>
    public byte[] EncodeSpent(Address signer, Bytes32 salt) => Spent.Encode(signer, salt);

    /// <summary>The call of <see cref="Digest"/>; null when there is none.</summary>
    public byte[]? EncodeDigest(Address signer, PauseStatement statement) => Digest?.Encode(new AbiList(Values(signer, statement)));

    /// <summary>Why the description of an authorisation cannot be right; null when it can.</summary>
    internal static string? Problem(AuthorizationFile file, AbiFunction lever, ContractAbi abi)
    {
        var schema = TypedSchema.Parse(file.Type);
        var fields = schema.Primary.Fields;
        foreach (var (name, kind) in Members)
        {
            if (fields.FirstOrDefault(field => string.Equals(field.Name, name, StringComparison.Ordinal)) is not { } field)
            {
                return $"the type {file.Type} has no member '{name}'";
            }

            if (AbiType.Parse(field.Type).Kind != kind)
            {
                return $"the member '{name}' of {file.Type} has the type {field.Type}";
            }
        }

        if (fields.Count != Members.Length)
        {
            return $"the type {file.Type} has other members than {string.Join(", ", Members.Select(member => member.Name))}";
        }

        var tuple = $"({string.Join(',', fields.Select(field => field.Type))})";
        return !string.Equals(lever.Signature, $"{lever.Name}({tuple},bytes)", StringComparison.Ordinal) ? $"{lever} does not take {file.Type} and a signature"
            : abi.Function(file.Spent) is not { Inputs: [{ Type.Kind: AbiTypeKind.Address }, { Type.Kind: AbiTypeKind.FixedBytes }], Outputs: [{ Type.Kind: AbiTypeKind.Boolean }] } ? $"{file.Spent} does not say of signer and salt whether they are spent"
            : file.Digest is { } digest && !string.Equals(abi.Function(digest).Signature, $"{abi.Function(digest).Name}({tuple})", StringComparison.Ordinal) ? $"{digest} does not take {file.Type}"
            : file.Revoke is { } revoke && abi.Function(revoke).Inputs is not [{ Type.Kind: AbiTypeKind.FixedBytes }] ? $"{revoke} does not take a salt"
            : null;
    }

    private AbiValue[] Values(Address signer, PauseStatement statement) => [.. Schema.Primary.Fields.Select(field => field.Name switch
    {
        "signer" => (AbiValue)signer,
        "modules" => new AbiList([.. statement.Modules.Select(module => (AbiValue)module)]),
        "validAfter" => new BigInteger(statement.ValidAfter),
        "validBefore" => new BigInteger(statement.ValidBefore),
        _ => statement.Salt,
    })];
}
