using System.Numerics;
using AgiJobs.Arena.Rounds;
using AgiJobs.Arena.Scoreboard;
using AgiJobs.Ethereum;
using AgiJobs.Tasks;

namespace AgiJobs.Arena.Standings;

/// <summary>What a round that ended comes to, from the chain's events; task family and styles from what people sent, where it is what the chain has the digests of.</summary>
public static class RoundResults
{
    /// <summary>Judges a round.</summary>
    /// <param name="round">Its events to the end.</param>
    /// <param name="endedAt">The time of the block that it ended in.</param>
    /// <param name="content">What people sent; null leaves family and styles open, which changes no win and no loss.</param>
    /// <param name="cancellation">Stops the reads.</param>
    public static async Task<EndedRound> OfAsync(RoundChronicle round, DateTimeOffset endedAt, IRoundContent? content, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(round);
        var statement = content is not null && round.TaskHash is { } digest && await content.TaskAsync(round.Id, round.Teacher, digest, cancellation).ConfigureAwait(false) is { } text
            && TaskStatement.TryParse(System.Text.Encoding.UTF8.GetBytes(text), out var task, out _) && TaskFamilies.Validate(task) is null
            ? task
            : null;
        var students = new List<StudentResult>();
        foreach (var student in round.Students)
        {
            var style = round.HasWon(student) && statement is not null && student.Disclosed is { } answer && await content!.AnswerAsync(round.Id, student.Account, answer, cancellation).ConfigureAwait(false) is { } told
                ? TaskFamilies.Find(statement.Family)?.StyleOf(statement, told)
                : null;
            students.Add(new StudentResult(student.Account, round.HasWon(student), style));
        }

        var failure = round.Ending == RoundEnding.Voided ? round.WhyVoided() : null;
        return new EndedRound
        {
            Id = round.Id,
            EndedAt = endedAt,
            Difficulty = round.Difficulty,
            Teacher = round.Teacher,
            Failure = failure,
            AtFault = [.. AtFault(round, failure)],
            Students = failure is null ? students : [],
            Validators = failure is null ? [.. round.Committee.Select(validator => Judged(round, validator))] : [],
            Family = statement?.Family,
            Task = round.TaskHash,
        };
    }

    private static ValidatorResult Judged(RoundChronicle round, Attendance validator)
    {
        var judged = round.Students.Count;
        return validator.Disclosed is { } vote
            ? new ValidatorResult(validator.Account, true, judged - (int)BigInteger.PopCount(vote.ToUnsigned() ^ round.Winners), judged)
            : new ValidatorResult(validator.Account, false, 0, judged);
    }

    private static IEnumerable<Address> AtFault(RoundChronicle round, string? failure) => failure switch
    {
        "teacher-vanished" => [round.Teacher],
        "no-students" => round.People.Where(person => person.Seat == Seat.Student && !person.HasCome).Select(person => person.Account),
        "committee-too-small" => round.People.Where(person => person.Seat == Seat.Validator && !person.HasCome).Select(person => person.Account),
        "too-few-votes" => round.Committee.Where(person => person.Disclosed is null).Select(person => person.Account),
        _ => [],
    };
}
