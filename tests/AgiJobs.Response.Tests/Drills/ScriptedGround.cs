using System.Text.Json.Nodes;
using AgiJobs.Ethereum;
using AgiJobs.Response.Drills;

namespace AgiJobs.Response.Tests.Drills;

/// <summary>A ground on which everything goes as a drill claims, but for the step that a test spoils.</summary>
internal sealed class ScriptedGround : IDrillGround
{
    private readonly List<string> _commands = [];
    private readonly HashSet<string> _executed = new(StringComparer.Ordinal);
    private readonly List<string> _consents = [];
    private bool _paused;
    private bool _armed;
    private int _witnesses;
    private int _step;

    /// <summary>Which step is spoiled, counted from 0; null spoils none.</summary>
    public int? Spoiled { get; init; }

    /// <summary>How an outcome is spoiled.</summary>
    public Func<CommandOutcome, CommandOutcome> Spoil { get; init; } = outcome => outcome with { Exit = outcome.Exit + 1 };

    /// <summary>How probes are spoiled.</summary>
    public Func<IReadOnlyList<ProbeOutcome>, IReadOnlyList<ProbeOutcome>> SpoilProbes { get; init; } = _ => [];

    /// <summary>How many steps were taken.</summary>
    public int Steps => _step;

    /// <summary>The commands in order.</summary>
    public IReadOnlyList<string> Commands => _commands;

