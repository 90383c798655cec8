using System.Globalization;
using System.Text;
using AgiJobs.Control;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Planning;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Deployment.Upgrades;

/// <summary>What is to replace a module.</summary>
/// <param name="Module">The module's name.</param>
/// <param name="Artefact">The compiled contract.</param>
/// <param name="Arguments">Constructor arguments by name, as <see cref="ConstructorArguments"/> takes them.</param>
public sealed record UpgradeRequest(string Module, ContractArtefact Artefact, IReadOnlyDictionary<string, string> Arguments);

/// <summary>A module's replacement, as a draft of the wave that brings it about.</summary>
/// <param name="Module">The module in place.</param>
/// <param name="Contract">The contract that replaces it.</param>
/// <param name="Arguments">What its constructor is given.</param>
/// <param name="Draft">The wave: deployment, set-up, wiring.</param>
/// <param name="Manifest">The manifest as it should read afterwards.</param>
/// <param name="Remainder">What does not move.</param>
/// <param name="Findings">What the reader must know besides.</param>
public sealed record UpgradePlan(Module Module, PredictedContract Contract, IReadOnlyList<ConstructorArgument> Arguments, WaveDraft Draft, ManifestProposal Manifest, Remainder Remainder, IReadOnlyList<string> Findings);

/// <summary>
/// Plans the replacement of a module by a patched contract at an address that follows from its content. The new contract is read as it will be once it is deployed, so that only what differs from the module in place is
/// set: parameters, roles, links. Every link and role of other modules that named the old contract names the new one. The order of the calls and their routes are for <see cref="WavePlanner"/>.
/// </summary>
public sealed class UpgradePlanner(EthereumClient client, ProtocolObserver observer, Workspace workspace, string network)
{
    /// <summary>The block from which on a module's events are read.</summary>
    public Func<Module, ulong> Since { get; init; } = _ => 0;

    /// <summary>Plans on the block of <paramref name="block"/>. Sends nothing.</summary>
    /// <exception cref="ControlException">
    /// <c>module-unknown</c>, <c>artefact-lacks</c>, those of <see cref="ConstructorArguments.ResolveAsync"/> (exit 2); <c>upgrade-proxy</c>, <c>upgrade-owner</c>, <c>upgrade-owns</c>, <c>upgrade-link</c>,
    /// those of <see cref="PredictedContract.OfAsync"/> (exit 4); <c>reading-unknown</c> (exit 5).
    /// </exception>
    /// <exception cref="EthereumException"><c>rpc-wrong-chain</c>.</exception>
    public async Task<UpgradePlan> PlanAsync(Protocol protocol, PinnedBlock block, UpgradeRequest request, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(protocol);
        ArgumentNullException.ThrowIfNull(block);
        ArgumentNullException.ThrowIfNull(request);
        var module = protocol[request.Module];
        RequireInterface(module, request.Artefact);
        var state = await observer.ObserveAsync(protocol, block, cancellation).ConfigureAwait(false);
        RequireNoProxy(state, module);
        var arguments = await ConstructorArguments.ResolveAsync(block, module, request.Artefact.Abi.Constructor, request.Arguments, cancellation).ConfigureAwait(false);
        var initCode = request.Artefact.InitCode([.. arguments.Select(argument => argument.Value)]);
        var contract = await PredictedContract.OfAsync(client, block, module.Name, request.Artefact.Abi, SaltOf(state, module, initCode), initCode, cancellation).ConfigureAwait(false);

        // The same protocol with the new contract in the old one's place, on what its deployment leaves.
        var path = workspace.ManifestPath(network);
        var proposal = ManifestProposal.Of(path, await File.ReadAllBytesAsync(path, cancellation).ConfigureAwait(false), module, contract.Address, contract.CodeHash, block.Header.Number);
        var renewed = Protocol.Load(workspace, proposal.Manifest);
        var left = new StateOverrides();
        left.Apply(contract.Left);
        var after = await observer.ObserveAsync(renewed, contract.Stands ? block : block.With(left), cancellation).ConfigureAwait(false);

        var remainder = await Remainder.ReadAsync(client, block, state, module, network, Since, cancellation).ConfigureAwait(false);
        var findings = new List<string>();
        if (state.Modules[module.Name].CodeHash.TryGet(out var now) && now == contract.CodeHash)
        {
            findings.Add($"the new {module.Name} has the code of the one in place: nothing is patched");
        }

        var draft = new WaveDraft(after);
        if (!contract.Stands)
        {
            draft.Add(Deployment(state, module, contract, remainder));
        }

        Own(state, after, draft, module, findings);
        Elsewhere(after, draft, module, contract.Address, findings);
        Files(module, findings);
        findings.Add($"the old {module.Name} stays at {module.Address} and goes on running with nothing pointing to it; pause it on its own if nobody may use it any more");
        return new UpgradePlan(module, contract, arguments, draft, proposal, remainder, findings);
    }

