using System.Globalization;
using AgiJobs.Control.Description;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Safes;

namespace AgiJobs.Control.Authority;

/// <summary>
/// Holds a matrix against the manifest, the people and what is prudent. Reads nothing. What could not be read is a finding of its own.
/// </summary>
/// <param name="matrix">Who can do what.</param>
/// <param name="manifest">What is wanted.</param>
public sealed class AuthorityReview(AuthorityMatrix matrix, ManifestFile manifest)
{
    /// <summary>The gas that a pause of everything is taken to need at most: well above what the protocol's own needs.</summary>
    public const ulong PauseGas = 3_000_000;

    private readonly List<AuthorityFinding> _findings = [];
    private ProtocolState State => matrix.State;

    /// <summary>Who is who; null when it is not managed.</summary>
    public OperatorBook? People { get; init; }

    /// <summary>Names for addresses.</summary>
    public Func<Address, string?> NameOf { get; init; } = _ => null;

    /// <summary>The base fee of the block; null when the chain has none.</summary>
    public Wei? BaseFee { get; init; }

    /// <summary>The code that a change on file left at an address, with the change's id.</summary>
    public IReadOnlyDictionary<Address, (Bytes32 Hash, string Change)> ExecutedCode { get; init; } = new Dictionary<Address, (Bytes32, string)>();

    /// <summary>The findings, ranked.</summary>
    public IReadOnlyList<AuthorityFinding> Findings()
    {
        _findings.Clear();
        Holdings();
        Unreadable();
        Safes();
        Accounts();
        Roles();
        Levers();
        Links();
        Code();
        Senders();
        return AuthorityFinding.Ordered(_findings);
    }

    private void Holdings()
    {
        foreach (var row in matrix.Rows)
        {
            var (path, signers) = (row.Holding.Path, row.Holding.Signers);
            var what = Over(row.Functions);
            if (path.Base.Kind == PathKind.Key && row.Holding.IsOpen && row.Risk == Risk.Red && signers.Fewest == 1)
            {
                Add(FindingRank.Red, "single-key", $"{row.Power.Key()} {path.Base.Holder}", $"{Name(path.Base.Holder)} can {row.Power.Words()} with one key alone{Waiting(path)}: {what}.", "Give the role to a Safe, or take it away with 'agijobs owner set-roles'.");
            }

            if (path.Base.Kind == PathKind.Contract)
            {
                Add(row.Risk == Risk.Red ? FindingRank.Red : FindingRank.Amber, "holder-opaque", $"{row.Power.Key()} {path.Base.Holder}", $"{Name(path.Base.Holder)} can {row.Power.Words()} ({what}), and it is {path.Base.Why}.", "Find out who commands this contract and describe it as a module, or take the role from it.");
            }

            foreach (var account in signers.Sets.Where(set => set.Count == 1 && row.Holding.IsOpen).Select(set => set[0]))
            {
                Office(row, account, what);
            }
        }

        // Who may stop in haste must not be able to start again alone.
        var resumes = matrix.Rows.Where(row => row.Power == PowerKind.Resume && row.Holding.IsOpen).SelectMany(row => row.Holding.Signers.Sets).Where(set => set.Count == 1).Select(set => set[0]).ToHashSet();
        foreach (var account in matrix.Rows.Where(row => row.Power == PowerKind.Pause && row.Holding.IsOpen).SelectMany(row => row.Holding.Signers.Sets).Where(set => set.Count == 1).Select(set => set[0]).Distinct().Where(resumes.Contains))
        {
            Add(FindingRank.Red, "pauser-can-resume", account.ToString(), $"{Name(account)} can pause alone and can resume alone: a stolen key undoes a pause.", "Leave resuming to the Safe.");
        }
    }

