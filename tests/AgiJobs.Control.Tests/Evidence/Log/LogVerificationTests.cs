using System.Text;
using AgiJobs.Control.Evidence;
using AgiJobs.Control.Evidence.Log;
using AgiJobs.Control.Evidence.Witnesses;
using AgiJobs.Control.Sealing;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Tests.Evidence.Log;

public sealed class LogVerificationTests : IDisposable
{
    private readonly EvidenceGround _ground = new();

    public void Dispose() => _ground.Dispose();

    [Fact]
    public async Task Every_altered_byte_of_the_log_is_a_mismatch()
    {
        await _ground.RecordAsync(("change.planned", []), ("change.sent", []), ("change.mined", []));
        await _ground.WitnessAsync(0);
        Assert.Empty(_ground.Archive.Verify(null, []).Logs[0].Findings);
        foreach (var path in Directory.EnumerateFiles(_ground.Log.Path, "*", SearchOption.AllDirectories).Where(path => !path.EndsWith(".lock", StringComparison.Ordinal)))
        {
            var good = File.ReadAllBytes(path);
            for (var place = 0; place < good.Length; place += 1 + (good.Length / 40))
            {
                var bad = (byte[])good.Clone();
                bad[place] ^= 1;
                File.WriteAllBytes(path, bad);

                // The time of a witness's signature is for the record only, and no signature covers it.
                if (path.Contains("cosignatures", StringComparison.Ordinal) && Encoding.UTF8.GetString(bad).Split("signedAt")[0].Length < place)
                {
                    continue;
                }

                var report = _ground.Archive.Verify(null, []);
                Assert.True(report.Logs[0].Findings.Any(finding => finding.Exit is ExitCode.Mismatch or ExitCode.Findings), $"{path} at {place}: {string.Join('\n', report.Logs[0].Findings)}");
                Assert.NotEqual(ExitCode.Clean, report.Exit);
            }

            File.WriteAllBytes(path, good);
        }

        Assert.Empty(_ground.Archive.Verify(null, []).Logs[0].Findings);
    }

    [Fact]
    public async Task Entries_that_were_moved_removed_or_added_are_named()
    {
        await _ground.RecordAsync(("change.planned", []), ("change.sent", []), ("change.mined", []));
        var path = _ground.Log.Locate("tile", "entries", "000.p", "3");
        var entries = _ground.Log.Entries(3).Select(entry => entry.Entry.ToArray()).ToList();
        Rewrite(entries[1], entries[0], entries[2]);
        Assert.Equal(["log-edited", "log-edited", "log-root"], Codes());
        Assert.Contains(Findings(), finding => finding.Message.Contains("entry 0 is not the one", StringComparison.Ordinal));
        Rewrite(entries[0], entries[1]);
        Assert.Contains("log-tile", Codes());
        Rewrite(entries[0], entries[1], entries[2], entries[2]);
        Assert.Contains("log-tile", Codes());

        void Rewrite(params byte[][] changed) => File.WriteAllBytes(path, [.. changed.SelectMany(entry => (byte[])[(byte)(entry.Length >> 8), (byte)entry.Length, .. entry])]);
    }

    [Fact]
    public async Task A_log_that_was_set_back_is_told_by_what_the_user_and_the_owners_remember()
    {
        await _ground.RecordAsync(("change.planned", []));
        var old = Read();
        await _ground.RecordAsync(("change.sent", []));
        await _ground.WitnessAsync(1);
        var witness = File.ReadAllBytes(Directory.EnumerateFiles(_ground.Log.Locate("cosignatures")).Single());
        Write(old);
        Assert.Contains(Findings(), finding => finding.Code == "log-truncated" && finding.Message.Contains("entries 1 to 1 are missing", StringComparison.Ordinal));

        // On another machine the owner's signature alone tells it.
        var folder = _ground.Log;
        Directory.CreateDirectory(folder.Locate("cosignatures"));
        File.WriteAllBytes(folder.Locate("cosignatures", "x.json"), witness);
        Assert.Contains(LogVerification.Run(folder, null, []).Findings, finding => finding.Code == "log-truncated");
    }

