using System.Text.Json;
using AgiJobs.Arena.Orchestration;
using AgiJobs.Arena.Rounds;
using AgiJobs.Arena.Scoreboard;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Standings;

/// <summary><c>storage/orchestrator/runs/ID.json</c>: the receipt of a run that ended, whichever way.</summary>
internal static class RunReceipt
{
    /// <summary>Writes it.</summary>
    /// <param name="network">The network.</param>
    /// <param name="chain">Its chain.</param>
    /// <param name="run">The run, not yet ended.</param>
    /// <param name="round">Its round's events; null when there was none.</param>
    /// <param name="result">What it came to.</param>
    /// <param name="ended">How it ends.</param>
    /// <param name="board">The scoreboard with it.</param>
    /// <param name="now">When it ends.</param>
    public static string Write(string network, ChainId chain, RunRecord run, RoundChronicle? round, EndedRound? result, RunEnded ended, ScoreboardProjection board, DateTimeOffset now) => StandingsView.Write(
        writer =>
        {
            writer.WriteNumber("version", 1);
            writer.WriteString("run", run.Id);
            writer.WriteString("network", network);
            writer.WriteNumber("chainId", chain.Value);
            if (run.RoundId is { } id)
            {
                writer.WriteNumber("roundId", id);
            }

            writer.WriteString("state", ended.Code is null ? "succeeded" : "failed");
            writer.WriteString("outcome", ended.Outcome);
            if (ended.Code is { } code)
            {
                writer.WriteString("code", code);
            }

            writer.WriteNumber("difficulty", run.Plan.Difficulty);
            if (round is not null)
            {
                writer.WriteNumber("successRateBps", round.SuccessRateBps);
            }

            if (result?.Family is { } family)
            {
                writer.WriteString("family", family);
            }

            if (round?.TaskHash is { } task)
            {
                writer.WriteString("task", task.ToString());
            }

            Transactions(writer, run);
            Payouts(writer, round);
            Slashes(writer, round);
            Timings(writer, run, board, now);
            Logs(writer, run, round, ended, now);
        },
        indented: true);

    private static void Transactions(Utf8JsonWriter writer, RunRecord run)
    {
        writer.WriteStartArray("txes");
        foreach (var transaction in run.Transactions)
        {
            writer.WriteStartObject();
            writer.WriteString("step", JsonNamingPolicy.KebabCaseLower.ConvertName(transaction.Step.ToString()));
            writer.WriteString("hash", transaction.Hash.ToString());
            writer.WriteNumber("block", transaction.Block);
            writer.WriteNumber("gasUsed", transaction.GasUsed);
            writer.WriteBoolean("succeeded", transaction.HasSucceeded);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void Payouts(Utf8JsonWriter writer, RoundChronicle? round)
    {
        writer.WriteStartArray("payouts");
        foreach (var person in round?.People.Where(person => person.Earned.Value > 0) ?? [])
        {
            writer.WriteStartObject();
            writer.WriteString("account", person.Account.ToString());
            writer.WriteString("seat", person.Seat.ToString().ToLowerInvariant());
            writer.WriteString("amount", $"{person.Earned.Value} wei");
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void Slashes(Utf8JsonWriter writer, RoundChronicle? round)
    {
        writer.WriteStartArray("slashes");
        foreach (var (account, amount, reason) in Slashed(round))
        {
            writer.WriteStartObject();
            writer.WriteString("validator", account.ToString());
            writer.WriteString("amount", $"{amount.Value} wei");
            writer.WriteString("reason", reason);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static IEnumerable<(Address Account, Wei Amount, string Reason)> Slashed(RoundChronicle? round) => round is null
        ? []
        : [.. round.Committee.Where(person => person.Silence.Value > 0).Select(person => (person.Account, person.Silence, "auto-slash:non-reveal")), .. round.Slashes.Select(slash => (slash.Validator, slash.Amount, slash.Reason))];

    private static void Timings(Utf8JsonWriter writer, RunRecord run, ScoreboardProjection board, DateTimeOffset now)
    {
        writer.WriteStartObject("timings");
        writer.WriteString("planned_at", run.PlannedAt);
        writer.WriteStartArray("phases");
        for (var i = 0; i < run.Phases.Count; i++)
        {
            var (phase, block, at) = run.Phases[i];
            writer.WriteStartObject();
            writer.WriteString("phase", phase.ToString().ToLowerInvariant());
            writer.WriteNumber("block", block);
            writer.WriteString("since", at);
            writer.WriteNumber("seconds", Math.Round(((i + 1 < run.Phases.Count ? run.Phases[i + 1].At : now) - at).TotalSeconds, 3));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteString("completed_at", now);
        // Those of the round only: the whole one is a file of its own.
        var people = ((IEnumerable<Address>)[run.Plan.Teacher, .. run.Plan.Students, .. run.Plan.Validators]).ToHashSet();
        writer.WriteStartObject("scoreboard");
        foreach (var (account, entry) in board.Entries().Where(entry => people.Contains(entry.Key)).OrderBy(entry => entry.Key.ToString(), StringComparer.Ordinal))
        {
            writer.WriteStartObject(account.ToString());
            writer.WriteNumber("losses", entry.Losses);
            writer.WriteNumber("slashes", entry.Slashes);
            writer.WriteNumber("updatedAt", entry.UpdatedAt);
            writer.WriteNumber("wins", entry.Wins);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void Logs(Utf8JsonWriter writer, RunRecord run, RoundChronicle? round, RunEnded ended, DateTimeOffset now)
    {
        writer.WriteStartArray("logs");
        foreach (var line in run.Log)
        {
            Line(writer, line.At, line.Level, line.Code, line.Message);
        }

        foreach (var (account, amount, reason) in Slashed(round))
        {
            Line(writer, now, "warning", "validator-slashed", $"{ScoreboardProjection.LogLine("validator", reason)} ({account}, {amount.ToEther()} AGIALPHA)");
        }

        Line(writer, now, ended.Code is null ? "info" : "warning", ended.Code ?? "round-finalised", $"ended: {ended.Outcome} in block {ended.Block}");
        writer.WriteEndArray();
    }

    private static void Line(Utf8JsonWriter writer, DateTimeOffset at, string level, string code, string message)
    {
        writer.WriteStartObject();
        writer.WriteString("ts", at);
        writer.WriteString("level", level);
        writer.WriteString("code", code);
        writer.WriteString("message", message);
        writer.WriteEndObject();
    }
}
