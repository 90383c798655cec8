using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using AgiJobs.Control;

namespace AgiJobs.Cli.Output;

/// <summary>
/// What a command prints. For people: lines and tables on the output, progress on the error stream. With <c>--json</c>: one JSON document with a
/// versioned schema on the output and nothing else.
/// </summary>
internal sealed class Terminal(TextWriter output, TextWriter error, bool json, bool color)
{
    /// <summary>True when the output is JSON.</summary>
    public bool IsJson { get; } = json;

    /// <summary>True when the output is for a terminal that shows colour and colour was not turned off.</summary>
    public bool HasColor { get; } = color;

    /// <summary>A line for people.</summary>
    public void Line(string text = "")
    {
        if (!IsJson)
        {
            output.WriteLine(text);
        }
    }

    /// <summary>A line that says how far long work has come; goes to the error stream in either form of output.</summary>
    public void Progress(string text) => error.WriteLine(text);

    /// <summary>A table for people. Cells are plain text.</summary>
    public void Table(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        if (IsJson)
        {
            return;
        }

        foreach (var line in TextTable.Lines(columns, rows))
        {
            output.WriteLine(line);
        }
    }

    /// <summary>The JSON document of a command: <c>schema</c>, <c>exit</c> and what <paramref name="body"/> writes. Nothing for people.</summary>
    public void Json(string schema, ExitCode exit, Action<Utf8JsonWriter> body)
    {
        if (IsJson)
        {
            output.WriteLine(Document(schema, exit, body));
        }
    }

    /// <summary>Text of several lines for people, which ends with a line's end itself.</summary>
    public void Text(string text)
    {
        if (!IsJson)
        {
            output.Write(text);
        }
    }

    /// <summary>The JSON document of a command as text.</summary>
    public static string Document(string schema, ExitCode exit, Action<Utf8JsonWriter> body)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteString("schema", schema);
            writer.WriteNumber("exit", (int)exit);
            body(writer);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    /// <summary>A command that cannot go on.</summary>
    public void Refusal(string code, ExitCode exit, string message, string? mend)
    {
        Json("agijobs.error/1", exit, writer =>
        {
            writer.WriteStartObject("error");
            writer.WriteString("code", code);
            writer.WriteString("message", message);
            writer.WriteString("mend", mend);
            writer.WriteEndObject();
        });
        if (!IsJson)
        {
            error.WriteLine($"agijobs: {message}");
            if (mend is not null)
            {
                error.WriteLine($"  {mend}");
            }

            error.WriteLine($"  [{code}, exit {(int)exit}]");
        }
    }
}
