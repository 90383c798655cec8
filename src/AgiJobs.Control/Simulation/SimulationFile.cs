using System.Text.Json;
using System.Text.Json.Serialization;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Files;

namespace AgiJobs.Control.Simulation;

/// <summary>A change's simulation on file: <c>simulation.json</c> in its folder. The newest takes the place of the one before it.</summary>
public static class SimulationFile
{
    /// <summary>Where it is.</summary>
    public static string PathOf(FiledChange change)
    {
        ArgumentNullException.ThrowIfNull(change);
        return Path.Combine(change.Folder, "simulation.json");
    }

    /// <summary>Files a simulation; returns its path.</summary>
    /// <exception cref="ControlException"><c>file-write</c>.</exception>
    public static string Write(FiledChange change, SimulationResult result)
    {
        var path = PathOf(change);
        JsonFile.Write(path, result, SimulationJson.Default.SimulationResult);
        return path;
    }

    /// <summary>Writes a simulation into another document, as it stands on file.</summary>
    public static void WriteTo(Utf8JsonWriter writer, SimulationResult result) => JsonSerializer.Serialize(writer, result, SimulationJson.Default.SimulationResult);

    /// <summary>The simulation on file; null when there is none.</summary>
    /// <exception cref="ControlException"><c>file-format</c>, <c>file-version</c>; <c>simulation-other-change</c> (exit 6) when it is of another change.</exception>
    public static SimulationResult? Read(FiledChange change)
    {
        var path = PathOf(change);
        if (!JsonFile.TryRead(path, SimulationJson.Default.SimulationResult, out var result))
        {
            return null;
        }

        return result.Version != 1 ? throw new ControlException("file-version", ExitCode.BadInput, $"{path} has version {result.Version}; this program reads version 1.", "Simulate the change again.")
            : result.Change != change.Document.Digest() ? throw new ControlException("simulation-other-change", ExitCode.Mismatch, $"{path} is the simulation of the change {result.Change}, not of this one.", "Simulate the change again.")
            : result;
    }
}

/// <summary>How simulations are read and written.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    WriteIndented = true,
    MaxDepth = 4096,
    Converters = [typeof(AddressConverter), typeof(Bytes32Converter), typeof(ChainIdConverter), typeof(EffectStandingConverter), typeof(FindingWeightConverter)])]
[JsonSerializable(typeof(SimulationResult))]
internal sealed partial class SimulationJson : JsonSerializerContext;

/// <summary>Standings by their lower-case names.</summary>
public sealed class EffectStandingConverter() : JsonStringEnumConverter<EffectStanding>(JsonNamingPolicy.CamelCase, allowIntegerValues: false);

/// <summary>Weights by their lower-case names.</summary>
public sealed class FindingWeightConverter() : JsonStringEnumConverter<FindingWeight>(JsonNamingPolicy.CamelCase, allowIntegerValues: false);
