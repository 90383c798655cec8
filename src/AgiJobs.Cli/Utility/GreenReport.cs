using System.Globalization;
using System.Text;
using System.Text.Json;
using AgiJobs.Arena.Orchestration;
using AgiJobs.Arena.Standings;
using AgiJobs.Cli.Arena;
using AgiJobs.Cli.Output;
using AgiJobs.Cli.Owner;
using AgiJobs.Control;
using AgiJobs.Control.Files;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Reports;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Guardrails;
using AgiJobs.Steering.Runs;
using AgiJobs.Steering.Utility;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Utility;

/// <summary>What <c>operator green</c> was asked.</summary>
/// <param name="Run">The run; null for the only one.</param>
/// <param name="Jobs">How many jobs.</param>
/// <param name="Rounds">How many rounds.</param>
/// <param name="MaxAge">How old the newest record may be.</param>
/// <param name="Folder">Where the report goes; null for the default.</param>
internal sealed record GreenAsked(string? Run, int Jobs, int Rounds, TimeSpan MaxAge, string? Folder);

/// <summary>The Day-One utility benchmark of what this network has recorded.</summary>
internal static class GreenReport
{
    private const string Schema = "agijobs.operator-green/1";
    private const string FeeParameter = "StakeManager.feePct";

    public static async Task<ExitCode> RunAsync(Session session, GreenAsked asked, CancellationToken cancellation)
    {
        var state = await session.ObserveWholeAsync(cancellation).ConfigureAwait(false);
        var fee = Fee(state);
        await using var store = await ServiceState.OpenAsync(session, cancellation).ConfigureAwait(false);
        try
        {
            var (name, run, runAt) = await RunAsync(session, store, asked.Run, cancellation).ConfigureAwait(false);
            var utility = run is not null && fee is { } share ? RunUtility.Of(run, asked.Jobs, share, cancellation) : null;
            var rounds = RoundReading.Of(await RoundsAsync(session, store, cancellation).ConfigureAwait(false), asked.Rounds);
            IReadOnlyList<Guardrail> guardrails =
            [
                .. utility?.GuardrailsOf(name!) ?? [Unmeasured(run)],
                .. rounds.GuardrailsOf(),
                Pauses(state, session.Network),
                RunGuardrails.Sentinel(run, name),
                RunGuardrails.Fresh("fresh-run", runAt, session.Environment.Time.GetUtcNow(), asked.MaxAge, "agijobs hgm run NAME"),
                RunGuardrails.Fresh("fresh-rounds", rounds.NewestAt, session.Environment.Time.GetUtcNow(), asked.MaxAge, "agijobs arena status"),
            ];
            return Tell(session, asked, state, name, utility, rounds, guardrails, fee);
        }
        catch (StorageException problem)
        {
            throw ServiceState.Told(problem);
        }
    }

