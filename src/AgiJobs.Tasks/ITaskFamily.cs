namespace AgiJobs.Tasks;

/// <summary>
/// A kind of task whose answers anybody can check: by computing, never by opinion. Deterministic: the same seed and difficulty give the same bytes on every
/// machine. Safe for use by several threads.
/// </summary>
public interface ITaskFamily
{
    /// <summary>Its name, stable for ever, such as <c>sorting-networks</c>.</summary>
    string Name { get; }

    /// <summary>Makes a task that has an answer, and one answer as the proof of it.</summary>
    /// <param name="difficulty">From 0 to <see cref="TaskStatement.MaxDifficulty"/>; out of it is moved to the nearest.</param>
    /// <param name="seed">Which of the tasks of that difficulty. Who knows the seed knows the witness: a teacher draws all 64 bits at random and keeps them to itself.</param>
    GeneratedTask Generate(int difficulty, ulong seed);

    /// <summary>Says why a statement is not a task of this family: malformed, too large, out of bounds; null when it is one. It may still have no answer.</summary>
    TaskFault? Validate(TaskStatement statement);

    /// <summary>Checks an answer. A malformed one is wrong, with the reason. Takes bounded time and memory whatever is put in. An answer to what is no task is <c>malformed</c> whoever is to blame: validate a task before anybody works on it.</summary>
    Judgement Check(TaskStatement statement, string answer);

    /// <summary>In which way a right answer was found, from the answer alone: a few stable words for each family, such as <c>greedy</c> or <c>balanced</c>. Quality-diversity archives use it as a coordinate. <c>none</c> of an answer that is not right.</summary>
    string StyleOf(TaskStatement statement, string answer);

    /// <summary>Looks for an answer with a budget of steps; null when none was found. More budget never finds less. This is what a reference agent of a given skill does.</summary>
    string? Solve(TaskStatement statement, long steps, ulong seed);
}

/// <summary>A task with one of its answers.</summary>
/// <param name="Statement">What is published.</param>
/// <param name="Witness">An answer that <see cref="ITaskFamily.Check"/> accepts; a teacher keeps it to itself.</param>
public sealed record GeneratedTask(TaskStatement Statement, string Witness);

/// <summary>Why a statement is no task.</summary>
/// <param name="Code">Stable: <c>task-malformed</c>, <c>task-too-large</c>, <c>task-out-of-bounds</c>, <c>task-other-family</c>, <c>task-unknown-family</c>.</param>
/// <param name="Message">The value, the limit and the mend.</param>
public sealed record TaskFault(string Code, string Message);

/// <summary>What became of an answer.</summary>
/// <param name="IsRight">Whether it solves the task.</param>
/// <param name="Code"><c>right</c>, <c>wrong</c> or <c>malformed</c>.</param>
/// <param name="Message">Why, in words: the first thing that is wrong with it.</param>
public sealed record Judgement(bool IsRight, string Code, string Message);
