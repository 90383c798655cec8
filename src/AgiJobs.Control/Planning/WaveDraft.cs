using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Observation;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Calls;

namespace AgiJobs.Control.Planning;

/// <summary>
/// What a change is to bring about, collected before it is known who does it: values, holders of roles, links, other calls. What is so already makes no move; values that one function sets
/// together make one; no rule of the description may be broken by the whole. Not safe for use by several threads.
/// </summary>
public sealed class WaveDraft(ProtocolState state)
{
    private static readonly AbiFunction MembersOf = AbiFunction.Parse("function getRoleMembers(bytes32 role) view returns (address[])");

    private readonly Dictionary<string, (Parameter Parameter, AbiValue Value)> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (Role Role, List<Address> Holders)> _holders = new(StringComparer.Ordinal);
    private readonly List<(Role Role, Address Account, bool Grants, bool First)> _offices = [];
    private readonly Dictionary<string, (Link Link, Address Target)> _links = new(StringComparer.Ordinal);
    private readonly List<Move> _others = [];

    /// <summary>What was observed.</summary>
    public ProtocolState State => state;

    /// <summary>What was asked for and is so already, in words.</summary>
    public IReadOnlyList<string> Already => _already;

    private readonly List<string> _already = [];

    /// <summary>A parameter is to have a value.</summary>
    /// <exception cref="ControlException"><c>value-bounds</c>; <c>value-twice</c> when it was set to another value before; <c>reading-unknown</c> (exit 5) when what it has is unknown.</exception>
    public void Set(Parameter parameter, AbiValue value)
    {
        parameter.RequireBounds(value);
        if (_values.TryGetValue(parameter.FullName, out var other) && !other.Value.Equals(value))
        {
            throw new ControlException("value-twice", ExitCode.BadInput, $"{parameter.FullName} is to be {parameter.Unit.Format(other.Value)} and {parameter.Unit.Format(value)}.", "Say it once.");
        }

        if (state.ValueOf(parameter).Value.Equals(value))
        {
            _already.Add($"{parameter.FullName} is {parameter.Unit.Format(value)} already");
            return;
        }

        _values[parameter.FullName] = (parameter, value);
    }

    /// <summary>An account is to hold a role.</summary>
    /// <exception cref="ControlException"><c>role-not-granted</c> when no office grants it; <c>reading-unknown</c> (exit 5).</exception>
    public void Grant(Role role, Address account)
    {
        if (role.Grant is null)
        {
            throw new ControlException("role-not-granted", ExitCode.BadInput, $"No office grants {role.FullName}: accounts take it by themselves.", "Leave it out.");
        }

        var holders = HoldersOf(role);
        if (holders.Contains(account) || (role.Pending is { } pending && HoldersOf(Named(role.Module, pending)).Contains(account)))
        {
            _already.Add(holders.Contains(account) ? $"{account} holds {role.FullName} already" : $"{role.FullName} is offered to {account} already");
            return;
        }

        _offices.Add((role, account, true, false));
        var filled = role.Pending is null ? role : Named(role.Module, role.Pending);
        Change(filled, members => Changed(members, new OfficeMove(filled, account, true)));
    }

    /// <summary>An account is not to hold a role any more.</summary>
    /// <param name="role">The role.</param>
    /// <param name="account">Who loses it.</param>
    /// <param name="first">True takes it away before anything else is done, as from a key that may be in wrong hands.</param>
    /// <exception cref="ControlException"><c>role-not-revoked</c> when there is no function that does so; <c>reading-unknown</c> (exit 5).</exception>
    public void Revoke(Role role, Address account, bool first = false)
    {
        if (!HoldersOf(role).Contains(account))
        {
            _already.Add($"{account} does not hold {role.FullName}");
            return;
        }

        if (role.Revoke is null)
        {
            throw new ControlException("role-not-revoked", ExitCode.BadInput, $"{role.FullName} cannot be taken from {account}; it can only be given to another.", "Grant it to its new holder instead.");
        }

        _offices.Add((role, account, false, first));

        Change(role, members => Changed(members, new OfficeMove(role, account, false)));
    }

