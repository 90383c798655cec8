using System.Numerics;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Response.Detectors;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Watching;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Response.Tests.Detectors;

/// <summary>A local network on which what rules are for is really done, and the rules of its workspace. Each trial leaves the chain as it found it.</summary>
public sealed class RuleTrialGround : IAsyncLifetime
{
    /// <summary>Somebody who is nobody yet.</summary>
    public static readonly Address Stranger = Address.Parse("0x00000000000000000000000000000000000A11cE");

    private const string GuardSource = """
        // SPDX-License-Identifier: MIT
        pragma solidity ^0.8.20;
        contract Watchman {
            function supportsInterface(bytes4) external pure returns (bool) { return true; }
            fallback() external {}
        }
        """;

    private readonly HashSet<Bytes32> _sent = [];
    private IReadOnlyList<RuleSource> _sources = [];
    private RuleGround _ground = null!;
    private bool _isChange;

    public TestNetwork Devnet { get; private set; } = null!;

    /// <summary>The rules that a new workspace has.</summary>
    public IReadOnlyList<RuleSource> Sources => _sources;

    public Address this[string account] => Devnet.Accounts[account].Address;

    public async ValueTask InitializeAsync()
    {
        Devnet = await TestNetwork.StartAsync();
        _sources = RulesFolder.Read(Devnet.Workspace, TestNetwork.Network);
        _ground = RuleGround.Of(Devnet.Workspace, TestNetwork.Network, TimeProvider.System) with { ChangeOf = hash => _sent.Contains(hash) ? "0xchange" : null };
    }

    public ValueTask DisposeAsync() => Devnet.DisposeAsync();

    /// <summary>Has the chain be as it was, after this.</summary>
    public async Task InPeaceAsync(Func<Task> act)
    {
        var snapshot = await Devnet.SnapshotAsync();
        _sent.Clear();
        try
        {
            await act();
        }
        finally
        {
            await Devnet.RevertAsync(snapshot);
        }
    }

    /// <summary>What the rules find in the blocks in which something is done, and in none before.</summary>
    /// <param name="act">What is done.</param>
    /// <param name="alone">The one rule that examines, which reads no views; null for all of them.</param>
    /// <param name="quiet">In how many blocks nothing happens after it; they are made up, since a local node takes a minute for a day of them.</param>
    public async Task<IReadOnlyList<Finding>> FoundAsync(Func<Task> act, string? alone = null, int quiet = 0)
    {
        // One block before, so that what a view was is known.
        var before = (await Devnet.Client.BlockNumberAsync()).Value;
        await act();
        var after = (await Devnet.Client.BlockNumberAsync()).Value;
        Assert.True(after > before, "nothing was done");
        var rules = new RuleCompiler(_ground).Compile([.. _sources.Where(source => alone is null || source.Rule.Name == alone)]);
        var report = await Backtest.RunAsync(rules, before, after + (ulong)quiet, needs => BlocksAsync(before, after, quiet, needs), null, CancellationToken.None);
        Assert.All(report.Findings, finding => Assert.DoesNotContain("unread", finding.Facts.Keys));
        return [.. report.Findings.Where(finding => finding.Kind == FindingKind.Firing && finding.Place!.Block.Value > before)];
    }

    /// <summary>Does something as a change of the workspace: its transactions are on file.</summary>
    public async Task AsChangeAsync(Func<Task> act)
    {
        _isChange = true;
        try
        {
            await act();
        }
        finally
        {
            _isChange = false;
        }
    }

    /// <summary>Has an account, any, call a module.</summary>
    public Task CallAsync(Address from, string module, string function, params AbiValue[] arguments) =>
        SendAsync(from, Devnet.Protocol[module].Address, Devnet.Protocol[module].Abi.Function(function).Encode(arguments));

    /// <summary>Has its owner call a module.</summary>
    public async Task OwnedAsync(string module, string function, params AbiValue[] arguments) =>
        await CallAsync((await ReadAsync(module, "owner"))[0].AsAddress(), module, function, arguments);

