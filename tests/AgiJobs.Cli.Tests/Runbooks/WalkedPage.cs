using System.Globalization;
using System.Text.RegularExpressions;
using AgiJobs.Testing;

namespace AgiJobs.Cli.Tests.Runbooks;

/// <summary>A command of a page and the exit code that the page gives it.</summary>
internal sealed partial record WalkedLine(string Text, IReadOnlyList<string> Arguments, int Exit)
{
    /// <summary>The other exit code that the page allows; null when there is one only.</summary>
    public int? Other { get; init; }

    /// <summary>The exit codes that the page allows.</summary>
    public IReadOnlyList<int> Ends => Other is { } other ? [Exit, other] : [Exit];

    /// <summary>Its words, with what placeholders stand for.</summary>
    public string[] With(IReadOnlyDictionary<string, string> placeholders) => [.. Arguments.Select(word => placeholders.TryGetValue(word, out var value) ? value : word)];

    /// <summary>The change that an output says it planned; null when it planned none.</summary>
    public string? Planned(Outcome outcome) => Exit == 3 && Change().Match(outcome.Output) is { Success: true } planned ? planned.Groups["id"].Value : null;

    [GeneratedRegex("""^  change   (?<id>[0-9]{4}-[0-9a-z-]+)""", RegexOptions.ExplicitCapture | RegexOptions.Multiline, 1000)]
    private static partial Regex Change();
}

/// <summary>The commands of a page of the documentation: its lines that begin with <c>$ agijobs</c>.</summary>
internal static partial class WalkedPage
{
    /// <summary>Reads them, in order.</summary>
    public static async Task<IReadOnlyList<WalkedLine>> ReadAsync(string page) =>
        [.. (await File.ReadAllLinesAsync(Toolchain.PathOf("docs", page))).Where(line => line.StartsWith("$ agijobs ", StringComparison.Ordinal)).Select(Read)];

    private static WalkedLine Read(string line)
    {
        var parts = Line().Match(line);
        Assert.True(parts.Success, $"no exit code stands beside: {line}");
        return new WalkedLine(line, [.. Word().Matches(parts.Groups["command"].Value).Select(word => word.Value.Trim('"'))], int.Parse(parts.Groups["exit"].Value, CultureInfo.InvariantCulture))
        {
            Other = parts.Groups["other"].Success ? int.Parse(parts.Groups["other"].Value, CultureInfo.InvariantCulture) : null,
        };
    }

    [GeneratedRegex("""^\$ agijobs (?<command>.*?)\s+# exit (?<exit>[0-6])( or (?<other>[0-6]))?$""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Line();

    [GeneratedRegex("""("[^"]*"|[^\s"]+)+""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Word();
}
