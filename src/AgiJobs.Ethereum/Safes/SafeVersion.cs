using System.Globalization;

namespace AgiJobs.Ethereum.Safes;

/// <summary>
/// The version a Safe's singleton reports by <c>VERSION()</c>, such as <c>1.4.1</c>, or with build metadata <c>1.3.0+L2</c>. It decides
/// the form of the EIP-712 domain, so a hash for one version is worthless for another.
/// Source: the Safe contracts' change log (chain id in the domain since 1.3.0, <c>baseGas</c> since 1.0.0).
/// </summary>
public readonly record struct SafeVersion : IComparable<SafeVersion>
{
    /// <summary>Takes the three numbers and, optionally, the metadata after <c>+</c>.</summary>
    /// <exception cref="EthereumException"><c>safe-version</c> when a number is negative.</exception>
    public SafeVersion(int major, int minor, int patch, string? metadata = null)
    {
        if (major < 0 || minor < 0 || patch < 0)
        {
            throw EthereumException.BadInput("safe-version", $"{major}.{minor}.{patch} is not a Safe version: its numbers cannot be negative.");
        }

        Major = major;
        Minor = minor;
        Patch = patch;
        Metadata = string.IsNullOrEmpty(metadata) ? null : metadata;
    }

    /// <summary>The first number.</summary>
    public int Major { get; }

    /// <summary>The second number.</summary>
    public int Minor { get; }

    /// <summary>The third number.</summary>
    public int Patch { get; }

    /// <summary>What follows <c>+</c> (<c>L2</c>), or null. It does not take part in order and changes no hash.</summary>
    public string? Metadata { get; }

    /// <summary>1.3.0.</summary>
    public static SafeVersion V130 => new(1, 3, 0);

    /// <summary>1.4.1, the version that this project deploys.</summary>
    public static SafeVersion V141 => new(1, 4, 1);

    /// <summary>1.5.0.</summary>
    public static SafeVersion V150 => new(1, 5, 0);

    /// <summary>Since 1.3.0 the domain holds the chain id. Before, a signature is valid on every chain that has the Safe at this address.</summary>
    public bool HasChainIdInDomain => CompareTo(V130) >= 0;

    /// <summary>Since 1.0.0 the sixth field of a transaction is <c>baseGas</c>; before, <c>dataGas</c>.</summary>
    public bool HasBaseGas => Major >= 1;

    /// <summary>
    /// Since 1.5.0 a Safe asks a contract that owns it <c>isValidSignature(bytes32,bytes)</c> about the transaction hash; before,
    /// <c>isValidSignature(bytes,bytes)</c> about the 66 bytes which that hash is taken of. The owner must sign accordingly.
    /// </summary>
    public bool AsksContractOwnersAboutTheHash => CompareTo(V150) >= 0;

    /// <summary>Since 1.5.0 there is a guard for modules.</summary>
    public bool HasModuleGuard => CompareTo(V150) >= 0;

    /// <summary>Since 1.3.0 there is a guard for transactions.</summary>
    public bool HasGuard => CompareTo(V130) >= 0;

    /// <summary>Reads <c>major.minor.patch</c> and optional <c>+metadata</c>.</summary>
    /// <exception cref="EthereumException"><c>safe-version</c> for anything else; <c>safe-version-newer</c> (refused) above the 1.x that is known here.</exception>
    public static SafeVersion Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var plus = text.IndexOf('+', StringComparison.Ordinal);
        var numbers = plus < 0 ? text : text[..plus];
        var metadata = plus < 0 ? null : text[(plus + 1)..];
        Span<Range> parts = stackalloc Range[4];
        Span<int> values = stackalloc int[3];
        var span = numbers.AsSpan();
        var ok = text.Length <= 40 && span.Split(parts, '.') == 3 && (metadata is null || (metadata.Length > 0 && IsMetadata(metadata)));
        for (var i = 0; ok && i < 3; i++)
        {
            var part = span[parts[i]];
            ok = part.Length is > 0 and <= 4
                && (part.Length == 1 || part[0] != '0')
                && int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out values[i]);
        }

        if (!ok)
        {
            throw EthereumException.BadInput("safe-version", $"'{Hex.Shorten(text)}' is not a Safe version: it must look like 1.4.1 or 1.3.0+L2.");
        }

        if (values[0] > 1)
        {
            throw new EthereumException(
                "safe-version-newer",
                Fault.Refused,
                $"Safe {text} is newer than any version known here (1.x), so its transaction hash cannot be computed with certainty. Use a newer release of this program.");
        }

        return new SafeVersion(values[0], values[1], values[2], metadata);
    }

    /// <summary>Refuses a version before 1.0.0, whose calls and signatures differ; only its hashes are supported.</summary>
    /// <exception cref="EthereumException"><c>safe-version-unsupported</c> (refused).</exception>
    public void RequireSupported()
    {
        if (Major < 1)
        {
            throw new EthereumException(
                "safe-version-unsupported",
                Fault.Refused,
                $"Safe {this} is older than 1.0.0: its transaction hash can be computed here, but it cannot be read, signed for or executed. Move its assets to a newer Safe.");
        }
    }

    /// <summary>Order by the three numbers; metadata does not count.</summary>
    public int CompareTo(SafeVersion other)
    {
        var order = Major.CompareTo(other.Major);
        order = order != 0 ? order : Minor.CompareTo(other.Minor);
        return order != 0 ? order : Patch.CompareTo(other.Patch);
    }

    /// <summary>The text the contract reports.</summary>
    public override string ToString() => Metadata is null ? $"{Major}.{Minor}.{Patch}" : $"{Major}.{Minor}.{Patch}+{Metadata}";

    /// <summary>Order by the three numbers.</summary>
    public static bool operator <(SafeVersion left, SafeVersion right) => left.CompareTo(right) < 0;

    /// <summary>Order by the three numbers.</summary>
    public static bool operator >(SafeVersion left, SafeVersion right) => left.CompareTo(right) > 0;

    /// <summary>Order by the three numbers.</summary>
    public static bool operator <=(SafeVersion left, SafeVersion right) => left.CompareTo(right) <= 0;

    /// <summary>Order by the three numbers.</summary>
    public static bool operator >=(SafeVersion left, SafeVersion right) => left.CompareTo(right) >= 0;

    private static bool IsMetadata(string text)
    {
        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-'))
            {
                return false;
            }
        }

        return true;
    }
}
