using AgiJobs.Control.Authority;
using AgiJobs.Control.Observation;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Control.Tests.Authority;

public sealed class AuthorityOnChainTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>
{
    private TestNetwork Devnet => fixture.Devnet;

    [Fact]
    public async Task For_every_described_function_the_matrix_and_the_route_finder_agree()
    {
        var state = await WholeAsync();
        var matrix = AuthorityMatrix.Of(state);
        var keys = matrix.Rows.SelectMany(row => row.Holding.Signers.Everybody).Distinct().Order().Select((key, index) => SyntheticProtocol.Signer($"s{index}", key)).ToList();
        Assert.True(matrix.Functions.Count > 150);
        foreach (var authority in matrix.Functions)
        {
            var function = authority.Function;
            var open = authority.Holdings.Where(holding => holding.IsOpen && !(function.BySignature && holding.Path.Base.Kind == PathKind.Safe)).ToList();
            var options = new RouteFinder(state, keys).To(function.Module, function.Callers, function.BySignature).Options.Where(option => option.IsComplete).ToList();
            Assert.Equal([.. open.Select(holding => holding.Path.Holder).Order()], options.Select(option => option.Route.Caller).Order());
            foreach (var set in open.SelectMany(holding => holding.Signers.Sets))
            {
                var enough = new RouteFinder(state, [.. keys.Where(key => set.Contains(key.Address))]).To(function.Module, function.Callers, function.BySignature);
                Assert.True(enough.Options.Any(option => option.IsComplete), function.FullName);
            }
        }
    }

    [Fact]
    public async Task A_module_that_is_enabled_on_the_Safe_is_read_followed_and_found()
    {
        await Devnet.FreshAsync();
        var module = Devnet.Accounts["agent-1"].Address;
        await Devnet.CallAsAsync(Devnet.Safe, Devnet.Safe, AgiJobs.Ethereum.Safes.SafeAbi.Safe.Function("enableModule").Encode(module));
        var matrix = AuthorityMatrix.Of(await WholeAsync());
        Assert.Contains(matrix.Rows, row => row.Holding.Path.Kind == PathKind.SafeModule && row.Holding.Path.Base.Holder == module && row.Holding.Signers.Fewest == 1);
        Assert.Contains(new AuthorityReview(matrix, Devnet.Workspace.Manifest(TestNetwork.Network)).Findings(), finding => finding.Code == "safe-module");
        await Devnet.FreshAsync();
    }

    private async Task<ProtocolState> WholeAsync()
    {
        var observed = await WholeObservation.ReadAsync(RpcOptions.For(Devnet.Url), () => (Devnet.Protocol, [Devnet.Safe]), ChainId.Local, TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.Equal(3, observed.Nodes[0].RoundTrips);
        return observed.State;
    }
}
