using System.Globalization;
using System.Text.Json;
using AgiJobs.Control.Description;
using AgiJobs.Control.Drift;
using AgiJobs.Control.Funds;

namespace AgiJobs.Control.Reports;

/// <summary>Something to do next.</summary>
/// <param name="Why">Why.</param>
/// <param name="Command">The command.</param>
/// <param name="Risk">How much hangs on it.</param>
public sealed record NextStep(string Why, string Command, Risk Risk);

/// <summary>The briefing: what is running, who holds which office, what drifted, whether the record explains it, live money, and what to do next, the most urgent first. Immutable.</summary>
/// <param name="Dashboard">What is running.</param>
/// <param name="Drift">What differs, with causes.</param>
/// <param name="Audit">Whether the record explains it.</param>
/// <param name="Log">How the verification of the audit log ended.</param>
/// <param name="Ledgers">Live money.</param>
public sealed record CommandCenter(Dashboard Dashboard, DriftReport Drift, StateAudit Audit, ExitCode Log, IReadOnlyList<LedgerReading> Ledgers)
{
    /// <summary>The worst of the parts.</summary>
    public ExitCode Exit => ((IEnumerable<ExitCode>)[Dashboard.Exit, Drift.Exit, Audit.Exit, Log, .. Ledgers.Select(ledger => ledger.Exit)])
        .MaxBy(exit => exit switch { ExitCode.Clean => 0, ExitCode.Findings => 1, ExitCode.Unknown => 2, _ => 3 });

    /// <summary>What to do next, the most urgent first.</summary>
    public IReadOnlyList<NextStep> Next()
    {
        var network = Drift.Network;
        var steps = new List<NextStep>();
        void Add(bool when, string why, string command, Risk risk)
        {
            if (when)
            {
                steps.Add(new NextStep(why, command, risk));
            }
        }

        Add(Audit.Exit == ExitCode.Mismatch || Log == ExitCode.Mismatch, "the record and the chain disagree: find out why before anything is executed", $"agijobs owner audit --network {network}", Risk.Red);
        Add(Audit.Count(AuditVerdict.Unexplained) > 0, string.Create(CultureInfo.InvariantCulture, $"{Audit.Count(AuditVerdict.Unexplained)} transactions touched roles, parameters, links or pauses and no change was behind them; if they were hostile, pause first: agijobs owner system-pause --action pause --network {network}"), $"agijobs owner audit --network {network}", Risk.Red);
        Add(Drift.Exit == ExitCode.Unknown || Dashboard.Exit == ExitCode.Unknown || Log == ExitCode.Unknown || Audit.Exit == ExitCode.Unknown, "not everything could be read, and what is unknown is not fine", $"agijobs owner surface --network {network}", Risk.Red);
        foreach (var change in Dashboard.Pending.Where(change => change.State?.Phase is Changes.ChangePhase.Executing or Changes.ChangePhase.Executed or Changes.ChangePhase.Failed))
        {
            Add(true, $"the change {change.Id} was begun and is {change.State!.Name}", change.Next, Risk.Red);
        }

        Add(Ledgers.Any(ledger => ledger.Exit != ExitCode.Clean), "live money does not add up to what the contracts say, or could not be read", $"agijobs owner {Ledgers.FirstOrDefault(ledger => ledger.Exit != ExitCode.Clean)?.Ledger.Kind.ToString().ToLowerInvariant()}s --network {network}", Risk.Red);
        steps.AddRange(Drift.Open.Where(item => item is { Status: DriftStatus.Differs, Mend: not null, Kind: not DriftKind.Pause }).Select(item => new NextStep($"{item.Subject}: {item.Is}; wanted {item.Wanted ?? item.Executed}", item.Mend!, item.Risk)));
        var paused = Drift.Open.Where(item => item is { Kind: DriftKind.Pause, Is: "paused" }).Select(item => item.Module).ToList();
        Add(paused.Count > 0, $"{string.Join(", ", paused)} {(paused.Count == 1 ? "is" : "are")} paused", $"agijobs owner system-pause --action status --network {network}", Risk.Amber);
        foreach (var change in Dashboard.Pending.Where(change => change.State?.Phase is Changes.ChangePhase.Draft or Changes.ChangePhase.Simulated or Changes.ChangePhase.Approved))
        {
            Add(true, $"the change {change.Id} is {change.State!.Name}: {change.Title}", change.Next, change.Risk);
        }

        Add(Ledgers.Any(ledger => ledger.Ledger.Kind == LedgerKind.Dispute && ledger.Items.Count > 0), "disputes are open", $"agijobs owner disputes --network {network}", Risk.Amber);
        Add(Audit.Findings.Any(finding => finding.Exit == ExitCode.Findings), "something is missing in the record", $"agijobs owner audit --network {network}", Risk.Amber);
        return [.. steps.OrderByDescending(step => step.Risk)];
    }

