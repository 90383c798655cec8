using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace AgiJobs.Ethereum.Abi;

/// <summary>Values in the order of their parameters, addressable by index and by name. Immutable.</summary>
public sealed class AbiArguments : IReadOnlyList<AbiValue>
{
    private readonly AbiValue[] _values;

    internal AbiArguments(IReadOnlyList<AbiParameter> parameters, AbiValue[] values)
    {
        Parameters = parameters;
        _values = values;
    }

    /// <summary>The parameters, as many as there are values.</summary>
    public IReadOnlyList<AbiParameter> Parameters { get; }

    /// <inheritdoc/>
    public int Count => _values.Length;

    /// <summary>The values.</summary>
    public ReadOnlySpan<AbiValue> Values => _values;

    /// <inheritdoc/>
    public AbiValue this[int index] => _values[index];

    /// <summary>The value of the parameter of that name.</summary>
    /// <exception cref="EthereumException"><c>abi-name</c> when none or several bear the name.</exception>
    public AbiValue this[string name] => TryGet(name, out var value)
        ? value
        : throw EthereumException.BadInput(
            "abi-name",
            $"There is not exactly one parameter '{name}' in ({string.Join(", ", Parameters)}).");

    /// <summary>Finds the value of the one parameter of that name; false when none or several bear it.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out AbiValue? value)
    {
        value = null;
        for (var i = 0; i < _values.Length; i++)
        {
            if (name.Length == 0 || !string.Equals(Parameters[i].Name, name, StringComparison.Ordinal))
            {
                continue;
            }

            if (value is not null)
            {
                value = null;
                return false;
            }

            value = _values[i];
        }

        return value is not null;
    }

    /// <inheritdoc/>
    public IEnumerator<AbiValue> GetEnumerator() => ((IEnumerable<AbiValue>)_values).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>
    /// The values for people, as in <c>to: 0x..., amount: 5, calls: [(target: 0x..., data: 0x)]</c>; an unnamed value stands alone.
    /// </summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        WriteAll(text, Parameters, _values);
        return text.ToString();
    }

    private static void WriteAll(StringBuilder text, IReadOnlyList<AbiParameter> parameters, IReadOnlyList<AbiValue> values)
    {
        for (var i = 0; i < values.Count; i++)
        {
            text.Append(i == 0 ? "" : ", ");
            if (parameters[i].Name.Length > 0)
            {
                text.Append(parameters[i].Name).Append(": ");
            }

            Write(text, parameters[i].Type, values[i]);
        }
    }

    private static void Write(StringBuilder text, AbiType type, AbiValue value)
    {
        if (value is not AbiList list)
        {
            value.Write(text);
        }
        else if (type.Kind == AbiTypeKind.Tuple)
        {
            text.Append('(');
            WriteAll(text, type.Components, list);
            text.Append(')');
        }
        else
        {
            text.Append('[');
            for (var i = 0; i < list.Count; i++)
            {
                text.Append(i == 0 ? "" : ", ");
                Write(text, type.Element!, list[i]);
            }

            text.Append(']');
        }
    }
}
