using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Simulation;
using AgiJobs.Deployment.LocalNetwork;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Bench;

/// <summary>
/// What an operator waits for, against a local network of the benchmark's own: the published program from its start until the node has its transaction, against <c>cast send</c> of the same calldata with
/// the same key; and the whole status, against one call after the other.
/// </summary>
internal static class CommandCases
{
    private static readonly AbiFunction RoleMembers = AbiFunction.Parse("function getRoleMembers(bytes32 role) view returns (address[])");
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(2);

    private static readonly Lazy<TestNetwork> Network = new(() =>
    {
        var network = Wait(TestNetwork.StartAsync());
        AppDomain.CurrentDomain.ProcessExit += (_, _) => network.DisposeAsync().AsTask().GetAwaiter().GetResult();
        return network;
    });

    /// <summary>The local network of all cases; started when it is first asked for.</summary>
    public static TestNetwork TheNetwork => Network.Value;

    public static IEnumerable<BenchCase> All()
    {
        yield return Command("armed pause, command to broadcast", "relayer", ["owner", "armory", "fire"], ["owner", "armory", "add", "--authorization", "--signer", "guardian", "--valid-until", "90d"]);
        yield return Command("system pause, command to broadcast", "guardian", ["owner", "system-pause", "--action", "pause"], null);

        var client = new Lazy<EthereumClient>(() => Wait(EthereumClient.ConnectAsync(RpcOptions.For(Network.Value.Url), ChainId.Local, TimeProvider.System)));
        var protocol = new Lazy<Protocol>(() => Network.Value.Protocol);
        yield return new BenchCase(
            "status of all modules at one block",
            () => Wait(new ProtocolObserver(client.Value) { Hints = [Network.Value.Safe] }.ObserveAsync(protocol.Value, PinnedBlock.AtConnect(client.Value), CancellationToken.None)),
            () => "")
        {
            Baseline = "one call after the other",
            Rival = () => Wait(OneAfterTheOtherAsync(client.Value, protocol.Value)),
            CountsWallTime = true,
        };
        var accounts = new Lazy<IReadOnlyList<Address>>(() => [.. Wait(new ProtocolObserver(client.Value) { Hints = [Network.Value.Safe] }.ObserveAsync(protocol.Value, PinnedBlock.AtConnect(client.Value), CancellationToken.None)).Accounts.Keys]);
        yield return new BenchCase("owner doctor, process start included", () => null, () => "")
        {
            Baseline = "the same reads one after the other, without a process",
            CountsWallTime = true,
            Timed = () =>
            {
                var watch = Stopwatch.StartNew();
                var report = Wait(EndAsync(StartProgram(["owner", "doctor", "--json"]), 3));
                var took = watch.Elapsed;
                var trips = (int)JsonNode.Parse(report)!["roundTrips"]!;
                return trips <= 3 ? took : throw new InvalidOperationException($"owner doctor took {trips} round trips.");
            },
            TimedRival = () =>
            {
                _ = accounts.Value;
                var watch = Stopwatch.StartNew();
                Wait(EveryReadAloneAsync(client.Value, protocol.Value, accounts.Value));
                return watch.Elapsed;
            },
        };

        var wave = new Lazy<ChangeDocument>(() => Wave(protocol.Value));
        yield return new BenchCase(
            "wave of 40 parameter changes, simulated forward and back",
            () => Wait(SimulatedAsync(client.Value, protocol.Value, wave.Value)),
            () => "")
        {
            Baseline = "40 eth_call one after the other",
            Rival = () => Wait(CalledAsync(client.Value, wave.Value)),
            CountsWallTime = true,
        };
    }

