using System.Text.Json.Nodes;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Tests.Approvals;

/// <summary>How far, how often and with how many people a parameter is changed, for plans and at the gate, where a change that was made by hand is held as well.</summary>
public sealed class GuardrailsTests : IDisposable
{
    private readonly ApprovalGround _ground = new();
    private readonly SyntheticProtocol _synthetic = new();
    private readonly Protocol _protocol;

    public GuardrailsTests()
    {
        _synthetic.Hub["parameters"] = JsonNode.Parse("""[ { "name": "limit", "getter": "count()", "setter": "configure(uint256)", "unit": "bps", "min": "0", "max": "10000", "risk": "amber" } ]""");
        _protocol = _synthetic.Load();
    }

    private Module Hub => _protocol["Hub"];

    public void Dispose()
    {
        _synthetic.Dispose();
        _ground.Dispose();
    }

    [Theory]
    [InlineData("100 bps", 400, 500, null)]
    [InlineData("100 bps", 400, 300, null)]
    [InlineData("100 bps", 400, 501, "guardrail-change")]
    [InlineData("100 bps", 400, 299, "guardrail-change")]
    [InlineData("10%", 400, 440, null)]
    [InlineData("10%", 400, 441, "guardrail-change")]
    [InlineData("10%", 0, 1, "guardrail-change")]
    public async Task A_change_goes_as_far_as_the_policy_allows(string most, int from, int to, string? code)
    {
        Guard(new GuardrailPolicy { Parameter = "Hub.limit", MaxChange = most });
        await AssertHeldAsync(Change(from, to), code);
    }

