using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Runbooks;

/// <summary>Follows a run of a runbook as people do: whatever its last line says is typed by whoever it names, until it says that it is complete. Not for use by several threads.</summary>
/// <param name="run">Runs a command of agijobs to its end.</param>
internal sealed partial class RunbookWalker(Func<string[], Task<Outcome>> run)
{
    private static readonly string[] Refusals = ["duty-missing", "role-other", "dual-control", "person-twice"];

    private readonly List<string> _done = [];
    private readonly Dictionary<string, string> _by = new(StringComparer.Ordinal);
    private readonly HashSet<string> _refused = new(StringComparer.Ordinal);

    /// <summary>Who does what has a duty, by signer: the guardian works the console, the pauser commands.</summary>
    public Dictionary<string, string> Cast { get; } = new(StringComparer.Ordinal)
    {
        ["operator"] = "guardian",
        ["commander"] = "pauser",
        ["security"] = "moderator",
        ["communications"] = "platform",
        ["finance"] = "treasury",
        ["author"] = "deployer",
        ["approver"] = "safe-owner-1",
    };

    /// <summary>Who does a step whatever its duty.</summary>
    public Dictionary<string, string> ByStep { get; } = new(StringComparer.Ordinal) { ["owner-2"] = "safe-owner-2", ["control-2"] = "safe-owner-3" };

    /// <summary>What is given where an input is asked for.</summary>
    public Dictionary<string, string> Inputs { get; } = new(StringComparer.Ordinal) { ["reached"] = "the bridge and two signers, by telephone" };

    /// <summary>Steps that are skipped, with the reason.</summary>
    public Dictionary<string, string> Skips { get; } = new(StringComparer.Ordinal);

    /// <summary>What happens before a step is done; the people outside of the program.</summary>
    public Dictionary<string, Func<Task>> Before { get; } = new(StringComparer.Ordinal);

    /// <summary>Of whom the wrong person tries first and must be refused, once for each duty and runbook; none when empty.</summary>
    public IReadOnlyCollection<string> Refuse { get; init; } = [];

    /// <summary>The steps that were done, in order.</summary>
    public IReadOnlyList<string> Done => _done;

    /// <summary>Begins a run and follows it to its end; returns its name.</summary>
    public async Task<string> WalkAsync(string book, string? incident, params string[] more)
    {
        var begun = await run(["runbook", "run", book, .. incident is null ? (string[])[] : ["--incident", incident], .. more]);
        Assert.True(begun.Exit == 3, begun.ToString());
        var next = Next(begun) ?? throw new InvalidOperationException(begun.ToString());
        await FollowAsync(book, next, null);
        return next.Run;
    }

    /// <summary>Follows a run that was begun until a step is next, or to its end.</summary>
    public async Task FollowAsync(string book, string name, string? until)
    {
        var status = await run(["runbook", "status", name]);
        if (Next(status) is { } next)
        {
            await FollowAsync(book, next, until);
        }
    }

    private async Task FollowAsync(string book, Line next, string? until)
    {
        var steps = await StepsAsync(book);
        for (var turn = 0; turn < 120; turn++)
        {
            if (string.Equals(next.Step, until, StringComparison.Ordinal))
            {
                return;
            }

            var isCheck = steps[next.Step]["check"] is not null;
            var signer = ByStep.GetValueOrDefault(next.Step, Cast[next.Duty]);
            if (Before.TryGetValue(next.Step, out var before))
            {
                await before();
            }

            if (!isCheck && Refuse.Contains(next.Duty) && steps[next.Step]["command"]?["emergency"] is null && _refused.Add($"{book}/{(ByStep.ContainsKey(next.Step) ? next.Step : next.Duty)}"))
            {
                await RefusedAsync(next, steps[next.Step]);
            }

            var outcome = await run(Words(next, signer, Skips.GetValueOrDefault(next.Step)));

            // A resume by module waits between two modules.
            for (var again = 0; again < 60 && outcome.Exit == 3 && next.Step == "send"; again++)
            {
                outcome = await run(Words(next with { Verb = "step", Sends = true }, signer, null));
            }

            var looked = outcome.Exit == 3 && outcome.Lines[0].StartsWith($"{next.Step}: look", StringComparison.Ordinal);
            Assert.True(outcome.Exit == 0 || looked, $"{book}, {next.Text} by {signer}:\n{outcome}");
            _done.Add(next.Step);
            _by[next.Step] = signer;

            // What the person may do is first in their own sight; what is left is whoever's.
            var after = Next(outcome);
            if (after is null)
            {
                Assert.True(outcome.Lines[^1].StartsWith("COMPLETE: all ", StringComparison.Ordinal) && outcome.Lines[^1].Contains("none late", StringComparison.Ordinal), outcome.ToString());
                return;
            }

            Assert.True(after.Step != next.Step || after.Verb != next.Verb || looked, $"{book}: after {next.Text} it is still next:\n{outcome}");
            next = after;
        }

        Assert.Fail($"{book} does not come to an end: {string.Join(", ", _done)}");
    }

    // Whoever commands does not execute, whoever executes does not command, and nobody does what others answer for.
    private async Task RefusedAsync(Line next, JsonObject step)
    {
        var wrong = step["otherThan"] is JsonArray and [var other, ..] ? _by[(string)other!] : next.Duty switch { "operator" => Cast["commander"], "commander" => Cast["operator"], "finance" => "platform", _ => "treasury" };
        var refused = await run(Words(next, wrong, Skips.GetValueOrDefault(next.Step)));
        Assert.True(refused.Exit == 4 && Refusals.Any(code => refused.Error.Contains(code, StringComparison.Ordinal)), $"{next.Text} by {wrong} was not refused:\n{refused}");
    }

    private string[] Words(Line next, string signer, string? skipped) => skipped is not null
        ? ["runbook", "skip", next.Run, next.Step, "--reason", skipped, "--signer", signer]
        :
        [
            "runbook", next.Verb, next.Run, next.Step, "--signer", signer,
            .. next.Sends ? (string[])["--execute"] : [],
            .. next.Inputs.SelectMany(input => (string[])["--input", $"{input}={Inputs[input]}"]),
            .. next.Verb switch { "done" => (string[])["--note", "done and seen"], "accept" => ["--reason", "looked at, and judged"], _ => [] },
        ];

    private static async Task<IReadOnlyDictionary<string, JsonObject>> StepsAsync(string book) =>
        JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(TestNetwork.ShippedConfig, "runbooks", $"{book}.json")))!["steps"]!.AsArray().ToDictionary(step => (string)step!["id"]!, step => step!.AsObject(), StringComparer.Ordinal);

    private static Line? Next(Outcome outcome) => NextLine().Match(outcome.Lines[^1]) is { Success: true } match
        ? new Line(outcome.Lines[^1], match.Groups["verb"].Value, match.Groups["run"].Value, match.Groups["step"].Value, match.Groups["rest"].Value.Contains("--execute", StringComparison.Ordinal), [.. match.Groups["input"].Captures.Select(input => input.Value)], match.Groups["duty"].Value)
        : null;

    [GeneratedRegex("""^NEXT: agijobs runbook (?<verb>step|approve|done|accept) (?<run>\S+) (?<step>\S+)(?<rest>( --execute| --input (?<input>\S+)=VALUE| --reason TEXT| --note TEXT)*) --signer \S+ +\((?<duty>[a-z]+)( \S+)?, [^)]*\)$""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex NextLine();

    private sealed record Line(string Text, string Verb, string Run, string Step, bool Sends, IReadOnlyList<string> Inputs, string Duty);
}