    // One Safe transaction of 40 calls, with what must hold before and after and the 40 calls that undo it.
    private static ChangeDocument Wave(Protocol protocol)
    {
        var pool = protocol["FeePool"];
        var (share, limit) = (pool.Abi.Function("stakerShareBps"), pool.Abi.Function("rewardLimit"));
        var old = Wait(Network.Value.Client.CallAsync(new CallRequest { To = pool.Address, Data = share.Encode() }, BlockReference.Latest));
        var most = Wait(Network.Value.Client.CallAsync(new CallRequest { To = pool.Address, Data = limit.Encode() }, BlockReference.Latest));
        var route = new Route { Kind = RouteKind.Safe, Role = "FeePool.owner", Caller = Network.Value.Safe };
        return new ChangeDocument
        {
            Version = 1,
            Kind = "set-params",
            Network = TestNetwork.Network,
            ChainId = ChainId.Local,
            Protocol = protocol.Name,
            Instance = "bench",
            Title = "40 parameters",
            Risk = Risk.Amber,
            Steps = [.. Enumerable.Range(1, 20).SelectMany(value => new[] { Step("setStakerShare", (BigInteger)value), Step("setRewardLimit", (BigInteger)value) })],
            Preconditions = [Expect(share, old), Expect(limit, most)],
            Expected = [Expect(share, share.EncodeOutput(20)), Expect(limit, limit.EncodeOutput(20))],
            Effects = [new DeclaredEffect { Contract = "FeePool", Target = pool.Address, Emits = ["StakerShareUpdated(uint256,uint256)", "RewardLimitUpdated(uint256,uint256)"], Writes = ["stakerShareBps", "rewardLimit"] }],
            Rollback = new Rollback { Note = "By the calls.", Steps = [.. Enumerable.Range(1, 20).SelectMany(_ => new[] { Step("setStakerShare", new Bytes32(old).ToUnsigned()), Step("setRewardLimit", new Bytes32(most).ToUnsigned()) })] },
        };

        ChangeStep Step(string setter, BigInteger value)
        {
            var function = pool.Abi.Function(setter);
            return new ChangeStep { Module = "FeePool", Target = pool.Address, Function = function.Signature, Arguments = [value.ToString(CultureInfo.InvariantCulture)], Calldata = function.Encode(value), Route = route };
        }

        Expectation Expect(AbiFunction view, byte[] result) => new() { Subject = $"FeePool.{view.Signature} = {Hex.Encode(result)}", Target = pool.Address, Call = view.Encode(), Result = result };
    }

    private static async Task<SimulationResult> SimulatedAsync(EthereumClient client, Protocol protocol, ChangeDocument wave)
    {
        var result = await ChangeSimulation.RunAsync(client, protocol, wave, null, CancellationToken.None);
        return result is { Blocks: [], IsComplete: true, Rollback.Reverses: true } ? result : throw new InvalidOperationException($"The wave was not simulated as it should be: {string.Join(" ", result.Findings.Select(finding => finding.Message))}");
    }

    // The same calls each by itself, which shows neither what they do together nor what they leave behind.
    private static async Task<int> CalledAsync(EthereumClient client, ChangeDocument wave)
    {
        foreach (var step in wave.Steps)
        {
            _ = await client.CallAsync(new CallRequest { From = step.Route.Caller, To = step.Target, Data = step.Calldata }, BlockReference.Latest);
        }

        return wave.Steps.Count;
    }

    // What 'owner doctor' reads, each read a round trip of its own; only what it would have to follow further is left out.
    private static async Task EveryReadAloneAsync(EthereumClient client, Protocol protocol, IEnumerable<Address> accounts)
    {
        _ = await OneAfterTheOtherAsync(client, protocol);
        var block = PinnedBlock.AtConnect(client).Reference;
        foreach (var module in protocol.Modules)
        {
            foreach (var call in module.Parameters.Select(parameter => (parameter.Call.To, Data: parameter.Call.Calldata)).Concat(module.Links.Select(link => (To: module.Address, Data: (ReadOnlyMemory<byte>)link.Getter.Encode()))))
            {
                _ = await client.CallAsync(new CallRequest { To = call.To, Data = call.Data }, block);
            }

            for (var slot = 0; slot < 3; slot++)
            {
                _ = await client.StorageAsync(module.Address, Bytes32.FromUnsigned(slot), block);
            }
        }

        foreach (var account in accounts)
        {
            _ = await client.CodeAsync(account, block);
            _ = await client.BalanceAsync(account, block);
        }
    }

