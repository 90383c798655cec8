using System.Buffers.Binary;
using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Arena.Orchestration;

/// <summary>Who plays a round.</summary>
/// <param name="Teacher">Sets the task.</param>
/// <param name="Students">Invited to answer.</param>
/// <param name="Validators">Invited to judge; the first to accept get the seats.</param>
public sealed record Drawn(Address Teacher, IReadOnlyList<Address> Students, IReadOnlyList<Address> Validators);

/// <summary>Draws lots among those who are there and may play. The same seed and the same people give the same draw, so that anybody can check it afterwards.</summary>
public static class RoundDraw
{
    /// <summary>Most students and validators that a round can invite: <c>MAX_STUDENTS</c>, <c>MAX_INVITED_VALIDATORS</c>.</summary>
    public const int MaxStudents = 32;

    /// <summary>Most validators that can be invited.</summary>
    public const int MaxValidators = 62;

    /// <summary>Draws; null when there are not enough for a teacher, a student and a whole committee.</summary>
    /// <param name="eligible">Who may take which seats.</param>
    /// <param name="committee">Seats of the committee; a third more are invited where there are as many, since some may not come.</param>
    /// <param name="students">Most students.</param>
    /// <param name="seed">What the lots come from.</param>
    public static Drawn? Draw(IReadOnlyCollection<(Address Account, Seat Seat)> eligible, int committee, int students, Bytes32 seed)
    {
        var teachers = Lots(Seat.Teacher);
        var judges = Lots(Seat.Validator);
        foreach (var teacher in teachers)
        {
            // Who can sit in several places sits where there are fewest: the committee must be whole, one student is enough.
            var bench = judges.Where(account => account != teacher).ToList();
            if (bench.Count < committee)
            {
                continue;
            }

            var learners = Lots(Seat.Student).Where(account => account != teacher).ToList();
            var alone = learners.Except(bench).ToList();
            var shared = learners.Count == alone.Count ? [] : learners.Intersect(bench).ToList();
            var spare = bench.Count - committee;
            var chosen = alone.Concat(shared.Take(alone.Count > 0 ? 0 : spare)).Take(Math.Min(students, MaxStudents)).ToList();
            if (chosen.Count == 0)
            {
                continue;
            }

            var invited = bench.Except(chosen).Take(Math.Min(committee + ((committee + 2) / 3), MaxValidators)).ToList();
            if (invited.Count >= committee)
            {
                return new Drawn(teacher, chosen, invited);
            }
        }

        return null;

        List<Address> Lots(Seat seat) => [.. eligible.Where(entry => entry.Seat == seat).Select(entry => entry.Account).Distinct().OrderBy(account => Lot(seed, seat, account))];
    }

    private static UInt128 Lot(Bytes32 seed, Seat seat, Address account)
    {
        var hash = Keccak256.Hash([.. seed.ToBytes(), (byte)seat, .. account.ToBytes()]).ToBytes();
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }
}
