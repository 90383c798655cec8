using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Pausing;

namespace AgiJobs.Control.Tests.Pausing;

public sealed class PausePlannerTests : IDisposable
{
    private readonly SyntheticProtocol _synthetic = new();

    /// <summary>Every mix of running, paused and unknown.</summary>
    public static IEnumerable<bool?[]> Mixes =>
        from alpha in (bool?[])[false, true, null]
        from beta in (bool?[])[false, true, null]
        from gamma in (bool?[])[false, true, null]
        select new[] { alpha, beta, gamma };

    public void Dispose() => _synthetic.Dispose();

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void From_every_mix_of_states_a_plan_never_reverts_and_leads_to_the_end_asked_for(bool wholeLever, bool idempotent)
    {
        if (wholeLever)
        {
            _synthetic.WithWholeLevers(idempotent);
        }

        var protocol = _synthetic.WithOwnLevers().Load();
        foreach (var bits in Mixes)
        {
            foreach (var action in (LeverAction[])[LeverAction.Pause, LeverAction.Resume])
            {
                var plan = Attempt(protocol, bits, action);
                var wanted = action == LeverAction.Pause;
                if (plan is null)
                {
                    // An unknown state is the only excuse here, and an idempotent lever leaves a pause without it.
                    Assert.Contains(null, bits);
                    Assert.False(wanted && wholeLever && idempotent, "a pause was not planned in spite of a lever that cannot revert");
                    continue;
                }

                if (plan.Change is null)
                {
                    Assert.All(bits, bit => Assert.Equal(wanted, bit));
                    continue;
                }

                Assert.Contains(bits, bit => bit != wanted);
                Assert.All(Hidden(bits), actual => Assert.All(Apply(protocol, plan.Change, actual), paused => Assert.Equal(wanted, paused)));
                Assert.Equal(SyntheticProtocol.Pausable.Length, plan.Change.Expected.Count);
                Assert.Equal(bits.Count(bit => bit is null), plan.Findings.Count);
            }
        }
    }

    [Fact]
    public void A_whole_lever_that_also_acts_on_a_module_outside_the_manifest_is_not_relied_on_when_it_can_revert()
    {
        _synthetic.WithWholeLevers(idempotent: false).WithOwnLevers();
        _synthetic.Placed.Remove("Gamma");
        var plan = Attempt(_synthetic.Load(), [false, false, false], LeverAction.Pause)!;
        Assert.Equal(["Alpha.pause()", "Beta.pause()"], plan.Change!.Steps.Select(step => $"{step.Module}.{step.Function}"));
    }

    [Fact]
    public void Each_step_names_the_role_that_admits_it()
    {
        var plan = Attempt(_synthetic.WithOwnLevers().Load(), [false, false, true], LeverAction.Pause)!;
        Assert.Equal(["Alpha.owner", "Beta.owner"], plan.Change!.Steps.Select(step => step.Route.Role));
    }

    [Fact]
    public void A_lever_that_takes_the_module_gets_its_address()
    {
        _synthetic.AddLever("Hub", "pause", "pauseModule(address)", idempotent: true, "*");
        var plan = Attempt(_synthetic.Load(), [true, null, false], LeverAction.Pause)!;
        Assert.Equal([SyntheticProtocol.AddressOf("Beta").ToString(), SyntheticProtocol.AddressOf("Gamma").ToString()], plan.Change!.Steps.SelectMany(step => step.Arguments));
        Assert.All(plan.Change.Steps, step => Assert.Equal(36, step.Calldata.Length));
    }

