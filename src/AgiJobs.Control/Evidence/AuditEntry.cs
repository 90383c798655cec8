using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Evidence;

/// <summary>One thing that happened, as the audit log keeps it: canonical JSON (RFC 8785) of at most 65,535 bytes.</summary>
public sealed record AuditEntry
{
    /// <summary>Most bytes that an entry may have (C2SP tlog-tiles: the length stands in two bytes).</summary>
    public const int MaxSize = ushort.MaxValue;

    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    /// <summary>When, UTC, to the millisecond; null lets the log put its own time there.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>What: lower-case words with dots and hyphens, such as <c>change.planned</c>, <c>change.sent</c> or <c>armory.added</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The network's name in the workspace.</summary>
    public required string Network { get; init; }

    /// <summary>The digest of the change that it is about; null when it is about none.</summary>
    public Bytes32? Change { get; init; }

    /// <summary>What else there is to say; no secret belongs here.</summary>
    public JsonObject Data { get => field ??= []; init; }

    /// <summary>The files that it vouches for.</summary>
    public IReadOnlyList<AuditFile> Files { get => field ?? []; init; } = [];

    /// <summary>The canonical bytes.</summary>
    /// <exception cref="ControlException"><c>audit-entry</c> when the kind, a path or the size is not allowed; <c>json-canonical</c>.</exception>
    public byte[] Encode()
    {
        if (At is not { } at)
        {
            throw new InvalidOperationException("An entry without a time cannot be written.");
        }

        if (!IsKind(Kind))
        {
            throw Refused($"'{Kind}' is no kind of entry: write lower-case words with dots and hyphens, at most 80 characters");
        }

        if (Files.FirstOrDefault(file => !AuditFile.IsRelative(file.Path)) is { } outside)
        {
            throw Refused($"'{outside.Path}' is no path within the workspace");
        }

        var json = new JsonObject
        {
            ["version"] = 1,
            ["at"] = at.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture),
            ["kind"] = Kind,
            ["network"] = Network,
            ["data"] = Data.DeepClone(),
            ["files"] = new JsonArray([.. Files.Select(file => (JsonNode)new JsonObject { ["path"] = file.Path, ["sha256"] = file.Sha256.ToString()[2..] })]),
        };
        if (Change is { } change)
        {
            json["change"] = change.ToString();
        }

        var bytes = CanonicalJson.Encode(Encoding.UTF8.GetBytes(json.ToJsonString()));
        return bytes.Length <= MaxSize ? bytes : throw Refused($"it has {bytes.Length} bytes, and an entry may have {MaxSize}: put the long part into a file and vouch for that");
    }

    /// <summary>Reads an entry. Its bytes must be the canonical ones, so that an entry has one spelling.</summary>
    /// <exception cref="ControlException"><c>audit-entry-format</c> (exit 6).</exception>
    public static AuditEntry Decode(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 64 });
            var root = document.RootElement;
            if (root.GetProperty("version").GetInt32() != 1 || !CanonicalJson.Encode(root).AsSpan().SequenceEqual(bytes.Span))
            {
                throw Malformed(null);
            }

            return new AuditEntry
            {
                At = DateTimeOffset.ParseExact(root.GetProperty("at").GetString()!, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal),
                Kind = root.GetProperty("kind").GetString() is { } kind && IsKind(kind) ? kind : throw Malformed(null),
                Network = root.GetProperty("network").GetString() ?? throw Malformed(null),
                Change = root.TryGetProperty("change", out var change) ? Bytes32.Parse(change.GetString()!) : null,
                Data = JsonObject.Create(root.GetProperty("data").Clone())!,
                Files = [.. root.GetProperty("files").EnumerateArray().Select(file => new AuditFile(
                    file.GetProperty("path").GetString() is { } path && AuditFile.IsRelative(path) ? path : throw Malformed(null),
                    Bytes32.Parse("0x" + file.GetProperty("sha256").GetString())))],
            };
        }
        catch (Exception problem) when (problem is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException or EthereumException
            || problem is ControlException { Code: "json-canonical" })
        {
            throw Malformed(problem);
        }
    }

    private static bool IsKind(string kind) =>
        kind.Length is > 0 and <= 80 && kind.Split('.').All(word => word.Length > 0 && word.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'));

    private static ControlException Refused(string why) => new("audit-entry", ExitCode.BadInput, $"The entry for the audit log is refused: {why}.");

    private static ControlException Malformed(Exception? inner) => new("audit-entry-format", ExitCode.Mismatch, "An entry of the audit log is not in its canonical form: this program did not write it.", null, inner);
}
