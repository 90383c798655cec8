using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Snapshots;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Backups;

/// <summary>The chain's part of a backup.</summary>
/// <param name="Block">The height that every reading belongs to.</param>
/// <param name="BlockHash">The block.</param>
/// <param name="Unknown">How many readings are unknown.</param>
/// <param name="File"><c>state.json</c> with its size and SHA-256.</param>
public sealed record BackupState(ulong Block, string BlockHash, int Unknown, InventoryFile File);

/// <summary>The canonical manifest of a backup. Its SHA-256 is the backup's identity.</summary>
/// <param name="Network">The network whose state is in it.</param>
/// <param name="ChainId">Its chain.</param>
/// <param name="CreatedAt">When, UTC, to the second.</param>
/// <param name="State">The state of the chain; null when it is unknown.</param>
/// <param name="StateUnknown">Why the state is unknown; null when it is there.</param>
/// <param name="Archive"><c>archive.tar</c> with its size and SHA-256.</param>
/// <param name="Files">The files in the archive, by path.</param>
public sealed record BackupManifest(string Network, ChainId ChainId, DateTimeOffset CreatedAt, BackupState? State, string? StateUnknown, InventoryFile Archive, IReadOnlyList<InventoryFile> Files)
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    /// <summary>True when it has the state of the chain beside the record.</summary>
    public bool IsFull => State is not null;

    /// <summary>The canonical bytes (RFC 8785).</summary>
    public byte[] Encode()
    {
        var json = new JsonObject
        {
            ["version"] = 1,
            ["network"] = Network,
            ["chainId"] = ChainId.Value,
            ["createdAt"] = CreatedAt.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture),
            ["archive"] = FileInventory.ToJson([Archive]),
            ["files"] = FileInventory.ToJson(Files),
        };
        json["state"] = State is { } state
            ? new JsonObject { ["block"] = state.Block, ["blockHash"] = state.BlockHash, ["unknown"] = state.Unknown, ["file"] = FileInventory.ToJson([state.File]) }
            : new JsonObject { ["why"] = StateUnknown };
        return CanonicalJson.Encode(Encoding.UTF8.GetBytes(json.ToJsonString()));
    }

    /// <summary>The identity.</summary>
    public Bytes32 Identity() => new(SHA256.HashData(Encode()));

    /// <summary>The name of its folder: the time and the first 8 hex digits of the identity.</summary>
    public string Id() => $"{CreatedAt.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture)}-{Identity().ToString()[2..10]}";

    /// <summary>Reads a manifest; its bytes must be the canonical ones.</summary>
    /// <exception cref="FormatException">They are not.</exception>
    public static BackupManifest Decode(byte[] bytes)
    {
        try
        {
            var json = JsonNode.Parse(bytes)!.AsObject();
            var state = json["state"]!.AsObject();
            var manifest = new BackupManifest(
                (string)json["network"]!,
                new ChainId((ulong)json["chainId"]!),
                DateTimeOffset.ParseExact((string)json["createdAt"]!, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal),
                state.ContainsKey("block") ? new BackupState((ulong)state["block"]!, (string)state["blockHash"]!, (int)state["unknown"]!, FileInventory.FromJson(state["file"]).Single()) : null,
                (string?)state["why"],
                FileInventory.FromJson(json["archive"]).Single(),
                FileInventory.FromJson(json["files"]));
            return manifest.Encode().AsSpan().SequenceEqual(bytes) ? manifest : throw new FormatException("it is not in its canonical form");
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException or ArgumentException or FormatException or NullReferenceException or ControlException or EthereumException)
        {
            throw new FormatException($"its manifest is damaged: {problem.Message}", problem);
        }
    }
}
