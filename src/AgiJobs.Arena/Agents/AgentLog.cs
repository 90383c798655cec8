using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace AgiJobs.Arena.Agents;

/// <summary>An agent's log: a line <c>{"ts","level","code","message"}</c> for each thing that happens. Levels are <c>info</c>, <c>warn</c> and <c>error</c>. Safe for use by several threads.</summary>
public sealed class AgentLog(TextWriter writer, TimeProvider time)
{
    private static readonly JsonWriterOptions OneLine = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly Lock _lock = new();

    /// <summary>What went as it should.</summary>
    public void Info(string code, string message) => Write("info", code, message);

    /// <summary>What another one did wrong, or what is tried again.</summary>
    public void Warn(string code, string message) => Write("warn", code, message);

    /// <summary>What somebody has to look at.</summary>
    public void Error(string code, string message) => Write("error", code, message);

    private void Write(string level, string code, string message)
    {
        using var buffer = new MemoryStream();
        using (var line = new Utf8JsonWriter(buffer, OneLine))
        {
            line.WriteStartObject();
            line.WriteString("ts", time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
            line.WriteString("level", level);
            line.WriteString("code", code);
            line.WriteString("message", message);
            line.WriteEndObject();
        }

        lock (_lock)
        {
            writer.Write(Encoding.UTF8.GetString(buffer.ToArray()) + "\n");
            writer.Flush();
        }
    }
}