    private static ExitCode Tell(Session session, GreenAsked asked, ProtocolState state, string? name, RunUtility? utility, RoundReading rounds, IReadOnlyList<Guardrail> guardrails, decimal? fee)
    {
        var verdict = guardrails.Verdict();
        var exit = GuardrailOutput.ExitOf(verdict);
        var banner = verdict switch
        {
            GuardrailVerdict.Held => $"GREEN: utility {Guardrail.Percent(utility!.Reading.Uplift)}, every guardrail is held",
            GuardrailVerdict.Missed => $"NOT GREEN: {Names(GuardrailVerdict.Missed)} missed",
            _ => $"NOT GREEN: {Names(GuardrailVerdict.Unknown)} unknown",
        };
        var parts = new List<ReportPart>
        {
            new ReportLine(PauseReport.Header(session.Network, state)),
            new ReportLine(banner),
            new ReportTable(["guardrail", "verdict", "is", "demand"], [.. guardrails.Select(guardrail => (IReadOnlyList<string>)[guardrail.Name, GuardrailOutput.Word(guardrail.Verdict), guardrail.Is, guardrail.Demand])]),
        };
        if (utility is not null)
        {
            parts.Add(new ReportLine(string.Create(CultureInfo.InvariantCulture, $"Run '{name}': of {utility.Jobs} jobs the root solves {utility.Solved.Before}, agent {utility.Agent} solves {utility.Solved.Now}; utility {utility.Reading.BaselineUtility:0.##} before, {utility.Reading.Utility:0.##} now, both after the fee of {100 * fee:0.##} %; to the treasury {utility.Reading.Treasury:0.##}, before {utility.Reading.BaselineValue * fee:0.##}.")));
            parts.Add(new ReportLine(utility.PaysBackAfter is { } after ? string.Create(CultureInfo.InvariantCulture, $"The run has spent {utility.Spent:0.##}, which {after} jobs pay back.") : "The run does not pay back: its agent is worth no more than the root."));
        }

        parts.AddRange(guardrails.Where(guardrail => guardrail.Verdict != GuardrailVerdict.Held).Select(guardrail => new ReportLine($"{guardrail.Name}: {guardrail.Mend}")));
        var page = new ReportPage("Day-One utility benchmark", parts);
        var folder = asked.Folder is { } named ? session.PathOf(named) : session.Workspace.Locate("reports", "operator-green");
        var at = session.Environment.Time.GetUtcNow();
        AtomicFile.Write(Path.Combine(folder, "report.md"), Encoding.UTF8.GetBytes(page.Markdown() + $"\nMeasured at {at:yyyy-MM-ddTHH:mm:ssZ}.\n"));
        AtomicFile.Write(Path.Combine(folder, "report.json"), Encoding.UTF8.GetBytes(Terminal.Document(Schema, exit, Body) + "\n"));
        session.Terminal.Page(page);
        session.Terminal.Line($"wrote {folder}/report.md and report.json");
        session.Terminal.Json(Schema, exit, Body);
        return exit;

        string Names(GuardrailVerdict which) => string.Join(", ", guardrails.Where(guardrail => guardrail.Verdict == which).Select(guardrail => guardrail.Name));

        void Body(Utf8JsonWriter writer)
        {
            writer.WriteString("network", session.Network);
            writer.WriteNumber("chainId", state.ChainId.Value);
            writer.WriteNumber("block", state.Block.Value);
            writer.WriteString("at", at.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture));
            writer.WriteString("verdict", GuardrailOutput.Word(verdict).ToLowerInvariant());
            writer.WriteString("banner", banner);
            writer.WriteGuardrails(guardrails);
            writer.WriteString("run", name);
            if (utility is not null)
            {
                writer.WriteStartObject("utility");
                writer.WriteNumber("agent", utility.Agent);
                writer.WriteNumber("jobs", utility.Jobs);
                writer.WriteNumber("solvedBefore", utility.Solved.Before);
                writer.WriteNumber("solved", utility.Solved.Now);
                writer.WriteNumber("utilityBefore", utility.Reading.BaselineUtility);
                writer.WriteNumber("utility", utility.Reading.Utility);
                writer.WriteNumber("uplift", utility.Reading.Uplift);
                writer.WriteNumber("upliftError", utility.UpliftError);
                writer.WriteNumber("latencyDelta", utility.Reading.LatencyDelta);
                writer.WriteNumber("treasury", utility.Reading.Treasury);
                writer.WriteNumber("spent", utility.Spent);
                if (utility.PaysBackAfter is { } jobs)
                {
                    writer.WriteNumber("paysBackAfterJobs", jobs);
                }

                writer.WriteEndObject();
            }

            writer.WriteStartObject("rounds");
            writer.WriteNumber("newest", rounds.Rounds);
            writer.WriteNumber("judged", rounds.Judged);
            writer.WriteNumber("before", rounds.Before);
            writer.WriteEndObject();
        }
    }

    private static decimal? Fee(ProtocolState state) => state.Parameters.TryGetValue(FeeParameter, out var reading) && reading.TryGet(out var value) ? (decimal)value.AsInteger() / 100m : null;

    private static async Task<(string? Name, RunState? Run, DateTimeOffset? At)> RunAsync(Session session, IStateStore store, string? named, CancellationToken cancellation)
    {
        var runs = new DurableRunStore(store, session.Network);
        if (named is null)
        {
            var entries = await runs.ListAsync(cancellation).ConfigureAwait(false);
            if (entries.Count == 0)
            {
                return (null, null, null);
            }

            named = entries is [var only]
                ? only.Name
                : throw new ControlException("run-ambiguous", ExitCode.BadInput, $"There are {entries.Count} runs on the network '{session.Network}': {string.Join(", ", entries.Take(10).Select(entry => entry.Name))}{(entries.Count > 10 ? ", ..." : "")}.", "Say which: --run NAME");
        }

        var kept = await runs.KeptAsync(named, 0, int.MaxValue, cancellation).ConfigureAwait(false);
        return kept.Count == 0
            ? throw new ControlException("run-unknown", ExitCode.BadInput, $"There is no run '{named}' on the network '{session.Network}'.", "agijobs hgm list")
            : (named, RunState.Fold(kept.Select(one => one.Happened)), kept[^1].At);
    }

    private static async Task<List<RoundOutcome>> RoundsAsync(Session session, IStateStore store, CancellationToken cancellation)
    {
        var took = (await new RunLog(store, session.Network, session.Environment.Time).AllAsync(cancellation).ConfigureAwait(false))
            .Where(run => run is { RoundId: not null, EndedAt: not null })
            .ToDictionary(run => run.RoundId!.Value, run => run.EndedAt!.Value - run.PlannedAt);
        return [.. (await new ResultBook(store, session.Network).RoundsAsync(cancellation).ConfigureAwait(false)).Select(round => new RoundOutcome(round.Id, round.EndedAt, round.Failure, took.TryGetValue(round.Id, out var time) ? time : null))];
    }

    private static Guardrail Unmeasured(RunState? run) => new(
        "utility-uplift",
        GuardrailVerdict.Unknown,
        run is null ? "unknown: no run is recorded" : $"unknown: {FeeParameter} could not be read",
        $"at least {Guardrail.Percent(MicroSet.LeastUplift)}",
        run is null ? "Begin one: agijobs hgm run NAME" : "agijobs owner surface tells why.");

    private static Guardrail Pauses(ProtocolState state, string network)
    {
        var modules = state.Pausable.ToList();
        bool? isRunning = modules.Exists(module => module.Paused!.TryGet(out var paused) && paused) ? false : modules.Count > 0 && modules.TrueForAll(module => module.Paused!.IsKnown) ? true : null;
        return new Guardrail("not-paused", Guardrail.Of(isRunning), PauseReport.Summary(state), "all modules running", $"agijobs owner system-pause --action status --network {network}");
    }
}
