using AgiJobs.Control.Description;
using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Control.Drafting;

/// <summary>
/// Drafts the description of one contract from its ABI and what it points to. Only what types and customary names show is placed; bounds are never guessed, and everything that needs a person is a finding.
/// </summary>
internal sealed class ModuleDraft
{
    private static readonly string[] Offices = ["pauser", "pauserManager", "guardian", "keeper", "operator"];

    private readonly SeenContract _contract;
    private readonly IReadOnlyList<SeenContract> _all;
    private readonly List<DraftFinding> _findings;
    private readonly ContractAbi _abi;
    private readonly HashSet<string> _placed = new(StringComparer.Ordinal);
    private readonly List<RoleFile> _roles = [];
    private readonly List<LeverFile> _levers = [];
    private readonly List<LinkFile> _links = [];
    private readonly List<ParameterFile> _parameters = [];
    private readonly List<ForwardFile> _forwards = [];
    private readonly List<ActionFile> _actions = [];

    private ModuleDraft(SeenContract contract, IReadOnlyList<SeenContract> all, List<DraftFinding> findings)
    {
        _contract = contract;
        _all = all;
        _findings = findings;
        _abi = contract.Abi;
    }

    public static ModuleFile Of(SeenContract contract, IReadOnlyList<SeenContract> all, List<DraftFinding> findings) => new ModuleDraft(contract, all, findings).Draft();

    private string? Chief => _roles.Select(role => role.Name).FirstOrDefault(name => name is "owner" or "governance" or "admin");

    private ModuleFile Draft()
    {
        Ownership();
        AccessControl();
        var setters = _abi.Functions.Where(function => !function.IsReadOnly && function.Name.StartsWith("set", StringComparison.Ordinal) && function.Name.Length > 3).ToList();
        setters.ForEach(Members);
        setters.ForEach(Pair);
        FixedLinks();
        var paused = Levers();
        Forwards();
        var left = _abi.Functions.Where(function => !function.IsReadOnly && !_placed.Contains(function.Signature)).Select(function => function.Signature).ToList();
        foreach (var signature in left)
        {
            Find("unplaced", signature, "it stands under participants, as if anybody may call it; move it to actions, parameters or roles if only some may");
        }

        return new ModuleFile
        {
            Name = _contract.Name,
            Purpose = "TODO: what it does.",
            Abi = _contract.AbiName,
            Paused = paused ? "paused()" : null,
            Stopping = paused ? Emitting("Paused(address)") : null,
            Resuming = paused ? Emitting("Unpaused(address)") : null,
            Levers = _levers,
            Forwards = _forwards,
            Roles = _roles,
            Links = _links,
            Parameters = _parameters,
            Actions = _actions,
            Participants = left,
        };
    }

    private void Ownership()
    {
        var owner = View("owner()");
        if (View("governance()") && Has("setGovernance(address)") && (!owner || (_contract.Addresses.TryGetValue("owner()", out var first) && _contract.Addresses.TryGetValue("governance()", out var second) && first == second)))
        {
            _roles.Add(new RoleFile { Name = "governance", Power = "TODO: what it can do.", Holders = "governance()", Grant = Place("setGovernance(address)"), Callers = ["governance"], Risk = Risk.Red });
            if (owner)
            {
                _placed.Add("transferOwnership(address)");
                Find("alias", "owner()", "it returns what governance() returns, so the draft has one role for both");
            }

            return;
        }

        if (!owner)
        {
            return;
        }

        var twoStep = View("pendingOwner()") && Has("acceptOwnership()");
        _roles.Add(new RoleFile
        {
            Name = "owner",
            Power = "TODO: what it can do.",
            Holders = "owner()",
            Grant = Has("transferOwnership(address)") ? Place("transferOwnership(address)") : null,
            Accept = twoStep ? Place("acceptOwnership()") : null,
            Pending = twoStep ? "pendingOwner" : null,
            Risk = Risk.Red,
        });
        if (twoStep)
        {
            _roles.Add(new RoleFile { Name = "pendingOwner", Power = "Becomes the owner by accepting.", Holders = "pendingOwner()", Grant = "transferOwnership(address)", Risk = Risk.Red });
            _actions.Add(new ActionFile { Function = "acceptOwnership()", Power = "Takes over ownership that was offered.", Callers = ["pendingOwner"], Category = PowerKind.Rotate, Risk = Risk.Red });
        }
    }