    /// <summary>Has the Safe call itself, as its owners would have it do.</summary>
    public Task SafeAsync(string function, params AbiValue[] arguments) => SendAsync(Devnet.Safe, Devnet.Safe, SafeAbi.Safe.Function(function).Encode(arguments));

    /// <summary>Has two owners of the Safe approve and execute a call; with so much gas for the call alone that its failure is the Safe's outcome and no revert.</summary>
    public async Task ExecuteAsync(Address to, byte[] data)
    {
        const int gas = 300_000;
        var nonce = await AskSafeAsync("nonce");
        var hash = (await AskSafeAsync("getTransactionHash", to, 0, data, 0, gas, 0, 0, Address.Zero, Address.Zero, nonce[0]))[0];
        var owners = new[] { this["safe-owner-1"], this["safe-owner-2"] }.OrderBy(owner => owner.ToString(), StringComparer.OrdinalIgnoreCase).ToArray();
        foreach (var owner in owners)
        {
            await SendAsync(owner, Devnet.Safe, SafeAbi.Safe.Function("approveHash").Encode(hash));
        }

        // The form of a signature that says: look into the approvals.
        byte[] signatures = [.. owners.SelectMany(owner => (byte[])[.. new byte[12], .. owner.ToBytes(), .. new byte[32], 1])];
        await SendAsync(owners[0], Devnet.Safe, SafeAbi.Safe.Function("execTransaction").Encode(to, 0, data, 0, gas, 0, 0, Address.Zero, Address.Zero, signatures));
    }

    /// <summary>What a view of a module returns.</summary>
    public async Task<IReadOnlyList<AbiValue>> ReadAsync(string module, string view, params AbiValue[] arguments)
    {
        var function = Devnet.Protocol[module].Abi.Function(view);
        return [.. function.DecodeOutput(await Devnet.Client.CallAsync(new CallRequest { To = Devnet.Protocol[module].Address, Data = function.Encode(arguments) }, BlockReference.Latest))];
    }

    /// <summary>Takes a share of all the stakes of a role, from those who have some.</summary>
    public async Task SlashShareAsync(int role, int percent, params string[] accounts)
    {
        var left = (await ReadAsync("StakeManager", "totalStakes", role))[0].AsInteger() * percent / 100;
        foreach (var account in accounts)
        {
            var part = BigInteger.Min(left, (await ReadAsync("StakeManager", "stakeOf", this[account], role))[0].AsInteger());
            if (!part.IsZero)
            {
                await OwnedAsync("StakeManager", "governanceSlash", role, this[account], part, "INC-1");
            }

            left -= part;
        }

        Assert.True(left.IsZero, "the accounts have not so much at stake");
    }

    /// <summary>Gives the pool enough for large rewards, and a stranger the right to pay them.</summary>
    public async Task FillPoolAsync()
    {
        await OwnedAsync("FeePool", "setRewardLimit", Wei.FromEther("1000000"));
        await OwnedAsync("FeePool", "setRewarder", Stranger, true);
        await CallAsync(this["deployer"], "Token", "approve", Devnet.Protocol["FeePool"].Address, Wei.FromEther("50000"));
        await CallAsync(this["deployer"], "FeePool", "contribute", Wei.FromEther("50000"));
    }

    public Task RewardAsync(string amount) => CallAsync(Stranger, "FeePool", "reward", this["agent-1"], Wei.FromEther(amount));

    /// <summary>Gives somebody so large a stake that what others have is little beside it.</summary>
    public async Task StakeMuchAsync(int role)
    {
        await CallAsync(this["deployer"], "Token", "approve", Devnet.Protocol["StakeManager"].Address, Wei.FromEther("100000"));
        await CallAsync(this["deployer"], "TaxPolicy", "acknowledge");
        await CallAsync(this["deployer"], "StakeManager", "depositStake", role, Wei.FromEther("100000"));
    }

