using System.Formats.Tar;
using System.Text;
using AgiJobs.Control.Evidence.Bundles;
using AgiJobs.Control.Evidence.Log;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Tests.Evidence.Bundles;

public sealed class BundleTests : IAsyncLifetime
{
    private readonly EvidenceGround _ground = new();

    private string ReceiptHash { get; } = "0x" + new string('1', 64);

    private Address[] Owners => [.. _ground.Owners.Select(owner => owner.Address)];

    public async ValueTask InitializeAsync()
    {
        var network = _ground.Change.Document.Network;
        var receipt = _ground.Write($"storage/receipts/{network}/{ReceiptHash}.json", "{\"status\":\"0x1\"}\n");
        var journal = _ground.Write($"storage/changes/{_ground.Change.Id}/journal.jsonl", $"{{\"event\":\"mined\",\"hash\":\"{ReceiptHash}\"}}\n");
        _ground.Write("storage/owner-ledger.json", "[]\n");
        _ground.Write($"storage/changes/{_ground.Change.Id}/journal.jsonl.lock", "");
        await _ground.RecordAsync(
            ("change.planned", [Path.Combine(_ground.Change.Folder, "change.json"), Path.Combine(_ground.Change.Folder, "brief.md")]),
            ("something.else", ["storage/owner-ledger.json"]),
            ("change.mined", [receipt]),
            ("change.verified", [journal]));
    }

