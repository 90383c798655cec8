using System.Globalization;
using System.Numerics;
using System.Text.Json;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Calls;

namespace AgiJobs.Control.Description;

/// <summary>A value that the owners may set: how it is read, how it is set, what it counts and what it may be. Immutable.</summary>
public sealed class Parameter
{
    private readonly string? _output;
    private readonly IReadOnlyList<JsonElement> _template;

    internal Parameter(Module module, ParameterFile file, ContractAbi abi, IReadOnlyDictionary<string, int> tokens)
    {
        Module = module;
        Name = file.Name;
        Unit = Unit.Of(file.Unit, tokens);
        Risk = file.Risk;
        Note = file.Note;
        IsLive = file.Live;
        IsBySafe = file.BySafe;
        Callers = file.Callers;
        Category = file.Category ?? PowerKind.ChangeParameters;
        Getter = abi.Function(file.Getter);
        Setter = abi.Function(file.Setter);
        Call = new ContractCall(module.Address, Getter, [.. Getter.Inputs.Zip(file.GetterArguments, (input, text) => ArgumentText.Parse(input.Type, text))]);
        Min = Bound(file.Min);
        Max = Bound(file.Max);
        _output = file.Output;
        _template = file.SetterArguments;
    }

    /// <summary>The contract that holds it.</summary>
    public Module Module { get; }

    /// <summary>Its name within the module.</summary>
    public string Name { get; }

    /// <summary><c>Module.parameter</c>.</summary>
    public string FullName => $"{Module.Name}.{Name}";

    /// <summary>What it counts.</summary>
    public Unit Unit { get; }

    /// <summary>How much a wrong value can do.</summary>
    public Risk Risk { get; }

    /// <summary>A rule that bounds do not say, for people.</summary>
    public string? Note { get; }

    /// <summary>True when the protocol itself moves it.</summary>
    public bool IsLive { get; }

    /// <summary>True when on a public network only a Safe may set it.</summary>
    public bool IsBySafe { get; }

    /// <summary>Roles that may set it.</summary>
    public IReadOnlyList<string> Callers { get; }

    /// <summary>What setting it amounts to.</summary>
    public PowerKind Category { get; }

    /// <summary>The view that returns it.</summary>
    public AbiFunction Getter { get; }

    /// <summary>The function that sets it, which may set others of the module as well.</summary>
    public AbiFunction Setter { get; }

    /// <summary>The call that reads it; equal for parameters that one view returns together.</summary>
    public ContractCall Call { get; }

    /// <summary>The least value in base units; null when there is none.</summary>
    public BigInteger? Min { get; }

    /// <summary>The greatest value in base units; null when there is none.</summary>
    public BigInteger? Max { get; }

    /// <summary>The bounds for people; empty when there are none.</summary>
    public string Bounds => (Min, Max) switch
    {
        ({ } min, { } max) => $"{Unit.Format(min)} to {Unit.Format(max)}",
        ({ } min, null) => $"at least {Unit.Format(min)}",
        (null, { } max) => $"at most {Unit.Format(max)}",
        _ => "",
    };

    /// <summary>Takes the value out of what <see cref="Getter"/> returned.</summary>
    /// <exception cref="EthereumException"><c>abi-value</c> when the view returned something else than described.</exception>
    public AbiValue Read(AbiArguments returned)
    {
        if (_output is null)
        {
            return returned[0];
        }

        var values = Members(returned);
        return values[Index(values)];
    }

    /// <summary>What <see cref="Getter"/> would return with another value of this parameter, all else being as it is.</summary>
    /// <exception cref="EthereumException"><c>abi-value</c>.</exception>
    public AbiArguments With(AbiArguments returned, AbiValue value)
    {
        AbiList Replaced(AbiList values, int index) => new([.. values.Select((item, at) => at == index ? value : item)]);
        var index = _output is null ? 0 : Index(Members(returned));
        return Getter.DecodeOutput(_output is not null && returned is [AbiList list] ? Getter.EncodeOutput(Replaced(list, index)) : Getter.EncodeOutput([.. Replaced(new AbiList([.. returned]), index)]));
    }

    /// <summary>Reads a text with its unit and holds it against the bounds.</summary>
    /// <exception cref="ControlException"><c>value-unit</c>, <c>value-format</c>, <c>value-bounds</c> (exit 2), with the parameter's name.</exception>
    public AbiValue Parse(string text)
    {
        try
        {
            var value = Unit.Parse(text);
            RequireBounds(value);
            return value;
        }
        catch (ControlException problem) when (problem.Code is "value-unit" or "value-format")
        {
            throw new ControlException(problem.Code, problem.Exit, $"{FullName}: {problem.Message}", problem.Mend, problem);
        }
    }

