using System.Globalization;
using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Control.Files;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Scoreboard;

/// <summary>
/// <c>storage/orchestrator/scoreboard.json</c>. A damaged one is never taken for an empty one, and never lost: before anything is put in its place it is copied to <c>scoreboard.json.damaged-TIME</c>.
/// </summary>
public static class ScoreboardFile
{
    /// <summary>Its place in the workspace.</summary>
    public static readonly string[] Place = ["storage", "orchestrator", "scoreboard.json"];

    /// <summary>Writes the projection, atomically; a file that says the same is left alone.</summary>
    /// <exception cref="ControlException"><c>file-write</c>; the file is untouched.</exception>
    /// <returns>The copy of what was there, when that was damaged; null otherwise.</returns>
    public static string? Write(string path, ScoreboardProjection projection, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(projection);
        var content = projection.Encode();
        string? quarantined = null;
        if (Bytes(path) is { } present)
        {
            if (present.AsSpan().SequenceEqual(content))
            {
                return null;
            }

            if (Fault(present, out _) is not null)
            {
                quarantined = Quarantine(path, present, time);
            }
        }

        AtomicFile.Write(path, content);
        return quarantined;
    }

    /// <summary>Reads it; null when there is none, which is not the same as an empty one.</summary>
    /// <exception cref="ControlException"><c>scoreboard-damaged</c> when it is not what <see cref="Write"/> writes; a copy is put beside it, and it stays where it is until it is rebuilt. <c>file-read</c>, <c>file-write</c>.</exception>
    public static IReadOnlyDictionary<Address, ScoreboardEntry>? Read(string path, TimeProvider time)
    {
        if (Bytes(path) is not { } bytes)
        {
            return null;
        }

        if (Fault(bytes, out var entries) is not { } fault)
        {
            return entries;
        }

        var copy = Quarantine(path, bytes, time);
        throw new ControlException("scoreboard-damaged", ExitCode.Failed, $"{path} is damaged: {fault} It was copied to {Path.GetFileName(copy)} and nothing was read from it.", "Rebuild it from the chain with 'agijobs arena reconcile', and find out from the copy what damaged it.");
    }

    private static byte[]? Bytes(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new ControlException("file-read", ExitCode.Failed, $"{path} could not be read: {problem.Message}", null, problem);
        }
    }

    private static string? Fault(byte[] bytes, out Dictionary<Address, ScoreboardEntry> entries)
    {
        entries = [];
        try
        {
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return "it is no object.";
            }

            foreach (var agent in document.RootElement.EnumerateObject())
            {
                if (!Address.TryParse(agent.Name, out var address))
                {
                    return $"'{(agent.Name.Length > 60 ? agent.Name[..60] : agent.Name)}' is no address with its EIP-55 checksum.";
                }

                var value = agent.Value;
                if (value.ValueKind != JsonValueKind.Object || value.EnumerateObject().Count() != 5)
                {
                    return $"{address} has not the keys losses, notes, slashes, updatedAt and wins.";
                }

                var entry = new ScoreboardEntry(
                    Count(value, "wins"), Count(value, "losses"), Count(value, "slashes"),
                    [.. value.GetProperty("notes").EnumerateArray().Select(note => note.GetString() ?? throw new FormatException("a note is null"))],
                    value.GetProperty("updatedAt").GetDecimal());
                entries.Add(address, entry);
            }

            return null;
        }
        catch (Exception problem) when (problem is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return problem is KeyNotFoundException ? "a key is missing." : $"{problem.Message.TrimEnd('.')}.";
        }
    }

    private static long Count(JsonElement value, string key) =>
        value.GetProperty(key).GetInt64() is >= 0 and var count ? count : throw new FormatException($"{key} is negative");

    // The same damage is copied once, however often it is read.
    private static string Quarantine(string path, byte[] bytes, TimeProvider time)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        foreach (var copy in Directory.EnumerateFiles(folder, Path.GetFileName(path) + ".damaged-*").Order(StringComparer.Ordinal))
        {
            if (Bytes(copy) is { } there && there.AsSpan().SequenceEqual(bytes))
            {
                return copy;
            }
        }

        var at = time.GetUtcNow().UtcDateTime;
        for (var attempt = 0; ; attempt++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{path}.damaged-{at:yyyyMMddTHHmmssZ}{(attempt == 0 ? "" : $"-{attempt}")}");
            if (AtomicFile.TryCreate(name, bytes))
            {
                return name;
            }
        }
    }
}
