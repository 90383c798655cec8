using System.Buffers;
using System.Globalization;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Arena.Gateway;

/// <summary>
/// Tells who made a request, by its signature (EIP-191 over <see cref="GatewayStatement"/>), and lets each request through once. Safe for use by several threads; several gateways on one store
/// refuse each other's replays.
/// </summary>
/// <param name="chain">The network's chain.</param>
/// <param name="arena">The network's arena.</param>
/// <param name="limits">How many requests an address may make; counted once the signature is known to be right, so that nobody uses up what is another's.</param>
/// <param name="nonces">What was used.</param>
/// <param name="time">The gateway's clock.</param>
public sealed class RequestAuthentication(ChainId chain, Address arena, RateLimits limits, UsedNonces nonces, TimeProvider time)
{
    /// <summary>How far a timestamp may be from the gateway's clock, either way.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(30);

    private static readonly SearchValues<char> NonceDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>Who made the request.</summary>
    /// <exception cref="RefusalException">
    /// <see cref="GatewayCode.SignatureMissing"/>, <see cref="GatewayCode.Malformed"/>, <see cref="GatewayCode.TimestampOff"/>, <see cref="GatewayCode.SignatureWrong"/>,
    /// <see cref="GatewayCode.RateLimited"/>, <see cref="GatewayCode.NonceUsed"/>, in this order.
    /// </exception>
    /// <exception cref="Storage.StorageException">The nonce could not be remembered, so the request must not be granted.</exception>
    public async Task<Address> AuthenticateAsync(SignedRequest request, CancellationToken cancellation)
    {
        var statement = Read(request, out var signature);
        var now = time.GetUtcNow();
        if ((now - statement.Timestamp).Duration() > Window)
        {
            throw new RefusalException(
                GatewayCode.TimestampOff,
                string.Create(CultureInfo.InvariantCulture, $"The timestamp {statement.Timestamp.ToUnixTimeMilliseconds()} is {(now - statement.Timestamp).Duration().TotalSeconds:0.0} s from the gateway's clock; {Window.TotalSeconds:0} s are the most."),
                "Set the clock, or take the time from GET /v1/network, and sign anew.");
        }

        if (Signer(statement, signature) != statement.Address)
        {
            throw Wrong($"The signature is not that of {statement.Address} over this request on chain {chain}, arena {arena}.");
        }

        limits.TakeAgent(statement.Address);
        return await nonces.TryUseAsync(statement.Address, statement.Nonce, statement.Timestamp, cancellation).ConfigureAwait(false)
            ? statement.Address
            : throw new RefusalException(GatewayCode.NonceUsed, $"{statement.Address} used the nonce {statement.Nonce} before.", "Draw a new nonce for each request and sign anew.");
    }

    private GatewayStatement Read(SignedRequest request, out Signature signature)
    {
        var address = Header(request.Address, GatewayStatement.AddressHeader);
        var timestamp = Header(request.Timestamp, GatewayStatement.TimestampHeader);
        var nonce = Header(request.Nonce, GatewayStatement.NonceHeader);
        var signed = Header(request.Signature, GatewayStatement.SignatureHeader);
        if (!Address.TryParse(address, out var account))
        {
            throw Malformed(GatewayStatement.AddressHeader, "an address with its EIP-55 checksum");
        }

        // The signed text has the number in its one shortest form.
        if (timestamp.Length > 15 || !long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) || (timestamp[0] == '0' && timestamp.Length > 1) || milliseconds > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
        {
            throw Malformed(GatewayStatement.TimestampHeader, "milliseconds since 1970 in decimal digits");
        }

        if (nonce.Length is < 16 or > 64 || nonce.AsSpan().ContainsAnyExcept(NonceDigits))
        {
            throw Malformed(GatewayStatement.NonceHeader, "16 to 64 characters of 0-9a-f");
        }

        if (signed.Length != 2 + (2 * Signature.Size) || !Hex.TryDecode(signed, out var bytes))
        {
            throw Malformed(GatewayStatement.SignatureHeader, "0x and 65 bytes in hexadecimal");
        }

        try
        {
            signature = Signature.FromBytes(bytes);
        }
        catch (EthereumException problem)
        {
            throw Wrong($"{GatewayStatement.SignatureHeader}: {problem.Message}", problem);
        }

        return new GatewayStatement(chain, arena, request.Method, request.Path, GatewayStatement.Digest(request.Body.Span), DateTimeOffset.FromUnixTimeMilliseconds(milliseconds), nonce, account);
    }

    private static Address Signer(GatewayStatement statement, Signature signature)
    {
        try
        {
            return Secp256k1.Recover(PersonalMessage.Hash(statement.ToString()), signature);
        }
        catch (EthereumException problem) when (problem.Code is "signature-high-s" or "signature-unrecoverable")
        {
            throw Wrong(problem.Message, problem);
        }
    }

    private static string Header(string? value, string name) => value is { Length: > 0 }
        ? value
        : throw new RefusalException(GatewayCode.SignatureMissing, $"The header {name} is missing.", "Send X-Agi-Address, X-Agi-Timestamp, X-Agi-Nonce and X-Agi-Signature, each once, as docs/gateway.md says.");

    private static RefusalException Malformed(string header, string rule) => new(GatewayCode.Malformed, $"The header {header} must be {rule}.", "Correct it and sign anew.");

    private static RefusalException Wrong(string message, Exception? inner = null) =>
        new(GatewayCode.SignatureWrong, message, "Sign the eight lines of docs/gateway.md by personal_sign: chain and arena as GET /v1/network tells them, path and query as sent, the SHA-256 of the body's bytes, low s.", null, inner);
}
