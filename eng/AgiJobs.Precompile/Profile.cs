using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace AgiJobs.Precompile;

/// <summary>
/// The profile that crossgen2 reads (<c>--mibc</c>): an assembly whose method <c>AssemblyDictionary</c> names groups of assemblies with a global method for each, and each of these has
/// <c>ldtoken</c> and <c>pop</c> for every method of the group. crossgen2 compiles what it finds there, and passes over what it does not know.
/// </summary>
internal static class Profile
{
    private const byte NewObject = 0x73;
    private const byte LoadToken = 0xD0;
    private const int Statement = 6;

    /// <summary>Writes the profile, the same bytes for the same list and assemblies but for the module's id.</summary>
    public static void Write(IReadOnlyList<ListedMethod> list, TypeNames names, string output)
    {
        var gone = 0;
        var groups = new SortedDictionary<string, List<MethodBase>>(StringComparer.Ordinal);
        foreach (var entry in list)
        {
            var found = names.Find(entry);
            gone += found.Count == 0 ? 1 : 0;
            foreach (var method in found)
            {
                var key = string.Concat(AssembliesOf(method).Select(name => name + ";"));
                groups.TryAdd(key, []);
                groups[key].Add(method);
            }
        }

        var assembly = new PersistedAssemblyBuilder(new AssemblyName(Path.GetFileNameWithoutExtension(output)), typeof(object).Assembly);
        var module = assembly.DefineDynamicModule(Path.GetFileName(output));
        var dictionary = module.DefineGlobalMethod("AssemblyDictionary", MethodAttributes.Public | MethodAttributes.Static, typeof(void), []).GetILGenerator();
        foreach (var (name, methods) in groups)
        {
            var group = module.DefineGlobalMethod("Assemblies_" + name, MethodAttributes.Public | MethodAttributes.Static, typeof(void), []);
            Name(group.GetILGenerator(), methods);
            dictionary.Emit(OpCodes.Ldstr, name);
            dictionary.Emit(OpCodes.Ldtoken, group);
            dictionary.Emit(OpCodes.Pop);
        }

        dictionary.Emit(OpCodes.Ret);
        module.CreateGlobalFunctions();
        using var image = new MemoryStream();
        assembly.Save(image);
        var bytes = image.ToArray();
        NameConstructors(bytes);
        File.WriteAllBytes(output, bytes);
        Console.WriteLine($"{list.Count} entries, {groups.Values.Sum(methods => methods.Count)} methods; {gone} entries name nothing any more");
    }

    private static void Name(ILGenerator il, List<MethodBase> methods)
    {
        foreach (var method in methods.Distinct())
        {
            if (method is ConstructorInfo constructor)
            {
                il.Emit(OpCodes.Newobj, constructor);
            }
            else
            {
                il.Emit(OpCodes.Ldtoken, (MethodInfo)method);
            }

            il.Emit(OpCodes.Pop);
        }

        il.Emit(OpCodes.Ret);
    }

    // The generator refuses ldtoken for a constructor; newobj takes the same operand and becomes one here.
    private static void NameConstructors(byte[] image)
    {
        using var reader = new PEReader(ImmutableArray.Create(image));
        var metadata = reader.GetMetadataReader();
        foreach (var method in metadata.MethodDefinitions.Select(metadata.GetMethodDefinition).Where(method => metadata.GetString(method.Name).StartsWith("Assemblies_", StringComparison.Ordinal)))
        {
            var code = reader.GetMethodBody(method.RelativeVirtualAddress).GetILBytes()!;
            var section = reader.PEHeaders.SectionHeaders[reader.PEHeaders.GetContainingSectionIndex(method.RelativeVirtualAddress)];
            var header = method.RelativeVirtualAddress - section.VirtualAddress + section.PointerToRawData;
            // The two lowest bits of the first byte tell a header of one byte from one of twelve (ECMA-335 II.25.4).
            var start = header + ((image[header] & 3) == 2 ? 1 : 12);
            for (var at = 0; at + Statement <= code.Length; at += Statement)
            {
                image[start + at] = image[start + at] is NewObject or LoadToken ? LoadToken : throw new InvalidOperationException("A profile with another statement than ldtoken and pop.");
            }
        }
    }

    private static IEnumerable<string> AssembliesOf(MethodBase method)
    {
        var named = new SortedSet<string>(StringComparer.Ordinal);
        Add(method.DeclaringType!);
        foreach (var argument in method.IsGenericMethod ? method.GetGenericArguments() : [])
        {
            Add(argument);
        }

        // Where the method is comes first.
        var home = method.DeclaringType!.Assembly.GetName().Name!;
        named.Remove(home);
        return named.Prepend(home);

        void Add(Type type)
        {
            if (type.GetElementType() is { } element)
            {
                Add(element);
                return;
            }

            named.Add(type.Assembly.GetName().Name!);
            foreach (var argument in type.GetGenericArguments())
            {
                Add(argument);
            }
        }
    }
}
