using AgiJobs.Control.Approvals;
using AgiJobs.Control.Authority;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Control.Tests.Approvals;

public sealed class AuthorityPointTests : IDisposable
{
    private readonly ApprovalGround _ground = new();
    private int _asked;

    public void Dispose() => _ground.Dispose();

    [Fact]
    public async Task A_change_that_leaves_somebody_who_can_pause_passes()
    {
        var gate = Gate(Key, Key);
        Assert.True((await gate.DecideAsync(await ApprovedAsync(_ground.Other()), _ground.At(4), CancellationToken.None)).IsOpen);
        Assert.Equal(1, _asked);
    }

    [Fact]
    public async Task A_change_after_which_nobody_could_pause_is_refused_and_no_signature_helps()
    {
        var change = await ApprovedAsync(_ground.Other());
        await _ground.ApproveAsync(change, Duty.Security, 5);
        var refusal = await Assert.ThrowsAsync<ControlException>(() => Gate(Key, Nobody).RequireAsync(change, _ground.At(4), CancellationToken.None));
        Assert.Equal(("authority-pause-lost", ExitCode.Refused), (refusal.Code, refusal.Exit));
        Assert.Contains($"agijobs owner doctor --after {change.Id}", refusal.Mend, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_change_that_opens_a_power_to_too_few_is_refused_and_no_signature_helps()
    {
        var change = await ApprovedAsync(_ground.Other());
        await _ground.ApproveAsync(change, Duty.Security, 5);
        var refusal = await Assert.ThrowsAsync<ControlException>(() => Gate(Nobody, Key, least: 2).RequireAsync(change, _ground.At(4), CancellationToken.None));
        Assert.Equal(("authority-too-few", ExitCode.Refused), (refusal.Code, refusal.Exit));
        Assert.Contains("1 of the 2 signers", refusal.Message, StringComparison.Ordinal);
        Assert.True((await Gate(Nobody, Key).DecideAsync(change, _ground.At(4), CancellationToken.None)).IsOpen);
    }

    [Fact]
    public async Task Where_approvals_are_not_managed_it_is_refused_all_the_same_and_what_is_unknown_is_a_finding()
    {
        var change = _ground.File(_ground.Other());
        Assert.Equal("authority-pause-lost", Assert.Single((await Gate(Key, Nobody, managed: false).DecideAsync(change, _ground.At(4), CancellationToken.None)).Refusals).Code);
        var unknown = await Gate(null, null, managed: false).DecideAsync(change, _ground.At(4), CancellationToken.None);
        Assert.True(unknown.IsOpen);
        Assert.Contains(unknown.Findings, finding => finding.Contains("the node traces nothing", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_cannot_be_derived_takes_the_signature_of_security()
    {
        var change = await ApprovedAsync(_ground.Other());
        var gate = Gate(null, null);
        var refusal = Assert.Single((await gate.DecideAsync(change, _ground.At(4), CancellationToken.None)).Refusals);
        Assert.Equal(("approvals-missing", $"agijobs change approve {change.Id} --duty security --signer NAME   (NAME: sam or com)"), (refusal.Code, refusal.Command));
        Assert.Contains("the node traces nothing", refusal.Why, StringComparison.Ordinal);
        await _ground.ApproveAsync(change, Duty.Security, 5);
        Assert.True((await gate.DecideAsync(change, _ground.At(4), CancellationToken.None)).IsOpen);
    }

    [Fact]
    public async Task A_node_that_fails_is_unknown_as_well()
    {
        var point = new AuthorityPoint((_, _) => throw new ControlException("change-reverts", ExitCode.Failed, "It would revert."), (_, _) => throw new InvalidOperationException(), _ => null);
        var answer = Assert.IsType<GateNotConnected>(await point.AskAsync(_ground.File(_ground.Other()), new ChangeDemands(new ChangeNature(false, false, default), [], [], new GatePolicy()), CancellationToken.None));
        Assert.Equal([Duty.Security], answer.Duties);
        Assert.Equal("unknown: It would revert", answer.Why);
    }

    [Fact]
    public async Task An_emergency_pause_is_not_asked()
    {
        await _ground.AddAsync(_ground.Standing(), 1, 2);
        var decision = await Gate(Key, Nobody).DecideAsync(_ground.File(_ground.Pause()), _ground.At(4), CancellationToken.None);
        Assert.True(decision.IsOpen);
        Assert.Equal(0, _asked);
    }

    [Fact]
    public async Task A_slash_under_a_standing_approval_does_not_wait_for_a_signature_and_is_refused_when_it_takes_the_pause_away()
    {
        await _ground.AddAsync(_ground.SlashStanding(), 1, 2);
        var change = _ground.File(_ground.Slash("S-1", 1, 9, "auto-slash:late", 5));
        var unknown = await Gate(null, null).DecideAsync(change, _ground.At(4), CancellationToken.None);
        Assert.True(unknown is { IsOpen: true, Standing: not null });
        Assert.Contains(unknown.Findings, finding => finding.Contains("the node traces nothing", StringComparison.Ordinal));
        Assert.Equal("authority-pause-lost", Assert.Single((await Gate(Key, Nobody).DecideAsync(change, _ground.At(4), CancellationToken.None)).Refusals).Code);
    }

    [Fact]
    public async Task A_change_that_was_begun_is_gone_on_with()
    {
        var change = await ApprovedAsync(_ground.Other());
        _ground.Begin(change);
        Assert.True((await Gate(Key, Nobody).DecideAsync(change, _ground.At(4), CancellationToken.None)).IsOpen);
        Assert.Equal(0, _asked);
    }

    private static AccountState Key => new KeyAccount(false);

    private static AccountState Nobody => new ContractState();

    private ExecutionGate Gate(AccountState? before, AccountState? after, bool managed = true, int? least = null) => new(managed ? _ground.Policy : null, _ground.Protocol, _ground.Standings, _ground.Time)
    {
        ResumePoints = [],
        ChangePoints = [new AuthorityPoint(
            (_, _) =>
            {
                _asked++;
                return Task.FromResult(before is null || after is null
                    ? Reading.Unknown<(AuthorityMatrix, AuthorityMatrix)>("the node traces nothing")
                    : Reading.Known((Matrix(before), Matrix(after))));
            },
            (now, then) => AuthorityVerdict.Of(now, then, least is { } signers ? new AuthorityPolicy { MinSigners = new Dictionary<string, int>(StringComparer.Ordinal) { ["pause"] = signers } } : null, null),
            _ => null)],
        Simulation = _ground.Simulation,
        Safeguards = [],
    };

    private AuthorityMatrix Matrix(AccountState holder) => AuthorityMatrix.Of(SyntheticProtocol.State(_ground.Protocol, [false, false, false], SyntheticProtocol.Owner, holder));

    private async Task<FiledChange> ApprovedAsync(ChangeDocument document)
    {
        var change = _ground.File(document);
        await _ground.ApproveAsync(change, Duty.Author, 0);
        await _ground.ApproveAsync(change, Duty.Approver, 1, 2);
        return change;
    }
}
