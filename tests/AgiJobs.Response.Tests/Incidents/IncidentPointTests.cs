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

    private static Task<GateAnswer> AskAsync(params IncidentState[] incidents) =>
        new IncidentPoint(_ => Task.FromResult<IReadOnlyList<IncidentState>>(incidents)).AskAsync(Resume, new ChangeDemands(new ChangeNature(false, true, Risk.Red), [], [], new GatePolicy()), default);

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
    public async Task A_store_that_does_not_answer_is_unknown_and_not_fine()
    {
        var point = new IncidentPoint(_ => throw new StorageException(StorageException.Unreachable, "gone", "start it"));
        var refused = await Assert.ThrowsAsync<ControlException>(() => point.AskAsync(Resume, new ChangeDemands(new ChangeNature(false, true, Risk.Red), [], [], new GatePolicy()), default));
        Assert.Equal(("incidents-unknown", ExitCode.Unknown), (refused.Code, refused.Exit));
    }
}