    /// <summary>The page.</summary>
    public ReportPage Page()
    {
        var next = Next();
        var state = Drift.State;
        return new ReportPage("Command center: the briefing", [
            new ReportLine(DriftPages.Where(Drift.Network, state)),
            new ReportHeading("What to do next"),
            next.Count == 0 ? new ReportLine("Nothing: everything that could be read is as wanted.") : new ReportTable(["", "risk", "why", "command"], [.. next.Select((step, index) => (IReadOnlyList<string>)[(index + 1).ToString(CultureInfo.InvariantCulture), step.Risk.Name(), step.Why, step.Command])]),
            .. Sub(Dashboard.Page()),
            new ReportHeading("Control matrix: who holds which office"),
            new ReportTable(["risk", "office", "holders", "what they can do"], [.. state.Protocol.Modules.SelectMany(module => module.Roles).OrderByDescending(role => role.Risk).Select(role => (IReadOnlyList<string>)[role.Risk.Name(), role.FullName, state.HoldersOf(role) is var reading && reading.TryGet(out var holders) ? holders.Count == 0 ? "nobody" : string.Join('\n', holders.Order()) : $"UNKNOWN: {reading.Why}", role.Power])]),
            .. Sub(DriftPages.Surface(Drift)),
            .. Sub(Audit.Page(Drift with { Items = [] }, Log, [])),
            .. Ledgers.GroupBy(ledger => ledger.Ledger.Kind).SelectMany(group => Sub(LedgerPages.Page(group.Key, Drift.Network, state.ChainId, state.Block, [.. group]))),
        ]);

        // Each part says for itself on which block it is; once is enough here.
        static IEnumerable<ReportPart> Sub(ReportPage page) => [new ReportHeading(page.Title), .. page.Parts.Skip(1)];
    }

    /// <summary>Writes the members.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartArray("next");
        foreach (var step in Next())
        {
            writer.WriteStartObject();
            writer.WriteString("risk", step.Risk.Name());
            writer.WriteString("why", step.Why);
            writer.WriteString("command", step.Command);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteString("fingerprint", RankedDiff.Of(Drift).Fingerprint.ToString());
        writer.WriteStartObject("dashboard");
        Dashboard.Write(writer);
        writer.WriteEndObject();
        writer.WriteStartArray("offices");
        foreach (var role in Drift.State.Protocol.Modules.SelectMany(module => module.Roles))
        {
            writer.WriteStartObject();
            writer.WriteString("role", role.FullName);
            writer.WriteString("risk", role.Risk.Name());
            var reading = Drift.State.HoldersOf(role);
            if (reading.TryGet(out var holders))
            {
                writer.WriteStartArray("holders");
                foreach (var holder in holders.Order())
                {
                    writer.WriteStringValue(holder.ToString());
                }

                writer.WriteEndArray();
            }
            else
            {
                writer.WriteString("unknown", reading.Why);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartObject("surface");
        DriftPages.WriteSurface(writer, Drift);
        writer.WriteEndObject();
        writer.WriteStartObject("audit");
        Audit.Write(writer);
        writer.WriteNumber("logExit", (int)Log);
        writer.WriteEndObject();
        writer.WriteStartObject("funds");
        LedgerPages.Write(writer, Drift.Network, Drift.State.ChainId, Drift.State.Block, Ledgers);
        writer.WriteEndObject();
    }
}
