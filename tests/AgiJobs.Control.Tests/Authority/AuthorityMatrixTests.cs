using AgiJobs.Control.Authority;
using AgiJobs.Control.Description;
using AgiJobs.Control.Observation;
using AgiJobs.Ethereum;
using FsCheck;
using FsCheck.Fluent;

namespace AgiJobs.Control.Tests.Authority;

public sealed class AuthorityMatrixTests : IDisposable
{
    private static readonly Address Holder = SyntheticProtocol.Owner;
    private static readonly Address[] Keys = [.. Enumerable.Range(1, 6).Select(number => Bytes32.FromUnsigned(number).ToAddress())];

    private readonly SyntheticProtocol _synthetic = new();

    public void Dispose() => _synthetic.Dispose();

    [Fact]
    public void A_Safe_of_two_of_three_gives_its_three_pairs()
    {
        var row = Assert.Single(Matrix(new SafeAccountState("1.4.1", Keys[..3], 2, 0)).Rows);
        Assert.Equal((PowerKind.Pause, Risk.Amber, 2, 0UL), (row.Power, row.Risk, row.Holding.Signers.Fewest, row.Holding.Path.TotalDelaySeconds));
        Assert.Equal([[Keys[0], Keys[1]], [Keys[0], Keys[2]], [Keys[1], Keys[2]]], row.Holding.Signers.Sets);
    }

    [Fact]
    public void A_key_that_stands_in_two_Safes_counts_for_both()
    {
        var inner = Keys[5];
        var matrix = Matrix(new SafeAccountState("1.4.1", [Keys[0], inner], 2, 0), (inner, new SafeAccountState("1.4.1", [Keys[0], Keys[1]], 1, 0)));
        Assert.Equal([[Keys[0]]], Assert.Single(matrix.Rows).Holding.Signers.Sets);
    }

    [Fact]
    public void A_timelock_adds_its_delay_and_whoever_must_execute_in_its_turn()
    {
        var open = Matrix(new TimelockState(3600, [Keys[0]], [], IsOpen: true), (Keys[0], new KeyAccount(false)));
        Assert.Equal((3600UL, 1), (Assert.Single(open.Rows).Holding.Path.TotalDelaySeconds, open.Rows[0].Holding.Signers.Fewest));
        var closed = Matrix(new TimelockState(3600, [Keys[0]], [Keys[1]], IsOpen: false), (Keys[0], new KeyAccount(false)), (Keys[1], new KeyAccount(false)));
        Assert.Equal([[Keys[0], Keys[1]]], Assert.Single(closed.Rows).Holding.Signers.Sets);
    }

    [Fact]
    public void A_module_of_the_Safe_acts_alone_and_is_a_way_of_its_own()
    {
        var safe = new SafeAccountState("1.4.1", Keys[..3], 2, 0) { Extensions = Reading.Known(new SafeExtensions([Keys[4]], null, null, null, null)) };
        var rows = Matrix(safe, (Keys[4], new KeyAccount(false))).Rows;
        Assert.Equal([PathKind.SafeModule, PathKind.Safe], rows.Select(row => row.Holding.Path.Kind));
        Assert.Equal([[Keys[4]]], rows[0].Holding.Signers.Sets);
    }