    // The same without what stands at the holders: code, paused bits, holders of roles.
    private static async Task<int> OneAfterTheOtherAsync(EthereumClient client, Protocol protocol)
    {
        var block = PinnedBlock.AtConnect(client).Reference;
        var bytes = 0;
        foreach (var module in protocol.Modules)
        {
            bytes += (await client.CodeAsync(module.Address, block)).Length;
            if (module.Paused is { } paused)
            {
                await CallAsync(module, paused.Encode());
            }

            foreach (var role in module.Roles)
            {
                if (role.AccessControl is { } id)
                {
                    await CallAsync(module, RoleMembers.Encode(new Bytes32(await CallAsync(module, id.Encode()))));
                }
                else
                {
                    await CallAsync(module, role.Holders!.Encode([.. role.Arguments]));
                }
            }
        }

        return bytes;

        async Task<byte[]> CallAsync(Module module, byte[] data)
        {
            var returned = await client.CallAsync(new CallRequest { To = module.Address, Data = data }, block);
            bytes += returned.Length;
            return returned;
        }
    }

    private static BenchCase Command(string name, string signer, string[] command, string[]? before)
    {
        var key = new Lazy<string>(() => Wait(EndAsync(Start(Toolchain.Cast, ["wallet", "private-key", DevelopmentKeys.Phrase, LocalAccounts.Names.ToList().IndexOf(signer).ToString(CultureInfo.InvariantCulture)]))).Trim());

        // What the command sends on the network as it was at the beginning, which is what the rival then sends there.
        var call = new Lazy<(string To, string Input)>(() =>
        {
            _ = Ours();
            var block = Wait(Network.Value.Client.RequestAsync("eth_getBlockByNumber", writer =>
            {
                writer.WriteStringValue("latest");
                writer.WriteBooleanValue(true);
            }));
            var sent = block.GetProperty("transactions").EnumerateArray().Single();
            return (sent.GetProperty("to").GetString()!, sent.GetProperty("input").GetString()!);
        });
        return new BenchCase(name, () => null, () => "") { Baseline = "cast send", CountsWallTime = true, Timed = Ours, TimedRival = Theirs };

        TimeSpan Ours()
        {
            Wait(Network.Value.FreshAsync());
            if (before is not null)
            {
                _ = Wait(EndAsync(StartProgram(before)));
            }

            return Wait(UntilSentAsync(signer, () => StartProgram([.. command, "--signer", signer, "--execute"])));
        }

        TimeSpan Theirs()
        {
            var (to, input) = call.Value;
            var arguments = new[] { "send", "--rpc-url", Network.Value.Url, "--private-key", key.Value, to, input };
            Wait(Network.Value.FreshAsync());
            return Wait(UntilSentAsync(signer, () => Start(Toolchain.Cast, arguments)));
        }
    }

    // From the start of the process until the node counts its transaction, waiting or mined.
    private static async Task<TimeSpan> UntilSentAsync(string signer, Func<Process> start)
    {
        var nonce = await Network.Value.PendingNonceAsync(signer);
        var watch = Stopwatch.StartNew();
        var process = start();
        while (await Network.Value.PendingNonceAsync(signer) == nonce && !process.HasExited)
        {
            await Task.Delay(Look);
        }

        var took = watch.Elapsed;
        _ = await EndAsync(process);
        return await Network.Value.PendingNonceAsync(signer) == nonce + 1 ? took : throw new InvalidOperationException($"{process.StartInfo.FileName} sent nothing.");
    }

    private static async Task<string> EndAsync(Process process, int exit = 0)
    {
        using (process)
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var error = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            return process.ExitCode == exit
                ? await output
                : throw new InvalidOperationException($"{process.StartInfo.FileName} ended with {process.ExitCode}:\n{await output}\n{await error}");
        }
    }

    // What the launcher starts once everything is built.
    private static Process StartProgram(IReadOnlyList<string> arguments)
    {
        var program = Toolchain.PathOf("artifacts", "agijobs", "agijobs");
        return File.Exists(program) ? Start(program, arguments) : throw new FileNotFoundException($"{program} is missing: run eng/build.");
    }

    private static Process Start(string program, IReadOnlyList<string> arguments)
    {
        var folder = Network.Value.Folder;
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["AGIJOBS_HOME"] = Toolchain.RepositoryRoot;
        start.Environment["AGIJOBS_CONFIG_HOME"] = TestNetwork.UserFolderOf(folder);
        start.Environment.Remove("AGIJOBS_SEAL_KEY");
        start.Environment.Remove("AGIJOBS_SEAL_KEY_FILE");
        return Process.Start(start)!;
    }

    private static void Wait(Task task) => task.GetAwaiter().GetResult();

    private static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();
}