    private void AccessControl()
    {
        const string grant = "grantRole(bytes32,address)", revoke = "revokeRole(bytes32,address)", confirm = "hasRole(bytes32,address)", granted = "RoleGranted(bytes32,address,address)";
        if (!Has(grant) || !Has(revoke) || !Has(confirm))
        {
            return;
        }

        var ids = _abi.Functions.Where(function => function is { IsReadOnly: true, Inputs: [], Outputs: [{ Type.Kind: AbiTypeKind.FixedBytes }] } && function.Name.EndsWith("_ROLE", StringComparison.Ordinal)).ToList();
        var enumerable = Has("getRoleMembers(bytes32)");
        var @event = _abi.Events.FirstOrDefault(candidate => string.Equals(candidate.Signature, granted, StringComparison.Ordinal));
        if (ids.Count == 0 || (!enumerable && @event is null))
        {
            Find("roles", grant, ids.Count == 0 ? "no view that ends in _ROLE() names a role" : "nothing lists who holds a role, and the ABI lacks RoleGranted");
            return;
        }

        Place(grant);
        Place(revoke);
        var hasAdmin = ids.Exists(id => id.Name is "DEFAULT_ADMIN_ROLE");
        foreach (var id in ids.OrderBy(id => id.Name is "DEFAULT_ADMIN_ROLE" ? 0 : 1).ThenBy(id => id.Name, StringComparer.Ordinal))
        {
            _roles.Add(new RoleFile
            {
                Name = id.Name is "DEFAULT_ADMIN_ROLE" ? "admin" : Camel(id.Name[..^5]),
                Power = "TODO: what it can do.",
                AccessControl = id.Signature,
                Replay = enumerable ? null : new ReplayFile { Events = [new ReplayEventFile { Event = granted, Account = "1", Id = "0" }], Confirm = confirm, ConfirmArguments = ["@id", "$"] },
                Grant = grant,
                Revoke = revoke,
                Callers = hasAdmin ? ["admin"] : Chief is { } chief ? [chief] : [],
                Risk = Risk.Red,
            });
        }

        Find("callers", grant, "each role's callers are the default admin; check getRoleAdmin of each");
    }

    // setX(address,bool), with a view that lists who is in or one that says it of an account.
    private void Members(AbiFunction setter)
    {
        if (Chief is null || setter.Inputs is not [{ Type.Kind: AbiTypeKind.Address }, { Type.Kind: AbiTypeKind.Boolean }] || _placed.Contains(setter.Signature))
        {
            return;
        }

        var name = Lower(setter.Name[3..]);
        string[] plurals = [name + "s", name + "es", name.EndsWith('y') ? name[..^1] + "ies" : name + "s"];
        var list = _abi.Functions.FirstOrDefault(view => view is { IsReadOnly: true, Inputs: [], Outputs: [{ Type.Element.Kind: AbiTypeKind.Address }] } && (plurals.Contains(view.Name, StringComparer.Ordinal) || string.Equals(view.Name, "get" + Upper(plurals[0]), StringComparison.Ordinal)));
        var single = _abi.Functions.FirstOrDefault(view => view is { IsReadOnly: true, Inputs: [{ Type.Kind: AbiTypeKind.Address }], Outputs: [{ Type.Kind: AbiTypeKind.Boolean }] } && (plurals.Contains(view.Name, StringComparer.Ordinal) || string.Equals(view.Name, name, StringComparison.Ordinal) || string.Equals(view.Name, "is" + setter.Name[3..], StringComparison.Ordinal)));
        var @event = _abi.Events.FirstOrDefault(candidate => candidate.Inputs is [{ Type.Kind: AbiTypeKind.Address }, ..] && candidate.Name.StartsWith(setter.Name[3..], StringComparison.Ordinal));
        if (list is null && (single is null || @event is null))
        {
            Find("role", setter.Signature, "it looks like an office, and neither a list of its holders nor a view of one with its event was found");
            return;
        }

        _roles.Add(new RoleFile
        {
            Name = name,
            Power = "TODO: what it can do.",
            Holders = list?.Signature,
            Replay = list is not null ? null : new ReplayFile { Events = [new ReplayEventFile { Event = @event!.Signature, Account = "0" }], Confirm = single!.Signature },
            Grant = Place(setter.Signature),
            GrantArguments = ["$", "true"],
            Revoke = setter.Signature,
            RevokeArguments = ["$", "false"],
            Callers = [Chief],
            Risk = Risk.Red,
        });
    }

    // x() and setX(T).
    private void Pair(AbiFunction setter)
    {
        if (setter.Inputs is not [var input] || _placed.Contains(setter.Signature))
        {
            return;
        }

        var getter = _abi.Functions.FirstOrDefault(view => view.IsReadOnly && view.Inputs.Count == 0 && string.Equals(view.Name, Lower(setter.Name[3..]), StringComparison.Ordinal) && view.Outputs is [var output] && output.Type.Kind == input.Type.Kind);
        if (getter is null || Chief is null)
        {
            return;
        }

        var pointed = _contract.Addresses.TryGetValue(getter.Signature, out var value) ? _all.FirstOrDefault(other => other.Address == value && other != _contract) : null;
        if (pointed is not null)
        {
            _links.Add(new LinkFile { Getter = getter.Signature, Setter = Place(setter.Signature), Module = pointed.Name, Callers = [Chief] });
            if (_levers.Count == 0 && Has("pause()"))
            {
                // Whom a module obeys when it is paused is often one that it points to.
                Find("office", getter.Signature, $"it points to {pointed.Name}; if {pointed.Name} may call this contract, describe it as a role too");
            }

            return;
        }

        if (input.Type.Kind == AbiTypeKind.Address && Offices.Contains(getter.Name, StringComparer.Ordinal))
        {
            _roles.Add(new RoleFile { Name = getter.Name, Power = "TODO: what it can do.", Holders = getter.Signature, Grant = Place(setter.Signature), Callers = [Chief], Risk = Risk.Red });
            return;
        }

        var unit = input.Type.Kind switch
        {
            AbiTypeKind.UnsignedInteger or AbiTypeKind.SignedInteger => "count",
            AbiTypeKind.Address => "address",
            AbiTypeKind.Boolean => "flag",
            AbiTypeKind.String => "text",
            AbiTypeKind.FixedBytes when input.Type.Size == 32 => "bytes32",
            _ => null,
        };
        if (unit is null)
        {
            return;
        }

        _parameters.Add(new ParameterFile { Name = getter.Name, Getter = getter.Signature, Setter = Place(setter.Signature), Callers = [Chief], Unit = unit, Risk = Risk.Red, Note = $"TODO: unit ({unit} by its type alone), bounds, risk." });
        Find("unit", getter.Name, unit is "address" ? "an address that is none of those given: a link, an office or a value" : $"its unit is unknown ({unit} by its type alone), and so are its bounds");
    }

