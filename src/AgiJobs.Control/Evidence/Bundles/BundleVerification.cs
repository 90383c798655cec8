using System.Security.Cryptography;
using System.Text;
using AgiJobs.Control.Evidence.Log;
using AgiJobs.Control.Evidence.Witnesses;
using AgiJobs.Control.Files;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Evidence.Bundles;

/// <summary>A log of a bundle and who vouches for it.</summary>
/// <param name="Checkpoint">What the entries are proven against.</param>
/// <param name="Note">It as the log signed it.</param>
/// <param name="Safe">The Safe as whose owners the witnesses signed; null when too few did.</param>
/// <param name="ChainId">Its chain.</param>
/// <param name="Signers">Those of the given owners who signed.</param>
/// <param name="Entries">The proven entries, by index.</param>
public sealed record ProvenLog(Checkpoint Checkpoint, SignedNote Note, Address? Safe, ChainId? ChainId, IReadOnlyList<Address> Signers, IReadOnlyList<(long Index, AuditEntry Entry)> Entries);

/// <summary>What verifying a bundle came to.</summary>
/// <param name="Logs">The logs in it.</param>
/// <param name="Proven">The files that a proven entry vouches for, without the leading <c>files/</c>.</param>
/// <param name="Unproven">The files that are in the bundle and no entry vouches for.</param>
/// <param name="Findings">What does not hold.</param>
public sealed record BundleReport(IReadOnlyList<ProvenLog> Logs, IReadOnlyList<string> Proven, IReadOnlyList<string> Unproven, IReadOnlyList<AuditFinding> Findings)
{
    /// <summary>0 when all holds, else 6.</summary>
    public ExitCode Exit => Findings.Count == 0 ? ExitCode.Clean : ExitCode.Mismatch;
}

/// <summary>Verifies a bundle with nothing but its bytes and the owners' addresses.</summary>
public sealed class BundleVerification
{
    private const string FilesFolder = "files/";
    private readonly IReadOnlyDictionary<string, byte[]> _files;
    private readonly IReadOnlyList<Address> _owners;
    private readonly int _threshold;
    private readonly List<AuditFinding> _findings;

    private BundleVerification(IReadOnlyDictionary<string, byte[]> files, IReadOnlyList<Address> owners, int threshold, List<AuditFinding> findings)
    {
        _files = files;
        _owners = owners;
        _threshold = threshold;
        _findings = findings;
    }

    /// <summary>Verifies a bundle.</summary>
    /// <param name="tar">The bundle.</param>
    /// <param name="owners">The Safe's owners, from a source that the reader trusts.</param>
    /// <param name="threshold">How many of them must have signed each checkpoint.</param>
    /// <exception cref="ControlException"><c>owners</c> (exit 2) when the owners are not distinct or fewer than the threshold, or the threshold is below 1.</exception>
    public static BundleReport Run(byte[] tar, IReadOnlyList<Address> owners, int threshold)
    {
        if (threshold < 1 || owners.Distinct().Count() != owners.Count || owners.Count < threshold)
        {
            throw new ControlException("owners", ExitCode.BadInput, $"{owners.Count} owners were given, {owners.Distinct().Count()} of them distinct, and {threshold} of them are to have signed.", "Give each owner once with --owner, at least as many as --threshold, which is 1 or more.");
        }

        var findings = new List<AuditFinding>();
        var files = BundleArchive.Read(tar, findings);
        return new BundleVerification(files, owners, threshold, findings).Run();
    }

    /// <summary>The checkpoints in a bundle, for comparing a log with them.</summary>
    /// <exception cref="ControlException">Those of reading a note.</exception>
    public static IReadOnlyList<OtherCheckpoint> CheckpointsOf(byte[] tar, string source)
    {
        var findings = new List<AuditFinding>();
        var files = BundleArchive.Read(tar, findings);
        return findings.Count == 0
            ? [.. files.Where(file => file.Key.StartsWith("logs/", StringComparison.Ordinal) && file.Key.EndsWith("/checkpoint", StringComparison.Ordinal)).Select(file => new OtherCheckpoint(source, SignedNote.Parse(file.Value)))]
            : throw new ControlException(findings[0].Code, ExitCode.Mismatch, $"{source} is no bundle that can be relied on: {findings[0].Message}");
    }

