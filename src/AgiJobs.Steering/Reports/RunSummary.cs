using System.Globalization;
using System.Text.Json;
using System.Text;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Steering.Runs;

namespace AgiJobs.Steering.Reports;

/// <summary><c>summary.json</c> and <c>summary.txt</c>: what a run came to, what its rival came to, and what the two show at equal budgets.</summary>
public sealed class RunSummary
{
    private readonly RunIdentity _identity;
    private readonly RunHistory _hgm;
    private readonly RunHistory? _rival;
    private readonly Reached _reached;
    private readonly Reached? _rivals;
    private readonly IReadOnlyList<Comparison> _comparisons;
    private readonly (double? Solved, double? HeldOut) _root;

    private RunSummary(RunIdentity identity, RunHistory hgm, RunHistory? rival, bool measured, CancellationToken cancellation)
    {
        (_identity, _hgm, _rival) = (identity, hgm, rival);
        _reached = Reached.Of(hgm.State, measured, cancellation);
        _rivals = rival is null ? null : Reached.Of(rival.State, measured, cancellation);
        _comparisons = rival is null ? [] : Comparison.Of(hgm, rival, measured, cancellation);
        _root = measured ? (Measured.Solved(hgm.State.Artifact(0), hgm.State.Settings, cancellation), Measured.HeldOut(hgm.State.Artifact(0), hgm.State.Settings, cancellation)) : (null, null);
    }

    /// <summary>A summary.</summary>
    /// <param name="identity">Where the run is.</param>
    /// <param name="hgm">The run.</param>
    /// <param name="rival">What it is compared with.</param>
    /// <param name="measured">Whether chosen agents are given all tasks now: not while a run goes on.</param>
    /// <param name="cancellation">Stops it.</param>
    public static RunSummary Of(RunIdentity identity, RunHistory hgm, RunHistory? rival, bool measured, CancellationToken cancellation) => new(identity, hgm, rival, measured, cancellation);

    /// <summary>At equal budgets; none without a rival.</summary>
    public IReadOnlyList<Comparison> Comparisons => _comparisons;

    /// <summary>What the comparison can and cannot show, in sentences.</summary>
    public IReadOnlyList<string> Notes
    {
        get
        {
            List<string> notes = ["The mean and the lower bound are estimates from the agent's own results. What it solves is measured afterwards, on all tasks, and no policy knew it."];
            if (_rival is null)
            {
                return notes;
            }

            notes.Add("Two runs are one pair: on 60 tasks a point is less than one task and chance alone moves a run by several. 'agijobs hgm compare --seeds 100' says over many seeds whether one policy is ahead.");
            if (_hgm.State.Tree.Count != _rival.State.Tree.Count)
            {
                notes.Add(string.Create(CultureInfo.InvariantCulture, $"Evaluations are budgeted and agents are not: {_hgm.State.Settings.Policy} made {_hgm.State.Tree.Count} agents, {_rival.State.Settings.Policy} {_rival.State.Tree.Count}. The row at equal money counts what they cost."));
            }

            return notes;
        }
    }

