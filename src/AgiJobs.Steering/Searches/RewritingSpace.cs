using System.Text.Json;
using AgiJobs.Steering.Programs;

namespace AgiJobs.Steering.Searches;

/// <summary>A rule is applied somewhere in the word, until it is the wanted one.</summary>
internal sealed class RewritingSpace : SearchSpace
{
    public static readonly string[] Names = ["depth", "length", "excess", "mismatches", "prefix", "suffix", "letters", "left", "rule", "place"];

    private const int MaxWord = 64;

    private readonly string _to;
    private readonly (string From, string To)[] _rules;
    private readonly int _steps;

    public RewritingSpace(JsonElement body)
    {
        _to = body.GetProperty("to").GetString()!;
        _steps = body.GetProperty("steps").GetInt32();
        _rules = [.. body.GetProperty("rules").EnumerateArray().Select(rule => (rule[0].GetString()!, rule[1].GetString()!))];
        var from = body.GetProperty("from").GetString()!;
        Start = new Derived(null, from, 0, 0, string.Equals(from, _to, StringComparison.Ordinal));
    }

    protected override SearchState Start { get; }

    protected override void Follow(SearchState from, Expression liking, Frontier found)
    {
        var state = (Derived)from;
        if (state.Depth == _steps)
        {
            return;
        }

        for (var rule = 0; rule < _rules.Length; rule++)
        {
            var (left, right) = _rules[rule];
            for (var place = state.Word.IndexOf(left, StringComparison.Ordinal); place >= 0; place = state.Word.IndexOf(left, place + 1, StringComparison.Ordinal))
            {
                if (state.Word.Length - left.Length + right.Length is < 1 or > MaxWord)
                {
                    continue;
                }

                var word = string.Concat(state.Word.AsSpan(0, place), right, state.Word.AsSpan(place + left.Length));
                found.Add(new Derived(state, word, rule, place, string.Equals(word, _to, StringComparison.Ordinal)), Like(word, state.Depth + 1, rule, place, liking));
            }
        }
    }

    protected override string Answer(SearchState goal)
    {
        var steps = new Stack<string>();
        for (var at = (Derived)goal; at.Parent is Derived before; at = before)
        {
            steps.Push($"{at.Rule}@{at.Place}");
        }

        return string.Join(',', steps);
    }

    private long Like(string word, int depth, int rule, int place, Expression liking)
    {
        var shorter = Math.Min(word.Length, _to.Length);
        var (prefix, suffix, same, letters) = (0, 0, 0, 0);
        while (prefix < shorter && word[prefix] == _to[prefix])
        {
            prefix++;
        }

        while (suffix < shorter && word[^(suffix + 1)] == _to[^(suffix + 1)])
        {
            suffix++;
        }

        for (var i = 0; i < shorter; i++)
        {
            same += word[i] == _to[i] ? 1 : 0;
        }

        for (var letter = 'a'; letter <= 'z'; letter++)
        {
            letters += Math.Abs(word.AsSpan().Count(letter) - _to.AsSpan().Count(letter));
        }

        return liking.Evaluate([depth, word.Length, Math.Abs(word.Length - _to.Length), Math.Max(word.Length, _to.Length) - same, prefix, suffix, letters, _steps - depth, rule, place]);
    }

    private sealed class Derived(SearchState? parent, string word, int rule, int place, bool isGoal) : SearchState(parent, isGoal)
    {
        public string Word { get; } = word;

        public int Rule { get; } = rule;

        public int Place { get; } = place;

        public override string Key => Word;
    }
}
