using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AgiJobs.Steering.Runs;

/// <summary>
/// What a driver of runs is called as the holder of a lease: <c>machine/process/place/start/number</c>. No other has the same name, so that nobody takes a lease for its own; and a driver on the same machine can tell
/// that the process of a name is gone for good, so that a run need not wait for the end of a dead driver's lease.
/// </summary>
public static class DriverName
{
    private const int Parts = 5;

    private static readonly string Place = Digest($"{Text("/proc/sys/kernel/random/boot_id")}{LinkOf("/proc/self/ns/pid")}");
    private static int _made;

    /// <summary>A new name for a driver in this process.</summary>
    public static string New() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Environment.MachineName.Replace('/', '-')}/{Environment.ProcessId}/{Place}/{StartOf(Environment.ProcessId)}/{Interlocked.Increment(ref _made)}");

    /// <summary>Machine and process, as people are told.</summary>
    public static string Words(string holder) => holder.Split('/') is [var machine, var process, _, _, _] ? $"process {process} on {machine}" : $"'{holder}'";

    /// <summary>Whether the process of a name ran on this machine, since it was started, and runs no more. What cannot be told is not gone.</summary>
    public static bool IsGone(string holder) =>
        holder.Split('/') is { Length: Parts } parts
        && Place.Length > 0 && parts[2] == Place
        && parts[3].Length > 0
        && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var process)
        && StartOf(process) != parts[3];

    // The twentieth field after the command, which may hold anything in its brackets. A process that only waits to be collected has ended.
    private static string StartOf(int process) =>
        Text(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat")) is { Length: > 0 } stat && stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries) is { Length: > 19 } fields && fields[0] is not ("Z" or "X")
            ? fields[19]
            : "";

    private static string Digest(string text) => text.Length == 0 ? "" : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..8];

    private static string Text(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static string LinkOf(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget ?? "";
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
