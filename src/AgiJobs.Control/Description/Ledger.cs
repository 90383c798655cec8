using System.Globalization;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Calls;

namespace AgiJobs.Control.Description;

/// <summary>A ledger with its views resolved. Immutable.</summary>
public sealed class Ledger
{
    private readonly LedgerFile _file;

    internal Ledger(LedgerFile file, Func<string, Module> modules, IReadOnlyDictionary<string, int> tokens)
    {
        _file = file;
        Module = modules(file.Module);
        Count = file.Count is null ? null : Module.Abi.Function(file.Count);
        Event = file.Event is null ? null : Module.Abi.Event(file.Event);
        Item = Module.Abi.Function(file.Item);
        Columns = [.. file.Columns.Select(column => new LedgerField(column, column.View is null ? null : modules(column.Module ?? file.Module), Item, tokens))];
        Totals = [.. file.Totals.Select(total => (total, Module.Abi.Function(total.View), Columns.First(column => string.Equals(column.Name, total.Column, StringComparison.Ordinal))))];
    }

    /// <summary>The name.</summary>
    public string Name => _file.Name;

    /// <summary>Which question it answers.</summary>
    public LedgerKind Kind => _file.Kind;

    /// <summary>What it lists.</summary>
    public string Title => _file.Title;

    /// <summary>The module that has the items.</summary>
    public Module Module { get; }

    /// <summary>The view that says how many items there are; null when events tell.</summary>
    public AbiFunction? Count { get; }

    /// <summary>The number of the first counted item.</summary>
    public int First => _file.First ?? 1;

    /// <summary>The event that tells of every item; null when they are counted.</summary>
    public AbiEvent? Event { get; }

    /// <summary>The names of the keys.</summary>
    public IReadOnlyList<string> Keys => _file.Keys;

    /// <summary>The view that tells about one item.</summary>
    public AbiFunction Item { get; }

    /// <summary>The columns.</summary>
    public IReadOnlyList<LedgerField> Columns { get; }

    /// <summary>The sums that the contract keeps.</summary>
    public IReadOnlyList<(LedgerTotal File, AbiFunction View, LedgerField Column)> Totals { get; }

    /// <summary>The state of an item by name; null when items have none.</summary>
    /// <exception cref="EthereumException"><c>abi-value</c>.</exception>
    public string? StateOf(AbiArguments item)
    {
        if (_file.State is null)
        {
            return null;
        }

        var number = LedgerField.Member(Item, item, _file.State).AsInteger();
        return number >= 0 && number < _file.States.Count ? _file.States[(int)number] : number.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>True when an item is live: in an open state, or where items have no state with money in it.</summary>
    /// <exception cref="EthereumException"><c>abi-value</c>.</exception>
    public bool IsOpen(AbiArguments item) => StateOf(item) is { } state
        ? _file.Open.Contains(state, StringComparer.Ordinal)
        : Columns.Any(column => column is { IsMoney: true, Call: null, Key: null } && !column.Read(item).AsInteger().IsZero);

    /// <summary>The command that gives an item's money back; null when there is none.</summary>
    public string? Refund(IReadOnlyList<AbiValue> keys, string network) => _file.Refund is null ? null : $"{Keys.Zip(keys).Aggregate(_file.Refund, (text, key) => text.Replace($"{{{key.First}}}", key.Second.ToString(), StringComparison.Ordinal))} --network {network}";

    /// <summary>Why a description of a ledger cannot be right; null when it can.</summary>
    internal static string? Problem(LedgerFile file) =>
        file.Count is null == file.Event is null ? "exactly one of count and event says which items there are"
        : file.Count is not null && file.Keys.Count != 1 ? "counted items have one key"
        : file.State is null != (file.Open.Count == 0) ? "state and open stand together"
        : file.Open.FirstOrDefault(state => !file.States.Contains(state, StringComparer.Ordinal)) is { } state ? $"the state '{state}' is not among its states"
        : file.Totals.FirstOrDefault(total => !file.Columns.Any(column => string.Equals(column.Name, total.Column, StringComparison.Ordinal))) is { } total ? $"the total {total.View} is of the column '{total.Column}', which it does not have"
        : file.Totals.SelectMany(total => total.By).Concat(file.Columns.Select(column => column.Key).OfType<string>()).FirstOrDefault(key => !file.Keys.Contains(key, StringComparer.Ordinal)) is { } key ? $"'{key}' is none of its keys"
        : null;
}

/// <summary>A column of a ledger. Immutable.</summary>
public sealed class LedgerField
{
    private readonly LedgerColumn _file;
    private readonly AbiFunction _view;