    public ValueTask DisposeAsync()
    {
        _ground.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_bundle_with_the_owners_signatures_verifies_with_nothing_else()
    {
        await _ground.WitnessAsync(0, 1);
        var bundle = Export();
        Assert.Empty(bundle.Findings);
        Assert.Equal(4, bundle.Entries);
        var report = BundleVerification.Run(bundle.Tar, Owners[..2], 2);
        Assert.Empty(report.Findings);
        var log = Assert.Single(report.Logs);
        Assert.Equal(ChainId.Local, log.ChainId);
        Assert.Equal(EvidenceGround.Safe, log.Safe);
        var id = _ground.Change.Id;
        Assert.Equal(
            [$"storage/changes/{id}/brief.md", $"storage/changes/{id}/change.json", $"storage/changes/{id}/journal.jsonl", "storage/owner-ledger.json", $"storage/receipts/{_ground.Change.Document.Network}/{ReceiptHash}.json"],
            report.Proven);
        Assert.Equal(["README.txt"], report.Unproven);
        Assert.Empty(BundleVerification.Run(bundle.Tar, Owners, 2).Findings);
    }

    [Fact]
    public async Task The_same_workspace_gives_the_same_bytes()
    {
        await _ground.WitnessAsync(0);
        var first = Export().Tar;
        foreach (var path in Directory.EnumerateFiles(_ground.Workspace.Root, "*", SearchOption.AllDirectories))
        {
            File.SetLastWriteTimeUtc(path, new DateTime(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        }

        _ground.Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(first, Export().Tar);
    }

    [Fact]
    public async Task Too_few_owners_strangers_and_doubles_do_not_count()
    {
        await _ground.WitnessAsync(0);
        var tar = Export().Tar;
        Assert.Equal("owners-missing", Codes(BundleVerification.Run(tar, Owners[..2], 2))[0]);
        Assert.Equal("owners-missing", Codes(BundleVerification.Run(tar, Owners[1..2], 1))[0]);
        Assert.Empty(BundleVerification.Run(tar, Owners, 1).Findings);
        Assert.Equal("owners", Assert.Throws<ControlException>(() => BundleVerification.Run(tar, [Owners[0], Owners[0]], 2)).Code);
        Assert.Equal("owners", Assert.Throws<ControlException>(() => BundleVerification.Run(tar, [Owners[0]], 2)).Code);
        Assert.Equal("owners", Assert.Throws<ControlException>(() => BundleVerification.Run(tar, Owners, 0)).Code);
    }

    [Fact]
    public void Without_any_owners_signature_nothing_is_proven()
    {
        var bundle = Export();
        Assert.Equal("bundle-unsigned", Assert.Single(bundle.Findings).Code);
        var report = BundleVerification.Run(bundle.Tar, Owners, 1);
        Assert.Equal(ExitCode.Mismatch, report.Exit);
        Assert.Empty(report.Proven);
    }

    // Contents, headers, padding, the end: whatever byte it is, its place in the tar makes no difference.
    [Fact]
    public async Task Every_single_altered_byte_is_detected()
    {
        await _ground.WitnessAsync(0);
        var tar = Export().Tar;
        Assert.Empty(BundleVerification.Run(tar, Owners[..1], 1).Findings);
        for (var place = 0; place < tar.Length; place += place % 512 < 345 && place < 2048 ? 3 : 29)
        {
            var bad = (byte[])tar.Clone();
            bad[place] ^= (byte)(1 << (place % 8));
            Assert.True(BundleVerification.Run(bad, Owners[..1], 1).Exit == ExitCode.Mismatch, $"byte {place} of {tar.Length}");
        }

        foreach (var length in (int[])[0, 1, 511, 512, 1000, tar.Length - 1024, tar.Length - 1])
        {
            Assert.Equal(ExitCode.Mismatch, BundleVerification.Run(tar[..length], Owners[..1], 1).Exit);
        }

        Assert.Equal(ExitCode.Mismatch, BundleVerification.Run([.. tar, 0], Owners[..1], 1).Exit);
    }

    [Fact]
    public async Task A_file_that_was_altered_with_its_sum_is_told_by_the_log()
    {
        await _ground.WitnessAsync(0);
        var files = Files();
        files[$"files/storage/changes/{_ground.Change.Id}/journal.jsonl"] = "{}\n"u8.ToArray();
        Assert.Equal(["file-altered"], Codes(Verify(files)));
        files.Remove($"files/storage/changes/{_ground.Change.Id}/journal.jsonl");
        Assert.Equal(["file-gone"], Codes(Verify(files)));
    }

    [Fact]
    public async Task An_entry_a_proof_a_checkpoint_and_a_signature_that_do_not_belong_are_told()
    {
        await _ground.WitnessAsync(0);
        var log = "logs/" + _ground.Log.Origin;
        Alter($"{log}/entries/000000000000.json", bytes => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(bytes).Replace("\"x\"", "\"y\"", StringComparison.Ordinal)), "proof");
        Alter($"{log}/entries/000000000000.tlog-proof", bytes => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(bytes).Replace("index 0", "index 1", StringComparison.Ordinal)), "proof");
        Alter($"{log}/entries/000000000000.tlog-proof", _ => null, "proof-missing");
        Alter($"{log}/checkpoint", _ => null, "bundle-empty");
        Alter($"{log}/verifier-key", _ => null, "verifier-key");
        Alter($"{log}/verifier-key", _ => Encoding.UTF8.GetBytes(new VerifierKey(_ground.Log.Origin, Ethereum.Keys.Ed25519.PublicKey(new byte[32])) + "\n"), "log-signature");
        Alter($"{log}/other", _ => [1], "bundle-stray");
        Alter("logs/x", _ => [1], "bundle-stray");
        var witness = Files().Keys.Single(name => name.Contains("cosignatures", StringComparison.Ordinal));
        Alter(witness, bytes => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(bytes).Replace(_ground.Owners[0].Address.ToString(), _ground.Owners[1].Address.ToString(), StringComparison.Ordinal)), "witness-signature");
        Alter(witness, _ => null, "owners-missing");

        void Alter(string name, Func<byte[], byte[]?> change, string code)
        {
            var files = Files();
            var changed = change(files.GetValueOrDefault(name, []));
            if (changed is null)
            {
                files.Remove(name);
            }
            else
            {
                files[name] = changed;
            }

            Assert.Contains(code, Codes(Verify(files)));
        }
    }

    [Fact]
    public void Links_devices_paths_that_lead_out_doubles_and_unlisted_files_are_refused()
    {
        Assert.Contains("bundle-entry", Codes(Hostile(new UstarTarEntry(TarEntryType.SymbolicLink, "files/a") { LinkName = "/etc/passwd" })));
        Assert.Contains("bundle-entry", Codes(Hostile(new UstarTarEntry(TarEntryType.HardLink, "files/a") { LinkName = "files/b" })));
        Assert.Contains("bundle-entry", Codes(Hostile(new UstarTarEntry(TarEntryType.Directory, "files/"))));
        foreach (var name in new[] { "../a", "/etc/passwd", "files/../../a", "files//a", "./a", "files\\a" })
        {
            Assert.Contains("bundle-path", Codes(Hostile(new UstarTarEntry(TarEntryType.RegularFile, name))));
        }

        var twice = Codes(Hostile(new UstarTarEntry(TarEntryType.RegularFile, "files/a"), new UstarTarEntry(TarEntryType.RegularFile, "files/a")));
        Assert.Contains("bundle-twice", twice);
        Assert.Contains("bundle-sums", twice);
        Assert.Equal(ExitCode.Mismatch, BundleVerification.Run("no tar at all"u8.ToArray(), Owners, 1).Exit);
        Assert.Equal(ExitCode.Mismatch, BundleVerification.Run([], Owners, 1).Exit);

        BundleReport Hostile(params UstarTarEntry[] entries)
        {
            using var tar = new MemoryStream();
            using (var writer = new TarWriter(tar, TarEntryFormat.Ustar, leaveOpen: true))
            {
                foreach (var entry in entries)
                {
                    writer.WriteEntry(entry);
                }
            }

            return BundleVerification.Run(tar.ToArray(), Owners, 1);
        }
    }

