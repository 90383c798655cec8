using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Evidence.Log;
using AgiJobs.Control.Evidence.Witnesses;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Evidence.Bundles;

/// <summary>What was put into a bundle.</summary>
/// <param name="Tar">The bundle.</param>
/// <param name="Files">Files of the workspace in it.</param>
/// <param name="Entries">Log entries in it, each with its proof.</param>
/// <param name="Witnesses">The owners whose signatures are in it, for every log in it.</param>
/// <param name="Findings">What somebody who verifies it will miss.</param>
public sealed record ExportedBundle(byte[] Tar, int Files, int Entries, IReadOnlyList<Address> Witnesses, IReadOnlyList<AuditFinding> Findings);

/// <summary>
/// Makes bundles of evidence: the files of a change, what the log says of it with proofs, checkpoints and the owners' signatures over them. The same workspace gives the same bytes.
/// </summary>
/// <param name="workspace">The workspace.</param>
/// <param name="archive">Its logs.</param>
public sealed class BundleExport(Workspace workspace, AuditArchive archive)
{
    /// <summary>The bundle of one change.</summary>
    /// <exception cref="ControlException"><c>log-not-clean</c> (exit 4) when the evidence does not verify; <c>log-unsigned</c> (exit 4) when entries about the change are not under a checkpoint.</exception>
    public ExportedBundle Of(FiledChange change)
    {
        var digest = change.Document.Digest();
        return Make(
            $"the change {change.Id}\n  {change.Document.Title}\n  network {change.Document.Network}, chain {change.Document.ChainId}\n  digest {digest}",
            FilesOf(change, digest),
            entry => entry.Entry.Change == digest);
    }

    /// <summary>The bundle of everything on record.</summary>
    /// <param name="network">Only this network's log entries and receipts; null for all.</param>
    /// <exception cref="ControlException">As for one change.</exception>
    public ExportedBundle Everything(string? network)
    {
        string[] roots = ["storage/changes", network is null ? "storage/receipts" : $"storage/receipts/{network}", "storage/approvals", "monitoring/runbooks"];
        return Make(
            $"everything on record{(network is null ? "" : $" of the network {network}")}",
            [.. roots.SelectMany(Below), .. Existing("storage/owner-ledger.json")],
            entry => network is null || string.Equals(entry.Log.Network, network, StringComparison.Ordinal));
    }

    private ExportedBundle Make(string subject, IEnumerable<string> paths, Func<LoggedEntry, bool> isAbout)
    {
        var findings = new List<AuditFinding>();
        var all = archive.Entries(null, findings);
        var newest = AuditArchive.Newest(all);
        var about = all.Where(isAbout).ToList();
        var report = archive.Verify(null, []);
        Refuse(report.Findings);
        foreach (var log in report.Logs)
        {
            // A log that was given up earlier and says nothing about this is shown, but stands in nobody's way.
            if (!log.Log.IsRetired || about.Exists(entry => IsIn(entry, log)))
            {
                Refuse(log.Findings);
            }
            else
            {
                findings.AddRange(log.Findings.Where(finding => finding.Code is "log-retired").Select(finding => finding with { Exit = ExitCode.Findings }));
            }
        }

        if (about.FirstOrDefault(entry => !entry.IsSigned) is { } waiting)
        {
            throw new ControlException("log-unsigned", ExitCode.Refused, $"Entry {waiting.Index} of {waiting.Log.Origin} ({waiting.Entry.Kind}) is not yet under a signed checkpoint, so nothing could be proven of it.", "Run 'agijobs evidence checkpoint' on the machine that wrote it, then export again.");
        }

        // An entry that names a file again takes the earlier one's place, and whoever verifies needs it.
        var named = about.SelectMany(entry => entry.Entry.Files).Select(file => file.Path).ToHashSet(StringComparer.Ordinal);
        var needed = about.Concat(named.Select(path => newest[path]).Where(entry => entry.IsSigned)).Distinct().ToList();
        var contents = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var path in paths.Concat(named).Distinct(StringComparer.Ordinal))
        {
            contents["files/" + path] = File.ReadAllBytes(workspace.Locate(path.Split('/')));
        }

        var fileCount = contents.Count;
        var entryCount = 0;
        List<Address>? witnesses = null;
        foreach (var log in report.Logs.Where(log => needed.Exists(entry => IsIn(entry, log))))
        {
            var last = needed.Where(entry => IsIn(entry, log)).Max(entry => entry.Index);
            var (note, signatures) = Choose(log, last);
            var checkpoint = Checkpoint.Parse(note.Text);
            // Entries of other matters vouch for files of the bundle too, as far as this checkpoint reaches.
            var helpful = contents.Keys.Where(name => name.StartsWith("files/", StringComparison.Ordinal)).Select(name => newest.GetValueOrDefault(name[6..])).OfType<LoggedEntry>().Where(entry => entry.IsSigned && IsIn(entry, log) && entry.Index < checkpoint.Size).ToList();
            foreach (var entry in needed.Where(entry => IsIn(entry, log)).Concat(helpful).DistinctBy(entry => entry.Index))
            {
                var name = $"{FolderOf(log.Log)}/entries/{entry.Index.ToString("000000000000", CultureInfo.InvariantCulture)}";
                contents[name + ".json"] = entry.Bytes.ToArray();
                contents[name + ".tlog-proof"] = new LogProof(entry.Index, log.Log.Tree(checkpoint.Size).Inclusion(entry.Index, checkpoint.Size), note).ToBytes();
                entryCount++;
            }

            contents[$"{FolderOf(log.Log)}/checkpoint"] = note.ToBytes();
            contents[$"{FolderOf(log.Log)}/verifier-key"] = Encoding.UTF8.GetBytes(log.Log.ReadVerifierKey() + "\n");
            foreach (var signature in signatures)
            {
                contents[$"{FolderOf(log.Log)}/cosignatures/{signature.FileName}"] = JsonFile.Encode(signature, WitnessJson.Default.CheckpointSignature);
            }

            var owners = signatures.Select(signature => signature.Owner).Distinct();
            witnesses = witnesses is null ? [.. owners] : [.. witnesses.Intersect(owners)];
        }

