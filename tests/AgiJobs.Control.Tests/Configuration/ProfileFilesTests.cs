using AgiJobs.Control.Configuration;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Control.Tests.Configuration;

public sealed class ProfileFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-profiles-").FullName;

    private Workspace Workspace => Workspace.At(_folder, _folder);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("config/sentinel.json", "sentinel", null)]
    [InlineData("config/sentinel.main.json", "sentinel", "main")]
    [InlineData("config/agialpha/sentinel.json", "sentinel", null)]
    [InlineData("config/careful/hgm.json", "hgm", null)]
    [InlineData("config/agialpha/thermostat.proposed.json", "thermostat", null)]
    public void A_file_of_a_profile_has_its_schema(string path, string schema, string? network)
    {
        var kind = ConfigurationKind.Of(path);
        Assert.Equal((schema, network), (kind?.Schema, kind?.Network));
        Assert.Equal(path.Contains(".proposed.", StringComparison.Ordinal), kind!.IsProposal);
    }

    [Theory]
    [InlineData("config/agialpha/services.json")]
    [InlineData("config/agialpha/sentinel.main.json")]
    [InlineData("config/agialpha/notes.json")]
    [InlineData("config/agialpha/more/sentinel.json")]
    public void What_no_profile_has_is_read_by_nobody(string path) => Assert.Null(ConfigurationKind.Of(path));

    [Fact]
    public void A_new_workspace_has_them_and_an_older_one_gets_them_as_proposals()
    {
        WorkspaceFiles.WriteFrame(Workspace);
        Assert.Equal(["agialpha/hgm.json", "agialpha/sentinel.json", "agialpha/thermostat.json", "sentinel.json"],
            Directory.EnumerateFiles(Path.Combine(_folder, "config"), "*.json", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(Path.Combine(_folder, "config"), path)).Order(StringComparer.Ordinal));
        Assert.Empty(ConfigurationLint.Run(new LintGround(Workspace, TimeProvider.System), [new FormRule()]));
        Assert.DoesNotContain(new WorkspaceUpgrade(Workspace, TimeProvider.System).Plan(), file => file.Path.Contains("sentinel.proposed", StringComparison.Ordinal));

        File.Delete(Path.Combine(_folder, "config", "sentinel.json"));
        File.Delete(Path.Combine(_folder, "config", "agialpha", "hgm.json"));
        var planned = new WorkspaceUpgrade(Workspace, TimeProvider.System).Plan().Select(file => file.Path).ToList();
        Assert.Contains("config/sentinel.proposed.json", planned);
        Assert.Contains("config/agialpha/hgm.proposed.json", planned);
        Assert.DoesNotContain("config/agialpha/sentinel.proposed.json", planned);
    }
}
