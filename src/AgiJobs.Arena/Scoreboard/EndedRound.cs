using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Scoreboard;

/// <summary>
/// A round that has ended, as ratings, difficulty, diversity and the scoreboard take it. It is what the chain says; a round that comes twice counts once.
/// </summary>
public sealed record EndedRound
{
    /// <summary>Its number.</summary>
    public required long Id { get; init; }

    /// <summary>The time of the block in which it ended.</summary>
    public required DateTimeOffset EndedAt { get; init; }

    /// <summary>How hard its task was to be, 0 to 1000.</summary>
    public required int Difficulty { get; init; }

    /// <summary>Who set the task.</summary>
    public required Address Teacher { get; init; }

    /// <summary>Why it came to nothing, such as <c>task-missing</c>; null when it was judged. A round that came to nothing moves no rating and no difficulty.</summary>
    public string? Failure { get; init; }

    /// <summary>By whom it came to nothing; each has a loss of it.</summary>
    public IReadOnlyList<Address> AtFault { get => field ?? []; init; }

    /// <summary>Whether the teacher's own answer was checked and right. Without it, a task that nobody solved is taken for one that has no solution.</summary>
    public bool IsProven { get; init; }

    /// <summary>The students who were admitted, those who never answered included: they did not solve it.</summary>
    public IReadOnlyList<StudentResult> Students { get => field ?? []; init; }

    /// <summary>The committee.</summary>
    public IReadOnlyList<ValidatorResult> Validators { get => field ?? []; init; }

    /// <summary>The family of the task; null when no valid task was published.</summary>
    public string? Family { get; init; }

    /// <summary>The digest of the task; null when none was published.</summary>
    public Bytes32? Task { get; init; }

    /// <summary>How many students solved it.</summary>
    public int Solved => Students.Count(student => student.Solved);
}

/// <summary>What a student achieved.</summary>
/// <param name="Account">Who.</param>
/// <param name="Solved">Whether the committee found the answer right.</param>
/// <param name="Style">In which way it was solved, from the answer; null when it was not.</param>
public sealed record StudentResult(Address Account, bool Solved, string? Style = null);

/// <summary>How a validator judged.</summary>
/// <param name="Account">Who.</param>
/// <param name="Revealed">Whether the vote was revealed in time.</param>
/// <param name="Agreed">How many of the judgements were those of the majority.</param>
/// <param name="Judged">How many judgements there were.</param>
public sealed record ValidatorResult(Address Account, bool Revealed, int Agreed, int Judged)
{
    /// <summary>Whether the validator revealed and judged more than half as the majority did.</summary>
    public bool Succeeded => Revealed && 2 * Agreed > Judged;
}