    [Fact]
    public void What_could_not_be_read_is_a_gap_and_not_nobody()
    {
        var state = State(new KeyAccount(false));
        state = state with { Roles = new Dictionary<string, Reading<IReadOnlyList<Address>>>(state.Roles, StringComparer.Ordinal) { ["Hub.owner"] = Reading.Unknown<IReadOnlyList<Address>>("the node is silent") } };
        var gap = Assert.Single(AuthorityMatrix.Of(state).Gaps);
        Assert.True(gap.IsUnknown);
        Assert.Contains("the node is silent", gap.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_role_that_nobody_holds_is_a_gap_that_is_known()
    {
        var state = State(new KeyAccount(false));
        state = state with { Roles = new Dictionary<string, Reading<IReadOnlyList<Address>>>(state.Roles, StringComparer.Ordinal) { ["Hub.owner"] = Reading.Known<IReadOnlyList<Address>>([]) } };
        var gap = Assert.Single(AuthorityMatrix.Of(state).Gaps);
        Assert.False(gap.IsUnknown);
        Assert.Equal("Hub.owner: nobody holds it", gap.Why);
    }

    [Fact]
    public void The_administrator_of_a_proxy_can_upgrade_and_its_owner_is_followed()
    {
        var state = State(new KeyAccount(false));
        var hub = state.Modules["Hub"];
        state = state with
        {
            Modules = new Dictionary<string, ModuleState>(state.Modules, StringComparer.Ordinal) { ["Hub"] = hub with { Proxy = Reading.Known(new ProxySlots(Keys[0], Keys[1], null)) } },
            Accounts = new Dictionary<Address, Reading<AccountState>>(state.Accounts) { [Keys[1]] = Reading.Known<AccountState>(new ContractState { Owner = Keys[2] }), [Keys[2]] = Reading.Known<AccountState>(new KeyAccount(false)) },
        };
        var row = Assert.Single(AuthorityMatrix.Of(state).Rows, row => row.Power == PowerKind.Upgrade);
        Assert.Equal((PathKind.Owned, Keys[2]), (row.Holding.Path.Kind, row.Holding.Path.Base.Holder));
    }

    [Fact]
    public void A_proxy_that_exchanges_its_own_code_by_an_undescribed_rule_is_unknown()
    {
        var state = State(new KeyAccount(false));
        state = state with { Modules = new Dictionary<string, ModuleState>(state.Modules, StringComparer.Ordinal) { ["Hub"] = state.Modules["Hub"] with { Proxy = Reading.Known(new ProxySlots(Keys[0], null, null)) } } };
        Assert.True(Assert.Single(AuthorityMatrix.Of(state).Gaps, gap => gap.Power == PowerKind.Upgrade).IsUnknown);
    }

    // Random governments: the choices that the matrix names are exactly those with which the finder has a complete path, and none can be left out.
    [Fact]
    public void For_any_government_the_matrix_and_the_route_finder_agree()
    {
        _synthetic.AddLever("Hub", "pause", "pauseAll()", idempotent: true, "*");
        var protocol = _synthetic.Load();
        var generator =
            from kinds in Gen.Choose(0, 2).ArrayOf(3)
            from owners in Gen.Choose(0, 8).NonEmptyListOf().ArrayOf(3)
            from thresholds in Gen.Choose(1, 3).ArrayOf(3)
            select (kinds, owners.Select(list => list.Distinct().ToArray()).ToArray(), thresholds);
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(generator.ToArbitrary(), government =>
        {
            // Numbers 0 to 5 are keys, 6 to 8 the accounts made here.
            Address[] made = [Holder, Bytes32.FromUnsigned(0x77).ToAddress(), Bytes32.FromUnsigned(0x78).ToAddress()];
            Address[] all = [.. Keys, .. made];
            var accounts = Keys.ToDictionary(key => key, _ => Reading.Known<AccountState>(new KeyAccount(false)));
            for (var i = 0; i < made.Length; i++)
            {
                var named = government.Item2[i].Select(index => all[index]).ToArray();
                accounts[made[i]] = Reading.Known<AccountState>(government.kinds[i] switch
                {
                    0 => new KeyAccount(false),
                    _ => new SafeAccountState("1.4.1", named, Math.Min(government.thresholds[i], named.Length), 0),
                });
            }

            var state = SyntheticProtocol.State(protocol, [false, false, false]) with { Accounts = accounts };
            var holdings = AuthorityMatrix.Of(state).Functions.Single().Holdings;
            var sets = holdings.SelectMany(holding => holding.Signers.Sets).ToList();
            var keys = accounts.Where(entry => entry.Value.Value is KeyAccount).Select(entry => entry.Key).Order().ToList();
            for (var bits = 0; bits < 1 << Math.Min(keys.Count, 8); bits++)
            {
                var chosen = keys.Where((_, index) => (bits >> index & 1) == 1).ToList();
                var complete = new RouteFinder(state, [.. chosen.Select((key, index) => SyntheticProtocol.Signer($"s{index}", key))]).To(protocol["Hub"].Levers[0]).Options.Any(option => option.IsComplete);
                if (complete != sets.Exists(set => set.All(chosen.Contains)))
                {
                    return false;
                }
            }

            return sets.TrueForAll(set => !sets.Exists(other => other != set && other.All(set.Contains)));
        }));
    }

    private AuthorityMatrix Matrix(AccountState holder, params (Address Address, AccountState State)[] others) => AuthorityMatrix.Of(State(holder, others));

    private ProtocolState State(AccountState holder, params (Address Address, AccountState State)[] others)
    {
        if (_synthetic.Hub["levers"]!.AsArray().Count == 0)
        {
            _synthetic.AddLever("Hub", "pause", "pauseAll()", idempotent: true, "*");
        }

        var state = SyntheticProtocol.State(_synthetic.Load(), [false, false, false], Holder, holder);
        var accounts = Keys.ToDictionary(key => key, _ => Reading.Known<AccountState>(new KeyAccount(false)));
        accounts[Holder] = Reading.Known(holder);
        foreach (var (address, account) in others)
        {
            accounts[address] = Reading.Known(account);
        }

        return state with { Accounts = accounts };
    }
}
