using AgiJobs.Control;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Response.Incidents;
using AgiJobs.Storage;

namespace AgiJobs.Response.Tests.Incidents;

public sealed class IncidentPointTests
{
    private readonly Team _team = new();
    private readonly IncidentState _state = new();

    private static FiledChange Resume { get; } = new("resume", new ChangeDocument
    {
        Version = 1,
        Kind = "resume-system",
        Network = "local",
        ChainId = ChainId.Local,
        Protocol = "agi-jobs",
        Instance = "T-1",
        Title = "Resume",
        Risk = Risk.Red,
        Steps = [],
        Preconditions = [],
        Expected = [],
        Effects = [],
        Rollback = new Rollback { Note = "none" },
    });

    private Task<GateAnswer> AskAsync(params IncidentState[] incidents) => AskAsync(_team.Signing.People, incidents);

    private static Task<GateAnswer> AskAsync(OperatorBook? people, params IncidentState[] incidents) =>
        new IncidentPoint(_ => Task.FromResult<IReadOnlyList<IncidentState>>(incidents), people).AskAsync(Resume, new ChangeDemands(new ChangeNature(false, true, Risk.Red), [], [], new GatePolicy()), default);

    [Fact]
    public async Task Nothing_resumes_while_a_bad_incident_is_open_without_its_commanders_approval_of_this_change()
    {
        Assert.IsType<GatePassed>(await AskAsync());
        await _team.DoAsync(_state, "ada", Team.Open(Team.Start));
        var closed = Assert.IsType<GateNotPassed>(await AskAsync(_state));
        Assert.Equal("incident-open", closed.Code);
        Assert.Contains(Team.Id, closed.Command, StringComparison.Ordinal);
        await _team.DoAsync(_state, "ada", Team.Act(IncidentActs.ApproveResume, Team.Start.AddMinutes(1)) with { Reason = "another", Changes = [Bytes32.Zero] });
        Assert.IsType<GateNotPassed>(await AskAsync(_state));
        await _team.DoAsync(_state, "ada", Team.Act(IncidentActs.ApproveResume, Team.Start.AddMinutes(2)) with { Reason = "checked", Changes = [Resume.Document.Digest()] });
        Assert.IsType<GatePassed>(await AskAsync(_state));
        // What was approved was approved of what was known then.
        await _team.DoAsync(_state, "cy", Team.Act(IncidentActs.Decide, Team.Start.AddMinutes(3)) with { Severity = "SEV-0", Reason = "worse" });
        Assert.IsType<GateNotPassed>(await AskAsync(_state));
    }

    [Fact]
    public async Task An_approval_of_who_is_no_commander_today_opens_nothing()
    {
        await _team.DoAsync(_state, "ada", Team.Open(Team.Start));
        await _team.DoAsync(_state, "ada", Team.Act(IncidentActs.ApproveResume, Team.Start.AddMinutes(1)) with { Reason = "checked" });
        Assert.IsType<GatePassed>(await AskAsync(_state));
        var left = new OperatorBook(new OperatorsFile { Version = 1, People = [new Operator { Name = "ada", Addresses = [_team.Of("ada")], Duties = [Duty.Operator] }] });
        Assert.Equal("incident-open", Assert.IsType<GateNotPassed>(await AskAsync(left, _state)).Code);
        Assert.Equal("incident-open", Assert.IsType<GateNotPassed>(await AskAsync((OperatorBook?)null, _state)).Code);
    }

    [Fact]
    public async Task A_bad_incident_that_a_key_of_nobody_made_milder_is_a_persons_to_judge()
    {
        await _team.DoAsync(_state, "cy", Team.Open(Team.Start));
        // Written into the store past every command: the key is nobody's, the name and the duty are claimed.
        _state.Apply(new RecordedAct(2, Team.Start.AddMinutes(1), Team.Forge(Team.Act(IncidentActs.Decide, Team.Start.AddMinutes(1)) with { Severity = "SEV-3", Reason = "noise" }, "ada", Duty.Commander)));
        var open = Assert.IsType<GateNotConnected>(await AskAsync(_state));
        Assert.Equal([Duty.Security], open.Duties);
        Assert.Contains(Team.Id, open.Why, StringComparison.Ordinal);
        Assert.Equal([2L], _state.Strangers(_team.Signing.People).Select(act => act.Version));
    }

    [Fact]
    public async Task A_store_that_does_not_answer_is_unknown_and_not_fine()
    {
        var point = new IncidentPoint(_ => throw new StorageException(StorageException.Unreachable, "gone", "start it"), _team.Signing.People);
        var refused = await Assert.ThrowsAsync<ControlException>(() => point.AskAsync(Resume, new ChangeDemands(new ChangeNature(false, true, Risk.Red), [], [], new GatePolicy()), default));
        Assert.Equal(("incidents-unknown", ExitCode.Unknown), (refused.Code, refused.Exit));
    }
}