    [Fact]
    public async Task No_bundle_is_made_of_evidence_that_does_not_verify()
    {
        await _ground.WitnessAsync(0);
        _ground.Write("storage/owner-ledger.json", "[ ]\n");
        var refusal = Assert.Throws<ControlException>(Export);
        Assert.Equal(("log-not-clean", ExitCode.Refused), (refusal.Code, refusal.Exit));
        Assert.Contains("storage/owner-ledger.json", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_checkpoint_that_owners_signed_is_used_as_long_as_it_reaches_the_entries()
    {
        await _ground.WitnessAsync(0, 2);
        await _ground.RecordAsync(("something.else", []));
        var report = BundleVerification.Run(Export().Tar, [Owners[0], Owners[2]], 2);
        Assert.Empty(report.Findings);
        Assert.Equal(4, report.Logs[0].Checkpoint.Size);
        await _ground.RecordAsync(("change.cancelled", []));
        Assert.Equal("bundle-unsigned", Assert.Single(Export().Findings).Code);
    }

    [Fact]
    public async Task Everything_can_be_exported_at_once()
    {
        await _ground.WitnessAsync(0);
        var bundle = new BundleExport(_ground.Workspace, _ground.Archive).Everything(null);
        Assert.Empty(bundle.Findings);
        Assert.Empty(BundleVerification.Run(bundle.Tar, Owners[..1], 1).Findings);
    }

    // C2SP tlog-proof, the form of its example.
    [Fact]
    public void A_proof_has_the_form_of_the_specification()
    {
        var seed = new byte[32];
        var key = new VerifierKey("example.com/fancylog", Ethereum.Keys.Ed25519.PublicKey(seed));
        var note = key.Sign(new Checkpoint("example.com/fancylog", 109482, default).ToText(), seed);
        var hash = Bytes32.Parse("0x" + new string('a', 64));
        var proof = new LogProof(73894, [hash], note, "age"u8.ToArray());
        Assert.StartsWith("c2sp.org/tlog-proof@v1\nextra YWdl\nindex 73894\nqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=\n\nexample.com/fancylog\n109482\n", Encoding.UTF8.GetString(proof.ToBytes()), StringComparison.Ordinal);
        Assert.Equal(proof.ToBytes(), LogProof.Parse(proof.ToBytes()).ToBytes());
        var text = Encoding.UTF8.GetString(new LogProof(0, [], note).ToBytes());
        Assert.Equal(0, LogProof.Parse(Encoding.UTF8.GetBytes(text)).Index);
        foreach (var bad in new[] { "", "x", text.Replace("@v1", "@v2", StringComparison.Ordinal), text.Replace("index 0", "index 00", StringComparison.Ordinal), text.Replace("index 0", "index -1", StringComparison.Ordinal), text.Replace("index 0", "index 0\nqq", StringComparison.Ordinal), text.Replace("index 0", "extra @\nindex 0", StringComparison.Ordinal) })
        {
            Assert.Equal("proof-format", Assert.Throws<ControlException>(() => LogProof.Parse(Encoding.UTF8.GetBytes(bad))).Code);
        }
    }

    private ExportedBundle Export() => new BundleExport(_ground.Workspace, _ground.Archive).Of(_ground.Change);

    private Dictionary<string, byte[]> Files() =>
        BundleArchive.Read(Export().Tar, []).Where(file => file.Key != BundleArchive.Sums).ToDictionary(file => file.Key, file => file.Value, StringComparer.Ordinal);

    // As a forger would: the sums are made anew.
    private BundleReport Verify(Dictionary<string, byte[]> files) => BundleVerification.Run(BundleArchive.Write(files), Owners[..1], 1);

    private static List<string> Codes(BundleReport report) => [.. report.Findings.Select(finding => finding.Code)];
}
