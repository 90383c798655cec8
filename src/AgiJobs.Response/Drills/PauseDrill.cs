using System.Globalization;
using System.Text.Json.Nodes;

namespace AgiJobs.Response.Drills;

/// <summary>
/// The drill of the main job: a live protocol is paused by its guardian and resumed by its 2-of-3 Safe through the resume gate, paused again by a stranger who fires what the guardian signed in advance, and resumed
/// once more; then the evidence is exported and verified by somebody who has nothing but the file and the owners' addresses. Every wrong way on the way is tried and refused. It runs the operators' own commands, each in
/// a process of its own.
/// </summary>
public sealed class PauseDrill(IDrillGround ground, TimeProvider time, Action<DrilledClaim>? tell = null)
{
    private const string Instance = "DRILL-1";
    private const string SecondInstance = "DRILL-2";
    private const string Bundle = "evidence.tar";

    // Holds no role and no duty.
    private const string Stranger = "employer";

    private static readonly (string Claim, string Duty, string Signer)[] SignOffs =
    [
        ("The author signs for what the change says", "author", "deployer"),
        ("Security signs that the alerts are back to normal", "security", "moderator"),
        ("The operator signs that the checks have passed", "operator", "pauser"),
        ("The commander signs off", "commander", "guardian"),
    ];

    private readonly DrillRecord _record = new(ground, tell ?? (_ => { }));


    /// <summary>Runs it to the end, or to the first claim without which the rest means nothing.</summary>
    public async Task<DrillReport> RunAsync(CancellationToken cancellation)
    {
        var startedAt = time.GetUtcNow();
        var began = time.GetTimestamp();
        DrillTiming? pause = null;
        DrillTiming? resume = null;
        DrillTiming? fire = null;
        try
        {
            _record.Part = "The guardian pauses";
            pause = await PauseAsync(cancellation).ConfigureAwait(false);
            _record.Part = "The Safe resumes, through the gate";
            (var change, resume) = await ResumeAsync(cancellation).ConfigureAwait(false);
            _record.Part = "A stranger fires an armed pause";
            fire = await FireAsync(cancellation).ConfigureAwait(false);
            _record.Part = "The Safe resumes again, and the next pause is rehearsed";
            await ResumeAgainAsync(change, cancellation).ConfigureAwait(false);
            _record.Part = "The evidence is signed and handed out";
            var owners = await EvidenceAsync(cancellation).ConfigureAwait(false);
            _record.Part = "Somebody else verifies it";
            await VerifyApartAsync(owners, cancellation).ConfigureAwait(false);
        }
        catch (DrillStopped stopped)
        {
            _record.Stopped(stopped);
        }

        return new DrillReport("pause", startedAt, time.GetElapsedTime(began), _record.Claims, pause, resume) { Fire = fire };
    }

    private async Task<DrillTiming> PauseAsync(CancellationToken cancellation)
    {
        string[] command = ["owner", "system-pause", "--action", "pause", "--signer", "guardian", "--instance", Instance];
        await StateAsync("Every module runs", "running", cancellation).ConfigureAwait(false);
        await ProbesAsync("The calls of all who take part go through", succeed: true, cancellation).ConfigureAwait(false);
        await CommandAsync("Without --execute a pause is a preview and sends nothing", 3, json => json["sent"]?.GetValue<bool>() == false, cancellation, command).ConfigureAwait(false);
        await StateAsync("After the preview every module still runs", "running", cancellation).ConfigureAwait(false);
        var timing = await TimedAsync("The guardian pauses everything in one transaction", cancellation, [.. command, "--execute"]).ConfigureAwait(false);
        await StateAsync("Every module is paused", "paused", cancellation).ConfigureAwait(false);
        await ProbesAsync("The same calls are refused because of the pause", succeed: false, cancellation).ConfigureAwait(false);
        await CommandAsync("The standing approval that let it through has counted the use", 0, json => Items(json, "standing").Any(entry => entry["uses"]?.GetValue<int>() == 1), cancellation, "approval", "standing", "list").ConfigureAwait(false);
        await CommandAsync("The same pause a second time sends nothing", 0, json => json["sent"]?.GetValue<bool>() != true && json["transactions"] is null, cancellation, [.. command, "--execute"]).ConfigureAwait(false);
        return timing;
    }

