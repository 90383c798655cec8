using AgiJobs.Arena.Scoreboard;

namespace AgiJobs.Arena.Diversity;

/// <summary>What a teacher's round is worth, in millionths.</summary>
/// <param name="AimMicro">How near the success rate came to the target: a million on it, 0 when nobody solved the task. What the contract pays by.</param>
/// <param name="Repetitions">How many of the teacher's rounds before it were of the same task or cell.</param>
/// <param name="MeritMicro">What is left after repetition.</param>
public readonly record struct TeacherMerit(long AimMicro, int Repetitions, long MeritMicro);

/// <summary>
/// The teacher's reward: it peaks at the target success rate, falls with the distance from it, and is nothing for a task that nobody solved. The same task or the same kind of task again is worth less each time: a half, a third,
/// and so on, and a task word for word as before is worth nothing.
/// </summary>
public static class TeacherReward
{
    private const long Million = 1_000_000;

    /// <summary>The contract's rule: one less the distance between rate and target, and nothing when nobody solved the task.</summary>
    public static long Aim(int solved, int students, int targetBps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(solved);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(solved, students);
        if (solved == 0)
        {
            return 0;
        }

        // Basis points are cut off as the contract does it.
        var rate = solved * 10_000L / students;
        return (10_000 - Math.Abs(rate - targetBps)) * (Million / 10_000);
    }

    /// <summary>Judges a round against the teacher's rounds before it.</summary>
    /// <param name="round">The round.</param>
    /// <param name="targetBps">The success rate that is aimed at, in basis points.</param>
    /// <param name="recent">Rounds before it; those of other teachers and the round itself are left out of account.</param>
    public static TeacherMerit Judge(EndedRound round, int targetBps, IEnumerable<EndedRound> recent)
    {
        ArgumentNullException.ThrowIfNull(round);
        ArgumentNullException.ThrowIfNull(recent);
        var aim = round.Failure is not null || round.Students.Count == 0 ? 0 : Aim(round.Solved, round.Students.Count, targetBps);
        var own = recent.Where(other => other.Id != round.Id && other.Teacher == round.Teacher && other.Failure is null && other.Family is not null).ToList();
        var isSame = round.Task is { } task && own.Exists(other => other.Task == task);
        var repetitions = own.Count(other => string.Equals(other.Family, round.Family, StringComparison.Ordinal) && TaskArchive.BandOf(other.Difficulty) == TaskArchive.BandOf(round.Difficulty));
        return new TeacherMerit(aim, repetitions, isSame ? 0 : aim / (1 + repetitions));
    }
}