    /// <summary>The holders of a role are to be these and no others; with <paramref name="retain"/> others stay.</summary>
    /// <exception cref="ControlException">As <see cref="Grant"/> and <see cref="Revoke"/>.</exception>
    public void Hold(Role role, IReadOnlyList<Address> accounts, bool retain = false)
    {
        foreach (var account in accounts.Distinct())
        {
            Grant(role, account);
        }

        foreach (var stray in retain || role.IsSingle ? [] : HoldersOf(role).Where(holder => !accounts.Contains(holder)).ToList())
        {
            Revoke(role, stray);
        }
    }

    /// <summary>An offered role is taken over by a move of the one to whom it was offered.</summary>
    internal void Accept(Role role, Move move, Address account)
    {
        _others.Add(move);
        _holders[role.FullName] = (role, [account]);
        _holders[$"{role.Module.Name}.{role.Pending}"] = (Named(role.Module, role.Pending!), []);
    }

    /// <summary>A module is to point to a contract.</summary>
    /// <exception cref="ControlException"><c>link-fixed</c>; <c>reading-unknown</c> (exit 5).</exception>
    public void Point(Link link, Address target)
    {
        if (state.Links.TryGetValue(link.FullName, out var reading) && reading.Value == target)
        {
            _already.Add($"{link.FullName} is {target} already");
            return;
        }

        if (link.Setter is null)
        {
            throw new ControlException("link-fixed", ExitCode.BadInput, $"{link.FullName} is fixed and cannot be pointed to {target}.", "Only a new deployment of the module changes it.");
        }

        _links[link.FullName] = (link, target);
    }

    /// <summary>Something else is to be done.</summary>
    public void Add(Move move) => _others.Add(move);

    /// <summary>The call of a module's function, for <see cref="Add"/>.</summary>
    /// <exception cref="EthereumException">When the arguments do not fit.</exception>
    public Move Call(Module module, AbiFunction function, IReadOnlyList<AbiValue> arguments, IReadOnlyList<string> callers, Risk risk, string purpose, MoveOrder order) => new()
    {
        Contract = module.Name,
        Module = module,
        Target = module.Address,
        Function = function.Signature,
        Arguments = [.. arguments.Select(argument => argument.ToString())],
        Calldata = function.Encode([.. arguments]),
        Callers = callers,
        Risk = risk,
        Purpose = purpose,
        Order = order,
        Effects = EffectsOf(module, function.Signature),
    };

    /// <summary>A module is to be stopped by its own lever, before anything else is done.</summary>
    /// <exception cref="ControlException"><c>module-not-pausable</c>; <c>reading-unknown</c> (exit 5).</exception>
    public void Pause(Module module)
    {
        var lever = module.Levers.FirstOrDefault(candidate => candidate is { Action: LeverAction.Pause, TakesModule: false, TakesModules: false });
        if (lever is null || module.Paused is null)
        {
            throw new ControlException("module-not-pausable", ExitCode.BadInput, $"{module.Name} has no pause of its own.", "Name a module that has one.");
        }

        if (state.Modules[module.Name].Paused!.Value)
        {
            _already.Add($"{module.Name} is paused already");
            return;
        }

        var resume = module.Levers.FirstOrDefault(candidate => candidate is { Action: LeverAction.Resume, TakesModule: false, TakesModules: false });
        var move = Pull(lever, module.Stopping, "pause");
        _others.Add(move with { Before = [Bit(false)], After = [Bit(true)], Undo = resume is null ? null : Pull(resume, module.Resuming, "resume") });

        Move Pull(Lever pulled, EffectFile? effects, string verb) => Call(module, pulled.Function, [], pulled.Callers, Risk.Red, $"{module.Name}: {verb}", MoveOrder.Revoke) with
        {
            Effects = [new DeclaredEffect { Contract = module.Name, Target = module.Address, Emits = [.. (effects?.Emits ?? []).Union(pulled.Effects?.Emits ?? [], StringComparer.Ordinal)], Writes = effects?.Writes is { } writes ? [.. writes.Union(pulled.Effects?.Writes ?? [], StringComparer.Ordinal)] : null }],
        };

        Expectation Bit(bool paused) => new() { Subject = $"{module.Name}.{module.Paused.Signature} = {(paused ? "true" : "false")}", Target = module.Address, Call = module.Paused.Encode(), Result = module.Paused.EncodeOutput(paused) };
    }

