using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Detectors;

/// <summary>The identities of findings of the chain: the same on every machine, whenever it is found.</summary>
public static class FindingIdentity
{
    /// <summary>Which alert a finding belongs to.</summary>
    public static string Fingerprint(string network, string rule, string subject) => Hash(["alert", network, rule, subject]);

    /// <summary>What tells a finding from all others.</summary>
    public static string Id(string network, string rule, string subject, FindingKind kind, ChainPlace place)
    {
        ArgumentNullException.ThrowIfNull(place);
        return Hash(["finding", network, rule, subject, kind.ToString(), place.Hash.ToString(), place.Transaction?.ToString() ?? "", place.LogIndex?.ToString(CultureInfo.InvariantCulture) ?? ""]);
    }

    /// <summary>The identity of what is off the chain, by what it is about and how that stands.</summary>
    public static string Of(params ReadOnlySpan<string> parts) => Hash(parts);

    // Each part with its length, so that no two lists have one text.
    private static string Hash(ReadOnlySpan<string> parts)
    {
        var text = new StringBuilder();
        foreach (var part in parts)
        {
            text.Append(CultureInfo.InvariantCulture, $"{part.Length}:{part}");
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())).AsSpan(0, 16));
    }
}
