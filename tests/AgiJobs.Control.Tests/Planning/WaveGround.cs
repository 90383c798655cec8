using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Execution;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Planning;
using AgiJobs.Control.Simulation;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Control.Tests.Planning;

/// <summary>Plans waves on a local network and carries them out through its Safe of two of three.</summary>
internal static class WaveGround
{
    private static readonly string[] Owners = ["safe-owner-1", "safe-owner-2"];

    /// <summary>Everything that there is to read, at the newest block.</summary>
    public static async Task<ProtocolState> ObserveWholeAsync(this TestNetwork devnet)
    {
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(devnet.Url), ChainId.Local, TimeProvider.System);
        return await new ProtocolObserver(client) { Hints = [devnet.Safe, .. devnet.Signers.All.Select(signer => signer.Address)], Whole = true }.ObserveAsync(devnet.Protocol, PinnedBlock.AtConnect(client), CancellationToken.None);
    }

    public static async Task<WaveDraft> DraftAsync(this TestNetwork devnet, params (string Parameter, string Value)[] values)
    {
        var draft = new WaveDraft(await devnet.ObserveWholeAsync());
        foreach (var (name, text) in values)
        {
            var parameter = draft.State.Protocol.Parameter(name);
            draft.Set(parameter, parameter.Parse(text));
        }

        return draft;
    }

    public static async Task<WavePlan> PlanAsync(this TestNetwork devnet, WaveDraft draft, params string[] signers)
    {
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(devnet.Url), ChainId.Local, TimeProvider.System);
        return await new WavePlanner(draft.State, TestNetwork.Network, devnet.Signers.Named(signers.Length == 0 ? Owners : signers)) { Named = true }.PlanAsync(client, draft, new WaveName("set-params", null, "T-1"), CancellationToken.None);
    }

    /// <summary>Tries a change forward and back; nothing that it does may be undeclared, and the way back must restore everything.</summary>
    public static async Task<SimulationResult> AssertCleanAsync(this TestNetwork devnet, ChangeDocument change)
    {
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(devnet.Url), ChainId.Local, TimeProvider.System);
        var result = await ChangeSimulation.RunAsync(client, devnet.Protocol, change, null, CancellationToken.None);
        Assert.Equal([], result.Findings.Select(finding => $"{finding.Code}: {finding.Message}"));
        Assert.All(result.Transactions, transaction => Assert.True(transaction.Succeeds, transaction.Reason));
        Assert.All(result.Expected, expectation => Assert.True(expectation.Holds, $"{expectation.Subject}: {expectation.Found}"));
        return result;
    }

    /// <summary>Files a change, has two owners of the Safe sign it and a stranger carry it to the chain.</summary>
    public static async Task ExecuteAsync(this TestNetwork devnet, ChangeDocument document)
    {
        var change = new ChangeStore(devnet.Workspace, TimeProvider.System).File(document, "brief");
        await using var client = await EthereumClient.ConnectAsync(RpcOptions.For(devnet.Url) with { Rounds = 1 }, ChainId.Local, TimeProvider.System);
        foreach (var owner in Owners)
        {
            foreach (var carrier in await SafeCarrier.QueueAsync(client, change, CancellationToken.None))
            {
                await carrier.ApproveAsync(await carrier.StandingAsync(CancellationToken.None), devnet.Signers.Named([owner])[0], devnet.Accounts[owner], TimeProvider.System, CancellationToken.None);
            }
        }

        var result = await new ChangeExecutor(client, devnet.Protocol, devnet.Workspace, TimeProvider.System) { Patience = TimeSpan.FromSeconds(20) }.ExecuteAsync(change, devnet.Accounts["relayer"], CancellationToken.None);
        Assert.Equal(ExecutionEnd.Verified, result.End);
    }

    /// <summary>A value of every parameter that is a number and that the protocol does not move itself, another than it has, within bounds and rules.</summary>
    public static WaveDraft EveryNumber(ProtocolState state)
    {
        var draft = new WaveDraft(state);
        foreach (var module in state.Protocol.Modules)
        {
            var done = new HashSet<string>(StringComparer.Ordinal);
            foreach (var parameter in module.Parameters.Where(parameter => parameter is { IsLive: false, Unit.IsNumber: true }))
            {
                var shares = module.Rules.FirstOrDefault(rule => rule.ToString().Contains("sum to", StringComparison.Ordinal) && !rule.ToString().Contains("at most", StringComparison.Ordinal) && rule.Parameters.Contains(parameter))?.Parameters;
                if (!done.Add(parameter.FullName))
                {
                    continue;
                }

                if (shares is null)
                {
                    var now = state.ValueOf(parameter).Value.AsInteger();
                    draft.Set(parameter, parameter.Max is { } max && now + 1 > max || module.Rules.Any(rule => rule.Parameters.Contains(parameter) && rule.Problem(other => other == parameter ? now + 1 : draft.Future(other), role => draft.Future(module.Roles.First(one => one.Name == role))) is not null) ? now - 1 : now + 1);
                    continue;
                }

                // What one share gains the others lose; one that has nothing can only gain.
                var values = shares.ToDictionary(share => share, share => state.ValueOf(share).Value.AsInteger());
                var giver = shares.MaxBy(share => values[share])!;
                foreach (var share in shares)
                {
                    draft.Set(share, share == giver ? values[share] - (shares.Count - 1) : values[share] + 1);
                    done.Add(share.FullName);
                }
            }
        }

        return draft;
    }

    public static IReadOnlyDictionary<string, string> Values(ProtocolState state) =>
        state.Protocol.Modules.SelectMany(module => module.Parameters).ToDictionary(parameter => parameter.FullName, parameter => parameter.Unit.Format(state.ValueOf(parameter).Value), StringComparer.Ordinal);

    public static Parameter Parameter(this WaveDraft draft, string name) => draft.State.Protocol.Parameter(name);
}