    private void Office(PowerRow row, Address account, string what)
    {
        if (row.Power is PowerKind.Pause or PowerKind.Operate)
        {
            return;
        }

        var person = People?.Of(account);
        if (string.Equals(NameOf(account), "deployer", StringComparison.OrdinalIgnoreCase) || string.Equals(person?.Name, "deployer", StringComparison.OrdinalIgnoreCase))
        {
            Add(FindingRank.Red, "deployer-holds-power", $"{row.Power.Key()} {account}", $"The deployer {account} can still {row.Power.Words()}: {what}.", "Rotate it away with 'agijobs owner rotate'; a deployer's key has seen too many machines.");
        }
        else if (person is { Duties: [Duty.Operator] })
        {
            Add(FindingRank.Amber, "operator-holds-power", $"{row.Power.Key()} {account}", $"{person.Name} is an operator and can {row.Power.Words()} alone: {what}.", "Operators work with what owners grant them; take the role away, or write the duty into the operators' file.");
        }
    }

    private void Unreadable()
    {
        foreach (var gap in matrix.Gaps.Where(gap => gap.IsUnknown))
        {
            Add(FindingRank.Unknown, "power-unknown", $"{gap.Power.Key()} {gap.Why}", $"Who can {gap.Power.Words()} is not fully known ({Over(gap.Functions)}): {gap.Why}.", "Mend the cause, then run the command again; nothing is assumed in its place.");
        }

        foreach (var (name, reading) in State.Roles.Where(role => !role.Value.IsKnown))
        {
            Add(FindingRank.Unknown, "role-unknown", name, $"Who holds {name} is unknown: {reading.Why}.", "Mend the cause, then run the command again.");
        }

        foreach (var (address, reading) in State.Accounts.Where(account => !account.Value.IsKnown))
        {
            Add(FindingRank.Unknown, "account-unknown", address.ToString(), $"What stands at {Name(address)} is unknown: {reading.Why}.", "Mend the cause, then run the command again.");
        }

        foreach (var module in State.Modules.Values)
        {
            if (!module.CodeHash.IsKnown)
            {
                Add(FindingRank.Unknown, "code-unknown", module.Module.Name, $"The code of {module.Module.Name} is unknown: {module.CodeHash.Why}.", "Check the address in the manifest and the node.");
            }

            if (module.Paused is { IsKnown: false } paused)
            {
                Add(FindingRank.Unknown, "state-unknown", module.Module.Name, $"Whether {module.Module.Name} is paused is unknown: {paused.Why}.", "Mend the cause, then run the command again.");
            }
        }
    }

    private void Safes()
    {
        foreach (var (address, safe) in Known<SafeAccountState>())
        {
            var quorum = string.Create(CultureInfo.InvariantCulture, $"{safe.Threshold} of {safe.Owners.Count}");
            if (safe.Threshold == 1)
            {
                Add(FindingRank.Red, "safe-threshold-one", address.ToString(), $"The Safe {Name(address)} needs one signature ({quorum}): any owner alone has all of its powers.", "Raise its threshold.");
            }
            else if (safe.Threshold * 2 < safe.Owners.Count)
            {
                Add(FindingRank.Amber, "safe-threshold-low", address.ToString(), $"The Safe {Name(address)} needs {quorum}, which is less than half of its owners.", "Raise its threshold.");
            }

            if (!safe.Extensions.TryGet(out var extensions))
            {
                Add(FindingRank.Unknown, "safe-extensions-unknown", address.ToString(), $"What rules the Safe {Name(address)} besides its owners is unknown: {safe.Extensions.Why}.", "Mend the cause, then run the command again.");
            }
            else
            {
                Extensions(address, extensions);
            }

            SamePerson(address, safe);
        }
    }

