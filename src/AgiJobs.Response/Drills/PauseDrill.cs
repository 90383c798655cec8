using System.Globalization;
using System.Text.Json.Nodes;

namespace AgiJobs.Response.Drills;

/// <summary>
/// The drill of the main job: a live protocol is paused by its guardian, proved paused, and resumed by its 2-of-3 Safe, with every wrong way tried and refused. It runs
/// the operators' own commands, each in a process of its own.
/// </summary>
public sealed class PauseDrill(IDrillGround ground, TimeProvider time)
{
    private const string Instance = "DRILL-1";

    private static readonly (string Claim, string Duty, string Signer)[] SignOffs =
    [
        ("The author signs for what the change says", "author", "deployer"),
        ("Security signs that the alerts are back to normal", "security", "moderator"),
        ("The operator signs that the checks have passed", "operator", "pauser"),
        ("The commander signs off", "commander", "guardian"),
    ];

    private readonly List<DrilledClaim> _claims = [];

    /// <summary>Hears of each claim as it is decided.</summary>
    public Action<DrilledClaim> OnClaim { get; init; } = _ => { };

    /// <summary>Runs it to the end, or to the first claim without which the rest means nothing.</summary>
    public async Task<DrillReport> RunAsync(CancellationToken cancellation)
    {
        var startedAt = time.GetUtcNow();
        var began = time.GetTimestamp();
        TimeSpan? pauseTook = null;
        ulong? pauseBlocks = null;
        TimeSpan? resumeTook = null;
        try
        {
            await StateAsync("The protocol is running", "running", cancellation).ConfigureAwait(false);
            await ProbesAsync("Running, the calls of all who take part go through", succeed: true, cancellation).ConfigureAwait(false);
            await CommandAsync("A pause without --execute is a preview and sends nothing", 3, json => json["sent"]?.GetValue<bool>() == false, cancellation, "owner", "system-pause", "--action", "pause", "--signer", "guardian", "--instance", Instance).ConfigureAwait(false);
            await StateAsync("After the preview the protocol still runs", "running", cancellation).ConfigureAwait(false);

            var before = await ground.BlockAsync(cancellation).ConfigureAwait(false);
            var pause = await CommandAsync("The guardian pauses everything in one transaction", 0, json => Text(json, "end") == "verified", cancellation, "owner", "system-pause", "--action", "pause", "--signer", "guardian", "--instance", Instance, "--execute").ConfigureAwait(false);
            pauseTook = pause.Took;
            pauseBlocks = MinedIn(pause.Json) - before.Value;
            await StateAsync("Every module is paused", "paused", cancellation).ConfigureAwait(false);
            await ProbesAsync("Paused, the same calls are refused because of the pause", succeed: false, cancellation).ConfigureAwait(false);
            await CommandAsync("The same pause a second time sends nothing", 0, json => json["sent"]?.GetValue<bool>() != true, cancellation, "owner", "system-pause", "--action", "pause", "--signer", "guardian", "--instance", Instance, "--execute").ConfigureAwait(false);
            await CommandAsync("The guardian cannot resume", 4, json => json["error"]?["code"]?.GetValue<string>() == "no-route", cancellation, "owner", "system-pause", "--action", "unpause", "--signer", "guardian", "--instance", Instance, "--execute").ConfigureAwait(false);

            var plan = await CommandAsync("A resume is planned through the Safe", 3, json => json["change"] is not null, cancellation, "owner", "system-pause", "--action", "unpause", "--instance", Instance).ConfigureAwait(false);
            var change = Text(plan.Json, "change") ?? throw new DrillStopped("the plan names no change");
            await CommandAsync("A stranger's signature is refused", 4, json => json["error"]?["code"]?.GetValue<string>() == "safe-not-owner", cancellation, "change", "approve", change, "--signer", "agent-1").ConfigureAwait(false);
            await CommandAsync("The first owner signs", 0, json => Signatures(json) == 1, cancellation, "change", "approve", change, "--signer", "safe-owner-1").ConfigureAwait(false);
            await CommandAsync("With one of two signatures nothing is sent", 4, json => json["error"]?["code"]?.GetValue<string>() == "approvals-missing", cancellation, "change", "execute", change, "--signer", "relayer", "--execute").ConfigureAwait(false);
            await CommandAsync("The second owner signs in another process", 0, json => Signatures(json) == 2, cancellation, "change", "approve", change, "--signer", "safe-owner-2").ConfigureAwait(false);
            await CommandAsync("With the owners' signatures alone the gate stays shut", 4, json => json["error"]?["code"]?.GetValue<string>() == "approvals-missing", cancellation, "change", "execute", change, "--signer", "relayer", "--execute").ConfigureAwait(false);
            foreach (var (claim, duty, signer) in SignOffs)
            {
                await CommandAsync(claim, 0, json => IsSigned(json, duty), cancellation, "change", "approve", change, "--duty", duty, "--signer", signer).ConfigureAwait(false);
            }

            await CommandAsync("One who approved it does not send it", 4, json => json["error"]?["code"]?.GetValue<string>() == "approvals-missing", cancellation, "change", "execute", change, "--signer", "safe-owner-1", "--execute").ConfigureAwait(false);
            var resume = await CommandAsync("An executor executes what the owners signed", 0, json => Text(json, "end") == "verified", cancellation, "change", "execute", change, "--signer", "relayer", "--execute").ConfigureAwait(false);
            resumeTook = resume.Took;
            await StateAsync("Every module runs again", "running", cancellation).ConfigureAwait(false);
            await ProbesAsync("Resumed, the same calls go through again", succeed: true, cancellation).ConfigureAwait(false);
            await CommandAsync("The same change is not executed a second time", 0, json => Text(json, "end") == "already-executed", cancellation, "change", "execute", change, "--signer", "relayer", "--execute").ConfigureAwait(false);
        }
        catch (DrillStopped stopped)
        {
            Claim(new DrilledClaim("The drill comes to its end", false, stopped.Message, null, TimeSpan.Zero));
        }

        return new DrillReport("pause", startedAt, time.GetElapsedTime(began), _claims, pauseTook, pauseBlocks, resumeTook);
    }

