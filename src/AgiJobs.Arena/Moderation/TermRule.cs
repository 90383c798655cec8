using AgiJobs.Control.Workspaces;

namespace AgiJobs.Arena.Moderation;

/// <summary>
/// Words that must not occur. Occurrences are counted, never set against the length of the text, so that filler changes nothing.
/// </summary>
public sealed class TermRule
{
    private readonly IReadOnlyList<Term> _terms;
    private readonly int _count;
    private readonly int? _within;

    internal TermRule(string name, IReadOnlyList<string> terms, ModerationOutcome outcome, int count, int? within)
    {
        (Name, Outcome, _count, _within) = (name, outcome, count, within);
        _terms = [.. terms.Select(text => new Term(text)).Where(term => term.Words.Count > 0)];
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>What becomes of text that it finds something in.</summary>
    public ModerationOutcome Outcome { get; }

    /// <summary>The terms that were found, in the order of the rule; none when they are fewer or farther apart than it says.</summary>
    public IReadOnlyList<string> Find(NormalText text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var plain = Hits(text.Words, term => term.Words);
        var masked = Hits(text.Disguised, term => term.Disguised);
        var found = Enough(plain) ? plain : Enough(masked) ? masked : null;
        // Spelled out letter by letter: nobody does that by chance, so that one suffices.
        var spelled = _terms.Where(term => term.Words is [{ Length: > 3 } word] && text.Spelled.Any(run => run.Contains(word, StringComparison.Ordinal))).ToList();
        return [.. _terms.Where(term => spelled.Contains(term) || (found?.Exists(hit => hit.Term == term) ?? false)).Select(term => term.Text)];
    }

    private bool Enough(List<(int At, Term Term)> hits)
    {
        for (var i = 0; i + _count <= hits.Count; i++)
        {
            if (_within is not { } within || hits[i + _count - 1].At - hits[i].At < within)
            {
                return true;
            }
        }

        return false;
    }

    private List<(int At, Term Term)> Hits(IReadOnlyList<string> words, Func<Term, IReadOnlyList<string>> form)
    {
        var hits = new List<(int, Term)>();
        for (var at = 0; at < words.Count; at++)
        {
            foreach (var term in _terms)
            {
                if (Matches(words, at, form(term), term.IsPrefix))
                {
                    hits.Add((at, term));
                }
            }
        }

        return hits;
    }

    private static bool Matches(IReadOnlyList<string> words, int at, IReadOnlyList<string> term, bool isPrefix)
    {
        if (at + term.Count > words.Count)
        {
            return false;
        }

        for (var i = 0; i < term.Count; i++)
        {
            var isLast = i == term.Count - 1;
            if (!(isLast && isPrefix ? words[at + i].StartsWith(term[i], StringComparison.Ordinal) : string.Equals(words[at + i], term[i], StringComparison.Ordinal)))
            {
                return false;
            }
        }

        return true;
    }

    private sealed record Term
    {
        public Term(string text)
        {
            (Text, IsPrefix) = (text, text.EndsWith('*'));
            Words = NormalText.Of(text.TrimEnd('*')).Words;
            Disguised = [.. Words.Select(NormalText.Undisguise)];
        }

        public string Text { get; }

        public bool IsPrefix { get; }

        public IReadOnlyList<string> Words { get; }

        public IReadOnlyList<string> Disguised { get; }
    }
}
