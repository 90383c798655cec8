using System.Text.Json.Serialization;
using AgiJobs.Arena.Scoreboard;
using AgiJobs.Control;
using AgiJobs.Control.Files;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Ratings;

/// <summary>The ladder between two rounds.</summary>
/// <param name="Version">The format's version; 1.</param>
/// <param name="Applied">The rounds that are in it.</param>
/// <param name="Players">Everybody who was rated, by address.</param>
public sealed record LadderState(int Version, RoundSet Applied, IReadOnlyList<LadderPlayer> Players)
{
    /// <summary>Nobody has played.</summary>
    public static LadderState Empty { get; } = new(1, RoundSet.Empty, []);

    /// <summary>The state as JSON: the same state, the same bytes.</summary>
    public byte[] Encode() => JsonFile.Encode(this, RatingsJson.Default.LadderState);

    /// <summary>Reads what <see cref="Encode"/> wrote.</summary>
    /// <exception cref="ControlException"><c>file-format</c>; <c>state-version</c> for another version.</exception>
    public static LadderState Decode(ReadOnlySpan<byte> bytes, string name)
    {
        var state = JsonFile.Parse(bytes, name, RatingsJson.Default.LadderState);
        return state.Version == 1 ? state : throw new ControlException("state-version", ExitCode.BadInput, $"{name} has version {state.Version}; this program reads version 1.", "Use the program that wrote it, or a newer one.");
    }
}

/// <summary>A player of the ladder. Mean and deviation are kept in millionths, rounded to the nearest after every round, halves to the even one.</summary>
/// <param name="Account">Who.</param>
/// <param name="Mu">The mean of the skill, in millionths.</param>
/// <param name="Sigma">Its standard deviation, in millionths.</param>
/// <param name="Rounds">In how many rounds.</param>
/// <param name="LastRound">In which round last.</param>
public sealed record LadderPlayer(Address Account, long Mu, long Sigma, long Rounds, long LastRound)
{
    /// <summary>The skill that the player has almost certainly, in millionths: mean less three deviations.</summary>
    [JsonIgnore]
    public long Ordinal => Mu - (3 * Sigma);

    /// <summary>The skill as the formulas take it.</summary>
    [JsonIgnore]
    public Skill Skill => new(Mu / 1e6, Sigma / 1e6);

    internal LadderPlayer After(Skill skill, long round) => new(Account, Micro(skill.Mu), Micro(skill.Sigma), Rounds + 1, round);

    internal static long Micro(double value) => checked((long)Math.Round(value * 1e6, MidpointRounding.ToEven));
}

/// <summary>How the ladder is read and written.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    WriteIndented = true,
    Converters = [typeof(AddressConverter)])]
[JsonSerializable(typeof(LadderState))]
internal sealed partial class RatingsJson : JsonSerializerContext;
