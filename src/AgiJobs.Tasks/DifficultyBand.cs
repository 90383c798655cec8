namespace AgiJobs.Tasks;

/// <summary>One of ten equal parts of the dial: a coordinate of quality-diversity archives. The hardest, 1000, is in the last.</summary>
/// <param name="Index">From 0, the easiest, to 9.</param>
public readonly record struct DifficultyBand(int Index)
{
    /// <summary>How many there are.</summary>
    public const int Count = 10;

    /// <summary>The band of a difficulty; out of the dial is the nearest.</summary>
    public static DifficultyBand Of(int difficulty) => new(Math.Clamp(difficulty, 0, TaskStatement.MaxDifficulty - 1) / (TaskStatement.MaxDifficulty / Count));

    /// <summary>Easiest difficulty in it.</summary>
    public int Lowest => Index * (TaskStatement.MaxDifficulty / Count);

    /// <summary>Hardest difficulty in it.</summary>
    public int Highest => Index == Count - 1 ? TaskStatement.MaxDifficulty : Lowest + TaskStatement.MaxDifficulty / Count - 1;

    /// <summary>Such as <c>300-399</c>.</summary>
    public override string ToString() => $"{Lowest}-{Highest}";
}
