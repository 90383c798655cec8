using System.Text.Json.Nodes;
using AgiJobs.Control.Authority;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Tests.Authority;

public sealed class RouteFinderTests : IDisposable
{
    private static readonly Address Holder = SyntheticProtocol.Owner;
    private static readonly Address[] Owners = [.. new[] { 1, 2, 3 }.Select(number => Bytes32.FromUnsigned(number).ToAddress())];

    private readonly SyntheticProtocol _synthetic = new();

    public void Dispose() => _synthetic.Dispose();

    [Fact]
    public void An_account_whose_key_is_at_hand_is_a_path_of_its_own()
    {
        var routes = To(new KeyAccount(false), SyntheticProtocol.Signer("guardian", Holder));
        var option = Assert.Single(routes.Options);
        Assert.Equal((RouteKind.Direct, Holder, "Hub.owner"), (option.Route.Kind, option.Route.Caller, option.Route.Role));
        Assert.True(option.IsComplete);
        Assert.Empty(routes.Refusals);
    }

    [Fact]
    public void An_account_whose_key_is_not_at_hand_is_no_path()
    {
        var routes = To(new KeyAccount(false), SyntheticProtocol.Signer("other", Owners[0]));
        Assert.Empty(routes.Options);
        Assert.Contains("no signer at hand has this key", Assert.Single(routes.Refusals), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(3, true)]
    public void A_Safe_is_a_path_with_any_number_of_its_owners_and_complete_from_the_threshold_on(int atHand, bool complete)
    {
        var signers = Owners.Take(atHand).Select((owner, index) => SyntheticProtocol.Signer($"owner-{index}", owner)).Append(SyntheticProtocol.Signer("stranger", Holder)).ToArray();
        var option = Assert.Single(To(new SafeAccountState("1.4.1", Owners, 2, 0), signers).Options);
        Assert.Equal((RouteKind.Safe, Holder, atHand, 2, complete), (option.Route.Kind, option.Route.Caller, option.Signers.Count, option.Needed, option.IsComplete));
    }

    [Fact]
    public void A_contract_that_is_no_Safe_is_no_path() =>
        Assert.Contains("a contract that is no Safe", Assert.Single(To(new ContractState(), SyntheticProtocol.Signer("owner", Holder)).Refusals), StringComparison.Ordinal);

    [Fact]
    public void A_key_that_is_at_hand_goes_before_a_Safe_that_lacks_signatures()
    {
        var protocol = WithBothRoles();
        var state = SyntheticProtocol.State(protocol, [false, false, false]);
        state = state with
        {
            Roles = new Dictionary<string, Reading<IReadOnlyList<Address>>>(state.Roles, StringComparer.Ordinal) { ["Hub.guardian"] = Reading.Known<IReadOnlyList<Address>>([Owners[2]]) },
            Accounts = new Dictionary<Address, Reading<AccountState>>
            {
                [Holder] = Reading.Known<AccountState>(new SafeAccountState("1.4.1", [Owners[0], Owners[1]], 2, 0)),
                [Owners[2]] = Reading.Known<AccountState>(new KeyAccount(false)),
            },
        };
        var routes = new RouteFinder(state, [SyntheticProtocol.Signer("a", Owners[0]), SyntheticProtocol.Signer("g", Owners[2])]).To(protocol["Hub"].Levers[0]);
        Assert.Equal([RouteKind.Direct, RouteKind.Safe], routes.Options.Select(option => option.Route.Kind));
    }

    [Fact]
    public void A_role_that_nobody_holds_or_whose_holders_are_unknown_says_so()
    {
        var protocol = WithBothRoles();
        var state = SyntheticProtocol.State(protocol, [false, false, false]);
        state = state with
        {
            Roles = new Dictionary<string, Reading<IReadOnlyList<Address>>>(StringComparer.Ordinal) { ["Hub.owner"] = Reading.Known<IReadOnlyList<Address>>([]), ["Hub.guardian"] = Reading.Unknown<IReadOnlyList<Address>>("the node is silent") },
        };
        var routes = new RouteFinder(state, [SyntheticProtocol.Signer("a", Holder)]).To(protocol["Hub"].Levers[0]);
        Assert.Empty(routes.Options);
        Assert.Equal(["Hub.owner: nobody holds it", "Hub.guardian: unknown: the node is silent"], routes.Refusals);
    }

    [Fact]
    public void A_holder_of_which_it_is_unknown_what_it_is_is_no_path()
    {
        var protocol = WithBothRoles();
        var state = SyntheticProtocol.State(protocol, [false, false, false]) with { Accounts = new Dictionary<Address, Reading<AccountState>> { [Holder] = Reading.Unknown<AccountState>("the code: timeout") } };
        var routes = new RouteFinder(state, [SyntheticProtocol.Signer("a", Holder)]).To(protocol["Hub"].Levers[0]);
        Assert.Empty(routes.Options);
        Assert.All(routes.Refusals, refusal => Assert.Contains("the code: timeout", refusal, StringComparison.Ordinal));
    }

    [Fact]
    public void A_role_of_a_module_that_is_not_managed_is_no_path()
    {
        _synthetic.AddLever("Alpha", "pause", "pause()", idempotent: false, null, "Beta.owner");
        _synthetic.Placed.Remove("Beta");
        var protocol = _synthetic.Load();
        var routes = new RouteFinder(SyntheticProtocol.State(protocol, [false, false, false]), [SyntheticProtocol.Signer("a", Holder)]).To(protocol["Alpha"].Levers[0]);
        Assert.Empty(routes.Options);
        Assert.Contains("Beta.owner", Assert.Single(routes.Refusals), StringComparison.Ordinal);
    }

    private Control.Description.Protocol WithBothRoles()
    {
        _synthetic.AddLever("Hub", "pause", "pauseAll()", idempotent: true, "*");
        _synthetic.Hub["levers"]![0]!["callers"]!.AsArray().Add((JsonNode)"guardian");
        return _synthetic.Load();
    }

    private Routes To(AccountState holder, params SignerReference[] signers)
    {
        _synthetic.AddLever("Hub", "pause", "pauseAll()", idempotent: true, "*");
        var protocol = _synthetic.Load();
        return new RouteFinder(SyntheticProtocol.State(protocol, [false, false, false], Holder, holder), signers).To(protocol["Hub"].Levers[0]);
    }
}
