using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Assurance;

public sealed class HgmSuiteCommandTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Settings_that_contradict_each_other_make_it_red_and_the_finding_is_told()
    {
        var profile = Directory.CreateDirectory(Devnet.Workspace.Locate("config", "agialpha")).FullName;
        await File.WriteAllTextAsync(Path.Combine(profile, "hgm.json"), """{"version": 1, "budget": {"max": 9}}""", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(profile, "sentinel.json"), """{"version": 1, "budgetCap": 7}""", TestContext.Current.CancellationToken);

        var told = await Devnet.RunAsync("ci", "hgm-suite", "--seeds", "2");

        Assert.Equal(3, told.Exit);
        var line = Assert.Single(told.Lines, line => line.Contains("configuration", StringComparison.Ordinal) && line.StartsWith("MISSED", StringComparison.Ordinal));
        Assert.Contains("budget-disagree", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("10001")]
    public async Task Seeds_that_tell_nothing_are_refused(string seeds)
    {
        var refused = await Devnet.RunAsync("ci", "hgm-suite", "--seeds", seeds, "--json");

        Assert.Equal((2, "seeds-range"), (refused.Exit, (string?)refused.Json["error"]?["code"]));
    }
}
