using System.Text.Json;
using AgiJobs.Cli.Output;
using AgiJobs.Control;
using AgiJobs.Control.Observation;

namespace AgiJobs.Cli.Owner;

/// <summary>How the pause state of a protocol is printed.</summary>
internal static class PauseReport
{
    /// <summary>The line that every report begins with.</summary>
    public static string Header(string network, ProtocolState state) => $"network {network}, chain {state.ChainId}, block {state.Block}";

    /// <summary>The state of each pausable module, and one line that sums it up.</summary>
    public static void Print(Terminal terminal, ProtocolState state)
    {
        terminal.Table(["module", "state", "address"], state.Pausable.Select(module => (IReadOnlyList<string>)[module.Module.Name, Word(module), module.Module.Address.ToString()]));
        terminal.Line(Summary(state));
        foreach (var module in state.Pausable.Where(module => !module.Paused!.IsKnown))
        {
            terminal.Line($"  {module.Module.Name}: {module.Paused!.Why}");
        }
    }

    public static string Summary(ProtocolState state)
    {
        var modules = state.Pausable.ToList();
        var paused = modules.Count(module => module.Paused!.TryGet(out var value) && value);
        var unknown = modules.Count(module => !module.Paused!.IsKnown);
        var running = modules.Count - paused - unknown;
        return modules.Count == 0 ? "NOTHING CAN BE PAUSED: the manifest names no pausable module"
            : unknown > 0 ? $"{paused} paused, {running} running, {unknown} UNKNOWN"
            : running == 0 ? $"PAUSED: all {paused} modules"
            : paused == 0 ? $"RUNNING: all {running} modules"
            : $"MIXED: {paused} paused, {running} running";
    }

    /// <summary>5 when a state is unknown, 3 when there is nothing that can be paused, else 0.</summary>
    public static ExitCode Exit(ProtocolState state) => !state.Pausable.Any() ? ExitCode.Findings : state.Pausable.All(module => module.Paused!.IsKnown) ? ExitCode.Clean : ExitCode.Unknown;

    public static void Write(Utf8JsonWriter writer, string network, ProtocolState state)
    {
        writer.WriteString("network", network);
        writer.WriteNumber("chainId", state.ChainId.Value);
        writer.WriteNumber("block", state.Block.Value);
        writer.WriteString("blockHash", state.BlockHash.ToString());
        writer.WriteNumber("roundTrips", state.RoundTrips);
        writer.WriteString("summary", Summary(state));
        writer.WriteStartArray("modules");
        foreach (var module in state.Pausable)
        {
            writer.WriteStartObject();
            writer.WriteString("name", module.Module.Name);
            writer.WriteString("address", module.Module.Address.ToString());
            writer.WriteString("state", Word(module));
            writer.WriteString("why", module.Paused!.Why);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static string Word(ModuleState module) => module.Paused!.TryGet(out var paused) ? paused ? "paused" : "running" : "UNKNOWN";
}
