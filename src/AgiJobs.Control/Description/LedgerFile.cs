using System.Text.Json.Serialization;

namespace AgiJobs.Control.Description;

/// <summary>What sort of money a ledger is about.</summary>
[JsonConverter(typeof(LedgerKindConverter))]
public enum LedgerKind
{
    /// <summary>Money that waits for work to be done.</summary>
    Escrow,

    /// <summary>Stake that cannot be withdrawn.</summary>
    Lock,

    /// <summary>Money over which two parties disagree.</summary>
    Dispute,
}

/// <summary>Kinds of ledgers by their lower-case names.</summary>
public sealed class LedgerKindConverter() : JsonStringEnumConverter<LedgerKind>(System.Text.Json.JsonNamingPolicy.CamelCase, allowIntegerValues: false);

/// <summary>Live money item by item: how the items are found, what each says, and which totals of the contract they must add up to.</summary>
public sealed record LedgerFile
{
    /// <summary>The ledger's name.</summary>
    public required string Name { get; init; }

    /// <summary>Which question it answers: <c>owner escrows</c>, <c>owner locks</c>, <c>owner disputes</c>.</summary>
    public required LedgerKind Kind { get; init; }

    /// <summary>What it lists, for people.</summary>
    public required string Title { get; init; }

    /// <summary>The module that has the items.</summary>
    public required string Module { get; init; }

    /// <summary>The view that says how many items there are, numbered from <see cref="First"/>; absent when <see cref="Event"/> says which there are.</summary>
    public string? Count { get; init; }

    /// <summary>The number of the first counted item; 1 when absent.</summary>
    public int? First { get; init; }

    /// <summary>The event that tells of every item; absent when <see cref="Count"/> says how many there are.</summary>
    public string? Event { get; init; }

    /// <summary>What identifies an item, in the order of the item view's arguments: one name for counted items, names of the event's arguments otherwise.</summary>
    public required IReadOnlyList<string> Keys { get; init; }

    /// <summary>The view of the keys that tells about one item.</summary>
    public required string Item { get; init; }

    /// <summary>The output that holds an item's state as a number; absent when every item with money in it is live.</summary>
    public string? State { get; init; }

    /// <summary>The names of the states, by number.</summary>
    public IReadOnlyList<string> States { get => field ?? []; init; }

    /// <summary>The states in which an item is live.</summary>
    public IReadOnlyList<string> Open { get => field ?? []; init; }

    /// <summary>What is shown of an item besides its keys.</summary>
    public required IReadOnlyList<LedgerColumn> Columns { get; init; }

    /// <summary>What the contract itself says that the items add up to.</summary>
    public IReadOnlyList<LedgerTotal> Totals { get => field ?? []; init; }

    /// <summary>The command that gives the money back, <c>{key}</c> standing for a key; absent when there is none.</summary>
    public string? Refund { get; init; }
}

/// <summary>A column of a ledger: a key, an output of the item view, or what another view of the keys returns.</summary>
public sealed record LedgerColumn
{
    /// <summary>Its heading.</summary>
    public required string Name { get; init; }

    /// <summary>The output, by name or number; absent for the only one, and for a key.</summary>
    public string? Output { get; init; }

    /// <summary>The key that it is; absent when it is read.</summary>
    public string? Key { get; init; }

    /// <summary>Another view of the keys; absent for the item view.</summary>
    public string? View { get; init; }

    /// <summary>The module of <see cref="View"/>; absent for the ledger's own.</summary>
    public string? Module { get; init; }

    /// <summary>The unit, as in <see cref="ParameterFile.Unit"/>.</summary>
    public required string Unit { get; init; }

    /// <summary>Names of the values by number, for enumerations.</summary>
    public IReadOnlyList<string> Names { get => field ?? []; init; }
}

/// <summary>A sum that the contract keeps itself. A difference is a finding.</summary>
public sealed record LedgerTotal
{
    /// <summary>The column that adds up.</summary>
    public required string Column { get; init; }

    /// <summary>The view that says the sum.</summary>
    public required string View { get; init; }

    /// <summary>Keys that are the view's arguments: then items that have them in common add up.</summary>
    public IReadOnlyList<string> By { get => field ?? []; init; }

    /// <summary>The output, by name or number; absent for the only one.</summary>
    public string? Output { get; init; }
}

/// <summary>A number that says what is going on: a counter, a pool's balance.</summary>
public sealed record FigureFile
{
    /// <summary>What it is, for people.</summary>
    public required string Name { get; init; }

    /// <summary>The module.</summary>
    public required string Module { get; init; }

    /// <summary>The view.</summary>
    public required string View { get; init; }

    /// <summary>Its arguments as text; <c>@Module</c> is a module's address.</summary>
    public IReadOnlyList<string> Arguments { get => field ?? []; init; }

    /// <summary>The unit, as in <see cref="ParameterFile.Unit"/>.</summary>
    public required string Unit { get; init; }
}
