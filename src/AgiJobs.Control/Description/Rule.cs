using System.Globalization;
using System.Numerics;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Control.Description;

/// <summary>A rule over several values of one module, which no wave may break: a sum, an order, membership of a role. Immutable.</summary>
public sealed class Rule
{
    private readonly RuleFile _file;
    private readonly Module _module;
    private readonly IReadOnlyList<Parameter> _parameters;

    internal Rule(Module module, RuleFile file, IReadOnlyList<Parameter> parameters)
    {
        _module = module;
        _file = file;
        _parameters = [.. Names(file).Select(name => parameters.First(parameter => string.Equals(parameter.Name, name, StringComparison.Ordinal)))];
    }

    /// <summary>The parameters that it is about.</summary>
    public IReadOnlyList<Parameter> Parameters => _parameters;

    /// <summary>The role that it is about, by name; null when none.</summary>
    public IReadOnlyList<string> Roles => [.. ((string?[])[_file.In, _file.AtMostMembersOf, .. _file.NotIn ?? []]).OfType<string>()];

    /// <summary>The names of the parameters that a rule names.</summary>
    internal static IEnumerable<string> Names(RuleFile file) => [.. file.Sum ?? [], .. file.Order ?? [], .. file.Value is { } value ? new[] { value } : []];

    /// <summary>Why a rule says nothing; null when it does.</summary>
    internal static string? Fault(RuleFile file) =>
        new[] { file.Sum is not null, file.Order is not null, file.Value is not null }.Count(given => given) != 1 ? "a rule is a sum, an order or about one value"
        : file.Sum is not null && file.Exactly is null == file.AtMost is null ? "a sum is exactly or at most something"
        : file.Value is not null && file.In is null && file.NotIn is null && file.AtMostMembersOf is null ? "a rule about a value says in, notIn or atMostMembersOf"
        : null;

    /// <summary>Why the values break the rule; null when they keep it. A zero address, which stands for none, keeps every membership.</summary>
    /// <param name="valueOf">The value of a parameter as it would be; null when it is unknown.</param>
    /// <param name="holdersOf">The holders of a role of the module as they would be; null when they are unknown.</param>
    /// <exception cref="ControlException"><c>rule-unknown</c> (exit 5) when something that it takes is unknown.</exception>
    public string? Problem(Func<Parameter, AbiValue?> valueOf, Func<string, IReadOnlyList<Address>?> holdersOf)
    {
        if (_file.Sum is not null)
        {
            var sum = _parameters.Aggregate(BigInteger.Zero, (total, parameter) => total + Value(parameter).AsInteger());
            var unit = _parameters[0].Unit;
            return _file.Exactly is { } exactly && sum != Number(exactly) ? $"{Together()} sum to {unit.Format(sum)}, and must to {unit.Format(Number(exactly))}"
                : _file.AtMost is { } most && sum > Number(most) ? $"{Together()} sum to {unit.Format(sum)}, and may to {unit.Format(Number(most))} at most"
                : null;
        }

        if (_file.Order is not null)
        {
            for (var index = 1; index < _parameters.Count; index++)
            {
                if (Value(_parameters[index - 1]).AsInteger() > Value(_parameters[index]).AsInteger())
                {
                    return $"{_parameters[index - 1].FullName} = {Text(_parameters[index - 1])} is above {_parameters[index].FullName} = {Text(_parameters[index])}";
                }
            }

            return null;
        }

        var (subject, value) = (_parameters[0], Value(_parameters[0]));
        if (_file.AtMostMembersOf is { } counted)
        {
            return value.AsInteger() > Holders(counted).Count ? $"{subject.FullName} = {subject.Unit.Format(value)} is more than the {Holders(counted).Count} holders of {_module.Name}.{counted}" : null;
        }

        var address = value.AsAddress();
        return address.IsZero ? null
            : _file.NotIn?.FirstOrDefault(role => Holders(role).Contains(address)) is { } forbidden ? $"{subject.FullName} = {address} holds {_module.Name}.{forbidden}, and must not"
            : _file.In is { } wanted && !Holders(wanted).Contains(address) ? $"{subject.FullName} = {address} does not hold {_module.Name}.{wanted}"
            : null;

        AbiValue Value(Parameter parameter) => valueOf(parameter) ?? throw Unknown(parameter.FullName);

        string Text(Parameter parameter) => parameter.Unit.Format(Value(parameter));

        IReadOnlyList<Address> Holders(string role) => holdersOf(role) ?? throw Unknown($"{_module.Name}.{role}");
    }

    /// <summary>The rule in words.</summary>
    public override string ToString() =>
        _file.Sum is not null ? $"{Together()} sum to {(_file.Exactly is { } exactly ? _parameters[0].Unit.Format(Number(exactly)) : $"at most {_parameters[0].Unit.Format(Number(_file.AtMost!))}")}"
        : _file.Order is not null ? string.Join(" <= ", _parameters)
        : _file.AtMostMembersOf is { } counted ? $"{_parameters[0]} is at most the number of holders of {_module.Name}.{counted}"
        : string.Join(" and ", ((string?[])[_file.In is { } wanted ? $"{_parameters[0]} holds {_module.Name}.{wanted}" : null, _file.NotIn is { } roles ? $"{_parameters[0]} holds none of {string.Join(", ", roles.Select(role => $"{_module.Name}.{role}"))}" : null]).OfType<string>());

    private string Together() => string.Join(" and ", _parameters);

    private static BigInteger Number(string text) => BigInteger.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    private ControlException Unknown(string what) => new("rule-unknown", ExitCode.Unknown, $"The rule '{this}' cannot be checked: {what} is unknown.", "Mend the cause, then run the command again.");
}
