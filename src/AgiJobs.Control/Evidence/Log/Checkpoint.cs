using System.Globalization;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Evidence.Log;

/// <summary>What a log commits to: its name, how many entries it has, and the root of their tree. Source: C2SP tlog-checkpoint, without extension lines.</summary>
/// <param name="Origin">The log's name: <c>network/writer</c>.</param>
/// <param name="Size">How many entries.</param>
/// <param name="Root">The root of the tree.</param>
public sealed record Checkpoint(string Origin, long Size, Bytes32 Root)
{
    /// <summary>The text that is signed.</summary>
    public string ToText() => string.Create(CultureInfo.InvariantCulture, $"{Origin}\n{Size}\n{Convert.ToBase64String(Root.ToBytes())}\n");

    /// <summary>Reads the text of a note.</summary>
    /// <exception cref="ControlException"><c>checkpoint-format</c> (exit 6).</exception>
    public static Checkpoint Parse(string text)
    {
        var lines = text.Split('\n');
        var root = new byte[Merkle.Size];
        return lines is [{ Length: > 0 } origin, var size, var hash, ""]
            && long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && Convert.TryFromBase64String(hash, root, out var length)
            && length == Merkle.Size
            && new Checkpoint(origin, number, new Bytes32(root)) is var checkpoint
            && string.Equals(checkpoint.ToText(), text, StringComparison.Ordinal)
            ? checkpoint
            : throw new ControlException("checkpoint-format", ExitCode.Mismatch, "A checkpoint is not three lines of origin, size and root.", "Restore it from git, a backup or a bundle.");
    }

    /// <summary>The size and root, for people.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Size} entries, root {Root}");
}
