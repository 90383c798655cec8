using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Snapshots;

/// <summary>The canonical manifest of a snapshot: what the configuration was, when and why it was kept. Its SHA-256 is the snapshot's identity.</summary>
/// <param name="TakenAt">When, UTC, to the second.</param>
/// <param name="Note">Why; empty when nobody said.</param>
/// <param name="Files">The files, by path.</param>
public sealed record SnapshotManifest(DateTimeOffset TakenAt, string Note, IReadOnlyList<InventoryFile> Files)
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    /// <summary>The SHA-256 of the list of files alone: two machines with the same configuration have the same.</summary>
    public Bytes32 Content => CanonicalJson.Digest(Encoding.UTF8.GetBytes(FileInventory.ToJson(Files).ToJsonString()));

    /// <summary>The canonical bytes (RFC 8785).</summary>
    public byte[] Encode() => CanonicalJson.Encode(Encoding.UTF8.GetBytes(new JsonObject
    {
        ["version"] = 1,
        ["takenAt"] = TakenAt.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture),
        ["note"] = Note,
        ["files"] = FileInventory.ToJson(Files),
    }.ToJsonString()));

    /// <summary>The identity.</summary>
    public Bytes32 Identity() => new(SHA256.HashData(Encode()));

    /// <summary>The name of its folder: the time and the first 8 hex digits of the identity.</summary>
    public string Id() => $"{TakenAt.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture)}-{Identity().ToString()[2..10]}";

    /// <summary>Reads a manifest; its bytes must be the canonical ones.</summary>
    /// <exception cref="FormatException">They are not.</exception>
    public static SnapshotManifest Decode(byte[] bytes)
    {
        try
        {
            var json = JsonNode.Parse(bytes)!.AsObject();
            var manifest = new SnapshotManifest(
                DateTimeOffset.ParseExact((string?)json["takenAt"] ?? "", TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal),
                (string?)json["note"] ?? "",
                FileInventory.FromJson(json["files"]));
            return manifest.Encode().AsSpan().SequenceEqual(bytes) ? manifest : throw new FormatException("it is not in its canonical form");
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException or ArgumentException or FormatException or NullReferenceException or ControlException)
        {
            throw new FormatException($"its manifest is damaged: {problem.Message}", problem);
        }
    }
}

/// <summary>A snapshot whose every byte was found as its manifest says.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Manifest">Its manifest.</param>
/// <param name="Files">Its files by path.</param>
public sealed record Snapshot(string Id, SnapshotManifest Manifest, IReadOnlyDictionary<string, TreeFile> Files);

/// <summary>A snapshot as it was found on the disk.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Snapshot">What it holds; null when it does not verify.</param>
/// <param name="Problem">Why it does not verify; null when it does.</param>
public sealed record SnapshotEntry(string Id, Snapshot? Snapshot, string? Problem);
