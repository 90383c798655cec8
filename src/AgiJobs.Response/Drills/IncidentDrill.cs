using System.Text.Json.Nodes;

namespace AgiJobs.Response.Drills;

/// <summary>
/// The exercises that the incident playbooks ask for each quarter, with the operators' own commands on a throw-away chain: something goes wrong, people with different keys are led through it by the runbooks alone (each types the line
/// that the run says is next), and meanwhile faults are injected that must be noticed and must not stop the response.
/// </summary>
public sealed class IncidentDrill(IIncidentGround ground, TimeProvider time, Action<DrilledClaim>? tell = null)
{
    /// <summary>The drills by name, with what each rehearses.</summary>
    public static IReadOnlyDictionary<string, string> Names { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        ["pause-and-rotation"] = "a key in wrong hands: pause, rotation, new control confirmed; a signer that is missing, an armed pause that expired, a reorg that takes the pause back",
        ["reward-drain"] = "rewards drain from the FeePool: pause, resume through the gate; a node that lies, a module that is paused already",
        ["mass-slashing"] = "every validator is slashed: pause, resume module by module; a module that is paused already, a signer that is missing",
    };

    // An orchestrator of a local network.
    private const string Lost = "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc";

    private static readonly Dictionary<string, string> Cast = new(StringComparer.Ordinal)
    {
        ["operator"] = "guardian",
        ["commander"] = "pauser",
        ["security"] = "moderator",
        ["communications"] = "platform",
        ["finance"] = "treasury",
        ["author"] = "deployer",
        ["approver"] = "safe-owner-1",
    };

    // What people have to write down.
    private static readonly Dictionary<string, string> Said = new(StringComparer.Ordinal) { ["reached"] = "a drill: nobody was paged" };

    private static readonly Dictionary<string, string> Others = new(StringComparer.Ordinal) { ["owner-2"] = "safe-owner-2", ["control-2"] = "safe-owner-3" };

    private readonly DrillRecord _record = new(ground, tell ?? (_ => { }));
    private readonly List<string> _late = [];
    private string _incident = "";
    private int _steps;
    private TimeSpan? _toPause;
    private ulong? _blocks;

    /// <summary>Runs one to its end, or to the first claim without which the rest means nothing.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<IncidentScore> RunAsync(string name, CancellationToken cancellation)
    {
        var startedAt = time.GetUtcNow();
        var began = time.GetTimestamp();
        try
        {
            await (name switch
            {
                "pause-and-rotation" => RotationAsync(cancellation),
                "reward-drain" => DrainAsync(cancellation),
                "mass-slashing" => SlashingAsync(cancellation),
                _ => throw new ArgumentException($"There is no drill '{name}'.", nameof(name)),
            }).ConfigureAwait(false);
            _record.Part = "The evidence";
            await CommandAsync("The archive of the incident is written", 0, json => json["files"]?.GetValue<int>() > 0, ["incident", "archive", _incident], cancellation).ConfigureAwait(false);
            await CommandAsync("The audit log verifies, and no file that it vouches for was altered", 0, json => json["filesVerified"]?.GetValue<int>() > 0, ["evidence", "log", "--verify"], cancellation).ConfigureAwait(false);
            await CommandAsync("Two owners vouch for it", 0, _ => true, ["evidence", "checkpoint", "--signer", "safe-owner-1", "--signer", "safe-owner-2"], cancellation).ConfigureAwait(false);
            await CommandAsync("Everything on record is written to one file", 0, json => json["entries"]?.GetValue<int>() > 0, ["evidence", "export", "--all", "--out", "evidence.tar"], cancellation).ConfigureAwait(false);
        }
        catch (DrillStopped stopped)
        {
            _record.Stopped(stopped);
        }

        return new IncidentScore(_incident, new DrillReport(name, startedAt, time.GetElapsedTime(began), _record.Claims, null, null), _toPause, _blocks, TimeSpan.FromMinutes(5), _steps, _late, _record.Faults);
    }

