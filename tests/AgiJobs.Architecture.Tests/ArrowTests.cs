namespace AgiJobs.Architecture.Tests;

/// <summary>The arrows of docs/architecture.md: each project may stand on those beneath it and on no others.</summary>
public sealed class ArrowTests
{
    private static readonly Dictionary<string, string[]> Beneath = new(StringComparer.Ordinal)
    {
        ["AgiJobs.Ethereum"] = [],
        ["AgiJobs.Storage"] = [],
        ["AgiJobs.Tasks"] = [],
        ["AgiJobs.Hgm"] = [],
        ["AgiJobs.Control"] = ["AgiJobs.Ethereum", "AgiJobs.Storage"],
        ["AgiJobs.Deployment"] = ["AgiJobs.Control", "AgiJobs.Ethereum", "AgiJobs.Storage"],
        ["AgiJobs.Response"] = ["AgiJobs.Control", "AgiJobs.Ethereum", "AgiJobs.Storage"],
        ["AgiJobs.Arena"] = ["AgiJobs.Control", "AgiJobs.Ethereum", "AgiJobs.Storage", "AgiJobs.Tasks"],
        ["AgiJobs.Steering"] = ["AgiJobs.Control", "AgiJobs.Ethereum", "AgiJobs.Storage", "AgiJobs.Hgm", "AgiJobs.Tasks"],
        ["AgiJobs.Server"] = ["AgiJobs.Control", "AgiJobs.Ethereum", "AgiJobs.Storage", "AgiJobs.Tasks", "AgiJobs.Hgm", "AgiJobs.Deployment", "AgiJobs.Response", "AgiJobs.Arena", "AgiJobs.Steering"],
        ["AgiJobs.Cli"] = ["AgiJobs.Control", "AgiJobs.Ethereum", "AgiJobs.Storage", "AgiJobs.Tasks", "AgiJobs.Hgm", "AgiJobs.Deployment", "AgiJobs.Response", "AgiJobs.Arena", "AgiJobs.Steering", "AgiJobs.Server"],
    };

    [Fact]
    public void Every_project_is_one_of_the_design_and_references_only_what_is_beneath_it()
    {
        var wrong = new List<string>();
        foreach (var (project, references) in Repository.References("src"))
        {
            if (!Beneath.TryGetValue(project, out var allowed))
            {
                wrong.Add($"{project} has no place in the picture");
                continue;
            }

            wrong.AddRange(references.Except(allowed, StringComparer.Ordinal).Select(reference => $"{project} -> {reference}"));
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void There_are_projects_to_look_at() => Assert.Contains("AgiJobs.Ethereum", Repository.References("src").Keys);

    [Fact]
    public void A_test_project_is_named_after_the_project_whose_tree_it_mirrors()
    {
        var sources = Repository.References("src").Keys.ToHashSet(StringComparer.Ordinal);
        string[] others = ["AgiJobs.Testing", "AgiJobs.Testing.Networks", "AgiJobs.Architecture.Tests"];
        Assert.All(Repository.References("tests").Keys.Except(others, StringComparer.Ordinal), test => Assert.Contains(test.Replace(".Tests", "", StringComparison.Ordinal), sources));
    }

    [Fact]
    public void Nothing_in_src_references_a_test_project() =>
        Assert.All(Repository.References("src").Values.SelectMany(references => references), reference => Assert.DoesNotContain("Test", reference, StringComparison.Ordinal));
}
