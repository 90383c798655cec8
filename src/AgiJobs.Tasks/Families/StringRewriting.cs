namespace AgiJobs.Tasks.Families;

/// <summary>Derive one word from another by given rules in at most so many steps; the answer is the derivation. Difficulty: longer derivations, longer words, more rules.</summary>
internal sealed class StringRewriting : TaskFamily<StringRewriting.Puzzle>
{
    private const int MaxWord = 64;
    private const int MaxRules = 16;
    private const int MaxSide = 8;
    private const int MaxSteps = 64;

    // The search remembers every word it saw, up to this many.
    private const int MaxSeen = 200_000;

    public override string Name => "string-rewriting";

    protected override (string Body, string Witness) Make(int difficulty, Xoshiro random)
    {
        var steps = 1 + (difficulty * 11 + random.Below(1000)) / 1000;
        var letters = random.Between(2, 3);
        for (; ; )
        {
            var rules = new (string From, string To)[3 + difficulty / 400 + random.Below(2)];
            for (var i = 0; i < rules.Length; i++)
            {
                rules[i].From = Word(random.Between(1, 3), letters, random);
                do
                    rules[i].To = Word(random.Between(1, 3), letters, random);
                while (rules[i].To == rules[i].From);
            }

            var from = Word(4 + difficulty / 125 + random.Below(3), letters, random);
            if (Walk(from, rules, steps, random) is ({ } to, { } witness))
            {
                var listed = string.Join(',', rules.Select(rule => $"[\"{rule.From}\",\"{rule.To}\"]"));
                return ($"{{\"from\":\"{from}\",\"rules\":[{listed}],\"steps\":{steps},\"to\":\"{to}\"}}", witness);
            }
        }
    }

    protected override Puzzle? ReadBody(ref CanonicalReader reader)
    {
        reader.Literal("{\"from\":\"");
        var from = reader.Letters(1, MaxWord, "word");
        reader.Literal("\",\"rules\":[");
        var rules = new List<(string From, string To)>();
        do
        {
            reader.Literal("[\"");
            var left = reader.Letters(1, MaxSide, "left side");
            reader.Literal("\",\"");
            var right = reader.Letters(0, MaxSide, "right side");
            reader.Literal("\"]");
            rules.Add((left.ToString(), right.ToString()));
        }
        while (reader.More(rules.Count, MaxRules, "rules"));
        reader.Literal("],\"steps\":");
        var steps = (int)reader.Integer(1, MaxSteps, "steps");
        reader.Literal(",\"to\":\"");
        var to = reader.Letters(1, MaxWord, "word");
        reader.Literal("\"}");
        return new Puzzle(from.ToString(), [.. rules], steps, to.ToString());
    }

    protected override Judgement Check(Puzzle body, string answer)
    {
        Span<char> word = stackalloc char[MaxWord];
        body.From.CopyTo(word);
        var length = body.From.Length;
        var reader = new CanonicalReader(answer);
        var count = 0;
        while (answer.Length > 0)
        {
            var (rule, place) = ReadStep(body, ref reader);
            if (reader.Fault is { } fault)
                return Malformed(fault.Message);
            if (++count > body.Steps)
                return Wrong($"The derivation has more than {body.Steps} steps.");
            var (left, right) = body.Rules[rule];
            if (place > length || !word[place..length].StartsWith(left))
                return Wrong($"Step {count}: rule {rule} does not apply at {place} of the word, which then has {length} letters.");
            if (length - left.Length + right.Length > MaxWord)
                return Wrong($"Step {count}: the word grows beyond {MaxWord} letters.");
            word[(place + left.Length)..length].CopyTo(word[(place + right.Length)..]);
            right.CopyTo(word[place..]);
            length += right.Length - left.Length;
            if (!reader.Take(','))
                break;
        }

        reader.End();
        if (reader.Fault is { } rest)
            return Malformed(rest.Message);
        return word[..length].SequenceEqual(body.To) ? Right : Wrong($"The derivation ends in another word of {length} letters after {count} steps.");
    }

