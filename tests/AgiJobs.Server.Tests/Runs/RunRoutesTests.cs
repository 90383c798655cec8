using System.Text;
using System.Text.Json.Nodes;
using AgiJobs.Control;
using AgiJobs.Control.Evidence.Ledger;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Hgm.Runs;
using AgiJobs.Server.Hosting;
using AgiJobs.Steering.Evolution;
using AgiJobs.Steering.Runs;
using AgiJobs.Steering.Worlds;
using AgiJobs.Storage;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Server.Tests.Runs;

/// <summary>Runs over HTTP: read by anybody, steered by people with the duty for it.</summary>
public sealed class RunRoutesTests(ServerGround ground) : IClassFixture<ServerGround>, IAsyncLifetime
{
    private static readonly RunSettings Settings = new() { Seed = 7, Tasks = 10, Evaluations = 24, Concurrency = 4 };

    private OwnerLedger _ledger = null!;
    private StateLocation _place = null!;
    private IStateStore _state = null!;
    private DurableRunStore _runs = null!;
    private ServerHost _host = null!;
    private Func<OperatorBook?> _people = null!;

    // The people of a local network, of whom two may both command and operate; here each does one of the two.
    private static Operator OneDuty(Operator person) => person.Name switch
    {
        "pauser" => person with { Duties = [Duty.Operator] },
        "guardian" => person with { Duties = [Duty.Commander] },
        _ => person,
    };

    private ISigner Operator => ground.Devnet.Accounts["pauser"];

    private ISigner Finance => ground.Devnet.Accounts["treasury"];

    private ISigner Commander => ground.Devnet.Accounts["guardian"];

    private ISigner Security => ground.Devnet.Accounts["moderator"];

    private ISigner Author => ground.Devnet.Accounts["deployer"];

    public async ValueTask InitializeAsync()
    {
        await ground.Devnet.FreshAsync();
        _ledger = new OwnerLedger(ground.Devnet.Workspace, TimeProvider.System);
        var people = ground.Devnet.Workspace.Operators(TestNetwork.Network)!;
        _people = () => new OperatorBook(people with { People = [.. people.People.Select(OneDuty)] });
        _place = ground.NewState();
        _state = await StateStore.OpenAsync(_place, TimeProvider.System);
        _runs = new DurableRunStore(_state, TestNetwork.Network);

        // A seat of ours keeps the host from driving 'live'.
        await _runs.BeginAsync("live", EvolutionWorld.Begin(Settings), null, null, default);
        await _state.TryAcquireAsync(_runs.StreamOf("live"), "tests", TimeSpan.FromHours(1));
        _host = await ServerHost.StartAsync(Options());
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await _state.DisposeAsync();
    }

    [Fact]
    public async Task A_run_is_shown_with_its_numbers_and_its_events_by_pages()
    {
        await _runs.BeginAsync("done", EvolutionWorld.Begin(Settings), null, null, default);
        await Wait.UntilAsync("the host has driven it to its end", async () => (await _runs.FindAsync("done", default))!.IsFinished);
        var state = RunState.Fold(await _runs.ReadAsync("done", 0, default));
        using var anybody = Client(ground.Stranger);
        var run = (await anybody.SendAsync("GET", "/v1/hgm/runs/done", [])).Json;
        Assert.Equal(
            ("finished", state.Version, 1L, state.Alpha, state.Prior, state.Evaluations, state.Tree.Count),
            ((string?)run["state"], (long)run["version"]!, (long)run["steeredVersion"]!, (decimal)run["alpha"]!, (decimal)run["prior"]!, (int)run["evaluations"]!, (int)run["agents"]!));
        Assert.Equal((state.Ledger.Run.Cost.ToString(), state.Ledger.Run.Value.ToString(), state.Ledger.Run.Roi), ((string?)run["cost"], (string?)run["value"], (decimal)run["roi"]!));
        Assert.Equal(("evaluations-spent", true, 0), ((string?)run["end"]!["reason"], (bool)run["gate"]!["open"]!, run["holds"]!.AsArray().Count));
        var live = (await anybody.SendAsync("GET", "/v1/hgm/runs/live", [])).Json;
        Assert.Equal(("running", "'tests'", null), ((string?)live["state"], (string?)live["drivenBy"], (decimal?)live["roi"]));
        Assert.Equal(["done", "live"], (await anybody.SendAsync("GET", "/v1/hgm/runs", [])).Json.AsArray().Select(one => (string?)one!["run"]));
        Assert.Equal(["live"], (await anybody.SendAsync("GET", "/v1/hgm/runs?live=true", [])).Json.AsArray().Select(one => (string?)one!["run"]));
        var texts = await _runs.TextsAsync("done", default);
        var page = (await anybody.SendAsync("GET", $"/v1/hgm/runs/done/events?after={state.Version - 2}", [])).Json;
        Assert.Equal(texts.TakeLast(2).Select(Normal), page["events"]!.AsArray().Select(one => one!["event"]!.ToJsonString()));
        Assert.Null(page["next"]);
        Assert.Equal("malformed", (await anybody.SendAsync("GET", "/v1/hgm/runs/done/events?after=x", [])).Code);
        Assert.Equal((404, "run-unknown"), Told(await anybody.SendAsync("GET", "/v1/hgm/runs/none", [])));
        Assert.Equal((404, "run-unknown"), Told(await anybody.SendAsync("GET", "/v1/hgm/runs/none/events", [])));
        Assert.Equal((400, "run-name"), Told(await anybody.SendAsync("GET", "/v1/hgm/runs/No", [])));
    }

