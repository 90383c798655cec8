using System.Globalization;
using System.Text.Json;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Reports;

/// <summary>A change that is under way.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Title">What it does.</param>
/// <param name="State">How far it has come; null when its record is damaged.</param>
/// <param name="Risk">How much it can do.</param>
/// <param name="Next">The command that goes on with it.</param>
public sealed record PendingChange(string Id, string Title, ChangeState? State, Risk Risk, string Next)
{
    /// <summary>The changes of a network that have not come to an end, in the order of their names; damaged records of any network first.</summary>
    public static IReadOnlyList<PendingChange> Of(IReadOnlyList<SurveyedChange> survey, string network, Protocol protocol, ApprovalPolicy? policy, DateTimeOffset now)
    {
        var rolledBack = ChangeState.RolledBack(survey.Select(entry => entry.Change).OfType<FiledChange>());
        return
        [
            .. survey.Where(entry => entry.Problem is not null).Select(entry => new PendingChange(entry.Id, $"DAMAGED: {entry.Problem!.Message}", null, Risk.Red, "agijobs change list")),
            .. survey.Select(entry => entry.Change).OfType<FiledChange>().Where(change => string.Equals(change.Document.Network, network, StringComparison.Ordinal))
                .Select(change => (Change: change, State: ChangeState.Of(change, () => policy?.IsApproved(change, protocol) == true, rolledBack, now)))
                .Where(entry => entry.State.Phase is ChangePhase.Draft or ChangePhase.Simulated or ChangePhase.Approved or ChangePhase.Executing or ChangePhase.Executed or ChangePhase.Failed)
                .Select(entry => new PendingChange(entry.Change.Id, entry.Change.Document.Title, entry.State, entry.Change.Document.Risk, NextOf(entry.Change.Id, entry.State.Phase, policy is not null))),
        ];
    }

    private static string NextOf(string id, ChangePhase phase, bool approvals) => phase switch
    {
        ChangePhase.Draft => $"agijobs change simulate {id}",
        ChangePhase.Simulated => approvals ? $"agijobs change approve {id} --signer NAME" : $"agijobs change execute {id} --execute",
        ChangePhase.Approved => $"agijobs change execute {id} --execute",
        ChangePhase.Executing => $"agijobs change resume {id} --execute",
        ChangePhase.Executed => $"agijobs change verify {id}",
        _ => $"agijobs change show {id}",
    };
}

/// <summary>What is running now. Immutable.</summary>
/// <param name="Network">The network.</param>
/// <param name="State">What was observed.</param>
/// <param name="Figures">The figures of the description, each with its value or why it is unknown.</param>
/// <param name="Pending">Changes under way.</param>
/// <param name="Signers">The signers and their names, for their balances.</param>
public sealed record Dashboard(string Network, ProtocolState State, IReadOnlyList<(Figure Figure, Reading<string> Value)> Figures, IReadOnlyList<PendingChange> Pending, IReadOnlyList<SignerReference> Signers)
{
    /// <summary>What later parts connect.</summary>
    public const string NotConnected = "unknown: not connected";

    private static readonly string[] Unconnected = ["incidents", "ROI of the HGM", "owner console"];

    /// <summary>5 when anything that is connected could not be read, else 0.</summary>
    public ExitCode Exit => State.Pausable.Any(module => !module.Paused!.IsKnown) || Figures.Any(figure => !figure.Value.IsKnown) || State.Balances.Values.Any(balance => !balance.IsKnown) || Pending.Any(change => change.State is null) ? ExitCode.Unknown : ExitCode.Clean;

