using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes;

namespace AgiJobs.Control.Observation;

/// <summary>Reads a protocol from the chain: everything at one pinned block, in two round trips after connecting.</summary>
public sealed class ProtocolObserver(EthereumClient client)
{
    private static readonly AbiFunction RoleMembers = AbiFunction.Parse("function getRoleMembers(bytes32 role) view returns (address[])");
    private static readonly AbiFunction SafeVersion = SafeAbi.Safe.Function("VERSION");
    private static readonly AbiFunction SafeOwners = SafeAbi.Safe.Function("getOwners");
    private static readonly AbiFunction SafeThreshold = SafeAbi.Safe.Function("getThreshold");
    private static readonly AbiFunction SafeNonce = SafeAbi.Safe.Function("nonce");

    /// <summary>Reads the state at <paramref name="block"/>.</summary>
    /// <exception cref="EthereumException">
    /// <c>rpc-wrong-chain</c>; <c>block-reorganised</c> when the block left the chain meanwhile. A node that cannot be reached makes readings unknown instead.
    /// </exception>
    public async Task<ProtocolState> ObserveAsync(Protocol protocol, PinnedBlock block, CancellationToken cancellation)
    {
        var reads = block.NewReads();
        var codes = protocol.Modules.ToDictionary(module => module.Name, module => reads.Code(module.Address), StringComparer.Ordinal);
        var paused = protocol.Modules.Where(module => module.Paused is not null).ToDictionary(module => module.Name, module => reads.Call(new ContractCall(module.Address, module.Paused!), values => values[0].AsBoolean()), StringComparer.Ordinal);
        var roles = protocol.Modules.SelectMany(module => module.Roles).Select(role => (
            Role: role,
            // The id of an AccessControl role is by custom the hash of its name, so members are asked for on that guess in the same
            // round trip; the id itself is asked for as well, and a wrong guess makes the role unknown rather than empty.
            Members: reads.Call(role.Holders is { } holders ? new ContractCall(role.Module.Address, holders, [.. role.Arguments]) : new ContractCall(role.Module.Address, RoleMembers, CustomaryId(role)), Members),
            Id: role.AccessControl is { } id ? reads.Call(new ContractCall(role.Module.Address, id), values => values[0].AsBytes32()) : null)).ToList();
        await reads.SendAsync(cancellation).ConfigureAwait(false);

        var modules = protocol.Modules.ToDictionary(
            module => module.Name,
            module => new ModuleState(module, CodeHash(module, codes[module.Name]), module.Paused is null ? null : Read(paused[module.Name], $"{module.Name}.{module.Paused.Signature}")),
            StringComparer.Ordinal);
        var holdersOf = roles.ToDictionary(entry => entry.Role.FullName, entry => Holders(entry.Role, entry.Members, entry.Id), StringComparer.Ordinal);
        var accounts = await AccountsAsync(holdersOf.Values, block, cancellation).ConfigureAwait(false);
        return new ProtocolState(protocol, client.ChainId, block.Header.Number, block.Header.Hash!.Value, modules, holdersOf, accounts, client.RoundTrips);
    }

    private static async Task<Dictionary<Address, Reading<AccountState>>> AccountsAsync(IEnumerable<Reading<IReadOnlyList<Address>>> holders, PinnedBlock block, CancellationToken cancellation)
    {
        var addresses = holders.SelectMany(reading => reading.TryGet(out var known) ? known : []).Where(address => !address.IsZero).Distinct().Order().ToList();
        if (addresses.Count == 0)
        {
            return [];
        }

        var reads = block.NewReads();
        var asked = addresses.ConvertAll(address => new AskedAccount(
            address,
            reads.Code(address),
            reads.Call(Probe(address, SafeVersion), values => values[0].AsText()),
            reads.Call(Probe(address, SafeOwners), Members),
            reads.Call(Probe(address, SafeThreshold), values => values[0].AsInteger()),
            reads.Call(Probe(address, SafeNonce), values => values[0].AsInteger())));
        await reads.SendAsync(cancellation).ConfigureAwait(false);
        return asked.ToDictionary(account => account.Address, StateOf);

        static ContractCall Probe(Address address, AbiFunction function) => new(address, function) { IsProbe = true };
    }

    private static Reading<AccountState> StateOf(AskedAccount account)
    {
        if (!account.Code.TryGet(out var code))
        {
            return Reading.Unknown<AccountState>($"the code of {account.Address}: {account.Code.Error!.Message}");
        }

        var delegated = code is [0xef, 0x01, 0x00, ..];
        if (code.Length == 0 || delegated)
        {
            return Reading.Known<AccountState>(new KeyAccount(delegated));
        }

        if (account.Version.TryGet(out var version) && account.Owners.TryGet(out var owners) && account.Threshold.TryGet(out var threshold) && account.Nonce.TryGet(out var nonce)
            && threshold >= 1 && threshold <= owners.Count)
        {
            return Reading.Known<AccountState>(new SafeAccountState(version, owners, (int)threshold, nonce));
        }

        // A node that failed to answer says nothing about what stands there; only an answer of the contract does.
        return ((PinnedRead[])[account.Version, account.Owners, account.Threshold, account.Nonce]).FirstOrDefault(read => read.Status == ReadStatus.Unknown) is { } failed
            ? Reading.Unknown<AccountState>($"what stands at {account.Address}: {failed.Error!.Message}")
            : Reading.Known<AccountState>(new ContractState());
    }

    // One address, or a list of them; the zero address holds nothing.
    private static IReadOnlyList<Address> Members(AbiArguments values) =>
        values[0] is AbiList list ? [.. list.Select(item => item.AsAddress())] : values[0].AsAddress() is { IsZero: false } one ? [one] : [];

    private static Bytes32 CustomaryId(Role role) =>
        string.Equals(role.AccessControl!.Name, "DEFAULT_ADMIN_ROLE", StringComparison.Ordinal) ? Bytes32.Zero : Keccak256.Hash(role.AccessControl.Name);

    private static Reading<IReadOnlyList<Address>> Holders(Role role, PinnedRead<IReadOnlyList<Address>> members, PinnedRead<Bytes32>? id)
    {
        if (id is not null)
        {
            if (!id.TryGet(out var actual))
            {
                return Reading.Unknown<IReadOnlyList<Address>>($"{role.Module.Name}.{role.AccessControl!.Signature}: {id.Error!.Message}");
            }

            if (actual != CustomaryId(role))
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

    private sealed record AskedAccount(Address Address, PinnedRead<byte[]> Code, PinnedRead<string> Version, PinnedRead<IReadOnlyList<Address>> Owners, PinnedRead<System.Numerics.BigInteger> Threshold, PinnedRead<System.Numerics.BigInteger> Nonce);
}
