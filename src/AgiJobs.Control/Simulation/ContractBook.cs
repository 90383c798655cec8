using System.Globalization;
using System.Text;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Ethereum.Storage;

namespace AgiJobs.Control.Simulation;

/// <summary>What is known of the contracts that a simulation meets: names, interfaces and variables.</summary>
internal sealed class ContractBook(Protocol protocol, IReadOnlyDictionary<Address, Carrier> carriers, Func<Address, string?> nameOf)
{
    private const int LongestBytes = 36;

    // Places that contracts of any kind use by convention. Sources: EIP-1967, ERC-7201, OpenZeppelin Contracts Upgradeable 5.
    private static readonly StorageLayout Conventions = StorageLayout.Of(
        "address implementation @0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc",
        "address admin @0xb53127684a568b3173ae13b9f8a6016e243e63b6e8ee1178d6a717850b5d6103",
        "address beacon @0xa3f0ad74e5423aebfd80d3ef4346578335a9a72aeaee59ff6cb3582b35133d50",
        $"bool _paused @{Namespace("openzeppelin.storage.Pausable")}",
        $"address _owner @{Namespace("openzeppelin.storage.Ownable")}",
        $"address _pendingOwner @{Namespace("openzeppelin.storage.Ownable2Step")}",
        $"uint64 _initialized @{Namespace("openzeppelin.storage.Initializable")}",
        $"bool _initializing @{Namespace("openzeppelin.storage.Initializable")} +8",
        $"uint256 _status @{Namespace("openzeppelin.storage.ReentrancyGuard")}",
        $"mapping(bytes32 => bytes32) _roles @{Namespace("openzeppelin.storage.AccessControl")}");

    /// <summary>The name of an address; null when it has none.</summary>
    public string? NameOf(Address address) =>
        protocol.At(address)?.Name
        ?? nameOf(address)
        ?? (carriers.TryGetValue(address, out var carrier) ? carrier.Name : SafeContracts.Find(address) is { } published ? $"{published.Role} {published.Version}" : null);

    /// <summary>The name of an address, or the address.</summary>
    public string Called(Address address) => NameOf(address) ?? address.ToString();

    /// <summary>The variables of a contract, places by convention included, and whether its own are known.</summary>
    public (StorageLayout Layout, bool IsKnown) LayoutOf(Address address)
    {
        var own = protocol.At(address)?.Layout ?? (carriers.TryGetValue(address, out var carrier) ? carrier.Layout : null);
        return own is null ? (Conventions, false) : (own.With(Conventions), true);
    }

    /// <summary>A call for people.</summary>
    public string Call(Address? to, ReadOnlySpan<byte> data, CallFrameKind kind = CallFrameKind.Call)
    {
        if (kind is CallFrameKind.Create || to is not { } address)
        {
            return $"a new contract{(to is { } made ? $" at {made}" : "")}";
        }

        if (kind == CallFrameKind.SelfDestruct)
        {
            return $"gives all its coin to {Called(address)} and ends itself";
        }

        var name = Called(address);
        if (data.IsEmpty)
        {
            return $"{name} without calldata";
        }

        if (data.Length < Selector.Size)
        {
            return $"{name} with {Hex.Encode(data)}";
        }

        if (data[..Selector.Size].SequenceEqual(MultiSendSelector))
        {
            try
            {
                return $"{name}.multiSend of {MultiSend.DecodeCall(data, callOnly: false).Count} calls";
            }
            catch (EthereumException)
            {
                // Shown by its selector below.
            }
        }

        foreach (var abi in AbisOf(address))
        {
            if (abi.TryFunction(data, out var function))
            {
                try
                {
                    var arguments = function.DecodeInput(data, allowTrailing: true);
                    return $"{name}.{function.Name}({string.Join(", ", arguments.Select((value, i) => Text(function.Inputs[i].Type, value)))})";
                }
                catch (EthereumException)
                {
                    return $"{name}.{function.Name} with malformed arguments";
                }
            }
        }

        return $"{name}: unknown function {Hex.Encode(data[..Selector.Size])}";
    }

    /// <summary>An event: its bare name and the whole for people; the first topic where it is unknown.</summary>
    public (string Name, string Text) Event(SimulatedLog log)
    {
        Bytes32[] topics = [.. log.Topics];
        foreach (var abi in AbisOf(log.Address))
        {
            if (abi.TryEvent(topics, out var known))
            {
                try
                {
                    var arguments = known.Decode(topics, log.Data.Span);
                    return (known.Name, $"{known.Name}({string.Join(", ", arguments.Select((value, i) => Text(known.Inputs[i].Type, value)))})");
                }
                catch (EthereumException)
                {
                    return (known.Name, $"{known.Name} with malformed data");
                }
            }

            if (topics.Length > 0 && abi.Events.FirstOrDefault(one => one.Topic0 == topics[0]) is { } near)
            {
                return (near.Name, near.Name);
            }
        }

        var unknown = topics.Length > 0 ? topics[0].ToString() : "without topics";
        return (unknown, $"unknown event {unknown}");
    }

    /// <summary>A revert for people: custom errors of any known contract, the Safe's codes with their meaning.</summary>
    public string Revert(ReadOnlySpan<byte> data, string? nodeWords)
    {
        if (data.IsEmpty)
        {
            return nodeWords ?? "reverted without a reason";
        }

        var reason = protocol.Abi.DecodeRevert(data);
        reason = reason.Kind == RevertKind.Unknown ? Carrier.TimelockAbi.DecodeRevert(data) : reason;
        return reason is { Kind: RevertKind.Text, Arguments: { Count: 1 } arguments } && arguments[0] is AbiText text && SafeRevert.Meaning(text.Value) is { } meaning ? $"{text.Value}: {meaning}" : Printable(reason.Text);
    }

    private static ReadOnlySpan<byte> MultiSendSelector => [0x8d, 0x80, 0xff, 0x0a];

    private static string Namespace(string id) => Hex.EncodeQuantity(StorageLayout.NamespaceSlot(id));

    private IEnumerable<ContractAbi> AbisOf(Address address)
    {
        if (protocol.At(address) is { } module)
        {
            yield return module.Abi;
        }

        if (carriers.TryGetValue(address, out var carrier) && carrier.Abi is { } abi)
        {
            yield return abi;
        }

        if (SafeContracts.Find(address) is { Role: SafeContractRole.Singleton or SafeContractRole.SingletonL2 })
        {
            yield return SafeAbi.Safe;
        }

        if (protocol.At(address) is null)
        {
            // What a stranger's contract is called with is still worth a name, and is called unknown by nobody's judgement but a reader's.
            yield return protocol.Abi;
        }
    }

    private string Text(AbiType type, AbiValue value)
    {
        switch (value)
        {
            case AbiAddress address:
                return NameOf(address.Value) ?? address.Value.ToString();
            case AbiBytes bytes when type.Kind == AbiTypeKind.Bytes && bytes.Span.Length > LongestBytes:
                return string.Create(CultureInfo.InvariantCulture, $"{bytes.Span.Length} bytes");
            case AbiList list when type.Kind == AbiTypeKind.Tuple:
                return $"({string.Join(", ", list.Select((item, i) => Text(type.Components[i].Type, item)))})";
            case AbiList list:
                return $"[{string.Join(", ", list.Select(item => Text(type.Element!, item)))}]";
            default:
                return Printable(value.ToString());
        }
    }

    private static string Printable(string text)
    {
        var line = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            line.Append(char.IsControl(c) ? ' ' : c);
        }

        return line.Length <= 500 ? line.ToString() : $"{line.ToString(0, 500)}...";
    }
}