    private async Task<CommandOutcome> CommandAsync(string claim, int exit, Func<JsonObject, bool> holds, CancellationToken cancellation, params string[] arguments)
    {
        var outcome = await ground.RunAsync(arguments, cancellation).ConfigureAwait(false);
        var held = outcome.Exit == exit && holds(outcome.Json);
        var detail = outcome.Json["error"] is JsonObject error
            ? string.Create(CultureInfo.InvariantCulture, $"exit {outcome.Exit}, {Text(error, "code")}")
            : string.Create(CultureInfo.InvariantCulture, $"exit {outcome.Exit}");
        Claim(new DrilledClaim(claim, held, held ? detail : $"{detail}: {(outcome.Json["error"] is JsonObject problem ? Text(problem, "message") : outcome.Json.ToJsonString())}", $"agijobs {string.Join(' ', arguments)}", outcome.Took));
        return held ? outcome : throw new DrillStopped($"stopped after '{claim}', which the rest depends on");
    }

    private async Task StateAsync(string claim, string wanted, CancellationToken cancellation)
    {
        var outcome = await ground.RunAsync(["owner", "system-pause", "--action", "status"], cancellation).ConfigureAwait(false);
        var modules = outcome.Json["modules"]?.AsArray() ?? [];
        var held = outcome.Exit == 0 && modules.Count > 0 && modules.All(module => module is not null && string.Equals(Text(module.AsObject(), "state"), wanted, StringComparison.Ordinal));
        Claim(new DrilledClaim(claim, held, Text(outcome.Json, "summary") ?? outcome.Json.ToJsonString(), "agijobs owner system-pause --action status", outcome.Took));
        _ = held ? true : throw new DrillStopped($"stopped after '{claim}', which the rest depends on");
    }

    private async Task ProbesAsync(string claim, bool succeed, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        var outcomes = await ground.ProbeAsync(cancellation).ConfigureAwait(false);

        // Refused for any other reason would prove nothing about the pause.
        var wrong = outcomes.Where(outcome => succeed ? !outcome.Succeeds : outcome.Succeeds || outcome.Reason?.Contains("EnforcedPause", StringComparison.Ordinal) != true).ToList();
        var held = outcomes.Count > 0 && wrong.Count == 0;
        var detail = held
            ? $"{outcomes.Count} calls {(succeed ? "succeed" : "are refused with EnforcedPause()")}: {string.Join(", ", outcomes.Select(outcome => outcome.Probe.What))}"
            : outcomes.Count == 0 ? "there was nothing to try" : string.Join("; ", wrong.Select(outcome => $"{outcome.Probe.What}: {(outcome.Succeeds ? "succeeds" : outcome.Reason)}"));
        Claim(new DrilledClaim(claim, held, detail, null, time.GetElapsedTime(began)));
    }

    private void Claim(DrilledClaim claim)
    {
        _claims.Add(claim);
        OnClaim(claim);
    }

    private static string? Text(JsonObject json, string key) => json[key]?.GetValue<string>();

    private static int? Signatures(JsonObject json) => json["safe"]?["signedBy"]?.AsArray().Count;

    private static bool IsSigned(JsonObject json, string duty) =>
        json["approvals"]?["requirements"]?.AsArray().Any(entry => entry?["by"]?.AsArray().Any(by => string.Equals(by?["duty"]?.GetValue<string>(), duty, StringComparison.Ordinal)) == true) == true;

    private static ulong? MinedIn(JsonObject json) => json["transactions"] is JsonArray { Count: > 0 } transactions ? transactions[^1]!["block"]!.GetValue<ulong>() : null;

    private sealed class DrillStopped(string why) : Exception(why);
}
