using AgiJobs.Control.Approvals;
using AgiJobs.Control.Backups;
using AgiJobs.Control.Tests.Approvals;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Testing;

namespace AgiJobs.Control.Tests.Backups;

/// <summary>The gate asks for a fresh verified backup, and of a pause it asks nothing.</summary>
public sealed class BackupSafeguardTests : IDisposable
{
    private static readonly StateDump State = new("""{"block":7}"""u8.ToArray(), new BlockNumber(7), new Bytes32(new byte[32]), 0);
    private readonly ApprovalGround _ground = new();

    public BackupSafeguardTests()
    {
        _ground.Safeguards.Add(new BackupSafeguard(_ground.Workspace, _ground.Time));
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(_ground.Workspace.Locate("config")).FullName, "signers.json"), "{}");
    }

    private BackupStore Store => new(_ground.Workspace, _ground.Time);

    [Fact]
    public async Task Without_a_backup_a_change_is_held_back_with_the_command_that_makes_one()
    {
        var decision = await DecideAsync();
        var refusal = Assert.Single(decision.Refusals, refusal => refusal.Code.StartsWith("backup-", StringComparison.Ordinal));
        Assert.Equal(("backup-missing", "agijobs backup create --network local"), (refusal.Code, refusal.Command));
        Assert.Equal(ExitCode.Refused, decision.ToException("x", null).Exit);
    }

    [Fact]
    public async Task A_fresh_backup_lets_it_through_until_it_is_stale()
    {
        _ = await CreateAsync();
        Assert.Equal([], await CodesAsync());
        _ground.Time.Advance(TimeSpan.FromHours(24));
        Assert.Equal([], await CodesAsync());
        _ground.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["backup-stale"], await CodesAsync());
        _ = await CreateAsync();
        Assert.Equal([], await CodesAsync());
    }

    [Fact]
    public async Task A_damaged_backup_counts_for_nothing_and_an_older_whole_one_does()
    {
        _ = await CreateAsync();
        _ground.Time.Advance(TimeSpan.FromHours(1));
        var newest = await CreateAsync();
        var archive = Path.Combine(newest.Folder, "archive.tar");
        var bytes = await File.ReadAllBytesAsync(archive);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(archive, bytes);
        Assert.Equal([], await CodesAsync());
        Directory.Delete(Store.List()[0].Folder, recursive: true);
        Assert.Equal(["backup-missing"], await CodesAsync());
    }

    [Fact]
    public async Task A_backup_without_state_of_another_network_of_another_chain_or_from_the_future_counts_for_nothing()
    {
        _ = await Store.CreateAsync("local", ChainId.Local, null, "no node", CancellationToken.None);
        _ = await Store.CreateAsync("other", ChainId.Local, State, null, CancellationToken.None);
        _ = await Store.CreateAsync("local", new ChainId(1), State, null, CancellationToken.None);
        _ = await new BackupStore(_ground.Workspace, new ManualTime(_ground.Time.GetUtcNow() + TimeSpan.FromHours(1))).CreateAsync("local", ChainId.Local, State, null, CancellationToken.None);
        Assert.Equal(["backup-missing"], await CodesAsync());
    }

    [Fact]
    public async Task A_pause_never_waits_for_a_backup()
    {
        var change = _ground.File(_ground.Pause());
        await _ground.ApproveAsync(change, Duty.Approver, 1);
        var decision = await _ground.DecideAsync(change);
        Assert.True(decision.IsOpen);
        Assert.Contains(decision.Findings, finding => finding.Contains("backup-missing", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_policy_that_demands_none_asks_for_none()
    {
        _ground.Rules = ApprovalPolicy.Shipped with { Backup = null };
        Assert.Equal([], await CodesAsync());
        _ground.Rules = ApprovalPolicy.Shipped with { Backup = new BackupPolicy() };
        Assert.Equal([], await CodesAsync());
        _ground.Rules = ApprovalPolicy.Shipped with { Backup = new BackupPolicy { MaxAgeHours = 0 } };
        Assert.Equal("policy-rule", Assert.Throws<ControlException>(() => _ground.Policy).Code);
    }

    [Fact]
    public async Task A_safeguard_that_cannot_be_asked_holds_a_change_back_and_no_pause()
    {
        _ground.Safeguards.Clear();
        _ground.Safeguards.Add(new Broken());
        Assert.Contains((await DecideAsync()).Refusals, refusal => refusal.Code is "file-read");
        var change = _ground.File(_ground.Pause());
        await _ground.ApproveAsync(change, Duty.Approver, 1);
        Assert.True((await _ground.DecideAsync(change)).IsOpen);
    }

    public void Dispose() => _ground.Dispose();

    private Task<BackupEntry> CreateAsync() => Store.CreateAsync("local", ChainId.Local, State, null, CancellationToken.None);

    private Task<GateDecision> DecideAsync() => _ground.DecideAsync(_ground.File(_ground.Other()));

    private async Task<IReadOnlyList<string>> CodesAsync() => [.. (await DecideAsync()).Refusals.Select(refusal => refusal.Code).Where(code => code.StartsWith("backup-", StringComparison.Ordinal))];

    private sealed class Broken : ISafeguard
    {
        public Task<GateRefusal?> AskAsync(Control.Changes.FiledChange change, ApprovalPolicy? policy, bool isPause, CancellationToken cancellation) => throw new IOException("the disk is gone");
    }
}