    private void Extensions(Address address, SafeExtensions extensions)
    {
        foreach (var module in extensions.Modules)
        {
            Add(FindingRank.Red, "safe-module", $"{address} {module}", $"The module {Name(module)} acts in the name of the Safe {Name(address)} without any signature of its owners.", "Unless it is wanted and audited, disable it (disableModule).");
        }

        foreach (var (guard, what) in ((Address?, string)[])[(extensions.Guard, "guard"), (extensions.ModuleGuard, "module guard")])
        {
            if (guard is { } set)
            {
                Add(FindingRank.Amber, "safe-guard", $"{address} {set}", $"The {what} {Name(set)} can refuse what the owners of the Safe {Name(address)} signed, an emergency pause among it.", "Make sure that it is wanted and what it refuses.");
            }
        }

        if (extensions.FallbackHandler is { } handler && SafeContracts.Find(handler) is not { Role: SafeContractRole.FallbackHandler })
        {
            Add(FindingRank.Amber, "safe-fallback-handler", $"{address} {handler}", $"The fallback handler {Name(handler)} of the Safe {Name(address)} is none that the Safe project published; it vouches for signatures in the Safe's name.", "Set a published one (setFallbackHandler).");
        }

        if (extensions.Singleton is { } singleton && SafeContracts.Find(singleton) is not { Role: SafeContractRole.Singleton or SafeContractRole.SingletonL2 })
        {
            Add(FindingRank.Red, "safe-singleton", $"{address} {singleton}", $"The Safe {Name(address)} runs the code of {Name(singleton)}, which is none that the Safe project published.", "Move its powers to a Safe of published code.");
        }
    }

    private void SamePerson(Address address, SafeAccountState safe)
    {
        foreach (var group in safe.Owners.Select(owner => (Owner: owner, Person: People?.Of(owner))).Where(entry => entry.Person is not null).GroupBy(entry => entry.Person!.Name, StringComparer.Ordinal).Where(group => group.Count() > 1))
        {
            var alone = group.Count() >= safe.Threshold;
            Add(alone ? FindingRank.Red : FindingRank.Amber, "same-person", $"{address} {group.Key}", string.Create(CultureInfo.InvariantCulture, $"{group.Key} has {group.Count()} of the {safe.Owners.Count} owners' keys of the Safe {Name(address)}{(alone ? $" and reaches its threshold of {safe.Threshold} alone" : "")}: {string.Join(", ", group.Select(entry => entry.Owner))}."), "Let each owner be another person.");
        }
    }

    private void Accounts()
    {
        var concerned = matrix.Rows.SelectMany(row => row.Holding.Signers.Everybody).Concat(Known<SafeAccountState>().SelectMany(entry => entry.State.Owners)).ToHashSet();
        foreach (var (address, key) in Known<KeyAccount>().Where(entry => entry.State.IsDelegated && concerned.Contains(entry.Address)))
        {
            Add(FindingRank.Red, "owner-delegated", address.ToString(), $"{Name(address)} has powers and runs the code of {(key.Delegate is { } code ? Name(code) : "another contract")} for its own (EIP-7702): whoever that code obeys acts with them.", "Revoke the delegation, or take the powers from this account.");
        }

        foreach (var (address, timelock) in Known<TimelockState>())
        {
            Add(FindingRank.Amber, "timelock-holders", address.ToString(), $"The timelock {Name(address)} does not list who may schedule on it; {timelock.Proposers.Count.ToString(CultureInfo.InvariantCulture)} of the addresses that are known here may, and others may as well.", "Describe it as a module whose roles are replayed from its events (RoleGranted), so that all are known.");
            if (timelock.IsOpen)
            {
                Add(FindingRank.Green, "timelock-open", address.ToString(), $"Anybody may execute what is due on the timelock {Name(address)}.", "Nothing, when that is wanted.");
            }
        }
    }

