using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AgiJobs.Control.Feed;

/// <summary>
/// How a message of the feed is signed: the header <c>Agijobs-Signature: t=SECONDS,v1=HEX</c>, where HEX is the HMAC-SHA256 under the shared key of SECONDS (Unix time), a full stop and the body. Whoever receives it computes
/// it again over the bytes as they came, compares in constant time, and refuses a time that is far from its own.
/// </summary>
public static class FeedSignature
{
    /// <summary>The header's name.</summary>
    public const string Header = "Agijobs-Signature";

    /// <summary>The header's value.</summary>
    public static string Of(string key, DateTimeOffset at, ReadOnlySpan<byte> body)
    {
        var seconds = at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        byte[] signed = [.. Encoding.ASCII.GetBytes(seconds), (byte)'.', .. body];
        return $"t={seconds},v1={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), signed))}";
    }
}