    [Fact]
    public void A_pause_that_only_levers_that_may_revert_could_make_is_unknown_and_not_refused_for_want_of_authority()
    {
        var protocol = _synthetic.WithOwnLevers().Load();
        var refusal = Assert.Throws<ControlException>(() => Plan(protocol, [false, null, false], LeverAction.Pause));
        Assert.Equal(("reading-unknown", ExitCode.Unknown), (refusal.Code, refusal.Exit));
        Assert.Contains("Beta", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("the node is silent", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void With_no_signer_at_hand_the_refusal_names_the_modules_and_the_role_that_is_missing()
    {
        var protocol = _synthetic.WithWholeLevers(idempotent: true).Load();
        var planner = new PausePlanner(SyntheticProtocol.State(protocol, [false, false, false]), "local", []);
        var refusal = Assert.Throws<ControlException>(() => planner.Plan(LeverAction.Pause, "T-1"));
        Assert.Equal(("no-route", ExitCode.Refused), (refusal.Code, refusal.Exit));
        Assert.Contains("Alpha, Beta, Gamma", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("Hub.owner", refusal.Message, StringComparison.Ordinal);
        Assert.NotNull(refusal.Mend);
    }

    [Fact]
    public void A_refusal_says_one_reason_once_for_all_the_roles_of_an_account()
    {
        var protocol = _synthetic.WithOwnLevers().Load();
        var refusal = Assert.Throws<ControlException>(() => new PausePlanner(SyntheticProtocol.State(protocol, [false, false, false]), "local", []).Plan(LeverAction.Pause, "T-1"));
        Assert.Equal("no-route", refusal.Code);
        Assert.Contains("Alpha.owner and 2 more roles of 0x", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(2, refusal.Message.Split("no signer at hand has this key").Length);
    }

    [Fact]
    public void A_protocol_without_pausable_modules_is_never_said_to_be_paused()
    {
        foreach (var name in SyntheticProtocol.Pausable)
        {
            _synthetic.Placed.Remove(name);
        }

        var protocol = _synthetic.WithWholeLevers(idempotent: true).Load();
        var refusal = Assert.Throws<ControlException>(() => Plan(protocol, [], LeverAction.Pause));
        Assert.Equal(("nothing-pausable", ExitCode.BadInput), (refusal.Code, refusal.Exit));
    }

    [Fact]
    public void An_idempotent_pause_is_not_held_up_by_a_module_that_somebody_paused_meanwhile()
    {
        var protocol = _synthetic.WithWholeLevers(idempotent: true).Load();
        Assert.All(Plan(protocol, [false, true, false], LeverAction.Pause).Change!.Preconditions, precondition => Assert.NotNull(precondition.CodeHash));
        Assert.Contains(Plan(protocol, [true, true, false], LeverAction.Resume).Change!.Preconditions, precondition => precondition.Subject.Contains("paused", StringComparison.Ordinal));
    }

    [Fact]
    public void The_same_state_gives_the_same_change()
    {
        var protocol = _synthetic.WithWholeLevers(idempotent: true).Load();
        Assert.Equal(Plan(protocol, [false, true, false], LeverAction.Pause).Change!.Digest(), Plan(protocol, [false, true, false], LeverAction.Pause).Change!.Digest());
    }

    internal static PausePlan? Attempt(Func<PausePlan> plan)
    {
        try
        {
            return plan();
        }
        catch (ControlException refusal) when (refusal.Code is "reading-unknown")
        {
            return null;
        }
    }

    private static PausePlan Plan(Protocol protocol, bool?[] bits, LeverAction action) =>
        new PausePlanner(SyntheticProtocol.State(protocol, bits), "local", [SyntheticProtocol.Signer("owner", SyntheticProtocol.Owner)]).Plan(action, "T-1");

    private static PausePlan? Attempt(Protocol protocol, bool?[] bits, LeverAction action) => Attempt(() => Plan(protocol, bits, action));

    // What an unknown state may really be.
    private static IEnumerable<bool[]> Hidden(bool?[] bits) =>
        Enumerable.Range(0, 1 << bits.Length).Select(mask => bits.Select((bit, i) => bit ?? (mask & (1 << i)) != 0).ToArray());

    private static bool[] Apply(Protocol protocol, ChangeDocument change, bool[] actual)
    {
        var paused = actual.ToArray();
        foreach (var step in change.Steps)
        {
            var lever = protocol[step.Module].Levers.Single(lever => lever.Function.Signature == step.Function);
            var acted = lever.TakesModule ? [protocol.Modules.Single(module => module.Address.ToString() == step.Arguments[0]).Name] : lever.Covers;
            foreach (var index in acted.Select(name => Array.IndexOf(SyntheticProtocol.Pausable, name)))
            {
                var to = lever.Action == LeverAction.Pause;
                Assert.True(lever.IsIdempotent || paused[index] != to, $"{step.Module}.{step.Function} reverts on {string.Join(", ", actual)}");
                paused[index] = to;
            }
        }

        return paused;
    }
}
