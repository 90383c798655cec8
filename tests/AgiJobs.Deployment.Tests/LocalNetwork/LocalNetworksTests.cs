using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Numerics;
using AgiJobs.Control;
using AgiJobs.Control.Description;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Deployment.LocalNetwork;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Deployment.Tests.LocalNetwork;

public sealed class LocalNetworksTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-networks-").FullName;
    private readonly LocalNetworks _networks;

    public LocalNetworksTests() => _networks = new LocalNetworks(Workspace, Toolchain.RepositoryRoot, TimeProvider.System);

    private Workspace Workspace => Workspace.At(_folder, TestNetwork.ShippedConfig);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var name in Workspace.Networks())
        {
            _ = Workspace.Network(name).ChainId == ChainId.Local && await _networks.DownAsync(name, keep: false, CancellationToken.None);
        }

        Assert.Empty(Anvils());
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_second_up_says_that_it_runs_and_does_nothing()
    {
        var first = await UpAsync("local");
        var before = TestNetwork.TreeOf(_folder);
        var second = await UpAsync("local");
        Assert.False(first.WasRunning);
        Assert.True(second.WasRunning);
        Assert.Equal((first.Network.ProcessId, first.Network.Url, first.Network.Safe), (second.Network.ProcessId, second.Network.Url, second.Network.Safe));
        Assert.Equal(before, TestNetwork.TreeOf(_folder));
        Assert.Equal(first.Network.ProcessId, Assert.Single(Anvils()));
    }

    [Fact]
    public async Task Two_networks_run_at_once_on_ports_of_their_own_and_listen_on_loopback_alone()
    {
        var first = await UpAsync("one");
        var second = await UpAsync("two");
        Assert.NotEqual(first.Network.Url.Port, second.Network.Url.Port);
        Assert.Equal(["one", "two"], (await _networks.RunningAsync(CancellationToken.None)).Select(network => network.Name));
        Assert.Equal(["one", "two"], Workspace.Networks());
        foreach (var started in (StartedNetwork[])[first, second])
        {
            var listening = Listening(started.Network.ProcessId);
            Assert.Equal(started.Network.Url.Port, Assert.Single(listening).Port);
            Assert.All(listening, endpoint => Assert.Equal(IPAddress.Loopback, endpoint.Address));
        }

        Assert.True(await _networks.DownAsync("one", keep: false, CancellationToken.None));
        Assert.Equal("two", Assert.Single(await _networks.RunningAsync(CancellationToken.None)).Name);
    }

    [Fact]
    public async Task Kept_state_is_gone_on_from_and_forgotten_state_is_not()
    {
        var first = await UpAsync("local");
        var genesis = await GenesisAsync();
        var state = Workspace.StatePath("local");
        Directory.CreateDirectory(Path.GetDirectoryName(state)!);
        await File.WriteAllTextAsync(state, "the books of the services", TestContext.Current.CancellationToken);
        await PauseAsync(first.Network.Url);
        var paused = await ObserveAsync();
        Assert.True(await _networks.DownAsync("local", keep: true, CancellationToken.None));
        Assert.Empty(await _networks.RunningAsync(CancellationToken.None));

        var second = await UpAsync("local");
        Assert.True(second.FromKeptState);
        Assert.Equal((0, first.Network.Safe), (second.Transactions, second.Network.Safe));
        var kept = await ObserveAsync();
        Assert.All(kept.Pausable, module => Assert.True(module.Paused!.Value));
        Assert.True(kept.Block.Value >= paused.Block.Value, $"block {kept.Block} is before {paused.Block}");
        Assert.Equal(paused.Modules.Values.Select(module => module.CodeHash.Value), kept.Modules.Values.Select(module => module.CodeHash.Value));

        Assert.True(File.Exists(state));

        // What agents tell chains of one number apart by.
        Assert.Equal(genesis, await GenesisAsync());

        Assert.True(await _networks.DownAsync("local", keep: false, CancellationToken.None));
        var third = await UpAsync("local");
        Assert.False(third.FromKeptState);
        Assert.NotEqual(genesis, await GenesisAsync());
        Assert.False(File.Exists(state));
        Assert.Equal("the books of the services", await File.ReadAllTextAsync(Assert.Single(Directory.EnumerateFiles(Path.GetDirectoryName(state)!, "local.db.*")), TestContext.Current.CancellationToken));
        Assert.All((await ObserveAsync()).Pausable, module => Assert.False(module.Paused!.Value));
    }

    [Fact]
    public async Task Who_vanishes_from_a_round_holds_a_local_network_up_for_minutes_and_its_pool_lasts()
    {
        _ = await UpAsync("local");
        Assert.All(await WordsAsync("SelfPlayArena", "windows"), window => Assert.Equal(120, window));
        Assert.True(Assert.Single(await WordsAsync("FeePool", "rewardBudget")) >= 9_000 * Wei.FromEther("100").Value);
    }

    [Fact]
    public async Task A_network_whose_process_was_killed_is_noticed_and_started_afresh()
    {
        var first = await UpAsync("local");
        Process.GetProcessById(first.Network.ProcessId).Kill();
        await Wait.UntilAsync("the process is gone", () => Anvils().Count == 0);
        Assert.Empty(await _networks.RunningAsync(CancellationToken.None));
        Assert.False(await _networks.DownAsync("local", keep: true, CancellationToken.None));
        var second = await UpAsync("local");
        Assert.False(second.WasRunning);
        Assert.False(second.FromKeptState);
        Assert.NotEqual(first.Network.ProcessId, second.Network.ProcessId);
        Assert.All((await ObserveAsync()).Pausable, module => Assert.False(module.Paused!.Value));
    }

    [Fact]
    public async Task A_reset_starts_afresh_on_the_same_port()
    {
        var first = await UpAsync("local");
        await PauseAsync(first.Network.Url);
        var second = await _networks.ResetAsync("local", CancellationToken.None);
        Assert.Equal(first.Network.Url, second.Network.Url);
        Assert.All((await ObserveAsync()).Pausable, module => Assert.False(module.Paused!.Value));
        Assert.Single(Anvils());
    }

    [Fact]
    public async Task An_anvil_that_a_killed_up_left_behind_is_ended_by_the_next_one()
    {
        var folder = Directory.CreateDirectory(Workspace.Locate("storage", "devnet", "local")).FullName;
        var left = await AnvilProcess.StartAsync(AnvilProcess.Locate(Toolchain.RepositoryRoot), folder, 0, loadState: false, TimeProvider.System, CancellationToken.None);
        Assert.Empty(await _networks.RunningAsync(CancellationToken.None));
        var started = await UpAsync("local");
        Assert.False(started.FromKeptState);
        Assert.NotEqual(left.ProcessId, started.Network.ProcessId);
        Assert.Equal(started.Network.ProcessId, Assert.Single(Anvils()));
    }

    [Fact]
    public async Task A_network_that_runs_and_does_not_answer_is_neither_doubled_nor_taken_for_ended()
    {
        var first = await UpAsync("local");
        Signal(first.Network.ProcessId, "STOP");
        try
        {
            var refusal = await Assert.ThrowsAsync<ControlException>(() => UpAsync("local"));
            Assert.Equal(("devnet-silent", ExitCode.Unknown), (refusal.Code, refusal.Exit));
            Assert.Contains($"{first.Network.ProcessId}", refusal.Message, StringComparison.Ordinal);
        }
        finally
        {
            Signal(first.Network.ProcessId, "CONT");
        }

        Assert.True((await UpAsync("local")).WasRunning);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named_and_nothing_is_left_running()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var failure = await Assert.ThrowsAsync<ControlException>(() => _networks.UpAsync("local", ((IPEndPoint)taken.LocalEndpoint).Port, CancellationToken.None));
        Assert.Equal(("anvil-start", ExitCode.Failed), (failure.Code, failure.Exit));
        Assert.Empty(Anvils());
        Assert.False(File.Exists(Workspace.NetworkPath("local")));
    }

    [Fact]
    public async Task A_name_that_belongs_to_a_network_with_money_on_it_is_refused_and_its_files_stay_as_they_are()
    {
        Directory.CreateDirectory(Workspace.Locate("config", "networks"));
        await File.WriteAllTextAsync(Workspace.NetworkPath("mainnet"), """{"version":1,"chainId":1,"rpc":["https://node.example"]}""");
        var before = TestNetwork.TreeOf(_folder);
        foreach (var attempt in (Func<Task>[])[() => UpAsync("mainnet"), () => _networks.DownAsync("mainnet", false, CancellationToken.None), () => _networks.ResetAsync("mainnet", CancellationToken.None)])
        {
            var refusal = await Assert.ThrowsAsync<ControlException>(attempt);
            Assert.Equal(("devnet-name", ExitCode.Refused), (refusal.Code, refusal.Exit));
            Assert.Contains("'mainnet'", refusal.Message, StringComparison.Ordinal);
            Assert.Contains("chain 1", refusal.Message, StringComparison.Ordinal);
        }

        Assert.Equal(before, TestNetwork.TreeOf(_folder));
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("a b")]
    [InlineData("a-name-that-is-longer-than-forty-characters")]
    public async Task A_name_that_is_no_name_is_refused(string name)
    {
        Assert.Equal("devnet-name", (await Assert.ThrowsAsync<ControlException>(() => UpAsync(name))).Code);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Fact]
    public async Task To_end_a_network_that_never_was_leaves_nothing_behind()
    {
        Assert.False(await _networks.DownAsync("local", keep: false, CancellationToken.None));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Fact]
    public async Task Two_commands_do_not_change_one_network_at_once()
    {
        var folder = Directory.CreateDirectory(Workspace.Locate("storage", "devnet", "local")).FullName;
        using var held = new FileStream(Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
        Assert.Equal("devnet-busy", (await Assert.ThrowsAsync<ControlException>(() => UpAsync("local"))).Code);
    }

    [Fact]
    public void The_development_keys_are_refused_for_every_other_chain()
    {
        foreach (var chain in (ulong[])[1, 10, 31338, 11_155_111])
        {
            Assert.Equal("development-key-network", Assert.Throws<EthereumException>(() => new LocalAccounts(new ChainId(chain))).Code);
        }
    }

    private Task<StartedNetwork> UpAsync(string name) => _networks.UpAsync(name, 0, CancellationToken.None);

    private async Task<Bytes32> GenesisAsync()
    {
        await using var client = await ConnectAsync();
        return (await client.BlockAsync(BlockReference.At(new BlockNumber(0))))!.Hash!.Value;
    }

    private async Task<IReadOnlyList<BigInteger>> WordsAsync(string module, string view)
    {
        await using var client = await ConnectAsync();
        var called = Protocol.Load(Workspace, Workspace.Manifest("local"))[module];
        var answer = await client.CallAsync(new CallRequest { To = called.Address, Data = called.Abi.Function(view).Encode() }, BlockReference.Latest);
        return [.. answer.Chunk(32).Select(word => new BigInteger(word, isUnsigned: true, isBigEndian: true))];
    }

    private Task<EthereumClient> ConnectAsync() => EthereumClient.ConnectAsync(RpcOptions.For(Workspace.Network("local").Rpc[0].Url!), ChainId.Local, TimeProvider.System);

    private async Task<ProtocolState> ObserveAsync()
    {
        var protocol = Protocol.Load(Workspace, Workspace.Manifest("local"));
        await using var client = await ConnectAsync();
        return await new ProtocolObserver(client).ObserveAsync(protocol, PinnedBlock.AtConnect(client), CancellationToken.None);
    }

    private async Task PauseAsync(Uri url)
    {
        var pause = Protocol.Load(Workspace, Workspace.Manifest("local"))["SystemPause"];
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(url.ToString()), ChainId.Local, TimeProvider.System);
        var hash = Bytes32.Parse((await client.RequestAsync("eth_sendTransaction", writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("from", new LocalAccounts(ChainId.Local)["guardian"].Address.ToString());
            writer.WriteString("to", pause.Address.ToString());
            writer.WriteString("input", Hex.Encode(pause.Abi.Function("pauseAll").Encode()));
            writer.WriteEndObject();
        })).GetString()!);
        Assert.True((await Wait.ForAsync("the pause is mined", () => client.ReceiptAsync(hash))).Succeeded);
    }

    private static void Signal(int processId, string signal)
    {
        using var kill = Process.Start("/bin/kill", ["-s", signal, processId.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    // The processes whose command line names this test's folder.
    private List<int> Anvils()
    {
        var found = new List<int>();
        foreach (var process in Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => name!.All(char.IsAsciiDigit)))
        {
            try
            {
                if (File.ReadAllText($"/proc/{process}/cmdline").Contains(_folder, StringComparison.Ordinal))
                {
                    found.Add(int.Parse(process!, CultureInfo.InvariantCulture));
                }
            }
            catch (IOException)
            {
                // It ended meanwhile.
            }
        }

        return found;
    }

    private static List<IPEndPoint> Listening(int processId)
    {
        var sockets = Directory.EnumerateFiles($"/proc/{processId}/fd").Select(path => new FileInfo(path).LinkTarget ?? "").Where(target => target.StartsWith("socket:[", StringComparison.Ordinal)).Select(target => target[8..^1]).ToHashSet(StringComparer.Ordinal);
        var found = new List<IPEndPoint>();
        foreach (var line in (string[])[.. File.ReadAllLines($"/proc/{processId}/net/tcp").Skip(1), .. File.ReadAllLines($"/proc/{processId}/net/tcp6").Skip(1)])
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields[3] is "0A" && sockets.Contains(fields[9]))
            {
                var local = fields[1].Split(':');
                found.Add(new IPEndPoint(new IPAddress([.. Convert.FromHexString(local[0]).Reverse()]), int.Parse(local[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture)));
            }
        }

        return found;
    }
}
