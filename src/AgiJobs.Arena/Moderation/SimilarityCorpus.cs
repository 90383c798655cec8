using System.Runtime.InteropServices;
using AgiJobs.Control;
using AgiJobs.Control.Files;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Moderation;

/// <summary>An earlier submission, as the corpus keeps it.</summary>
/// <param name="Id">What tells it from others.</param>
/// <param name="Author">Whose it is.</param>
/// <param name="Round">Of which round.</param>
/// <param name="Prints">Its fingerprint, ascending.</param>
public sealed record CorpusEntry(string Id, Address Author, long Round, IReadOnlyList<ulong> Prints)
{
    /// <summary>The entry of a text.</summary>
    public static CorpusEntry Of(string id, Address author, long round, string content) => new(id, author, round, TextPrint.Of(NormalText.Of(content)));

    /// <summary>The entry as JSON; it does not have the text.</summary>
    public byte[] Encode() => JsonFile.Encode(this, ModerationJson.Default.CorpusEntry);

    /// <summary>Reads what <see cref="Encode"/> wrote.</summary>
    /// <exception cref="ControlException"><c>file-format</c>.</exception>
    public static CorpusEntry Decode(ReadOnlySpan<byte> bytes, string name) => JsonFile.Parse(bytes, name, ModerationJson.Default.CorpusEntry);
}

/// <summary>What a text has in common with an earlier one.</summary>
/// <param name="Earlier">The earlier one.</param>
/// <param name="Percent">How much of the smaller of the two is found in the larger, rounded down.</param>
public sealed record Similarity(CorpusEntry Earlier, int Percent);

/// <summary>
/// Earlier submissions, to find copies among new ones. The measure is containment, not likeness: how much of the smaller text is found in the larger, so that a copy is found in any amount of filler, and an excerpt too. What many
/// authors have written is everybody's (forms, quotations of the task) and does not count. Not safe for several threads.
/// </summary>
public sealed class SimilarityCorpus
{
    /// <summary>How many hashes two texts must have in common before they are held to be alike: less is chance.</summary>
    public const int LeastShared = 5;

    /// <summary>What so many authors have in common is nobody's.</summary>
    public const int CommonAuthors = 5;

    private readonly List<CorpusEntry> _entries = [];
    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<ulong, List<int>> _index = [];

    /// <summary>A corpus of some entries.</summary>
    public SimilarityCorpus(params IEnumerable<CorpusEntry> entries)
    {
        foreach (var entry in entries)
        {
            Add(entry);
        }
    }

    /// <summary>How many entries there are.</summary>
    public int Count => _entries.Count;

    /// <summary>Adds an entry; one that is there already changes nothing.</summary>
    public void Add(CorpusEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (!_ids.Add(entry.Id))
        {
            return;
        }

        foreach (var print in entry.Prints)
        {
            (CollectionsMarshal.GetValueRefOrAddDefault(_index, print, out _) ??= []).Add(_entries.Count);
        }

        _entries.Add(entry);
    }

    /// <summary>The earlier submission of another author that a text has most in common with, and the one of its own author; null where there is none.</summary>
    public (Similarity? Other, Similarity? Own) Find(CorpusEntry text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var shared = new Dictionary<int, int>();
        var own = 0;
        foreach (var print in text.Prints)
        {
            if (IsCommon(print))
            {
                continue;
            }

            own++;
            foreach (var entry in _index.GetValueOrDefault(print) ?? [])
            {
                CollectionsMarshal.GetValueRefOrAddDefault(shared, entry, out _)++;
            }
        }

        var found = shared.Where(pair => pair.Value >= LeastShared && !string.Equals(_entries[pair.Key].Id, text.Id, StringComparison.Ordinal))
            .Select(pair => new Similarity(_entries[pair.Key], (int)(pair.Value * 100L / Math.Min(own, _entries[pair.Key].Prints.Count(print => !IsCommon(print))))))
            .OrderByDescending(one => one.Percent).ThenBy(one => one.Earlier.Id, StringComparer.Ordinal).ToList();
        return (found.Find(one => one.Earlier.Author != text.Author), found.Find(one => one.Earlier.Author == text.Author));
    }

    private bool IsCommon(ulong print) =>
        _index.GetValueOrDefault(print) is { Count: >= CommonAuthors } entries && entries.Select(entry => _entries[entry].Author).Distinct().Count() >= CommonAuthors;
}
