using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Serialization;
using AgiJobs.Control;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Deployment.LocalNetwork;

/// <summary>A process that runs beside a local network.</summary>
/// <param name="Name">What it is: <c>serve</c>, <c>agent-1</c>.</param>
/// <param name="ProcessId">Its process.</param>
/// <param name="Mark">An argument that only it has: a process id alone is used again some day.</param>
public sealed record LocalService(string Name, int ProcessId, string Mark);

/// <summary>The services of a local network as processes of their own, with their logs in <c>storage/devnet/NETWORK/</c>. They live on when the command that started them ends.</summary>
/// <param name="workspace">The workspace.</param>
/// <param name="network">The network.</param>
/// <param name="program">The <c>agijobs</c> program.</param>
/// <param name="time">The clock of deadlines.</param>
public sealed class LocalServices(Workspace workspace, string network, string program, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private string Folder => workspace.Locate("storage", "devnet", network);

    private string ListPath => Path.Combine(Folder, "services.json");

    /// <summary>Those that run.</summary>
    public IReadOnlyList<LocalService> Running() => [.. Known().Where(IsAlive)];

    /// <summary>The log of a service.</summary>
    public string LogOf(string name) => Path.Combine(Folder, $"{name}.log");

    /// <summary>Starts one, or says that it runs.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="mark">An argument among <paramref name="arguments"/> that no other process has.</param>
    /// <param name="arguments">What the program is started with.</param>
    /// <exception cref="ControlException"><c>service-start</c>.</exception>
    public LocalService Start(string name, string mark, params IReadOnlyList<string> arguments)
    {
        var known = Known();
        if (known.FirstOrDefault(service => string.Equals(service.Name, name, StringComparison.Ordinal)) is { } there && IsAlive(there))
        {
            return there;
        }

        Directory.CreateDirectory(Folder);
        var start = new ProcessStartInfo("setsid") { WorkingDirectory = workspace.Root, UseShellExecute = false };
        foreach (var argument in (string[])["sh", "-c", "log=\"$1\"; shift; exec \"$0\" \"$@\" >>\"$log\" 2>&1 </dev/null", program, LogOf(name), .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start) ?? throw new ControlException("service-start", ExitCode.Failed, $"{name} could not be started.");
        var service = new LocalService(name, process.Id, mark);
        JsonFile.Write(ListPath, new LocalServicesFile { Version = 1, Services = [.. known.Where(other => !string.Equals(other.Name, name, StringComparison.Ordinal)), service] }, LocalServicesJson.Default.LocalServicesFile);
        return service;
    }

    /// <summary>Waits until something holds for a service that was started.</summary>
    /// <exception cref="ControlException"><c>service-start</c> with the end of its log, when it ended or took too long.</exception>
    public async Task UntilAsync(LocalService service, Func<CancellationToken, Task<bool>> isReady, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(service);
        ArgumentNullException.ThrowIfNull(isReady);
        var began = time.GetTimestamp();
        while (!await isReady(cancellation).ConfigureAwait(false))
        {
            var isAlive = IsAlive(service);
            if (!isAlive || time.GetElapsedTime(began) > Patience)
            {
                var log = LogOf(service.Name);
                var lines = File.Exists(log) ? string.Join(" / ", File.ReadLines(log).TakeLast(3)) : "it wrote no log";
                throw new ControlException("service-start", ExitCode.Failed, $"{service.Name} did not come up{(isAlive ? $" within {Patience.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s" : ": it has ended")}: {lines}", $"See {log}.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Ends all of them, the last one started first: asks, waits, and kills what does not end.</summary>
    /// <returns>How many ran.</returns>
    public async Task<int> StopAsync(CancellationToken cancellation)
    {
        var running = Running();
        foreach (var service in running)
        {
            Signal(service, "TERM");
        }

        var began = time.GetTimestamp();
        while (running.Any(IsAlive))
        {
            if (time.GetElapsedTime(began) > Patience)
            {
                foreach (var service in running.Where(IsAlive))
                {
                    Signal(service, "KILL");
                }
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancellation).ConfigureAwait(false);
        }

        File.Delete(ListPath);
        return running.Count;
    }

    private IReadOnlyList<LocalService> Known() => JsonFile.TryRead(ListPath, LocalServicesJson.Default.LocalServicesFile, out var file) ? file.Services : [];

    private static bool IsAlive(LocalService service) => MarkedProcess.Runs(service.ProcessId, service.Mark);

    private static void Signal(LocalService service, string signal)
    {
        using var kill = Process.Start(new ProcessStartInfo("kill", [$"-{signal}", service.ProcessId.ToString(CultureInfo.InvariantCulture)]) { UseShellExecute = false, RedirectStandardError = true });
        kill?.WaitForExit();
    }
}

/// <summary>The file of running services.</summary>
internal sealed record LocalServicesFile
{
    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The services, in the order of their start.</summary>
    public required IReadOnlyList<LocalService> Services { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(LocalServicesFile))]
internal sealed partial class LocalServicesJson : JsonSerializerContext;