    private void Roles()
    {
        foreach (var role in State.Protocol.Modules.SelectMany(module => module.Roles))
        {
            if (!State.HoldersOf(role).TryGet(out var holders))
            {
                continue;
            }

            var rank = role.Risk switch { Risk.Red => FindingRank.Red, Risk.Amber => FindingRank.Amber, _ => FindingRank.Green };
            if (manifest.Modules.GetValueOrDefault(role.Module.Name)?.Roles?.GetValueOrDefault(role.Name) is { } wanted)
            {
                foreach (var stray in holders.Except(wanted.Where(address => !address.IsZero)))
                {
                    Add(rank, "holder-not-in-manifest", $"{role.FullName} {stray}", $"{Name(stray)} holds {role.FullName}, and the manifest does not name it: {role.Power}", "Revoke it, or write it into the manifest when it is wanted.");
                }

                foreach (var missing in wanted.Where(address => !address.IsZero).Except(holders))
                {
                    Add(FindingRank.Amber, "manifest-holder-missing", $"{role.FullName} {missing}", $"The manifest names {Name(missing)} for {role.FullName}, and it does not hold it.", "Grant it, or take it out of the manifest.");
                }
            }

            var isPending = role.Module.Roles.Any(other => string.Equals(other.Pending, role.Name, StringComparison.Ordinal));
            if (isPending && holders.Count > 0)
            {
                Add(FindingRank.Amber, "ownership-pending", role.FullName, $"{string.Join(", ", holders.Select(Name))} can become the owner of {role.Module.Name} at any time by accepting.", "Have it accepted, or offer it to the owner again to take the offer back.");
            }
            else if (!isPending && role.IsSingle && holders.Count == 0 && role.IsGranted)
            {
                Add(FindingRank.Amber, "role-empty", role.FullName, $"Nobody holds {role.FullName}: {role.Power}", "When it was not given up on purpose, this cannot be mended by the role itself.");
            }
        }
    }

    // For each module that can be paused: who can stop it at once, and who can let it run again.
    private void Levers()
    {
        var levers = State.Protocol.Modules.SelectMany(module => module.Levers).Select(lever => (Lever: lever, Covered: State.Covered(lever), Authority: matrix.Functions.First(function => function.Function.Module == lever.Module && function.Function.Power is PowerKind.Pause or PowerKind.Resume && string.Equals(function.Function.Signature, lever.Function.Signature, StringComparison.Ordinal)))).ToList();
        foreach (var module in State.Pausable.Select(module => module.Module))
        {
            foreach (var action in (LeverAction[])[LeverAction.Pause, LeverAction.Resume])
            {
                var ways = levers.Where(entry => entry.Lever.Action == action && (!entry.Covered.TryGet(out var covered) || covered.Contains(module.Address))).ToList();
                var open = ways.Where(way => way.Covered.IsKnown).SelectMany(way => way.Authority.Holdings).Where(holding => holding.IsOpen).ToList();
                var verb = action == LeverAction.Pause ? "pause" : "resume";
                if (open.Count == 0)
                {
                    var isUnknown = ways.Any(way => !way.Covered.IsKnown || way.Authority.IsUnknown);
                    Add(isUnknown ? FindingRank.Unknown : FindingRank.Red, $"nobody-can-{verb}", module.Name, $"Nobody that is known can {verb} {module.Name}.", "Give the role that may to a Safe or a key.");
                }
                else if (action == LeverAction.Pause && open.TrueForAll(holding => holding.Path.TotalDelaySeconds > 0))
                {
                    Add(FindingRank.Red, "pause-delayed", module.Name, $"Nobody can pause {module.Name} without a delay.", "Give a guardian or a Safe the right to pause at once.");
                }
            }
        }
    }

    private void Links()
    {
        foreach (var link in State.Protocol.Modules.SelectMany(module => module.Links))
        {
            if (State.Protocol.Modules.FirstOrDefault(module => string.Equals(module.Name, link.Target, StringComparison.Ordinal)) is not { } target || !State.Links.TryGetValue(link.FullName, out var reading))
            {
                continue;
            }

            if (!reading.TryGet(out var there))
            {
                Add(FindingRank.Unknown, "link-unknown", link.FullName, $"Where {link.FullName} points is unknown: {reading.Why}.", "Mend the cause, then run the command again.");
            }
            else if (there != target.Address)
            {
                Add(FindingRank.Red, "link-elsewhere", link.FullName, $"{link.FullName} points {(there.IsZero ? "nowhere" : $"to {Name(there)}")}, and the manifest has {target.Name} at {target.Address}.", link.Setter is null ? "It cannot be set: find out which of the two is right." : $"Set it by {link.Setter.Signature}, or correct the manifest.");
            }
        }
    }

