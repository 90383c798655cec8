using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Storage;

namespace AgiJobs.Response.Incidents;

/// <summary>What the archive vouches for: <c>manifest.json</c>.</summary>
public sealed record ArchiveManifest
{
    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The incident.</summary>
    public required string Incident { get; init; }

    /// <summary>The network's name in the workspace.</summary>
    public required string Network { get; init; }

    /// <summary>Its chain.</summary>
    public required ChainId ChainId { get; init; }

    /// <summary>How many events the stream had.</summary>
    public required long Events { get; init; }

    /// <summary>Their digest: <see cref="IncidentStore.DigestOf"/>.</summary>
    public required Bytes32 Stream { get; init; }

    /// <summary>What could not be had, in words.</summary>
    public required IReadOnlyList<string> Unknown { get; init; }

    /// <summary>SHA-256 of each file, by path in the archive.</summary>
    public required IReadOnlyDictionary<string, Bytes32> Files { get; init; }
}

/// <summary>The trace of a transaction, or why there is none.</summary>
/// <param name="Json">The node's answer; null when there is none.</param>
/// <param name="Why">Why not.</param>
public sealed record TransactionTrace(string? Json, string? Why);

/// <summary>What verifying an archive came to.</summary>
/// <param name="Files">How many files are as the manifest says.</param>
/// <param name="Mismatches">What is not as it was.</param>
/// <param name="Findings">What else there is to say.</param>
public sealed record ArchiveReport(int Files, IReadOnlyList<string> Mismatches, IReadOnlyList<string> Findings)
{
    /// <summary>0 when all holds, 6 when something was changed, 3 for findings.</summary>
    public ExitCode Exit => Mismatches.Count > 0 ? ExitCode.Mismatch : Findings.Count > 0 ? ExitCode.Findings : ExitCode.Clean;
}

/// <summary>The archive of an incident, <c>reports/incidents/ID/</c>: its stream, timeline, changes, receipts, traces, Safe transaction hashes, payloads and attachments, with a manifest.</summary>
/// <param name="workspace">The workspace.</param>
/// <param name="id">The incident's name.</param>
public sealed class IncidentArchive(Workspace workspace, string id)
{
    private const string ManifestFile = "manifest.json";

    /// <summary>The folder.</summary>
    public string Folder { get; } = workspace.Locate("reports", "incidents", IncidentName.Require(id));

    /// <summary>The manifest's path.</summary>
    public string ManifestPath => Path.Combine(Folder, ManifestFile);

    /// <summary>The review's path.</summary>
    public string ReviewPath => Path.Combine(Folder, "review.md");

    /// <summary>Where an attached file lies.</summary>
    public string AttachmentPath(string name) => Path.Combine(Folder, "attachments", name);

    /// <summary>Puts a file among the attachments, before the act that vouches for it is signed.</summary>
    /// <returns>Its digest.</returns>
    /// <exception cref="ControlException"><c>attachment-exists</c> when another content has this name, <c>file-write</c>.</exception>
    public Bytes32 Attach(string name, ReadOnlySpan<byte> content)
    {
        var path = AttachmentPath(AttachmentName.IsName(name) ? name : throw new ArgumentException("The name was not checked.", nameof(name)));
        if (!AtomicFile.TryCreate(path, content) && !File.ReadAllBytes(path).AsSpan().SequenceEqual(content))
        {
            throw new ControlException("attachment-exists", ExitCode.BadInput, $"The archive of {id} has another file '{name}' already.", "Give it another name with --as.");
        }

        return new Bytes32(SHA256.HashData(content));
    }

    /// <summary>Writes the timeline alone: what changes with every act.</summary>
    /// <exception cref="ControlException"><c>file-write</c>.</exception>
    public void Write(IncidentState state, Timeline timeline) => Put("timeline.md", timeline.Markdown(state));

