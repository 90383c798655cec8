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
    private static readonly AbiFunction RoleMembers = AbiFunction.Parse("function getRoleMembers(bytes32 role) view returns (address[])");

    /// <summary>Addresses that may matter besides those of the manifest: the network's Safe, the signers at hand. They are asked about early, and about them timelocks are asked.</summary>
    public IReadOnlyList<Address> Hints { get; init; } = [];

    /// <summary>Reads the state at <paramref name="block"/>.</summary>
    /// <exception cref="EthereumException">
    /// <c>rpc-wrong-chain</c>; <c>block-reorganised</c> when the block left the chain meanwhile. A node that cannot be reached makes readings unknown instead.
    /// </exception>
    public async Task<ProtocolState> ObserveAsync(Protocol protocol, PinnedBlock block, CancellationToken cancellation)
    {
        var reads = block.NewReads();
        var survey = new AccountSurvey(protocol, [.. Hints.Concat(protocol.Declared)]);
        survey.AddTo(reads);
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
        await survey.FollowAsync(holdersOf.Values.SelectMany(reading => reading.TryGet(out var known) ? known : []), block, cancellation).ConfigureAwait(false);
        return new ProtocolState(protocol, client.ChainId, block.Header.Number, block.Header.Hash!.Value, modules, holdersOf, survey.Accounts, client.RoundTrips);
    }

    // One address, or a list of them; the zero address holds nothing.
    internal static IReadOnlyList<Address> Members(AbiArguments values) =>
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
}
