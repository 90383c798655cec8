using AgiJobs.Arena.Slashing;
using AgiJobs.Ethereum;
using AgiJobs.Storage;
using AgiJobs.Testing;

namespace AgiJobs.Arena.Tests.Slashing;

public sealed class SlashDocketTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agijobs-test-");
    private readonly ManualTime _time = new(new DateTimeOffset(2026, 11, 20, 8, 0, 0, TimeSpan.Zero));
    private IStateStore _store = null!;
    private SlashDocket _queue = null!;

    public async ValueTask InitializeAsync()
    {
        _store = await StateStore.OpenAsync(StateLocation.File(Path.Combine(_folder.FullName, "state.db")), _time);
        _queue = new SlashDocket(_store, "devnet", _time);
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_finding_is_queued_once_however_often_it_is_found()
    {
        var finding = Finding("auto-slash:contradiction");
        var writes = await _queue.WritesAsync([finding, finding], CancellationToken.None);
        var write = Assert.Single(writes);
        Assert.Equal(("arena/devnet/slashes", finding.Key, (long?)0), (write.Collection, write.Key, write.ExpectedVersion));
        await _store.CommitAsync(new StateCommit { Documents = writes });
        Assert.Empty(await _queue.WritesAsync([finding], CancellationToken.None));
        Assert.Equal(SlashState.Found, Assert.Single(await _queue.ListAsync(CancellationToken.None)).Case.State);
    }

    [Fact]
    public async Task Of_two_who_queue_the_same_one_fails_whole_and_finds_it_there_when_it_asks_again()
    {
        var finding = Finding("moderation:insult");
        var one = await _queue.WritesAsync([finding], CancellationToken.None);
        var other = await _queue.WritesAsync([finding], CancellationToken.None);
        await _store.CommitAsync(new StateCommit { Documents = one });
        Assert.Equal(StorageException.DocumentConflict, (await Assert.ThrowsAsync<StorageException>(() => _store.CommitAsync(new StateCommit { Documents = other }))).Code);
        Assert.Empty(await _queue.WritesAsync([finding], CancellationToken.None));
    }

    [Fact]
    public async Task What_the_contract_did_itself_is_settled_from_the_beginning()
    {
        var done = Finding(SlashFinding.NoReveal) with { Executed = Bytes32.FromUnsigned(5), Taken = Wei.FromEther("1") };
        await _store.CommitAsync(new StateCommit { Documents = await _queue.WritesAsync([done], CancellationToken.None) });
        var read = (await _queue.FindAsync(done.Key, CancellationToken.None))!.Case;
        Assert.Equal((SlashState.Verified, true, (Bytes32?)Bytes32.FromUnsigned(5), "1000000000000000000"), (read.State, read.IsSettled, read.Transaction, read.Amount));
        Assert.Equal("validator slashed: auto-slash:non-reveal", read.LogLine());
    }

    [Fact]
    public async Task A_case_that_cannot_be_read_or_is_another_ones_is_damaged_and_never_taken_for_empty()
    {
        var finding = Finding("moderation:insult");
        foreach (var data in (string[])["{}", "null", SlashCase.Of(finding, default).Encode().Replace("\"version\":1", "\"version\":2", StringComparison.Ordinal), SlashCase.Of(Finding("moderation:other"), default).Encode()])
        {
            await _store.CommitAsync(new StateCommit { Documents = [new DocumentWrite(_queue.Collection, finding.Key, data)] });
            Assert.Equal(StorageException.Damaged, (await Assert.ThrowsAsync<StorageException>(() => _queue.ListAsync(CancellationToken.None))).Code);
        }
    }

    internal static SlashFinding Finding(string reason, long round = 9, byte validator = 5) =>
        new(round, SlashFindingsTests.Who(validator), reason, [new SlashEvidence("content", Bytes32.FromUnsigned(1), "x")]);
}