    private void FixedLinks()
    {
        foreach (var (getter, value) in _contract.Addresses.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            if (_all.FirstOrDefault(other => other.Address == value && other != _contract) is { } pointed && !_links.Exists(link => string.Equals(link.Getter, getter, StringComparison.Ordinal)) && !_roles.Exists(role => string.Equals(role.Holders, getter, StringComparison.Ordinal)))
            {
                _links.Add(new LinkFile { Getter = getter, Module = pointed.Name, Callers = Chief is { } chief ? [chief] : [] });
            }
        }
    }

    private bool Levers()
    {
        var paused = _abi.Functions.Any(function => function is { Signature: "paused()", IsReadOnly: true, Outputs: [{ Type.Kind: AbiTypeKind.Boolean }] });
        string[] callers = [.. _roles.Select(role => role.Name).Where(name => name is "pauser" or "guardian").Concat(Chief is { } chief ? [chief] : [])];
        if (callers.Length == 0)
        {
            return paused;
        }

        if (paused)
        {
            Lever(LeverAction.Pause, "pause()", null);
            Lever(LeverAction.Resume, "unpause()", null);
        }

        var covered = _all.Where(other => _links.Exists(link => string.Equals(link.Module, other.Name, StringComparison.Ordinal)) && other.Abi.Functions.Any(function => function.Signature is "paused()")).Select(other => other.Name).ToList();
        if (covered.Count > 0)
        {
            Lever(LeverAction.Pause, "pauseAll()", covered);
            Lever(LeverAction.Resume, "unpauseAll()", covered);
        }

        return paused;

        void Lever(LeverAction action, string function, List<string>? covers)
        {
            if (Has(function) && !_placed.Contains(function))
            {
                _levers.Add(new LeverFile { Action = action, Function = Place(function), Covers = covers, Callers = callers, Idempotent = false });
                Find("callers", function, $"who may call it is taken to be {string.Join(" and ", callers)}{(covers is null ? "" : $", and that it acts on {string.Join(", ", covers)}")}; check it in the source");
            }
        }
    }

    private void Forwards()
    {
        foreach (var function in _abi.Functions.Where(function => function is { IsReadOnly: false, Inputs: [{ Type.Kind: AbiTypeKind.Address }, { Type.Kind: AbiTypeKind.Bytes }] } && (function.Name.StartsWith("execute", StringComparison.Ordinal) || function.Name.StartsWith("forward", StringComparison.Ordinal))))
        {
            if (Chief is { } chief)
            {
                _forwards.Add(new ForwardFile { Function = Place(function.Signature), Callers = [chief] });
                Find("forward", function.Signature, "it is taken to pass on calls in the contract's own name; check it in the source");
            }
        }
    }

    private EffectFile? Emitting(string @event) => _abi.Events.Any(candidate => string.Equals(candidate.Signature, @event, StringComparison.Ordinal)) ? new EffectFile { Emits = [@event] } : null;

    private bool Has(string signature) => _abi.Functions.Any(function => string.Equals(function.Signature, signature, StringComparison.Ordinal));

    private bool View(string signature) => _abi.Functions.Any(function => string.Equals(function.Signature, signature, StringComparison.Ordinal) && ContractSight.IsAddressView(function));

    private string Place(string signature)
    {
        _placed.Add(signature);
        return signature;
    }

    private void Find(string code, string thing, string message) => _findings.Add(new DraftFinding(code, $"{_contract.Name}.{thing}", message));

    private static string Lower(string name) => char.ToLowerInvariant(name[0]) + name[1..];

    private static string Upper(string name) => char.ToUpperInvariant(name[0]) + name[1..];

    private static string Camel(string name)
    {
        var words = name.Split('_', StringSplitOptions.RemoveEmptyEntries);
        return string.Concat(words.Select((word, index) => index == 0 ? word.ToLowerInvariant() : Upper(word.ToLowerInvariant())));
    }
}