    private BundleReport Run()
    {
        var logs = new List<ProvenLog>();
        List<string> folders = [.. _files.Keys.Where(name => name.StartsWith("logs/", StringComparison.Ordinal) && name.EndsWith("/checkpoint", StringComparison.Ordinal)).Select(name => name[..^"/checkpoint".Length])];
        foreach (var folder in folders)
        {
            try
            {
                logs.Add(Log(folder));
            }
            catch (Exception problem) when (problem is ControlException or EthereumException)
            {
                Mismatch((problem as ControlException)?.Code ?? "bundle-log", $"{folder}: {problem.Message}");
            }
        }

        foreach (var stray in _files.Keys.Where(name => name.StartsWith("logs/", StringComparison.Ordinal) && !folders.Exists(folder => name.StartsWith(folder + "/", StringComparison.Ordinal))))
        {
            Mismatch("bundle-stray", $"'{stray}' belongs to no log with a checkpoint.");
        }

        if (logs.Sum(log => log.Entries.Count) == 0)
        {
            Mismatch("bundle-empty", "No entry in it is proven, so it proves nothing.");
        }

        var (proven, unproven) = Files(logs);
        return new BundleReport(logs, proven, unproven, _findings);
    }

    private ProvenLog Log(string folder)
    {
        var bytes = _files[folder + "/checkpoint"];
        var note = SignedNote.Parse(bytes);
        var checkpoint = Checkpoint.Parse(note.Text);
        var known = new HashSet<string>(StringComparer.Ordinal) { folder + "/checkpoint", folder + "/verifier-key" };
        if (!string.Equals(folder, "logs/" + checkpoint.Origin, StringComparison.Ordinal))
        {
            Mismatch("log-origin", $"{folder}: the checkpoint is that of the log {checkpoint.Origin}.");
        }

        if (!_files.TryGetValue(folder + "/verifier-key", out var text))
        {
            Mismatch("verifier-key", $"{folder}: the verifier key is missing.");
        }
        else if (VerifierKey.Parse(Encoding.UTF8.GetString(text)) is var key && (!string.Equals(key.Name, checkpoint.Origin, StringComparison.Ordinal) || !key.HasSigned(note)))
        {
            Mismatch("log-signature", $"{folder}: the checkpoint is not signed by the log's key.");
        }

        var entries = new List<(long, AuditEntry)>();
        foreach (var name in _files.Keys.Where(name => name.StartsWith(folder + "/entries/", StringComparison.Ordinal) && name.EndsWith(".json", StringComparison.Ordinal)))
        {
            var stem = name[..^".json".Length];
            known.Add(name);
            known.Add(stem + ".tlog-proof");
            if (!_files.TryGetValue(stem + ".tlog-proof", out var proofBytes))
            {
                Mismatch("proof-missing", $"{name} has no proof.");
                continue;
            }

            var proof = LogProof.Parse(proofBytes);
            if (!proof.Note.ToBytes().AsSpan().SequenceEqual(bytes)
                || !Merkle.IsIncluded(Merkle.Leaf(_files[name]), proof.Index, checkpoint.Size, proof.Hashes, checkpoint.Root)
                || !string.Equals(Path.GetFileName(stem), proof.Index.ToString("000000000000", System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal))
            {
                Mismatch("proof", $"{name}: its proof does not lead to the checkpoint: the entry, the proof or the checkpoint was altered.");
                continue;
            }

            entries.Add((proof.Index, AuditEntry.Decode(_files[name])));
        }

        var (safe, chain, signers) = Owners(folder, checkpoint, known);
        foreach (var stray in _files.Keys.Where(name => name.StartsWith(folder + "/", StringComparison.Ordinal) && !known.Contains(name)))
        {
            Mismatch("bundle-stray", $"'{stray}' is no part of a log in a bundle.");
        }

        // Only what the owners vouch for is proven: the log's key lies in the bundle itself.
        return new ProvenLog(checkpoint, note, safe, chain, signers, safe is null ? [] : entries);
    }

    private (Address? Safe, ChainId? Chain, IReadOnlyList<Address> Signers) Owners(string folder, Checkpoint checkpoint, HashSet<string> known)
    {
        var good = new List<CheckpointSignature>();
        foreach (var name in _files.Keys.Where(name => name.StartsWith(folder + "/cosignatures/", StringComparison.Ordinal) && name.EndsWith(".json", StringComparison.Ordinal)))
        {
            known.Add(name);
            var signature = JsonFile.Parse(_files[name], name, WitnessJson.Default.CheckpointSignature);
            if (!signature.Holds() || signature.Read() != checkpoint)
            {
                Mismatch("witness-signature", $"{name} is not {signature.Owner}'s signature over this checkpoint.");
            }
            else
            {
                good.Add(signature);
            }
        }

        // Signatures count together only when they were given for one Safe on one chain.
        var best = good.Where(signature => _owners.Contains(signature.Owner))
            .GroupBy(signature => (signature.Safe, signature.ChainId))
            .Select(group => (group.Key, Signers: group.Select(signature => signature.Owner).Distinct().Order().ToList()))
            .OrderByDescending(group => group.Signers.Count)
            .ThenBy(group => group.Key.Safe)
            .FirstOrDefault();
        var signers = best.Signers ?? [];
        if (signers.Count >= _threshold)
        {
            return (best.Key.Safe, best.Key.ChainId, signers);
        }

        var missing = _owners.Except(signers).ToList();
        Mismatch("owners-missing", $"{checkpoint.Origin}: {signers.Count} of the {_threshold} owners' signatures that are needed are over its checkpoint. Missing: {string.Join(", ", missing)}.{(good.Exists(signature => !_owners.Contains(signature.Owner)) ? $" Signed by others: {string.Join(", ", good.Select(signature => signature.Owner).Except(_owners))}." : "")}");
        return (null, null, signers);
    }

    private (IReadOnlyList<string> Proven, IReadOnlyList<string> Unproven) Files(List<ProvenLog> logs)
    {
        var said = new Dictionary<string, (Bytes32 Hash, string Where)>(StringComparer.Ordinal);
        foreach (var (log, index, entry, _) in logs.SelectMany(Ordered).OrderBy(item => item.At).ThenBy(item => item.Log.Checkpoint.Origin, StringComparer.Ordinal).ThenBy(item => item.Index))
        {
            foreach (var file in entry.Files)
            {
                said[file.Path] = (file.Sha256, $"entry {index} of {log.Checkpoint.Origin} ({entry.Kind})");
            }
        }

        var proven = new List<string>();
        foreach (var (path, (hash, where)) in said.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (!_files.TryGetValue(FilesFolder + path, out var content))
            {
                Mismatch("file-gone", $"{path} is not in the bundle, and {where} vouches for it.");
            }
            else if (new Bytes32(SHA256.HashData(content)) is var found && found != hash)
            {
                Mismatch("file-altered", $"{path} has the SHA-256 {found.ToString()[2..]}, and {where} says {hash.ToString()[2..]}.");
            }
            else
            {
                proven.Add(path);
            }
        }

        return (proven, [.. _files.Keys
            .Where(name => !name.StartsWith("logs/", StringComparison.Ordinal) && name is not BundleArchive.Sums)
            .Select(name => name.StartsWith(FilesFolder, StringComparison.Ordinal) ? name[FilesFolder.Length..] : name)
            .Where(name => !said.ContainsKey(name))]);
    }

    // As the archive merges them: a clock that was set back does not change the order within a log.
    private static IEnumerable<(ProvenLog Log, long Index, AuditEntry Entry, DateTimeOffset At)> Ordered(ProvenLog log)
    {
        var at = DateTimeOffset.MinValue;
        foreach (var (index, entry) in log.Entries.OrderBy(item => item.Index))
        {
            at = entry.At > at ? entry.At.Value : at;
            yield return (log, index, entry, at);
        }
    }

    private void Mismatch(string code, string message) => _findings.Add(new AuditFinding(code, ExitCode.Mismatch, message));
}