    private async Task RotationAsync(CancellationToken cancellation)
    {
        _record.Part = "Before: an armed pause lies ready, and expires unseen";
        await CommandAsync("The guardian signs a pause in advance", 0, json => json["added"] is JsonArray { Count: 1 }, ["owner", "armory", "add", "--authorization", "--valid-until", "12h", "--signer", "guardian"], cancellation).ConfigureAwait(false);
        await ground.AdvanceAsync(TimeSpan.FromHours(13), cancellation).ConfigureAwait(false);
        await _record.FaultAsync("an authorisation that expired", "The check of the armory says that it is worth nothing any more", outcome => outcome.Exit != 0 || outcome.Json["armed"]?.GetValue<bool>() != true, ["owner", "armory", "check"], cancellation).ConfigureAwait(false);

        _record.Part = "A key is in wrong hands";
        var (began, block) = (time.GetTimestamp(), await ground.BlockAsync(cancellation).ConfigureAwait(false));
        await OpenAsync("key in wrong hands", "0", "key-compromise", cancellation).ConfigureAwait(false);
        var run = await BeginAsync("key-compromise", ["--input", $"lost-key={Lost}"], cancellation).ConfigureAwait(false);
        await _record.FaultAsync("a signer that is missing", "A signer that is not at hand is refused before anything is sent", outcome => outcome.Exit == 2, ["runbook", "step", run, "pause", "--signer", "guardian-2", "--execute"], cancellation).ConfigureAwait(false);
        await WalkAsync(run, new Dictionary<string, string>(StringComparer.Ordinal), cancellation, until: "confirm-paused").ConfigureAwait(false);
        await PausedAsync(began, block.Value, cancellation).ConfigureAwait(false);
        await ground.ReorganiseAsync((int)((await ground.BlockAsync(cancellation).ConfigureAwait(false)).Value - block.Value) + 1, cancellation).ConfigureAwait(false);
        await _record.FaultAsync("a reorg that takes the pause back", "The check of the runbook says that modules run", outcome => outcome.Exit == 1 && DrillRecord.Text(outcome.Json, "next") is not null, ["runbook", "step", run, "confirm-paused"], cancellation).ConfigureAwait(false);
        await CommandAsync("The pause is sent again by the same step, with the same signed bytes", 0, json => State(json, "pause") == "done", ["runbook", "step", run, "pause", "--signer", "guardian", "--execute"], cancellation).ConfigureAwait(false);

        _record.Part = "The key is left with nothing";
        await WalkAsync(run, new Dictionary<string, string>(StringComparer.Ordinal) { ["legal"] = "a drill" }, cancellation).ConfigureAwait(false);
        await CommandAsync("Nothing is left to the lost key", 0, json => json["sent"]?.GetValue<bool>() != true, ["owner", "rotate", "--lost", Lost, "--instance", $"{_incident}/after"], cancellation).ConfigureAwait(false);
    }

    private async Task DrainAsync(CancellationToken cancellation)
    {
        _record.Part = "Rewards drain from the FeePool";
        await ground.DrainRewardsAsync(cancellation).ConfigureAwait(false);
        var (began, block) = (time.GetTimestamp(), await ground.BlockAsync(cancellation).ConfigureAwait(false));
        await AlreadyPausedAsync("FeePool", cancellation).ConfigureAwait(false);
        await OpenAsync("rewards drain", "0", "funds-at-risk", cancellation).ConfigureAwait(false);
        await ground.LieAsync(true, cancellation).ConfigureAwait(false);
        var run = await BeginAsync("pause", [], cancellation).ConfigureAwait(false);
        await _record.FaultAsync("a node that says that nothing is paused", "The pause is sent all the same, and the nodes' disagreement is told", outcome => outcome.Exit == 3 && State(outcome.Json, "pause") == "look", ["runbook", "step", run, "pause", "--signer", "guardian", "--execute"], cancellation).ConfigureAwait(false);
        await ground.LieAsync(false, cancellation).ConfigureAwait(false);
        await WalkAsync(run, Usual, cancellation, until: "confirm-paused").ConfigureAwait(false);
        await WalkAsync(run, Usual, cancellation, only: "confirm-paused").ConfigureAwait(false);
        await PausedAsync(began, block.Value, cancellation).ConfigureAwait(false);
        await WalkAsync(run, Usual, cancellation).ConfigureAwait(false);
        await ResumeAsync("resume", [], cancellation).ConfigureAwait(false);
    }