    [Fact]
    public async Task Parameters_are_changed_by_a_person_with_the_duty_and_the_ledger_says_who_why_from_and_to()
    {
        using var person = Client(Operator);
        var reply = await PostAsync(person, "live", "parameters", """{"expectedVersion":1,"reason":"ROI is low","alpha":0.65}""");
        Assert.True(reply.Status == 200, reply.ToString());
        Assert.Equal(
            (2L, "alpha 0.6, prior 1", "alpha 0.65, prior 1", "pauser", true),
            ((long)reply.Json["version"]!, (string?)reply.Json["from"], (string?)reply.Json["to"], (string?)reply.Json["by"], (bool)reply.Json["recorded"]!));
        var changed = Assert.IsType<ParametersChanged>((await _runs.ReadAsync("live", 1, default))[0]);
        Assert.Equal(new ParametersChanged(0.65m, 1m, "ROI is low (by pauser)"), changed);
        var entry = Assert.Single(_ledger.Read());
        Assert.Equal(
            ("hgm-parameters", "run live: alpha 0.6, prior 1 -> alpha 0.65, prior 1", "hgm/local/runs/live@2", "ROI is low", "applied", (string?)reply.Json["request"]),
            (entry.Kind, entry.Title, entry.Instance, entry.Note, entry.Outcome, entry.Change.ToString()));
        Assert.Equal(("pauser", Operator.Address), (Assert.Single(entry.Who).Name, entry.Who[0].Address));
        Assert.Empty(await _state.ListAsync("hgm/local/ledger"));

        // What the driver does since does not outdate a decision; what somebody steered does.
        await _runs.AppendAsync("live", 2, [new ExpansionStarted(0, 0, EvolutionWorld.ExpansionCost)], default);
        Assert.Equal(200, (await PostAsync(person, "live", "parameters", """{"expectedVersion":2,"reason":"more","prior":1.1}""")).Status);
        Assert.Equal((409, "stale-version"), Told(await PostAsync(person, "live", "parameters", """{"expectedVersion":3,"reason":"again","prior":1.2}""")));
        Assert.Equal((409, "version-unknown"), Told(await PostAsync(person, "live", "parameters", """{"expectedVersion":99,"reason":"again","prior":1.2}""")));
        Assert.Equal(2, _ledger.Read().Count);
    }

