using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Control.Drift;

/// <summary>What sort of thing may drift.</summary>
public enum DriftKind
{
    /// <summary>A value that the owners may set.</summary>
    Parameter,

    /// <summary>Whether one account holds a role.</summary>
    Role,

    /// <summary>The address of another module.</summary>
    Link,

    /// <summary>The code at a module's address.</summary>
    Code,

    /// <summary>Whether a module is paused.</summary>
    Pause,

    /// <summary>The contract whose code a proxy runs.</summary>
    Proxy,

    /// <summary>Whether one word, such as an ENS alias, is in a set.</summary>
    Word,

    /// <summary>Whether something is on record.</summary>
    Record,

    /// <summary>A call of which no described view tells the effect.</summary>
    Call,
}

/// <summary>A view of the chain with the name and the unit that the description gives to what it returns.</summary>
/// <param name="Kind">What it is about.</param>
/// <param name="Module">The module.</param>
/// <param name="Subject">Its name: <c>FeePool.burnPct</c>.</param>
/// <param name="Risk">How much a wrong answer can do.</param>
/// <param name="Call">The view's calldata; null for the code itself.</param>
/// <param name="Text">Says for people what was returned; throws <see cref="EthereumException"/> when it is something else.</param>
public sealed record ProtocolView(DriftKind Kind, Module Module, string Subject, Risk Risk, byte[]? Call, Func<byte[], string> Text)
{
    private static readonly AbiFunction RoleMembers = AbiFunction.Parse("function getRoleMembers(bytes32 role) view returns (address[])");

    /// <summary>Every view that the description names, in its order.</summary>
    public static IReadOnlyList<ProtocolView> Of(Protocol protocol) =>
    [
        .. protocol.Modules.SelectMany(module => (IEnumerable<ProtocolView>)
        [
            Code(module),
            .. module.Paused is null ? [] : new[] { Paused(module) },
            .. module.Parameters.Select(Parameter),
            .. module.Roles.Select(Role),
            .. module.Links.Select(Link),
        ]),
    ];

    /// <summary>True when an answer to a call of this contract is about this view.</summary>
    public bool IsOf(Address target, byte[]? call) => Module.Address == target && (Call is null ? call is null : call is not null && Call.AsSpan().SequenceEqual(call));

    internal static ProtocolView Code(Module module) => new(DriftKind.Code, module, $"code of {module.Name}", Risk.Red, null, code => code.Length == 0 ? "no code" : Keccak256.Hash(code).ToString());

    internal static ProtocolView Paused(Module module) => new(DriftKind.Pause, module, $"{module.Name}.{module.Paused!.Signature}", Risk.Red, module.Paused.Encode(), answer => PauseText(module.Paused.DecodeOutput(answer)[0].AsBoolean()));

    internal static ProtocolView Parameter(Parameter parameter) => new(DriftKind.Parameter, parameter.Module, parameter.FullName, parameter.Risk, parameter.Call.Calldata.ToArray(), answer => parameter.Unit.Format(parameter.Read(parameter.Getter.DecodeOutput(answer))));

    internal static ProtocolView Role(Role role) => new(DriftKind.Role, role.Module, role.FullName, role.Risk, CallOf(role), answer => HoldersText(Holders(role, answer)));

    internal static ProtocolView Member(Role role, Address account) => new(DriftKind.Role, role.Module, role.FullName, role.Risk, CallOf(role), answer => MemberText(account, Holders(role, answer).Contains(account)));

    internal static ProtocolView Link(Link link) => new(DriftKind.Link, link.Module, link.FullName, Risk.Red, link.Getter.Encode(), answer => link.Getter.DecodeOutput(answer)[0].AsAddress().ToString());

    internal static string PauseText(bool paused) => paused ? "paused" : "running";

    internal static string MemberText(Address account, bool holds) => holds ? $"{account} holds it" : $"{account} does not hold it";

    internal static IReadOnlyList<Address> Holders(Role role, byte[] answer)
    {
        var returned = (role.Holders ?? RoleMembers).DecodeOutput(answer)[0];
        return returned is AbiList list ? [.. list.Select(item => item.AsAddress())] : returned.AsAddress() is { IsZero: false } one ? [one] : [];
    }

    private static string HoldersText(IReadOnlyList<Address> holders) => holders.Count == 0 ? "nobody" : string.Join(", ", holders.Order());

    internal static byte[] CallOf(Role role) =>
        (role.Holders is { } view ? new ContractCall(role.Module.Address, view, [.. role.Arguments]) : new ContractCall(role.Module.Address, RoleMembers, role.CustomaryId)).Calldata.ToArray();
}
