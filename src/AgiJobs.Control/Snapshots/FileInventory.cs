using System.Text.Json.Nodes;
using AgiJobs.Control.Evidence;

namespace AgiJobs.Control.Snapshots;

/// <summary>One file of an inventory.</summary>
/// <param name="Path">Relative, with <c>/</c> between its parts.</param>
/// <param name="Size">Its length in bytes.</param>
/// <param name="Sha256">The SHA-256 of its content, 64 lower-case hex digits.</param>
public sealed record InventoryFile(string Path, long Size, string Sha256)
{
    /// <summary>The entry of a file.</summary>
    public static InventoryFile Of(TreeFile file) => new(file.Path, file.Content.LongLength, file.Sha256.ToString()[2..]);
}

/// <summary>Lists of files as manifests write them.</summary>
internal static class FileInventory
{
    /// <summary>The list as JSON.</summary>
    public static JsonArray ToJson(IEnumerable<InventoryFile> files) =>
        new([.. files.Select(file => (JsonNode)new JsonObject { ["path"] = file.Path, ["size"] = file.Size, ["sha256"] = file.Sha256 })]);

    /// <summary>Reads a list; every path is relative, in its one spelling and after the one before it.</summary>
    /// <exception cref="FormatException">It is not such a list.</exception>
    public static IReadOnlyList<InventoryFile> FromJson(JsonNode? json)
    {
        var files = new List<InventoryFile>();
        foreach (var item in json?.AsArray() ?? throw new FormatException("it has no list of files"))
        {
            var file = new InventoryFile((string?)item?["path"] ?? "", (long?)item?["size"] ?? -1, (string?)item?["sha256"] ?? "");
            if (!AuditFile.IsRelative(file.Path) || file.Size < 0 || file.Sha256.Length != 64 || file.Sha256.Any(c => !char.IsAsciiHexDigitLower(c)))
            {
                throw new FormatException($"the entry of '{file.Path}' is no path with its size and SHA-256");
            }

            if (files.Count > 0 && string.CompareOrdinal(files[^1].Path, file.Path) >= 0)
            {
                throw new FormatException($"'{file.Path}' is not in its order");
            }

            files.Add(file);
        }

        return files;
    }
}
