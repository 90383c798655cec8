using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Pausing;
using AgiJobs.Control.Tests.Approvals;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Control.Tests.Changes;

public sealed class ChangeStateTests : IDisposable
{
    private readonly ApprovalGround _ground = new();

    public void Dispose() => _ground.Dispose();

    [Theory]
    [InlineData("executing", "signed")]
    [InlineData("executing", "signed", "broadcast")]
    [InlineData("executed", "signed", "broadcast", "mined")]
    [InlineData("failed", "signed", "broadcast", "replaced")]
    [InlineData("executing", "signed", "broadcast", "replaced", "signed")]
    [InlineData("verified", "signed", "broadcast", "mined", "verified")]
    [InlineData("failed", "signed", "broadcast", "mined", "mismatch")]
    [InlineData("executing", "signed", "broadcast", "cancellation")]
    [InlineData("refused", "signed", "broadcast", "cancellation", "replaced", "refused")]
    [InlineData("executing", "signed", "mined", "verified", "reorganised")]
    [InlineData("executed", "signed", "mined", "verified", "reorganised", "mined")]
    [InlineData("verified", "signed", "mined", "verified", "reorganised", "mined", "verified")]
    [InlineData("executed", "signed", "broadcast", "elsewhere")]
    public void The_journal_tells_how_far_it_has_come(string state, params string[] events)
    {
        var change = _ground.File(_ground.Pause());
        _ground.Begin(change, events);
        Assert.Equal(state, Of(change).Name);
    }

    [Fact]
    public void A_reverted_one_failed()
    {
        var change = _ground.File(_ground.Pause());
        using (var journal = Journal.Open(change.JournalPath, _ground.Time))
        {
            journal.Append("mined", new JsonObject { ["unit"] = "0", ["succeeded"] = false });
        }

        Assert.Equal(ChangePhase.Failed, Of(change).Phase);
    }

    [Fact]
    public void Of_several_transactions_the_first_alone_does_not_make_it_executed()
    {
        var pause = _ground.Pause();
        var change = _ground.File(pause with { Steps = [pause.Steps[0], pause.Steps[0]] });
        _ground.Begin(change, "signed", "mined");
        Assert.Equal(ChangePhase.Executing, Of(change).Phase);
    }

    [Fact]
    public void Of_two_chunks_of_a_Safe_the_first_alone_does_not_make_it_executed_and_neither_does_a_consent()
    {
        var pause = _ground.Pause();
        var step = pause.Steps[0] with { Route = new Route { Kind = RouteKind.Safe, Role = "Hub.governance", Caller = SyntheticProtocol.AddressOf("Safe") } };
        var change = _ground.File(pause with { Steps = [step, step, step with { Chunk = 1 }] });
        using (var journal = Journal.Open(change.JournalPath, _ground.Time))
        {
            journal.Append("mined", new JsonObject { ["unit"] = "0", ["succeeded"] = true });
            journal.Append("mined", new JsonObject { ["unit"] = "1.approve-0x01-02", ["succeeded"] = true });
            Assert.Equal(ChangePhase.Executing, Of(change).Phase);
            journal.Append("mined", new JsonObject { ["unit"] = "1", ["succeeded"] = true });
        }

        Assert.Equal(ChangePhase.Executed, Of(change).Phase);
    }

    [Fact]
    public void An_operation_that_is_only_scheduled_is_not_executed()
    {
        var pause = _ground.Pause();
        var step = pause.Steps[0];
        var change = _ground.File(pause with { Steps = [step with { Route = new Route { Kind = RouteKind.Timelock, Role = step.Route.Role, Caller = step.Target, DelaySeconds = 60, Via = step.Route } }] });
        using (var journal = Journal.Open(change.JournalPath, _ground.Time))
        {
            journal.Append("mined", new JsonObject { ["unit"] = "0.schedule", ["succeeded"] = true });
            Assert.Equal(ChangePhase.Executing, Of(change).Phase);
            journal.Append("mined", new JsonObject { ["unit"] = "0.execute", ["succeeded"] = true });
        }

        Assert.Equal(ChangePhase.Executed, Of(change).Phase);
    }

