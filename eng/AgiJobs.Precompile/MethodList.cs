using System.Text;
using System.Text.RegularExpressions;

namespace AgiJobs.Precompile;

/// <summary>One method, or all of that name in its type.</summary>
/// <param name="Type">The type as the runtime writes it, <c>System.Collections.Generic.List`1[System.__Canon]</c>; <c>__Canon</c> stands for any reference type.</param>
/// <param name="Name">The method.</param>
/// <param name="Arguments">The type arguments of the method itself; empty when it has none.</param>
internal sealed record ListedMethod(string Type, string Name, string Arguments)
{
    public override string ToString() => Arguments.Length == 0 ? $"{Type}\t{Name}" : $"{Type}\t{Name}\t{Arguments}";
}

/// <summary>The methods that the ahead-of-time compiler does not find by itself: instantiations over value types that are reached through interfaces.</summary>
internal static partial class MethodList
{
    /// <summary>Reads a list: one method in each line, the parts with a tab between them.</summary>
    public static IReadOnlyList<ListedMethod> Read(string path) =>
        [.. File.ReadLines(path).Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split('\t')).Select(parts => new ListedMethod(parts[0], parts[1], parts.Length > 2 ? parts[2] : ""))];

    /// <summary>
    /// Adds to a list what one run of the program compiled. Two sources have to be put together: the compiler's own list has the type arguments of methods and calls every enum by its number type; the
    /// trace has the full names of types, and no type arguments of methods.
    /// </summary>
    public static int Record(string list, string trace, string compiled)
    {
        var known = File.Exists(list) ? Read(list).ToHashSet() : [];
        var before = known.Count;
        var exact = Traced(trace);
        foreach (var line in File.ReadLines(compiled))
        {
            if (Compiled().Match(line) is not { Success: true } match || match.Groups["type"].Value.StartsWith('('))
            {
                continue;
            }

            var (type, name) = (match.Groups["type"].Value, match.Groups["name"].Value);
            var open = name.EndsWith(']') ? OpeningOf(name) : -1;
            if (open >= 0)
            {
                known.Add(new ListedMethod(type, name[..open], name[(open + 1)..^1]));
                continue;
            }

            foreach (var full in exact[(Bare(type), name)].DefaultIfEmpty(type))
            {
                known.Add(new ListedMethod(full, name, ""));
            }
        }

        File.WriteAllLines(list, known.Select(method => method.ToString()).Order(StringComparer.Ordinal));
        Console.WriteLine($"{known.Count - before} new of {known.Count}");
        return 0;
    }

    // Every method event has three texts behind one another, each ended by a zero: type, name, signature.
    private static ILookup<(string, string), string> Traced(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var texts = new List<(int Start, int End, string Text)>();
        for (var at = 0; at + 1 < bytes.Length; at++)
        {
            var end = at;
            while (end + 1 < bytes.Length && bytes[end] is >= 0x20 and < 0x7F && bytes[end + 1] == 0)
            {
                end += 2;
            }

            if (end - at >= 6)
            {
                texts.Add((at, end, Encoding.Unicode.GetString(bytes, at, end - at)));
                at = end - 1;
            }
        }

        var found = new HashSet<(string Type, string Name)>();
        for (var i = 0; i + 2 < texts.Count; i++)
        {
            if (texts[i].End + 2 == texts[i + 1].Start && texts[i + 1].End + 2 == texts[i + 2].Start && texts[i + 2].Text.Contains('(', StringComparison.Ordinal))
            {
                found.Add((texts[i].Text, texts[i + 1].Text));
            }
        }

        return found.ToLookup(method => (Bare(method.Type), method.Name), method => method.Type);
    }

    private static string Bare(string type) => type.Split('[')[0];

    private static int OpeningOf(string name)
    {
        var depth = 0;
        for (var at = name.Length - 1; at >= 0; at--)
        {
            depth += name[at] == ']' ? 1 : name[at] == '[' ? -1 : 0;
            if (depth == 0)
            {
                return at;
            }
        }

        return -1;
    }

    // 'FullOpts' alone marks what is never compiled ahead, 'Tier1' what was, and is compiled better after many calls.
    [GeneratedRegex(@"^\s*\d+: JIT compiled (?<type>.+?):(?<name>[^(:]+)\(.*\[(Tier0|Tier-0|Instrumented)[^\[]*$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Compiled();
}