    private void Code()
    {
        foreach (var module in State.Modules.Values)
        {
            if (module.CodeHash.TryGet(out var hash))
            {
                if (manifest.Modules.GetValueOrDefault(module.Module.Name)?.CodeHash is { } wanted && wanted != hash)
                {
                    Add(FindingRank.Red, "code-differs", module.Module.Name, $"The code of {module.Module.Name} hashes to {hash}, and the manifest says {wanted}.", "Find out who exchanged it before anything else is done with it.");
                }
                else if (ExecutedCode.TryGetValue(module.Module.Address, out var executed) && executed.Hash != hash)
                {
                    Add(FindingRank.Red, "code-differs", module.Module.Name, $"The code of {module.Module.Name} hashes to {hash}, and was {executed.Hash} when {executed.Change} was executed.", "Find out who exchanged it before anything else is done with it.");
                }
            }

            if (module.Proxy is { } proxy && proxy.TryGet(out var slots) && slots.IsProxy && !module.Module.Actions.Any(action => action.Category == PowerKind.Upgrade))
            {
                Add(FindingRank.Amber, "proxy-undescribed", module.Module.Name, $"{module.Module.Name} is a proxy (EIP-1967): its code is that of {((slots.Implementation ?? slots.Beacon)?.ToString() ?? "another contract")}, and the description names no function that exchanges it.", "Describe the upgrade as an action with the category upgrade.");
            }
        }
    }

    private void Senders()
    {
        if (BaseFee is not { } fee)
        {
            return;
        }

        // Twice the base fee and two gwei for the tip, as an execution asks for.
        var needed = new Wei(PauseGas * ((fee.Value * 2) + 2_000_000_000));
        foreach (var holder in matrix.Rows.Where(row => row is { Power: PowerKind.Pause, Holding.Path.Base.Kind: PathKind.Key, Holding.IsOpen: true } && row.Holding.Path.Kind != PathKind.Statement).Select(row => row.Holding.Path.Base.Holder).Distinct())
        {
            if (!State.Balances.TryGetValue(holder, out var reading) || !reading.TryGet(out var balance))
            {
                Add(FindingRank.Unknown, "sender-balance-unknown", holder.ToString(), $"Whether {Name(holder)} can pay for an emergency pause is unknown{(reading is null ? "" : $": {reading.Why}")}.", "Write the account into the manifest or among the signers, and mend what keeps its balance from being read.");
            }
            else if (balance.Value < needed.Value)
            {
                Add(FindingRank.Red, "sender-balance", holder.ToString(), $"{Name(holder)} has {balance} and may need {needed} for an emergency pause.", "Send it coin now.");
            }
        }
    }

    private IEnumerable<(Address Address, T State)> Known<T>()
        where T : AccountState => State.Accounts.Where(entry => entry.Value.TryGet(out var known) && known is T).OrderBy(entry => entry.Key).Select(entry => (entry.Key, (T)entry.Value.Value));

    private void Add(FindingRank rank, string code, string subject, string message, string mend) => _findings.Add(new AuthorityFinding(rank, code, subject, message, mend));

    private string Name(Address address) => NameOf(address) is { } name ? $"{name} {address}" : address.ToString();

    private static string Waiting(AuthorityPath path) => path.TotalDelaySeconds == 0 ? "" : $", after {AuthorityText.Delay(path.TotalDelaySeconds)}";

    private static string Over(IReadOnlyList<OfficeFunction> functions) => AuthorityText.Over(functions);
}
