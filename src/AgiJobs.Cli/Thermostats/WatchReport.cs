using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Hgm.Laws;
using AgiJobs.Steering.Thermostats;

namespace AgiJobs.Cli.Thermostats;

/// <summary>What a watch prints: on the output a line for each sample and nothing before the first, so that what goes into a file is samples; on the error stream what is no sample.</summary>
/// <param name="session">The command's.</param>
/// <param name="run">The run; null without one.</param>
/// <param name="source">Where samples come from.</param>
/// <param name="isDry">Whether nothing is changed.</param>
internal sealed class WatchReport(Session session, string? run, string source, bool isDry)
{
    private readonly List<WatchStep> _moves = [];
    private int _refused;

    /// <summary>How many samples were taken in.</summary>
    public int Samples { get; private set; }

    /// <summary>Whether a pause is due.</summary>
    public bool HasEscalated { get; private set; }

    /// <summary>Tells what became of a look.</summary>
    public void Told(WatchStep step, ThermostatState state)
    {
        HasEscalated |= step.Escalates;
        var terminal = session.Terminal;
        if (step.Sample is not { } sample || step.Reading is not { Outcome: not ThermostatOutcome.Refused } reading)
        {
            _refused++;
            terminal.Progress(step is { Sample: { } refused, Reading: { } why } ? $"ROI {refused.Roi.ToString(CultureInfo.InvariantCulture)}x {ThermostatCommands.Words(why)}" : step.Note ?? "no sample");
            return;
        }

        if (Samples++ == 0)
        {
            terminal.Line($"# network {session.Network}, chain {session.NetworkFile.ChainId}: {(run is null ? "no run" : $"run '{run}'")}, samples from {source}{(isDry ? "; dry run, nothing is changed" : "")}");
        }

        var subject = string.Create(CultureInfo.InvariantCulture, $"{(step.Run is { } seen ? $"run={seen.Run} version={seen.Version} " : "")}alpha={state.Alpha} prior={state.Prior}");
        terminal.Line(SampleFile.Line(sample, session.Environment.Time.GetUtcNow(), $"{subject}: {ThermostatCommands.Words(reading, step.AppliedAt)}{(step.Note is null ? "" : $"; {step.Note}")}"));
        if (reading.Adjustment is not null)
        {
            _moves.Add(step);
        }

        if (step.IsEnd)
        {
            terminal.Progress(step.Run is { IsFinished: true } ? "the run is over" : "there are no more samples");
        }
    }

    /// <summary>Tells that moves have failed twice.</summary>
    /// <param name="command">What is to be done now; null when it is done.</param>
    public void Escalated(string? command)
    {
        session.Terminal.Line("# FINDING two control cycles passed without recovery: the runbook's full pause is due");
        if (command is not null)
        {
            session.Terminal.Line($"#   {command}");
        }
    }

    /// <summary>The document of <c>--json</c>.</summary>
    public void Document(ExitCode exit, ThermostatMemory memory) => session.Terminal.Json("agijobs.thermostat-watch/1", exit, writer =>
    {
        writer.WriteString("network", session.Network);
        writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
        writer.WriteString("run", run);
        writer.WriteBoolean("dryRun", isDry);
        writer.WriteNumber("samples", Samples);
        writer.WriteNumber("notTaken", _refused);
        writer.WriteBoolean("pauseDue", HasEscalated);
        writer.WriteStartArray("adjustments");
        foreach (var step in _moves)
        {
            var move = step.Reading!.Adjustment!;
            writer.WriteStartObject();
            writer.WriteString("reason", move.Reason);
            writer.WriteNumber("average", move.Average);
            writer.WriteNumber("alpha", move.Alpha);
            writer.WriteNumber("prior", move.Prior);
            writer.WriteString("note", step.Note ?? move.Note);
            if (step.AppliedAt is { } version)
            {
                writer.WriteNumber("appliedAt", version);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WritePropertyName("state");
        memory.State.WriteTo(writer);
    });
}
