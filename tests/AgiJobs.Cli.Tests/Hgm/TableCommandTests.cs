namespace AgiJobs.Cli.Tests.Hgm;

public sealed class TableCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-hgm-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_papers_tables_stand_beside_ours_with_a_verdict_and_any_number_of_threads_gives_the_same_bytes()
    {
        var table = await Agijobs.RunAsync(_folder, ["hgm", "table", "--seeds", "6", "--threads", "1", "--json"]);
        Assert.True(table.Exit == 0, table.ToString());
        Assert.Equal("agijobs.hgm-table/1", (string?)table.Json["schema"]);
        Assert.Equal(6, table.Json["tables"]!.AsArray().Count);
        var hgm = table.Json["tables"]![0]!["rows"]![0]!.AsArray();
        Assert.Equal(("hgm", "56.7", "fitted"), ((string?)hgm[0]!["text"], (string?)hgm[1]!["text"], (string?)hgm[3]!["text"]));
        Assert.True((double?)hgm[2]!["error"] > 0);
        Assert.Equal(table.Output, (await Agijobs.RunAsync(_folder, ["hgm", "table", "--seeds", "6", "--threads", "3", "--json"])).Output);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Theory]
    [InlineData("--ablations", "Ablations in the calibrated world")]
    [InlineData("--alphas", "True accuracy of the chosen agent by α")]
    [InlineData("--steering", "Steering α")]
    [InlineData("--sweep", "54 worlds")]
    public async Task A_study_is_printed_instead_of_the_tables(string flag, string title)
    {
        var study = await Agijobs.RunAsync(_folder, ["hgm", "table", flag, "--seeds", "2", "--threads", "1", "--markdown"]);
        Assert.True(study.Exit == 0, study.ToString());
        Assert.StartsWith($"### {title}", study.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Table 2", study.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "hgm-accuracy.svg", "hgm-correlations.svg", "hgm-differences.svg")]
    [InlineData("--ablations", "hgm-ablations.svg")]
    [InlineData("--alphas", "hgm-alpha.svg")]
    [InlineData("--steering", "hgm-steering.svg")]
    [InlineData("--sweep", "hgm-gift.svg", "hgm-worlds.svg")]
    public async Task The_tables_are_drawn_on_demand(string flag, params string[] names)
    {
        var study = await Agijobs.RunAsync(_folder, ["hgm", "table", .. flag.Length > 0 ? [flag] : Array.Empty<string>(), "--seeds", "2", "--threads", "1", "--plots", "plots"]);
        Assert.True(study.Exit == 0, study.ToString());
        Assert.Equal(names, Directory.EnumerateFiles(Path.Combine(_folder, "plots")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        foreach (var name in names)
        {
            var svg = System.Xml.Linq.XDocument.Load(Path.Combine(_folder, "plots", name));
            Assert.Contains(svg.Descendants(), element => (string?)element.Attribute("class") == "p");
            Assert.DoesNotContain("NaN", svg.ToString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("seeds-range", "--seeds", "1")]
    [InlineData("threads-range", "--threads", "0")]
    [InlineData("command-line", "--seeds", "many")]
    public async Task What_makes_no_sense_is_refused_with_its_code(string code, params string[] arguments)
    {
        var refused = await Agijobs.RunAsync(_folder, ["hgm", "table", .. arguments, "--json"]);
        Assert.Equal((2, code), (refused.Exit, (string?)refused.Json["error"]?["code"]));
    }
}
