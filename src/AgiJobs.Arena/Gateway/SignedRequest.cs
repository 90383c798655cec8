namespace AgiJobs.Arena.Gateway;

/// <summary>A request as it came, before anything of it is believed.</summary>
/// <param name="Method">The method, in capitals.</param>
/// <param name="Path">Path and query as sent.</param>
/// <param name="Address">The header <see cref="GatewayStatement.AddressHeader"/>; null when it is missing, as with the others.</param>
/// <param name="Timestamp">The header <see cref="GatewayStatement.TimestampHeader"/>.</param>
/// <param name="Nonce">The header <see cref="GatewayStatement.NonceHeader"/>.</param>
/// <param name="Signature">The header <see cref="GatewayStatement.SignatureHeader"/>.</param>
/// <param name="Body">The body's bytes.</param>
public sealed record SignedRequest(string Method, string Path, string? Address, string? Timestamp, string? Nonce, string? Signature, ReadOnlyMemory<byte> Body);
