using System.Text.Json.Serialization;
using AgiJobs.Arena.Scoreboard;
using AgiJobs.Control;
using AgiJobs.Control.Files;

namespace AgiJobs.Arena.Difficulty;

/// <summary>A difficulty controller between two rounds. Numbers are kept in millionths, rounded to the nearest, halves to the even one.</summary>
/// <param name="Version">The format's version; 1.</param>
/// <param name="Arena">The arena that it steers: network and address.</param>
/// <param name="Applied">The rounds that are in it.</param>
/// <param name="Window">The last rounds, oldest first.</param>
/// <param name="RateMicro">The success rate as it was believed after the last round; null before the first.</param>
/// <param name="IntegralMicro">The integral, in points of difficulty.</param>
/// <param name="OutputMicro">The difficulty before it is rounded to a whole one.</param>
public sealed record DifficultyState(int Version, string Arena, RoundSet Applied, IReadOnlyList<ObservedRound> Window, long? RateMicro, long IntegralMicro, long OutputMicro)
{
    /// <summary>The difficulty, a whole number.</summary>
    [JsonIgnore]
    public int Difficulty => (int)Math.Round(OutputMicro / 1_000_000m, MidpointRounding.ToEven);

    /// <summary>A controller that begins at a difficulty.</summary>
    public static DifficultyState Start(string arena, int difficulty) => new(1, arena, RoundSet.Empty, [], null, difficulty * 1_000_000L, difficulty * 1_000_000L);

    /// <summary>The state as JSON: the same state, the same bytes.</summary>
    public byte[] Encode() => JsonFile.Encode(this, DifficultyJson.Default.DifficultyState);

    /// <summary>Reads what <see cref="Encode"/> wrote for an arena.</summary>
    /// <exception cref="ControlException"><c>file-format</c>; <c>state-version</c> for another version, <c>difficulty-other-arena</c> for the state of another arena.</exception>
    public static DifficultyState Decode(ReadOnlySpan<byte> bytes, string name, string arena)
    {
        var state = JsonFile.Parse(bytes, name, DifficultyJson.Default.DifficultyState);
        if (state.Version != 1)
        {
            throw new ControlException("state-version", ExitCode.BadInput, $"{name} has version {state.Version}; this program reads version 1.", "Use the program that wrote it, or a newer one.");
        }

        return string.Equals(state.Arena, arena, StringComparison.Ordinal)
            ? state
            : throw new ControlException("difficulty-other-arena", ExitCode.BadInput, $"{name} steers the arena {state.Arena}, not {arena}: each arena has a controller of its own.", "Give the state of this arena, or begin one.");
    }
}

/// <summary>A round as the controller saw it.</summary>
/// <param name="Round">Its number.</param>
/// <param name="Solved">How many students solved its task.</param>
/// <param name="Students">How many there were.</param>
public readonly record struct ObservedRound(long Round, int Solved, int Students);

/// <summary>How the controller's state is read and written.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    WriteIndented = true)]
[JsonSerializable(typeof(DifficultyState))]
internal sealed partial class DifficultyJson : JsonSerializerContext;
