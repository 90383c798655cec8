using System.Text.RegularExpressions;

namespace AgiJobs.Control.Workspaces;

/// <summary>Finds what looks like a secret in a text, so that lint names it and nothing prints it.</summary>
public static partial class SecretText
{
    /// <summary>What stands in a secret's place.</summary>
    public const string Masked = "(masked)";

    /// <summary>The text with everything that looks like a secret masked.</summary>
    public static string Mask(string text) => Url().Replace(text, match =>
    {
        var url = UserInfo().Replace(match.Value, $"://{Masked}@");
        url = Query().Replace(url, $"${{name}}{Masked}");
        return Token().Replace(url, token => IsToken(token.Groups["segment"].Value) ? $"/{Masked}" : token.Value);
    });

    /// <summary>True when a URL carries a password, a key in its query, or a path segment that looks like a key.</summary>
    public static bool IsSecretUrl(string text) => Url().IsMatch(text) && !string.Equals(Mask(text), text, StringComparison.Ordinal);

    /// <summary>True when a key's name says that its value is a secret.</summary>
    public static bool IsSecretName(string key) => Name().IsMatch(key);

    /// <summary>True when a text is twelve words or more that could be a mnemonic.</summary>
    public static bool IsMnemonic(string text) => text.Split(' ') is { Length: 12 or 15 or 18 or 21 or 24 } words && words.All(word => word.Length is >= 3 and <= 8 && word.All(char.IsAsciiLetterLower));

    // Long, and of more than letters alone: a path of words is no key.
    private static bool IsToken(string segment) => segment.Any(char.IsAsciiDigit) && segment.Any(char.IsAsciiLetter) && !segment.StartsWith("0x", StringComparison.Ordinal);

    [GeneratedRegex("""(https?|wss?)://[^\s"',]+""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Url();

    [GeneratedRegex("""://[^/@\s]+@""", RegexOptions.None, 1000)]
    private static partial Regex UserInfo();

    [GeneratedRegex("""(?<name>[?&](api[-_]?key|key|token|secret|auth|password)=)[^&#\s]+""", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Query();

    [GeneratedRegex("""/(?<segment>[A-Za-z0-9_-]{20,})""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Token();

    [GeneratedRegex("""^(private[-_]?key|secret[-_]?key|api[-_]?key|mnemonic|seed([-_]?phrase)?|password|passphrase|pin|secret|auth[-_]?token|access[-_]?token)$""", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Name();
}
