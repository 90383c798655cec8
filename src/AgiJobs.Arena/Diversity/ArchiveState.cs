using System.Text.Json.Serialization;
using AgiJobs.Arena.Scoreboard;
using AgiJobs.Control;
using AgiJobs.Control.Files;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Diversity;

/// <summary>A quality-diversity archive between two rounds.</summary>
/// <param name="Version">The format's version; 1.</param>
/// <param name="Applied">The rounds that are in it.</param>
/// <param name="Elites">The elites, by family, band and style.</param>
public sealed record ArchiveState(int Version, RoundSet Applied, IReadOnlyList<Elite> Elites)
{
    /// <summary>The state as JSON: the same state, the same bytes.</summary>
    public byte[] Encode() => JsonFile.Encode(this, DiversityJson.Default.ArchiveState);

    /// <summary>Reads what <see cref="Encode"/> wrote.</summary>
    /// <exception cref="ControlException"><c>file-format</c>; <c>state-version</c> for another version.</exception>
    public static ArchiveState Decode(ReadOnlySpan<byte> bytes, string name)
    {
        var state = JsonFile.Parse(bytes, name, DiversityJson.Default.ArchiveState);
        return state.Version == 1 ? state : throw new ControlException("state-version", ExitCode.BadInput, $"{name} has version {state.Version}; this program reads version 1.", "Use the program that wrote it, or a newer one.");
    }
}

/// <summary>The best of a cell.</summary>
/// <param name="Family">The family of the task.</param>
/// <param name="Band">The band of its difficulty.</param>
/// <param name="Style">The style of the solution.</param>
/// <param name="Fitness">The teacher's merit of the round, in millionths.</param>
/// <param name="Round">The round.</param>
/// <param name="Teacher">Who set the task.</param>
/// <param name="Solver">Who solved it in this style; of several the lowest address.</param>
/// <param name="Task">The digest of the task.</param>
/// <param name="Visits">In how many rounds the cell was reached.</param>
public sealed record Elite(string Family, int Band, string Style, long Fitness, long Round, Address Teacher, Address Solver, Bytes32? Task, int Visits);

/// <summary>How the archive is read and written.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    WriteIndented = true,
    Converters = [typeof(AddressConverter), typeof(Bytes32Converter)])]
[JsonSerializable(typeof(ArchiveState))]
internal sealed partial class DiversityJson : JsonSerializerContext;
