using AgiJobs.Control;

namespace AgiJobs.Response.Incidents;

/// <summary>Names of attached files: one part of a path, that no system takes for something else.</summary>
public static class AttachmentName
{
    private const int Longest = 100;

    /// <summary>True for letters, digits, dot, dash and underscore of ASCII, that begins with none of the marks.</summary>
    public static bool IsName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Length is > 0 and <= Longest && char.IsAsciiLetterOrDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_') && name[^1] != '.';
    }

    /// <summary>A name that was given, or that of the file.</summary>
    /// <exception cref="ControlException"><c>attachment-name</c>.</exception>
    public static string Of(string path, string? given)
    {
        var name = given ?? Path.GetFileName(path);
        return IsName(name) ? name
            : throw new ControlException("attachment-name", ExitCode.BadInput, $"'{Plain.Line(name)}' is no name for a file of the archive: letters, digits, '.', '-' and '_', at most {Longest}, beginning with a letter or digit.", "Give one with --as, such as trace-1.json.");
    }
}
