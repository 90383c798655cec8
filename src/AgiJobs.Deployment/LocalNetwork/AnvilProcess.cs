using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using AgiJobs.Control;

namespace AgiJobs.Deployment.LocalNetwork;

/// <summary>
/// An anvil that goes on after the command that started it, bound to 127.0.0.1. Its output goes to a log file, its state to a file when it is
/// asked to end.
/// </summary>
public sealed partial class AnvilProcess
{
    private const string ListeningMark = "Listening on 127.0.0.1:";

    private AnvilProcess(int processId, int port)
    {
        ProcessId = processId;
        Port = port;
    }

    /// <summary>The process id.</summary>
    public int ProcessId { get; }

    /// <summary>The loopback port of its JSON-RPC.</summary>
    public int Port { get; }

    /// <summary>The JSON-RPC URL.</summary>
    public Uri Url => new($"http://127.0.0.1:{Port.ToString(CultureInfo.InvariantCulture)}");

    /// <summary>The anvil that npm installed below <paramref name="home"/>.</summary>
    /// <exception cref="ControlException"><c>anvil-missing</c>.</exception>
    public static string Locate(string home)
    {
        var system = OperatingSystem.IsMacOS() ? "darwin" : OperatingSystem.IsWindows() ? "win32" : "linux";
        var machine = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64";
        var path = Path.Combine(home, "node_modules", "@foundry-rs", $"anvil-{system}-{machine}", "bin", OperatingSystem.IsWindows() ? "anvil.exe" : "anvil");
        return File.Exists(path)
            ? path
            : throw new ControlException("anvil-missing", ExitCode.Failed, $"The local chain needs anvil, and {path} does not exist.", "Start agijobs through its launcher, which installs it, or run npm ci in the launcher's folder.");
    }

    /// <summary>Starts one and waits until it listens.</summary>
    /// <param name="binary">What <see cref="Locate"/> found.</param>
    /// <param name="folder">Where the log and the state go; must exist.</param>
    /// <param name="port">The port; 0 takes a free one.</param>
    /// <param name="loadState">True to start from the state file in <paramref name="folder"/>.</param>
    /// <param name="time">The clock of the deadline.</param>
    /// <param name="cancellation">Gives up and ends the process.</param>
    /// <exception cref="ControlException"><c>anvil-start</c> with the end of its log when it does not come up within 20 s.</exception>
    public static async Task<AnvilProcess> StartAsync(string binary, string folder, int port, bool loadState, TimeProvider time, CancellationToken cancellation)
    {
        var log = Path.Combine(folder, "anvil.log");
        File.WriteAllText(log, "");
        List<string> arguments = ["--host", "127.0.0.1", "--port", port.ToString(CultureInfo.InvariantCulture), "--chain-id", "31337", "--accounts", "30", "--balance", "10000", "--dump-state", StatePath(folder)];
        if (loadState)
        {
            arguments.AddRange(["--load-state", StatePath(folder)]);
        }

        // A shell opens the log as the process's own output, so that nothing breaks when this command ends; setsid keeps a Ctrl-C here from it.
        var start = new ProcessStartInfo("setsid") { WorkingDirectory = folder, UseShellExecute = false };
        foreach (var argument in (string[])["sh", "-c", "exec \"$0\" \"$@\" >>anvil.log 2>&1 </dev/null", binary, .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start) ?? throw new ControlException("anvil-start", ExitCode.Failed, "anvil could not be started.");
        // At once, so that an anvil whose command is killed before it is done can be found and ended.
        File.WriteAllText(ProcessPath(folder), process.Id.ToString(CultureInfo.InvariantCulture));
        var began = time.GetTimestamp();
        while (true)
        {
            var text = ReadLog(log);
            var mark = text.IndexOf(ListeningMark, StringComparison.Ordinal);
            if (mark >= 0 && PortDigits().Match(text, mark + ListeningMark.Length) is { Success: true } match)
            {
                return new AnvilProcess(process.Id, int.Parse(match.ValueSpan, CultureInfo.InvariantCulture));
            }

            if (process.HasExited || time.GetElapsedTime(began) > TimeSpan.FromSeconds(20) || cancellation.IsCancellationRequested)
            {
                End(process.Id);
                cancellation.ThrowIfCancellationRequested();
                throw new ControlException("anvil-start", ExitCode.Failed, $"anvil did not come up: {LastLines(text)}", $"See {log}. A port that is taken is the usual cause; leave out --port to take a free one.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), time, CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>The file that holds the state of an anvil that was asked to end.</summary>
    public static string StatePath(string folder) => Path.Combine(folder, "state.json");

    /// <summary>True when the process runs and is the anvil that was started for <paramref name="folder"/>; a process id alone is used again some day.</summary>
    public static bool Serves(int processId, string folder) => OperatingSystem.IsLinux() ? MarkedProcess.Runs(processId, StatePath(folder)) : IsRunning(processId);

    /// <summary>Kills the anvil that was started last for <paramref name="folder"/> if it still runs. It does not write its state.</summary>
    public static void EndLast(string folder)
    {
        if (File.Exists(ProcessPath(folder)) && int.TryParse(File.ReadAllText(ProcessPath(folder)), CultureInfo.InvariantCulture, out var last) && Serves(last, folder))
        {
            End(last);
        }
    }

    private static string ProcessPath(string folder) => Path.Combine(folder, "anvil.pid");

    private static bool IsRunning(int processId)
    {
        try
        {
            using var process = Process.GetProcessById(processId);
            return !process.HasExited && process.ProcessName.StartsWith("anvil", StringComparison.Ordinal);
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    /// <summary>Asks the process to end, which makes it write its state, and waits for that; kills it after 10 s.</summary>
    public static async Task StopAsync(int processId, TimeProvider time)
    {
        if (!IsRunning(processId))
        {
            return;
        }

        using var process = Process.GetProcessById(processId);
        _ = Signal(processId, 15);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10), time);
        try
        {
            await process.WaitForExitAsync(deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            End(processId);
        }
    }

    private static void End(int processId)
    {
        try
        {
            using var process = Process.GetProcessById(processId);
            process.Kill(entireProcessTree: true);
            process.WaitForExit(TimeSpan.FromSeconds(10));
        }
        catch (Exception problem) when (problem is ArgumentException or InvalidOperationException)
        {
            // It has ended by itself.
        }
    }

    private static string ReadLog(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private static string LastLines(string text) => string.Join(" | ", text.Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(3)) is { Length: > 0 } lines ? lines : "it printed nothing";

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Signal(int processId, int signal);

    [GeneratedRegex(@"\G[0-9]+(?=\s)")]
    private static partial Regex PortDigits();
}