    /// <summary>Pays into the Paymaster's deposit.</summary>
    public async Task FillPaymasterAsync()
    {
        var entryPoint = (await ReadAsync("Paymaster", "entryPoint"))[0].AsAddress();
        await SendAsync(this["deployer"], entryPoint, AbiFunction.Parse("function depositTo(address account) payable").Encode(Devnet.Protocol["Paymaster"].Address), Wei.FromEther("2"));
    }

    /// <summary>Has the orchestrator start a round of the usual people.</summary>
    public async Task StartRoundAsync()
    {
        var difficulty = (await ReadAsync("SelfPlayArena", "difficulty"))[0].AsInteger();
        await CallAsync(this["orchestrator"], "SelfPlayArena", "startRound", difficulty, this["agent-3"], AbiValue.List(this["agent-1"], this["agent-2"]), AbiValue.List([.. Devnet.Accounts.All("validator-").Select(validator => (AbiValue)validator.Address)]));
    }

    /// <summary>A guard for the Safe that lets everything pass.</summary>
    public async Task<Address> NewGuardAsync()
    {
        var code = (await Solidity.CompileAsync(GuardSource, "Watchman")).RuntimeCode;
        var at = Address.Parse("0x000000000000000000000000000000000000c0DE");
        _ = await Devnet.Client.RequestAsync("anvil_setCode", writer =>
        {
            writer.WriteStringValue(at.ToString());
            writer.WriteStringValue(Hex.Encode(code));
        });
        return at;
    }

    /// <summary>Has an account, any, send a call at once.</summary>
    public async Task SendAsync(Address from, Address to, byte[] data, Wei? value = null)
    {
        _ = await Devnet.Client.RequestAsync("anvil_impersonateAccount", writer => writer.WriteStringValue(from.ToString()));
        _ = await Devnet.Client.RequestAsync("anvil_setBalance", writer =>
        {
            writer.WriteStringValue(from.ToString());
            writer.WriteStringValue(Hex.EncodeQuantity(BigInteger.Pow(10, 20)));
        });
        var answer = await Devnet.Client.RequestAsync("eth_sendTransaction", writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("from", from.ToString());
            writer.WriteString("to", to.ToString());
            writer.WriteString("input", Hex.Encode(data));
            writer.WriteString("gas", "0x7a1200");
            writer.WriteString("value", Hex.EncodeQuantity(value?.Value ?? BigInteger.Zero));
            writer.WriteEndObject();
        });
        var hash = Bytes32.Parse(answer.GetString()!);
        if (_isChange)
        {
            _sent.Add(hash);
        }

        var receipt = await Wait.ForAsync($"the receipt of {hash}", () => Devnet.Client.ReceiptAsync(hash));
        Assert.True(receipt.Succeeded, $"the call from {from} to {to} reverted");
    }

    private async IAsyncEnumerable<IReadOnlyList<BlockContent>> BlocksAsync(ulong from, ulong to, int quiet, BlockNeeds needs)
    {
        var options = new MonitorOptions { Network = TestNetwork.Network, ChainId = ChainId.Local, Name = "test" };
        await foreach (var part in new RangeReader(new NodeChain(Devnet.Client), options).ReadAsync(from, to, needs, CancellationToken.None))
        {
            yield return part;
        }

        Assert.True(quiet == 0 || needs.Reads.Count == 0);
        yield return [.. Enumerable.Range(1, quiet).Select(past => new BlockContent(RuleWorld.Block(to + (ulong)past), StateAnswers.None))];
    }

    private async Task<IReadOnlyList<AbiValue>> AskSafeAsync(string view, params AbiValue[] arguments)
    {
        var function = SafeAbi.Safe.Function(view);
        return [.. function.DecodeOutput(await Devnet.Client.CallAsync(new CallRequest { To = Devnet.Safe, Data = function.Encode(arguments) }, BlockReference.Latest))];
    }
}
