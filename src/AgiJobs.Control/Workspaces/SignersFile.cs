using System.Text.Json.Serialization;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Workspaces;

/// <summary>References to signers, never keys: <c>config/signers.json</c> for every network, <c>config/signers.NAME.json</c> for one.</summary>
public sealed record SignersFile
{
    /// <summary>The JSON Schema that an editor holds the file against; nothing is read from it.</summary>
    [JsonPropertyName("$schema")]
    public string? Schema { get; init; }

    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>Signers in the order of preference.</summary>
    public required IReadOnlyList<SignerReference> Signers { get; init; }
}

/// <summary>How a signer holds its key.</summary>
public enum SignerKind
{
    /// <summary>An account of the local network's public mnemonic; signs on chain 31337 only.</summary>
    Development,

    /// <summary>A keystore v3 file outside the workspace.</summary>
    Keystore,

    /// <summary>Clef over JSON-RPC.</summary>
    Clef,

    /// <summary>web3signer over JSON-RPC.</summary>
    Web3signer,

    /// <summary>A key in a hardware module, or in a token in software, behind a PKCS#11 library.</summary>
    Pkcs11,
}

/// <summary>One signer.</summary>
public sealed record SignerReference
{
    /// <summary>The name that <c>--signer</c> takes.</summary>
    public required string Name { get; init; }

    /// <summary>How it holds its key.</summary>
    public required SignerKind Kind { get; init; }

    /// <summary>The address that it signs for; what it signs is checked against it.</summary>
    public required Address Address { get; init; }

    /// <summary>Development: the account's index.</summary>
    public int? Index { get; init; }

    /// <summary>Keystore: the file.</summary>
    public string? File { get; init; }

    /// <summary>Keystore: where its password is.</summary>
    public Secret? Password { get; init; }

    /// <summary>Clef and web3signer: the URL.</summary>
    public string? Url { get; init; }

    /// <summary>PKCS#11: the path of the vendor's library.</summary>
    public string? Module { get; init; }

    /// <summary>PKCS#11: the token's label.</summary>
    public string? Token { get; init; }

    /// <summary>PKCS#11: the key's label. Label or id must be there; both narrow it down.</summary>
    public string? KeyLabel { get; init; }

    /// <summary>PKCS#11: the key's id, as hex.</summary>
    public byte[]? KeyId { get; init; }

    /// <summary>PKCS#11: where the user's PIN is.</summary>
    public Secret? Pin { get; init; }
}
