using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using AgiJobs.Hgm;

namespace AgiJobs.Steering.Reports;

/// <summary>
/// A folder of reports that are read while they are written: each file is replaced in one piece, so that a reader sees the old one or the new one. Nothing is forced to the disk: a report can be made again from
/// its run. One writer at a time.
/// </summary>
/// <param name="path">The folder; it is made when it is missing.</param>
public sealed class ReportFolder(string path)
{
    private readonly SortedSet<string> _written = new(StringComparer.Ordinal);

    /// <summary>Where it is.</summary>
    public string Path { get; } = System.IO.Path.GetFullPath(path);

    /// <summary>The names of the files that this writer has put here.</summary>
    public IReadOnlyCollection<string> Written => _written;

    /// <summary>Replaces a file.</summary>
    /// <exception cref="HgmException"><c>report-folder</c> when the disk is full or the folder cannot be written; the file is then as it was.</exception>
    public void Put(string name, ReadOnlySpan<byte> content)
    {
        var temporary = System.IO.Path.Combine(Path, string.Create(CultureInfo.InvariantCulture, $".{name}.{Environment.ProcessId}.tmp"));
        try
        {
            Directory.CreateDirectory(Path);
            using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None))
            {
                file.Write(content);
            }

            File.Move(temporary, System.IO.Path.Combine(Path, name), overwrite: true);
            _written.Add(name);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new HgmException("report-folder", $"{name} could not be written to {Path}: {problem.Message}", "Make room, correct the rights of the folder, or name another with --out; the run itself is kept and the same command goes on with it.");
        }
    }

    /// <summary>Replaces a file of text in UTF-8.</summary>
    /// <exception cref="HgmException">As the other.</exception>
    public void Put(string name, string text) => Put(name, Encoding.UTF8.GetBytes(text));

    /// <summary>Replaces a file of JSON for people to read.</summary>
    /// <exception cref="HgmException">As the other.</exception>
    public void PutJson(string name, Action<Utf8JsonWriter> body)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            body(writer);
        }

        buffer.WriteByte((byte)'\n');
        Put(name, buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
    }
}
