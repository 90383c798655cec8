using System.Text.RegularExpressions;

namespace AgiJobs.Architecture.Tests;

public sealed partial class NamingTests
{
    private static readonly string[] Layers = ["Helpers", "Models", "Services", "Utils", "Utilities", "Common", "Misc", "Managers", "Interfaces"];

    [Fact]
    public void A_folder_is_a_concept_and_never_a_technical_layer() =>
        Assert.All(Repository.Sources("src"), path => Assert.DoesNotContain(Path.GetFileName(Path.GetDirectoryName(path)!), Layers));

    [Fact]
    public void A_file_declares_the_namespace_of_its_folder()
    {
        var wrong = new List<string>();
        foreach (var path in Repository.Sources("src"))
        {
            var match = NamespaceLine().Match(File.ReadAllText(path));
            var expected = Path.GetRelativePath(Path.Combine(Repository.Root, "src"), Path.GetDirectoryName(path)!).Replace('/', '.');
            if (match.Success && !string.Equals(match.Groups["name"].Value, expected, StringComparison.Ordinal))
            {
                wrong.Add($"{Path.GetRelativePath(Repository.Root, path)} declares {match.Groups["name"].Value}");
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void No_type_is_named_for_its_vagueness()
    {
        var wrong = Repository.Sources("src")
            .SelectMany(path => TypeName().Matches(File.ReadAllText(path)).Select(match => match.Groups["name"].Value))
            .Where(name => name is not "StakeManager" && (name.EndsWith("Manager", StringComparison.Ordinal) || name.EndsWith("Helper", StringComparison.Ordinal) || name.EndsWith("Util", StringComparison.Ordinal) || name.EndsWith("Utils", StringComparison.Ordinal) || name.EndsWith("Processor", StringComparison.Ordinal)));
        Assert.Empty(wrong);
    }

    [GeneratedRegex(@"^namespace (?<name>[\w.]+);", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(@"\b(class|record|struct|interface|enum)\s+(?<name>[A-Z]\w*)", RegexOptions.ExplicitCapture)]
    private static partial Regex TypeName();
}