    public Task<CommandOutcome> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        var line = string.Join(' ', arguments);
        _commands.Add(line);
        var (exit, json) = Answer(line, arguments);
        var outcome = new CommandOutcome(exit, Parsed(json), TimeSpan.FromMilliseconds(250));
        return Task.FromResult(_step++ == Spoiled ? Spoil(outcome) : outcome);
    }

    public Task<IReadOnlyList<ProbeOutcome>> ProbeAsync(CancellationToken cancellation)
    {
        IReadOnlyList<ProbeOutcome> outcomes = [.. new[] { "agent deposits stake", "employer posts a job" }.Select(what => new ProbeOutcome(new Probe(what, Address.Zero, Address.Zero, default), !_paused, _paused ? "EnforcedPause()" : null))];
        return Task.FromResult(_step++ == Spoiled ? SpoilProbes(outcomes) : outcomes);
    }

    public Task<CommandOutcome> RunApartAsync(IReadOnlyList<string> arguments, string file, CancellationToken cancellation)
    {
        var signed = !arguments.Contains("0x3", StringComparer.Ordinal);
        _commands.Add(string.Join(' ', arguments));
        var outcome = new CommandOutcome(signed ? 0 : 6, Parsed(new JsonObject { ["logs"] = new JsonArray(new JsonObject()), ["provenFiles"] = new JsonArray([.. Enumerable.Range(0, 4).Select(index => (JsonNode)$"storage/receipts/drill/{index}.json")]), ["findings"] = signed ? [] : new JsonArray(new JsonObject { ["exit"] = 6 }) }), TimeSpan.FromMilliseconds(250));
        return Task.FromResult(_step++ == Spoiled ? Spoil(outcome) : outcome);
    }

    public string Apartness => "as far apart as a script can be";

    public Task<BlockNumber> BlockAsync(CancellationToken cancellation) => Task.FromResult(new BlockNumber(100));

    private (int Exit, JsonObject Json) Answer(string line, IReadOnlyList<string> arguments)
    {
        switch (line)
        {
            case "owner system-pause --action status":
                return (0, new JsonObject { ["summary"] = _paused ? "PAUSED" : "RUNNING", ["modules"] = new JsonArray(Module(), Module()) });
            case "approval standing list":
                return (0, new JsonObject { ["standing"] = new JsonArray(new JsonObject { ["uses"] = 1 }) });
            case "ledger show":
                return (0, new JsonObject { ["entries"] = new JsonArray([.. Enumerable.Range(0, 4).Select(_ => new JsonObject { ["outcome"] = "verified" })]) });
            case "evidence log --verify":
                return (0, new JsonObject { ["logs"] = new JsonArray(new JsonObject()), ["filesVerified"] = 7 });
            case "signer list":
                return (0, new JsonObject { ["signers"] = new JsonArray(Signer("guardian", "0x9", "guardian"), Signer("safe-owner-1", "0x1"), Signer("safe-owner-2", "0x2"), Signer("safe-owner-3", "0x3")) });
            case "owner pause-test":
                return (0, new JsonObject { ["held"] = true, ["claims"] = new JsonArray(new JsonObject()) });
            case var _ when arguments is ["evidence", "checkpoint", ..]:
                _witnesses++;
                return (0, new JsonObject { ["logs"] = new JsonArray(new JsonObject { ["signedBy"] = new JsonArray([.. Enumerable.Range(0, _witnesses).Select(index => (JsonNode)$"{index}")]) }) });
            case var _ when arguments is ["evidence", "export", ..]:
                return (0, new JsonObject { ["entries"] = 9, ["signedBy"] = new JsonArray("0x1", "0x2") });
            case var _ when arguments is ["owner", "armory", "add", ..]:
                _armed = true;
                return (0, new JsonObject { ["added"] = new JsonArray("authorization-1") });
            case var _ when arguments is ["owner", "armory", "check", ..]:
                return (0, new JsonObject { ["armed"] = _armed, ["items"] = new JsonArray(new JsonObject { ["state"] = "ready" }) });
            case var _ when arguments is ["owner", "armory", "fire", ..]:
                var armed = _armed;
                (_armed, _paused) = (false, true);
                return armed ? (0, Executed(101)) : (4, Error("armory-empty"));
            case var _ when arguments is ["change", "verify", ..]:
                return (0, new JsonObject { ["transactions"] = new JsonArray(new JsonObject()), ["atReceipt"] = Checks(), ["now"] = Checks() });
            case var _ when line.Contains("--action pause", StringComparison.Ordinal) && line.Contains("employer", StringComparison.Ordinal):
                return (4, Error("no-route"));
            case var _ when line.Contains("--action pause", StringComparison.Ordinal) && line.Contains("--execute", StringComparison.Ordinal):
                var first = !_paused;
                _paused = true;
                return (0, first ? Executed(101) : new JsonObject { ["summary"] = "PAUSED" });
            case var _ when line.Contains("--action pause", StringComparison.Ordinal):
                return (3, new JsonObject { ["sent"] = false });
            case var _ when line.Contains("--action unpause", StringComparison.Ordinal) && line.Contains("guardian", StringComparison.Ordinal):
                return (4, Error("no-route"));
            case var _ when line.Contains("--action unpause", StringComparison.Ordinal):
                _consents.Clear();
                return (3, new JsonObject { ["change"] = $"2026-01-01-resume-system-{arguments[^1]}", ["sent"] = false });
            case var _ when arguments[1] is "approve" && arguments[^1] is "agent-1":
                return (4, Error("safe-not-owner"));
            case var _ when arguments[1] is "approve":
                _consents.AddRange(arguments.Contains("--duty", StringComparer.Ordinal) ? [arguments[4]] : Enumerable.Repeat("owner", arguments.Count(argument => argument is "--signer")));
                return (0, new JsonObject
                {
                    ["approvals"] = new JsonObject { ["requirements"] = new JsonArray(new JsonObject { ["by"] = new JsonArray([.. _consents.Select(duty => new JsonObject { ["duty"] = duty })]) }) },
                    ["safe"] = new JsonObject { ["signedBy"] = new JsonArray([.. _consents.Where(consent => consent is "owner").Select(consent => (JsonNode)consent)]) },
                });
            case var _ when _executed.Contains(arguments[2]):
                return (0, new JsonObject { ["end"] = "already-executed" });
            case var _ when _consents.Count < 6 || line.Contains("--signer safe-owner", StringComparison.Ordinal):
                return (4, Error("approvals-missing"));
            default:
                _ = _executed.Add(arguments[2]);
                _paused = false;
                return (0, Executed(105));
        }
    }

    private static JsonObject Parsed(JsonObject json) => JsonNode.Parse(json.ToJsonString())!.AsObject();

    private static JsonArray Checks() => new(new JsonObject { ["holds"] = true });

    private static JsonObject Signer(string name, string address, string role = "owner of the Safe 0x0") => new() { ["name"] = name, ["address"] = address, ["roles"] = new JsonArray(role) };

    private JsonObject Module() => new() { ["state"] = _paused ? "paused" : "running" };

    private static JsonObject Error(string code) => new() { ["error"] = new JsonObject { ["code"] = code, ["message"] = $"refused: {code}" } };

    private static JsonObject Executed(int block) => new() { ["end"] = "verified", ["sent"] = true, ["transactions"] = new JsonArray(new JsonObject { ["block"] = block }) };
}
