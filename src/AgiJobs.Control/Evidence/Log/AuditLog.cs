using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AgiJobs.Control.Files;
using AgiJobs.Control.Sealing;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Files;

namespace AgiJobs.Control.Evidence.Log;

/// <summary>
/// Writes a network's audit log: <c>storage/audit/NETWORK/WRITER/</c>. An entry goes to an append file first, on the disk before the call returns, and needs no key; entries
/// that come at the same time share one write. <see cref="SignAsync"/> puts them into the tree and signs a checkpoint. Nothing is ever signed that contradicts what the key signed
/// before: a log that was cut, altered or copied is given up with the finding beside it, and a new writer is begun. Several processes may write at once.
/// Safe for use by several threads.
/// </summary>
public sealed class AuditLog : IAuditTrail, IAsyncDisposable
{
    private const int Attempts = 3;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Workspace _workspace;
    private readonly string _network;
    private readonly TimeProvider _time;
    private readonly AuditLogOptions _options;
    private readonly LogKeys _keys;
    private readonly List<AuditFinding> _findings = [];
    private List<Waiting> _queue = [];
    private Task _pump = Task.CompletedTask;
    private bool _isPumping;
    private bool _hasUnsigned;
    private LogFolder? _log;
    private (string Path, long Length, long End)? _tail;

    private AuditLog(Workspace workspace, string network, Seal seal, TimeProvider time, AuditLogOptions options)
    {
        _workspace = workspace;
        _network = network;
        _time = time;
        _options = options;
        _keys = new LogKeys(seal, network);
    }

    /// <summary>What went wrong with the log so far without stopping anybody.</summary>
    public IReadOnlyList<AuditFinding> Findings
    {
        get
        {
            lock (_gate)
            {
                return [.. _findings];
            }
        }
    }

    private string NetworkFolder => _workspace.Locate("storage", "audit", _network);

    /// <summary>A network's log. Touches nothing before the first entry.</summary>
    public static AuditLog Open(Workspace workspace, string network, Seal seal, TimeProvider time, AuditLogOptions? options = null) =>
        new(workspace, network, seal, time, options ?? new AuditLogOptions());