    private async Task SlashingAsync(CancellationToken cancellation)
    {
        _record.Part = "Every validator is slashed";
        await ground.SlashEverybodyAsync(cancellation).ConfigureAwait(false);
        var (began, block) = (time.GetTimestamp(), await ground.BlockAsync(cancellation).ConfigureAwait(false));
        await AlreadyPausedAsync("StakeManager", cancellation).ConfigureAwait(false);
        await OpenAsync("every validator is slashed", "1", "other", cancellation).ConfigureAwait(false);
        var run = await BeginAsync("pause", [], cancellation).ConfigureAwait(false);
        await _record.FaultAsync("a signer that is missing", "A signer that is not at hand is refused before anything is sent", outcome => outcome.Exit == 2, ["runbook", "step", run, "pause", "--signer", "guardian-2", "--execute"], cancellation).ConfigureAwait(false);
        await WalkAsync(run, Usual, cancellation, until: "confirm-paused").ConfigureAwait(false);
        await PausedAsync(began, block.Value, cancellation).ConfigureAwait(false);
        await WalkAsync(run, Usual, cancellation).ConfigureAwait(false);
        await CommandAsync("The locks of validators still add up", 0, _ => true, ["owner", "locks"], cancellation).ConfigureAwait(false);
        await ResumeAsync("resume-by-module", ["--input", "watch-blocks=1"], cancellation).ConfigureAwait(false);
    }

    private static Dictionary<string, string> Usual { get; } = new(StringComparer.Ordinal) { ["freeze"] = "a drill, without the arena's runner" };

    private async Task AlreadyPausedAsync(string module, CancellationToken cancellation)
    {
        _ = await CommandAsync($"{module} alone was paused before by somebody", 0, _ => true, ["owner", "pause", "--module", module, "--pause", "--signer", "guardian", "--instance", "EARLIER", "--execute"], cancellation).ConfigureAwait(false);
        await _record.FaultAsync($"a module ({module}) that is paused already", "The state is told to be mixed, not paused", outcome => DrillRecord.Text(outcome.Json, "summary")?.StartsWith("MIXED", StringComparison.Ordinal) == true, ["owner", "system-pause", "--action", "status"], cancellation).ConfigureAwait(false);
    }

    private async Task ResumeAsync(string runbook, string[] more, CancellationToken cancellation)
    {
        _record.Part = "Resume, through the gate";
        var run = await BeginAsync(runbook, more, cancellation).ConfigureAwait(false);
        await WalkAsync(run, new Dictionary<string, string>(StringComparer.Ordinal), cancellation).ConfigureAwait(false);
        await StateAsync("Every module runs again", "running", cancellation).ConfigureAwait(false);
    }

    private async Task PausedAsync(long began, ulong block, CancellationToken cancellation)
    {
        _toPause = time.GetElapsedTime(began);
        _blocks = (await ground.BlockAsync(cancellation).ConfigureAwait(false)).Value - block;
        await StateAsync("Every module is paused", "paused", cancellation).ConfigureAwait(false);
        var outcomes = await ground.ProbeAsync(cancellation).ConfigureAwait(false);
        _record.Require("The calls of all who take part are refused because of the pause", outcomes.Count > 0 && outcomes.All(outcome => !outcome.Succeeds), $"{outcomes.Count(outcome => !outcome.Succeeds)} of {outcomes.Count} are refused");
    }

    private async Task StateAsync(string claim, string wanted, CancellationToken cancellation) =>
        await CommandAsync(claim, 0, json => json["modules"] is JsonArray { Count: > 0 } modules && modules.All(module => DrillRecord.Text(module as JsonObject, "state") == wanted), ["owner", "system-pause", "--action", "status"], cancellation).ConfigureAwait(false);

    private async Task OpenAsync(string title, string severity, string category, CancellationToken cancellation)
    {
        var opened = await CommandAsync($"The incident is opened as SEV-{severity}, with a commander and an operator who are different people", 0, json => DrillRecord.Text(json, "id") is not null, ["incident", "open", $"Drill: {title}", "--severity", severity, "--category", category, "--commander", Cast["commander"], "--operator", Cast["operator"], "--signer", Cast["commander"]], cancellation).ConfigureAwait(false);
        _incident = DrillRecord.Text(opened.Json, "id")!;
    }