    /// <summary>The page.</summary>
    public ReportPage Page()
    {
        var paused = State.Pausable.Where(module => module.Paused!.TryGet(out var is_) && is_).Select(module => module.Module.Name).ToList();
        var unknown = State.Pausable.Count(module => !module.Paused!.IsKnown);
        var all = State.Pausable.Count();
        var parts = new List<ReportPart>
        {
            new ReportLine(DriftPages.Where(Network, State)),
            new ReportLine(string.Create(CultureInfo.InvariantCulture, $"{(paused.Count == 0 ? "" : $"PAUSED: {(paused.Count == all ? "all" : "")} {paused.Count} of {all} modules ({string.Join(", ", paused)}); ")}{all - paused.Count - unknown} of {all} modules run{(unknown > 0 ? $"; UNKNOWN: {unknown}" : "")}").Replace("  ", " ", StringComparison.Ordinal)),
            new ReportTable(["module", "state", "what it does"], [.. State.Pausable.Select(module => (IReadOnlyList<string>)[module.Module.Name, Said(module), module.Module.Purpose])]),
        };
        parts.Add(new ReportHeading("Figures"));
        parts.Add(new ReportTable(["what", "value", "from"], [.. Figures.Select(figure => (IReadOnlyList<string>)[figure.Figure.Name, Text(figure.Value), figure.Figure.Module.Name]), .. Unconnected.Select(name => (IReadOnlyList<string>)[name, NotConnected, "-"])]));
        parts.Add(new ReportHeading("Changes under way"));
        parts.Add(Pending.Count == 0 ? new ReportLine("none") : new ReportTable(["change", "state", "risk", "title", "next"], [.. Pending.Select(change => (IReadOnlyList<string>)[change.Id, change.State?.Name ?? "UNKNOWN", Drift.DriftNames.Name(change.Risk), change.Title, change.Next])]));
        parts.Add(new ReportHeading("Balances of the signers"));
        parts.Add(Signers.Count == 0 ? new ReportLine("no signer is on file: agijobs signer add") : new ReportTable(["signer", "address", "balance"], [.. Signers.Select(signer => (IReadOnlyList<string>)[signer.Name, signer.Address.ToString(), Balance(signer)])]));
        return new ReportPage("Dashboard: what is running now", parts);
    }

    /// <summary>Writes the members.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        DriftPages.WriteWhere(writer, Network, State);
        writer.WriteStartArray("modules");
        foreach (var module in State.Pausable)
        {
            writer.WriteStartObject();
            writer.WriteString("module", module.Module.Name);
            if (module.Paused!.TryGet(out var paused))
            {
                writer.WriteBoolean("paused", paused);
            }
            else
            {
                writer.WriteString("unknown", module.Paused.Why);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("figures");
        foreach (var (figure, value) in Figures)
        {
            Named(writer, figure.Name, value);
        }

        writer.WriteEndArray();
        writer.WriteStartObject("notConnected");
        foreach (var name in Unconnected)
        {
            writer.WriteString(name, NotConnected);
        }

        writer.WriteEndObject();
        writer.WriteStartArray("pending");
        foreach (var change in Pending)
        {
            writer.WriteStartObject();
            writer.WriteString("change", change.Id);
            writer.WriteString("state", change.State?.Name);
            writer.WriteString("title", change.Title);
            writer.WriteString("next", change.Next);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("balances");
        foreach (var signer in Signers)
        {
            writer.WriteStartObject();
            writer.WriteString("signer", signer.Name);
            writer.WriteString("address", signer.Address.ToString());
            writer.WriteString("balance", Balance(signer));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void Named(Utf8JsonWriter writer, string name, Reading<string> value)
    {
        writer.WriteStartObject();
        writer.WriteString("name", name);
        if (value.TryGet(out var text))
        {
            writer.WriteString("value", text);
        }
        else
        {
            writer.WriteString("unknown", value.Why);
        }

        writer.WriteEndObject();
    }

    private string Balance(SignerReference signer) => State.Balances.TryGetValue(signer.Address, out var balance) ? Text(balance.TryGet(out var wei) ? Reading.Known($"{FixedPoint.Format(wei.Value, 18)} ether") : Reading.Unknown<string>(balance.Why!)) : "UNKNOWN: it was not read";

    private static string Said(ModuleState module) => module.Paused!.TryGet(out var paused) ? paused ? "PAUSED" : "running" : $"UNKNOWN: {module.Paused.Why}";

    private static string Text(Reading<string> value) => value.TryGet(out var text) ? text : $"UNKNOWN: {value.Why}";
}
