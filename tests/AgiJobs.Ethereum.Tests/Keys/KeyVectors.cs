using System.IO.Compression;
using System.Text.Json;

namespace AgiJobs.Ethereum.Tests.Keys;

/// <summary>Reads the published vectors of tests/vectors.</summary>
internal static class KeyVectors
{
    public static string Root { get; } = FindRoot();

    public static JsonElement Read(string name)
    {
        using var file = File.OpenRead(Path.Combine(Root, "tests", "vectors", name));
        using var content = name.EndsWith(".gz", StringComparison.Ordinal)
            ? new GZipStream(file, CompressionMode.Decompress)
            : (Stream)file;
        using var document = JsonDocument.Parse(content);
        return document.RootElement.Clone();
    }

    public static string Text(this JsonElement element, string name) => element.GetProperty(name).GetString()!;

    public static byte[] Data(this JsonElement element, string name) => Hex.Decode(element.Text(name));

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "AgiJobs.slnx")))
        {
            folder = Path.GetDirectoryName(folder)
                ?? throw new InvalidOperationException("The repository root was not found above the tests.");
        }

        return folder;
    }
}