    protected override string Style(Puzzle body, string answer)
    {
        var reader = new CanonicalReader(answer);
        var (oneRule, rightwards, leftwards) = (true, true, true);
        (int Rule, int Place)? last = null;
        while (answer.Length > 0)
        {
            var step = ReadStep(body, ref reader);
            if (last is { } before)
            {
                oneRule &= step.Rule == before.Rule;
                rightwards &= step.Place >= before.Place;
                leftwards &= step.Place <= before.Place;
            }

            last = step;
            if (!reader.Take(','))
                break;
        }

        return oneRule ? "one-rule" : rightwards ? "rightwards" : leftwards ? "leftwards" : "wandering";
    }

    // Breadth first; a step is one application of a rule.
    protected override string? Search(Puzzle body, long steps, Xoshiro random)
    {
        if (body.From == body.To)
            return "";
        var order = random.Order(body.Rules.Length);
        var seen = new HashSet<string>(StringComparer.Ordinal) { body.From };
        var found = new List<Derived> { new(body.From, -1, 0, 0, 0) };
        for (var at = 0; at < found.Count && found[at].Depth < body.Steps; at++)
        {
            var word = found[at].Word;
            foreach (var rule in order)
            {
                var (left, right) = body.Rules[rule];
                for (var place = word.IndexOf(left, StringComparison.Ordinal); place >= 0; place = word.IndexOf(left, place + 1, StringComparison.Ordinal))
                {
                    if (steps-- <= 0)
                        return null;
                    if (word.Length - left.Length + right.Length > MaxWord)
                        continue;
                    var next = string.Concat(word.AsSpan(0, place), right, word.AsSpan(place + left.Length));
                    if (seen.Count >= MaxSeen || !seen.Add(next))
                        continue;
                    found.Add(new Derived(next, at, rule, place, found[at].Depth + 1));
                    if (next == body.To)
                        return Derivation(found);
                }
            }
        }

        return null;
    }

    private static string Derivation(List<Derived> found)
    {
        var steps = new Stack<string>();
        for (var at = found[^1]; at.Parent >= 0; at = found[at.Parent])
            steps.Push($"{at.Rule}@{at.Place}");
        return string.Join(',', steps);
    }

    // A walk that never comes back to a word it saw.
    private static (string? To, string? Witness) Walk(string from, (string From, string To)[] rules, int steps, Xoshiro random)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal) { from };
        var taken = new List<string>();
        while (taken.Count < steps)
        {
            var moves = new List<(string Word, int Rule, int Place)>();
            for (var rule = 0; rule < rules.Length; rule++)
            {
                for (var place = 0; place + rules[rule].From.Length <= from.Length; place++)
                {
                    var next = string.Concat(from.AsSpan(0, place), rules[rule].To, from.AsSpan(place + rules[rule].From.Length));
                    if (from.AsSpan(place).StartsWith(rules[rule].From, StringComparison.Ordinal) && next.Length <= MaxWord / 2 && !seen.Contains(next))
                        moves.Add((next, rule, place));
                }
            }

            if (moves.Count == 0)
                return (null, null);
            var move = moves[random.Below(moves.Count)];
            from = move.Word;
            seen.Add(from);
            taken.Add($"{move.Rule}@{move.Place}");
        }

        return (from, string.Join(',', taken));
    }

    private static string Word(int length, int letters, Xoshiro random)
    {
        var word = new char[length];
        for (var i = 0; i < length; i++)
            word[i] = (char)('a' + random.Below(letters));
        return new string(word);
    }

    private static (int Rule, int Place) ReadStep(Puzzle body, ref CanonicalReader reader)
    {
        var rule = (int)reader.Integer(0, body.Rules.Length - 1, "rule");
        reader.Literal("@");
        return (rule, (int)reader.Integer(0, MaxWord, "place"));
    }

    internal sealed record Puzzle(string From, (string From, string To)[] Rules, int Steps, string To);

    private readonly record struct Derived(string Word, int Parent, int Rule, int Place, int Depth);
}
