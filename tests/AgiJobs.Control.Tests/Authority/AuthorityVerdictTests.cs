using AgiJobs.Control.Authority;
using AgiJobs.Control.Description;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Tests.Authority;

public sealed class AuthorityVerdictTests : IDisposable
{
    private static readonly Address Holder = SyntheticProtocol.Owner;
    private static readonly Address[] Keys = [.. Enumerable.Range(1, 5).Select(number => Bytes32.FromUnsigned(number).ToAddress())];

    private readonly SyntheticProtocol _synthetic = new();
    private readonly Protocol _protocol;

    public AuthorityVerdictTests()
    {
        _synthetic.AddLever("Hub", "pause", "pauseAll()", idempotent: true, "*");
        _protocol = _synthetic.Load();
    }

    public void Dispose() => _synthetic.Dispose();

    [Fact]
    public void A_pause_that_only_a_contract_without_a_path_holds_afterwards_is_lost()
    {
        var verdict = Judge(Safe(2, 0, 1, 2), new ContractState());
        Assert.True(verdict.IsRefused);
        Assert.Equal("Hub.pauseAll()", Assert.Single(verdict.PauseLost).FullName);
    }

    [Fact]
    public void A_pause_that_nobody_had_before_is_not_lost_by_the_change()
    {
        Assert.False(Judge(new ContractState(), new ContractState()).IsRefused);
        Assert.False(Judge(new ContractState(), Safe(2, 0, 1, 2)).IsRefused);
    }

    [Fact]
    public void What_could_not_be_read_afterwards_is_unknown_and_neither_lost_nor_fine()
    {
        var before = State(Safe(2, 0, 1, 2));
        var after = before with { Roles = new Dictionary<string, Reading<IReadOnlyList<Address>>>(before.Roles, StringComparer.Ordinal) { ["Hub.owner"] = Reading.Unknown<IReadOnlyList<Address>>("the node is silent") } };
        var verdict = AuthorityVerdict.Of(AuthorityMatrix.Of(before), AuthorityMatrix.Of(after), null, null);
        Assert.False(verdict.IsRefused);
        Assert.Contains("the node is silent", Assert.Single(verdict.Unknown), StringComparison.Ordinal);
    }

    [Fact]
    public void A_pause_that_goes_to_strangers_alone_is_refused_where_people_are_on_file()
    {
        var people = People(0, 1, 2);
        Assert.True(Judge(Safe(2, 0, 1, 2), Safe(2, 2, 3, 4), people: people) is { IsRefused: true, PauseLostToStrangers: true, PauseLost.Count: 0 });
        Assert.False(Judge(Safe(2, 0, 1, 2), Safe(2, 1, 2, 4), people: people).IsRefused);
        Assert.False(Judge(Safe(2, 0, 1, 2), Safe(2, 2, 3, 4)).IsRefused);
        Assert.False(Judge(Safe(2, 2, 3, 4), Safe(2, 0, 3, 4), people: people).IsRefused);
    }

    [Fact]
    public void A_power_that_takes_fewer_signers_than_the_policy_asks_for_is_refused_and_what_was_so_before_is_told()
    {
        var few = Assert.Single(Judge(Safe(2, 0, 1, 2), Safe(1, 0, 1, 2), least: 2).TooFew);
        Assert.Equal((PowerKind.Pause, 1, 2), (few.Row.Power, few.Row.Holding.Signers.Fewest, few.Wanted));
        Assert.False(Judge(Safe(2, 0, 1, 2), Safe(2, 0, 1, 3), least: 2).IsRefused);

        var mending = Judge(Safe(1, 0, 1, 2), Safe(2, 0, 1, 2), least: 3);
        Assert.False(mending.IsRefused);
        Assert.Equal(2, Assert.Single(mending.TooFewBefore).Row.Holding.Signers.Fewest);
        Assert.True(Judge(Safe(2, 0, 1, 2), Safe(1, 0, 1, 2), least: 3).IsRefused);
    }

    [Fact]
    public void A_power_that_the_policy_names_and_there_is_not_is_bad_input()
    {
        var matrix = AuthorityMatrix.Of(State(Safe(2, 0, 1, 2)));
        var problem = Assert.Throws<ControlException>(() => AuthorityVerdict.Of(matrix, matrix, new AuthorityPolicy { MinSigners = new Dictionary<string, int>(StringComparer.Ordinal) { ["fly"] = 2 } }, null));
        Assert.Equal(("policy-power", ExitCode.BadInput), (problem.Code, problem.Exit));
    }

    private static SafeAccountState Safe(int threshold, params int[] owners) => new("1.4.1", [.. owners.Select(owner => Keys[owner])], threshold, 0);

    private static OperatorBook People(params int[] keys) => new(new OperatorsFile { Version = 1, People = [.. keys.Select(key => new Operator { Name = $"person {key}", Addresses = [Keys[key]], Duties = [Duty.Approver] })] });

    private AuthorityVerdict Judge(AccountState before, AccountState after, int? least = null, OperatorBook? people = null) => AuthorityVerdict.Of(
        AuthorityMatrix.Of(State(before)),
        AuthorityMatrix.Of(State(after)),
        least is { } count ? new AuthorityPolicy { MinSigners = new Dictionary<string, int>(StringComparer.Ordinal) { ["pause"] = count } } : null,
        people);

    private ProtocolState State(AccountState holder)
    {
        var accounts = Keys.ToDictionary(key => key, _ => Reading.Known<AccountState>(new KeyAccount(false)));
        accounts[Holder] = Reading.Known(holder);
        return SyntheticProtocol.State(_protocol, [false, false, false], Holder, holder) with { Accounts = accounts };
    }
}
