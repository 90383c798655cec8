using System.Globalization;
using System.Security.Cryptography;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Gateway;

/// <summary>What an agent signs for one request to the gateway; the text of <c>docs/gateway.md</c>.</summary>
/// <param name="Chain">The network's chain.</param>
/// <param name="Arena">The network's arena.</param>
/// <param name="Method">The request's method, in capitals.</param>
/// <param name="Path">Path and query as sent.</param>
/// <param name="BodyDigest">SHA-256 of the body.</param>
/// <param name="Timestamp">When, to the millisecond.</param>
/// <param name="Nonce">16 to 64 characters of <c>0-9a-f</c>.</param>
/// <param name="Address">Who.</param>
public sealed record GatewayStatement(ChainId Chain, Address Arena, string Method, string Path, Bytes32 BodyDigest, DateTimeOffset Timestamp, string Nonce, Address Address)
{
    /// <summary>Header with the address.</summary>
    public const string AddressHeader = "X-Agi-Address";

    /// <summary>Header with the time.</summary>
    public const string TimestampHeader = "X-Agi-Timestamp";

    /// <summary>Header with the nonce.</summary>
    public const string NonceHeader = "X-Agi-Nonce";

    /// <summary>Header with the signature.</summary>
    public const string SignatureHeader = "X-Agi-Signature";

    /// <summary>The digest of a body.</summary>
    public static Bytes32 Digest(ReadOnlySpan<byte> body) => new(SHA256.HashData(body));

    /// <summary>The text that EIP-191 signs.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"AGI Jobs gateway v1\nchain {Chain}\narena {Arena}\n{Method} {Path}\nbody {BodyDigest.ToString()[2..]}\ntimestamp {Timestamp.ToUnixTimeMilliseconds()}\nnonce {Nonce}\naddress {Address}");
}
