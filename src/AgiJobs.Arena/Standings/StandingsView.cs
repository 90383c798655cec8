using System.Buffers;
using System.Text;
using System.Text.Json;
using AgiJobs.Arena.Diversity;
using AgiJobs.Arena.Ratings;

namespace AgiJobs.Arena.Standings;

/// <summary>Standings as JSON for people's views.</summary>
internal static class StandingsView
{
    private const decimal Million = 1_000_000;

    /// <summary>The ladder, best first, with the ratings by periods.</summary>
    public static string Ratings(LadderState ladder, IReadOnlyList<PeriodRating> periods) => Write(writer =>
    {
        var glicko = periods.ToDictionary(rating => rating.Account);
        writer.WriteNumber("version", 1);
        writer.WriteStartArray("players");
        foreach (var player in Ladder.Ranking(ladder))
        {
            writer.WriteStartObject();
            writer.WriteString("account", player.Account.ToString());
            writer.WriteNumber("ordinal", player.Ordinal / Million);
            writer.WriteNumber("mu", player.Mu / Million);
            writer.WriteNumber("sigma", player.Sigma / Million);
            writer.WriteNumber("rounds", player.Rounds);
            writer.WriteNumber("lastRound", player.LastRound);
            if (glicko.TryGetValue(player.Account, out var rated))
            {
                writer.WriteStartObject("glicko");
                writer.WriteNumber("rating", Math.Round((decimal)rated.Rating.Rating, 2));
                writer.WriteNumber("deviation", Math.Round((decimal)rated.Rating.Deviation, 2));
                writer.WriteNumber("volatility", Math.Round((decimal)rated.Rating.Volatility, 6));
                writer.WriteNumber("idleDays", rated.Idle);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    });

    /// <summary>The archive's figures and what the last round brought.</summary>
    public static string Archive(ArchiveProfile profile, ArchiveState archive, long round, TeacherMerit merit, long novelty) => Write(writer =>
    {
        writer.WriteNumber("version", 1);
        writer.WriteNumber("filled", profile.Filled);
        writer.WriteNumber("coverageBps", profile.CoverageBps);
        writer.WriteNumber("score", profile.Score / Million);
        writer.WriteStartObject("last");
        writer.WriteNumber("round", round);
        writer.WriteNumber("aim", merit.AimMicro / Million);
        writer.WriteNumber("repetitions", merit.Repetitions);
        writer.WriteNumber("merit", merit.MeritMicro / Million);
        writer.WriteNumber("novelty", novelty / Million);
        writer.WriteEndObject();
        writer.WriteStartArray("elites");
        foreach (var elite in archive.Elites)
        {
            writer.WriteStartObject();
            writer.WriteString("family", elite.Family);
            writer.WriteNumber("band", elite.Band);
            writer.WriteString("style", elite.Style);
            writer.WriteNumber("fitness", elite.Fitness / Million);
            writer.WriteNumber("round", elite.Round);
            writer.WriteString("teacher", elite.Teacher.ToString());
            writer.WriteString("solver", elite.Solver.ToString());
            writer.WriteNumber("visits", elite.Visits);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    });

    internal static string Write(Action<Utf8JsonWriter> body, bool indented = false)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = indented, NewLine = "\n" }))
        {
            writer.WriteStartObject();
            body(writer);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan) + (indented ? "\n" : "");
    }
}
