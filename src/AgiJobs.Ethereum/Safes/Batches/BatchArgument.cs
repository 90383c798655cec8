using System.Globalization;
using System.Numerics;
using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Ethereum.Safes.Batches;

/// <summary>
/// Reads the text of an argument as the Transaction Builder does, where its reading is plain. Where upstream would guess (a bare <c>1e18</c> is
/// hexadecimal to it, <c>"false"</c> inside a tuple is true, a number above 2^53 is rounded) the value is refused with the way to write it.
/// Source: apps/tx-builder/src/utils.ts of safe-wallet-monorepo, <c>parseInputValue</c>.
/// </summary>
internal static class BatchArgument
{
    public static AbiValue Read(AbiType type, string text, string name)
    {
        var root = type;
        while (root.Element is { } element)
        {
            root = element;
        }

        if (root.Kind == AbiTypeKind.Tuple || (root.Kind == AbiTypeKind.String && !ReferenceEquals(root, type)))
        {
            return FromScript(type, ScriptReader.Read(text.AsSpan().Trim()), name);
        }

        return ReferenceEquals(root, type) ? FromText(type, text, name) : FromList(type, text.AsSpan().Trim(), name, 0);
    }

    private static AbiValue FromScript(AbiType type, ScriptValue value, string name) => (type.Kind, value) switch
    {
        (AbiTypeKind.DynamicArray or AbiTypeKind.FixedArray, ScriptArray array) => Elements(type, array, name),
        (AbiTypeKind.Tuple, ScriptArray array) when array.Items.Count == type.Components.Count =>
            AbiValue.List([.. array.Items.Select((item, i) => FromScript(type.Components[i].Type, item, Inner(name, type.Components[i].Name, i)))]),
        (AbiTypeKind.Tuple, ScriptArray array) => throw Bad(name, $"it has {array.Items.Count} components; {type.CanonicalName} has {type.Components.Count}"),
        (AbiTypeKind.Tuple, ScriptObject item) => FromObject(type, item, name),
        (AbiTypeKind.Boolean, ScriptFlag flag) => flag.Value,
        (AbiTypeKind.Boolean, _) => throw Bad(name, "inside a tuple a bool must be true or false without quotes, since upstream takes any text as true"),
        (AbiTypeKind.UnsignedInteger or AbiTypeKind.SignedInteger, ScriptNumber number) => number.Value,
        (AbiTypeKind.DynamicArray or AbiTypeKind.FixedArray or AbiTypeKind.Tuple, _) => throw Bad(name, $"a list was expected for {type.CanonicalName}"),
        (_, ScriptText text) => FromText(type, text.Text, name),
        _ => throw Bad(name, $"text in quotes was expected for {type.CanonicalName}"),
    };

    private static AbiValue Elements(AbiType type, ScriptArray array, string name)
    {
        RequireLength(type, array.Items.Count, name);
        return AbiValue.List([.. array.Items.Select((item, i) => FromScript(type.Element!, item, Inner(name, "", i)))]);
    }

    private static AbiValue FromObject(AbiType type, ScriptObject item, string name)
    {
        var names = type.Components.Select(static component => component.Name).ToHashSet(StringComparer.Ordinal);
        var stranger = item.Entries.FirstOrDefault(entry => !names.Contains(entry.Key)).Key;
        if (stranger is not null || names.Count != type.Components.Count)
        {
            throw Bad(name, stranger is not null ? $"'{stranger}' is not a component of it" : "its components have no distinct names, so write it as a list");
        }

        return AbiValue.List([.. type.Components.Select((component, i) =>
            FromScript(component.Type, item[component.Name] ?? throw Bad(name, $"component '{component.Name}' is missing"), Inner(name, component.Name, i)))]);
    }

