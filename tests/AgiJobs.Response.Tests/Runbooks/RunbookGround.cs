using System.Collections.Concurrent;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Response.Runbooks;
using AgiJobs.Storage;
using AgiJobs.Testing;

namespace AgiJobs.Response.Tests.Runbooks;

/// <summary>Runs of runbooks with commands that answer as a test says, in a real store, by a clock that stands still.</summary>
internal sealed class RunbookGround : IRunbookGround, IRunbookCommands, IAsyncDisposable
{
    private static readonly (string Name, string Json)[] Usual = [("incident", """{"name": "incident", "from": "incident", "what": "it"}"""), ("me", """{"name": "me", "from": "person", "what": "who"}""")];

    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-runbooks-").FullName;
    private readonly DevelopmentKeys _keys = new(ChainId.Local);

    /// <summary>The clock.</summary>
    public ManualTime Time { get; } = new();

    /// <summary>The store.</summary>
    public IStateStore Store { get; private set; } = null!;

    /// <summary>The lines that were run.</summary>
    public ConcurrentQueue<string> Lines { get; } = new();

    /// <summary>What a line answers; exit 0 and an empty document otherwise.</summary>
    public Func<string, (int Exit, string Json)> Answer { get; set; } = _ => (0, "{}");

    /// <summary>A desk, as of a process of its own.</summary>
    public RunbookDesk Desk(Func<string, CancellationToken, Task<IncidentSight?>>? incidents = null) => new(Store, "local", ChainId.Local, this, Time) { Incidents = incidents };

    public static async Task<RunbookGround> StartAsync()
    {
        var ground = new RunbookGround();
        ground.Store = await StateStore.OpenAsync(StateLocation.File(Path.Combine(ground._folder, "state.db")), ground.Time);
        return ground;
    }

    /// <summary>A runbook of steps; without inputs given it has <c>incident</c> and <c>me</c> where they are named.</summary>
    public Runbook Book(string steps, string? inputs = null) => Runbook.Of(File(steps, inputs ?? string.Join(',', Usual.Where(input => steps.Contains($"{{{input.Name}}}", StringComparison.Ordinal)).Select(input => input.Json))), "test.json", this);

    public static RunbookFile File(string steps, string inputs) => JsonFile.Parse(System.Text.Encoding.UTF8.GetBytes(
        $$"""{"version": 1, "name": "test", "title": "A test", "purpose": "To see.", "severities": ["SEV-0", "SEV-1"], "inputs": [{{inputs}}], "steps": [{{steps}}]}"""), "test.json", WorkspaceJson.Default.RunbookFile);

    /// <summary>A step; <paramref name="kind"/> has its command, check, approval or task, and what else there is.</summary>
    public static string Step(string id, string kind, string duty = "operator") => $$"""{"id": "{{id}}", "text": "Do {{id}}.", "why": "Because.", "duty": "{{duty}}", "ifItFails": "Mend {{id}}.", {{kind}}}""";

    /// <summary>Somebody.</summary>
    public RunbookActor Person(int key, params Duty[] duties) => new($"person-{key}", duties, $"signer-{key}", _keys.Signer(key).Address, async (document, cancellation) => (await _keys.Signer(key).SignTypedDataAsync(document, cancellation)).ToBytes());

    public Task<RunbookOutcome> RunAsync(IReadOnlyList<string> words, CancellationToken cancellation)
    {
        var line = string.Join(' ', words);
        Lines.Enqueue(line);
        var (exit, json) = Answer(line);
        return Task.FromResult(new RunbookOutcome(exit, json));
    }

    public string AddressOf(string module) => Address.Zero.ToString();

    public CommandShape? Read(IReadOnlyList<string> words, out string problem)
    {
        problem = words[0] is "look" or "send" or "send-once" or "wait" || words is ["owner", "system-pause", ..] ? "" : $"there is no '{words[0]}'";
        return problem.Length > 0 ? null : words[0] == "owner" ? new CommandShape("owner system-pause", true, true, true) : new CommandShape(words[0], words[0].StartsWith("send", StringComparison.Ordinal), words[0] is not "send-once", words[0] is not "wait");
    }

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