    [Fact]
    public async Task Two_checkpoints_of_one_size_with_different_roots_are_a_split_view_and_the_first_differing_entry_is_shown()
    {
        await _ground.RecordAsync(("change.planned", []));
        var log = _ground.Log;
        var copy = new LogFolder(_ground.Outside(Path.Combine("copy", log.Network, log.Writer)));
        Write(Read(), copy.Path);
        var user = Read(_ground.User.Path);
        await _ground.RecordAsync(("change.sent", []));
        var here = Read();

        // The same key signs another second entry, as a copied configuration folder and a copied log would.
        Write(user, _ground.User.Path);
        Write(Read(copy.Path));
        await _ground.RecordAsync(("change.failed", []));
        Write(Read(), copy.Path);
        Write(here);
        var other = new OtherCheckpoint("the other machine", copy.ReadNote()!, copy);
        var finding = Assert.Single(LogVerification.Run(log, null, [other]).Findings, finding => finding.Code == "log-split");
        Assert.Equal(ExitCode.Mismatch, finding.Exit);
        Assert.Contains("The first entry that differs is 1: here change.sent of", finding.Message, StringComparison.Ordinal);
        Assert.Contains("there change.failed of", finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_rests_on_the_folder_alone_is_said_and_is_not_clean()
    {
        await _ground.RecordAsync(("change.planned", []));
        var report = LogVerification.Run(_ground.Log, null, []);
        Assert.Equal("log-unanchored", Assert.Single(report.Findings).Code);
        Assert.Equal(ExitCode.Findings, report.Exit);
        await _ground.WitnessAsync(0, 2);
        report = LogVerification.Run(_ground.Log, null, []);
        Assert.Equal(ExitCode.Clean, report.Exit);
        Assert.Contains(_ground.Owners[2].Address.ToString(), Assert.Single(report.Anchors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_replaced_folder_with_a_key_of_its_own_is_told_by_the_users_key()
    {
        await _ground.RecordAsync(("change.planned", []));
        var seed = new byte[32];
        var log = _ground.Log;
        var key = new VerifierKey(log.Origin, Ethereum.Keys.Ed25519.PublicKey(seed));
        File.WriteAllText(log.Locate("verifier-key"), key.ToString());
        File.WriteAllBytes(log.Locate("checkpoint"), key.Sign(log.ReadNote()!.Text, seed).ToBytes());
        Assert.Contains(Codes(), code => code == "log-verifier-key");
        Assert.Equal("log-unanchored", Assert.Single(LogVerification.Run(log, null, []).Findings).Code);
    }

    [Fact]
    public async Task A_log_that_is_gone_is_missed()
    {
        await _ground.RecordAsync(("change.planned", []));
        Directory.Delete(_ground.Workspace.Locate("storage", "audit"), recursive: true);
        var report = _ground.Archive.Verify(_ground.Change.Document.Network, []);
        Assert.Equal(("log-missing", ExitCode.Mismatch), (Assert.Single(report.Findings).Code, report.Exit));
    }

    [Fact]
    public async Task Files_that_entries_name_must_be_as_the_newest_entry_says()
    {
        _ground.Write("storage/receipts/a.json", "1");
        _ground.Write("storage/receipts/b.json", "1");
        await _ground.RecordAsync(("change.mined", ["storage/receipts/a.json", "storage/receipts/b.json"]));
        _ground.Write("storage/receipts/a.json", "2");
        var altered = Assert.Single(_ground.Archive.Verify(null, []).Findings);
        Assert.Equal(("file-altered", ExitCode.Mismatch), (altered.Code, altered.Exit));
        await _ground.RecordAsync(("change.verified", ["storage/receipts/a.json"]));
        Assert.Equal((ExitCode.Clean, 2), (_ground.Archive.Verify(null, []).Exit, _ground.Archive.Verify(null, []).Files));
        File.Delete(_ground.Workspace.Locate("storage", "receipts", "b.json"));
        Assert.Equal("file-gone", Assert.Single(_ground.Archive.Verify(null, []).Findings).Code);
    }

    [Fact]
    public async Task A_witness_must_be_an_owner_and_its_signature_is_bound_to_the_safe_and_chain()
    {
        await _ground.RecordAsync(("change.planned", []));
        var note = _ground.Log.ReadNote()!;
        var refusal = await Assert.ThrowsAsync<ControlException>(() => CheckpointSignature.SignAsync(note, ChainId.Local, EvidenceGround.Safe, [_ground.Owners[0].Address], _ground.Owners[1], _ground.Time, CancellationToken.None));
        Assert.Equal(("safe-not-owner", ExitCode.Refused), (refusal.Code, refusal.Exit));
        var signature = await CheckpointSignature.SignAsync(note, ChainId.Local, EvidenceGround.Safe, [_ground.Owners[0].Address], _ground.Owners[0], _ground.Time, CancellationToken.None);
        Assert.True(signature.Holds());
        Assert.False((signature with { ChainId = new ChainId(1) }).Holds());
        Assert.False((signature with { Safe = _ground.Owners[1].Address }).Holds());
        Assert.False((signature with { Owner = _ground.Owners[1].Address }).Holds());
        Assert.False((signature with { Checkpoint = signature.Checkpoint.Replace("\n1\n", "\n2\n", StringComparison.Ordinal) }).Holds());
        Assert.StartsWith("{\"types\":{\"EIP712Domain\"", CheckpointSignature.Document(signature.Read(), ChainId.Local, EvidenceGround.Safe).ToJson().Replace(" ", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Logs_are_merged_by_time_and_keep_their_own_order()
    {
        await _ground.RecordAsync(("change.planned", []), ("change.sent", []));
        await using (var other = AuditLog.Open(_ground.Workspace, "other", new Seal(_ground.User), _ground.Time))
        {
            await other.AppendAsync(new AuditEntry { Kind = "late", Network = "other", At = _ground.Time.GetUtcNow() + TimeSpan.FromHours(1) }, CancellationToken.None);
            await other.AppendAsync(new AuditEntry { Kind = "clock.set-back", Network = "other", At = _ground.Time.GetUtcNow() - TimeSpan.FromHours(1) }, CancellationToken.None);
        }

        await _ground.RecordAsync(("change.mined", []));
        Assert.Equal(["change.planned", "change.sent", "change.mined", "late", "clock.set-back"], _ground.Archive.Entries(null, []).Select(entry => entry.Entry.Kind));
        Assert.Equal(3, _ground.Archive.Entries(_ground.Change.Document.Network, []).Count);
    }

    private IReadOnlyList<AuditFinding> Findings() => LogVerification.Run(_ground.Log, _ground.Keys, []).Findings;

    private IEnumerable<string> Codes() => Findings().Select(finding => finding.Code);

    private Dictionary<string, byte[]> Read(string? folder = null)
    {
        var root = folder ?? _ground.Log.Path;
        return Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Where(path => !path.EndsWith(".lock", StringComparison.Ordinal)).ToDictionary(path => Path.GetRelativePath(root, path), File.ReadAllBytes, StringComparer.Ordinal);
    }

    private void Write(Dictionary<string, byte[]> files, string? folder = null)
    {
        var root = folder ?? _ground.Log.Path;
        foreach (var path in Directory.Exists(root) ? Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories) : [])
        {
            if (!files.ContainsKey(Path.GetRelativePath(root, path)))
            {
                File.Delete(path);
            }
        }

        foreach (var (name, content) in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(root, name))!);
            File.WriteAllBytes(Path.Combine(root, name), content);
        }
    }
}
