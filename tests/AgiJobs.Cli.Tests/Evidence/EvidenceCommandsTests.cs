using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Evidence;
using AgiJobs.Control.Evidence.Ledger;
using AgiJobs.Control.Evidence.Log;
using AgiJobs.Control.Sealing;
using AgiJobs.Ethereum;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Evidence;

public sealed class EvidenceCommandsTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private TestNetwork Devnet => fixture.Devnet;

    private string Bundle => Path.Combine(Devnet.Folder, "bundle.tar");

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Two_owners_sign_and_a_stranger_verifies_the_bundle_without_workspace_or_network()
    {
        var change = await RecordAsync();
        var log = await Devnet.RunAsync("evidence", "log");
        Assert.Equal(0, log.Exit);
        Assert.Contains("network local, chain 31337", log.Output, StringComparison.Ordinal);
        Assert.Contains("change.planned", log.Output, StringComparison.Ordinal);
        Assert.Equal(3, (await Devnet.RunAsync("evidence", "log", "--change", change, "--json")).Json["entries"]!.AsArray().Count);
        Assert.Single((await Devnet.RunAsync("evidence", "log", "--kind", "armory", "--json")).Json["entries"]!.AsArray());
        Assert.Empty((await Devnet.RunAsync("evidence", "log", "--since", "2999-01-01", "--json")).Json["entries"]!.AsArray());
        var verified = await Devnet.RunAsync("evidence", "log", "--verify");
        Assert.True(verified.Exit == 0, verified.ToString());
        Assert.Contains("rests on   its key, which is in this user's configuration folder; the checkpoint of 4 entries", verified.Output, StringComparison.Ordinal);

        Assert.Equal(3, (await Devnet.RunAsync("evidence", "export", "--change", change, "--out", Bundle)).Exit);
        var refused = await Devnet.RunAsync("evidence", "checkpoint", "--signer", "guardian", "--json");
        Assert.Equal((4, "safe-not-owner"), (refused.Exit, (string?)refused.Json["error"]!["code"]));
        Assert.Equal(0, (await Devnet.RunAsync("evidence", "checkpoint", "--signer", "safe-owner-1")).Exit);
        var signed = await Devnet.RunAsync("evidence", "checkpoint", "--signer", "safe-owner-2", "--json");
        Assert.Equal(2, signed.Json["logs"]![0]!["signedBy"]!.AsArray().Count);
        var export = await Devnet.RunAsync("evidence", "export", "--change", change, "--out", Bundle);
        Assert.True(export.Exit == 0, export.ToString());

        string[] owners = ["--owner", Devnet.Accounts["safe-owner-1"].Address.ToString(), "--owner", Devnet.Accounts["safe-owner-2"].Address.ToString()];
        var empty = Directory.CreateTempSubdirectory("agijobs-elsewhere-").FullName;
        var outcome = await Agijobs.RunAsync(empty, ["evidence", "verify", Bundle, .. owners]);
        Assert.True(outcome.Exit == 0, outcome.ToString());
        Assert.Contains("2 of the 2 given signed this checkpoint, 2 needed", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("NOT PROVEN README.txt", outcome.Output, StringComparison.Ordinal);
        var third = await Agijobs.RunAsync(empty, ["evidence", "verify", Bundle, .. owners, "--owner", Devnet.Accounts["safe-owner-3"].Address.ToString(), "--json"]);
        Assert.Equal((6, "owners-missing"), (third.Exit, (string?)third.Json["findings"]![0]!["code"]));
        Assert.Equal(0, (await Agijobs.RunAsync(empty, ["evidence", "verify", Bundle, .. owners, "--owner", Devnet.Accounts["safe-owner-3"].Address.ToString(), "--threshold", "2"])).Exit);
        Assert.Empty(Directory.EnumerateFileSystemEntries(empty));
        Directory.Delete(empty);

        var bytes = await File.ReadAllBytesAsync(Bundle);
        bytes[700] ^= 1;
        await File.WriteAllBytesAsync(Bundle, bytes);
        Assert.Equal(6, (await Devnet.RunAsync(["evidence", "verify", Bundle, .. owners])).Exit);
    }

    [Fact]
    public async Task An_altered_log_is_shown_with_exit_6_and_nothing_is_exported_or_signed()
    {
        var change = await RecordAsync();
        var bundle = await File.ReadAllBytesAsync(await ExportedAsync(change));
        var log = Assert.Single(LogFolder.Under(Devnet.Workspace.Locate("storage", "audit")));
        var entries = Directory.EnumerateFiles(log.Locate("tile", "entries"), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Last();
        await File.WriteAllTextAsync(entries, (await File.ReadAllTextAsync(entries, System.Text.Encoding.Latin1)).Replace("planned", "planted", StringComparison.Ordinal), System.Text.Encoding.Latin1);
        var verified = await Devnet.RunAsync("evidence", "log", "--verify");
        Assert.Equal(6, verified.Exit);
        Assert.True(verified.Output.Contains("entry 0 is not the one whose hash the tree has", StringComparison.Ordinal), verified.ToString());
        Assert.Equal((4, "log-not-clean"), Code(await Devnet.RunAsync("evidence", "export", "--change", change, "--out", Bundle, "--json")));
        Assert.Equal((4, "log-not-clean"), Code(await Devnet.RunAsync("evidence", "checkpoint", "--signer", "safe-owner-1", "--json")));
        Assert.NotEmpty(bundle);
    }

    [Fact]
    public async Task The_log_is_compared_with_a_bundle_a_checkpoint_and_another_workspace()
    {
        var change = await RecordAsync();
        var bundle = await ExportedAsync(change);
        var log = Assert.Single(LogFolder.Under(Devnet.Workspace.Locate("storage", "audit")));
        foreach (var other in (string[])[bundle, log.Locate("checkpoint"), log.Path, Devnet.Folder])
        {
            var outcome = await Devnet.RunAsync("evidence", "log", "--verify", "--against", other);
            Assert.True(outcome.Exit == 0, outcome.ToString());
            Assert.Contains(other, outcome.Output, StringComparison.Ordinal);
        }

        Directory.Delete(log.Path, recursive: true);
        Assert.Equal(6, (await Devnet.RunAsync("evidence", "log", "--verify", "--against", bundle)).Exit);
        Assert.Equal(6, (await Devnet.RunAsync("evidence", "log", "--verify")).Exit);
    }

    [Theory]
    [InlineData("export-what", "evidence", "export", "--out", "x")]
    [InlineData("export-what", "evidence", "export", "--out", "x", "--all", "--change", "y")]
    [InlineData("out-needed", "evidence", "export", "--all")]
    [InlineData("time-format", "evidence", "log", "--since", "yesterday")]
    [InlineData("verify-all", "evidence", "log", "--verify", "--kind", "change")]
    [InlineData("against-verify", "evidence", "log", "--against", "x")]
    [InlineData("command-line", "evidence", "verify", "x")]
    [InlineData("file-read", "evidence", "verify", "x", "--owner", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")]
    [InlineData("change-unknown", "evidence", "export", "--change", "nothing", "--out", "x")]
    public async Task Bad_input_is_told_with_exit_2(string code, params string[] arguments) => Assert.Equal((2, code), Code(await Devnet.RunAsync([.. arguments, "--json"])));

    [Fact]
    public async Task The_ledger_is_shown()
    {
        Assert.Contains("has no entry", (await Devnet.RunAsync("ledger", "show")).Output, StringComparison.Ordinal);
        await new OwnerLedger(Devnet.Workspace, TimeProvider.System).AppendAsync(
            new LedgerEntry
            {
                At = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
                Network = "local",
                ChainId = ChainId.Local,
                Change = Bytes32.Zero,
                Kind = "pause-system",
                Title = "Pause all",
                Who = [new LedgerParty { Name = "guardian", Address = Devnet.Accounts["guardian"].Address }],
                Outcome = "verified",
                Instance = "INC-1",
            },
            CancellationToken.None);
        var shown = await Devnet.RunAsync("ledger", "show");
        Assert.Contains("2026-01-02 03:04:05", shown.Output, StringComparison.Ordinal);
        Assert.Contains("31337", shown.Output, StringComparison.Ordinal);
        Assert.Single((await Devnet.RunAsync("ledger", "show", "--json")).Json["entries"]!.AsArray());
        await File.WriteAllTextAsync(Path.Combine(Devnet.Folder, "storage", "owner-ledger.json"), "[");
        Assert.Equal((6, "ledger-corrupt"), Code(await Devnet.RunAsync("ledger", "show", "--json")));
    }

    private static (int Exit, string? Code) Code(Outcome outcome) => (outcome.Exit, (string?)outcome.Json["error"]!["code"]);

    private async Task<string> ExportedAsync(string change)
    {
        Assert.Equal(3, (await Devnet.RunAsync("evidence", "export", "--change", change, "--out", Bundle)).Exit);
        return Bundle;
    }

    // A change on file, three entries of which two are about it, and the files that they name.
    private async Task<string> RecordAsync()
    {
        var id = (string)(await Devnet.RunAsync("owner", "system-pause", "--action", "pause", "--json")).Json["change"]!;
        var change = new ChangeStore(Devnet.Workspace, TimeProvider.System).Get(id);
        await using var log = AuditLog.Open(Devnet.Workspace, "local", new Seal(UserFolder.At(TestNetwork.UserFolderOf(Devnet.Folder))), TimeProvider.System);
        foreach (var (kind, file) in ((string, string)[])[("armory.added", "")])
        {
            await log.AppendAsync(
                new AuditEntry
                {
                    Kind = kind,
                    Network = "local",
                    Change = file.Length > 0 ? change.Document.Digest() : null,
                    Data = new JsonObject { ["by"] = "a test" },
                    Files = file.Length > 0 ? [AuditFile.Of(Devnet.Workspace, Path.Combine(change.Folder, file))] : [],
                },
                CancellationToken.None);
        }

        return id;
    }
}
