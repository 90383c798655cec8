using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using AgiJobs.Steering.Searches;

namespace AgiJobs.Steering.Programs;

/// <summary>
/// An agent: for each family of tasks an expression that says which state of the search to look at next, and how it changes itself. Both are inherited. Its text is the run's artifact:
/// a line <c>agent 1</c>, a line <c>editor EDITS MATE FRESH STEP</c>, a line for each family in the order of their names.
/// </summary>
internal sealed record AgentProgram
{
    private const string Header = "agent 1";

    private AgentProgram(Editor editor, Expression[] likings) => (Editor, Likings) = (editor, likings);

    /// <summary>How it changes itself.</summary>
    public Editor Editor { get; }

    /// <summary>What it likes, in the order of <see cref="SearchSpace.Families"/>.</summary>
    public IReadOnlyList<Expression> Likings { get; }

    /// <summary>What everything begins with: always deeper, first come first served.</summary>
    public static AgentProgram Root { get; } = new(new Editor(2, 25, 30, 4), [.. SearchSpace.Families.Select(_ => Expression.Feature(0))]);

    public static AgentProgram Of(Editor editor, Expression[] likings) => new(editor, likings);

    /// <summary>The artifact.</summary>
    public string Text
    {
        get
        {
            var text = new StringBuilder(Header);
            text.Append(CultureInfo.InvariantCulture, $"\neditor {Editor.Edits} {Editor.Mate} {Editor.Fresh} {Editor.Step}");
            for (var family = 0; family < Likings.Count; family++)
            {
                text.Append('\n').Append(SearchSpace.Families[family]).Append(' ').Append(Likings[family].Text(SearchSpace.FeaturesOf(family)));
            }

            return text.ToString();
        }
    }

    /// <summary>Reads an artifact; false when it is no program.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out AgentProgram? program)
    {
        program = null;
        var lines = text?.Split('\n') ?? [];
        if (lines.Length != 2 + SearchSpace.Families.Count || lines[0] is not Header || Editor.Parse(lines[1]) is not { } editor)
        {
            return false;
        }

        var likings = new Expression[SearchSpace.Families.Count];
        for (var family = 0; family < likings.Length; family++)
        {
            var name = SearchSpace.Families[family] + " ";
            if (!lines[2 + family].StartsWith(name, StringComparison.Ordinal) || Expression.Parse(lines[2 + family][name.Length..], SearchSpace.FeaturesOf(family)) is not { } liking)
            {
                return false;
            }

            likings[family] = liking;
        }

        program = new AgentProgram(editor, likings);
        return true;
    }
}

/// <summary>How an agent changes itself; it is inherited, and changed now and then.</summary>
/// <param name="Edits">At most so many edits of one change, from 1 to 8.</param>
/// <param name="Mate">In so many of a hundred changes it takes expressions of another agent first.</param>
/// <param name="Fresh">In so many of a hundred edits something new grows; else what is there is varied.</param>
/// <param name="Step">By at most so much a number is moved, from 1 to 64.</param>
internal readonly record struct Editor(int Edits, int Mate, int Fresh, int Step)
{
    /// <summary>The nearest that is within the bounds.</summary>
    public Editor Bounded() => new(Math.Clamp(Edits, 1, 8), Math.Clamp(Mate, 0, 100), Math.Clamp(Fresh, 0, 100), Math.Clamp(Step, 1, 64));

    internal static Editor? Parse(string line)
    {
        var words = line.Split(' ');
        if (words.Length != 5 || words[0] is not "editor")
        {
            return null;
        }

        Span<int> numbers = stackalloc int[4];
        for (var i = 0; i < numbers.Length; i++)
        {
            if (!int.TryParse(words[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]))
            {
                return null;
            }
        }

        var editor = new Editor(numbers[0], numbers[1], numbers[2], numbers[3]);
        return editor == editor.Bounded() ? editor : null;
    }
}
