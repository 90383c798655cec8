using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using AgiJobs.Steering.Worlds;

namespace AgiJobs.Steering.Work;

/// <summary>What items and results have in common on their way: JSON, one object, its version first.</summary>
internal static class WorkJson
{
    /// <summary>The format's version.</summary>
    public const int Version = 1;

    /// <summary>Opens a message of this version; false with the reason for everything else.</summary>
    /// <param name="bytes">The message.</param>
    /// <param name="document">To be disposed when it was read.</param>
    /// <param name="fields">Its members, the version taken.</param>
    /// <param name="fault">What is wrong.</param>
    public static bool TryOpen(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out JsonDocument? document, [NotNullWhen(true)] out StrictObject? fields, [NotNullWhen(false)] out string? fault)
    {
        fields = null;
        if (!StrictObject.TryParse(bytes, out document, out fault))
        {
            return false;
        }

        fields = StrictObject.Of(document.RootElement);
        var version = fields.Number("version");
        if (fields.Fault is not null || version == Version)
        {
            return true;
        }

        document.Dispose();
        (document, fields, fault) = (null, null, $"it is of version {version}, and this program knows version {Version}");
        return false;
    }

    /// <summary>Writes a member that may be absent.</summary>
    public static void WriteOptional(this Utf8JsonWriter writer, string name, string? text)
    {
        if (text is not null)
        {
            writer.WriteString(name, text);
        }
    }
}
