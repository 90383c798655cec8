using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Control.Evidence.Witnesses;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Evidence.Log;

/// <summary>A checkpoint from elsewhere that a log must agree with.</summary>
/// <param name="Source">Where it comes from, for people.</param>
/// <param name="Note">The checkpoint.</param>
/// <param name="Copy">The log that it lies in, when there is one, so that differing entries can be shown.</param>
public sealed record OtherCheckpoint(string Source, SignedNote Note, LogFolder? Copy = null)
{
    /// <summary>What it says.</summary>
    public Checkpoint Checkpoint { get; } = Checkpoint.Parse(Note.Text);
}

/// <summary>
/// Verifies one log: every leaf and tile is computed anew from the entries, the checkpoint's signature is checked, and every other checkpoint that is known has to be a beginning of
/// the same log.
/// </summary>
public sealed class LogVerification
{
    private readonly LogFolder _log;
    private readonly LogKeys? _keys;
    private readonly IReadOnlyList<OtherCheckpoint> _others;
    private readonly List<AuditFinding> _findings = [];
    private readonly List<string> _anchors = [];

    private LogVerification(LogFolder log, LogKeys? keys, IReadOnlyList<OtherCheckpoint> others)
    {
        _log = log;
        _keys = keys;
        _others = others;
    }

    /// <summary>Verifies a log.</summary>
    /// <param name="log">The log.</param>
    /// <param name="keys">The user's keys for the log's network; null to rest on the folder and <paramref name="others"/> alone.</param>
    /// <param name="others">Checkpoints from elsewhere; those of other logs are passed over.</param>
    public static LogReport Run(LogFolder log, LogKeys? keys, IReadOnlyList<OtherCheckpoint> others) =>
        new LogVerification(log, keys, [.. others.Where(other => string.Equals(other.Checkpoint.Origin, log.Origin, StringComparison.Ordinal))]).Run();

    private LogReport Run()
    {
        NoteRetirement();
        var memory = Try(() => _keys?.Recall(_log.Writer), "log-memory-unread");
        var note = Try(_log.ReadNote, null);
        var checkpoint = note is null ? null : Try(() => Checkpoint.Parse(note.Text), null);
        var key = Key();
        var size = checkpoint?.Size ?? 0;
        if (checkpoint is not null)
        {
            CheckNote(note!, checkpoint, key);
            CheckTree(checkpoint);
        }
        else if (File.Exists(_log.CheckpointPath) || memory is not null || _others.Count > 0)
        {
            Mismatch("log-checkpoint", $"{_log.Origin}: the checkpoint is missing or cannot be read, and one was signed before");
        }

        var pending = CheckPending(size);
        CheckStray(size, size + pending);
        if (memory is not null && CheckOther(new OtherCheckpoint("the last checkpoint that this user's configuration folder remembers", memory.Note), key, size))
        {
            _anchors.Add($"the checkpoint of {Entries(memory.Checkpoint.Size)} that this user's configuration folder remembers");
        }

        var witnesses = Witnesses(key, size);
        foreach (var other in _others)
        {
            if (CheckOther(other, key, size))
            {
                _anchors.Add($"{other.Source} ({Entries(other.Checkpoint.Size)})");
            }
        }

        if (_anchors.Count == 0 && (checkpoint is not null || pending > 0))
        {
            Find("log-unanchored", $"{_log.Origin}: this rests on the folder alone. Its key is not in this user's configuration folder, no owner has signed a checkpoint, and none was given with --against: somebody who replaced the whole folder with its key would not be noticed");
        }

        return new LogReport(_log, note, checkpoint, pending, witnesses, _anchors, _findings);
    }

    private void NoteRetirement()
    {
        if (!_log.IsRetired)
        {
            return;
        }

        string why;
        try
        {
            var json = JsonNode.Parse(File.ReadAllBytes(_log.Locate("retired.json")))!.AsObject();
            why = $"{(string?)json["found"]} (found {(string?)json["at"]}; its successor is {(string?)json["successor"]})";
        }
        catch (Exception problem) when (problem is JsonException or IOException or UnauthorizedAccessException or InvalidOperationException or NullReferenceException)
        {
            why = "the record of why cannot be read";
        }

        Mismatch("log-retired", $"{_log.Origin} was given up: {why}");
    }

    private VerifierKey? Key()
    {
        var own = _keys?.Has(_log.Writer) == true ? Try(() => _keys.VerifierKeyOf(_log), "log-key-unread") : null;
        var shown = Try(_log.ReadVerifierKey, null);
        if (own is not null && shown is not null && !string.Equals(own.ToString(), shown.ToString(), StringComparison.Ordinal))
        {
            Mismatch("log-verifier-key", $"{_log.Origin}: the verifier key in the folder is not that of the log's own key, which is in this user's configuration folder: it was replaced");
        }

        if (own is not null)
        {
            _anchors.Add("its key, which is in this user's configuration folder");
        }

        return own ?? shown;
    }

