using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Ethereum.TypedData;

/// <summary>A member of a struct as its text declares it: <c>Person[] to</c>.</summary>
public sealed record TypedField(string Name, string Type);

/// <summary>A struct of a typed document. Immutable.</summary>
public sealed class TypedStruct
{
    internal TypedStruct(string name, IReadOnlyList<TypedField> fields)
    {
        Name = name;
        Fields = fields;
    }

    /// <summary>The name.</summary>
    public string Name { get; }

    /// <summary>The members in their order.</summary>
    public IReadOnlyList<TypedField> Fields { get; }

    /// <summary>The type with all structs that it uses behind it in alphabetical order: encodeType of EIP-712.</summary>
    public string EncodedType { get; internal set; } = "";

    /// <summary>The hash of <see cref="EncodedType"/>.</summary>
    public Bytes32 TypeHash { get; internal set; }

    internal TypedShape[] Shapes { get; set; } = [];
}

/// <summary>What a member holds: exactly one of the three is set.</summary>
internal sealed record TypedShape(AbiType? Atom, TypedStruct? Struct, TypedShape? Element, int? Length, string Name);

/// <summary>
/// The structs of a typed document and which of them the message is. Every name is resolved and every hash computed when it is made.
/// Recursion is refused (EIP-712 leaves it undefined), so are the aliases <c>uint</c> and <c>int</c>, which EIP-712 does not know.
/// Immutable. Source: EIP-712, "Definition of encodeType".
/// </summary>
public sealed class TypedSchema
{
    private const int MaxStructs = 256;
    private const int MaxFields = 1024;

    private readonly Dictionary<string, TypedStruct> _structs = new(StringComparer.Ordinal);

    internal TypedSchema(string primaryType, IEnumerable<TypedStruct> structs)
    {
        foreach (var one in structs)
        {
            CheckName(one.Name, "struct");
            if (one.Name == TypedDomain.TypeName || AbiType.TryElementary(one.Name, out _))
            {
                throw EthereumException.BadInput(
                    "typed-data-types",
                    $"'{one.Name}' cannot be the name of a struct: it already means something else.");
            }

            if (_structs.Count == MaxStructs || one.Fields.Count > MaxFields)
            {
                throw EthereumException.BadInput(
                    "typed-data-types",
                    $"A document has at most {MaxStructs} structs of at most {MaxFields} members, far more than anybody can review.");
            }

            if (!_structs.TryAdd(one.Name, one))
            {
                throw EthereumException.BadInput("typed-data-types", $"The struct '{one.Name}' is declared twice.");
            }
        }

        foreach (var one in _structs.Values)
        {
            Resolve(one);
        }

        Primary = _structs.TryGetValue(primaryType, out var primary)
            ? primary
            : throw EthereumException.BadInput(
                "typed-data-types",
                $"The primary type '{Hex.Shorten(primaryType)}' is not declared among the types.");
        var clean = new HashSet<TypedStruct>();
        foreach (var one in _structs.Values)
        {
            RefuseRecursion(one, [], clean);
        }

        foreach (var one in _structs.Values)
        {
            one.EncodedType = EncodeType(one);
            one.TypeHash = Keccak256.Hash(one.EncodedType);
        }
    }

    /// <summary>The struct of the message.</summary>
    public TypedStruct Primary { get; }

    /// <summary>All structs that are declared, the domain left out.</summary>
    public IReadOnlyCollection<TypedStruct> Structs => _structs.Values;

    /// <summary>
    /// Reads the text that contracts hash for their type hash, the struct of the message first:
    /// <c>Mail(Person from,Person to,string contents)Person(string name,address wallet)</c>.
    /// </summary>
    /// <exception cref="EthereumException"><c>typed-data-types</c>.</exception>
    public static TypedSchema Parse(string encodedType)
    {
        ArgumentNullException.ThrowIfNull(encodedType);
        var structs = new List<TypedStruct>();
        var rest = encodedType.AsSpan();
        while (!rest.IsEmpty)
        {
            var open = rest.IndexOf('(');
            var close = rest.IndexOf(')');
            if (open <= 0 || close < open || structs.Count > MaxStructs)
            {
                throw EthereumException.BadInput(
                    "typed-data-types",
                    $"'{Hex.Shorten(encodedType)}' is not written as Name(type member,...)Other(type member).");
            }

            var name = rest[..open].ToString();
            var fields = new List<TypedField>();
            var body = rest[(open + 1)..close];
            if (!body.IsEmpty)
            {
                foreach (var range in body.Split(','))
                {
                    var member = body[range];
                    var space = member.IndexOf(' ');
                    fields.Add(space > 0
                        ? new TypedField(member[(space + 1)..].ToString(), member[..space].ToString())
                        : throw EthereumException.BadInput(
                            "typed-data-types",
                            $"'{Hex.Shorten(member.ToString())}' in {Hex.Shorten(name)} is not written as type, one space, name."));
                }
            }

            structs.Add(new TypedStruct(name, fields));
            rest = rest[(close + 1)..];
        }

        return structs.Count == 0
            ? throw EthereumException.BadInput("typed-data-types", "The type is empty: write it as Name(type member,...).")
            : new TypedSchema(structs[0].Name, structs);
    }