    /// <summary>One JSON object.</summary>
    public void Write(Utf8JsonWriter writer, DateTimeOffset now)
    {
        writer.WriteStartObject();
        writer.WriteString("schema", "agijobs.hgm-summary/1");
        writer.WriteString("generated_at", now);
        writer.WriteString("network", _identity.Network);
        writer.WriteNumber("chainId", _identity.ChainId);
        writer.WriteStartObject("hgm");
        Run(writer, _hgm, _reached);
        writer.WriteEndObject();
        if (_rival is not null)
        {
            writer.WriteStartObject("baseline");
            Run(writer, _rival, _rivals!);
            writer.WriteEndObject();
            TimelineDocument.Write(writer, "profit_lift", _hgm.State.Ledger.Run.Profit - _rival.State.Ledger.Run.Profit);
            if (_hgm.State.Ledger.Run.Roi is { } one && _rival.State.Ledger.Run.Roi is { } other)
            {
                writer.WriteNumber("roi_delta", one - other);
            }
            else
            {
                writer.WriteNull("roi_delta");
            }
        }

        writer.WriteStartObject("root");
        Share(writer, "solved", _root.Solved);
        Share(writer, "solved_held_out", _root.HeldOut);
        writer.WriteEndObject();
        writer.WriteStartArray("at_equal_budget");
        foreach (var comparison in _comparisons)
        {
            writer.WriteStartObject();
            writer.WriteString("measure", comparison.Measure);
            writer.WriteString("limit", comparison.Limit);
            writer.WriteStartObject("hgm");
            Reach(writer, comparison.Hgm);
            writer.WriteEndObject();
            writer.WriteStartObject("baseline");
            Reach(writer, comparison.Rival);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("notes");
        foreach (var note in Notes)
        {
            writer.WriteStringValue(note);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>The same for people.</summary>
    public string ToText()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"network {_identity.Network}, chain {_identity.ChainId}: nothing of a run touches the chain\n\n");
        List<string[]> rows = [["", .. All().Select(one => one.History.State.Settings.Policy)]];
        Row("run", one => one.History.Run);
        Row("state", one => RunStanding.Of(one.History.State));
        Row("evaluations", one => Number(one.Reached.Evaluations));
        Row("agents", one => Number(one.Reached.Agents));
        Row("spent", one => one.Reached.Account.Cost.ToString());
        Row("worth", one => one.Reached.Account.Value.ToString());
        Row("profit", one => one.Reached.Account.Profit.ToString());
        Row("return", one => Return(one.Reached.Account));
        Row("best agent", one => Best(one.Reached));
        Row("  mean (estimate)", one => Percent(one.Reached.Mean));
        Row("  lower bound", one => Percent(one.Reached.Lower));
        Row("  solves, run's tasks", one => Percent(one.Reached.Solved));
        Row("  solves, held out", one => Percent(one.Reached.HeldOut));
        Table(text, rows);
        if (_root.Solved is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"\nThe root solves {Percent(_root.Solved)} of the run's tasks and {Percent(_root.HeldOut)} of those held out.\n");
        }

        foreach (var comparison in _comparisons)
        {
            text.Append(CultureInfo.InvariantCulture, $"\nAt equal {comparison.Measure} ({comparison.Limit}):\n");
            rows = [["", _hgm.State.Settings.Policy, _rival!.State.Settings.Policy]];
            Pair("evaluations", reached => Number(reached.Evaluations));
            Pair("agents", reached => Number(reached.Agents));
            Pair("spent", reached => reached.Account.Cost.ToString());
            Pair("return", reached => Return(reached.Account));
            Pair("best agent", Best);
            Pair("  lower bound", reached => Percent(reached.Lower));
            Pair("  solves, run's tasks", reached => Percent(reached.Solved));
            Pair("  solves, held out", reached => Percent(reached.HeldOut));
            Table(text, rows);

            void Pair(string name, Func<Reached, string> of) => rows.Add([name, of(comparison.Hgm), of(comparison.Rival)]);
        }

        text.Append('\n');
        foreach (var note in Notes)
        {
            text.Append(note).Append('\n');
        }

        return text.ToString();

        void Row(string name, Func<(RunHistory History, Reached Reached), string> of) => rows.Add([name, .. All().Select(of)]);
    }

    private IEnumerable<(RunHistory History, Reached Reached)> All() => _rival is null ? [(_hgm, _reached)] : [(_hgm, _reached), (_rival, _rivals!)];

    private static void Table(StringBuilder text, List<string[]> rows)
    {
        var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length)).ToArray();
        foreach (var row in rows)
        {
            text.Append("  ").Append(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd()).Append('\n');
        }
    }

    private static void Run(Utf8JsonWriter writer, RunHistory history, Reached reached)
    {
        var (state, settings) = (history.State, history.State.Settings);
        writer.WriteString("run", history.Run);
        writer.WriteString("strategy", settings.Policy);
        writer.WriteNumber("seed", settings.Seed);
        writer.WriteNumber("tasks", settings.Tasks);
        writer.WriteNumber("budget", settings.Evaluations);
        writer.WriteNumber("concurrency", settings.Concurrency);
        writer.WriteString("state", RunStanding.Of(state));
        writer.WriteBoolean("finished", state.Finished is not null);
        writer.WriteNumber("version", state.Version);
        writer.WriteNumber("steps", history.Results);
        writer.WriteNumber("successes", state.Tree.CladeSuccesses[0]);
        writer.WriteNumber("failures", state.Tree.CladeFailures[0]);
        writer.WriteNumber("interventions", history.Interventions.Count(one => one.Kind is not "end"));
        Reach(writer, reached);
    }

    private static void Reach(Utf8JsonWriter writer, Reached reached)
    {
        writer.WriteNumber("evaluations", reached.Evaluations);
        writer.WriteNumber("agents", reached.Agents);
        TimelineDocument.WriteMoney(writer, reached.Account);
        writer.WriteString("best_agent_id", reached.Best < 0 ? null : TimelineDocument.AgentId(reached.Best));
        Share(writer, "best_agent_mean", double.IsNaN(reached.Mean) ? null : reached.Mean);
        Share(writer, "best_agent_lower_bound", double.IsNaN(reached.Lower) ? null : reached.Lower);
        Share(writer, "best_agent_solved", reached.Solved);
        Share(writer, "best_agent_solved_held_out", reached.HeldOut);
    }

    private static void Share(Utf8JsonWriter writer, string name, double? share)
    {
        if (share is { } known)
        {
            writer.WriteNumber(name, Math.Round(known, 6));
        }
        else
        {
            writer.WriteNull(name);
        }
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Return(Account account) => account.Roi?.ToString("0.00", CultureInfo.InvariantCulture) ?? "none yet";

    private static string Best(Reached reached) => reached.Best < 0 ? "none" : TimelineDocument.AgentId(reached.Best);

    private static string Percent(double? share) => share is { } known && !double.IsNaN(known) ? (100 * known).ToString("0.0", CultureInfo.InvariantCulture) + " %" : "-";
}
