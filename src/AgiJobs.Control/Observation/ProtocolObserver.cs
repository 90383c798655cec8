using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Control.Observation;

/// <summary>
/// Reads a protocol from the chain: everything at one pinned block, in two round trips after connecting. Safes that own Safes, and timelocks, that neither the manifest nor
/// <see cref="Hints"/> name take more.
/// </summary>
public sealed class ProtocolObserver(EthereumClient client)
{
    // EIP-1967: keccak256 of eip1967.proxy.implementation, .admin and .beacon, minus one.
    private static readonly Bytes32 ImplementationSlot = Bytes32.Parse("0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc");
    private static readonly Bytes32 AdminSlot = Bytes32.Parse("0xb53127684a568b3173ae13b9f8a6016e243e63b6e8ee1178d6a717850b5d6103");
    private static readonly Bytes32 BeaconSlot = Bytes32.Parse("0xa3f0ad74e5423aebfd80d3ef4346578335a9a72aeaee59ff6cb3582b35133d50");

    private static readonly AbiFunction RoleMembers = AbiFunction.Parse("function getRoleMembers(bytes32 role) view returns (address[])");

    /// <summary>Addresses that may matter besides those of the manifest: the network's Safe, the signers at hand. They are asked about early, and about them timelocks are asked.</summary>
    public IReadOnlyList<Address> Hints { get; init; } = [];

    /// <summary>True reads besides authority and pauses every parameter, link and proxy slot, what rules Safes besides their owners, and balances.</summary>
    public bool Whole { get; init; }

    /// <summary>Views that are read besides, in the same round trips; only with <see cref="Whole"/>. See <see cref="ProtocolState.Besides"/>.</summary>
    public IReadOnlyList<ContractCall> Besides { get; init; } = [];

    /// <summary>Accounts whose balance is read; only with <see cref="Whole"/>.</summary>
    public IReadOnlyList<Address> Senders { get; init; } = [];