    [Theory]
    [InlineData("parameters", """{"expectedVersion":1,"reason":"r","alpha":0.7}""", "operator finance")]
    [InlineData("gate", """{"expectedVersion":1,"reason":"r","open":false}""", "operator commander security")]
    [InlineData("gate", """{"expectedVersion":1,"reason":"r","open":true}""", "operator commander")]
    [InlineData("prune", """{"expectedVersion":1,"reason":"r","agent":0}""", "operator security")]
    [InlineData("stop", """{"reason":"r"}""", "operator commander security")]
    [InlineData("revoke", """{"reason":"r","operation":0}""", "security")]
    [InlineData("reinstate", """{"reason":"r","operation":0}""", "security")]
    public async Task Each_action_takes_its_duty_and_nobody_elses_will_do(string action, string body, string duties)
    {
        var allowed = duties.Split(' ');
        (string Duty, ISigner Signer)[] people = [("operator", Operator), ("finance", Finance), ("commander", Commander), ("security", Security), ("author", Author)];
        foreach (var (duty, signer) in people.Where(one => !allowed.Contains(one.Duty)))
        {
            using var other = Client(signer);
            Assert.Equal((duty, 403, "duty-missing"), (duty, (await PostAsync(other, "live", action, body)) is var refused ? refused.Status : 0, refused.Code));
        }

        using var stranger = Client(ground.Stranger);
        Assert.Equal((403, "not-a-person"), Told(await PostAsync(stranger, "live", action, body)));
        Assert.Single(await _runs.TextsAsync("live", default));
        Assert.Empty(_ledger.Read());
        foreach (var (duty, signer) in people.Where(one => allowed.Contains(one.Duty)))
        {
            await _runs.BeginAsync(duty, EvolutionWorld.Begin(Settings), null, null, default);
            await _state.TryAcquireAsync(_runs.StreamOf(duty), "tests", TimeSpan.FromHours(1));
            await _runs.AppendAsync(duty, 1, [new EvaluationStarted(0, 0, 0, true, EvolutionWorld.EvaluationReserve), new EvaluationRecorded(0, true, EvolutionWorld.ExpansionCost, EvolutionWorld.ExpansionCost)], default);
            if (action == "reinstate")
            {
                await RunSteering.AppendAsync(_runs, duty, null, new ResultRevoked(0, "before"), default);
            }

            using var person = Client(signer);
            var reply = await PostAsync(person, duty, action, body);
            Assert.True(reply.Status == 200, $"{duty}: {reply}");
        }
    }

    [Fact]
    public async Task What_is_not_signed_or_signed_wrong_or_sent_twice_changes_nothing()
    {
        using var person = Client(Operator);
        const string path = "/v1/hgm/runs/live/stop";
        var body = """{"reason":"enough"}"""u8.ToArray();
        Assert.Equal((401, "signature-missing"), Told(await person.SendAsync("POST", path, body)));
        var otherBody = await person.SignAsync("POST", path, """{"reason":"other"}"""u8.ToArray());
        Assert.Equal((401, "signature-wrong"), Told(await person.SendAsync("POST", path, body, otherBody)));
        Assert.Equal((401, "timestamp-off"), Told(await person.SendAsync("POST", path, body, await person.SignAsync("POST", path, body, TimeProvider.System.GetUtcNow().AddMinutes(-2)))));
        Assert.Equal((401, "signature-wrong"), Told(await person.SendAsync("POST", path, body, await person.SignAsync("POST", path, body, chain: 1))));
        Assert.Single(await _runs.TextsAsync("live", default));
        var good = await person.SignAsync("POST", path, body);
        Assert.Equal(200, (await person.SendAsync("POST", path, body, good)).Status);
        Assert.Equal((401, "nonce-used"), Told(await person.SendAsync("POST", path, body, good)));
        Assert.Equal(2, (await _runs.TextsAsync("live", default)).Count);
        Assert.Single(_ledger.Read());
    }

    [Fact]
    public async Task What_no_run_can_follow_is_refused_with_its_code()
    {
        await _runs.BeginAsync("over", EvolutionWorld.Begin(Settings with { Evaluations = 0 }), null, null, default);
        await Wait.UntilAsync("it is over", async () => (await _runs.FindAsync("over", default))!.IsFinished);
        using var person = Client(Operator);
        using var security = Client(Security);
        Assert.Equal((404, "run-unknown"), Told(await PostAsync(person, "none", "stop", """{"reason":"r"}""")));
        Assert.Equal((409, "already-finished"), Told(await PostAsync(person, "over", "stop", """{"reason":"r"}""")));
        Assert.Equal((409, "already-finished"), Told(await PostAsync(person, "over", "parameters", """{"expectedVersion":1,"reason":"r","alpha":0.7}""")));
        Assert.Equal((400, "alpha-above-one"), Told(await PostAsync(person, "live", "parameters", """{"expectedVersion":1,"reason":"r","alpha":1.05}""")));
        Assert.Equal((400, "bad-setting"), Told(await PostAsync(person, "live", "parameters", """{"expectedVersion":1,"reason":"r","prior":0}""")));
        Assert.Equal((409, "no-such-agent"), Told(await PostAsync(person, "live", "prune", """{"expectedVersion":1,"reason":"r","agent":9}""")));
        Assert.Equal((409, "nothing-to-revoke"), Told(await PostAsync(security, "live", "revoke", """{"reason":"r","operation":9}""")));
        Assert.Equal((409, "nothing-to-reinstate"), Told(await PostAsync(security, "live", "reinstate", """{"reason":"r","operation":9}""")));
        foreach (var body in (string[])["""{"reason":"r"}""", """{"expectedVersion":1,"reason":" ","alpha":0.7}""", """{"expectedVersion":1,"reason":"a\nb","alpha":0.7}""", """{"expectedVersion":1,"reason":"r"}""", """{"expectedVersion":1,"reason":"r","alpha":0.7,"beta":1}""", "", "null", """{"expectedVersion":1,"reason":"r","alpha":"much"}"""])
        {
            Assert.Equal((400, "malformed"), Told(await PostAsync(person, "live", "parameters", body)));
        }

        Assert.Single(await _runs.TextsAsync("live", default));
        Assert.Empty(_ledger.Read());
    }

