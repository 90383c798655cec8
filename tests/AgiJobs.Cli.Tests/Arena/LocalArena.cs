using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using AgiJobs.Arena.Orchestration;
using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;
using AgiJobs.Storage;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Arena;

/// <summary>
/// The arena of a local network at work as an operator runs it: <c>serve</c> and reference agents, each the real program in a process of its own. What still runs when this is disposed is killed, and also when
/// the test process dies.
/// </summary>
internal sealed class LocalArena : IAsyncDisposable
{
    /// <summary>The orchestrator with the gateway.</summary>
    public const string Serve = "serve";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly TestNetwork _devnet;
    private readonly StateLocation _state;
    private readonly Process _guard;
    private readonly Dictionary<string, string> _seats = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Process> _running = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ConcurrentQueue<string>> _said = new(StringComparer.Ordinal);
    private string _listen = "127.0.0.1:0";

    private LocalArena(TestNetwork devnet, StateLocation state)
    {
        _devnet = devnet;
        _state = state;
        Contract = new ArenaContract(devnet.Client, devnet.Protocol);
        _guard = Guard(devnet.Folder);
    }

    /// <summary>The three agents and three validators of a local network, and their seats.</summary>
    public static IReadOnlyDictionary<string, string> Everybody { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["agent-1"] = "teacher,student",
        ["agent-2"] = "teacher,student",
        ["agent-3"] = "teacher,student",
        ["validator-1"] = "validator",
        ["validator-2"] = "validator",
        ["validator-3"] = "validator",
    };

    /// <summary>The contract, read past everything that is killed.</summary>
    public ArenaContract Contract { get; }

    /// <summary>The gateway's address.</summary>
    public Uri Gateway { get; private set; } = null!;

    /// <summary>What a process wrote on its error stream, newest last.</summary>
    public IReadOnlyList<string> Said(string name) => [.. _said.GetOrAdd(name, _ => [])];

    /// <summary>Starts <c>serve</c> and agents.</summary>
    /// <param name="devnet">The network.</param>
    /// <param name="agents">The agents by their signers' names, and what stands after <c>--seats</c>.</param>
    /// <param name="services">Settings of the services besides a lease of 2 s and quick looks.</param>
    /// <param name="state">Where these settings keep the state; null for the workspace's own file.</param>
    public static async Task<LocalArena> StartAsync(TestNetwork devnet, IReadOnlyDictionary<string, string> agents, string services = "", StateLocation? state = null)
    {
        await File.WriteAllTextAsync(devnet.Workspace.Locate("config", "services.json"), $$"""{"version": 1, "pollMilliseconds": 100, "leaseSeconds": 2, "drainSeconds": 2{{services}}}""");
        Directory.CreateDirectory(Path.GetDirectoryName(devnet.Workspace.StatePath(TestNetwork.Network))!);
        var arena = new LocalArena(devnet, state ?? StateLocation.File(devnet.Workspace.StatePath(TestNetwork.Network)));
        try
        {
            await arena.ServeAsync();
            foreach (var (name, seats) in agents)
            {
                arena._seats[name] = seats;
                arena.Begin(name);
            }

            return arena;
        }
        catch
        {
            await arena.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts <c>serve</c>, where it was before, and waits until it listens.</summary>
    public async Task ServeAsync()
    {
        var process = Started(Serve, ["serve", "--roles", "api,gateway,arena,hgm", "--listen", _listen, "--network", TestNetwork.Network]);
        var line = await process.StandardOutput.ReadLineAsync();
        Assert.True(line is not null && line.Contains(" at http://", StringComparison.Ordinal), $"serve did not come up: {line}\n{Log(Serve)}");
        Gateway = new Uri(line[line.IndexOf("http://", StringComparison.Ordinal)..]);
        _listen = Gateway.Authority;
    }

    /// <summary>Starts an agent that is not running.</summary>
    public void Begin(string agent) => Started(
        agent,
        ["agent", "--signer", agent, "--gateway", Gateway.ToString(), "--skill", "20000", "--seats", .. _seats[agent].Split(' '), "--state", Path.Combine("storage", "agents", agent + ".json"), "--network", TestNetwork.Network]);

    /// <summary>Kills a process with SIGKILL, wherever it is.</summary>
    public async Task KillAsync(string name)
    {
        var process = _running[name];
        Assert.False(process.HasExited, $"{name} ended by itself with {(process.HasExited ? process.ExitCode : 0)}:\n{Log(name)}");
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        _running.Remove(name);
    }

    /// <summary>Starts again what was killed.</summary>
    public async Task AgainAsync(string name)
    {
        if (name == Serve)
        {
            await ServeAsync();
        }
        else
        {
            Begin(name);
        }
    }

    /// <summary>Tells everything to end, agents first, and sees that it ended well.</summary>
    public async Task StopAsync()
    {
        foreach (var name in _running.Keys.OrderBy(name => name == Serve).ThenBy(name => name, StringComparer.Ordinal).ToList())
        {
            var process = _running[name];
            using (var signal = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]))
            {
                await signal.WaitForExitAsync();
            }

            await process.WaitForExitAsync();
            Assert.True(process.ExitCode == 0, $"{name} ended with {process.ExitCode}:\n{Log(name)}");
            process.Dispose();
            _running.Remove(name);
        }
    }