    [Fact]
    public async Task Before_it_is_begun_files_and_signatures_tell()
    {
        var change = _ground.File(_ground.Other());
        Assert.Equal("draft", Of(change).Name);
        File.WriteAllText(Path.Combine(change.Folder, "simulation.json"), "{}");
        Assert.Equal("simulated", Of(change).Name);
        await _ground.ApproveAsync(change, Duty.Author, 0);
        await _ground.ApproveAsync(change, Duty.Approver, 1);
        Assert.Equal("simulated", Of(change).Name);
        await _ground.ApproveAsync(change, Duty.Approver, 2);
        Assert.Equal("approved", Of(change).Name);
        Assert.Equal("stale", Of(change).OfChain(["StakeManager.paused() = false no longer holds"]).Name);
        Assert.Equal("approved", Of(change).OfChain([]).Name);
        await _ground.RefuseAsync(change, Duty.Approver, 3, "No.");
        Assert.Equal("refused", Of(change).Name);
        Assert.Equal("refused", Of(change).OfChain(["gone"]).Name);
    }

    [Fact]
    public void Its_window_and_its_deadline_make_it_stale()
    {
        var now = _ground.Time.GetUtcNow();
        Assert.Equal("stale", Of(_ground.File(_ground.Other("A") with { Window = new ExecutionWindow { NotAfter = now } })).Name);
        Assert.Equal("stale", Of(_ground.File(_ground.Other("B") with { Demand = new ApprovalDemand { Deadline = now } })).Name);
        Assert.Equal("draft", Of(_ground.File(_ground.Other("C") with { Window = new ExecutionWindow { NotBefore = now.AddDays(1) } })).Name);
    }

    [Fact]
    public void One_that_another_verified_change_undoes_is_rolled_back_and_not_before()
    {
        var change = _ground.File(_ground.Pause());
        _ground.Begin(change, "signed", "mined", "verified");
        var undoing = _ground.File(_ground.Resume() with { Undoes = change.Document.Digest() });
        _ground.Begin(undoing, "signed", "mined");
        Assert.Equal("verified", Of(change).Name);
        _ground.Begin(undoing, "verified");
        Assert.Equal("rolled-back", Of(change).Name);
        Assert.Equal("verified", Of(undoing).Name);
    }

    [Fact]
    public async Task A_refused_change_is_planned_again_under_another_instance()
    {
        var first = _ground.Changes.WithNextInstance(_ground.Pause());
        var filed = _ground.File(first);
        Assert.Equal("manual-1", _ground.Changes.WithNextInstance(_ground.Pause()).Instance);
        await _ground.RefuseAsync(filed, Duty.Approver, 1, "No.");
        Assert.Equal("manual-2", _ground.Changes.WithNextInstance(_ground.Pause()).Instance);
    }

    [Fact]
    public void Two_machines_that_plan_it_days_apart_file_the_same_bytes()
    {
        using var other = new ApprovalGround();
        other.Time.Advance(TimeSpan.FromDays(9));
        var (here, there) = (Plan(_ground), Plan(other));
        Assert.NotEqual(here.Id, there.Id);
        Assert.Equal(File.ReadAllBytes(Path.Combine(here.Folder, "change.json")), File.ReadAllBytes(Path.Combine(there.Folder, "change.json")));
        Assert.Equal(here.Document.Digest(), there.Document.Digest());
        Assert.Equal(here.Id[^8..], there.Id[^8..]);
    }

    private static FiledChange Plan(ApprovalGround ground)
    {
        var state = SyntheticProtocol.State(ground.Protocol, [false, true, false]);
        return ground.File(new PausePlanner(state, "local", [SyntheticProtocol.Signer("owner", SyntheticProtocol.Owner)]).Plan(LeverAction.Pause, "INC-1").Change!);
    }

    private ChangeState Of(FiledChange change) => ChangeState.Of(change, () => _ground.Policy.IsApproved(change, _ground.Protocol), ChangeState.RolledBack(_ground.Changes.List()), _ground.Time.GetUtcNow());
}
