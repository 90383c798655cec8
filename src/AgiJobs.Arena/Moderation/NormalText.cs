using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using AgiJobs.Ethereum.Keys;

namespace AgiJobs.Arena.Moderation;

/// <summary>
/// Text as rules see it: compatibility forms decomposed (NFKD), accents and invisible characters gone, in lower case, letters of other scripts that look like Latin ones as those. Words that are spelled out letter by letter, or with
/// digits and signs for letters, are found as well.
/// </summary>
public sealed class NormalText
{
    private static readonly FrozenDictionary<int, char> LookAlikes = Pairs(
        // Cyrillic.
        "аaвbеeкkмmнhоoрpсcтtуyхxѕsіiјjԁdԛqԝwһhӏlѵvзzбb"
        // Greek.
        + "αaβbεeηnιiκkνvοoρpτtυuχxγyωw"
        // Latin that has no decomposition.
        + "ıiɑaɡgɩiʟlɴnʀrᴀaᴇeᴏoøołlđdħhŧtßs");

    private NormalText(IReadOnlyList<string> words, IReadOnlyList<string> disguised, IReadOnlyList<string> spelled, string letters) =>
        (Words, Disguised, Spelled, Letters) = (words, disguised, spelled, letters);

    /// <summary>The words.</summary>
    public IReadOnlyList<string> Words { get; }

    /// <summary>The words with digits and signs read as the letters that they stand for, see <see cref="Undisguise"/>.</summary>
    public IReadOnlyList<string> Disguised { get; }

    /// <summary>Runs of three and more single letters, each as one word.</summary>
    public IReadOnlyList<string> Spelled { get; }

    /// <summary>All letters and digits without anything between them.</summary>
    public string Letters { get; }

    /// <summary>Reads a text.</summary>
    public static NormalText Of(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var (words, disguised, spelled, letters) = (new List<string>(), new List<string>(), new List<string>(), new StringBuilder(text.Length));
        var (word, masked, run) = (new StringBuilder(), new StringBuilder(), new StringBuilder());
        foreach (var rune in CompatibilityDecomposition.OfAnything(text).EnumerateRunes())
        {
            var category = Rune.GetUnicodeCategory(rune);
            if (category is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format || rune.Value is '\'' or 0x2019 or 0x115f or 0x1160 or 0x3164)
            {
                continue;
            }

            var lower = Rune.ToLowerInvariant(rune);
            lower = LookAlikes.TryGetValue(lower.Value, out var latin) ? new Rune(latin) : lower;
            if (Rune.IsLetterOrDigit(lower))
            {
                Append(word, lower);
                Append(letters, lower);
                Append(masked, Unmask(lower));
                continue;
            }

            EndWord();
            var sign = Unmask(lower);
            if (sign != lower)
            {
                Append(masked, sign);
            }
            else
            {
                EndMasked();
            }
        }

        EndWord();
        EndMasked();
        EndRun();
        return new NormalText(words, disguised, spelled, letters.ToString());

        void EndWord()
        {
            if (word.Length == 0)
            {
                return;
            }

            words.Add(word.ToString());
            if (word.Length == 1)
            {
                run.Append(word);
            }
            else
            {
                EndRun();
            }

            word.Clear();
        }

        void EndMasked()
        {
            if (masked.Length > 0)
            {
                disguised.Add(masked.ToString());
                masked.Clear();
            }
        }

        void EndRun()
        {
            if (run.Length >= 3)
            {
                spelled.Add(run.ToString());
            }

            run.Clear();
        }
    }

    /// <summary>A word with 0 read as o, 1, | and l as i, 3 as e and so on. Words that are compared in this form must both be in it.</summary>
    public static string Undisguise(string word)
    {
        ArgumentNullException.ThrowIfNull(word);
        var result = new StringBuilder(word.Length);
        foreach (var rune in word.EnumerateRunes())
        {
            Append(result, Unmask(rune));
        }

        return result.ToString();
    }

    private static Rune Unmask(Rune rune) => rune.Value switch
    {
        '0' => new Rune('o'),
        '1' or 'l' or '|' or '!' => new Rune('i'),
        '3' => new Rune('e'),
        '4' or '@' => new Rune('a'),
        '5' or '$' => new Rune('s'),
        '7' => new Rune('t'),
        '8' => new Rune('b'),
        _ => rune,
    };

    private static void Append(StringBuilder text, Rune rune)
    {
        Span<char> units = stackalloc char[2];
        text.Append(units[..rune.EncodeToUtf16(units)]);
    }

    private static FrozenDictionary<int, char> Pairs(string pairs)
    {
        var table = new Dictionary<int, char>();
        for (var i = 0; i < pairs.Length; i += 2)
        {
            table.Add(pairs[i], pairs[i + 1]);
        }

        return table.ToFrozenDictionary();
    }
}