    /// <summary>The encoded type of the message.</summary>
    public override string ToString() => Primary.EncodedType;

    private static void CheckName(string name, string what)
    {
        // Names go unquoted into the text that is hashed: one with a comma or bracket could pass for another type.
        if (name.Length is 0 or > 256 || char.IsAsciiDigit(name[0])
            || !name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '$'))
        {
            throw EthereumException.BadInput(
                "typed-data-types",
                $"'{Hex.Shorten(name)}' is no name of a {what}: letters, digits, _ and $, no digit first.");
        }
    }

    private void Resolve(TypedStruct one)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var shapes = new TypedShape[one.Fields.Count];
        for (var i = 0; i < shapes.Length; i++)
        {
            var field = one.Fields[i];
            CheckName(field.Name, "member");
            if (!names.Add(field.Name))
            {
                throw EthereumException.BadInput("typed-data-types", $"{one.Name} has two members '{field.Name}'.");
            }

            shapes[i] = ResolveType(field.Type, one.Name, field.Name);
        }

        one.Shapes = shapes;
    }

    private TypedShape ResolveType(string text, string owner, string member)
    {
        var bracket = text.IndexOf('[', StringComparison.Ordinal);
        var baseName = bracket < 0 ? text : text[..bracket];
        TypedShape shape;
        if (_structs.TryGetValue(baseName, out var inner))
        {
            shape = new TypedShape(null, inner, null, null, baseName);
        }
        else if (AbiType.TryElementary(baseName, out var atom) && atom.CanonicalName == baseName && atom.Kind != AbiTypeKind.Function)
        {
            shape = new TypedShape(atom, null, null, null, baseName);
        }
        else
        {
            throw EthereumException.BadInput(
                "typed-data-types",
                atom is { Kind: not AbiTypeKind.Function }
                    ? $"{owner}.{member}: EIP-712 has no alias '{baseName}'; write {atom.CanonicalName}."
                    : $"{owner}.{member}: '{Hex.Shorten(baseName)}' is neither an atomic type of EIP-712 nor a declared struct.");
        }

        var depth = 0;
        var suffixes = bracket < 0 ? default : text.AsSpan(bracket);
        while (!suffixes.IsEmpty)
        {
            var close = suffixes.IndexOf(']');
            if (suffixes[0] != '[' || close < 0 || !TryLength(suffixes[1..close], out var length) || ++depth > AbiType.MaxDepth)
            {
                throw EthereumException.BadInput("typed-data-types", $"{owner}.{member}: '{Hex.Shorten(text)}' is not an array type.");
            }

            shape = new TypedShape(null, null, shape, length, $"{shape.Name}{suffixes[..(close + 1)]}");
            suffixes = suffixes[(close + 1)..];
        }

        return shape;
    }

    private static bool TryLength(ReadOnlySpan<char> digits, out int? length)
    {
        length = null;
        if (digits.IsEmpty)
        {
            return true;
        }

        if ((digits[0] == '0' && digits.Length > 1)
            || !int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }

        length = number;
        return true;
    }

    // A struct is clean once its whole subtree was walked, so that shared structs are walked once.
    private static void RefuseRecursion(TypedStruct one, List<TypedStruct> path, HashSet<TypedStruct> clean)
    {
        if (clean.Contains(one))
        {
            return;
        }

        if (path.Contains(one))
        {
            throw EthereumException.BadInput(
                "typed-data-recursion",
                $"{string.Join(" -> ", path.Select(static step => step.Name))} -> {one.Name} is recursive, which EIP-712 leaves "
                + "undefined.");
        }

        path.Add(one);
        foreach (var next in Uses(one))
        {
            RefuseRecursion(next, path, clean);
        }

        path.RemoveAt(path.Count - 1);
        clean.Add(one);
    }

    private static IEnumerable<TypedStruct> Uses(TypedStruct one)
    {
        foreach (var shape in one.Shapes)
        {
            if (TryStruct(shape, out var inner))
            {
                yield return inner;
            }
        }
    }

    private static bool TryStruct(TypedShape shape, [NotNullWhen(true)] out TypedStruct? inner)
    {
        while (shape.Element is not null)
        {
            shape = shape.Element;
        }

        inner = shape.Struct;
        return inner is not null;
    }

    private static string EncodeType(TypedStruct one)
    {
        var used = new SortedDictionary<string, TypedStruct>(StringComparer.Ordinal);
        var open = new Stack<TypedStruct>([one]);
        while (open.TryPop(out var next))
        {
            foreach (var inner in Uses(next))
            {
                if (used.TryAdd(inner.Name, inner))
                {
                    open.Push(inner);
                }
            }
        }

        var text = new StringBuilder();
        Append(text, one);
        foreach (var inner in used.Values)
        {
            Append(text, inner);
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, TypedStruct one)
    {
        text.Append(one.Name).Append('(');
        for (var i = 0; i < one.Fields.Count; i++)
        {
            text.Append(i == 0 ? "" : ",").Append(one.Fields[i].Type).Append(' ').Append(one.Fields[i].Name);
        }

        text.Append(')');
    }
}
