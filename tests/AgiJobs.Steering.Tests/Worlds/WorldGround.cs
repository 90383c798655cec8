using System.Text.Json.Nodes;
using AgiJobs.Control.Workspaces;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Worlds;

namespace AgiJobs.Steering.Tests.Worlds;

/// <summary>A workspace with one world, whose others are small scripts (Perl, which every Debian has) or local servers.</summary>
internal sealed class WorldGround : IDisposable
{
    /// <summary>Reads the request into <c>$op</c>, <c>$task</c> and <c>$_</c>.</summary>
    public const string Asked = """$| = 1; $_ = <STDIN>; my ($op) = /"operation":(\d+)/; my ($task) = /"task":(\d+)/; """;

    public static readonly Amount Most = Amount.Parse("0.5");

    public string Folder { get; } = Directory.CreateTempSubdirectory("agijobs-world-").FullName;

    public Workspace Workspace => Workspace.At(Folder, Folder);

    public static JsonObject Perl(string script, int seconds = 20, int megabytes = 256, int bytes = 4096, params string[] environment) => new()
    {
        ["process"] = new JsonObject
        {
            ["command"] = new JsonArray("/usr/bin/perl", "-e", script),
            ["seconds"] = seconds,
            ["memoryMegabytes"] = megabytes,
            ["outputBytes"] = bytes,
            ["environment"] = new JsonArray([.. environment.Select(name => (JsonNode)name)]),
        },
        ["mostCost"] = "0.5",
    };

    public static JsonObject Http(Uri url, int seconds = 20, int bytes = 4096) => new()
    {
        ["http"] = new JsonObject { ["url"] = url.ToString(), ["seconds"] = seconds, ["answerBytes"] = bytes },
        ["mostCost"] = "0.5",
    };

    /// <summary>Writes a world named <c>other</c>; without tasks it has the arena's.</summary>
    public void Write(JsonObject expander, JsonObject evaluator, string? tasks = "1\n2\n3\n", string root = "root")
    {
        Directory.CreateDirectory(Path.Combine(Folder, "config"));
        File.WriteAllText(Path.Combine(Folder, "root.txt"), root);
        var world = new JsonObject { ["name"] = "other", ["root"] = "root.txt", ["expander"] = expander.DeepClone(), ["evaluator"] = evaluator.DeepClone() };
        if (tasks is not null)
        {
            File.WriteAllText(Path.Combine(Folder, "tasks.jsonl"), tasks);
            world["tasks"] = "tasks.jsonl";
        }

        WriteFile(new JsonObject { ["version"] = 1, ["worlds"] = new JsonArray(world) });
    }

    public void WriteFile(JsonNode file) => File.WriteAllText(Path.Combine(Folder, "config", "hgm-worlds.json"), file.ToJsonString());

    public RunWorlds Worlds() => RunWorlds.Of(Workspace, "local", _ => { }, TimeProvider.System);

    public IPortableWorld Open(int tasks = 3) => Worlds().Open("other", 7, tasks);

    public Task<EvaluationOutcome> EvaluateAsync(int operation = 4, int task = 1, int tasks = 3, CancellationToken cancellation = default) =>
        Open(tasks).EvaluateAsync(new EvaluationWork("run", operation, 99, 0, "the agent", task, Most), cancellation);

    public Task<ExpansionOutcome> ExpandAsync(string parent = "the parent", string? mate = null) =>
        Open().ExpandAsync(new ExpansionWork("run", 4, 99, 0, parent, Most), mate, default);

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
