using System.Reflection;
using System.Text.RegularExpressions;

namespace AgiJobs.Precompile;

/// <summary>Finds types and methods by the names that the runtime writes, in its own assemblies and in those of a folder.</summary>
internal sealed partial class TypeNames
{
    private const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<string, Type> Short = new(StringComparer.Ordinal)
    {
        ["bool"] = typeof(bool),
        ["char"] = typeof(char),
        ["byte"] = typeof(byte),
        ["sbyte"] = typeof(sbyte),
        ["short"] = typeof(short),
        ["ushort"] = typeof(ushort),
        ["int"] = typeof(int),
        ["uint"] = typeof(uint),
        ["long"] = typeof(long),
        ["ulong"] = typeof(ulong),
        ["nint"] = typeof(nint),
        ["nuint"] = typeof(nuint),
        ["float"] = typeof(float),
        ["double"] = typeof(double),
        ["System.__Canon"] = typeof(AnyReference),
    };

    private readonly List<Assembly> _assemblies = [typeof(object).Assembly];
    private readonly Dictionary<string, Type?> _types = new(StringComparer.Ordinal);
    private readonly HashSet<Type> _enums = [];

    /// <summary>Opens the assemblies.</summary>
    public TypeNames(string folder)
    {
        foreach (var path in Directory.GetFiles(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "System*.dll").Concat(Directory.GetFiles(folder, "*.dll")))
        {
            try
            {
                _assemblies.Add(Assembly.LoadFrom(path));
            }
            catch (Exception problem) when (problem is BadImageFormatException or FileLoadException or FileNotFoundException)
            {
                // A native library, or one that is open already.
            }
        }
    }

    /// <summary>The methods that an entry means; none when there are no such any more.</summary>
    public IReadOnlyList<MethodBase> Find(ListedMethod entry)
    {
        if (TypeOf(entry.Type) is not { } type || ArgumentsOf(entry.Arguments) is not { } arguments)
        {
            return [];
        }

        try
        {
            return entry.Name is ".ctor" or ".cctor"
                ? [.. type.GetConstructors(All).Where(constructor => string.Equals(constructor.Name, entry.Name, StringComparison.Ordinal))]
                : [.. type.GetMethods(All).Where(method => !method.IsAbstract && string.Equals(Loose(method.Name), Loose(entry.Name), StringComparison.Ordinal)).SelectMany(method => Made(method, arguments))];
        }
        catch (Exception problem) when (problem is TypeLoadException or FileNotFoundException)
        {
            return [];
        }
    }

    private IEnumerable<MethodInfo> Made(MethodInfo method, Type[] arguments)
    {
        if (!method.IsGenericMethodDefinition)
        {
            return arguments.Length == 0 ? [method] : [];
        }

        var parameters = method.GetGenericArguments();
        // The compiler's list calls every enum by its number type: all enums of the list are meant then.
        var filled = parameters is [var only] && arguments is [{ IsPrimitive: true }] && only.GetGenericParameterConstraints().Contains(typeof(Enum)) ? _enums.Select(type => new[] { type })
            : parameters.Length == arguments.Length ? [Fill(parameters, arguments)]
            : [];
        return filled.Select(chosen => Attempt(() => method.MakeGenericMethod(chosen))).OfType<MethodInfo>();
    }

    private Type? TypeOf(string name)
    {
        if (!_types.TryGetValue(name, out var type))
        {
            _types[name] = type = Resolve(name);
            if (type is { IsEnum: true })
            {
                _enums.Add(type);
            }
        }

        return type;
    }

    private Type? Resolve(string name)
    {
        if (Short.TryGetValue(name, out var known))
        {
            return known;
        }

        if (name.EndsWith("[]", StringComparison.Ordinal))
        {
            return TypeOf(name[..^2]) is { } element ? (element == typeof(AnyReference) ? typeof(object) : element).MakeArrayType() : null;
        }

        var open = name.EndsWith(']') ? name.IndexOf('[', StringComparison.Ordinal) : -1;
        var plain = Plain(open < 0 ? name : name[..open]);
        return plain is null || open < 0 ? plain
            : ArgumentsOf(name[(open + 1)..^1]) is { } arguments && plain.GetGenericArguments() is var parameters && parameters.Length == arguments.Length ? Attempt(() => plain.MakeGenericType(Fill(parameters, arguments)))
            : null;
    }

    private Type? Plain(string name) =>
        _assemblies.Select(assembly => assembly.GetType(name)).FirstOrDefault(type => type is not null)
        ?? (name.Split('+') is [var outer, .. { Length: > 0 } inner] ? _assemblies.Select(assembly => assembly.GetType(outer)).OfType<Type>().Select(type => Nested(type, inner)).FirstOrDefault(type => type is not null) : null);

    private static Type? Nested(Type outer, string[] names) =>
        names.Aggregate((Type?)outer, (type, name) => type?.GetNestedTypes(All).FirstOrDefault(inner => string.Equals(Loose(inner.Name), Loose(name), StringComparison.Ordinal)));

    private Type[]? ArgumentsOf(string text)
    {
        var found = new List<Type>();
        foreach (var part in Parts(text))
        {
            if (TypeOf(part) is not { } type)
            {
                return null;
            }

            found.Add(type);
        }

        return [.. found];
    }

    private static IEnumerable<string> Parts(string text)
    {
        var (depth, start) = (0, 0);
        for (var at = 0; at < text.Length; at++)
        {
            depth += text[at] == '[' ? 1 : text[at] == ']' ? -1 : 0;
            if (depth == 0 && text[at] == ',')
            {
                yield return text[start..at];
                start = at + 1;
            }
        }

        if (text.Length > 0)
        {
            yield return text[start..];
        }
    }

    private static Type[] Fill(Type[] parameters, Type[] arguments) =>
        [.. arguments.Zip(parameters, (argument, parameter) => argument != typeof(AnyReference) ? argument : parameter.GetGenericParameterConstraints().FirstOrDefault(constraint => !constraint.ContainsGenericParameters) ?? typeof(object))];

    private static T? Attempt<T>(Func<T> make)
        where T : class
    {
        try
        {
            return make();
        }
        catch (ArgumentException)
        {
            // The arguments break a constraint: not such a method any more.
            return null;
        }
    }

    // The compiler numbers state machines and closures anew when a neighbour comes or goes.
    private static string Loose(string name) => Number().Replace(name, "#");

    [GeneratedRegex("[0-9]+(_[0-9]+)?(?=>d|$)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Number();

    // Stands for any reference type, for which there is one body of code.
    private sealed class AnyReference;
}
