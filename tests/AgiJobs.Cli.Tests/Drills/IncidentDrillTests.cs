using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Drills;

/// <summary>The quarterly exercises by the real program: people are led by the runbooks alone, faults are noticed, and log and evidence are kept.</summary>
public sealed class IncidentDrillTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-incident-drill-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("pause-and-rotation", 3)]
    [InlineData("reward-drain", 2)]
    [InlineData("mass-slashing", 2)]
    public async Task It_holds_notices_every_fault_and_is_logged_with_its_evidence(string name, int faults)
    {
        var temporary = Directory.CreateDirectory(Path.Combine(_folder, "tmp")).FullName;
        var workspace = Directory.CreateDirectory(Path.Combine(_folder, "workspace")).FullName;
        var outcome = await Agijobs.RunRealAsync(workspace, ["drill", "run", name, "--json", "--workspace", workspace], temporary);
        Assert.True(outcome.Exit == 0, outcome.ToString());
        var json = outcome.Json;
        Assert.Equal(("agijobs.incident-drill/1", true, 31337), ((string?)json["schema"], (bool)json["held"]!, (int)json["chainId"]!));
        Assert.Equal(faults, json["faults"]!.AsArray().Count);
        Assert.All(json["faults"]!.AsArray(), fault => Assert.True((bool)fault!["noticed"]!));
        Assert.All(json["claims"]!.AsArray(), claim => Assert.True((bool)claim!["held"]!, claim.ToJsonString()));
        Assert.Empty(json["late"]!.AsArray());
        Assert.NotNull(json["pauseMilliseconds"]);
        var log = await File.ReadAllTextAsync(Path.Combine(workspace, "reports", "incident-tabletop.md"), TestContext.Current.CancellationToken);
        Assert.StartsWith("# Tabletop exercises", log, StringComparison.Ordinal);
        Assert.Contains($"UTC: {name}\n\nHELD: ", log, StringComparison.Ordinal);
        var evidence = (string)json["evidence"]!;
        Assert.True(File.Exists(Path.Combine(evidence, "report.md")));
        Assert.True(new FileInfo(Path.Combine(evidence, "evidence.tar")).Length > 0);
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(temporary), entry => Path.GetFileName(entry).StartsWith("agijobs-", StringComparison.Ordinal));
        Assert.False(Directory.Exists(TestNetwork.UserFolderOf(workspace)), "the drill touched the user's own configuration folder");
    }

    [Fact]
    public async Task A_drill_that_there_is_not_is_bad_input()
    {
        var outcome = await Agijobs.RunAsync(_folder, ["drill", "run", "nothing", "--workspace", _folder]);
        Assert.Equal(2, outcome.Exit);
        var list = await Agijobs.RunAsync(_folder, ["drill", "list", "--json", "--workspace", _folder]);
        Assert.Equal(["pause", "mass-slashing", "pause-and-rotation", "reward-drain"], list.Json["drills"]!.AsArray().Select(name => (string)name!));
    }
}