    /// <summary>The value that a parameter would have.</summary>
    public AbiValue? Future(Parameter parameter) => _values.TryGetValue(parameter.FullName, out var set) ? set.Value : state.ValueOf(parameter).TryGet(out var value) ? value : null;

    /// <summary>Who would hold a role.</summary>
    public IReadOnlyList<Address>? Future(Role role) => _holders.TryGetValue(role.FullName, out var changed) ? changed.Holders : state.HoldersOf(role).TryGet(out var holders) ? holders : null;

    /// <summary>Why the whole may not be, one sentence each: the rules of every module that it touches.</summary>
    /// <exception cref="ControlException"><c>rule-unknown</c> (exit 5).</exception>
    public IReadOnlyList<string> Broken() =>
    [
        .. state.Protocol.Modules.SelectMany(module => module.Rules.Where(rule => rule.Parameters.Any(parameter => _values.ContainsKey(parameter.FullName)) || rule.Roles.Any(role => _holders.ContainsKey($"{module.Name}.{role}"))).Select(rule => (Module: module, Rule: rule)))
            .Select(entry => entry.Rule.Problem(Future, role => Future(Named(entry.Module, role)))).OfType<string>(),
    ];

    /// <summary>The moves in the order in which they are tried first.</summary>
    /// <exception cref="ControlException"><c>rule-broken</c> (exit 4) naming every rule that the whole would break; <c>rule-unknown</c>, <c>reading-unknown</c> (exit 5).</exception>
    public IReadOnlyList<Move> Moves()
    {
        if (Broken() is { Count: > 0 } broken)
        {
            throw new ControlException("rule-broken", ExitCode.Refused, $"The rules of {state.Protocol.Title} forbid it: {string.Join("; ", broken)}.", "Choose values that keep the rules, or change those that they depend on in the same wave.");
        }

        var moves = new List<Move>(_others);

        // In the description's order, so that the same wave has the same bytes however it was written.
        moves.AddRange(_values.Values.OrderBy(entry => Rank(entry.Parameter.Module)).ThenBy(entry => entry.Parameter.Module.Parameters.ToList().IndexOf(entry.Parameter)).GroupBy(entry => (entry.Parameter.Module.Name, entry.Parameter.Setter.Signature, string.Join(',', entry.Parameter.Together.Order(StringComparer.Ordinal)))).Select(group => Setter([.. group])));
        moves.AddRange(_offices.OrderBy(entry => Rank(entry.Role.Module)).ThenBy(entry => entry.Role.Module.Roles.ToList().IndexOf(entry.Role)).Select(Office));
        moves.AddRange(_links.Values.Select(entry => Pointing(entry.Link, entry.Target)));
        // A call to a contract that does not stand yet does nothing and does not revert, so nothing goes before the code.
        return [.. moves.OrderBy(move => move.Deploys is null).ThenBy(move => move.Order)];

        int Rank(Module module) => state.Protocol.Modules.ToList().IndexOf(module);
    }

    /// <summary>The same moves in the order in which they will be made: the order of a list of holders depends on it.</summary>
    public IReadOnlyList<Move> InOrder(IReadOnlyList<Move> moves)
    {
        var after = new Dictionary<string, Expectation>(StringComparer.Ordinal);
        foreach (var group in moves.Where(move => move.Office is { Role.Replay: null }).GroupBy(move => move.Office!.Role.FullName, StringComparer.Ordinal))
        {
            var role = group.First().Office!.Role;
            after[group.Key] = Holding(role, group.Aggregate(HoldersOfNow(role).ToList(), (members, move) => Changed(members, move.Office!)));
        }

        return [.. moves.Select(move => move.Office is { Role.Replay: null } office ? move with { After = [after[office.Role.FullName]] } : move)];
    }

