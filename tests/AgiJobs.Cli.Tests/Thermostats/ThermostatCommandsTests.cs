namespace AgiJobs.Cli.Tests.Thermostats;

public sealed class ThermostatCommandsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-thermostat-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_replay_says_what_would_be_done_and_changes_nothing()
    {
        Samples("dip.ndjson", [.. Enumerable.Repeat("""{"roi": 1.0}""", 14)]);
        var replay = await RunAsync("thermostat", "replay", "dip.ndjson", "--widening-step", "0.08", "--max-widening-alpha", "1.8", "--dry-run");
        Assert.True(replay.Exit == 0, replay.ToString());
        Assert.Contains("Recommended adjustment (roi_dip): widening_alpha 0.500->0.580, thompson_prior 1.000->1.100", replay.Lines[11], StringComparison.Ordinal);
        Assert.EndsWith("Nothing was steered.", replay.Lines[^1], StringComparison.Ordinal);
        Assert.Equal(["dip.ndjson"], Directory.EnumerateFileSystemEntries(_folder).Select(Path.GetFileName));
    }

    [Fact]
    public async Task An_alpha_above_one_is_accepted_as_a_bound_and_not_applied_unless_it_is_allowed()
    {
        Samples("dip.ndjson", [.. Enumerable.Repeat("""{"roi": 1.0}""", 20)]);
        string[] line = ["thermostat", "replay", "dip.ndjson", "--max-widening-alpha", "1.8", "--alpha", "0.98", "--json"];
        var stopped = (await RunAsync(line)).Json["adjustments"]![0]!;
        Assert.Equal(1m, (decimal)stopped["alpha"]!);
        Assert.Contains("stops at 1", (string?)stopped["note"], StringComparison.Ordinal);
        Assert.Equal(1.03m, (decimal)(await RunAsync([.. line, "--allow-alpha-above-one"])).Json["adjustments"]![0]!["alpha"]!);
    }

    [Fact]
    public async Task Two_control_cycles_without_recovery_make_a_pause_due()
    {
        Samples("dip.ndjson", [.. Enumerable.Repeat("""{"roi": 1.0}""", 40)]);
        var replay = await RunAsync("thermostat", "replay", "dip.ndjson", "--json");
        Assert.Equal((3, 22), (replay.Exit, (int)replay.Json["pauseDueAt"]!));
        Assert.Contains("full pause is due", (await RunAsync("thermostat", "replay", "dip.ndjson")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_than_ten_per_cent_off_the_baseline_is_for_finance_and_ten_per_cent_is_not()
    {
        Samples("before.ndjson", """{"roi": 2.0}""", """{"roi": 2.0}""");
        Samples("edge.ndjson", """{"roi": 1.8}""");
        Samples("below.ndjson", """{"roi": 1.79}""");
        Assert.Equal(0, (await RunAsync("thermostat", "baseline", "before.ndjson", "--out", "baseline.json")).Exit);
        Assert.Equal(0, (await RunAsync("thermostat", "compare", "edge.ndjson", "--baseline", "baseline.json")).Exit);
        var below = await RunAsync("thermostat", "compare", "below.ndjson", "--baseline", "baseline.json", "--json");
        Assert.Equal((3, true, -0.105m), (below.Exit, (bool)below.Json["tellFinance"]!, (decimal)below.Json["deviation"]!));
    }

    [Fact]
    public async Task What_is_no_sample_is_a_finding_and_an_empty_file_makes_no_baseline()
    {
        Samples("mixed.ndjson", """{"roi": 2.0}""", "garbage");
        Samples("empty.ndjson", "");
        var mixed = await RunAsync("thermostat", "replay", "mixed.ndjson");
        Assert.Equal(3, mixed.Exit);
        Assert.Contains("mixed.ndjson:2:", mixed.Error, StringComparison.Ordinal);
        await RefusedAsync("no-samples", "thermostat", "baseline", "empty.ndjson", "--out", "baseline.json");
        Assert.False(File.Exists(Path.Combine(_folder, "baseline.json")));
        await RefusedAsync("bad-baseline", "thermostat", "compare", "mixed.ndjson", "--baseline", "mixed.ndjson");
        await RefusedAsync("file-unreadable", "thermostat", "replay", "none.ndjson");
        await RefusedAsync("number-format", "thermostat", "replay", "mixed.ndjson", "--target-roi", "two");
        await RefusedAsync("bad-setting", "thermostat", "replay", "mixed.ndjson", "--lower-margin", "1.5");
    }

    private async Task RefusedAsync(string code, params string[] arguments)
    {
        var refused = await RunAsync([.. arguments, "--json"]);
        Assert.Equal((2, code), (refused.Exit, (string?)refused.Json["error"]?["code"]));
    }

    private Task<Outcome> RunAsync(params string[] arguments) => Agijobs.RunAsync(_folder, arguments);

    private void Samples(string name, params string[] lines) => File.WriteAllText(Path.Combine(_folder, name), string.Join('\n', lines) + "\n");
}