    private void CheckNote(SignedNote note, Checkpoint checkpoint, VerifierKey? key)
    {
        if (!string.Equals(checkpoint.Origin, _log.Origin, StringComparison.Ordinal))
        {
            Mismatch("log-origin", $"The checkpoint in {_log.Path} is that of the log {checkpoint.Origin}");
        }

        if (key is null)
        {
            _findings.Add(new AuditFinding("log-key-unknown", ExitCode.Unknown, $"{_log.Origin}: there is no verifier key, so the checkpoint's signature cannot be checked."));
        }
        else if (!key.HasSigned(note))
        {
            Mismatch("log-signature", $"{_log.Origin}: the checkpoint is not signed by the log's key: it or the key was altered");
        }
    }

    private void CheckTree(Checkpoint checkpoint)
    {
        var check = LogTreeCheck.Run(_log, checkpoint.Size);
        _findings.AddRange(check.Findings);
        if (check.Root is { } root && root != checkpoint.Root)
        {
            Mismatch("log-root", $"{_log.Origin}: the {Entries(checkpoint.Size)} give the root {root}, and the signed checkpoint has {checkpoint.Root}: entries were altered, moved, removed or added");
        }
    }

    private long CheckPending(long size)
    {
        var next = size;
        var first = true;
        foreach (var (path, start) in PendingFile.List(_log.Path))
        {
            if (_log.IsRetired)
            {
                break;
            }

            var pending = Try(() => PendingFile.Read(path, start), null);
            if (pending is null)
            {
                continue;
            }

            if (start > next)
            {
                Mismatch("log-gap", $"{_log.Origin}: the entries {next} to {start - 1} are missing before those that wait in {Path.GetFileName(path)}");
            }

            if (pending.HasTail)
            {
                Find("log-torn", $"{path} ends with {pending.Length - pending.GoodLength} bytes that are no whole entry: the power went while they were written, or the file was altered");
            }

            for (var i = 0; i < pending.Entries.Count && start + i < size; i++)
            {
                if (Try(() => (ReadOnlyMemory<byte>?)_log.Entry(start + i, size), null) is { } known && !known.Span.SequenceEqual(pending.Entries[i]))
                {
                    Mismatch("log-conflict", $"{path} has another entry {start + i} than the log itself");
                }
            }

            next = Math.Max(next, pending.End);
            first = false;
        }

        if (!first && next > size)
        {
            Find("log-unsigned", $"{_log.Origin}: {Entries(next - size)} not yet under a signed checkpoint (from {size} on): until then an alteration of them would not be noticed. The next command that records something signs them");
        }

        foreach (var torn in Directory.EnumerateFiles(_log.Path, "torn-*").Order(StringComparer.Ordinal))
        {
            Find("log-torn", $"{torn} holds what followed the last whole entry when the file was opened again");
        }

        return next - size;
    }

    // Tiles beyond the tree, and narrower tiles that are no beginning of the wider ones.
    private void CheckStray(long size, long covered)
    {
        var root = _log.Locate("tile");
        if (!Directory.Exists(root))
        {
            return;
        }

        foreach (var path in Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var name = Path.GetRelativePath(_log.Path, path).Replace('\\', '/');
            if (name.EndsWith(".tmp", StringComparison.Ordinal))
            {
                continue;
            }

            if (!TryParse(name, out var level, out var index, out var width))
            {
                Find("log-stray", $"{path} is no tile");
                continue;
            }

            var shift = 8 * Math.Max(0, level);
            var end = (index * TilePath.Width) + width;
            if (end > size >> shift)
            {
                if (end > covered >> shift)
                {
                    Mismatch("log-beyond", $"{path} is of entries after those that the log has: the checkpoint was set back, or entries that waited were removed");
                }
            }
            else if (width < TilePath.Width && Try(() => IsBeginning(path, level, index, width), null) == false)
            {
                Mismatch("log-edited", $"{path} differs from the tree: it was altered");
            }
        }
    }

    private bool? IsBeginning(string path, int level, long index, int width)
    {
        var content = File.ReadAllBytes(path);
        return level >= 0
            ? _log.Tile(level, index, width).Span.SequenceEqual(content)
            : LogFolder.Parse(content) is var entries && entries.Count == width && entries.Zip(_log.Bundle(index, width)).All(pair => pair.First.Span.SequenceEqual(pair.Second.Span));
    }

    private static bool TryParse(string name, out int level, out long index, out int width)
    {
        (level, index, width) = (-1, 0, TilePath.Width);
        var parts = name.Split('/');
        if (parts.Length < 3 || (parts[1] is not "entries" && !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out level)))
        {
            return false;
        }

        var numbers = parts[2..];
        if (numbers is [.., var head, var last] && head.EndsWith(".p", StringComparison.Ordinal))
        {
            if (!int.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out width))
            {
                return false;
            }