    [Fact]
    public async Task The_refusal_names_value_limit_and_what_may_be()
    {
        Guard(new GuardrailPolicy { Parameter = "Hub.*", MaxChange = "10%" });
        var refusal = Assert.Throws<ControlException>(() => Safeguard.Require(Change(400, 500), Policy));
        Assert.Equal(("guardrail-change", ExitCode.Refused), (refusal.Code, refusal.Exit));
        Assert.Contains("400 bps -> 500 bps", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("40 bps (10%)", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("360 bps to 440 bps", refusal.Mend, StringComparison.Ordinal);
        await AssertHeldAsync(Change(400, 500), "guardrail-change");
    }

    [Fact]
    public async Task A_detour_beyond_the_limit_is_held_though_it_ends_within()
    {
        Guard(new GuardrailPolicy { Parameter = "Hub.limit", MaxChange = "100 bps" });
        var change = Change(400, 450);
        await AssertHeldAsync(change with { Steps = [Change(400, 9000).Steps[0], change.Steps[0]] }, "guardrail-change");
    }

    [Fact]
    public async Task By_hand_and_without_the_value_that_it_is_planned_on_it_does_not_pass()
    {
        Guard(new GuardrailPolicy { Parameter = "Hub.limit", MaxChange = "100 bps" });
        await AssertHeldAsync(Change(400, 401) with { Preconditions = [] }, "guardrail-unknown");
        var inner = Change(400, 401).Steps[0];
        var forward = Hub.Abi.Function("executeGovernanceCall(address,bytes)");
        var hidden = inner with { Target = SyntheticProtocol.AddressOf("Alpha"), Calldata = forward.Encode(Hub.Address, inner.Calldata) };
        await AssertHeldAsync(Change(400, 401) with { Steps = [hidden] }, "guardrail-hidden");
        await AssertHeldAsync(Change(400, 401) with { Steps = [inner with { Calldata = [.. inner.Calldata[..10]] }] }, "guardrail-hidden");
        await AssertHeldAsync(Change(400, 9000) with { Steps = [Change(400, 9000).Steps[0] with { Calldata = [.. Change(400, 9000).Steps[0].Calldata, 0, 0] }] }, "guardrail-change");
    }

    [Fact]
    public async Task After_a_change_was_executed_the_value_rests_and_small_steps_do_not_add_up()
    {
        Guard(new GuardrailPolicy { Parameter = "Hub.limit", MaxChange = "100 bps", CooldownHours = 24 });
        var first = _ground.File(Change(400, 500));
        await AssertHeldAsync(Change(500, 501), null);
        _ground.Begin(first, "mined", "verified");
        await AssertHeldAsync(Change(500, 501), "guardrail-cooldown");
        Assert.Equal(["guardrail-cooldown", "guardrail-rate"], new Guardrails(_ground.Rules, _protocol).Refusals(Change(500, 501), _ground.Changes.Survey(), _ground.Time.GetUtcNow()).Select(refusal => refusal.Code));
        Safeguard.Require(Change(500, 501) with { Window = new ExecutionWindow { NotBefore = _ground.Time.GetUtcNow().AddHours(25) } }, Policy);
        _ground.Time.Advance(TimeSpan.FromHours(24));
        await AssertHeldAsync(Change(500, 501), null);
    }

    [Fact]
    public async Task A_change_that_reverted_starts_no_rest_and_a_damaged_record_is_not_taken_for_none()
    {
        Guard(new GuardrailPolicy { Parameter = "Hub.limit", CooldownHours = 24 });
        var first = _ground.File(Change(400, 500));
        using (var journal = Journal.Open(first.JournalPath, _ground.Time))
        {
            journal.Append("mined", new JsonObject { ["succeeded"] = false });
        }

        await AssertHeldAsync(Change(400, 501), null);
        await File.WriteAllTextAsync(Path.Combine(first.Folder, "change.json"), "{}");
        await AssertHeldAsync(Change(400, 501), "guardrail-unknown");
    }

    [Fact]
    public async Task What_was_executed_may_be_undone_at_once_and_only_to_what_it_was()
    {
        Guard(new GuardrailPolicy { Parameter = "Hub.limit", MaxChange = "100 bps", CooldownHours = 24 });
        var first = _ground.File(Change(400, 500) with { Rollback = new Rollback { Note = "", Steps = Change(500, 400).Steps } });
        _ground.Begin(first, "mined", "verified");
        await AssertHeldAsync(Change(500, 400), "guardrail-cooldown");
        await AssertHeldAsync(Change(500, 400) with { Undoes = first.Document.Digest() }, null);
        await AssertHeldAsync(Change(500, 450) with { Undoes = first.Document.Digest() }, "guardrail-cooldown");
        await AssertHeldAsync(Change(500, 400) with { Undoes = Bytes32.FromUnsigned(1) }, "guardrail-cooldown");
    }

    [Fact]
    public void More_people_are_asked_and_never_fewer()
    {
        Assert.Equal(1, Approvers());
        Guard(new GuardrailPolicy { Parameter = "Hub.limit", Quorum = 3 });
        Assert.Equal(3, Approvers());
        Guard(new GuardrailPolicy { Parameter = "Hub.limit", Quorum = 1 });
        Assert.Equal(1, Approvers());

        int Approvers() => Policy.DemandsOf(Change(400, 401), _protocol).Requirements.Where(requirement => requirement.Duties.Contains(Duty.Approver)).Sum(requirement => requirement.Count);
    }

    [Fact]
    public async Task A_pause_sets_nothing_and_is_not_asked()
    {
        Guard(new GuardrailPolicy { Parameter = "Hub.limit", CooldownHours = 24 });
        Assert.Null(await Safeguard.AskAsync(_ground.File(Change(400, 9000)), Policy, isPause: true, CancellationToken.None));
    }

    [Fact]
    public void A_guardrail_that_guards_nothing_is_a_mistake_and_said()
    {
        Guard(new GuardrailPolicy { Parameter = "Hub.none", Quorum = 2 });
        Assert.Equal("policy-rule", Assert.Throws<ControlException>(() => Safeguard.Require(Change(400, 401), Policy)).Code);
        Guard(new GuardrailPolicy { Parameter = "Hub.limit", MaxChange = "5 seconds" });
        Assert.Equal("policy-rule", Assert.Throws<ControlException>(() => Safeguard.Require(Change(400, 401), Policy)).Code);
        foreach (var empty in (GuardrailPolicy[])[new() { Parameter = "Hub.limit" }, new() { Parameter = "Hub", Quorum = 2 }, new() { Parameter = "Hub.limit", CooldownHours = 0 }, new() { Parameter = "Hub.limit", Quorum = 0 }])
        {
            Guard(empty);
            Assert.Equal("policy-rule", Assert.Throws<ControlException>(() => Policy).Code);
        }
    }

    private ApprovalPolicy Policy => _ground.Policy;

    private GuardrailSafeguard Safeguard => new(_protocol, _ground.Changes, _ground.Time);

    private void Guard(params GuardrailPolicy[] rails) => _ground.Rules = _ground.Rules with { Guardrails = rails };

    private async Task AssertHeldAsync(ChangeDocument change, string? code)
    {
        var filed = _ground.File(change);
        var gate = new ExecutionGate(Policy, _protocol, _ground.Standings, _ground.Time) { ResumePoints = [], Simulation = _ground.Simulation, Safeguards = [Safeguard] };
        var decision = await gate.DecideAsync(filed, _ground.At(4), CancellationToken.None);
        Assert.Equal(code, decision.Refusals.FirstOrDefault(refusal => refusal.Code.StartsWith("guardrail-", StringComparison.Ordinal))?.Code);
        Directory.Delete(filed.Folder, recursive: true);
    }

    private ChangeDocument Change(int from, int to)
    {
        var (view, setter) = (Hub.Abi.Function("count()"), Hub.Abi.Function("configure(uint256)"));
        var change = _ground.Other($"T-{from}-{to}");
        return change with
        {
            Kind = "set-params",
            Risk = Risk.Amber,
            Steps = [change.Steps[0] with { Calldata = setter.Encode(to) }],
            Preconditions = [new Expectation { Subject = "Hub.limit", Target = Hub.Address, Call = view.Encode(), Result = view.EncodeOutput(from) }],
        };
    }
}
