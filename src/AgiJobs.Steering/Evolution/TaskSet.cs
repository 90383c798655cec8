using AgiJobs.Hgm.Sampling;
using AgiJobs.Tasks;

namespace AgiJobs.Steering.Evolution;

/// <summary>The tasks of a run: all families in turn, from easy to <see cref="Hardest"/>. The same seed and number give the same tasks.</summary>
public sealed class TaskSet
{
    /// <summary>Of the dial from 0 to 1000: above it even a good liking rarely gets through within the step limit.</summary>
    public const int Hardest = 600;

    // What sets a run's tasks and those that nobody was chosen by apart.
    private const ulong HeldOutIndex = 1_000_000;

    private readonly TaskStatement[] _tasks;

    private TaskSet(TaskStatement[] tasks) => _tasks = tasks;

    /// <summary>How many.</summary>
    public int Count => _tasks.Length;

    /// <summary>A task by its number.</summary>
    public TaskStatement this[int task] => _tasks[task];

    /// <summary>The tasks that agents of a run are tried on.</summary>
    public static TaskSet Of(ulong seed, int count) => Make(seed, count, 0);

    /// <summary>Others of the same kinds and difficulties, to see whether the chosen agent is good at more than what it was chosen by.</summary>
    public static TaskSet HeldOut(ulong seed, int count) => Make(seed, count, HeldOutIndex);

    private static TaskSet Make(ulong seed, int count, ulong first)
    {
        var families = TaskFamilies.All;
        var rounds = Math.Max(1, (count - 1) / families.Count);
        var tasks = new TaskStatement[count];
        for (var task = 0; task < count; task++)
        {
            tasks[task] = families[task % families.Count].Generate(Hardest * (task / families.Count) / rounds, Xoshiro256.SeedOf(seed, RandomPurpose.Tasks, first + (ulong)task)).Statement;
        }

        return new TaskSet(tasks);
    }
}
