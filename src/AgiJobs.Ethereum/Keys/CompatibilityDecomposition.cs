using System.Buffers;
using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace AgiJobs.Ethereum.Keys;

/// <summary>
/// Unicode's normal form NFKD, which BIP-39 demands of passphrases. The base library's own returns the text unchanged under invariant
/// globalisation, which this product runs with, and an unchanged passphrase would silently open another wallet.
/// Source: Unicode Standard Annex 15, version 14.
/// </summary>
public static class CompatibilityDecomposition
{
    private const int HangulFirst = 0xac00;
    private const int HangulLast = 0xd7a3;
    private const int LeadFirst = 0x1100;
    private const int VowelFirst = 0x1161;
    private const int TailBase = 0x11a7;
    private const int VowelCount = 21;
    private const int TailCount = 28;

    private static readonly Lazy<Table> Unicode = new(Table.Read);

    /// <summary>The NFKD form.</summary>
    /// <exception cref="EthereumException">
    /// <c>passphrase-characters</c> for half a surrogate pair and for a code point that Unicode 14 does not know: its form cannot be told.
    /// </exception>
    public static string Of(ReadOnlySpan<char> text)
    {
        if (Ascii.IsValid(text))
        {
            return text.ToString();
        }

        return Decomposed(text, refusesUnknown: true);
    }

    /// <summary>As <see cref="Of"/>, but what Unicode 14 does not know stays as it is, and half a surrogate pair becomes U+FFFD: for text that is searched and never used as a secret.</summary>
    public static string OfAnything(ReadOnlySpan<char> text) => Ascii.IsValid(text) ? text.ToString() : Decomposed(text, refusesUnknown: false);

    private static string Decomposed(ReadOnlySpan<char> text, bool refusesUnknown)
    {
        var points = new List<int>(text.Length);
        for (var position = 0; position < text.Length;)
        {
            if (Rune.DecodeFromUtf16(text[position..], out var rune, out var consumed) != OperationStatus.Done
                || Unicode.Value.IsUnassigned(rune.Value))
            {
                if (!refusesUnknown)
                {
                    points.Add(rune.Value);
                    position += consumed;
                    continue;
                }

                throw EthereumException.BadInput(
                    "passphrase-characters", $"Character {position + 1} of the passphrase is no character of Unicode 14, so its normal "
                        + "form is not known: the passphrase was damaged, or uses a very new character.");
            }

            Decompose(rune.Value, points);
            position += consumed;
        }

        Reorder(points);
        var result = new StringBuilder(points.Count);
        foreach (var point in points)
        {
            result.Append(char.ConvertFromUtf32(point));
        }

        return result.ToString();
    }

    private static void Decompose(int point, List<int> points)
    {
        if (point is >= HangulFirst and <= HangulLast)
        {
            var syllable = point - HangulFirst;
            points.Add(LeadFirst + (syllable / (VowelCount * TailCount)));
            points.Add(VowelFirst + (syllable % (VowelCount * TailCount) / TailCount));
            if (syllable % TailCount != 0)
            {
                points.Add(TailBase + (syllable % TailCount));
            }
        }
        else if (Unicode.Value.Decompositions.TryGetValue(point, out var parts))
        {
            points.AddRange(parts);
        }
        else
        {
            points.Add(point);
        }
    }

    // The canonical ordering algorithm: each run of marks (class above 0) is sorted by class, marks of one class keeping their order.
    private static void Reorder(List<int> points)
    {
        var classes = Unicode.Value.Classes;
        for (var start = 0; start < points.Count; start++)
        {
            var end = start;
            while (end < points.Count && classes.ContainsKey(points[end]))
            {
                end++;
            }

            if (end - start > 1)
            {
                var sorted = points[start..end].OrderBy(point => classes[point]).ToList();
                for (var i = 0; i < sorted.Count; i++)
                {
                    points[start + i] = sorted[i];
                }
            }

            start = end;
        }
    }

    private sealed record Table(FrozenDictionary<int, int[]> Decompositions, FrozenDictionary<int, int> Classes, int[] UnassignedBounds)
    {
        // The bounds are first, last + 1, first, last + 1, ...: a point is inside a range when an odd number of bounds is at or below it.
        public bool IsUnassigned(int point)
        {
            var index = Array.BinarySearch(UnassignedBounds, point);
            var below = index < 0 ? ~index : index + 1;
            return below % 2 == 1;
        }

        public static Table Read()
        {
            using var stream = typeof(Table).Assembly.GetManifestResourceStream("unicode-nfkd.txt")!;
            using var reader = new StreamReader(stream, Encoding.ASCII);
            var decompositions = new Dictionary<int, int[]>();
            var classes = new Dictionary<int, int>();
            var bounds = new List<int>();
            while (reader.ReadLine() is { } line)
            {
                var fields = line.Split(' ');
                switch (fields[0])
                {
                    case "D":
                        decompositions.Add(Point(fields[1]), [.. fields[2..].Select(Point)]);
                        break;
                    case "C":
                        var (first, last) = Range(fields[1]);
                        for (var point = first; point <= last; point++)
                        {
                            classes.Add(point, int.Parse(fields[2], CultureInfo.InvariantCulture));
                        }

                        break;
                    case "U":
                        var range = Range(fields[1]);
                        bounds.AddRange([range.First, range.Last + 1]);
                        break;
                    default:
                        break;
                }
            }

            return new Table(decompositions.ToFrozenDictionary(), classes.ToFrozenDictionary(), [.. bounds]);
        }

        private static (int First, int Last) Range(string text)
        {
            var dash = text.IndexOf('-', StringComparison.Ordinal);
            return dash < 0 ? (Point(text), Point(text)) : (Point(text[..dash]), Point(text[(dash + 1)..]));
        }

        private static int Point(string text) => int.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }
}
