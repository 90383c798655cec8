namespace AgiJobs.Response.Detectors;

/// <summary>What a rule calls an event, function or view by: a name, a name with * for any letters, or a whole signature.</summary>
/// <param name="Text">As it stands in the rule.</param>
/// <param name="Signature">The canonical signature; null when it is a name.</param>
internal sealed record NamePattern(string Text, string? Signature)
{
    /// <summary>Reads one.</summary>
    /// <param name="text">As it stands in the rule.</param>
    /// <param name="canonical">Makes the canonical signature of one.</param>
    /// <exception cref="Ethereum.EthereumException">It is no signature.</exception>
    public static NamePattern Of(string text, Func<string, string> canonical) => new(text, text.Contains('(', StringComparison.Ordinal) ? canonical(text) : null);

    /// <summary>Whether something of a name and canonical signature is meant.</summary>
    public bool Fits(string name, string signature) => Signature is { } exact ? string.Equals(exact, signature, StringComparison.Ordinal) : HasLetters(name);

    // The letters before, between and after the stars, in their order.
    private bool HasLetters(string name)
    {
        var parts = Text.Split('*');
        if (parts.Length == 1)
        {
            return string.Equals(Text, name, StringComparison.Ordinal);
        }

        if (!name.StartsWith(parts[0], StringComparison.Ordinal))
        {
            return false;
        }

        var at = parts[0].Length;
        foreach (var part in parts[1..^1])
        {
            var next = name.IndexOf(part, at, StringComparison.Ordinal);
            if (next < 0)
            {
                return false;
            }

            at = next + part.Length;
        }

        return name.Length - at >= parts[^1].Length && name.EndsWith(parts[^1], StringComparison.Ordinal);
    }
}
