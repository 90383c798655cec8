using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AgiJobs.Control;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Steering.Worlds;

/// <summary>
/// A process for each request, in a session of its own, with nothing in its environment but what is named. Time, memory and output are bounded, and what it started ends with it: by its session, and by a mark in
/// its environment for what left the session. It is no wall: the process is the same user's, and files and network are open to it. Safe for use by several threads.
/// </summary>
internal sealed class SandboxedProcess(HgmProcess definition, string folder, TimeProvider time) : IExchange
{
    private const string Mark = "AGIJOBS_SANDBOX";

    // Debian's essential packages coreutils and util-linux have them.
    private const string Session = "/usr/bin/setsid";
    private const string Timeout = "/usr/bin/timeout";
    private const string Limits = "/usr/bin/prlimit";

    private static readonly TimeSpan AtMost = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    /// <inheritdoc/>
    /// <exception cref="ControlException"><c>sandbox-missing</c> when this machine has not what confines a process.</exception>
    public async Task<ExternalReply> AskAsync(ExternalRequest request, CancellationToken cancellation)
    {
        var mark = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        using var process = new Process { StartInfo = Start(mark) };
        try
        {
            process.Start();
        }
        catch (System.ComponentModel.Win32Exception problem)
        {
            throw new ControlException("sandbox-missing", ExitCode.Failed, $"{Session} could not be started: {problem.Message}", "Install util-linux and coreutils.", problem);
        }

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(definition.Seconds!.Value), time);
        using var broken = new CancellationTokenSource();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, broken.Token, cancellation);
        string? why = null;
        void Break(string reason)
        {
            Interlocked.CompareExchange(ref why, reason, null);
            broken.Cancel();
        }

        var writing = WriteAsync(process, request.Json);
        var output = ReadAsync(process.StandardOutput.BaseStream, () => Break($"it wrote more than {definition.OutputBytes} bytes"));
        var errors = ReadAsync(process.StandardError.BaseStream, () => Break($"it wrote more than {definition.OutputBytes} bytes of errors"));
        var watching = WatchAsync(process.Id, mark, () => Break($"it used more than {definition.MemoryMegabytes} MiB of memory"), over.Token);
        try
        {
            await Task.WhenAll(process.WaitForExitAsync(over.Token), output.WaitAsync(over.Token), errors.WaitAsync(over.Token)).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The reason is looked at below.
        }

        Interlocked.CompareExchange(ref why, limit.IsCancellationRequested ? $"it did not end within {definition.Seconds} s" : "", null);
        await over.CancelAsync().ConfigureAwait(false);
        await EndAsync(process.Id, mark).ConfigureAwait(false);
        await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            await Task.WhenAll(writing, watching, output, errors).WaitAsync(AtMost, time, CancellationToken.None).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // Somebody who got away holds its output; nobody reads it any more.
            Interlocked.CompareExchange(ref why, "somebody whom it started did not end with it", "");
        }

        cancellation.ThrowIfCancellationRequested();
        if (why.Length > 0)
        {
            return ExternalReply.Failed(why);
        }

        if (process.ExitCode != 0)
        {
            return ExternalReply.Failed($"it ended with exit code {process.ExitCode.ToString(CultureInfo.InvariantCulture)}: {Told.Line(LastLine(await errors.ConfigureAwait(false)))}");
        }

        var lines = (await output.ConfigureAwait(false)).Split('\n').Where(line => !string.IsNullOrWhiteSpace(line)).ToList();
        return lines.Count == 1 ? new ExternalReply(Encoding.UTF8.GetBytes(lines[0]), null) : ExternalReply.Failed(lines.Count == 0 ? "it ended without an answer" : $"it answered {lines.Count} times");
    }

    private ProcessStartInfo Start(string mark)
    {
        if (!File.Exists(Session) || !File.Exists(Timeout) || !File.Exists(Limits))
        {
            throw new ControlException("sandbox-missing", ExitCode.Failed, $"{Session}, {Timeout} and {Limits} confine a process, and one of them is not there.", "Install util-linux and coreutils.");
        }

        var start = new ProcessStartInfo(Session) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };

        // The second clock ends it when this process is gone and cannot.
        string[] words =
        [
            Timeout, "--signal=KILL", string.Create(CultureInfo.InvariantCulture, $"{definition.Seconds + 5}"),
            Limits, string.Create(CultureInfo.InvariantCulture, $"--data={(long)definition.MemoryMegabytes!.Value * 1_048_576}"), "--core=0", "--",
            Path.GetFullPath(definition.Command[0], folder), .. definition.Command.Skip(1),
        ];
        foreach (var word in words)
        {
            start.ArgumentList.Add(word);
        }

        start.Environment.Clear();
        foreach (var name in definition.Environment)
        {
            if (Environment.GetEnvironmentVariable(name) is { } value)
            {
                start.Environment[name] = value;
            }
        }

        start.Environment[Mark] = mark;
        return start;
    }

    private static async Task WriteAsync(Process process, byte[] request)
    {
        try
        {
            var input = process.StandardInput.BaseStream;
            await using (input.ConfigureAwait(false))
            {
                await input.WriteAsync((byte[])[.. request, (byte)'\n']).ConfigureAwait(false);
            }
        }
        catch (IOException)
        {
            // It need not read what it is asked.
        }
    }

    // Up to the limit; what comes after is not kept, and read no more.
    private async Task<string> ReadAsync(Stream stream, Action flooded)
    {
        var most = definition.OutputBytes!.Value;
        using var kept = new MemoryStream();
        var buffer = new byte[16_384];
        while (await stream.ReadAsync(buffer).ConfigureAwait(false) is > 0 and var count)
        {
            if (kept.Length + count > most)
            {
                flooded();
                break;
            }

            kept.Write(buffer, 0, count);
        }

        return Encoding.UTF8.GetString(kept.GetBuffer(), 0, (int)kept.Length);
    }

    // prlimit bounds the private memory of each process; all of them together, and what they share, are bounded here.
    private async Task WatchAsync(int session, string mark, Action exceeded, CancellationToken over)
    {
        var most = (long)definition.MemoryMegabytes!.Value * 1_048_576;
        while (true)
        {
            await Task.Delay(LookEvery, time, over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (over.IsCancellationRequested)
            {
                return;
            }

            if (Members(session, mark).Sum(ResidentOf) > most)
            {
                exceeded();
                return;
            }
        }
    }

    // Again until nobody is left: who is killed is gone a moment later, and may have started another one meanwhile. Nobody is left when two looks find nobody: one takes its time, and who starts another one during
    // it and ends is seen in neither.
    private async Task EndAsync(int session, string mark)
    {
        var since = time.GetTimestamp();
        for (var empty = 0; empty < 2 && time.GetElapsedTime(since) < AtMost;)
        {
            var members = Members(session, mark);
            empty = members.Count == 0 ? empty + 1 : 0;
            foreach (var member in members)
            {
                try
                {
                    using var process = Process.GetProcessById(member);
                    process.Kill();
                }
                catch (Exception problem) when (problem is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
                {
                    // It is gone.
                }
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), time, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private static List<int> Members(int session, string mark)
    {
        var members = new List<int>();
        var marked = Encoding.ASCII.GetBytes($"{Mark}={mark}");
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            {
                continue;
            }

            try
            {
                // After the name in brackets: state, parent, group, session.
                var stat = File.ReadAllText($"{folder}/stat");
                var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                if (fields[0] is not ("Z" or "X") && (fields[3] == session.ToString(CultureInfo.InvariantCulture) || File.ReadAllBytes($"{folder}/environ").AsSpan().IndexOf(marked) >= 0))
                {
                    members.Add(id);
                }
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                // It is gone, or somebody else's.
            }
        }

        return members;
    }

    private static long ResidentOf(int process)
    {
        try
        {
            return long.Parse(File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/statm")).Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private static string LastLine(string text) => text.Split('\n').LastOrDefault(line => !string.IsNullOrWhiteSpace(line)) ?? "";
}
