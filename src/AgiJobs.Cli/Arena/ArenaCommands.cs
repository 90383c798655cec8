using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using AgiJobs.Arena.Gateway;
using AgiJobs.Arena.Orchestration;
using AgiJobs.Arena.Rounds;
using AgiJobs.Arena.Scoreboard;
using AgiJobs.Arena.Standings;
using AgiJobs.Cli.Slashing;
using AgiJobs.Control;
using AgiJobs.Ethereum;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Arena;

/// <summary><c>arena status|run|round|reconcile</c>: rounds on chain and the books that are kept of them.</summary>
internal static class ArenaCommands
{
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(1);

    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("arena", "self-play rounds: how they stand, who runs them, whether the books are the chain's");
        command.Subcommands.Add(Status(options, environment));
        command.Subcommands.Add(Run(options, environment));
        command.Subcommands.Add(Round(options, environment));
        command.Subcommands.Add(Reconcile(options, environment));
        command.Subcommands.Add(SlashCommands.Slashes(options, environment));
        command.Subcommands.Add(SlashCommands.Appeal(options, environment));
        command.Subcommands.Add(SlashCommands.Reverse(options, environment));
        command.Subcommands.Add(OverrideCommand.Build(options, environment));
        return command;
    }

    private static Command Status(CommonOptions options, CommandEnvironment environment)
    {
        var watch = new Option<bool>("--watch") { Description = "go on showing until interrupted" };
        var command = new Command("status", "whether the arena is paused and since when, what the orchestrator does, rounds under way, standings; exit 3 when paused or nobody runs it, 5 when that is unknown") { watch };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            await using var store = await ServiceState.OpenAsync(session, cancellation).ConfigureAwait(false);
            if (!parsed.GetValue(watch))
            {
                return await ShowAsync(session, store, cancellation).ConfigureAwait(false);
            }

            var exit = ExitCode.Clean;
            try
            {
                while (!cancellation.IsCancellationRequested)
                {
                    session.Terminal.Line($"{session.Environment.Time.GetUtcNow():HH:mm:ss} UTC");
                    exit = await ShowAsync(session, store, cancellation).ConfigureAwait(false);
                    session.Terminal.Line();
                    await Task.Delay(Refresh, session.Environment.Time, cancellation).ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                // The end of the watch is how it ends.
            }

            return exit;
        });
        return command;
    }

    private static Command Run(CommonOptions options, CommandEnvironment environment)
    {
        var rounds = new Option<long?>("--rounds") { Description = "play so many and stop; default: until interrupted", HelpName = "N" };
        var students = new Option<int>("--students") { Description = "most students in a round", HelpName = "N", DefaultValueFactory = _ => 5 };
        var concurrency = new Option<int>("--concurrency") { Description = "rounds at the same time", HelpName = "N", DefaultValueFactory = _ => 1 };
        var command = new Command("run", "run the orchestrator in this process until interrupted ('serve' runs it with the gateway). It sends the orchestrator's own transactions; those of the owners it never sends") { options.Signers, rounds, students, concurrency };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            await using var store = await ServiceState.OpenAsync(session, cancellation).ConfigureAwait(false);
            var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
            var planned = await new RunLog(store, session.Network, session.Environment.Time).PlannedAsync(cancellation).ConfigureAwait(false);
            var last = parsed.GetValue(rounds) is { } most ? planned + most : (long?)null;
            using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            using var orchestration = Orchestration.Create(
                session, client, store, new AgentDirectory(store, session.Network, session.Environment.Time), settings => settings with { LastRun = last, Students = parsed.GetValue(students), Concurrency = parsed.GetValue(concurrency) });
            session.Terminal.Line($"network {session.Network}, chain {client.ChainId}: the orchestrator {orchestration.Signer} is at work until it is told to stop");
            var said = "";
            await orchestration.Orchestrator.RunAsync(
                tick =>
                {
                    var line = $"{tick.State.ToString().ToLowerInvariant()}{(tick.Why is { } why ? $": {why}" : tick.Open > 0 ? $": {tick.Open} under way" : "")}";
                    if (!string.Equals(line, said, StringComparison.Ordinal))
                    {
                        session.Terminal.Progress($"{session.Environment.Time.GetUtcNow():HH:mm:ss} UTC  block {tick.Arena?.Block.ToString() ?? "unknown"}  {line}");
                        said = line;
                    }

                    if (last is not null && tick is { State: OrchestratorState.Running, Open: 0 })
                    {
                        end.Cancel();
                    }
                },
                end.Token).ConfigureAwait(false);
            return ExitCode.Clean;
        });
        return command;
    }

    private static Command Round(CommonOptions options, CommandEnvironment environment)
    {
        var number = new Argument<long>("N") { Description = "the round's number on chain" };
        var command = new Command("round", "one round as the chain tells it: people, phases, answers, votes, rewards, slashes") { number };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var id = parsed.GetValue(number);
            var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
            var arena = new ArenaContract(client, session.Protocol);
            var head = client.HeadAtConnect.Number;
            var round = await arena.ChronicleAsync(id, arena.Since, head, cancellation).ConfigureAwait(false)
                ?? throw new ControlException("round-unknown", ExitCode.BadInput, $"The arena {arena.Address} on chain {client.ChainId} has no round {id} at block {head}.", "'agijobs arena status' tells the last one.");
            session.Terminal.Line($"network {session.Network}, chain {client.ChainId}, block {head}: round {id}, difficulty {round.Difficulty}");
            session.Terminal.Line(round.Ending switch
            {
                RoundEnding.Finalised => $"  finalised in block {round.EndedIn}: {round.Students.Count(round.HasWon)} of {round.Students.Count} students were right ({round.SuccessRateBps} bps)",
                RoundEnding.Voided => $"  voided in block {round.EndedIn}: {round.WhyVoided()}",
                _ => $"  goes on: {round.Phases[^1].Phase.ToString().ToLowerInvariant()} since block {round.Phases[^1].Block}",
            });
            session.Terminal.Line($"  task      {round.TaskHash?.ToString() ?? "none was set"}");
            session.Terminal.Table(
                ["seat", "account", "came", "revealed", "right", "earned", "lost"],
                round.People.Select(person => (IReadOnlyList<string>)
                [
                    person.Seat.ToString().ToLowerInvariant(),
                    session.Labels.Describe(person.Account),
                    person.HasCome ? "yes" : "no",
                    person.Seat == Seat.Teacher ? "" : person.Disclosed is not null ? "yes" : "no",
                    person.Seat == Seat.Student && round.Ending == RoundEnding.Finalised && person.Index is not null ? (round.HasWon(person) ? "yes" : "no") : "",
                    person.Earned.Value > 0 ? $"{person.Earned.ToEther()} AGIALPHA" : "",
                    Lost(round, person),
                ]));
            session.Terminal.Json("agijobs.arena-round/1", ExitCode.Clean, writer => Write(writer, session.Network, client.ChainId, head, round));
            return ExitCode.Clean;
        });
        return command;
    }

    private static Command Reconcile(CommonOptions options, CommandEnvironment environment)
    {
        var write = new Option<bool>("--write") { Description = "write storage/orchestrator/scoreboard.json anew from the chain; what was there is copied beside it when it was damaged" };
        var command = new Command("reconcile", "replay the chain and hold the books and the scoreboard against it; exit 3 when they differ") { write };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            await using var store = await ServiceState.OpenAsync(session, cancellation).ConfigureAwait(false);
            var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
            var arena = new ArenaContract(client, session.Protocol);
            var path = session.Workspace.Locate([.. ScoreboardFile.Place]);
            var book = new ResultBook(store, session.Network);
            var reconciliation = new Reconciliation(client, arena, book, session.Environment.Time);
            var report = await reconciliation.RunAsync(path, null, cancellation, parsed.GetValue(write)).ConfigureAwait(false);
            var exit = report.Discrepancies.Count == 0 ? ExitCode.Clean : ExitCode.Findings;
            session.Terminal.Line($"network {session.Network}, chain {client.ChainId}: blocks {report.From} to {report.To} replayed; {report.Rounds} rounds ended, {report.Open} go on, {report.Slashes} slashes");
            session.Terminal.Line(report.Discrepancies.Count == 0 ? "  The books and the scoreboard are what the chain gives." : $"  {report.Discrepancies.Count} differences:");
            if (report.Discrepancies.Count > 0)
            {
                session.Terminal.Table(["code", "what", "chain and books"], report.Discrepancies.Select(found => (IReadOnlyList<string>)[found.Code, found.Subject, found.Message]));
            }

            session.Terminal.Json("agijobs.arena-reconcile/1", exit, writer =>
            {
                writer.WriteString("network", session.Network);
                writer.WriteNumber("chainId", client.ChainId.Value);
                writer.WriteNumber("from", report.From.Value);
                writer.WriteNumber("to", report.To.Value);
                writer.WriteNumber("rounds", report.Rounds);
                writer.WriteNumber("open", report.Open);
                writer.WriteNumber("slashes", report.Slashes);
                writer.WriteStartArray("discrepancies");
                foreach (var found in report.Discrepancies)
                {
                    writer.WriteStartObject();
                    writer.WriteString("code", found.Code);
                    writer.WriteString("subject", found.Subject);
                    writer.WriteString("message", found.Message);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
            return exit;
        });
        return command;
    }

    private static async Task<ExitCode> ShowAsync(Session session, IStateStore store, CancellationToken cancellation)
    {
        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        var arena = new ArenaContract(client, session.Protocol);
        var state = await arena.ReadAsync([], cancellation).ConfigureAwait(false);
        var (status, shown) = await ViewAsync(store, session.Network, "status", cancellation).ConfigureAwait(false);
        var (ratings, _) = await ViewAsync(store, session.Network, "ratings", cancellation).ConfigureAwait(false);
        using var first = status;
        using var second = ratings;
        var (orchestrator, exit) = Standing(status, session.Environment.Time.GetUtcNow() - shown, state);
        exit = state.IsPaused && exit == ExitCode.Clean ? ExitCode.Findings : exit;
        session.Terminal.Line($"network {session.Network}, chain {client.ChainId}, block {state.Block}");
        session.Terminal.Line(state.IsPaused ? $"  arena         PAUSED{PausedSince(status)}: no round is started or moved on, and the clocks stand still" : "  arena         running");
        session.Terminal.Line($"  orchestrator  {orchestrator}");
        session.Terminal.Line($"  rounds        {state.TotalRounds} started, {state.LiveRounds} go on; difficulty {state.Difficulty}, aimed at {state.TargetSuccessRateBps} bps of students being right");
        if (status?.RootElement.GetProperty("open").EnumerateArray().ToList() is { Count: > 0 } open)
        {
            session.Terminal.Table(["run", "round", "phase", "left", "answers", "votes", "waits for"], open.Select(run => (IReadOnlyList<string>)
            [
                run.GetProperty("run").GetString()!,
                Text(run, "round"),
                run.GetProperty("phase").GetString()!,
                run.TryGetProperty("secondsLeft", out var left) ? $"{left} s" : "",
                $"{Text(run, "answers")}/{Text(run, "students")}",
                $"{Text(run, "votes")}/{Text(run, "validators")}",
                run.TryGetProperty("failure", out var failure) ? failure.GetString()! : Text(run, "waitsFor"),
            ]));
        }

        if (ratings?.RootElement.GetProperty("players").EnumerateArray().Take(10).ToList() is { Count: > 0 } players)
        {
            session.Terminal.Table(["player", "skill (sure)", "mean", "deviation", "rounds", "Glicko-2 (days idle)"], players.Select(player => (IReadOnlyList<string>)
            [
                session.Labels.Describe(Address.Parse(player.GetProperty("account").GetString()!)),
                player.GetProperty("ordinal").GetDecimal().ToString("0.00", CultureInfo.InvariantCulture),
                player.GetProperty("mu").GetDecimal().ToString("0.00", CultureInfo.InvariantCulture),
                player.GetProperty("sigma").GetDecimal().ToString("0.00", CultureInfo.InvariantCulture),
                Text(player, "rounds"),
                player.TryGetProperty("glicko", out var glicko) ? string.Create(CultureInfo.InvariantCulture, $"{glicko.GetProperty("rating").GetDecimal():0} ± {2 * glicko.GetProperty("deviation").GetDecimal():0} ({glicko.GetProperty("idleDays").GetInt64()})") : "",
            ]));
        }

        session.Terminal.Json("agijobs.arena-status/1", exit, writer =>
        {
            writer.WriteString("network", session.Network);
            writer.WriteNumber("chainId", client.ChainId.Value);
            writer.WriteNumber("block", state.Block.Value);
            writer.WriteBoolean("paused", state.IsPaused);
            writer.WriteString("orchestrator", orchestrator);
            writer.WriteNumber("rounds", state.TotalRounds);
            writer.WriteNumber("liveRounds", state.LiveRounds);
            writer.WriteNumber("difficulty", state.Difficulty);
            Raw(writer, "status", status);
            Raw(writer, "ratings", ratings);
        });
        return exit;
    }

    // What the view says is believed only as far as it is fresh: an orchestrator that died says nothing of it.
    private static (string Words, ExitCode Exit) Standing(JsonDocument? status, TimeSpan age, ArenaState state)
    {
        if (status is null)
        {
            return ("unknown: none has run on this workspace's state; start one with 'agijobs serve' or 'agijobs arena run'", ExitCode.Findings);
        }

        var root = status.RootElement;
        var seen = root.GetProperty("block").GetUInt64();
        var words = $"{root.GetProperty("state").GetString()}{(root.TryGetProperty("why", out var why) ? $": {why.GetString()}" : "")}, since {root.GetProperty("since").GetDateTimeOffset():yyyy-MM-dd HH:mm:ss} UTC";
        if (age > TimeSpan.FromSeconds(30) && state.Block.Value > seen)
        {
            return ($"SILENT: its last look was at block {seen}, {state.Block.Value - seen} blocks ago; it was {words}", ExitCode.Findings);
        }

        var after = root.TryGetProperty("actionsAfterPause", out var actions) ? $"; last action {actions.GetUInt64()} blocks after the pause" : "";
        return (words + after, ExitCode.Clean);
    }

    private static string PausedSince(JsonDocument? status) =>
        status?.RootElement.TryGetProperty("pausedIn", out var block) == true ? $" since block {block.GetUInt64()}" : "";

    private static async Task<(JsonDocument? View, DateTimeOffset At)> ViewAsync(IStateStore store, string network, string name, CancellationToken cancellation) =>
        await store.GetAsync($"arena/{network}/views", name, cancellation).ConfigureAwait(false) is { } view ? (JsonDocument.Parse(view.Data), view.At) : default;

    private static string Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.ToString() : "";

    private static void Raw(Utf8JsonWriter writer, string name, JsonDocument? document)
    {
        writer.WritePropertyName(name);
        if (document is null)
        {
            writer.WriteNullValue();
        }
        else
        {
            document.RootElement.WriteTo(writer);
        }
    }

    private static string Lost(RoundChronicle round, Attendance person)
    {
        var lost = person.Silence.Value + round.Slashes.Where(slash => slash.Validator == person.Account).Aggregate(System.Numerics.BigInteger.Zero, (sum, slash) => sum + slash.Amount.Value);
        return lost > 0 ? $"{new Wei(lost).ToEther()} AGIALPHA" : "";
    }

    private static void Write(Utf8JsonWriter writer, string network, ChainId chain, BlockNumber block, RoundChronicle round)
    {
        writer.WriteString("network", network);
        writer.WriteNumber("chainId", chain.Value);
        writer.WriteNumber("block", block.Value);
        writer.WriteNumber("round", round.Id);
        writer.WriteNumber("difficulty", round.Difficulty);
        writer.WriteString("ending", round.Ending.ToString().ToLowerInvariant());
        if (round.WhyVoided() is { } why)
        {
            writer.WriteString("why", why);
        }

        writer.WriteNumber("successRateBps", round.SuccessRateBps);
        writer.WriteStartArray("people");
        foreach (var person in round.People)
        {
            writer.WriteStartObject();
            writer.WriteString("account", person.Account.ToString());
            writer.WriteString("seat", person.Seat.ToString().ToLowerInvariant());
            writer.WriteBoolean("came", person.HasCome);
            writer.WriteBoolean("revealed", person.Disclosed is not null);
            writer.WriteString("earned", $"{person.Earned.Value} wei");
            writer.WriteString("silence", $"{person.Silence.Value} wei");
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("slashes");
        foreach (var slash in round.Slashes)
        {
            writer.WriteStartObject();
            writer.WriteString("validator", slash.Validator.ToString());
            writer.WriteString("amount", $"{slash.Amount.Value} wei");
            writer.WriteString("reason", slash.Reason);
            writer.WriteString("transaction", slash.Transaction.ToString());
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