    [Fact]
    public async Task Where_nobody_is_on_file_nobody_steers_and_where_the_file_cannot_be_read_neither()
    {
        using var person = Client(Operator);
        var before = _people;
        _people = () => null;
        Assert.Equal((403, "not-a-person"), Told(await PostAsync(person, "live", "stop", """{"reason":"r"}""")));
        _people = () => throw new ControlException("file-format", ExitCode.BadInput, "damaged", "mend");
        Assert.Equal((503, "people-unknown"), Told(await PostAsync(person, "live", "stop", """{"reason":"r"}""")));
        _people = before;
        Assert.Equal(200, (await PostAsync(person, "live", "stop", """{"reason":"r"}""")).Status);
    }

    [Fact]
    public async Task With_a_damaged_ledger_a_run_can_be_held_back_and_not_let_go_and_what_was_done_is_recorded_afterwards()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_ledger.Path)!);
        await File.WriteAllTextAsync(_ledger.Path, "{");
        using var person = Client(Operator);
        Assert.Equal((503, "ledger-unknown"), Told(await PostAsync(person, "live", "parameters", """{"expectedVersion":1,"reason":"r","alpha":0.7}""")));
        Assert.Equal((503, "ledger-unknown"), Told(await PostAsync(person, "live", "gate", """{"expectedVersion":1,"reason":"r","open":true}""")));
        var shut = await PostAsync(person, "live", "gate", """{"expectedVersion":1,"reason":"wait","open":false}""");
        Assert.Equal((200, false), (shut.Status, (bool)shut.Json["recorded"]!));
        var waiting = Assert.Single(await _state.ListAsync("hgm/local/ledger"));

        // The process that made the change is dead for ten seconds when the next one sees the entry; the ledger is whole again.
        File.Delete(_ledger.Path);
        var desk = new Steering.Steerage.SteeringDesk(_runs, _ledger, Ethereum.ChainId.Local, new ManualTime(waiting.At.AddSeconds(11)));
        Assert.Equal((0, null), await desk.RecordAsync(default));
        Assert.Equal(0, (await desk.RecordAsync(default)).Waiting);
        Assert.Equal("run live: gate open -> gate shut", Assert.Single(_ledger.Read()).Title);
        Assert.Empty(await _state.ListAsync("hgm/local/ledger"));
    }

    [Fact]
    public async Task The_document_describes_the_requests_about_runs_with_signature_bodies_and_codes()
    {
        using var anybody = Client(ground.Stranger);
        var paths = (await anybody.SendAsync("GET", "/openapi/v1.json", [])).Json["paths"]!;
        foreach (var action in (string[])["parameters", "gate", "prune", "stop", "revoke", "reinstate"])
        {
            var operation = paths[$"/v1/hgm/runs/{{name}}/{action}"]!["post"]!;
            Assert.Equal(4, operation["parameters"]!.AsArray().Count(parameter => ((string)parameter!["name"]!).StartsWith("X-Agi-", StringComparison.Ordinal)));
            Assert.NotNull(operation["requestBody"]);
            Assert.Contains("duty-missing", (string?)operation["responses"]!["403"]!["description"], StringComparison.Ordinal);
            Assert.Contains("stale-version", (string?)operation["responses"]!["409"]!["description"], StringComparison.Ordinal);
        }

        Assert.NotNull(paths["/v1/hgm/runs/{name}/events"]!["get"]);
        Assert.NotNull(paths["/v1/hgm/runs"]!["get"]);
    }

    [Fact]
    public async Task A_real_Prometheus_reads_the_runs_from_the_host_and_promtool_finds_nothing_wrong()
    {
        await _runs.BeginAsync("done", EvolutionWorld.Begin(Settings), null, null, default);
        await Wait.UntilAsync("it is over", async () => (await _runs.FindAsync("done", default))!.IsFinished);
        var state = RunState.Fold(await _runs.ReadAsync("done", 0, default));
        using var anybody = Client(ground.Stranger);
        var page = (await anybody.SendAsync("GET", "/metrics", [])).Text;
        Assert.Contains("hgm_widening_alpha{run=\"live\"} 0.6\n", page, StringComparison.Ordinal);
        Assert.DoesNotContain("hgm_roi{run=\"live\"}", page, StringComparison.Ordinal);
        var (exit, output) = await PrometheusServer.CheckAsync(page);
        Assert.True(exit == 0, output);
        await using var prometheus = await PrometheusServer.StartAsync(new Uri(_host.Address, "metrics"));
        await Wait.UntilAsync("it was scraped", async () => (await prometheus.QueryAsync("hgm_roi")).Count > 0);
        var series = Assert.Single(await prometheus.QueryAsync("hgm_roi"));
        Assert.Equal(("done", (double)state.Ledger.Run.Roi!.Value), (series.Labels["run"], double.Parse(series.Value, System.Globalization.CultureInfo.InvariantCulture)));
        foreach (var (query, value) in ((string, double)[])
        [
            ("hgm_evaluations_total", state.Evaluations), ("hgm_agents", state.Tree.Count), ("hgm_run_finished", 1), ("hgm_expansions_open", 1), ("hgm_thompson_prior", 1), ("hgm_value_revoked_total", 0),
            ("hgm_cost_total", double.Parse(state.Ledger.Run.Cost.ToString(), System.Globalization.CultureInfo.InvariantCulture)), ("hgm_value_total", double.Parse(state.Ledger.Run.Value.ToString(), System.Globalization.CultureInfo.InvariantCulture)),
        ])
        {
            Assert.Equal((query, value), (query, double.Parse(Assert.Single(await prometheus.QueryAsync($"{query}{{run=\"done\"}}")).Value, System.Globalization.CultureInfo.InvariantCulture)));
        }

        Assert.Single(await prometheus.QueryAsync("hgm_roi_recent{run=\"done\"}"));
    }

    [Fact]
    public async Task Readiness_names_the_workers_of_the_role()
    {
        using var anybody = Client(ground.Stranger);
        var names = new List<string?>();
        await Wait.UntilAsync("it is ready", async () =>
        {
            var ready = await anybody.SendAsync("GET", "/readyz", []);
            names = [.. ready.Json["dependencies"]!.AsArray().Select(one => (string?)one!["name"])];
            return ready.Status == 200;
        });
        Assert.Contains("hgm-runs", names);
        Assert.Contains("hgm-ledger", names);
    }

    [Fact]
    public async Task The_role_without_what_it_needs_is_refused() =>
        Assert.Equal("role-empty", (await Assert.ThrowsAsync<ControlException>(() => ServerHost.StartAsync(Options() with { Hgm = null }))).Code);

    private static string Normal(string json) => JsonNode.Parse(json)!.ToJsonString();

    private static (int Status, string? Code) Told(Reply reply) => (reply.Status, reply.Code);

    private static async Task<Reply> PostAsync(AgentClient client, string run, string action, string body)
    {
        var (path, bytes) = ($"/v1/hgm/runs/{run}/{action}", Encoding.UTF8.GetBytes(body));
        return await client.SendAsync("POST", path, bytes, await client.SignAsync("POST", path, bytes));
    }

    private AgentClient Client(ISigner signer) => new(_host, signer, ground.Arena.Address);

    private ServerOptions Options() => ground.Options(_place) with
    {
        Roles = ServerRole.Hgm,
        Hgm = new HgmOptions
        {
            Runs = new RunsOptions { World = (_, settings, runs, _, _) => Task.FromResult(new OpenWorld(EvolutionWorld.For(settings, runs), null)), Poll = TimeSpan.FromMilliseconds(20) },
            People = () => _people(),
            Ledger = _ledger,
        },
    };
}
