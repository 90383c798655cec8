using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Control.Observation;

/// <summary>Reads a protocol from the chain: everything at one pinned block, in two round trips after connecting.</summary>
public sealed class ProtocolObserver(EthereumClient client)
{
    private static readonly AbiFunction RoleMembers = AbiFunction.Parse("function getRoleMembers(bytes32 role) view returns (address[])");
    private static readonly AbiFunction SafeVersion = AbiFunction.Parse("function VERSION() view returns (string)");
    private static readonly AbiFunction SafeOwners = AbiFunction.Parse("function getOwners() view returns (address[])");
    private static readonly AbiFunction SafeThreshold = AbiFunction.Parse("function getThreshold() view returns (uint256)");
    private static readonly AbiFunction SafeNonce = AbiFunction.Parse("function nonce() view returns (uint256)");

    /// <summary>Reads the state at <paramref name="head"/>.</summary>
    /// <exception cref="EthereumException"><c>rpc-wrong-chain</c>; a node that cannot be reached makes readings unknown instead.</exception>
    public async Task<ProtocolState> ObserveAsync(Protocol protocol, BlockHeader head, CancellationToken cancellation)
    {
        var hash = head.Hash ?? throw new ControlException("head-pending", ExitCode.Failed, "A block that is not mined yet cannot be observed.");
        var block = BlockReference.At(hash);
        var batch = client.NewBatch();
        var codes = protocol.Modules.ToDictionary(module => module.Name, module => batch.Add(EthRequests.Code(module.Address, block)), StringComparer.Ordinal);
        var paused = protocol.Modules.Where(module => module.Paused is not null).ToDictionary(module => module.Name, module => View(batch, module.Address, module.Paused!.Encode(), block), StringComparer.Ordinal);
        var roles = new List<(Role Role, RpcSlot<byte[]> Answer, RpcSlot<byte[]>? Id)>();
        foreach (var role in protocol.Modules.SelectMany(module => module.Roles))
        {
            // The id of an AccessControl role is by custom the hash of its name, so members are asked for on that guess in the same
            // round trip; the id itself is asked for as well, and a wrong guess makes the role unknown rather than empty.
            roles.Add(role.Holders is { } holders
                ? (role, View(batch, role.Module.Address, holders.Encode([.. role.Arguments]), block), null)
                : (role, View(batch, role.Module.Address, RoleMembers.Encode(CustomaryId(role)), block), View(batch, role.Module.Address, role.AccessControl!.Encode(), block)));
        }

        await batch.SendAsync(cancellation).ConfigureAwait(false);
        var modules = protocol.Modules.ToDictionary(
            module => module.Name,
            module => new ModuleState(module, CodeHash(module, codes[module.Name]), module.Paused is null ? null : Decode(paused[module.Name], module.Paused, values => values[0].AsBoolean(), $"{module.Name}.{module.Paused.Signature}")),
            StringComparer.Ordinal);
        var holdersOf = roles.ToDictionary(entry => entry.Role.FullName, entry => Holders(entry.Role, entry.Answer, entry.Id), StringComparer.Ordinal);
        var accounts = await AccountsAsync(holdersOf.Values, block, cancellation).ConfigureAwait(false);
        return new ProtocolState(protocol, client.ChainId, head.Number, hash, modules, holdersOf, accounts, client.RoundTrips);
    }