    /// <summary>Records an entry; when this returns it is on the disk. Cancelling ends the waiting, not the writing.</summary>
    /// <exception cref="ControlException"><c>audit-entry</c> when the entry itself is not allowed; <c>file-write</c> when the disk is full or the workspace cannot be written.</exception>
    public async ValueTask<LogPosition> AppendAsync(AuditEntry entry, CancellationToken cancellation)
    {
        var waiting = new Waiting((entry.At is null ? entry with { At = _time.GetUtcNow() } : entry).Encode());
        lock (_gate)
        {
            _queue.Add(waiting);
            if (!_isPumping)
            {
                _isPumping = true;
                _pump = Task.Run(PumpAsync, CancellationToken.None);
            }
        }

        return await waiting.Done.Task.WaitAsync(cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<AuditRecord> RecordAsync(AuditEntry entry, CancellationToken cancellation)
    {
        try
        {
            return new AuditRecord(await AppendAsync(entry, cancellation).ConfigureAwait(false), null);
        }
        catch (Exception problem) when (problem is not OperationCanceledException)
        {
            var refusal = problem as ControlException ?? new ControlException("log-write", ExitCode.Failed, $"The audit log could not be written: {problem.Message}", null, problem);
            Found(AuditFinding.Of(refusal));
            return new AuditRecord(null, refusal);
        }
    }

    /// <summary>
    /// Puts the entries that wait into the tree of each log of this user and signs a new checkpoint. What stands in the way, such as a key that cannot be opened, becomes a finding, and the
    /// entries go on waiting.
    /// </summary>
    /// <returns>The newest checkpoint of each log that has one.</returns>
    public async Task<IReadOnlyList<SignedNote>> SignAsync(CancellationToken cancellation)
    {
        var notes = new List<SignedNote>();
        await _turn.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            var open = new Queue<LogFolder>(Own());
            while (open.TryDequeue(out var log))
            {
                using var held = await FileLock.TakeAsync(log.LockPath, _options.Patience, _time, cancellation).ConfigureAwait(false);
                if (held is null)
                {
                    Found(new AuditFinding("log-busy", ExitCode.Findings, $"Another process holds the log {log.Origin}, so its newest entries are not signed yet; the next command signs them."));
                    continue;
                }

                try
                {
                    if (Integrate(log) is { } note)
                    {
                        notes.Add(note);
                    }
                }
                catch (ControlException damage) when (damage.Exit == ExitCode.Mismatch && !damage.Code.StartsWith("seal-", StringComparison.Ordinal))
                {
                    open.Enqueue(await GiveUpAsync(log, damage, cancellation).ConfigureAwait(false));
                }
            }
        }
        catch (Exception problem) when (problem is ControlException or EthereumException or IOException or UnauthorizedAccessException or CryptographicException)
        {
            Found(problem is ControlException refusal ? AuditFinding.Of(refusal) : new AuditFinding("log-sign", ExitCode.Findings, $"The newest entries could not be signed: {problem.Message}"));
        }
        finally
        {
            _turn.Release();
        }

        return notes;
    }

    /// <summary>Waits for what is being written and signs it, as far as that can be done.</summary>
    public async ValueTask DisposeAsync()
    {
        Task pump;
        lock (_gate)
        {
            pump = _pump;
        }

        await pump.ConfigureAwait(false);
        if (_hasUnsigned)
        {
            await SignAsync(CancellationToken.None).ConfigureAwait(false);
            _hasUnsigned = false;
        }

        _turn.Dispose();
    }

    private async Task PumpAsync()
    {
        while (true)
        {
            List<Waiting> batch;
            lock (_gate)
            {
                if (_queue.Count == 0)
                {
                    _isPumping = false;
                    return;
                }

                (batch, _queue) = (_queue, []);
            }

            await _turn.WaitAsync(CancellationToken.None).ConfigureAwait(false);
            try
            {
                var first = await WriteAsync([.. batch.Select(waiting => waiting.Entry)]).ConfigureAwait(false);
                _hasUnsigned = true;
                for (var i = 0; i < batch.Count; i++)
                {
                    batch[i].Done.SetResult(first with { Index = first.Index + i });
                }
            }
            catch (Exception problem)
            {
                // Each waiting caller gets it; the pump itself has nobody to tell.
                var refusal = problem is IOException or UnauthorizedAccessException
                    ? new ControlException("file-write", ExitCode.Failed, $"The audit log {NetworkFolder} could not be written: {problem.Message}", "Make room on the disk or correct the rights of the folder.", problem)
                    : problem;
                batch.ForEach(waiting => waiting.Done.SetException(refusal));
            }
            finally
            {
                _turn.Release();
            }
        }
    }

    private async Task<LogPosition> WriteAsync(IReadOnlyList<byte[]> entries)
    {
        for (var attempt = 1; ; attempt++)
        {
            var log = _log is { IsRetired: false } known ? known : _log = await ChooseAsync().ConfigureAwait(false);
            using var held = await FileLock.TakeAsync(log.LockPath, _options.Patience, _time, CancellationToken.None).ConfigureAwait(false);
            if (held is null)
            {
                // A process that hangs with the lock in its hand must not keep anybody from recording.
                Found(new AuditFinding("log-busy", ExitCode.Findings, $"Another process has held the log {log.Origin} for {_options.Patience.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s, so a new writer was begun."));
                _log = Begin();
                continue;
            }

            try
            {
                return Append(log, entries);
            }
            catch (ControlException damage) when (damage.Exit == ExitCode.Mismatch && attempt < Attempts)
            {
                _log = await GiveUpAsync(log, damage, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private IEnumerable<LogFolder> Own() => LogFolder.Of(NetworkFolder).Where(log => !log.IsRetired && IsOwn(log));

    // A log is this user's when its key is here. One that was begun without a key, because the configuration folder could not be used, belongs to the machine.
    private bool IsOwn(LogFolder log) =>
        _keys.Has(log.Writer) || (log.Writer.StartsWith(HostName() + "-", StringComparison.Ordinal) && !File.Exists(log.VerifierKeyPath));

    private async Task<LogFolder> ChooseAsync()
    {
        if (Own().FirstOrDefault() is { } own)
        {
            return own;
        }

        // Two first commands at once would begin two logs; that harms nothing, so the lock is only tried for.
        using var held = await FileLock.TakeAsync(Path.Combine(NetworkFolder, "writers.lock"), _options.Patience, _time, CancellationToken.None).ConfigureAwait(false);
        return Own().FirstOrDefault() ?? Begin();
    }

    private LogFolder Begin()
    {
        Span<byte> suffix = stackalloc byte[4];
        (_options.Random ?? RandomNumberGenerator.Fill)(suffix);
        var log = new LogFolder(Path.Combine(NetworkFolder, $"{HostName()}-{Convert.ToHexStringLower(suffix)}"));
        try
        {
            MakeKey(log);
        }
        catch (Exception problem) when (problem is ControlException or EthereumException or CryptographicException)
        {
            Directory.CreateDirectory(log.Path);
            Found(new AuditFinding("log-key-none", ExitCode.Findings, $"The log {log.Origin} has no key yet, so its entries wait unsigned: {problem.Message}"));
        }

        _tail = null;
        return log;
    }

    private void MakeKey(LogFolder log)
    {
        Step("key");
        var key = _keys.Make(log);
        Step("verifier-key");
        AtomicFile.Write(log.VerifierKeyPath, Encoding.UTF8.GetBytes(key + "\n"));
    }

    private LogPosition Append(LogFolder log, IReadOnlyList<byte[]> entries)
    {
        var (path, good, next) = Tail(log);
        var records = new ArrayBufferWriter<byte>();
        foreach (var entry in entries)
        {
            PendingFile.Write(records, entry);
        }

        Step("append");
        var isNew = !File.Exists(path);
        using (var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0))
        {
            try
            {
                file.Position = good;
                DurableWrite.To(file, records.WrittenSpan);
            }
            catch (IOException)
            {
                _tail = null;
                file.SetLength(good);
                throw;
            }
        }

        if (isNew)
        {
            DirectorySync.Flush(log.Path);
        }

        Step("appended");
        _tail = (path, good + records.WrittenCount, next + entries.Count);
        return new LogPosition(log.Writer, next);
    }

    // Where the next entry goes: the file, the place in it, and the index.
    private (string Path, long Good, long Next) Tail(LogFolder log)
    {
        var size = log.ReadNote() is { } note ? Checkpoint.Parse(note.Text).Size : 0;
        var files = PendingFile.List(log.Path);
        if (files.Count > 0 && _tail is { } tail && string.Equals(tail.Path, files[^1].Path, StringComparison.Ordinal) && new FileInfo(tail.Path).Length == tail.Length && tail.End >= size)
        {
            return (tail.Path, tail.Length, tail.End);
        }

        var next = size;
        PendingFile? last = null;
        foreach (var (path, start) in files)
        {
            if (start > next)
            {
                throw Gap(log, next, start);
            }

            last = PendingFile.Read(path, start);
            KeepTail(log, last);
            next = Math.Max(next, last.End);
        }

        return last?.End == next ? (last.Path, last.GoodLength, next) : (log.Locate(PendingFile.NameOf(next)), 0, next);
    }

    // What follows the whole records was being written when the power went, or was altered. It is set aside, never thrown away.
    private void KeepTail(LogFolder log, PendingFile pending)
    {
        if (!pending.HasTail)
        {
            return;
        }

        var rest = File.ReadAllBytes(pending.Path).AsSpan((int)pending.GoodLength);
        var name = $"torn-{pending.End.ToString(CultureInfo.InvariantCulture)}-{Convert.ToHexStringLower(SHA256.HashData(rest))[..8]}";
        AtomicFile.Write(log.Locate(name), rest);
        using (var file = new FileStream(pending.Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
        {
            file.SetLength(pending.GoodLength);
            file.Flush(flushToDisk: true);
        }

        Found(new AuditFinding("log-torn", ExitCode.Findings, $"{pending.Path} ended with {rest.Length} bytes that are no whole entry; they are kept in {name}."));
    }

    private SignedNote? Integrate(LogFolder log)
    {
        var files = PendingFile.List(log.Path).Select(file => PendingFile.Read(file.Path, file.Start)).ToList();
        var note = log.ReadNote();
        if (!_keys.Has(log.Writer))
        {
            if (files.Count == 0)
            {
                return null;
            }

            MakeKey(log);
        }

        var key = _keys.VerifierKeyOf(log)!;
        if (log.ReadVerifierKey() is not { } shown)
        {
            AtomicFile.Write(log.VerifierKeyPath, Encoding.UTF8.GetBytes(key + "\n"));
        }
        else if (!string.Equals(shown.ToString(), key.ToString(), StringComparison.Ordinal))
        {
            throw Damage("log-verifier-key", $"The verifier key in {log.Path} is not that of the log's key: it was replaced");
        }

        var current = note is null ? null : Checkpoint.Parse(note.Text);
        if (note is not null && (!key.HasSigned(note) || !string.Equals(current!.Origin, log.Origin, StringComparison.Ordinal)))
        {
            throw Damage("log-signature", $"The checkpoint in {log.Path} is not signed by the log's key");
        }

        var size = current?.Size ?? 0;
        if (current is not null && log.Tree(size).Root(size) is var found && found != current.Root)
        {
            throw Damage("log-edited", $"The tiles in {log.Path} give the root {found}, and the signed checkpoint has {current}: the log was altered");
        }

        var fresh = Fresh(log, files, size);
        var memory = _keys.Recall(log.Writer);
        if (memory is not null && memory.Checkpoint.Size > size + fresh.Count)
        {
            throw Damage("log-truncated", $"The log {log.Origin} has {size + fresh.Count} entries, and its key signed {memory.Checkpoint}: entries {size + fresh.Count} to {memory.Checkpoint.Size - 1} are gone");
        }

        var batch = new TileBatch(log, size);
        fresh.ForEach(entry => batch.Add(entry));
        var root = batch.Finish();
        if (memory is not null && batch.Tree().Root(memory.Checkpoint.Size) is var seen && seen != memory.Checkpoint.Root)
        {
            throw Damage("log-diverged", $"The first {memory.Checkpoint.Size} entries of the log {log.Origin} have the root {seen} here, and its key signed {memory.Checkpoint.Root} over as many: the log was copied and both copies written to, or it was altered");
        }

        if (batch.Size == 0)
        {
            return null;
        }

        if (fresh.Count > 0 || memory is null || memory.Checkpoint.Size < size)
        {
            foreach (var (path, content) in batch.Writes)
            {
                Step(path);
                AtomicFile.Write(log.Locate(path.Split('/')), content);
            }

            Step("sign");
            note = fresh.Count > 0 ? _keys.Sign(log, new Checkpoint(log.Origin, batch.Size, root)) : note!;
            Step("remember");
            _keys.Remember(log.Writer, new RememberedCheckpoint(_workspace.Root, note));
            Step("checkpoint");
            AtomicFile.Write(log.CheckpointPath, note.ToBytes());
        }

        Step("clean");
        foreach (var file in files)
        {
            KeepTail(log, file);
            File.Delete(file.Path);
            Step("cleaned");
        }

        foreach (var full in batch.Filled)
        {
            var partial = log.Locate(full.Split('/')) + ".p";
            if (Directory.Exists(partial))
            {
                Directory.Delete(partial, recursive: true);
                Step("narrowed");
            }
        }

        _tail = null;
        return note;
    }

    // The entries that the tree lacks. Those that it has already, because a process died before it could delete the file, must be the same.
    private static List<byte[]> Fresh(LogFolder log, List<PendingFile> files, long size)
    {
        var fresh = new List<byte[]>();
        foreach (var file in files)
        {
            var next = size + fresh.Count;
            if (file.Start > next)
            {
                throw Gap(log, next, file.Start);
            }

            for (var i = 0; i < file.Entries.Count; i++)
            {
                var index = file.Start + i;
                if (index >= next)
                {
                    fresh.Add(file.Entries[i]);
                }
                else if (!(index < size ? log.Entry(index, size).Span : fresh[(int)(index - size)]).SequenceEqual(file.Entries[i]))
                {
                    throw Damage("log-conflict", $"{file.Path} has another entry {index} than the log itself: it was altered, or an old copy was put back");
                }
            }
        }

        return fresh;
    }

    // The log stays as it is, with the finding beside it; the entries that wait in it are carried to a new writer's log, which begins with the finding too.
    private async Task<LogFolder> GiveUpAsync(LogFolder log, ControlException damage, CancellationToken cancellation)
    {
        var at = _time.GetUtcNow();
        var next = Begin();
        var entries = new List<byte[]>
        {
            new AuditEntry
            {
                At = at,
                Kind = "log.retired",
                Network = _network,
                Data = new JsonObject { ["log"] = log.Origin, ["code"] = damage.Code, ["found"] = damage.Message },
            }.Encode(),
        };
        var pending = PendingFile.List(log.Path);
        entries.AddRange(pending.SelectMany(file => PendingFile.Read(file.Path, file.Start).Entries));
        using (await FileLock.TakeAsync(next.LockPath, _options.Patience, _time, cancellation).ConfigureAwait(false))
        {
            _ = Append(next, entries);
        }

        var record = new JsonObject
        {
            ["version"] = 1,
            ["at"] = at.ToString("O"),
            ["code"] = damage.Code,
            ["found"] = damage.Message,
            ["successor"] = next.Writer,
        };
        Step("retire");
        AtomicFile.Write(log.Locate("retired.json"), Encoding.UTF8.GetBytes(record.ToJsonString() + "\n"));
        foreach (var (path, start) in pending)
        {
            Step("carry");
            File.Move(path, log.Locate(string.Create(CultureInfo.InvariantCulture, $"carried-{start}")), overwrite: true);
        }

        Found(new AuditFinding(damage.Code, ExitCode.Mismatch, $"{damage.Message}. The log is kept as it is; a new one was begun: {next.Origin}."));
        return next;
    }

    private string HostName()
    {
        var name = string.Concat(_options.Host.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')).Trim('-');
        return name.Length == 0 ? "host" : name.Length > 60 ? name[..60] : name;
    }

    private void Found(AuditFinding finding)
    {
        lock (_gate)
        {
            _findings.Add(finding);
        }
    }

    private void Step(string name) => _options.OnStep?.Invoke(name);

    private static ControlException Gap(LogFolder log, long from, long to) =>
        Damage("log-gap", $"The log {log.Origin} lacks the entries {from} to {to - 1}: a file with entries that waited was removed");

    private static ControlException Damage(string code, string message) => new(code, ExitCode.Mismatch, message);

    private sealed record Waiting(byte[] Entry)
    {
        public TaskCompletionSource<LogPosition> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
