using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Scoreboard;

/// <summary>
/// The scoreboard: what ended rounds and slashes come to for each agent. A pure projection: whatever the order in which they are added, and however often, the same rounds and slashes give the same bytes, so that a replay of the
/// chain can be compared with the file. Not safe for several threads.
/// <para>A student wins by solving the task, a teacher when somebody solved it, a validator by revealing and judging more than half as the majority did. A round that came to nothing is a loss of those by whom it did.</para>
/// </summary>
public sealed class ScoreboardProjection
{
    /// <summary>How many notes of an agent are kept; older ones are counted.</summary>
    public const int KeptNotes = 50;

    private static readonly JsonWriterOptions Layout = new() { Indented = true, IndentSize = 2, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly SortedDictionary<string, Tally> _agents = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SlashRecord> _slashes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SlashReversal> _reversals = new(StringComparer.Ordinal);

    /// <summary>The rounds that are in it.</summary>
    public RoundSet Rounds { get; private set; } = RoundSet.Empty;

    /// <summary>Adds a round.</summary>
    public void Add(EndedRound round)
    {
        ArgumentNullException.ThrowIfNull(round);
        if (Rounds.Contains(round.Id))
        {
            return;
        }

        Rounds = Rounds.With(round.Id);
        if (round.Failure is { } failure)
        {
            foreach (var agent in round.AtFault.Distinct())
            {
                Result(agent, round, won: false, $" ({failure})");
            }

            return;
        }

        Result(round.Teacher, round, round.Solved > 0, "");
        foreach (var student in round.Students)
        {
            Result(student.Account, round, student.Solved, "");
        }

        foreach (var validator in round.Validators)
        {
            Result(validator.Account, round, validator.Succeeded, validator.Revealed ? "" : " (no reveal)");
        }
    }

    /// <summary>Adds a slash.</summary>
    public void Add(SlashRecord slash)
    {
        ArgumentNullException.ThrowIfNull(slash);
        if (!_slashes.TryAdd(slash.Id, slash))
        {
            return;
        }

        var tally = Of(slash.Agent);
        tally.Slashes++;
        tally.Note(slash.At, $"slash/{slash.Id}", $"slash recorded -> {OneLine(slash.Reason)}{(slash.Amount is null ? "" : $" ({slash.Amount})")}");
        if (_reversals.TryGetValue(slash.Id, out var reversal))
        {
            Reverse(slash, reversal);
        }
    }

    /// <summary>Adds the reversal of a slash; the slash may come later.</summary>
    public void Add(SlashReversal reversal)
    {
        ArgumentNullException.ThrowIfNull(reversal);
        if (_reversals.TryAdd(reversal.Slash, reversal) && _slashes.TryGetValue(reversal.Slash, out var slash))
        {
            Reverse(slash, reversal);
        }
    }

    /// <summary>The line of a slash in logs: <c>validator slashed: REASON</c>.</summary>
    public static string LogLine(string role, string reason) => $"{role} slashed: {reason}";

    /// <summary>The agents by address.</summary>
    public IReadOnlyDictionary<Address, ScoreboardEntry> Entries() =>
        _agents.ToDictionary(pair => Address.Parse(pair.Key), pair => new ScoreboardEntry(pair.Value.Wins, pair.Value.Losses, pair.Value.Slashes, pair.Value.Notes(), pair.Value.UpdatedAt()));

    /// <summary>The file: agents by address (EIP-55), keys in order, two spaces.</summary>
    public byte[] Encode()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Layout))
        {
            writer.WriteStartObject();
            foreach (var (agent, tally) in _agents)
            {
                writer.WriteStartObject(agent);
                writer.WriteNumber("losses", tally.Losses);
                writer.WriteStartArray("notes");
                foreach (var note in tally.Notes())
                {
                    writer.WriteStringValue(note);
                }

                writer.WriteEndArray();
                writer.WriteNumber("slashes", tally.Slashes);
                writer.WriteNumber("updatedAt", tally.UpdatedAt());
                writer.WriteNumber("wins", tally.Wins);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    private void Reverse(SlashRecord slash, SlashReversal reversal)
    {
        var tally = Of(slash.Agent);
        tally.Slashes--;
        tally.Note(reversal.At, $"slash/{slash.Id}/reversed", $"slash reversed -> {OneLine(slash.Reason)}: {OneLine(reversal.Reason)}");
    }

    private void Result(Address agent, EndedRound round, bool won, string why)
    {
        var tally = Of(agent);
        tally.Wins += won ? 1 : 0;
        tally.Losses += won ? 0 : 1;
        tally.Note(round.EndedAt, string.Create(CultureInfo.InvariantCulture, $"round/{round.Id:d20}"), string.Create(CultureInfo.InvariantCulture, $"round {round.Id}{why} -> {(won ? "win" : "loss")}"));
    }

    private Tally Of(Address agent)
    {
        var key = agent.ToString();
        if (!_agents.TryGetValue(key, out var tally))
        {
            _agents.Add(key, tally = new Tally());
        }

        return tally;
    }

    private static string OneLine(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private sealed class Tally
    {
        // The newest, by time and then by what they are about: which ones are kept does not depend on the order of adding.
        private readonly SortedSet<(DateTimeOffset At, string Key, string Text)> _notes = new(Comparer<(DateTimeOffset At, string Key, string Text)>.Create(
            (left, right) => left.At != right.At ? left.At.CompareTo(right.At) : left.Key != right.Key ? string.CompareOrdinal(left.Key, right.Key) : string.CompareOrdinal(left.Text, right.Text)));

        private long _older;
        private DateTimeOffset _updated = DateTimeOffset.MinValue;

        public long Wins { get; set; }

        public long Losses { get; set; }

        public long Slashes { get; set; }

        public void Note(DateTimeOffset at, string key, string text)
        {
            _updated = at > _updated ? at : _updated;
            _notes.Add((at, key, string.Create(CultureInfo.InvariantCulture, $"{at.UtcDateTime:yyyy-MM-ddTHH:mm}Z: {text}")));
            if (_notes.Count > KeptNotes)
            {
                _notes.Remove(_notes.Min);
                _older++;
            }
        }

        public IReadOnlyList<string> Notes() =>
            [.. _older == 0 ? [] : new[] { string.Create(CultureInfo.InvariantCulture, $"{_older} older") }, .. _notes.Select(note => note.Text)];

        public decimal UpdatedAt() => _updated.ToUnixTimeMilliseconds() / 1000m;
    }
}

/// <summary>What the scoreboard says of an agent.</summary>
/// <param name="Wins">Rounds won.</param>
/// <param name="Losses">Rounds lost.</param>
/// <param name="Slashes">Slashes that stand.</param>
/// <param name="Notes">What happened, oldest first; where older ones were left out, the first says how many.</param>
/// <param name="UpdatedAt">When something happened last, in seconds since 1970.</param>
public sealed record ScoreboardEntry(long Wins, long Losses, long Slashes, IReadOnlyList<string> Notes, decimal UpdatedAt);
