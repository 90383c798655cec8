using System.Globalization;
using System.Text;
using AgiJobs.Control;
using AgiJobs.Control.Files;
using QRCoder;

namespace AgiJobs.Cli.Output;

/// <summary>A QR code of a text: on a terminal, as SVG and as PNG. Version and mask are the encoder's choice, the error correction is M (15 %).</summary>
internal sealed class QrPicture
{
    // What a scanner wants around the code (ISO/IEC 18004: four modules), which the encoder draws.
    private const int PixelsPerModule = 8;

    private readonly QRCodeData _code;

    private QrPicture(QRCodeData code) => _code = code;

    /// <summary>Encodes a text.</summary>
    public static QrPicture Of(string text)
    {
        using var generator = new QRCodeGenerator();
        return new QrPicture(generator.CreateQrCode(text, QRCodeGenerator.ECCLevel.M));
    }

    /// <summary>Two rows of modules in a line, dark modules as blocks; with colour black on white whatever the terminal's own colours are.</summary>
    public IEnumerable<string> Lines(bool color)
    {
        var modules = _code.ModuleMatrix;
        for (var row = 0; row < modules.Count; row += 2)
        {
            var line = new StringBuilder();
            for (var column = 0; column < modules.Count; column++)
            {
                var upper = modules[row][column];
                var lower = row + 1 < modules.Count && modules[row + 1][column];
                line.Append((upper, lower) switch { (true, true) => '\u2588', (true, false) => '\u2580', (false, true) => '\u2584', _ => ' ' });
            }

            yield return color ? $"\u001b[30;107m{line}\u001b[0m" : line.ToString();
        }
    }

    /// <summary>One path of unit squares on white.</summary>
    public string ToSvg()
    {
        var modules = _code.ModuleMatrix;
        var path = new StringBuilder();
        for (var row = 0; row < modules.Count; row++)
        {
            for (var column = 0; column < modules.Count; column++)
            {
                if (modules[row][column])
                {
                    path.Append(CultureInfo.InvariantCulture, $"M{column} {row}h1v1h-1z");
                }
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {modules.Count} {modules.Count}" width="{modules.Count * PixelsPerModule}" height="{modules.Count * PixelsPerModule}" shape-rendering="crispEdges"><rect width="100%" height="100%" fill="#fff"/><path d="{path}" fill="#000"/></svg>""") + "\n";
    }

    /// <summary>A PNG of black and white.</summary>
    public byte[] ToPng()
    {
        using var png = new PngByteQRCode(_code);
        return png.GetGraphic(PixelsPerModule);
    }

    /// <summary>Writes texts as codes: one file for a <c>.txt</c> with the codes and the texts themselves, for <c>.svg</c> and <c>.png</c> one for each, numbered when there are several.</summary>
    /// <returns>The files.</returns>
    /// <exception cref="ControlException"><c>qr-file</c> (exit 2) for another ending, <c>file-write</c>.</exception>
    public static IReadOnlyList<string> Write(string path, IReadOnlyList<string> texts)
    {
        RequireEnding(path);
        var ending = Path.GetExtension(path);
        if (string.Equals(ending, ".txt", StringComparison.Ordinal))
        {
            AtomicFile.Write(path, Encoding.UTF8.GetBytes(string.Join('\n', texts.SelectMany(text => (string[])[.. Of(text).Lines(color: false), text, ""]))));
            return [path];
        }

        var files = new List<string>();
        for (var i = 0; i < texts.Count; i++)
        {
            var name = texts.Count == 1 ? path : Path.Combine(Path.GetDirectoryName(path) ?? "", string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileNameWithoutExtension(path)}-{i + 1}of{texts.Count}{ending}"));
            AtomicFile.Write(name, string.Equals(ending, ".svg", StringComparison.Ordinal) ? Encoding.UTF8.GetBytes(Of(texts[i]).ToSvg()) : Of(texts[i]).ToPng());
            files.Add(name);
        }

        return files;
    }

    /// <summary>Refuses a file that is none of the three kinds, before anything is done for it.</summary>
    public static void RequireEnding(string? path)
    {
        if (path is not null && Path.GetExtension(path) is not (".svg" or ".png" or ".txt"))
        {
            throw new ControlException("qr-file", ExitCode.BadInput, $"{path}: codes are written as .svg, .png or .txt.", "Give the file one of these endings.");
        }
    }
}
