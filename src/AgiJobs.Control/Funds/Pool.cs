using AgiJobs.Control.Description;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Calls;

namespace AgiJobs.Control.Funds;

/// <summary>A contract of the protocol that holds a token: the description has a figure of its balance.</summary>
/// <param name="Holder">The contract.</param>
/// <param name="Token">The token's module.</param>
/// <param name="Unit">What its balance counts.</param>
/// <param name="Balance">The call that reads its balance.</param>
public sealed record Pool(Module Holder, Module Token, Unit Unit, ContractCall Balance)
{
    private const string BalanceOf = "balanceOf(address)";

    /// <summary>The event by which a token tells that some of it went from one account to another (ERC-20).</summary>
    public static AbiEvent Transfer { get; } = AbiEvent.Parse("event Transfer(address indexed from, address indexed to, uint256 value)");

    /// <summary>The pools of a protocol, in the description's order.</summary>
    public static IReadOnlyList<Pool> Of(Protocol protocol)
    {
        ArgumentNullException.ThrowIfNull(protocol);
        return
        [
            .. protocol.Figures.Where(figure => protocol.Tokens.ContainsKey(figure.Unit.Name) && string.Equals(figure.Call.Function.Signature, BalanceOf, StringComparison.Ordinal))
                .Select(figure => (Figure: figure, Holder: protocol.At(figure.Call.Function.DecodeInput(figure.Call.Calldata.Span)[0].AsAddress())))
                .Where(entry => entry.Holder is not null)
                .Select(entry => new Pool(entry.Holder!, entry.Figure.Module, entry.Figure.Unit, entry.Figure.Call))
                .DistinctBy(pool => (pool.Holder.Name, pool.Token.Name)),
        ];
    }

    /// <summary>Reads the most that may leave, one amount for each token that the pools hold.</summary>
    /// <returns>The amounts as they are written in a change.</returns>
    /// <exception cref="ControlException"><c>pools-unknown</c> (exit 5) when the description tells no pool; <c>outflow-limit</c> (exit 2) for an amount that is missing, negative, twice, or of another token.</exception>
    public static IReadOnlyList<string> Limits(Protocol protocol, IReadOnlyList<string> amounts)
    {
        ArgumentNullException.ThrowIfNull(amounts);
        var units = Of(protocol).Select(pool => pool.Unit).DistinctBy(unit => unit.Name, StringComparer.Ordinal).ToList();
        if (units.Count == 0)
        {
            throw new ControlException("pools-unknown", ExitCode.Unknown, $"The description of {protocol.Title} tells of no contract what it holds, so nothing can be watched.", "Add figures of balanceOf(address) to the description, or resume without watching.");
        }

        var limits = units.ConvertAll(unit => (Unit: unit, Amounts: amounts.Where(amount => Read(unit, amount) is not null).ToList()));
        return limits.Find(limit => limit.Amounts.Count != 1) is { Unit: { } wrong } || amounts.Count != units.Count
            ? throw new ControlException("outflow-limit", ExitCode.BadInput, $"The pools hold {string.Join(" and ", units.Select(unit => unit.Name))}, and the limit is {(amounts.Count == 0 ? "missing" : string.Join(", ", amounts))}.", $"Give one amount for each: {string.Join(" ", units.Select(unit => $"--max-outflow '100 {unit.Name}'"))}.")
            : limits.ConvertAll(limit => limit.Unit.Format(Read(limit.Unit, limit.Amounts[0])!));
    }

    /// <summary>An amount of a unit; null when it is of another, or negative.</summary>
    internal static AbiValue? Read(Unit unit, string amount)
    {
        try
        {
            return amount.EndsWith(" " + unit.Name, StringComparison.Ordinal) && unit.Parse(amount) is var value && value.AsInteger().Sign >= 0 ? value : null;
        }
        catch (ControlException)
        {
            return null;
        }
    }
}
