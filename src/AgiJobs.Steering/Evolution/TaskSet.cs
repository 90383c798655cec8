using AgiJobs.Hgm.Sampling;
using AgiJobs.Tasks;

namespace AgiJobs.Steering.Evolution;

/// <summary>
/// The tasks of a run: as many of each family, spread evenly over the whole dial of difficulty. Their numbers say nothing of family and difficulty: a policy that tries the first ten must not get the easy ones.
/// The same seed and count give the same tasks.
/// </summary>
public sealed class TaskSet
{
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
        var random = Xoshiro256.Of(seed, RandomPurpose.Tasks, ulong.MaxValue);
        for (var task = 0; task < count; task++)
        {
            var made = families[task % families.Count].Generate(TaskStatement.MaxDifficulty * (task / families.Count) / rounds, Xoshiro256.SeedOf(seed, RandomPurpose.Tasks, first + (ulong)task)).Statement;

            // Shuffled while they are made (the inside-out form of Fisher and Yates).
            var place = random.Below(task + 1);
            tasks[task] = tasks[place];
            tasks[place] = made;
        }

        return new TaskSet(tasks);
    }
}