    // OpenZeppelin's EnumerableSet puts the last member in the place of the one that leaves.
    private static List<Address> Changed(List<Address> members, OfficeMove office)
    {
        if (office.Grants)
        {
            return office.Role.IsSingle ? [office.Account] : [.. members, office.Account];
        }

        var at = members.IndexOf(office.Account);
        var left = members.ToList();
        left[at] = left[^1];
        left.RemoveAt(left.Count - 1);
        return left;
    }

    private Move Setter(IReadOnlyList<(Parameter Parameter, AbiValue Value)> group)
    {
        var first = group[0].Parameter;
        var module = first.Module;
        var together = first.Together;
        AbiValue New(string name) => Future(Of(name)) ?? throw new ControlException("reading-unknown", ExitCode.Unknown, $"{first.Setter.Signature} also sets {module.Name}.{name}, which is unknown: {state.ValueOf(Of(name)).Why}.", "Mend the cause, then plan again.");
        AbiValue Old(string name) => state.ValueOf(Of(name)).Value;
        var order = group.All(entry => entry.Parameter.Unit.IsNumber) && group is [var only]
            ? only.Value.AsInteger() < Old(only.Parameter.Name).AsInteger() ? MoveOrder.Lower : MoveOrder.Raise
            : MoveOrder.Set;
        var move = Call(module, first.Setter, first.Arguments(New), first.Callers, group.Max(entry => entry.Parameter.Risk), string.Join("; ", group.Select(entry => Text(entry.Parameter, Old(entry.Parameter.Name), entry.Value))), order);
        var undo = Call(module, first.Setter, first.Arguments(Old), first.Callers, move.Risk, string.Join("; ", group.Select(entry => Text(entry.Parameter, entry.Value, Old(entry.Parameter.Name)))), order == MoveOrder.Lower ? MoveOrder.Raise : order == MoveOrder.Raise ? MoveOrder.Lower : order);
        var views = together.Select(Of).GroupBy(parameter => Convert.ToHexString(parameter.Call.Calldata.Span)).ToList();
        return move with { Before = [.. views.Select(view => View([.. view], Old))], After = [.. views.Select(view => View([.. view], New))], Undo = undo };

        Parameter Of(string name) => module.Parameters.First(parameter => string.Equals(parameter.Name, name, StringComparison.Ordinal));

        static string Text(Parameter parameter, AbiValue from, AbiValue to) => $"{parameter.FullName}: {parameter.Unit.Format(from)} -> {parameter.Unit.Format(to)}";

        // A view may return members that nothing here describes; they stay as they are.
        Expectation View(IReadOnlyList<Parameter> members, Func<string, AbiValue> valueOf) => new()
        {
            Subject = string.Join(", ", members.Select(member => $"{member.FullName} = {member.Unit.Format(valueOf(member.Name))}")),
            Target = module.Address,
            Call = members[0].Call.Calldata.ToArray(),
            Result = members[0].Getter.EncodeOutput([.. members.Aggregate(state.Returned[members[0].FullName], (returned, member) => member.With(returned, valueOf(member.Name)))]),
        };
    }

    private Move Office((Role Role, Address Account, bool Grants, bool First) office)
    {
        var (role, account, grants, first) = office;
        var id = role.AccessControl is null ? (Bytes32?)null : role.CustomaryId;
        var given = role.Grant is null ? null : Make(true, role.GrantArguments(account, id));
        var taken = role.Revoke is null ? null : Make(false, role.RevokeArguments(account, id));
        var filled = role.Pending is null ? role : Named(role.Module, role.Pending);
        var undo = grants
            ? role.IsSingle ? Make(true, role.GrantArguments(HoldersOfNow(filled) is [var old] ? old : Address.Zero, id)) : taken
            : given;
        return (grants ? given! : taken!) with
        {
            Order = first ? MoveOrder.Revoke : role.Pending is not null || (role.IsSingle && grants) ? MoveOrder.HandOver : grants ? MoveOrder.Allow : MoveOrder.Retire,
            Before = [filled.Replay is null ? Holding(filled, HoldersOfNow(filled)) : Confirmed(filled, account, HoldersOfNow(filled).Contains(account))],
            After = [filled.Replay is null ? Holding(filled, Future(filled)!) : Confirmed(filled, account, grants)],
            Office = new OfficeMove(filled, account, grants),
            Undo = undo,
            Lasting = undo is null ? $"{role.FullName} cannot be {(grants ? "taken from" : "given back to")} {account} by a function of {role.Module.Name}" : null,
        };

        Move Make(bool gives, IReadOnlyList<AbiValue> arguments) => Call(
            role.Module,
            gives ? role.Grant! : role.Revoke!,
            arguments,
            role.Callers,
            role.Risk,
            gives ? $"{role.FullName}: {(role.Pending is null ? "grant to" : "offer to")} {account}" : $"{role.FullName}: revoke from {account}",
            gives ? MoveOrder.Allow : MoveOrder.Retire);
    }

