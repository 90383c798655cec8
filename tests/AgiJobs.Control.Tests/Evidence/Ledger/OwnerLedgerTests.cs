using AgiJobs.Control.Evidence.Ledger;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Testing;

namespace AgiJobs.Control.Tests.Evidence.Ledger;

public sealed class OwnerLedgerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private OwnerLedger Ledger => new(Workspace.At(_folder.Path, ""), TimeProvider.System);

    [Fact]
    public async Task Entries_are_added_and_never_lost_by_writers_at_the_same_time()
    {
        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => Task.Run(() => Ledger.AppendAsync(Entry($"change {i}"), CancellationToken.None))));
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"change {i}").Order(StringComparer.Ordinal), Ledger.Read().Select(entry => entry.Title).Order(StringComparer.Ordinal));
        Assert.StartsWith("[\n", await File.ReadAllTextAsync(Ledger.Path), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[{\"at\":1}]")]
    [InlineData("[null]")]
    [InlineData("[")]
    public async Task Nothing_is_added_to_a_damaged_ledger_and_whoever_may_not_be_stopped_gets_a_finding(string content)
    {
        _folder.Write("storage/owner-ledger.json", content);
        var refusal = await Assert.ThrowsAsync<ControlException>(() => Ledger.AppendAsync(Entry("x"), CancellationToken.None));
        Assert.Equal(("ledger-corrupt", ExitCode.Mismatch), (refusal.Code, refusal.Exit));
        Assert.Contains("Restore storage/owner-ledger.json", refusal.Mend, StringComparison.Ordinal);
        Assert.Equal("ledger-corrupt", (await Ledger.TryAppendAsync(Entry("x"), CancellationToken.None))!.Code);
        Assert.Equal(content, await File.ReadAllTextAsync(Ledger.Path));
    }

    [Fact]
    public async Task A_ledger_that_another_process_holds_is_waited_for_and_then_refused()
    {
        var time = new ManualTime();
        using var held = Control.Files.FileLock.TryTake(Ledger.Path + ".lock");
        var append = new OwnerLedger(Workspace.At(_folder.Path, ""), time).TryAppendAsync(Entry("x"), CancellationToken.None);
        await Wait.UntilAsync("it waits", () => time.ArmedTimers > 0);
        time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal("ledger-locked", (await append)!.Code);
    }

    [Fact]
    public async Task An_entry_reads_as_it_was_written()
    {
        var entry = Entry("x") with { Transactions = [Bytes32.Zero], Note = "a note" };
        await Ledger.AppendAsync(entry, CancellationToken.None);
        var read = Assert.Single(Ledger.Read());
        Assert.Equal((entry.At, entry.Change, entry.Outcome, entry.Note), (read.At, read.Change, read.Outcome, read.Note));
        Assert.Equal("guardian", Assert.Single(read.Who).Name);
        Assert.Equal(Bytes32.Zero, Assert.Single(read.Transactions));
    }

    private static LedgerEntry Entry(string title) => new()
    {
        At = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero),
        Network = "local",
        ChainId = ChainId.Local,
        Change = Bytes32.Zero,
        Kind = "pause-system",
        Title = title,
        Who = [new LedgerParty { Name = "guardian", Address = EvidenceGround.Safe }],
        Outcome = "verified",
        Instance = "INC-1",
    };
}