    internal LedgerField(LedgerColumn file, Module? module, AbiFunction item, IReadOnlyDictionary<string, int> tokens)
    {
        _file = file;
        Call = module;
        _view = module is null ? item : module.Abi.Function(file.View!);
        Unit = Unit.Of(file.Unit, tokens);
        IsMoney = tokens.ContainsKey(file.Unit) || file.Unit is "wei";
    }

    /// <summary>The heading.</summary>
    public string Name => _file.Name;

    /// <summary>The key that it is; null when it is read.</summary>
    public string? Key => _file.Key;

    /// <summary>The module whose view of the keys it is; null when it comes of the item itself.</summary>
    public Module? Call { get; }

    /// <summary>What it counts.</summary>
    public Unit Unit { get; }

    /// <summary>True when it is an amount of money.</summary>
    public bool IsMoney { get; }

    /// <summary>The call of its own view for an item.</summary>
    public ContractCall CallFor(IReadOnlyList<AbiValue> keys) => new(Call!.Address, _view, [.. keys]);

    /// <summary>Takes the value out of what the view returned.</summary>
    /// <exception cref="EthereumException"><c>abi-value</c>.</exception>
    public AbiValue Read(AbiArguments returned) => _file.Output is { } output ? Member(_view, returned, output) : returned[0];

    /// <summary>Says a value for people.</summary>
    /// <exception cref="EthereumException"><c>abi-value</c>.</exception>
    public string Text(AbiValue value) => _file.Names.Count > 0 && value.AsInteger() is var number && number >= 0 && number < _file.Names.Count ? _file.Names[(int)number] : Unit.Format(value);

    internal static AbiValue Member(AbiFunction view, AbiArguments returned, string output)
    {
        var isStruct = view.Outputs is [{ Type.Components.Count: > 0 }];
        var members = isStruct ? view.Outputs[0].Type.Components : view.Outputs;
        var values = isStruct ? (IReadOnlyList<AbiValue>)(AbiList)returned[0] : [.. returned];
        var index = members.ToList().FindIndex(member => string.Equals(member.Name, output, StringComparison.Ordinal));
        index = index < 0 && int.TryParse(output, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : index;
        return index >= 0 && index < values.Count ? values[index] : throw new EthereumException("abi-value", Fault.BadInput, $"{view.Signature} returns no '{output}'.");
    }
}

/// <summary>A figure with its view resolved. Immutable.</summary>
public sealed class Figure
{
    internal Figure(FigureFile file, Func<string, Module> modules, IReadOnlyDictionary<string, int> tokens)
    {
        Name = file.Name;
        Module = modules(file.Module);
        Unit = Unit.Of(file.Unit, tokens);
        var view = Module.Abi.Function(file.View);
        Call = new ContractCall(Module.Address, view, [.. view.Inputs.Zip(file.Arguments, (input, text) => text.StartsWith('@') ? modules(text[1..]).Address : ArgumentText.Parse(input.Type, text))]);
    }

    /// <summary>What it is, for people.</summary>
    public string Name { get; }

    /// <summary>The module that says it.</summary>
    public Module Module { get; }

    /// <summary>What it counts.</summary>
    public Unit Unit { get; }

    /// <summary>The call that reads it.</summary>
    public ContractCall Call { get; }
}