    private async Task<(string Change, DrillTiming Took)> ResumeAsync(CancellationToken cancellation)
    {
        await RefusedAsync("The guardian cannot resume", "no-route", cancellation, "owner", "system-pause", "--action", "unpause", "--signer", "guardian", "--instance", Instance, "--execute").ConfigureAwait(false);
        var change = await PlanAsync("A resume by the 2-of-3 Safe is planned and not sent", Instance, cancellation).ConfigureAwait(false);
        string[] execute = ["change", "execute", change, "--signer", "relayer", "--execute"];
        await RefusedAsync("A stranger's signature is refused", "safe-not-owner", cancellation, "change", "approve", change, "--signer", "agent-1").ConfigureAwait(false);
        await CommandAsync("The first owner signs", 0, json => Signatures(json) == 1, cancellation, "change", "approve", change, "--signer", "safe-owner-1").ConfigureAwait(false);
        await RefusedAsync("With one of two signatures nothing is sent", "approvals-missing", cancellation, execute).ConfigureAwait(false);
        await CommandAsync("The second owner signs, in another process", 0, json => Signatures(json) == 2, cancellation, "change", "approve", change, "--signer", "safe-owner-2").ConfigureAwait(false);
        await RefusedAsync("With the owners' signatures alone the gate stays shut", "approvals-missing", cancellation, execute).ConfigureAwait(false);
        foreach (var (claim, duty, signer) in SignOffs)
        {
            await CommandAsync(claim, 0, json => IsSigned(json, duty), cancellation, "change", "approve", change, "--duty", duty, "--signer", signer).ConfigureAwait(false);
        }

        await RefusedAsync("An owner who approved it may not send it", "approvals-missing", cancellation, "change", "execute", change, "--signer", "safe-owner-1", "--execute").ConfigureAwait(false);
        var timing = await TimedAsync("An executor sends what the owners signed", cancellation, execute).ConfigureAwait(false);
        await StateAsync("Every module runs again", "running", cancellation).ConfigureAwait(false);
        await ProbesAsync("The same calls go through again", succeed: true, cancellation).ConfigureAwait(false);
        await CommandAsync("The same change is not executed a second time", 0, json => DrillRecord.Text(json, "end") == "already-executed", cancellation, execute).ConfigureAwait(false);
        await CommandAsync("The change verifies once more, from its receipt and the chain", 0, json => Items(json, "transactions").Any() && Hold(json, "atReceipt") && Hold(json, "now"), cancellation, "change", "verify", change).ConfigureAwait(false);
        return (change, timing);
    }

    private async Task<DrillTiming> FireAsync(CancellationToken cancellation)
    {
        string[] fire = ["owner", "armory", "fire", "--signer", Stranger, "--execute"];
        await RefusedAsync("A stranger cannot pause on their own", "no-route", cancellation, "owner", "system-pause", "--action", "pause", "--signer", Stranger, "--instance", SecondInstance, "--execute").ConfigureAwait(false);
        await CommandAsync("The guardian signs a pause in advance, and it is sealed in the armory", 0, json => json["added"] is JsonArray { Count: 1 }, cancellation, "owner", "armory", "add", "--authorization", "--valid-until", "90d", "--signer", "guardian").ConfigureAwait(false);
        await CommandAsync("Tried on the newest block it would pause, and the stranger can pay for it", 0, json => Items(json, "items").All(item => DrillRecord.Text(item, "state") == "ready") && json["armed"]?.GetValue<bool>() == true, cancellation, "owner", "armory", "check", "--signer", Stranger).ConfigureAwait(false);
        await StateAsync("Signing and trying it paused nothing", "running", cancellation).ConfigureAwait(false);
        var timing = await TimedAsync("The stranger fires it, and everything is paused in one transaction", cancellation, fire).ConfigureAwait(false);
        await StateAsync("Every module is paused", "paused", cancellation).ConfigureAwait(false);
        await ProbesAsync("The calls of all who take part are refused because of the pause", succeed: false, cancellation).ConfigureAwait(false);
        await RefusedAsync("It is spent and cannot be fired a second time", "armory-empty", cancellation, fire).ConfigureAwait(false);
        return timing;
    }

    private async Task ResumeAgainAsync(string before, CancellationToken cancellation)
    {
        var change = await PlanAsync("The second resume is planned as a change of its own", SecondInstance, cancellation, before).ConfigureAwait(false);
        await CommandsAsync(
            "The same people sign again, because no signature of the first resume counts for the second",
            json => Signatures(json) == 2,
            [
                .. SignOffs.Select(entry => (string[])["change", "approve", change, "--duty", entry.Duty, "--signer", entry.Signer]),
                ["change", "approve", change, "--signer", "safe-owner-1", "--signer", "safe-owner-2"],
            ],
            cancellation).ConfigureAwait(false);
        _ = await TimedAsync("An executor sends it", cancellation, "change", "execute", change, "--signer", "relayer", "--execute").ConfigureAwait(false);
        await StateAsync("Every module runs again", "running", cancellation).ConfigureAwait(false);
        await CommandAsync("On a fork of what is live now, pause and resume are rehearsed", 0, json => json["held"]?.GetValue<bool>() == true && Items(json, "claims").Any(), cancellation, "owner", "pause-test").ConfigureAwait(false);
    }