    /// <summary>Writes everything and then the manifest.</summary>
    /// <param name="state">The incident.</param>
    /// <param name="events">Its stream.</param>
    /// <param name="timeline">Its timeline.</param>
    /// <param name="changes">Its changes.</param>
    /// <param name="trace">Asks a node for the trace of a transaction.</param>
    /// <param name="payloads">What came in by webhooks, by name.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ControlException"><c>file-write</c>, <c>file-read</c>.</exception>
    public async Task<ArchiveManifest> WriteAsync(
        IncidentState state,
        IReadOnlyList<StoredEvent> events,
        Timeline timeline,
        IReadOnlyList<FiledChange> changes,
        Func<Bytes32, CancellationToken, Task<TransactionTrace>> trace,
        IReadOnlyDictionary<string, byte[]> payloads,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(timeline);
        var unknown = new List<string>(timeline.Unknown);
        Write(state, timeline);
        Put("events.jsonl", string.Concat(events.Select(Event)));
        Put("log.md", IncidentLog.Part(state.Network, state.ChainId.ToString(), [state]).TrimStart('\n'));
        foreach (var change in changes)
        {
            foreach (var path in Directory.EnumerateFiles(change.Folder, "*", SearchOption.AllDirectories).Where(path => !path.EndsWith(".lock", StringComparison.Ordinal) && !path.EndsWith(".tmp", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
            {
                AtomicFile.Write(Path.Combine(Folder, "changes", change.Id, Path.GetRelativePath(change.Folder, path)), Read(path));
            }
        }

        Put("safe-transactions.json", Safes(changes));
        var transactions = state.Transactions.Concat(timeline.Entries.Select(entry => entry.Transaction).OfType<Bytes32>()).Distinct().Order().ToList();
        foreach (var hash in transactions)
        {
            var receipt = workspace.Locate("storage", "receipts", state.Network, hash + ".json");
            if (File.Exists(receipt))
            {
                AtomicFile.Write(Path.Combine(Folder, "receipts", hash + ".json"), Read(receipt));
            }
            else
            {
                unknown.Add($"the receipt of {hash}: this workspace has none on file");
            }

            var told = await trace(hash, cancellation).ConfigureAwait(false);
            if (told.Json is { } json)
            {
                Put($"traces/{hash}.json", json + "\n");
            }
            else if (!File.Exists(Path.Combine(Folder, "traces", hash + ".json")))
            {
                unknown.Add($"the trace of {hash}: {told.Why}");
            }
        }

        foreach (var (name, content) in payloads)
        {
            AtomicFile.Write(Path.Combine(Folder, "webhooks", AttachmentName.IsName(name) ? name : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..16] + ".json"), content);
        }

        var (files, odd) = Files();
        unknown.AddRange(odd);
        var manifest = new ArchiveManifest { Version = 1, Incident = id, Network = state.Network, ChainId = state.ChainId, Events = state.Version, Stream = IncidentStore.DigestOf(events), Unknown = [.. unknown.Select(Plain.Line)], Files = files };
        JsonFile.Write(ManifestPath, manifest, IncidentJson.Default.ArchiveManifest);
        return manifest;
    }

    /// <summary>Finds any change since the archive was written.</summary>
    /// <param name="state">The incident as the store has it.</param>
    /// <param name="events">Its stream.</param>
    /// <param name="vouched">The digest of the manifest that the audit log vouches for; null when the log has none.</param>
    /// <exception cref="ControlException"><c>archive-missing</c>, <c>file-format</c>, <c>file-read</c>.</exception>
    public ArchiveReport Verify(IncidentState state, IReadOnlyList<StoredEvent> events, Bytes32? vouched)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(events);
        if (!File.Exists(ManifestPath))
        {
            throw new ControlException("archive-missing", ExitCode.BadInput, $"The incident {id} has no archive yet.", $"agijobs incident archive {id}");
        }

        var (mismatches, findings) = (new List<string>(), new List<string>());
        var bytes = Read(ManifestPath);
        if (vouched is not { } said)
        {
            findings.Add("the audit log does not vouch for this manifest: whether it is the one that was written is unknown");
        }
        else if (said != new Bytes32(SHA256.HashData(bytes)))
        {
            mismatches.Add($"{ManifestFile} is not the one that the audit log vouches for");
        }

        var manifest = JsonFile.Parse(bytes, ManifestPath, IncidentJson.Default.ArchiveManifest);
        var (files, odd) = Files();
        mismatches.AddRange(odd);
        mismatches.AddRange(manifest.Files.Where(file => !files.ContainsKey(file.Key)).Select(file => $"{Plain.Line(file.Key)} is missing"));
        mismatches.AddRange(files.Where(file => !manifest.Files.ContainsKey(file.Key)).Select(file => $"{Plain.Line(file.Key)} was added"));
        mismatches.AddRange(manifest.Files.Where(file => files.TryGetValue(file.Key, out var now) && now != file.Value).Select(file => $"{Plain.Line(file.Key)} was changed"));
        mismatches.AddRange(state.Attachments.Where(attached => files.TryGetValue("attachments/" + attached.File, out var now) ? now != attached.Sha256 : true).Select(attached => $"attachments/{attached.File} is not what {Plain.Line(attached.Hand.By)} signed"));
        if (manifest.Incident != id || manifest.Network != state.Network || manifest.ChainId != state.ChainId)
        {
            mismatches.Add($"{ManifestFile} is that of {Plain.Line(manifest.Incident)} on the network {Plain.Line(manifest.Network)}");
        }

        if (manifest.Events > events.Count || IncidentStore.DigestOf(events.Take((int)manifest.Events)) != manifest.Stream)
        {
            mismatches.Add("the stream of events is not the one that was archived");
        }
        else if (manifest.Events < events.Count)
        {
            findings.Add($"the incident has gone on since: {events.Count - manifest.Events} events are not in the archive. Run: agijobs incident archive {id}");
        }

        findings.AddRange(manifest.Unknown.Select(gap => $"not in the archive: {gap}"));
        return new ArchiveReport(manifest.Files.Count(file => files.TryGetValue(file.Key, out var now) && now == file.Value), mismatches, findings);
    }

    private (SortedDictionary<string, Bytes32> Files, List<string> Odd) Files()
    {
        var files = new SortedDictionary<string, Bytes32>(StringComparer.Ordinal);
        var odd = new List<string>();
        foreach (var entry in new DirectoryInfo(Folder).EnumerateFileSystemInfos("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None }))
        {
            var path = Path.GetRelativePath(Folder, entry.FullName).Replace('\\', '/');
            if (entry.LinkTarget is not null)
            {
                odd.Add($"{Plain.Line(path)} is a link to somewhere else");
            }
            else if (entry is FileInfo && path != ManifestFile && !path.EndsWith(".tmp", StringComparison.Ordinal))
            {
                files[path] = new Bytes32(SHA256.HashData(Read(entry.FullName)));
            }
        }

        return (files, odd);
    }

    private static string Event(StoredEvent entry)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteNumber("version", entry.Version);
            writer.WriteString("type", entry.Type);
            writer.WriteString("at", entry.At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture));
            writer.WritePropertyName("data");
            writer.WriteRawValue(entry.Data);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    private static string Safes(IReadOnlyList<FiledChange> changes)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            writer.WriteStartArray();
            foreach (var (change, approval) in changes.SelectMany(change => change.SafeApprovals().Select(approval => (change, approval))).DistinctBy(entry => (entry.approval.Safe, entry.approval.SafeTxHash)))
            {
                writer.WriteStartObject();
                writer.WriteString("change", change.Id);
                writer.WriteString("safe", approval.Safe.ToString());
                writer.WriteString("nonce", approval.Nonce);
                writer.WriteString("safeTxHash", approval.SafeTxHash.ToString());
                writer.WriteStartArray("owners");
                foreach (var owner in change.SafeApprovals().Where(other => other.SafeTxHash == approval.SafeTxHash).Select(other => other.Owner))
                {
                    writer.WriteStringValue(owner.ToString());
                }

                writer.WriteEndArray();
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    private void Put(string path, string content) => AtomicFile.Write(Path.Combine([Folder, .. path.Split('/')]), Encoding.UTF8.GetBytes(content));

    private static byte[] Read(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new ControlException("file-read", ExitCode.Failed, $"{path} could not be read: {problem.Message}", null, problem);
        }
    }
}
