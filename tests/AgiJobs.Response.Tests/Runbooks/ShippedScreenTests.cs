using System.Text.Json.Nodes;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Runbooks;
using AgiJobs.Testing;

namespace AgiJobs.Response.Tests.Runbooks;

/// <summary>Every step of every runbook that ships, in each of its states, on a terminal of 80x24 with the longest name that an incident can have.</summary>
public sealed class ShippedScreenTests : IAsyncLifetime
{
    private const int Width = 80;
    private const int Height = 24;

    private static readonly string Incident = $"2026-11-22-{new string('n', 60)}";
    private static readonly string Long = string.Join(' ', Enumerable.Repeat("0x5e661b79FE2D3F6cE70F5AAC07d8Cd9abb2743F1", 8));
    private static readonly Dictionary<string, string> Nobody = new(StringComparer.Ordinal);

    private RunbookGround _ground = null!;

    public static TheoryData<string> Books => [.. Directory.EnumerateFiles(Toolchain.PathOf("config", "runbooks"), "*.json").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)];

    public async ValueTask InitializeAsync() => _ground = await RunbookGround.StartAsync();

    public ValueTask DisposeAsync() => _ground.DisposeAsync();

    [Theory]
    [MemberData(nameof(Books))]
    public async Task Every_step_fits_names_its_keys_on_the_last_line_and_takes_three_at_most(string name)
    {
        var path = Toolchain.PathOf("config", "runbooks", $"{name}.json");
        var book = Runbook.Of(JsonFile.Read(path, WorkspaceJson.Default.RunbookFile), path, new AnyCommand());
        var desk = _ground.Desk((_, _) => Task.FromResult<IncidentSight?>(new IncidentSight(Severity.Sev0, new Dictionary<Duty, string> { [Duty.Commander] = "person-2", [Duty.Operator] = "person-1" })));
        var run = await desk.BeginAsync(book, book.TakesIncident ? Incident : null, null, Nobody, null, CancellationToken.None);
        for (var turn = 0; run.IsOpen; turn++)
        {
            Assert.True(turn < 200, $"{run.Next()!.Step.Id} never ends");
            var next = run.Next()!;
            var missing = Shown(run).Missing(next);
            var presses = (missing.Count > 0 ? 1 : 0) + (next.Step.Sends ? 2 : 1);
            Assert.InRange(presses, 1, 3);
            Fits(run, next, null);
            Fits(run, next, Long);
            if (missing.Count > 0)
            {
                run = await desk.GiveAsync(run.Id, missing.ToDictionary(input => input, _ => "0x5e661b79FE2D3F6cE70F5AAC07d8Cd9abb2743F1", StringComparer.Ordinal), null, CancellationToken.None);
                Fits(run, run.Next()!, null);
            }

            run = await DoAsync(desk, run, next);
        }

        Assert.StartsWith("COMPLETE: all ", Lines(run, null)[^1], StringComparison.Ordinal);
    }

    // Tried, failed, to be looked at, and then done.
    private async Task<RunbookRun> DoAsync(RunbookDesk desk, RunbookRun run, StepStanding next)
    {
        var (step, person) = (next.Step, Person(next.Step));
        if (step.Kind is StepKind.Task or StepKind.Approval)
        {
            return await desk.DecideAsync(run.Id, step.Id, step.Kind == StepKind.Task ? "done" : "approved", Long, person, CancellationToken.None);
        }

        if (step.Sends)
        {
            _ground.Answer = _ => (3, Document(step));
            run = await desk.StepAsync(run.Id, step.Id, person, false, CancellationToken.None);
            Fits(run, run[step.Id], "NOTHING WAS SENT.");
        }

        if (step.File.Command?.Interrupted.Ask is null)
        {
            _ground.Answer = _ => (1, Document(step));
            run = await desk.StepAsync(run.Id, step.Id, person, step.Sends, CancellationToken.None);
            Fits(run, run[step.Id], Long);
        }

        if (step.File.Command?.Attention is [var look, ..])
        {
            _ground.Answer = _ => (look, Document(step));
            run = await desk.StepAsync(run.Id, step.Id, person, step.Sends, CancellationToken.None);
            Fits(run, run[step.Id], Long);
            return await desk.DecideAsync(run.Id, step.Id, "accepted", Long, person, CancellationToken.None);
        }

        _ground.Answer = line => ((step.File.Check?.Answers ?? step.File.Command?.Done ?? [0])[0], Document(step));
        return await desk.StepAsync(run.Id, step.Id, person, step.Sends, CancellationToken.None);
    }

    private static void Fits(RunbookRun run, StepStanding next, string? note)
    {
        var lines = Lines(run, note);
        var text = string.Join('\n', lines);
        Assert.InRange(lines.Count, 5, Height);
        Assert.All(lines, line => Assert.InRange(line.Length, 0, Width));
        Assert.Matches($"^NEXT {next.Step.Id}( |:)", lines[^1]);
        Assert.True(!lines[^1].EndsWith("...", StringComparison.Ordinal) && lines[^1].EndsWith("q leave", StringComparison.Ordinal), text);
        Assert.Contains(lines, line => line.StartsWith('>') && line.Contains(next.Step.Id, StringComparison.Ordinal));
        if (note is null && next.Seen is null)
        {
            Assert.DoesNotContain("shows all", text, StringComparison.Ordinal);
        }
    }

    private static IReadOnlyList<string> Lines(RunbookRun run, string? note) => Shown(run).Lines(Width, Height, note);

    private static RunbookScreen Shown(RunbookRun run) => new(run, Nobody, run.StartedAt)
    {
        Value = name => run.Value(name, "safe-owner-1", _ => "0x5e661b79FE2D3F6cE70F5AAC07d8Cd9abb2743F1"),
        Incident = run.Begun.Incident is null ? null : new IncidentSight(Severity.Sev0, new Dictionary<Duty, string> { [Duty.Commander] = "guardian", [Duty.Operator] = "pauser" }),
    };

    private RunbookActor Person(RunbookStep step) => step switch
    {
        { File.OtherThan.Count: > 0, Duty: not Duty.Operator } => _ground.Person(4, step.Duty),
        { Duty: Duty.Operator } => _ground.Person(1, Duty.Operator),
        { Duty: Duty.Commander } => _ground.Person(2, Duty.Commander),
        _ => _ground.Person(3, step.Duty),
    };

    // What a command of the step would print when all is as it must be.
    private static string Document(RunbookStep step)
    {
        var state = step.File.Check?.Must.Select(condition => condition.Is).FirstOrDefault() ?? "paused";
        return new JsonObject
        {
            ["summary"] = Long,
            ["change"] = "2026-11-22-pause-system-b0aac199",
            ["modules"] = new JsonArray([.. ((string[])["StakeManager", "JobRegistry"]).Select(module => (JsonNode)new JsonObject { ["name"] = module, ["state"] = state })]),
        }.ToJsonString();
    }

    // What a line is was checked against the real commands elsewhere.
    private sealed class AnyCommand : IRunbookCommands
    {
        public CommandShape? Read(IReadOnlyList<string> words, out string problem)
        {
            problem = "";
            return new CommandShape(string.Join(' ', words.Take(2)), true, true, true);
        }
    }
}
