using System.Buffers;
using System.Text;
using System.Text.Json;
using AgiJobs.Hgm.Runs;
using AgiJobs.Storage;

namespace AgiJobs.Steering.Runs;

/// <summary>A run as the list of a network's runs has it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsFinished">Whether it is over.</param>
/// <param name="Pace">The least time between its committed results that it was begun with; null for the driver's own.</param>
public sealed record RunEntry(string Name, bool IsFinished, TimeSpan? Pace)
{
    /// <summary>When the entry was written: when the run began, or when it was over.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>What the list has to say after these events; null when nothing is new.</summary>
    internal static RunEntry? Of(IReadOnlyList<RunEvent> events) => events switch
    {
        [.., RunFinished] => new RunEntry("", true, null),
        [RunStarted, ..] => new RunEntry("", false, null),
        _ => null,
    };

    internal static RunEntry Read(StoredDocument document)
    {
        try
        {
            using var json = JsonDocument.Parse(document.Data);
            return new RunEntry(
                document.Key,
                json.RootElement.GetProperty("finished").GetBoolean(),
                json.RootElement.TryGetProperty("paceMilliseconds", out var pace) ? TimeSpan.FromMilliseconds(pace.GetInt32()) : null)
            { At = document.At };
        }
        catch (Exception problem) when (problem is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new StorageException(StorageException.Damaged, $"{document.Collection}/{document.Key} cannot be read: {problem.Message}", "Restore the state from a backup.", problem);
        }
    }

    internal string Write()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteBoolean("finished", IsFinished);
            if (Pace is { } pace)
            {
                writer.WriteNumber("paceMilliseconds", (int)pace.TotalMilliseconds);
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