    private async Task<IReadOnlyList<string>> EvidenceAsync(CancellationToken cancellation)
    {
        await CommandAsync("The ledger has the two pauses and the two resumes, each verified", 0, json => Items(json, "entries").Count() == 4 && Items(json, "entries").All(entry => DrillRecord.Text(entry, "outcome") == "verified"), cancellation, "ledger", "show").ConfigureAwait(false);
        await CommandAsync("The audit log verifies, and no file that it vouches for was altered", 0, json => Items(json, "logs").Any() && json["filesVerified"]?.GetValue<int>() > 0, cancellation, "evidence", "log", "--verify").ConfigureAwait(false);
        await CommandAsync("The first owner signs the log's checkpoint", 0, json => Witnesses(json) == 1, cancellation, "evidence", "checkpoint", "--signer", "safe-owner-1").ConfigureAwait(false);
        await CommandAsync("The second owner signs the same checkpoint", 0, json => Witnesses(json) == 2, cancellation, "evidence", "checkpoint", "--signer", "safe-owner-2").ConfigureAwait(false);
        await CommandAsync("Everything on record is written to one file", 0, json => json["entries"]?.GetValue<int>() > 0 && json["signedBy"] is JsonArray { Count: 2 }, cancellation, "evidence", "export", "--all", "--out", Bundle).ConfigureAwait(false);
        var listed = await CommandAsync("The Safe on the chain still has its three owners", 0, json => Owners(json).Count == 3, cancellation, "signer", "list").ConfigureAwait(false);
        return Owners(listed.Json);
    }

    private async Task VerifyApartAsync(IReadOnlyList<string> owners, CancellationToken cancellation)
    {
        string[] signed = ["evidence", "verify", Bundle, "--owner", owners[0], "--owner", owners[1]];
        string[] unsigned = ["evidence", "verify", Bundle, "--owner", owners[0], "--owner", owners[2]];
        var outcome = await ground.RunApartAsync(signed, Bundle, cancellation).ConfigureAwait(false);
        Decide("With the file and the addresses of the two owners alone it verifies, each receipt proven", outcome.Exit == 0 && Items(outcome.Json, "logs").Any() && ProvesReceipts(outcome.Json), outcome, signed, ground.Apartness);
        outcome = await ground.RunApartAsync(unsigned, Bundle, cancellation).ConfigureAwait(false);
        Decide("With the address of the owner who did not sign it does not", outcome.Exit == 6 && Items(outcome.Json, "findings").Any(finding => finding["exit"]?.GetValue<int>() == 6), outcome, unsigned, ground.Apartness);
    }

    private async Task<string> PlanAsync(string claim, string instance, CancellationToken cancellation, string? before = null)
    {
        var plan = await CommandAsync(claim, 3, json => DrillRecord.Text(json, "change") is { } planned && planned != before && json["sent"]?.GetValue<bool>() == false, cancellation, "owner", "system-pause", "--action", "unpause", "--instance", instance).ConfigureAwait(false);
        return DrillRecord.Text(plan.Json, "change")!;
    }

    private async Task<DrillTiming> TimedAsync(string claim, CancellationToken cancellation, params string[] arguments)
    {
        var before = await ground.BlockAsync(cancellation).ConfigureAwait(false);
        var outcome = await CommandAsync(claim, 0, json => DrillRecord.Text(json, "end") == "verified" && json["transactions"] is JsonArray { Count: 1 }, cancellation, arguments).ConfigureAwait(false);
        return new DrillTiming(outcome.Took, MinedIn(outcome.Json) - before.Value);
    }

    private Task<CommandOutcome> RefusedAsync(string claim, string code, CancellationToken cancellation, params string[] arguments) =>
        CommandAsync(claim, 4, json => json["error"] is JsonObject error && DrillRecord.Text(error, "code") == code, cancellation, arguments);