    /// <summary>Reads the state at <paramref name="block"/>.</summary>
    /// <exception cref="EthereumException">
    /// <c>rpc-wrong-chain</c>; <c>block-reorganised</c> when the block left the chain meanwhile. A node that cannot be reached makes readings unknown instead.
    /// </exception>
    public async Task<ProtocolState> ObserveAsync(Protocol protocol, PinnedBlock block, CancellationToken cancellation)
    {
        var reads = block.NewReads();
        var survey = new AccountSurvey(protocol, [.. Hints.Concat(protocol.Declared)], Whole);
        survey.AddTo(reads);
        var codes = protocol.Modules.ToDictionary(module => module.Name, module => reads.Code(module.Address), StringComparer.Ordinal);
        var paused = protocol.Modules.Where(module => module.Paused is not null).ToDictionary(module => module.Name, module => reads.Call(new ContractCall(module.Address, module.Paused!), values => values[0].AsBoolean()), StringComparer.Ordinal);
        var roles = protocol.Modules.SelectMany(module => module.Roles).Select(role => (
            Role: role,
            // The id of an AccessControl role is by custom the hash of its name, so members are asked for on that guess in the same
            // round trip; the id itself is asked for as well, and a wrong guess makes the role unknown rather than empty.
            Members: role.Replay is not null ? null : reads.Call(role.Holders is { } holders ? new ContractCall(role.Module.Address, holders, [.. role.Arguments]) : new ContractCall(role.Module.Address, RoleMembers, role.CustomaryId), Members),
            Id: role.AccessControl is { } id ? reads.Call(new ContractCall(role.Module.Address, id), values => values[0].AsBytes32()) : null)).ToList();
        var values = Whole ? protocol.Modules.SelectMany(module => module.Parameters).GroupBy(parameter => (parameter.Module.Address, Convert.ToHexString(parameter.Call.Calldata.Span))).Select(group => (Parameters: group.ToList(), Read: reads.Call(group.First().Call))).ToList() : [];
        var links = Whole ? protocol.Modules.SelectMany(module => module.Links).Select(link => (Link: link, Read: reads.Call(new ContractCall(link.Module.Address, link.Getter), found => found[0].AsAddress()))).ToList() : [];
        var proxies = Whole ? protocol.Modules.ToDictionary(module => module.Name, module => ((PinnedRead<Bytes32>[])[reads.Storage(module.Address, ImplementationSlot), reads.Storage(module.Address, AdminSlot), reads.Storage(module.Address, BeaconSlot)]), StringComparer.Ordinal) : null;
        var balances = Whole ? Senders.Distinct().Order().Select(sender => (Sender: sender, Read: reads.Balance(sender))).ToList() : [];
        var besides = Whole ? Besides.Select(call => (Call: call, Read: reads.Call(call))).ToList() : [];
        await reads.SendAsync(cancellation).ConfigureAwait(false);

        var modules = protocol.Modules.ToDictionary(
            module => module.Name,
            module => new ModuleState(module, CodeHash(module, codes[module.Name]), module.Paused is null ? null : Read(paused[module.Name], $"{module.Name}.{module.Paused.Signature}")) { Proxy = proxies is null ? null : Proxy(module, proxies[module.Name]) },
            StringComparer.Ordinal);
        var holdersOf = roles.Where(entry => entry.Members is not null).ToDictionary(entry => entry.Role.FullName, entry => Holders(entry.Role, entry.Members!, entry.Id), StringComparer.Ordinal);
        await ReplayAsync([.. roles.Where(entry => entry.Members is null).Select(entry => (entry.Role, IdOf(entry.Role, entry.Id)))], holdersOf, block, cancellation).ConfigureAwait(false);
        var behindProxies = modules.Values.SelectMany(module => module.Proxy is { } proxy && proxy.TryGet(out var slots) ? new[] { slots.Admin, slots.Beacon }.OfType<Address>() : []);
        await survey.FollowAsync(holdersOf.Values.SelectMany(reading => reading.TryGet(out var known) ? known : []).Concat(behindProxies), block, cancellation).ConfigureAwait(false);
        return new ProtocolState(protocol, client.ChainId, block.Header.Number, block.Header.Hash!.Value, modules, holdersOf, survey.Accounts, client.RoundTrips)
        {
            Parameters = values.SelectMany(entry => entry.Parameters.Select(parameter => (parameter.FullName, Value: Value(parameter, entry.Read)))).ToDictionary(entry => entry.FullName, entry => entry.Value, StringComparer.Ordinal),
            Returned = values.Where(entry => entry.Read.Status == ReadStatus.Known).SelectMany(entry => entry.Parameters.Select(parameter => (parameter.FullName, entry.Read.Value))).ToDictionary(entry => entry.FullName, entry => entry.Value, StringComparer.Ordinal),
            Links = links.ToDictionary(entry => entry.Link.FullName, entry => Read(entry.Read, entry.Link.FullName), StringComparer.Ordinal),
            Besides = besides.GroupBy(entry => ProtocolState.KeyOf(entry.Call)).ToDictionary(group => group.Key, group => Read(group.First().Read, group.First().Call.ToString())),
            Balances = balances.ToDictionary(entry => entry.Sender, entry => Read(entry.Read, $"the balance of {entry.Sender}")),
        };
    }

    /// <summary>The address that a storage word holds; null for zero.</summary>
    internal static Address? AddressIn(Bytes32 word) => word == Bytes32.Zero ? null : new Address(word.ToBytes().AsSpan(12));

    private static Reading<AbiValue> Value(Parameter parameter, PinnedRead<AbiArguments> read)
    {
        try
        {
            return read.TryGet(out var returned) ? Reading.Known(parameter.Read(returned)) : Reading.Unknown<AbiValue>($"{parameter.FullName}: {read.Error!.Message}");
        }
        catch (EthereumException problem)
        {
            return Reading.Unknown<AbiValue>($"{parameter.FullName}: {problem.Message}");
        }
    }

