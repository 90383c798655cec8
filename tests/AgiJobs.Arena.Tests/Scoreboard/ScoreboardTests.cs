using System.Text;
using System.Text.Json.Nodes;
using AgiJobs.Arena.Scoreboard;
using AgiJobs.Control;
using AgiJobs.Testing;

namespace AgiJobs.Arena.Tests.Scoreboard;

public sealed class ScoreboardTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-test-").FullName;
    private readonly ManualTime _time = new();

    private string Path => System.IO.Path.Combine(_folder, "storage", "scoreboard.json");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_file_has_the_shape_that_was_kept()
    {
        var board = new ScoreboardProjection();
        board.Add(new EndedRound
        {
            Id = 1,
            EndedAt = new DateTimeOffset(2026, 11, 21, 8, 33, 36, TimeSpan.FromHours(1)),
            Difficulty = 10,
            Teacher = Ended.Agent(2),
            Students = [new StudentResult(Ended.Agent(1), true)],
        });
        board.Add(new SlashRecord("0x1/0", new DateTimeOffset(2026, 11, 21, 8, 0, 0, 220, TimeSpan.Zero), Ended.Agent(1), "moderation:block", "5 AGIALPHA", 1));
        Assert.Equal(
            """
            {
              "0xaBCdEf0000000000000000000000000000000001": {
                "losses": 0,
                "notes": [
                  "2026-11-21T07:33Z: round 1 -> win",
                  "2026-11-21T08:00Z: slash recorded -> moderation:block (5 AGIALPHA)"
                ],
                "slashes": 1,
                "updatedAt": 1795248000.22,
                "wins": 1
              },
              "0xaBcDef0000000000000000000000000000000002": {
                "losses": 0,
                "notes": [
                  "2026-11-21T07:33Z: round 1 -> win"
                ],
                "slashes": 0,
                "updatedAt": 1795246416,
                "wins": 1
              }
            }

            """,
            Encoding.UTF8.GetString(board.Encode()));
        Assert.Equal("validator slashed: moderation:block", ScoreboardProjection.LogLine("validator", "moderation:block"));
    }

    [Fact]
    public void Any_order_and_any_repetition_give_the_same_bytes()
    {
        var random = new Random(4);
        var events = new List<object>();
        for (var id = 1; id <= 150; id++)
        {
            events.Add(Ended.Round(id, string.Concat(Enumerable.Range(0, 3).Select(_ => random.Next(2))), 100 + (id % 2), failure: id % 17 == 0 ? "task-missing" : null));
        }

        for (var id = 0; id < 20; id++)
        {
            events.Add(new SlashRecord($"s{id}", Ended.Monday.AddMinutes(id * 7), Ended.Agent(1 + (id % 3)), "auto-slash:no-reveal"));
            if (id % 4 == 0)
            {
                events.Add(new SlashReversal($"s{id}", Ended.Monday.AddMinutes(500 + id), "appeal upheld"));
            }
        }

        var expected = Project(events).Encode();
        for (var round = 0; round < 5; round++)
        {
            Assert.Equal(expected, Project([.. events.Concat(events).OrderBy(_ => random.Next())]).Encode());
        }

        var entry = Project(events).Entries()[Ended.Agent(1)];
        Assert.Equal(ScoreboardProjection.KeptNotes + 1, entry.Notes.Count);
        Assert.Matches("^[0-9]+ older$", entry.Notes[0]);
        Assert.Equal(150 - 8, entry.Wins + entry.Losses);
        Assert.Equal(5, entry.Slashes);
    }

    [Fact]
    public void A_reversed_slash_counts_no_more_and_stays_in_sight()
    {
        var board = Project([new SlashReversal("s", Ended.Monday.AddDays(1), "the vote was\nproven"), new SlashRecord("s", Ended.Monday, Ended.Agent(1), "auto-slash:contradiction")]);
        var entry = board.Entries()[Ended.Agent(1)];
        Assert.Equal(0, entry.Slashes);
        Assert.Equal(["2026-11-16T00:00Z: slash recorded -> auto-slash:contradiction", "2026-11-17T00:00Z: slash reversed -> auto-slash:contradiction: the vote was proven"], entry.Notes);
    }

    [Fact]
    public void A_failed_round_is_a_loss_of_those_at_fault_and_silence_one_of_the_validator()
    {
        var board = Project([Ended.Round(1, "1", failure: "task-missing"), Ended.Round(2, "1")]);
        var entries = board.Entries();
        Assert.Equal((1, 1), (entries[Ended.Agent(100)].Losses, entries[Ended.Agent(100)].Wins));
        Assert.Equal((0, 1), (entries[Ended.Agent(1)].Losses, entries[Ended.Agent(1)].Wins));
        Assert.Equal((0, 1), (entries[Ended.Agent(201)].Losses, entries[Ended.Agent(201)].Wins));
        Assert.Equal(["2026-11-16T00:02Z: round 2 (no reveal) -> loss"], entries[Ended.Agent(202)].Notes);
        Assert.Equal("2026-11-16T00:01Z: round 1 (task-missing) -> loss", entries[Ended.Agent(100)].Notes[0]);
    }

    [Fact]
    public void What_is_written_is_read_and_a_missing_file_is_none()
    {
        Assert.Null(ScoreboardFile.Read(Path, _time));
        var board = Project([Ended.Round(1, "10")]);
        Assert.Null(ScoreboardFile.Write(Path, board, _time));
        var read = ScoreboardFile.Read(Path, _time)!;
        Assert.Equal(board.Entries().Keys.Order(), read.Keys.Order());
        Assert.Equal(board.Entries()[Ended.Agent(1)].Notes, read[Ended.Agent(1)].Notes);
        var written = File.GetLastWriteTimeUtc(Path);
        ScoreboardFile.Write(Path, board, _time);
        Assert.Equal(written, File.GetLastWriteTimeUtc(Path));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"0xaBCdEf0000000000000000000000000000000001\": {\"losses\": 0, \"notes\": []")]
    [InlineData("{\"agent\": {\"losses\": 0, \"notes\": [], \"slashes\": 0, \"updatedAt\": 1, \"wins\": 0}}")]
    [InlineData("{\"0xaBCdEf0000000000000000000000000000000001\": {\"losses\": -1, \"notes\": [], \"slashes\": 0, \"updatedAt\": 1, \"wins\": 0}}")]
    [InlineData("{\"0xaBCdEf0000000000000000000000000000000001\": {\"losses\": 1.5, \"notes\": [], \"slashes\": 0, \"updatedAt\": 1, \"wins\": 0}}")]
    [InlineData("{\"0xaBCdEf0000000000000000000000000000000001\": {\"losses\": 0, \"notes\": [null], \"slashes\": 0, \"updatedAt\": 1, \"wins\": 0}}")]
    [InlineData("{\"0xaBCdEf0000000000000000000000000000000001\": {\"losses\": 0, \"notes\": {}, \"slashes\": 0, \"updatedAt\": 1, \"wins\": 0}}")]
    [InlineData("{\"0xaBCdEf0000000000000000000000000000000001\": {\"losses\": 0, \"slashes\": 0, \"updatedAt\": 1, \"wins\": 0}}")]
    public void A_damaged_file_is_never_an_empty_one_and_is_kept(string content)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
        File.WriteAllText(Path, content);
        for (var again = 0; again < 2; again++)
        {
            Assert.Equal("scoreboard-damaged", Assert.Throws<ControlException>(() => ScoreboardFile.Read(Path, _time)).Code);
            _time.Advance(TimeSpan.FromHours(1));
        }

        Assert.Equal(content, File.ReadAllText(Path + ".damaged-20260101T000000Z"));
        ScoreboardFile.Write(Path, Project([Ended.Round(1, "10")]), _time);
        Assert.Equal(2, Directory.GetFiles(System.IO.Path.GetDirectoryName(Path)!).Length);
        Assert.NotNull(ScoreboardFile.Read(Path, _time));
    }

    [Fact]
    public void Damage_that_nobody_read_is_kept_too_before_it_is_written_over()
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
        File.WriteAllText(Path, "{");
        Assert.Equal(Path + ".damaged-20260101T000000Z", ScoreboardFile.Write(Path, Project([Ended.Round(1, "1")]), _time));
    }

    [Fact]
    public void Keys_of_an_agent_are_in_order() => Assert.Equal(
        ["losses", "notes", "slashes", "updatedAt", "wins"],
        JsonNode.Parse(Project([Ended.Round(1, "1")]).Encode())!.AsObject().First().Value!.AsObject().Select(pair => pair.Key));

    private static ScoreboardProjection Project(IEnumerable<object> events)
    {
        var board = new ScoreboardProjection();
        foreach (var one in events)
        {
            switch (one)
            {
                case EndedRound round:
                    board.Add(round);
                    break;
                case SlashRecord slash:
                    board.Add(slash);
                    break;
                default:
                    board.Add((SlashReversal)one);
                    break;
            }
        }

        return board;
    }
}
