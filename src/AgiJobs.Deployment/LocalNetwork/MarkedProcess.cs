using System.Globalization;

namespace AgiJobs.Deployment.LocalNetwork;

/// <summary>A process that is known by its id and an argument that only it has: an id alone is used again some day. Linux only.</summary>
internal static class MarkedProcess
{
    /// <summary>True when the process runs with the mark among its arguments. A process in the middle of becoming another program counts as running.</summary>
    public static bool Runs(int processId, string mark)
    {
        var folder = string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}");
        try
        {
            // By its arguments and not by its name: a moment after the start it is still the shell that becomes the program. Between the two
            // programs the kernel shows no arguments at all, but there is a program already; what has ended has neither.
            var arguments = File.ReadAllText(Path.Combine(folder, "cmdline"));
            return arguments.Length == 0 ? File.ResolveLinkTarget(Path.Combine(folder, "exe"), returnFinalTarget: false) is not null : arguments.Split('\0').Contains(mark, StringComparer.Ordinal);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