    private async Task<string> BeginAsync(string runbook, string[] more, CancellationToken cancellation)
    {
        var begun = await CommandAsync($"The runbook '{runbook}' is begun", 3, json => DrillRecord.Text(json, "run") is not null, ["runbook", "run", runbook, "--incident", _incident, .. more], cancellation).ConfigureAwait(false);
        return DrillRecord.Text(begun.Json, "run")!;
    }

    // Does what the run says is next, and nothing else, until it is complete or another step is next.
    private async Task WalkAsync(string run, Dictionary<string, string> skips, CancellationToken cancellation, string? until = null, string? only = null)
    {
        var status = (await ground.RunAsync(["runbook", "status", run], cancellation).ConfigureAwait(false)).Json;
        for (var turn = 0; turn < 80 && DrillRecord.Text(status, "next") is { } step && step != until; turn++)
        {
            var words = (DrillRecord.Text(status, "nextLine") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var duty = status["steps"]!.AsArray().OfType<JsonObject>().First(known => DrillRecord.Text(known, "id") == step)["duty"]!.GetValue<string>();
            var verb = words is ["NEXT:", "agijobs", "runbook", var named, ..] ? named : "status";
            var signer = Others.GetValueOrDefault(step, Cast[duty]);
            string[] line = skips.TryGetValue(step, out var reason)
                ? ["runbook", "skip", run, step, "--reason", reason, "--signer", signer]
                : ["runbook", verb, run, step, .. words.Contains("--execute", StringComparer.Ordinal) ? (string[])["--execute"] : [], .. verb == "done" ? (string[])["--note", "done in the drill"] : verb == "accept" ? ["--reason", "looked at in the drill, and judged"] : [], .. Asked(words), "--signer", signer];
            var outcome = await ground.RunAsync(line, cancellation).ConfigureAwait(false);

            // A resume by module waits for blocks between two modules: the step is to be looked at and sent again.
            var isWaiting = outcome.Exit == 3 && verb == "step" && step == "send";
            if (isWaiting)
            {
                line = ["runbook", "step", run, step, "--execute", "--signer", signer];
                for (var again = 0; again < 40 && outcome.Exit == 3; again++)
                {
                    outcome = await ground.RunAsync(line, cancellation).ConfigureAwait(false);
                }
            }

            _record.Require($"{step}, by {signer} as {duty}", outcome.Exit == 0 || (outcome.Exit == 3 && State(outcome.Json, step) == "look"), DrillRecord.Detail(outcome), DrillRecord.Typed(line), outcome.Took);
            status = (await ground.RunAsync(["runbook", "status", run], cancellation).ConfigureAwait(false)).Json;
            if (step == only)
            {
                return;
            }
        }

        if (until is null && only is null)
        {
            _record.Require($"The run {run} is complete", status["complete"]?.GetValue<bool>() == true, DrillRecord.Text(status, "nextLine") ?? "", $"agijobs runbook status {run}");
            var steps = status["steps"]!.AsArray().OfType<JsonObject>().ToList();
            _steps += steps.Count;
            _late.AddRange(steps.Where(step => step["late"]?.GetValue<bool>() == true).Select(step => $"{run}/{DrillRecord.Text(step, "id")}"));
        }
    }

    // What the line asks for, with what people of a drill say.
    private static string[] Asked(string[] words) => Array.IndexOf(words, "--input") is var at and >= 0 && words[at + 1].Split('=')[0] is var name ? ["--input", $"{name}={Said.GetValueOrDefault(name, "a drill")}"] : [];

    private Task<CommandOutcome> CommandAsync(string claim, int exit, Func<JsonObject, bool> holds, string[] line, CancellationToken cancellation) => _record.CommandAsync(claim, [exit], holds, line, cancellation);

    private static string? State(JsonObject json, string step) => (json["steps"] as JsonArray)?.OfType<JsonObject>().FirstOrDefault(known => DrillRecord.Text(known, "id") == step) is { } found ? DrillRecord.Text(found, "state") : null;
}