    // Upstream splits lists by hand: items may be quoted or not, and lists may nest.
    private static AbiValue FromList(AbiType type, ReadOnlySpan<char> text, string name, int depth)
    {
        if (depth > ScriptValue.MaxDepth || text.Length < 2 || text[0] != '[' || text[^1] != ']')
        {
            throw Bad(name, $"a list in brackets was expected for {type.CanonicalName}");
        }

        var items = new List<AbiValue>();
        var body = text[1..^1];
        if (body.Length > 0)
        {
            var start = 0;
            var open = 0;
            for (var i = 0; i <= body.Length; i++)
            {
                if (i == body.Length || (body[i] == ',' && open == 0))
                {
                    var part = body[start..i].Trim();
                    var inner = Inner(name, "", items.Count);
                    items.Add(type.Element!.Element is not null
                        ? FromList(type.Element, part, inner, depth + 1)
                        : FromText(type.Element, Unquote(part, inner), inner));
                    start = i + 1;
                }
                else
                {
                    open += body[i] switch { '[' => 1, ']' => -1, _ => 0 };
                    if (open < 0)
                    {
                        throw Bad(name, "its brackets do not match");
                    }
                }
            }

            if (open != 0)
            {
                throw Bad(name, "its brackets do not match");
            }
        }

        RequireLength(type, items.Count, name);
        return AbiValue.List([.. items]);
    }

    private static AbiValue FromText(AbiType type, string text, string name)
    {
        switch (type.Kind)
        {
            case AbiTypeKind.String:
                return text;
            case AbiTypeKind.Boolean:
                return text.Trim() switch
                {
                    "1" => true,
                    "0" => false,
                    var word when word.Equals("true", StringComparison.OrdinalIgnoreCase) => true,
                    var word when word.Equals("false", StringComparison.OrdinalIgnoreCase) => false,
                    _ => throw Bad(name, "a bool is true or false"),
                };
            case AbiTypeKind.UnsignedInteger or AbiTypeKind.SignedInteger:
                return Integer(text.Trim(), name);
            case AbiTypeKind.Address:
                return BatchText.ReadAddress(text.Trim(), $"Input '{name}'");
            default:
                return Hex.TryDecode(text.Trim(), out var bytes)
                    ? bytes
                    : throw Bad(name, $"{type.CanonicalName} is 0x and whole bytes in hex, not '{Hex.Shorten(text)}'");
        }
    }

    private static BigInteger Integer(string text, string name)
    {
        var negative = text.StartsWith('-');
        var digits = text.AsSpan(negative ? 1 : 0);
        if (digits.Length is > 0 and <= 80 && !digits.ContainsAnyExceptInRange('0', '9'))
        {
            var value = BigInteger.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);
            return negative ? -value : value;
        }

        if (!negative && text.StartsWith("0x", StringComparison.Ordinal))
        {
            return Hex.DecodeQuantity(text);
        }

        throw Bad(name, $"'{Hex.Shorten(text)}' is not a whole number: write decimal digits, or 0x and hex digits. An exponent or bare hex digits are not read, since programs differ on them");
    }

    private static string Unquote(ReadOnlySpan<char> text, string name)
    {
        if (text.Length >= 2 && text[0] is '"' or '\'' && text[^1] == text[0])
        {
            text = text[1..^1];
        }

        return text.IsEmpty || text.ContainsAny('"', '\'')
            ? throw Bad(name, "an item of its list is empty or has quotes inside")
            : text.ToString();
    }

    private static void RequireLength(AbiType type, int count, string name)
    {
        if (type.Kind == AbiTypeKind.FixedArray && type.Size != count)
        {
            throw Bad(name, $"{type.CanonicalName} has {type.Size} items, not {count}");
        }
    }

    private static string Inner(string name, string component, int index) => component.Length > 0 ? $"{name}.{component}" : $"{name}[{index}]";

    private static EthereumException Bad(string name, string what) => EthereumException.BadInput("safe-batch-value", $"The value of input '{Hex.Shorten(name)}' is wrong: {what}.");
}
