using System.Globalization;
using System.Text.Json.Nodes;

namespace AgiJobs.Response.Drills;

/// <summary>A drill as it goes: what was claimed and decided so far, and which faults were noticed.</summary>
/// <param name="commands">The operators' commands.</param>
/// <param name="tell">Hears of each claim as it is decided.</param>
internal sealed class DrillRecord(IDrillCommands commands, Action<DrilledClaim> tell)
{
    private readonly List<DrilledClaim> _claims = [];
    private readonly List<(string, bool)> _faults = [];

    /// <summary>The part of the drill that goes on.</summary>
    public string? Part { get; set; }

    /// <summary>What was decided, in its order.</summary>
    public IReadOnlyList<DrilledClaim> Claims => _claims;

    /// <summary>Each fault that was injected, and whether it was noticed.</summary>
    public IReadOnlyList<(string Fault, bool Noticed)> Faults => _faults;

    /// <summary>Writes down what was decided of a claim.</summary>
    /// <returns>What was decided.</returns>
    public bool Claim(string claim, bool held, string detail, string? command = null, TimeSpan took = default)
    {
        var decided = new DrilledClaim(claim, held, detail, command, took) { Part = Part };
        _claims.Add(decided);
        tell(decided);
        return held;
    }

    /// <summary>The same of a claim without which the rest means nothing.</summary>
    /// <exception cref="DrillStopped">It does not hold.</exception>
    public void Require(string claim, bool held, string detail, string? command = null, TimeSpan took = default)
    {
        if (!Claim(claim, held, detail, command, took))
        {
            throw new DrillStopped($"stopped after '{claim}', which the rest depends on");
        }
    }

    /// <summary>The drill ended before its time.</summary>
    public void Stopped(DrillStopped why) => Claim("The drill comes to its end", false, why.Message);

    /// <summary>Runs a command that the rest depends on.</summary>
    /// <exception cref="DrillStopped">It ended otherwise, or what it says does not hold.</exception>
    public async Task<CommandOutcome> CommandAsync(string claim, int[] exits, Func<JsonObject, bool> holds, IReadOnlyList<string> line, CancellationToken cancellation)
    {
        var outcome = await commands.RunAsync(line, cancellation).ConfigureAwait(false);
        Require(claim, exits.Contains(outcome.Exit) && holds(outcome.Json), Detail(outcome), Typed(line), outcome.Took);
        return outcome;
    }

    /// <summary>Runs a command while something is wrong, and writes down whether it noticed.</summary>
    public async Task FaultAsync(string fault, string claim, Func<CommandOutcome, bool> notices, IReadOnlyList<string> line, CancellationToken cancellation)
    {
        var outcome = await commands.RunAsync(line, cancellation).ConfigureAwait(false);
        var noticed = notices(outcome);
        _faults.Add((fault, noticed));
        Claim($"FAULT, {fault}. {claim}", noticed, Detail(outcome), Typed(line), outcome.Took);
    }

    /// <summary>The line as somebody types it.</summary>
    public static string Typed(IReadOnlyList<string> line) => $"agijobs {string.Join(' ', line)}";

    /// <summary>What a command ended with, in words.</summary>
    public static string Detail(CommandOutcome outcome) => string.Create(CultureInfo.InvariantCulture, $"exit {outcome.Exit}{(outcome.Json["error"] is JsonObject error ? $", {Text(error, "code")}: {Text(error, "message")}" : Text(outcome.Json, "summary") is { } summary ? $", {summary}" : "")}");

    /// <summary>A text of a document; null when there is none by that name.</summary>
    public static string? Text(JsonObject? json, string key) => json?[key] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}

/// <summary>Something does not hold without which the rest of a drill means nothing.</summary>
internal sealed class DrillStopped(string why) : Exception(why);
