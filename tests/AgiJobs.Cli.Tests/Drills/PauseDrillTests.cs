using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Drills;

public sealed class PauseDrillTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-drill-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_whole_drill_by_the_real_program_holds_reports_and_leaves_nothing_behind()
    {
        var temporary = Directory.CreateDirectory(Path.Combine(_folder, "tmp")).FullName;
        var workspace = Directory.CreateDirectory(Path.Combine(_folder, "workspace")).FullName;
        var outcome = await Agijobs.RunRealAsync(workspace, ["drill", "pause", "--json", "--workspace", workspace, "--out", "drill.md"], temporary);
        Assert.True(outcome.Exit == 0, outcome.ToString());
        var json = outcome.Json;
        Assert.Equal(("agijobs.drill/1", 0, true, 31337), ((string?)json["schema"], (int)json["exit"]!, (bool)json["held"]!, (int)json["chainId"]!));
        Assert.Equal(47, json["claims"]!.AsArray().Count);
        Assert.All(json["claims"]!.AsArray(), claim => Assert.True((bool)claim!["held"]!));
        Assert.All((string[])["networkMilliseconds", "pauseMilliseconds", "pauseBlocks", "fireMilliseconds", "fireBlocks", "resumeMilliseconds", "resumeBlocks"], key => Assert.NotNull(json[key]));
        var report = Path.Combine(workspace, "drill.md");
        Assert.Equal(report, (string?)json["report"]);
        Assert.Contains("Every claim held.", await File.ReadAllTextAsync(report), StringComparison.Ordinal);

        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(temporary), entry => Path.GetFileName(entry).StartsWith("agijobs-", StringComparison.Ordinal));
        Assert.Equal(["drill.md"], Directory.EnumerateFileSystemEntries(workspace).Select(Path.GetFileName));
        Assert.Empty(ProcessesThatName(temporary));
        Assert.False(Directory.Exists(TestNetwork.UserFolderOf(workspace)), "the drill touched the user's own configuration folder");
    }

    private static List<string> ProcessesThatName(string text)
    {
        var found = new List<string>();
        foreach (var folder in Directory.EnumerateDirectories("/proc").Where(folder => Path.GetFileName(folder).All(char.IsAsciiDigit)))
        {
            try
            {
                var line = File.ReadAllText(Path.Combine(folder, "cmdline"));
                if (line.Contains(text, StringComparison.Ordinal))
                {
                    found.Add(line);
                }
            }
            catch (IOException)
            {
                // It ended meanwhile.
            }
        }

        return found;
    }
}