    private Move Pointing(Link link, Address target)
    {
        var now = state.Links[link.FullName].Value;
        Move Make(Address to) => Call(link.Module, link.Setter!, [to], link.Callers, Risk.Red, $"{link.FullName}: {(to == target ? now : target)} -> {to}", MoveOrder.Link);
        return Make(target) with { Before = [View(now)], After = [View(target)], Undo = Make(now) };

        Expectation View(Address to) => new() { Subject = $"{link.FullName} = {to}", Target = link.Module.Address, Call = link.Getter.Encode(), Result = link.Getter.EncodeOutput(to) };
    }

    /// <summary>What a call does, by the description.</summary>
    public IReadOnlyList<DeclaredEffect> EffectsOf(Module module, string function)
    {
        if (!module.Effects.TryGetValue(function, out var effects))
        {
            return [new DeclaredEffect { Contract = module.Name, Target = module.Address, Emits = [] }];
        }

        return
        [
            new DeclaredEffect { Contract = module.Name, Target = module.Address, Emits = effects.Emits, Writes = effects.Writes },
            .. effects.Elsewhere.Where(other => state.Modules.ContainsKey(other.Key)).Select(other => new DeclaredEffect { Contract = other.Key, Target = state.Protocol[other.Key].Address, Emits = other.Value.Emits, Writes = other.Value.Writes }),
        ];
    }

    private static Expectation Holding(Role role, IReadOnlyList<Address> holders)
    {
        var subject = $"{role.FullName} = {(holders.Count == 0 ? "nobody" : string.Join(", ", holders))}";
        var call = role.Holders is { } view ? new ContractCall(role.Module.Address, view, [.. role.Arguments]) : new ContractCall(role.Module.Address, MembersOf, role.CustomaryId);
        return new Expectation
        {
            Subject = subject,
            Target = role.Module.Address,
            Call = call.Calldata.ToArray(),
            Result = role.IsSingle ? call.Function.EncodeOutput(holders is [var one, ..] ? one : Address.Zero) : call.Function.EncodeOutput(new AbiList([.. holders.Select(holder => (AbiValue)holder)])),
        };
    }

    // Nothing lists the holders of such a role; of each the contract says whether it is one.
    private static Expectation Confirmed(Role role, Address account, bool holds)
    {
        var call = role.Replay!.Confirm(role.Module, account, role.CustomaryId);
        return new Expectation { Subject = $"{account} {(holds ? "holds" : "does not hold")} {role.FullName}", Target = role.Module.Address, Call = call.Calldata.ToArray(), Result = call.Function.EncodeOutput(holds) };
    }

    private IReadOnlyList<Address> HoldersOf(Role role) => _holders.TryGetValue(role.FullName, out var changed) ? changed.Holders : HoldersOfNow(role);

    private IReadOnlyList<Address> HoldersOfNow(Role role) => state.HoldersOf(role).Value;

    private void Change(Role role, Func<List<Address>, List<Address>> change) => _holders[role.FullName] = (role, change([.. HoldersOf(role)]));

    private static Role Named(Module module, string name) => module.Roles.First(role => string.Equals(role.Name, name, StringComparison.Ordinal));
}
