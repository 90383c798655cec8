using System.Globalization;
using AgiJobs.Control.Description;
using AgiJobs.Control.Observation;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Authority;

/// <summary>How the matrix is told to people: names for accounts, paths in words. Texts are the same for the same state.</summary>
public sealed class AuthorityText(AuthorityMatrix matrix, Func<Address, string?> nameOf)
{
    private const int Named = 3;
    private static readonly Unit Seconds = Unit.Of("seconds", new Dictionary<string, int>(StringComparer.Ordinal));

    /// <summary>The matrix.</summary>
    public AuthorityMatrix Matrix => matrix;

    /// <summary>The name of an account, else its address.</summary>
    public string Name(Address address) => nameOf(address) ?? address.ToString();

    /// <summary>Who begins: <c>guardian</c>, <c>Safe</c>, <c>SelfPlayArena, by its own code</c>.</summary>
    public string Who(PowerHolding holding) => holding.Path.Base.Kind switch
    {
        PathKind.Module => $"{Name(holding.Path.Base.Holder)}, by its own code",
        PathKind.Contract => $"contract {Name(holding.Path.Base.Holder)}, commanded by nobody knows whom",
        PathKind.Unknown => $"{Name(holding.Path.Base.Holder)}, unknown what it is",
        _ => Name(holding.Path.Base.Holder),
    };

    /// <summary>The way from there to the function: <c>direct</c>, <c>signs a statement, anybody sends it</c>, <c>SystemPause.executeGovernanceCall</c>.</summary>
    public string Way(AuthorityPath path)
    {
        var parts = new List<string>();
        for (var at = path; at is not null; at = at.Via)
        {
            if (Part(at) is { } part)
            {
                parts.Insert(0, part);
            }
        }

        return parts.Count == 0 ? "direct" : string.Join(" > ", parts);
    }

    /// <summary>How many signatures: <c>1</c>, <c>2 of 3</c>, <c>none</c>.</summary>
    public string Signatures(PowerHolding holding)
    {
        var end = holding.Path.Base;
        return end.Kind switch
        {
            PathKind.Key when holding.Signers.Fewest == 1 => "1",
            PathKind.Safe when matrix.State.AccountAt(end.Holder).TryGet(out var known) && known is SafeAccountState safe => string.Create(CultureInfo.InvariantCulture, $"{safe.Threshold} of {safe.Owners.Count}{(holding.Signers.Fewest != safe.Threshold ? $", {Fewest(holding)}" : "")}{(holding.Signers.IsCapped ? $", more than {SignerSets.Most} choices" : "")}"),
            PathKind.Key => Fewest(holding),
            PathKind.Unknown => "unknown",
            _ => "none",
        };
    }

    /// <summary>The delay: <c>none</c>, <c>2 days</c>.</summary>
    public static string Delay(ulong seconds) => seconds == 0 ? "none" : Seconds.Format(seconds);

    /// <summary>Functions: all of them when they are few, else how many of which modules.</summary>
    public static string Over(IReadOnlyList<OfficeFunction> functions)
    {
        if (functions.Count <= Named)
        {
            return string.Join(", ", functions.Select(function => Bare(function.FullName)));
        }

        var modules = functions.Select(function => function.Module.Name).Distinct(StringComparer.Ordinal).ToList();
        return string.Create(CultureInfo.InvariantCulture, $"{functions.Count} functions of {(modules.Count <= Named ? string.Join(", ", modules) : $"{modules.Count} modules")}");
    }

    /// <summary>The accounts that stand in the matrix, in the order of their addresses, each with what it is.</summary>
    public IReadOnlyList<(Address Address, string Name, string What)> Accounts() => [.. matrix.Rows
        .SelectMany(row => Along(row.Holding.Path).Select(path => path.Holder).Concat(row.Holding.Signers.Everybody))
        .Concat(matrix.State.Accounts.Values.SelectMany(reading => reading.TryGet(out var known) && known is SafeAccountState safe ? safe.Owners : []))
        .Distinct().Order()
        .Select(address => (address, nameOf(address) ?? "", What(address)))];

    /// <summary>What stands at an address, in words.</summary>
    public string What(Address address) => matrix.State.Protocol.At(address) is { } module ? $"module {module.Name}"
        : !matrix.State.AccountAt(address).TryGet(out var known) ? $"unknown: {matrix.State.AccountAt(address).Why}"
        : known switch
        {
            KeyAccount { IsDelegated: true } key => $"key, runs the code of {key.Delegate?.ToString() ?? "another contract"} (EIP-7702)",
            KeyAccount => "key",
            SafeAccountState safe => string.Create(CultureInfo.InvariantCulture, $"Safe {safe.Version}, {safe.Threshold} of {safe.Owners.Count}: {string.Join(", ", safe.Owners.Select(Name))}{Besides(safe)}"),
            TimelockState timelock => $"timelock of {Delay(timelock.DelaySeconds)}",
            ContractState { Owner: { } owner } => $"contract owned by {Name(owner)}",
            _ => "contract",
        };

    /// <summary>A path and what it goes through.</summary>
    internal static IEnumerable<AuthorityPath> Along(AuthorityPath path)
    {
        for (var at = path; at is not null; at = at.Via)
        {
            yield return at;
        }
    }

    private static string Fewest(PowerHolding holding) => string.Create(CultureInfo.InvariantCulture, $"at least {holding.Signers.Fewest} keys");

    private string Besides(SafeAccountState safe) => !safe.Extensions.TryGet(out var extensions) ? $"; modules and guard unknown: {safe.Extensions.Why}"
        : string.Concat(extensions.Modules.Select(module => $"; module {Name(module)}")) + (extensions.Guard is { } guard ? $"; guard {Name(guard)}" : "");

    private string? Part(AuthorityPath path) => path.Kind switch
    {
        PathKind.Statement => "signs a statement, anybody sends it",
        PathKind.SafeModule => $"module of {Name(path.Holder)}, without signatures",
        PathKind.Forwarder => Bare($"{Name(path.Holder)}.{path.Function}"),
        PathKind.Owned => $"owner of {Name(path.Holder)}",
        PathKind.Timelock => $"timelock {Name(path.Holder)}",
        _ => null,
    };

    private static string Bare(string function) => function.IndexOf('(', StringComparison.Ordinal) is > 0 and var end ? function[..end] : function;
}
