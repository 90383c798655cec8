using System.Globalization;

namespace AgiJobs.Control.Snapshots;

/// <summary>The lines in which two texts differ, in the manner of <c>diff -u</c>: <c>-</c> gone, <c>+</c> new, and three lines around for the place.</summary>
public static class LineDiff
{
    private const int Around = 3;
    private const int MaxLines = 4_000;

    /// <summary>The lines; empty when the texts are the same. Texts without lines to compare (not UTF-8, or very long) give one line that says so.</summary>
    public static IReadOnlyList<string> Lines(byte[]? before, byte[]? after)
    {
        if (Text(before) is not { } left || Text(after) is not { } right || left.Length > MaxLines || right.Length > MaxLines)
        {
            return [string.Create(CultureInfo.InvariantCulture, $"not shown line by line: {before?.Length ?? 0} bytes before, {after?.Length ?? 0} bytes after")];
        }

        var script = Script(left, right);
        var shown = new bool[script.Count];
        for (var at = 0; at < script.Count; at++)
        {
            for (var near = Math.Max(0, at - Around); script[at].Mark != ' ' && near <= Math.Min(script.Count - 1, at + Around); near++)
            {
                shown[near] = true;
            }
        }

        var lines = new List<string>();
        for (var at = 0; at < script.Count; at++)
        {
            if (shown[at])
            {
                if (at == 0 || !shown[at - 1])
                {
                    lines.Add(string.Create(CultureInfo.InvariantCulture, $"@@ line {script[at].Line} @@"));
                }

                lines.Add($"{script[at].Mark}{script[at].Text}");
            }
        }

        return lines;
    }

    private static string[]? Text(byte[]? bytes)
    {
        try
        {
            return bytes is null or { Length: 0 } ? [] : new System.Text.UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes).ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    // By the longest common subsequence.
    private static List<(char Mark, string Text, int Line)> Script(string[] left, string[] right)
    {
        var length = new int[left.Length + 1, right.Length + 1];
        for (var i = left.Length - 1; i >= 0; i--)
        {
            for (var j = right.Length - 1; j >= 0; j--)
            {
                length[i, j] = string.Equals(left[i], right[j], StringComparison.Ordinal) ? length[i + 1, j + 1] + 1 : Math.Max(length[i + 1, j], length[i, j + 1]);
            }
        }

        var script = new List<(char, string, int)>();
        for (int i = 0, j = 0; i < left.Length || j < right.Length;)
        {
            if (i < left.Length && j < right.Length && string.Equals(left[i], right[j], StringComparison.Ordinal))
            {
                script.Add((' ', left[i++], ++j));
            }
            else if (i < left.Length && (j == right.Length || length[i + 1, j] >= length[i, j + 1]))
            {
                script.Add(('-', left[i++], j + 1));
            }
            else
            {
                script.Add(('+', right[j++], j));
            }
        }

        return script;
    }
}