    /// <summary>Holds a value against the bounds.</summary>
    /// <exception cref="ControlException"><c>value-bounds</c> (exit 2).</exception>
    public void RequireBounds(AbiValue value)
    {
        if (Unit.IsNumber && (value.AsInteger() < Min || value.AsInteger() > Max))
        {
            throw new ControlException("value-bounds", ExitCode.BadInput, $"{FullName} = {Unit.Format(value)} is outside its bounds: {Bounds}.", "Write a value within the bounds.");
        }
    }

    /// <summary>The arguments of <see cref="Setter"/>: new values of parameters of the module by name, and for those that the setter sets besides what they are to stay.</summary>
    /// <param name="valueOf">The value of a parameter of the module by name, this one included.</param>
    public IReadOnlyList<AbiValue> Arguments(Func<string, AbiValue> valueOf) => _template.Count == 0
        ? [valueOf(Name)]
        : [.. Setter.Inputs.Zip(_template, (input, part) => Fill(input.Type, part, valueOf))];

    /// <summary>The value that a call of the module gives it; null when the call sets something else.</summary>
    /// <exception cref="EthereumException">When it calls <see cref="Setter"/> with what cannot be read.</exception>
    public AbiValue? SetBy(ReadOnlySpan<byte> calldata)
    {
        if (calldata.Length < 4 || !calldata[..4].SequenceEqual(Setter.Selector.ToBytes()))
        {
            return null;
        }

        // The chain reads a call whose calldata goes on behind its arguments all the same.
        var arguments = Setter.DecodeInput(calldata, allowTrailing: true);
        if (_template.Count == 0)
        {
            return arguments[0];
        }

        AbiValue? found = null;
        for (var index = 0; index < _template.Count; index++)
        {
            if (!Match(Setter.Inputs[index].Type, _template[index], arguments[index], ref found))
            {
                return null;
            }
        }

        return found;
    }

    /// <summary>The parameters of the module that <see cref="Setter"/> sets together, by name, this one included.</summary>
    public IReadOnlyList<string> Together => _template.Count == 0 ? [Name] : [.. _template.SelectMany(Texts).Select(text => string.Equals(text, "$", StringComparison.Ordinal) ? Name : text.StartsWith('@') ? text[1..] : "").Where(name => name.Length > 0)];

    /// <summary><c>Module.parameter</c>.</summary>
    public override string ToString() => FullName;

    private static AbiList Members(AbiArguments returned) => returned is [AbiList list] ? list : new AbiList([.. returned]);

    private int Index(AbiList values)
    {
        var named = Getter.Outputs is [{ Type.Components: { Count: > 0 } members }] ? members : Getter.Outputs;
        var index = named.ToList().FindIndex(member => string.Equals(member.Name, _output, StringComparison.Ordinal));
        index = index < 0 && int.TryParse(_output, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : index;
        return index >= 0 && index < values.Count ? index : throw new EthereumException("abi-value", Fault.BadInput, $"{Getter.Signature} returns no '{_output}'.");
    }

    private AbiValue Fill(AbiType type, JsonElement part, Func<string, AbiValue> valueOf)
    {
        if (part.ValueKind == JsonValueKind.Array)
        {
            return new AbiList([.. part.EnumerateArray().Select((item, index) => Fill(type.Element ?? type.Components[index].Type, item, valueOf))]);
        }

        var text = part.GetString()!;
        return string.Equals(text, "$", StringComparison.Ordinal) ? valueOf(Name) : text.StartsWith('@') ? valueOf(text[1..]) : ArgumentText.Parse(type, text);
    }

    // Fixed arguments tell parameters of one setter apart where the view takes arguments as well.
    private bool Match(AbiType type, JsonElement part, AbiValue value, ref AbiValue? found)
    {
        if (part.ValueKind == JsonValueKind.Array)
        {
            var list = (AbiList)value;
            for (var index = 0; index < list.Count; index++)
            {
                if (!Match(type.Element ?? type.Components[index].Type, part[index], list[index], ref found))
                {
                    return false;
                }
            }

            return true;
        }

        var text = part.GetString()!;
        if (string.Equals(text, "$", StringComparison.Ordinal))
        {
            found = value;
            return true;
        }

        return text.StartsWith('@') || Getter.Inputs.Count == 0 || ArgumentText.Parse(type, text).Equals(value);
    }

    private static IEnumerable<string> Texts(JsonElement argument) =>
        argument.ValueKind == JsonValueKind.Array ? argument.EnumerateArray().SelectMany(Texts) : [argument.GetString() ?? ""];

    private static BigInteger? Bound(string? text) => text is null ? null : BigInteger.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
}