    /// <summary>The state store, beside the running processes.</summary>
    public Task<IStateStore> StoreAsync() => StateStore.OpenAsync(_state, TimeProvider.System);

    /// <summary>The arena and its newest round.</summary>
    public async Task<(ArenaState Arena, RoundState Newest)> LookAsync()
    {
        while (true)
        {
            var total = (await Contract.ReadAsync([])).TotalRounds;
            var arena = await Contract.ReadAsync([total]);
            if (arena.TotalRounds == total)
            {
                return (arena, arena.Rounds[total]);
            }
        }
    }

    /// <summary>Looks at chain and books until something holds.</summary>
    /// <exception cref="TimeoutException">It did not within two minutes; with the end of every log.</exception>
    public async Task<RoundState> UntilAsync(string what, Func<ArenaState, RoundState, RunRecord?, bool> holds)
    {
        await using var store = await StoreAsync();
        var log = new RunLog(store, TestNetwork.Network, TimeProvider.System);
        RoundState? found = null;
        await UntilAsync(what, async () =>
        {
            var open = await log.OpenAsync(CancellationToken.None);
            (var arena, found) = await LookAsync();
            return holds(arena, found, open.Count > 0 ? open[^1] : null);
        });
        return found!;
    }

    /// <summary>Asks until something holds.</summary>
    /// <exception cref="TimeoutException">It did not within two minutes; with the end of every log.</exception>
    public async Task UntilAsync(string what, Func<Task<bool>> holds)
    {
        var watch = Stopwatch.StartNew();
        while (!await holds())
        {
            if (watch.Elapsed > Patience)
            {
                throw new TimeoutException($"Within {Patience.TotalSeconds:0} s this did not happen: {what}.\n{string.Join('\n', _running.Keys.Select(Log))}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(10));
        }
    }

    /// <summary>Lets no further round start, by a stake that nobody has; waits until what is under way has ended by its own rules, and ends everything.</summary>
    public async Task FinishAsync()
    {
        await _devnet.CallAsAsync(_devnet.Safe, "SelfPlayArena", "setCommitteeParameters", 3, Wei.FromEther("1000000"));
        _ = await UntilAsync("every run has ended", (_, newest, run) => !newest.IsLive && run is null);
        await StopAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var process in _running.Values)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }

        _guard.StandardInput.Close();
        await _guard.WaitForExitAsync();
        _guard.Dispose();
    }

    private string Log(string name) => $"{name}: {string.Join("\n    ", Said(name).TakeLast(12))}";

    private Process Started(string name, IReadOnlyList<string> arguments)
    {
        Directory.CreateDirectory(Path.Combine(_devnet.Folder, "storage", "agents"));
        var process = Agijobs.Start(_devnet.Folder, [.. arguments, "--workspace", _devnet.Folder]);
        _running.Add(name, process);
        _guard.StandardInput.WriteLine(process.Id.ToString(CultureInfo.InvariantCulture));
        _guard.StandardInput.Flush();
        var said = _said.GetOrAdd(name, _ => []);
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is { } text)
            {
                said.Enqueue(text);
            }
        };
        process.BeginErrorReadLine();
        if (name != Serve)
        {
            process.BeginOutputReadLine();
        }

        return process;
    }

    // Reads process ids; the end of its input, also by the death of this process, kills those of them that still work in the folder.
    private static Process Guard(string folder)
    {
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false, RedirectStandardInput = true };
        foreach (var argument in (string[])["-c", "all=; while read -r one; do all=\"$all $one\"; done; for one in $all; do grep -qs -- \"$1\" /proc/$one/cmdline && kill -9 $one; done; exit 0", "sh", folder])
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }
}