    private async Task<CommandOutcome> CommandAsync(string claim, int exit, Func<JsonObject, bool> holds, CancellationToken cancellation, params string[] arguments)
    {
        var outcome = await ground.RunAsync(arguments, cancellation).ConfigureAwait(false);
        return Decide(claim, outcome.Exit == exit && holds(outcome.Json), outcome, arguments);
    }

    // One claim about several commands that all succeed; what the last one says decides.
    private async Task CommandsAsync(string claim, Func<JsonObject, bool> holds, IReadOnlyList<string[]> commands, CancellationToken cancellation)
    {
        var took = TimeSpan.Zero;
        foreach (var (arguments, index) in commands.Select((arguments, index) => (arguments, index)))
        {
            var outcome = await ground.RunAsync(arguments, cancellation).ConfigureAwait(false);
            took += outcome.Took;
            var isLast = index == commands.Count - 1;
            var held = outcome.Exit == 0 && (arguments.Contains("--duty", StringComparer.Ordinal) ? IsSigned(outcome.Json, arguments[4]) : Signatures(outcome.Json) > 0) && (!isLast || holds(outcome.Json));
            if (isLast || !held)
            {
                _ = Decide(claim, held, outcome with { Took = took }, arguments, string.Create(CultureInfo.InvariantCulture, $"{index + 1} commands, the last of them"));
            }
        }
    }

    private CommandOutcome Decide(string claim, bool held, CommandOutcome outcome, IReadOnlyList<string> arguments, string? how = null)
    {
        var detail = string.Create(CultureInfo.InvariantCulture, $"exit {outcome.Exit}{(outcome.Json["error"] is JsonObject error ? $", {DrillRecord.Text(error, "code")}" : "")}{(how is null ? "" : $" ({how})")}");
        _record.Require(claim, held, held ? detail : $"{detail}: {(outcome.Json["error"] is JsonObject problem ? DrillRecord.Text(problem, "message") : outcome.Json.ToJsonString())}", DrillRecord.Typed(arguments), outcome.Took);
        return outcome;
    }

    private async Task StateAsync(string claim, string wanted, CancellationToken cancellation)
    {
        var outcome = await ground.RunAsync(["owner", "system-pause", "--action", "status"], cancellation).ConfigureAwait(false);
        var modules = Items(outcome.Json, "modules").ToList();
        var held = outcome.Exit == 0 && modules.Count > 0 && modules.All(module => string.Equals(DrillRecord.Text(module, "state"), wanted, StringComparison.Ordinal));
        _record.Require(claim, held, DrillRecord.Text(outcome.Json, "summary") ?? outcome.Json.ToJsonString(), "agijobs owner system-pause --action status", outcome.Took);
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
        _ = _record.Claim(claim, held, detail, took: time.GetElapsedTime(began));
    }

    private static IEnumerable<JsonObject> Items(JsonObject json, string key) => json[key] is JsonArray items ? items.OfType<JsonObject>() : [];

    private static bool Hold(JsonObject json, string key) => Items(json, key).Any() && Items(json, key).All(check => check["holds"]?.GetValue<bool>() == true);

    private static int? Signatures(JsonObject json) => json["safe"]?["signedBy"]?.AsArray().Count;

    private static int? Witnesses(JsonObject json) => Items(json, "logs").FirstOrDefault()?["signedBy"]?.AsArray().Count;

    private static IReadOnlyList<string> Owners(JsonObject json) =>
        [.. Items(json, "signers").Where(signer => signer["roles"]?.AsArray().Any(role => role?.GetValue<string>().StartsWith("owner of the Safe ", StringComparison.Ordinal) == true) == true).OrderBy(signer => DrillRecord.Text(signer, "name"), StringComparer.Ordinal).Select(signer => DrillRecord.Text(signer, "address")!)];

    private static bool IsSigned(JsonObject json, string duty) =>
        json["approvals"]?["requirements"]?.AsArray().Any(entry => entry?["by"]?.AsArray().Any(by => string.Equals(by?["duty"]?.GetValue<string>(), duty, StringComparison.Ordinal)) == true) == true;

    private static bool ProvesReceipts(JsonObject json) =>
        Receipts(json, "provenFiles").Count() == 4 && !Receipts(json, "unprovenFiles").Any();

    private static IEnumerable<string> Receipts(JsonObject json, string key) =>
        json[key] is JsonArray files ? files.Select(file => file!.GetValue<string>()).Where(file => file.StartsWith("storage/receipts/", StringComparison.Ordinal)) : [];

    private static ulong? MinedIn(JsonObject json) => json["transactions"] is JsonArray { Count: > 0 } transactions ? transactions[^1]!["block"]!.GetValue<ulong>() : null;
}
