using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Runbooks;

/// <summary>docs/owner-control.md, line by line on a fresh local network.</summary>
public sealed class OwnerControlWalkTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Every_command_of_the_page_ends_as_the_page_says()
    {
        var lines = await WalkedPage.ReadAsync("owner-control.md");
        Assert.True(lines.Count > 40, "the page has lost its commands");
        var change = "none was planned yet";
        var wrong = new List<string>();
        foreach (var line in lines)
        {
            var outcome = await Devnet.RunAsync(line.With(new Dictionary<string, string>(StringComparer.Ordinal) { ["CHANGE"] = change }));
            if (outcome.Exit != line.Exit)
            {
                wrong.Add($"{line.Text}\n{outcome}");
            }

            change = line.Planned(outcome) ?? change;
        }

        Assert.True(wrong.Count == 0, string.Join("\n\n", wrong));
    }
}