            numbers = [.. numbers[..^2], head[..^2]];
        }

        foreach (var number in numbers)
        {
            if (!long.TryParse(number.TrimStart('x'), NumberStyles.None, CultureInfo.InvariantCulture, out var three))
            {
                return false;
            }

            index = (index * 1000) + three;
        }

        // One spelling only.
        return width is > 0 and <= TilePath.Width && index >= 0 && string.Equals(level < 0 ? TilePath.OfEntries(index, width) : TilePath.Of(level, index, width), name, StringComparison.Ordinal);
    }

    private List<CheckpointSignature> Witnesses(VerifierKey? key, long size)
    {
        var good = new List<CheckpointSignature>();
        foreach (var signature in Try(() => CheckpointSignature.Beside(_log), null) ?? [])
        {
            if (!signature.Holds())
            {
                Mismatch("witness-signature", $"{_log.Origin}: the file of {signature.Owner}'s signature over a checkpoint holds no such signature: it was altered");
            }
            else if (Try(signature.Note, null) is { } note && CheckOther(new OtherCheckpoint($"the checkpoint that {signature.Owner} signed", note), key, size))
            {
                good.Add(signature);
            }
        }

        foreach (var group in good.GroupBy(signature => (signature.Read().Size, signature.Safe, signature.ChainId)))
        {
            _anchors.Add($"signatures of {string.Join(" and ", group.Select(signature => signature.Owner.ToString()).Order(StringComparer.Ordinal))} over {Entries(group.Key.Size)}, given as owners of the Safe {group.Key.Safe} on chain {group.Key.ChainId}");
        }

        return good;
    }

    // True when the other checkpoint is of this log and a beginning of it.
    private bool CheckOther(OtherCheckpoint other, VerifierKey? key, long size)
    {
        var theirs = other.Checkpoint;
        if (!string.Equals(theirs.Origin, _log.Origin, StringComparison.Ordinal))
        {
            Mismatch("log-origin", $"{_log.Origin}: {other.Source} is of the log {theirs.Origin}");
            return false;
        }

        if (key is null)
        {
            // Said already: without a key no signature can be checked.
            return false;
        }

        if (!key.HasSigned(other.Note))
        {
            Mismatch("log-other-key", $"{_log.Origin}: {other.Source} ({theirs}) is not signed by this log's key: one of the two is not the log's");
            return false;
        }

        if (theirs.Size > size)
        {
            Mismatch("log-truncated", $"{_log.Origin}: {other.Source} has {theirs}, and there are {size} here: entries {size} to {theirs.Size - 1} are missing");
            return false;
        }

        try
        {
            var tree = _log.Tree(size);
            var here = tree.Root(theirs.Size);
            if (Merkle.IsConsistent(theirs.Size, theirs.Root, size, tree.Root(size), tree.Consistency(theirs.Size, size)))
            {
                return true;
            }

            Mismatch("log-split", $"{_log.Origin}: two different logs were signed by one key. {other.Source} has {theirs}; the first {theirs.Size} entries here have the root {here}.{Difference(other, Math.Min(size, theirs.Size))}");
        }
        catch (ControlException problem)
        {
            _findings.Add(AuditFinding.Of(problem));
        }

        return false;
    }

    private string Difference(OtherCheckpoint other, long size)
    {
        if (other.Copy is not { } copy)
        {
            return "";
        }

        try
        {
            foreach (var ((index, here), (_, there)) in _log.Entries(size).Zip(copy.Entries(size)))
            {
                if (!here.Span.SequenceEqual(there.Span))
                {
                    return $" The first entry that differs is {index}: here {Describe(here)}; there {Describe(there)}.";
                }
            }

            return " The entries are the same; the tiles are not.";
        }
        catch (ControlException problem)
        {
            return $" The entries there could not be compared: {problem.Message}";
        }
    }

    private static string Describe(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            var entry = AuditEntry.Decode(bytes);
            return $"{entry.Kind} of {entry.At:yyyy-MM-dd HH:mm:ss} UTC";
        }
        catch (ControlException)
        {
            return $"{bytes.Length} bytes that are no entry";
        }
    }

    private static string Entries(long count) => string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? "entry" : "entries")}");

    private T? Try<T>(Func<T?> read, string? code)
    {
        try
        {
            return read();
        }
        catch (Exception problem) when (problem is ControlException or EthereumException or IOException or UnauthorizedAccessException)
        {
            var finding = problem is ControlException refusal ? AuditFinding.Of(refusal) : new AuditFinding("file-read", ExitCode.Unknown, problem.Message);
            _findings.Add(code is null ? finding : finding with { Code = code, Message = $"{_log.Origin}: {finding.Message}" });
            return default;
        }
    }

    private void Mismatch(string code, string message) => _findings.Add(new AuditFinding(code, ExitCode.Mismatch, message + (message.EndsWith('.') ? "" : ".")));

    private void Find(string code, string message) => _findings.Add(new AuditFinding(code, ExitCode.Findings, message + "."));
}