    // The content of the change decides the address: the same upgrade of the same module on the same chain, and no other.
    private static Bytes32 SaltOf(ProtocolState state, Module module, ReadOnlySpan<byte> initCode) =>
        Keccak256.Hash([.. Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"agijobs.upgrade/1\n{state.Protocol.Name}\n{state.ChainId.Value}\n{module.Name}\n{module.Address}\n")), .. Keccak256.Hash(initCode).ToBytes()]);

    // What the description asks of the module, the new contract must answer.
    private static void RequireInterface(Module module, ContractArtefact artefact)
    {
        var needed = new[] { module.Paused }
            .Concat(module.Levers.Select(lever => lever.Function))
            .Concat(module.Roles.SelectMany(role => new[] { role.Holders, role.AccessControl, role.Grant, role.Revoke, role.Accept }))
            .Concat(module.Links.SelectMany(link => new[] { link.Getter, link.Setter }))
            .Concat(module.Parameters.SelectMany(parameter => new[] { parameter.Getter, parameter.Setter }))
            .OfType<AbiFunction>().Select(function => function.Signature)
            .Concat(module.Actions.Select(action => action.Function)).Concat(module.Forwards.Select(forward => forward.Function)).Distinct(StringComparer.Ordinal);
        var has = artefact.Abi.Functions.Select(function => function.Signature).ToHashSet(StringComparer.Ordinal);
        if (needed.Where(signature => !has.Contains(signature)).ToList() is { Count: > 0 } missing)
        {
            throw new ControlException("artefact-lacks", ExitCode.BadInput, $"{artefact.Name} lacks what the description asks of {module.Name}: {string.Join(", ", missing)}.", "Name the artefact of the right contract with --artifact; where the interface is meant to change, change the description first.");
        }
    }

    private static void RequireNoProxy(ProtocolState state, Module module)
    {
        var proxy = state.Modules[module.Name].Proxy ?? Reading.Unknown<ProxySlots>("it was not read");
        if (proxy.Value.IsProxy)
        {
            throw new ControlException("upgrade-proxy", ExitCode.Refused, $"{module.Name} at {module.Address} is a proxy (EIP-1967): its code is exchanged in place, not by another address.", "Deploy the implementation, and have the proxy's administrator call upgradeToAndCall; 'agijobs owner doctor' says who that is.");
        }
    }

    private static Move Deployment(ProtocolState state, Module module, PredictedContract contract, Remainder remainder)
    {
        var code = $"code of the new {module.Name}";
        var kept = state.Protocol[module.Name];
        return new Move
        {
            Contract = "CREATE2 factory",
            Target = PredictedContract.Factory.Address,
            Function = "(salt ++ init code)",
            Arguments = [module.Name, contract.Address.ToString(), contract.Salt.ToString()],
            Calldata = contract.Calldata,
            Callers = [],
            Risk = Risk.Red,
            Purpose = string.Create(CultureInfo.InvariantCulture, $"deploy the new {module.Name} at {contract.Address}, {contract.Size} bytes{(remainder.Migration.Count == 0 ? "" : $"; stays with the old one at {module.Address} and has to be migrated: {string.Join("; ", remainder.Migration)}")}"),
            Order = MoveOrder.Deploy,

            // What is taken over from the module in place must still be so.
            Before = [new Expectation { Subject = $"{code} (none yet)", Target = contract.Address, CodeHash = Keccak256.Hash([]) }, .. Taken(state, kept)],
            After = [new Expectation { Subject = code, Target = contract.Address, CodeHash = contract.CodeHash }],
            Effects =
            [
                new DeclaredEffect { Contract = "CREATE2 factory", Target = PredictedContract.Factory.Address, Emits = [], Writes = [] },
                new DeclaredEffect { Contract = module.Name, Target = contract.Address, Emits = [], Writes = [] },
            ],
            Deploys = new DeployedContract { Module = module.Name, Address = contract.Address, CodeHash = contract.CodeHash },
        };
    }

    private static IEnumerable<Expectation> Taken(ProtocolState state, Module module) =>
        module.Parameters.Where(parameter => !parameter.IsLive && state.Returned.ContainsKey(parameter.FullName)).GroupBy(parameter => Convert.ToHexString(parameter.Call.Calldata.Span)).Select(group => new Expectation
        {
            Subject = string.Join(", ", group.Select(parameter => $"{parameter.FullName} of the old contract = {parameter.Unit.Format(state.ValueOf(parameter).Value)}")),
            Target = module.Address,
            Call = group.First().Call.Calldata.ToArray(),
            Result = group.First().Getter.EncodeOutput([.. state.Returned[group.First().FullName]]),
        });

    // The new contract gets what the old one has: holders of roles, links, parameters, and its pause.
    private static void Own(ProtocolState state, ProtocolState after, WaveDraft draft, Module old, List<string> findings)
    {
        var renewed = after.Protocol[old.Name];
        Address Moved(Address address) => address == old.Address ? renewed.Address : address;
        foreach (var (role, fresh) in old.Roles.Zip(renewed.Roles))
        {
            var wanted = state.HoldersOf(role).Value.Select(Moved).ToList();
            var has = after.HoldersOf(fresh).Value;
            if (wanted.Order().SequenceEqual(has.Order()) || (role.Grant is null && has.Count == 0 && wanted.Count == 0))
            {
                continue;
            }

            if (old.Roles.Any(other => string.Equals(other.Pending, role.Name, StringComparison.Ordinal)))
            {
                findings.Add($"{role.FullName} is {(wanted.Count == 0 ? "nobody" : string.Join(", ", wanted))} and is not taken over: offer it again when this is done");
            }
            else if (role.Pending is not null)
            {
                throw new ControlException("upgrade-owner", ExitCode.Refused, $"The new {old.Name} would belong to {(has.Count == 0 ? "nobody" : string.Join(", ", has))}, and the one in place belongs to {string.Join(", ", wanted)}.", $"Give the constructor's argument for the {role.Name} with --arg, so that it belongs to {string.Join(", ", wanted)} from the start.");
            }
            else if (role.Grant is null)
            {
                findings.Add($"{role.FullName}: no office grants it, so {string.Join(", ", wanted.Except(has))} {(wanted.Count == 1 ? "has" : "have")} to take it anew");
            }
            else if (!(role.IsSingle && IsLink(role)))
            {
                draft.Hold(fresh, wanted);
            }
        }

        foreach (var (link, fresh) in old.Links.Zip(renewed.Links))
        {
            var wanted = Moved(state.Links[link.FullName].Value);
            if (fresh.Setter is null && after.Links[fresh.FullName].Value != wanted)
            {
                throw new ControlException("upgrade-link", ExitCode.Refused, $"{fresh.FullName} of the new contract is fixed to {after.Links[fresh.FullName].Value}, and that of the one in place is {wanted}.", "Give the constructor's argument for it with --arg.");
            }

            draft.Point(fresh, wanted);
        }

        foreach (var (parameter, fresh) in old.Parameters.Zip(renewed.Parameters))
        {
            var value = state.ValueOf(parameter).Value;
            draft.Set(fresh, value is AbiAddress address ? Moved(address.Value) : value);
        }

        if (old.Paused is not null && state.Modules[old.Name].Paused!.Value)
        {
            findings.Add($"{old.Name} is paused, and so will the new one be");
            draft.Pause(renewed);
        }
    }

    // Whoever knew the old contract knows the new one.
    private static void Elsewhere(ProtocolState after, WaveDraft draft, Module old, Address address, List<string> findings)
    {
        foreach (var module in after.Protocol.Modules.Where(module => !string.Equals(module.Name, old.Name, StringComparison.Ordinal)))
        {
            foreach (var link in module.Links.Where(link => link.Setter is not null && after.Links[link.FullName].Value == old.Address))
            {
                draft.Point(link, address);
            }

            foreach (var role in module.Roles.Where(role => after.HoldersOf(role).Value.Contains(old.Address)))
            {
                if (role.IsSingle && IsLink(role))
                {
                    continue;
                }

                if (role.Pending is not null || (role.IsSingle && role.Grant is null))
                {
                    throw new ControlException("upgrade-owns", ExitCode.Refused, $"{old.Name} is {role.FullName}: a contract that owns others cannot be replaced before they belong to somebody else.", $"Hand {role.Module.Name} over first, with 'agijobs owner rotate'.");
                }

                if (role.Grant is null)
                {
                    findings.Add($"the old {old.Name} stays {role.FullName}: no office grants or revokes it");
                    continue;
                }

                // Given before it is taken, so that undoing it restores the order of the list as well.
                draft.Grant(role, address);
                if (role.Revoke is not null && !role.IsSingle)
                {
                    draft.Revoke(role, old.Address);
                }
                else if (!role.IsSingle)
                {
                    findings.Add($"the old {old.Name} stays {role.FullName}: it cannot be revoked");
                }
            }

            foreach (var parameter in module.Parameters.Where(parameter => after.ValueOf(parameter) is var reading && reading.TryGet(out var value) && value is AbiAddress held && held.Value == old.Address))
            {
                draft.Set(parameter, address);
            }
        }
    }

    // A role that is the address that a link holds is set by the link.
    private static bool IsLink(Role role) => role.Module.Links.Any(link => link.Setter is not null && string.Equals(link.Getter.Signature, role.Holders?.Signature, StringComparison.Ordinal));

    private void Files(Module module, List<string> findings)
    {
        var folder = workspace.Locate("config");
        foreach (var path in Directory.Exists(folder) ? Directory.GetFiles(folder, "*.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToArray() : [])
        {
            if (!string.Equals(path, workspace.ManifestPath(network), StringComparison.Ordinal) && File.ReadAllText(path).Contains(module.Address.ToString(), StringComparison.OrdinalIgnoreCase))
            {
                findings.Add($"{Path.GetRelativePath(workspace.Root, path)} names the old {module.Name}, {module.Address}: look whether that is still meant");
            }
        }
    }
}
