using System.Text.Json;
using AgiJobs.Steering.Programs;
using AgiJobs.Tasks;

namespace AgiJobs.Steering.Searches;

/// <summary>
/// The states that lead to an answer of one task, for a program to find its way in: the program knows the task from its statement alone, as everybody does. The search is best first by what the program
/// likes, and bounded: a step is a state whose followers are looked at.
/// </summary>
internal abstract class SearchSpace
{
    /// <summary>Most states whose followers are looked at. Part of what a run means: it never changes for programs of this version.</summary>
    public const int StepLimit = 120;

    // No more states wait than this.
    private const int MaxWaiting = 50_000;

    private static readonly (string Family, string[] Features)[] Known =
    [
        ("arithmetic-target", ArithmeticSpace.Names),
        ("graph-colouring", ColouringSpace.Names),
        ("integer-sequences", SequenceSpace.Names),
        ("sorting-networks", NetworkSpace.Names),
        ("string-rewriting", RewritingSpace.Names),
    ];

    /// <summary>The families that programs work on, ordered by name.</summary>
    public static IReadOnlyList<string> Families { get; } = [.. Known.Select(known => known.Family)];

    /// <summary>What a program sees of a state of a family's tasks; the first is how deep the state lies.</summary>
    public static IReadOnlyList<string> FeaturesOf(int family) => Known[family].Features;

    /// <summary>Where the search begins.</summary>
    protected abstract SearchState Start { get; }

    /// <summary>Hands the states that follow to <paramref name="found"/>, each with how much the program likes it.</summary>
    protected abstract void Follow(SearchState from, Expression liking, Frontier found);

    /// <summary>The answer that a state at the goal stands for.</summary>
    protected abstract string Answer(SearchState goal);

    /// <summary>What a program answers to a task; null when it finds nothing within the step limit.</summary>
    public static (string? Answer, int Steps) Solve(AgentProgram program, TaskStatement statement)
    {
        using var body = JsonDocument.Parse(statement.Body);
        for (var family = 0; family < Known.Length; family++)
        {
            if (!string.Equals(Known[family].Family, statement.Family, StringComparison.Ordinal))
            {
                continue;
            }

            SearchSpace space = family switch
            {
                0 => new ArithmeticSpace(body.RootElement),
                1 => new ColouringSpace(body.RootElement),
                2 => new SequenceSpace(body.RootElement),
                3 => new NetworkSpace(body.RootElement),
                _ => new RewritingSpace(body.RootElement),
            };
            return space.Search(program.Likings[family]);
        }

        return (null, 0);
    }

    private (string? Answer, int Steps) Search(Expression liking)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var frontier = new Frontier(MaxWaiting);
        frontier.Add(Start, 0);
        var steps = 0;
        while (frontier.Goal is null && steps < StepLimit && frontier.Take() is { } state)
        {
            if (seen.Add(state.Key))
            {
                steps++;
                Follow(state, liking, frontier);
            }
        }

        return (frontier.Goal is { } goal ? Answer(goal) : null, steps);
    }
}

/// <summary>A state of a search.</summary>
/// <param name="parent">From which it was reached; null for the first.</param>
/// <param name="isGoal">Whether it stands for an answer.</param>
internal abstract class SearchState(SearchState? parent, bool isGoal)
{
    public SearchState? Parent { get; } = parent;

    public int Depth { get; } = parent is null ? 0 : parent.Depth + 1;

    public bool IsGoal { get; } = isGoal;

    /// <summary>The same for states that are the same.</summary>
    public abstract string Key { get; }
}

/// <summary>The states that wait, best first; of equals the older.</summary>
internal sealed class Frontier(int most)
{
    private readonly PriorityQueue<SearchState, (long Disliked, int Order)> _waiting = new();
    private int _added;

    /// <summary>The first state that was found at the goal.</summary>
    public SearchState? Goal { get; private set; }

    public void Add(SearchState state, long liked)
    {
        Goal ??= state.IsGoal ? state : null;
        if (_waiting.Count < most)
        {
            _waiting.Enqueue(state, (-liked, _added++));
        }
    }

    public SearchState? Take() => _waiting.TryDequeue(out var state, out _) ? state : null;
}
