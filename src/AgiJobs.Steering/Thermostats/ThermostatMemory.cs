using System.Globalization;
using System.Text;
using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Control.Files;
using AgiJobs.Hgm;
using AgiJobs.Hgm.Laws;

namespace AgiJobs.Steering.Thermostats;

/// <summary>A change of parameters that is to be made, written down before it is asked for.</summary>
/// <param name="Mark">What its reason holds, by which it is found in the run's events.</param>
/// <param name="ExpectedVersion">The version that it was decided on.</param>
/// <param name="Alpha">α to be.</param>
/// <param name="Prior">The prior to be.</param>
/// <param name="Reason">Why, with the mark.</param>
/// <param name="Before">What was remembered before the sample that led to it: where it turns out that it was not made, the thermostat goes on from there.</param>
/// <param name="MovesBefore">The moves then.</param>
public sealed record ThermostatIntent(string Mark, long ExpectedVersion, decimal Alpha, decimal Prior, string Reason, ThermostatState Before, int MovesBefore);

/// <summary>What a thermostat remembers of one run over a restart.</summary>
/// <param name="Begun">When the run began; null without one.</param>
/// <param name="State">Window, cooldown and parameters.</param>
/// <param name="Moves">Moves since the return was last inside the band.</param>
/// <param name="LastVersion">The run's version at the last sample, where the source told it.</param>
/// <param name="Intent">What was to be done and is not known to be done; null when nothing is open.</param>
public sealed record ThermostatMemory(DateTimeOffset? Begun, ThermostatState State, int Moves, long? LastVersion, ThermostatIntent? Intent);

/// <summary>Where a thermostat's memory is kept.</summary>
public interface IThermostatStore
{
    /// <summary>What was kept; null when nothing was.</summary>
    /// <exception cref="ControlException"><c>thermostat-state</c>: it is damaged, and is not taken for an empty one.</exception>
    ThermostatMemory? Load();

    /// <summary>Keeps it; when this returns it is on the disk.</summary>
    void Save(ThermostatMemory memory);
}

/// <summary>A thermostat's memory as a file of the workspace: <c>storage/state/thermostat/NETWORK/RUN.json</c>.</summary>
/// <param name="path">The file.</param>
public sealed class MemoryFile(string path) : IThermostatStore
{
    private const string Schema = "agijobs.thermostat-state/1";

    /// <inheritdoc/>
    public ThermostatMemory? Load()
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            var root = json.RootElement;
            return root.GetProperty("schema").GetString() == Schema
                ? new ThermostatMemory(
                    root.TryGetProperty("begun", out var begun) ? begun.GetDateTimeOffset() : null,
                    ThermostatState.Read(root.GetProperty("state")),
                    root.GetProperty("moves").GetInt32(),
                    root.TryGetProperty("lastVersion", out var version) ? version.GetInt64() : null,
                    root.TryGetProperty("intent", out var intent) ? Intent(intent) : null)
                : throw new FormatException("it has another schema");
        }
        catch (Exception problem) when (problem is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or IOException or UnauthorizedAccessException or HgmException)
        {
            throw new ControlException("thermostat-state", ExitCode.Mismatch, $"{path} is not what a thermostat keeps: {problem.Message}", "Restore it from a backup, or begin with an empty window: --forget.", problem);
        }
    }

    /// <inheritdoc/>
    public void Save(ThermostatMemory memory)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WriteString("schema", Schema);
            if (memory.Begun is { } begun)
            {
                writer.WriteString("begun", begun);
            }

            writer.WritePropertyName("state");
            memory.State.WriteTo(writer);
            writer.WriteNumber("moves", memory.Moves);
            if (memory.LastVersion is { } version)
            {
                writer.WriteNumber("lastVersion", version);
            }

            if (memory.Intent is { } intent)
            {
                writer.WriteStartObject("intent");
                writer.WriteString("mark", intent.Mark);
                writer.WriteNumber("expectedVersion", intent.ExpectedVersion);
                writer.WriteString("alpha", intent.Alpha.ToString(CultureInfo.InvariantCulture));
                writer.WriteString("prior", intent.Prior.ToString(CultureInfo.InvariantCulture));
                writer.WriteString("reason", intent.Reason);
                writer.WritePropertyName("before");
                intent.Before.WriteTo(writer);
                writer.WriteNumber("movesBefore", intent.MovesBefore);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        AtomicFile.Write(path, Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(buffer.ToArray()) + "\n"));
    }

    private static ThermostatIntent Intent(JsonElement json) => new(
        json.GetProperty("mark").GetString()!,
        json.GetProperty("expectedVersion").GetInt64(),
        decimal.Parse(json.GetProperty("alpha").GetString()!, CultureInfo.InvariantCulture),
        decimal.Parse(json.GetProperty("prior").GetString()!, CultureInfo.InvariantCulture),
        json.GetProperty("reason").GetString()!,
        ThermostatState.Read(json.GetProperty("before")),
        json.GetProperty("movesBefore").GetInt32());
}
