using System.Text.Json.Nodes;

namespace AgiJobs.Bench;

/// <summary>
/// One row of the table. <see cref="Run"/> does the work once and returns something, so that it cannot be optimised away;
/// <see cref="Show"/> gives the result as text, which must equal what the baseline shows before anything is timed.
/// </summary>
internal sealed record BenchCase(string Name, Func<object?> Run, Func<string> Show)
{
    /// <summary>The name of the rival, as the table shows it.</summary>
    public required string Baseline { get; init; }

    /// <summary>The operation in bench/baseline/baseline.mjs; empty when the rival is <see cref="Rival"/>.</summary>
    public string Operation { get; init; } = "";

    /// <summary>What the operation works on.</summary>
    public JsonObject Input { get; init; } = [];

    /// <summary>The rival when it runs in this process; what both sides show is then not compared.</summary>
    public Func<object?>? Rival { get; init; }

    /// <summary>
    /// Does the work once in another process and returns how long it took in wall time, without what has to be made ready before and cleared away after. When it is given, it is timed in the place
    /// of <see cref="Run"/>, one run a repetition, against <see cref="TimedRival"/>.
    /// </summary>
    public Func<TimeSpan>? Timed { get; init; }

    /// <summary>The same for the rival.</summary>
    public Func<TimeSpan>? TimedRival { get; init; }

    /// <summary>True when wall time counts and not processor time: a disk or a node is what is waited for.</summary>
    public bool CountsWallTime { get; init; }

    /// <summary>How many times as fast as the baseline the design wants it; null when it names no target.</summary>
    public double? Target { get; init; }
}