    private static Reading<ProxySlots> Proxy(Module module, PinnedRead<Bytes32>[] slots) =>
        Array.Find(slots, slot => slot.Status != ReadStatus.Known) is { } failed ? Reading.Unknown<ProxySlots>($"{module.Name}: {failed.Error!.Message}")
        : Reading.Known(new ProxySlots(AddressIn(slots[0].Value), AddressIn(slots[1].Value), AddressIn(slots[2].Value)));

    // One address, or a list of them; the zero address holds nothing.
    internal static IReadOnlyList<Address> Members(AbiArguments values) =>
        values[0] is AbiList list ? [.. list.Select(item => item.AsAddress())] : values[0].AsAddress() is { IsZero: false } one ? [one] : [];

    private static Reading<Bytes32?> IdOf(Role role, PinnedRead<Bytes32>? id) =>
        id is null ? Reading.Known<Bytes32?>(null)
        : id.TryGet(out var known) ? Reading.Known<Bytes32?>(known)
        : Reading.Unknown<Bytes32?>($"{role.Module.Name}.{role.AccessControl!.Signature}: {id.Error!.Message}");

    // Whom events name may hold the role; whether it does the contract says at the pinned block, and one that it does not answer for makes the whole role unknown.
    private async Task ReplayAsync(IReadOnlyList<(Role Role, Reading<Bytes32?> Id)> roles, Dictionary<string, Reading<IReadOnlyList<Address>>> holdersOf, PinnedBlock block, CancellationToken cancellation)
    {
        if (roles.Count == 0)
        {
            return;
        }

        var candidates = await RoleReplay.CandidatesAsync(client, roles, block, cancellation).ConfigureAwait(false);
        var reads = block.NewReads();
        var asked = roles.Select(entry => (entry.Role, Candidates: candidates[entry.Role.FullName], Answers: candidates[entry.Role.FullName].TryGet(out var named)
            ? named.Select(account => (Account: account, Read: reads.Call(entry.Role.Replay!.Confirm(entry.Role.Module, account, entry.Id.Value), values => values[0].AsBoolean()))).ToList()
            : [])).ToList();
        if (reads.Count > 0)
        {
            await reads.SendAsync(cancellation).ConfigureAwait(false);
        }

        foreach (var (role, named, answers) in asked)
        {
            holdersOf[role.FullName] = !named.IsKnown ? named
                : answers.Find(answer => answer.Read.Status != ReadStatus.Known) is { Read: { } failed } ? Reading.Unknown<IReadOnlyList<Address>>($"{role.FullName}: {failed.Subject}: {failed.Error!.Message}")
                : Reading.Known<IReadOnlyList<Address>>([.. answers.Where(answer => answer.Read.Value).Select(answer => answer.Account)]);
        }
    }

    private static Reading<IReadOnlyList<Address>> Holders(Role role, PinnedRead<IReadOnlyList<Address>> members, PinnedRead<Bytes32>? id)
    {
        if (id is not null)
        {
            if (!id.TryGet(out var actual))
            {
                return Reading.Unknown<IReadOnlyList<Address>>($"{role.Module.Name}.{role.AccessControl!.Signature}: {id.Error!.Message}");
            }

            if (actual != role.CustomaryId)
            {
                return Reading.Unknown<IReadOnlyList<Address>>($"the id of {role.FullName} is {actual}, which is not the hash of its name");
            }
        }

        return Read(members, role.FullName);
    }

    private static Reading<Bytes32> CodeHash(Module module, PinnedRead<byte[]> read) =>
        !read.TryGet(out var code) ? Reading.Unknown<Bytes32>($"the code of {module.Name}: {read.Error!.Message}")
        : code.Length == 0 ? Reading.Unknown<Bytes32>($"{module.Name} has no code at {module.Address}")
        : Reading.Known(Keccak256.Hash(code));

    private static Reading<T> Read<T>(PinnedRead<T> read, string subject) =>
        read.TryGet(out var value) ? Reading.Known(value) : Reading.Unknown<T>($"{subject}: {read.Error!.Message}");
}
