using System.Globalization;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Control.Description;

/// <summary>How the holders of a role are found from events: which events name an account, and the view that says of an account whether it holds the role. Immutable.</summary>
public sealed class RoleEvents
{
    private readonly IReadOnlyList<(AbiEvent Event, int Account, int? Id)> _events;
    private readonly AbiFunction _confirm;
    private readonly IReadOnlyList<string> _arguments;

    /// <summary>Takes the description.</summary>
    /// <exception cref="EthereumException"><c>abi-unknown</c> and others when the contract has no such event or view, <c>role-events</c> when they cannot tell what they are to.</exception>
    internal RoleEvents(ReplayFile file, ContractAbi abi, bool hasId)
    {
        _events = [.. file.Events.Select(entry => Resolve(entry, abi.Event(entry.Event)))];
        _confirm = abi.Function(file.Confirm);
        _arguments = file.ConfirmArguments.Count > 0 ? file.ConfirmArguments : ["$"];
        if (_events.Count == 0 || _arguments.Count != _confirm.Inputs.Count || _arguments.Count(text => text is "$") != 1 || _confirm.Outputs is not [{ Type.Kind: AbiTypeKind.Boolean }])
        {
            throw new EthereumException("role-events", Fault.BadInput, $"{_confirm} does not say of one account whether it holds the role, with the arguments {string.Join(", ", _arguments)}.");
        }

        if (!hasId && (_arguments.Contains("@id", StringComparer.Ordinal) || _events.Any(entry => entry.Id is not null)))
        {
            throw new EthereumException("role-events", Fault.BadInput, "The events are about a role's id, and no accessControl names the view that returns it.");
        }
    }

    /// <summary>The first topics of the events.</summary>
    public IEnumerable<Bytes32> Topics => _events.Select(entry => entry.Event.Topic0!.Value);

    /// <summary>The account that a log names; null when the log is of another event or role.</summary>
    /// <exception cref="EthereumException"><c>abi-topic</c>, <c>abi-value</c> when the log is not what the ABI says.</exception>
    public Address? AccountIn(LogEntry log, Bytes32? id)
    {
        ArgumentNullException.ThrowIfNull(log);
        foreach (var (@event, account, role) in _events)
        {
            if (log.Topics is [var topic, ..] && topic == @event.Topic0)
            {
                var values = @event.Decode([.. log.Topics], log.Data.Span);
                return role is { } place && values[place].AsBytes32() != id ? null : values[account].AsAddress();
            }
        }

        return null;
    }

    /// <summary>The call that says whether an account holds the role of a module.</summary>
    public ContractCall Confirm(Module module, Address account, Bytes32? id)
    {
        ArgumentNullException.ThrowIfNull(module);
        return new ContractCall(module.Address, _confirm, [.. _confirm.Inputs.Zip(_arguments, (input, text) => text switch
        {
            "$" => account,
            "@id" => id!.Value,
            _ => ArgumentText.Parse(input.Type, text),
        })]);
    }

    private static (AbiEvent Event, int Account, int? Id) Resolve(ReplayEventFile file, AbiEvent @event)
    {
        if (@event.IsAnonymous)
        {
            throw new EthereumException("role-events", Fault.BadInput, $"{@event} is anonymous and cannot be told from others.");
        }

        var account = Place(@event, file.Account, AbiTypeKind.Address);
        return (@event, account, file.Id is { } id ? Place(@event, id, AbiTypeKind.FixedBytes) : null);
    }

    private static int Place(AbiEvent @event, string name, AbiTypeKind kind)
    {
        var place = int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : @event.Inputs.ToList().FindIndex(input => string.Equals(input.Name, name, StringComparison.Ordinal));
        return place >= 0 && place < @event.Inputs.Count && @event.Inputs[place].Type.Kind == kind
            ? place
            : throw new EthereumException("role-events", Fault.BadInput, $"{@event} has no argument '{name}' of the kind that is needed.");
    }
}
