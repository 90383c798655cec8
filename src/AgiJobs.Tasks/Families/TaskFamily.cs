namespace AgiJobs.Tasks.Families;

/// <summary>
/// What all families share: the envelope, the limits, and the streams of chance. A family reads its body into an immutable <typeparamref name="TBody"/> and then never looks at text that nobody has checked.
/// </summary>
internal abstract class TaskFamily<TBody> : ITaskFamily
    where TBody : class
{
    /// <summary>The one judgement of every right answer.</summary>
    protected static readonly Judgement Right = new(IsRight: true, "right", "The answer solves the task.");

    public abstract string Name { get; }

    public GeneratedTask Generate(int difficulty, ulong seed)
    {
        difficulty = Math.Clamp(difficulty, 0, TaskStatement.MaxDifficulty);
        var (body, witness) = Make(difficulty, Xoshiro.Of($"agijobs.tasks/1 {Name} {difficulty} {seed}"));
        return new GeneratedTask(new TaskStatement(Name, difficulty, body), witness);
    }

    public TaskFault? Validate(TaskStatement statement) => Read(statement, out _);

    public Judgement Check(TaskStatement statement, string answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        if (Read(statement, out var body) is { } fault)
            return Malformed($"The statement is no task: {fault.Message}");
        return answer.Length > TaskStatement.MaxAnswer ? Malformed($"The answer has {answer.Length} characters, {TaskStatement.MaxAnswer} are the most.") : Check(body!, answer);
    }

    /// <summary>As the interface says; <c>none</c> of an answer that is not right.</summary>
    public string StyleOf(TaskStatement statement, string answer) => Check(statement, answer).IsRight && Read(statement, out var body) is null ? Style(body!, answer) : "none";

    public string? Solve(TaskStatement statement, long steps, ulong seed) =>
        Read(statement, out var body) is null ? Search(body!, steps, Xoshiro.Of($"agijobs.solve/1 {Name} {seed}")) : null;

    /// <summary>Makes a body in canonical form and a right answer to it.</summary>
    protected abstract (string Body, string Witness) Make(int difficulty, Xoshiro random);

    /// <summary>Reads a body; what it returns counts only when the reader has no fault and is at the end.</summary>
    protected abstract TBody? ReadBody(ref CanonicalReader reader);

    /// <summary>Checks an answer of at most <see cref="TaskStatement.MaxAnswer"/> arbitrary characters.</summary>
    protected abstract Judgement Check(TBody body, string answer);

    /// <summary>Names the way of a right answer.</summary>
    protected abstract string Style(TBody body, string answer);

    /// <summary>Looks for an answer; the order in which it looks depends on the body and the stream, never on how many steps there are, so that more steps never find less.</summary>
    protected abstract string? Search(TBody body, long steps, Xoshiro random);

    protected static Judgement Wrong(string message) => new(IsRight: false, "wrong", message);

    protected static Judgement Malformed(string message) => new(IsRight: false, "malformed", message);

    private TaskFault? Read(TaskStatement statement, out TBody? body)
    {
        body = null;
        if (!string.Equals(statement.Family, Name, StringComparison.Ordinal))
            return new TaskFault("task-other-family", $"The statement is of another family, not of {Name}; ask the family that it names.");
        var reading = statement.Reading ??= (object?)ReadAnew(statement, out body) ?? body!;
        body = reading as TBody;
        return reading as TaskFault;
    }

    private TaskFault? ReadAnew(TaskStatement statement, out TBody? body)
    {
        body = null;
        if (statement.Difficulty is < 0 or > TaskStatement.MaxDifficulty)
            return new TaskFault("task-out-of-bounds", $"The difficulty is {statement.Difficulty}; it must be from 0 to {TaskStatement.MaxDifficulty}.");
        // Bodies are ASCII, which the reader below sees to: characters are bytes.
        if (statement.Text.Length > TaskStatement.MaxBytes)
            return new TaskFault("task-too-large", $"The statement has {statement.Text.Length} bytes, {TaskStatement.MaxBytes} are the most; make the task smaller.");
        var reader = new CanonicalReader(statement.Body);
        body = ReadBody(ref reader);
        reader.End();
        return reader.Fault;
    }
}
