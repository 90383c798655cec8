using AgiJobs.Tasks.Families;

namespace AgiJobs.Tasks;

/// <summary>The families that this build knows.</summary>
public static class TaskFamilies
{
    /// <summary>All of them, ordered by name.</summary>
    public static IReadOnlyList<ITaskFamily> All { get; } =
    [
        new ArithmeticTarget(),
        new GraphColouring(),
        new IntegerSequences(),
        new SortingNetworks(),
        new StringRewriting(),
    ];

    /// <summary>The family of that exact name, or null.</summary>
    public static ITaskFamily? Find(string name)
    {
        foreach (var family in All)
        {
            if (string.Equals(family.Name, name, StringComparison.Ordinal))
                return family;
        }

        return null;
    }

    /// <summary>Says why a statement is no task of any family, <c>task-unknown-family</c> among the reasons; null when it is one.</summary>
    public static TaskFault? Validate(TaskStatement statement) => Find(statement.Family) is { } family ? family.Validate(statement) : Unknown();

    /// <summary>
    /// Checks an answer with the statement's family. An answer to what is no task is <c>malformed</c> whoever is to blame: ask <see cref="Validate"/> when a task comes in, before anybody works on it.
    /// </summary>
    public static Judgement Judge(TaskStatement statement, string answer) =>
        Find(statement.Family) is { } family ? family.Check(statement, answer) : new Judgement(IsRight: false, "malformed", Unknown().Message);

    private static TaskFault Unknown() => new("task-unknown-family", $"The statement's family is not known here; the families are {string.Join(", ", All.Select(family => family.Name))}.");
}
