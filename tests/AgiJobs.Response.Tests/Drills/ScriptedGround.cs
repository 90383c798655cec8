using System.Text.Json.Nodes;
using AgiJobs.Ethereum;
using AgiJobs.Response.Drills;

namespace AgiJobs.Response.Tests.Drills;

/// <summary>A ground on which everything goes as a drill claims, but for the step that a test spoils.</summary>
internal sealed class ScriptedGround : IDrillGround
{
    private readonly List<string> _commands = [];
    private bool _paused;
    private int _signatures;
    private int _signOffs;
    private bool _resumed;
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
        var outcome = new CommandOutcome(exit, JsonNode.Parse(json.ToJsonString())!.AsObject(), TimeSpan.FromMilliseconds(250));
        return Task.FromResult(_step++ == Spoiled ? Spoil(outcome) : outcome);
    }

    public Task<IReadOnlyList<ProbeOutcome>> ProbeAsync(CancellationToken cancellation)
    {
        IReadOnlyList<ProbeOutcome> outcomes = [.. new[] { "agent deposits stake", "employer posts a job" }.Select(what => new ProbeOutcome(new Probe(what, Address.Zero, Address.Zero, default), !_paused, _paused ? "EnforcedPause()" : null))];
        return Task.FromResult(_step++ == Spoiled ? SpoilProbes(outcomes) : outcomes);
    }

    public Task<BlockNumber> BlockAsync(CancellationToken cancellation) => Task.FromResult(new BlockNumber(100));

    private (int Exit, JsonObject Json) Answer(string line, IReadOnlyList<string> arguments)
    {
        switch (line)
        {
            case "owner system-pause --action status":
                return (0, new JsonObject { ["summary"] = _paused ? "PAUSED" : "RUNNING", ["modules"] = new JsonArray(Module(), Module()) });
            case var _ when line.Contains("--action pause", StringComparison.Ordinal) && line.Contains("--execute", StringComparison.Ordinal):
                var first = !_paused;
                _paused = true;
                return (0, first ? Executed(101) : new JsonObject { ["summary"] = "PAUSED" });
            case var _ when line.Contains("--action pause", StringComparison.Ordinal):
                return (3, new JsonObject { ["sent"] = false });
            case var _ when line.Contains("--action unpause", StringComparison.Ordinal) && line.Contains("guardian", StringComparison.Ordinal):
                return (4, Error("no-route"));
            case var _ when line.Contains("--action unpause", StringComparison.Ordinal):
                return (3, new JsonObject { ["change"] = "2026-01-01-resume-system-00000000", ["sent"] = false });
            case var _ when arguments[1] is "approve" && arguments[^1] is "agent-1":
                return (4, Error("safe-not-owner"));
            case var _ when arguments[1] is "approve" && arguments.Contains("--duty", StringComparer.Ordinal):
                _signOffs++;
                return (0, new JsonObject { ["approvals"] = new JsonObject { ["requirements"] = new JsonArray(new JsonObject { ["by"] = new JsonArray(new JsonObject { ["duty"] = arguments[4] }) }) } });
            case var _ when arguments[1] is "approve":
                _signatures++;
                return (0, new JsonObject { ["safe"] = new JsonObject { ["signedBy"] = new JsonArray([.. Enumerable.Range(0, _signatures).Select(index => (JsonNode)$"{index}")]) } });
            case var _ when _signatures < 2 || _signOffs < 4 || line.Contains("--signer safe-owner", StringComparison.Ordinal):
                return (4, Error("approvals-missing"));
            case var _ when _resumed:
                return (0, new JsonObject { ["end"] = "already-executed" });
            default:
                (_resumed, _paused) = (true, false);
                return (0, Executed(105));
        }
    }

    private JsonObject Module() => new() { ["state"] = _paused ? "paused" : "running" };

    private static JsonObject Error(string code) => new() { ["error"] = new JsonObject { ["code"] = code, ["message"] = $"refused: {code}" } };

    private static JsonObject Executed(int block) => new() { ["end"] = "verified", ["sent"] = true, ["transactions"] = new JsonArray(new JsonObject { ["block"] = block }) };
}