    private async Task<Dictionary<Address, Reading<AccountState>>> AccountsAsync(IEnumerable<Reading<IReadOnlyList<Address>>> holders, BlockReference block, CancellationToken cancellation)
    {
        var addresses = holders.SelectMany(reading => reading.TryGet(out var known) ? known : []).Where(address => !address.IsZero).Distinct().Order().ToList();
        if (addresses.Count == 0)
        {
            return [];
        }

        var batch = client.NewBatch();
        var asked = addresses.ConvertAll(address => (
            Address: address,
            Code: batch.Add(EthRequests.Code(address, block)),
            Version: View(batch, address, SafeVersion.Encode(), block),
            Owners: View(batch, address, SafeOwners.Encode(), block),
            Threshold: View(batch, address, SafeThreshold.Encode(), block),
            Nonce: View(batch, address, SafeNonce.Encode(), block)));
        await batch.SendAsync(cancellation).ConfigureAwait(false);
        return asked.ToDictionary(entry => entry.Address, entry =>
        {
            if (!entry.Code.TryGet(out var code))
            {
                return Reading.Unknown<AccountState>($"the code of {entry.Address}: {entry.Code.Error!.Message}");
            }

            var delegated = code is [0xef, 0x01, 0x00, ..];
            if (code.Length == 0 || delegated)
            {
                return Reading.Known<AccountState>(new KeyAccount(delegated));
            }

            var version = Decode(entry.Version, SafeVersion, values => values[0].AsText(), "VERSION()");
            var owners = Decode(entry.Owners, SafeOwners, values => values[0].AsList().Select(owner => owner.AsAddress()).ToList(), "getOwners()");
            var threshold = Decode(entry.Threshold, SafeThreshold, values => values[0].AsInteger(), "getThreshold()");
            var nonce = Decode(entry.Nonce, SafeNonce, values => values[0].AsInteger(), "nonce()");
            var isSafe = version.IsKnown && owners.IsKnown && threshold.IsKnown && nonce.IsKnown && owners.Value.Count > 0 && threshold.Value >= 1 && threshold.Value <= owners.Value.Count;
            if (isSafe)
            {
                return Reading.Known<AccountState>(new SafeAccountState(version.Value, owners.Value, (int)threshold.Value, nonce.Value));
            }

            // A node that failed to answer says nothing about what stands there; only a refusal by the contract does.
            return new[] { entry.Version, entry.Owners, entry.Threshold, entry.Nonce }.FirstOrDefault(slot => slot.Error is not null and not RevertException) is { } failed
                ? Reading.Unknown<AccountState>($"what stands at {entry.Address}: {failed.Error!.Message}")
                : Reading.Known<AccountState>(new ContractState());
        });
    }

    private static RpcSlot<byte[]> View(RpcBatch batch, Address to, byte[] calldata, BlockReference block) =>
        batch.Add(EthRequests.Call(new CallRequest { To = to, Data = calldata }, block));

    private static Bytes32 CustomaryId(Role role) =>
        string.Equals(role.AccessControl!.Name, "DEFAULT_ADMIN_ROLE", StringComparison.Ordinal) ? Bytes32.Zero : Keccak256.Hash(role.AccessControl.Name);

    private static Reading<IReadOnlyList<Address>> Holders(Role role, RpcSlot<byte[]> answer, RpcSlot<byte[]>? id)
    {
        if (id is not null)
        {
            var actual = Decode(id, role.AccessControl!, values => values[0].AsBytes32(), $"{role.Module.Name}.{role.AccessControl!.Signature}");
            if (!actual.IsKnown)
            {
                return Reading.Unknown<IReadOnlyList<Address>>(actual.Why!);
            }

            if (actual.Value != CustomaryId(role))
            {
                return Reading.Unknown<IReadOnlyList<Address>>($"the id of {role.FullName} is {actual.Value}, which is not the hash of its name");
            }
        }

        return Decode<IReadOnlyList<Address>>(answer, role.Holders ?? RoleMembers, values => values[0] is AbiList list ? [.. list.Select(item => item.AsAddress())] : values[0].AsAddress() is { IsZero: false } one ? [one] : [], role.FullName);
    }

    private static Reading<Bytes32> CodeHash(Module module, RpcSlot<byte[]> slot) =>
        !slot.TryGet(out var code) ? Reading.Unknown<Bytes32>($"the code of {module.Name}: {slot.Error!.Message}")
        : code.Length == 0 ? Reading.Unknown<Bytes32>($"{module.Name} has no code at {module.Address}")
        : Reading.Known(Keccak256.Hash(code));

    private static Reading<T> Decode<T>(RpcSlot<byte[]> slot, AbiFunction function, Func<AbiArguments, T> read, string subject)
    {
        if (!slot.TryGet(out var returned))
        {
            return Reading.Unknown<T>($"{subject}: {slot.Error!.Message}");
        }

        try
        {
            return Reading.Known(read(function.DecodeOutput(returned)));
        }
        catch (EthereumException problem)
        {
            return Reading.Unknown<T>($"{subject}: {problem.Message}");
        }
    }
}
