using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using AgiJobs.Control;
using AgiJobs.Control.Files;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Moderation;

/// <summary>An earlier submission, as the corpus keeps it.</summary>
/// <param name="Id">What tells it from others.</param>
/// <param name="Author">Whose it is.</param>
/// <param name="Round">Of which round.</param>
/// <param name="Prints">Its fingerprint, ascending.</param>
/// <param name="Whole">A digest of all its letters and digits; null for less than <see cref="LeastWhole"/> of them, which many write by chance.</param>
public sealed record CorpusEntry(string Id, Address Author, long Round, IReadOnlyList<ulong> Prints, ulong? Whole = null)
{
    /// <summary>From how many letters and digits on a text is told from another as a whole.</summary>
    public const int LeastWhole = 12;

    /// <summary>The entry of a text.</summary>
    public static CorpusEntry Of(string id, Address author, long round, string content) => Of(id, author, round, NormalText.Of(content));

    /// <summary>The entry of a text.</summary>
    public static CorpusEntry Of(string id, Address author, long round, NormalText text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new CorpusEntry(id, author, round, TextPrint.Of(text), text.Letters.Length < LeastWhole ? null : BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(text.Letters))));
    }

    /// <summary>The entry as JSON; it does not have the text.</summary>
    public byte[] Encode() => JsonFile.Encode(this, ModerationJson.Default.CorpusEntry);

    /// <summary>Reads what <see cref="Encode"/> wrote.</summary>
    /// <exception cref="ControlException"><c>file-format</c>.</exception>
    public static CorpusEntry Decode(ReadOnlySpan<byte> bytes, string name) => JsonFile.Parse(bytes, name, ModerationJson.Default.CorpusEntry);
}

/// <summary>What a text has in common with an earlier one.</summary>
/// <param name="Earlier">The earlier one.</param>
/// <param name="Percent">How much of the smaller of the two is found in the larger, rounded down.</param>
/// <param name="IsShort">Whether the two are the same and too short to tell a copy from chance.</param>
public sealed record Similarity(CorpusEntry Earlier, int Percent, bool IsShort = false);

/// <summary>
/// Earlier submissions, to find copies among new ones. The measure is containment, not likeness: how much of the smaller text is found in the larger, so that a copy is found in any amount of filler, and an excerpt too. What many
/// authors have written is everybody's (forms, quotations of the task) and does not count. Safe for use by several threads.
/// </summary>
public sealed class SimilarityCorpus
{
    /// <summary>How many hashes two texts must have in common before they are held to be alike: less is chance.</summary>
    public const int LeastShared = 5;

    /// <summary>What so many authors have in common is nobody's.</summary>
    public const int CommonAuthors = 5;

    private readonly Lock _gate = new();
    private readonly List<CorpusEntry> _entries = [];
    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<ulong, List<int>> _index = [];
    private readonly Dictionary<ulong, List<int>> _wholes = [];

    /// <summary>A corpus of some entries.</summary>
    public SimilarityCorpus(params IEnumerable<CorpusEntry> entries)
    {
        foreach (var entry in entries)
        {
            Add(entry);
        }
    }

    /// <summary>The most entries; when there are an eighth more, those that were added first are left out.</summary>
    public int Most { get; init; } = int.MaxValue;

    /// <summary>How many entries there are.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>Adds an entry; one that is there already changes nothing.</summary>
    public void Add(CorpusEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        lock (_gate)
        {
            if (_entries.Count - Most >= Math.Max(1, Most / 8))
            {
                var kept = _entries[^Most..];
                _entries.Clear();
                _ids.Clear();
                _index.Clear();
                _wholes.Clear();
                kept.ForEach(Put);
            }

            Put(entry);
        }
    }

    /// <summary>The earlier submission of another author that a text has most in common with, and the one of its own author; null where there is none.</summary>
    /// <param name="text">The text.</param>
    /// <param name="passesOverRound">Whether those of its own round are passed over: nobody could read them when it was written.</param>
    public (Similarity? Other, Similarity? Own) Find(CorpusEntry text, bool passesOverRound = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        lock (_gate)
        {
            var shared = new Dictionary<int, int>();
            var own = 0;
            foreach (var print in text.Prints)
            {
                if (IsCommon(_index, print))
                {
                    continue;
                }

                own++;
                foreach (var entry in _index.GetValueOrDefault(print) ?? [])
                {
                    CollectionsMarshal.GetValueRefOrAddDefault(shared, entry, out _)++;
                }
            }

            var found = shared.Where(pair => pair.Value >= LeastShared && IsEarlier(_entries[pair.Key]))
                .Select(pair => new Similarity(_entries[pair.Key], (int)(pair.Value * 100L / Math.Min(own, _entries[pair.Key].Prints.Count(print => !IsCommon(_index, print))))))
                .Concat(text.Whole is { } whole && !IsCommon(_wholes, whole) ? (_wholes.GetValueOrDefault(whole) ?? []).Select(entry => _entries[entry]).Where(IsEarlier).Select(entry => new Similarity(entry, 100, entry.Prints.Count < LeastShared)) : [])
                .OrderByDescending(one => one.Percent).ThenBy(one => one.IsShort).ThenBy(one => one.Earlier.Id, StringComparer.Ordinal).ToList();
            return (found.Find(one => one.Earlier.Author != text.Author), found.Find(one => one.Earlier.Author == text.Author));
        }

        bool IsEarlier(CorpusEntry entry) => !string.Equals(entry.Id, text.Id, StringComparison.Ordinal) && !(passesOverRound && entry.Round == text.Round);
    }

    private void Put(CorpusEntry entry)
    {
        if (!_ids.Add(entry.Id))
        {
            return;
        }

        foreach (var print in entry.Prints)
        {
            (CollectionsMarshal.GetValueRefOrAddDefault(_index, print, out _) ??= []).Add(_entries.Count);
        }

        if (entry.Whole is { } whole)
        {
            (CollectionsMarshal.GetValueRefOrAddDefault(_wholes, whole, out _) ??= []).Add(_entries.Count);
        }

        _entries.Add(entry);
    }

    private bool IsCommon(Dictionary<ulong, List<int>> index, ulong print) =>
        index.GetValueOrDefault(print) is { Count: >= CommonAuthors } entries && entries.Select(entry => _entries[entry].Author).Distinct().Count() >= CommonAuthors;
}
