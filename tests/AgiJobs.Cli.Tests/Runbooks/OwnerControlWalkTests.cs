using System.Globalization;
using System.Text.RegularExpressions;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Runbooks;

/// <summary>docs/owner-control.md, line by line on a fresh local network.</summary>
public sealed partial class OwnerControlWalkTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Every_command_of_the_page_ends_as_the_page_says()
    {
        var page = await File.ReadAllLinesAsync(Path.Combine(Environment.GetEnvironmentVariable("AGIJOBS_HOME") ?? throw new InvalidOperationException("AGIJOBS_HOME is not set."), "docs", "owner-control.md"));
        var lines = page.Where(line => line.StartsWith("$ agijobs ", StringComparison.Ordinal)).ToList();
        Assert.True(lines.Count > 40, "the page has lost its commands");
        var change = "none was planned yet";
        var wrong = new List<string>();
        foreach (var line in lines)
        {
            var parts = Line().Match(line);
            Assert.True(parts.Success, $"no exit code stands beside: {line}");
            var arguments = Word().Matches(parts.Groups["command"].Value).Select(word => word.Value.Trim('"').Replace("CHANGE", change, StringComparison.Ordinal)).ToArray();
            var outcome = await Devnet.RunAsync(arguments);
            var wanted = int.Parse(parts.Groups["exit"].Value, CultureInfo.InvariantCulture);
            if (outcome.Exit != wanted)
            {
                wrong.Add($"{line}\n{outcome}");
            }

            change = Planned().Match(outcome.Output) is { Success: true } planned && wanted == 3 ? planned.Groups["id"].Value : change;
        }

        Assert.True(wrong.Count == 0, string.Join("\n\n", wrong));
    }

    [GeneratedRegex("""^\$ agijobs (?<command>.*?)\s+# exit (?<exit>[0-6])$""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Line();

    [GeneratedRegex("""("[^"]*"|[^\s"]+)+""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Word();

    [GeneratedRegex("""^  change   (?<id>[0-9]{4}-[0-9a-z-]+)""", RegexOptions.ExplicitCapture | RegexOptions.Multiline, 1000)]
    private static partial Regex Planned();
}