        if (entryCount == 0)
        {
            findings.Add(new AuditFinding("bundle-no-entries", ExitCode.Findings, "The audit log has no entry about this, so nothing in the bundle can be proven."));
        }
        else if (witnesses is not { Count: > 0 })
        {
            findings.Add(new AuditFinding("bundle-unsigned", ExitCode.Findings, "No owner has signed the checkpoint, so 'evidence verify' will not accept the bundle. Owners sign with 'agijobs evidence checkpoint --signer NAME'; then export again."));
        }

        contents["README.txt"] = Encoding.UTF8.GetBytes(Readme(subject));
        return new ExportedBundle(BundleArchive.Write(contents), fileCount, entryCount, [.. (witnesses ?? []).Order()], findings);
    }

    private static void Refuse(IEnumerable<AuditFinding> findings)
    {
        if (findings.FirstOrDefault(finding => finding.Exit is ExitCode.Mismatch or ExitCode.Unknown) is { } worst)
        {
            throw new ControlException("log-not-clean", ExitCode.Refused, $"The evidence does not verify, so no bundle is made of it: {worst.Message}", "'agijobs evidence log --verify' shows all of it.");
        }
    }

    // The checkpoint that most owners signed among those that reach the last entry; the newest when none did.
    private static (SignedNote Note, IReadOnlyList<CheckpointSignature> Signatures) Choose(LogReport log, long last)
    {
        var best = log.Witnesses
            .Where(signature => signature.Read().Size > last)
            .GroupBy(signature => signature.Read())
            .OrderByDescending(group => group.Select(signature => signature.Owner).Distinct().Count())
            .ThenByDescending(group => group.Key.Size)
            .FirstOrDefault();
        return best is null ? (log.Note!, []) : (best.First().Note(), [.. best]);
    }

    private static bool IsIn(LoggedEntry entry, LogReport log) => string.Equals(entry.Log.Path, log.Log.Path, StringComparison.Ordinal);

    private static string FolderOf(LogFolder log) => $"logs/{log.Network}/{log.Writer}";

    private IEnumerable<string> FilesOf(FiledChange change, Bytes32 digest)
    {
        var network = change.Document.Network;
        return
        [
            .. Below($"storage/changes/{change.Id}"),
            .. Receipts(change.JournalPath).SelectMany(hash => Existing($"storage/receipts/{network}/{hash}.json")),
            .. Below("monitoring/runbooks").Where(path => Path.GetFileName(path).StartsWith(change.Id, StringComparison.Ordinal)),
            .. Below("storage/approvals").Where(path => File.ReadAllText(workspace.Locate(path.Split('/'))).Contains(digest.ToString(), StringComparison.OrdinalIgnoreCase)),
            .. Existing("storage/owner-ledger.json"),
        ];
    }

    // A journal that is damaged is still evidence; its lines that can be read name the receipts.
    private static List<string> Receipts(string journal)
    {
        var hashes = new List<string>();
        foreach (var line in File.Exists(journal) ? File.ReadAllLines(journal) : [])
        {
            try
            {
                if (JsonNode.Parse(line) is JsonObject entry && (string?)entry["event"] is "mined" && (string?)entry["hash"] is { } hash && Bytes32.Parse(hash) is var parsed)
                {
                    hashes.Add(parsed.ToString());
                }
            }
            catch (Exception problem) when (problem is JsonException or InvalidOperationException or EthereumException)
            {
                // The journal itself is in the bundle.
            }
        }

        return hashes;
    }

    private IEnumerable<string> Below(string folder)
    {
        var root = workspace.Locate(folder.Split('/'));
        return Directory.Exists(root)
            ? Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories)
                .Where(path => Path.GetExtension(path) is not (".lock" or ".tmp"))
                .Select(path => Path.GetRelativePath(workspace.Root, path).Replace('\\', '/'))
            : [];
    }

    private IEnumerable<string> Existing(string path) => File.Exists(workspace.Locate(path.Split('/'))) ? [path] : [];

    private static string Readme(string subject) =>
        $"""
        Evidence of {subject}

        What is here
          files/        the files as they stand in the operator's workspace
          logs/         for each log: its newest checkpoint that was used, its verifier key, the owners'
                        signatures over the checkpoint (cosignatures/), and each entry with its proof
                        (entries/*.json and *.tlog-proof, form c2sp.org/tlog-proof@v1)
          SHA256SUMS    the SHA-256 of every other file here

        How to check it
          agijobs evidence verify FILE --owner 0x... --owner 0x... [--threshold N]
        It needs this file and the addresses of the Safe's owners, and nothing else: no network and no
        workspace. Take the owners' addresses from a source that you trust, not from this bundle.

        By hand: 'sha256sum -c SHA256SUMS' in the unpacked folder shows whether a file was altered, but not
        by whom the sums were made. An entry names files with their SHA-256; its proof leads from the
        entry to the checkpoint's root; the owners' EIP-712 signatures (domain "AGI Jobs evidence",
        version 1, the Safe's chain and address; Checkpoint(string origin,uint64 size,bytes32 root))
        say that they saw that root. What no proven entry names is only as good as where the file came from.

        """.ReplaceLineEndings("\n");
}
