using System.Globalization;
using AgiJobs.Arena.Scoreboard;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Tests.Scoreboard;

/// <summary>Ended rounds for tests.</summary>
internal static class Ended
{
    public static readonly DateTimeOffset Monday = new(2026, 11, 16, 0, 0, 0, TimeSpan.Zero);

    public static Address Agent(int number) => Address.ParseAnyCase(string.Create(CultureInfo.InvariantCulture, $"0xabcdef{number:x34}"));

    public static EndedRound Round(long id, string solved, int teacher = 100, string family = "sums", int difficulty = 500, string? failure = null) => new()
    {
        Id = id,
        EndedAt = Monday.AddMinutes(id),
        Difficulty = difficulty,
        Teacher = Agent(teacher),
        Failure = failure,
        AtFault = failure is null ? [] : [Agent(teacher)],
        Family = family,
        Task = new Bytes32([.. new byte[24], .. BitConverter.GetBytes(id)]),
        Students = [.. solved.Select((one, index) => new StudentResult(Agent(index + 1), one == '1', one == '1' ? $"style{index % 2}" : null))],
        Validators = [new ValidatorResult(Agent(201), true, solved.Length, solved.Length), new ValidatorResult(Agent(202), false, 0, solved.Length)],
    };
}
