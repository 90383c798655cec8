using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Hgm.Laws;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Configuration;
using AgiJobs.Steering.Runs;

namespace AgiJobs.Cli.Sentinels;

/// <summary><c>sentinel snapshot</c>: the sentinel of a run as it is now, and the settings of today.</summary>
internal static class SnapshotCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var run = SentinelCommands.Run();
        var command = new Command("snapshot", "the sentinel of a run as it is now, whoever drives it: spent and earned, the return of the run and of its window, what is held, overridden, set aside, stopped, and the settings with where each comes from. Exit 3: something stands that nobody acknowledged, the run has other settings than the files say, or no sentinel") { run };
        Session.Run(command, options, environment, (session, parsed, cancellation) => SentinelCommands.WithStateAsync(session, async (_, store) =>
        {
            var name = parsed.GetValue(run)!;
            var history = await store.KeptAsync(name, 0, int.MaxValue, cancellation).ConfigureAwait(false);
            if (history.Count == 0)
            {
                throw SentinelCommands.Unknown(session, name);
            }

            var driver = await store.State.FindLeaseAsync(store.StreamOf(name), cancellation).ConfigureAwait(false);
            return Print(session, name, RunState.Fold(history.Select(entry => entry.Happened)), history[^1].At, driver?.Holder, session.Steering());
        }, cancellation));
        return command;
    }

    private static ExitCode Print(Session session, string run, RunState state, DateTimeOffset last, string? driver, SteeringConfiguration configuration)
    {
        var (sentinel, terminal, money) = (state.Sentinel, session.Terminal, state.Ledger.Run);
        var findings = Findings(run, sentinel, configuration);
        var exit = findings.Count > 0 ? ExitCode.Findings : ExitCode.Clean;
        terminal.Line($"{SentinelCommands.Heading(session, run)}: {RunStanding.Of(state)}");
        terminal.Line(string.Create(CultureInfo.InvariantCulture, $"  events     {state.Version}, the last at {Time(last)}; {(driver is null ? "nobody drives it" : $"driven by {DriverName.Words(driver)}")}"));
        terminal.Line($"  spent      {state.Budget.Spent}, promised to work in flight {state.Budget.Reserved}, cap {state.Budget.Cap?.ToString() ?? "none"}{(sentinel.ToppedUp > Amount.Zero ? $" with {sentinel.ToppedUp} topped up" : "")}{(state.Budget.Disputed > Amount.Zero ? $"; {state.Budget.Disputed} were claimed above reservations and not accepted" : "")}");
        terminal.Line(string.Create(CultureInfo.InvariantCulture, $"  earned     {money.Value}; return of the run {Roi(money)}, of the last {sentinel.Rolled} operations {Roi(sentinel.Rolling)}; {sentinel.Evidence} evaluations ended"));
        if (sentinel.Settings is { } settings)
        {
            terminal.Line(string.Create(CultureInfo.InvariantCulture, $"  judged     {(settings.RoiFloor is null ? "no floor" : sentinel.Evidence < settings.MinimumEvidence ? $"not yet: {sentinel.Evidence} of {settings.MinimumEvidence} evaluations" : $"by the {(sentinel.Judged(money) == sentinel.Rolling && sentinel.Rolled == settings.RollingWindow && settings.RollingWindow > 0 ? "window" : "whole run")}; {sentinel.Breaches} of {settings.RoiGrace} judgements below the floor of {settings.RoiFloor}")}"));
        }

        foreach (var (hold, what) in sentinel.Holds.Select(hold => (hold, sentinel.IsOverridden(hold.Rule) ? "overridden" : "holds expansions")).Concat(sentinel.Stop is { } stop ? [(stop, "stopped the run")] : []))
        {
            terminal.Line(string.Create(CultureInfo.InvariantCulture, $"  {hold.Rule,-10} {what} since event {hold.Version}: {hold.Detail}; {(hold.Acknowledged is { } by ? $"acknowledged: {by}" : "not acknowledged")}"));
        }

        if (!state.GateOpen)
        {
            terminal.Line("  gate       a person holds expansions; the sentinel does not open that");
        }

        foreach (var one in sentinel.Overrides)
        {
            terminal.Line($"  override   {one.Rule} until {Time(one.Until)}{(one.Until <= session.Environment.Time.GetUtcNow() ? ", which is over: it ends with the run's next step" : "")}: {one.Reason}");
        }

        if (sentinel.Pruned.Count > 0)
        {
            terminal.Line($"  set aside  agents {string.Join(", ", sentinel.Pruned)}; {(sentinel.LastPrune?.Acknowledged is { } by ? $"acknowledged: {by}" : "not acknowledged")}");
        }

        var streaks = Streaks(state);
        terminal.Line($"  streaks    {(streaks.Count == 0 ? "none" : string.Join(", ", streaks.Select(streak => string.Create(CultureInfo.InvariantCulture, $"agent {streak.Agent}: {streak.Failures}"))))}");
        terminal.Line($"  settings   digest {configuration.Digest("sentinel")}, profile {configuration.Profile ?? "off"}");
        terminal.Table(["key", "value", "from"], configuration.Of("sentinel").Select(setting => (IReadOnlyList<string>)[setting.Key, setting.Value, SteeringConfiguration.Whence(setting)]));
        foreach (var (code, message, mend) in findings)
        {
            terminal.Line($"FINDING {message} [{code}]");
            terminal.Line($"        {mend}");
        }

        terminal.Json("agijobs.sentinel-snapshot/1", exit, writer => Write(writer, session, run, state, last, driver, configuration, streaks, findings));
        return exit;
    }

    private static List<(string Code, string Message, string Mend)> Findings(string run, SentinelState sentinel, SteeringConfiguration configuration)
    {
        var findings = new List<(string, string, string)>();
        if (sentinel.Settings is not { } settings)
        {
            findings.Add(("no-sentinel", $"the run '{run}' has no sentinel", $"agijobs sentinel apply {run} --reason TEXT --signer NAME --signer NAME"));
        }
        else if (settings != configuration.Sentinel)
        {
            findings.Add(("settings-differ", $"the run follows other settings than the files of today: {string.Join(", ", Differences(settings, configuration.Sentinel))}", $"If those of today are meant: agijobs sentinel apply {run} --reason TEXT --signer NAME --signer NAME"));
        }

        foreach (var hold in sentinel.Holds.Concat(((SentinelHold?[])[sentinel.Stop, sentinel.LastPrune]).OfType<SentinelHold>()).Where(hold => hold.Acknowledged is null))
        {
            findings.Add(("not-acknowledged", $"nobody has acknowledged {hold.Rule}: {hold.Detail}", $"agijobs sentinel acknowledge {run} {hold.Rule} --reason TEXT --signer NAME"));
        }

        findings.AddRange(configuration.Contradictions().Select(found => (found.Code, found.Message, found.Mend)));
        return findings;
    }

    private static IEnumerable<string> Differences(SentinelSettings run, SentinelSettings today)
    {
        var (before, after) = (Values(run), Values(today));
        return before.Keys.Union(after.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal).Where(key => !string.Equals(before.GetValueOrDefault(key), after.GetValueOrDefault(key), StringComparison.Ordinal))
            .Select(key => $"{key} {before.GetValueOrDefault(key, "off")} in the run, {after.GetValueOrDefault(key, "off")} today");
    }

    private static Dictionary<string, string> Values(SentinelSettings settings)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            RunEventJson.Write(writer, settings);
        }

        using var document = JsonDocument.Parse(Encoding.UTF8.GetString(buffer.ToArray()));
        return document.RootElement.EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value.ToString(), StringComparer.Ordinal);
    }

    private static List<(int Agent, int Failures)> Streaks(RunState state) =>
        [.. Enumerable.Range(0, state.Tree.Count).Select(agent => (agent, state.Sentinel.StreakOf(agent))).Where(streak => streak.Item2 >= 3 && !state.IsPruned(streak.agent)).OrderByDescending(streak => streak.Item2).ThenBy(streak => streak.agent).Take(8)];

    private static string Roi(Account account) => account.Roi?.ToString("0.####", CultureInfo.InvariantCulture) ?? "not known (nothing was spent)";

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    private static void Write(Utf8JsonWriter writer, Session session, string run, RunState state, DateTimeOffset last, string? driver, SteeringConfiguration configuration, List<(int Agent, int Failures)> streaks, List<(string Code, string Message, string Mend)> findings)
    {
        var (sentinel, money) = (state.Sentinel, state.Ledger.Run);
        writer.WriteString("network", session.Network);
        writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
        writer.WriteString("run", run);
        writer.WriteString("state", RunStanding.Of(state));
        writer.WriteNumber("events", state.Version);
        writer.WriteString("lastEventAt", Time(last));
        writer.WriteString("drivenBy", driver);
        writer.WriteString("total_value", money.Value.ToString());
        writer.WriteString("total_cost", money.Cost.ToString());
        writer.WriteString("roi", money.Roi?.ToString(CultureInfo.InvariantCulture));
        writer.WriteStartObject("rolling");
        writer.WriteNumber("operations", sentinel.Rolled);
        writer.WriteString("value", sentinel.Rolling.Value.ToString());
        writer.WriteString("cost", sentinel.Rolling.Cost.ToString());
        writer.WriteString("roi", sentinel.Rolling.Roi?.ToString(CultureInfo.InvariantCulture));
        writer.WriteEndObject();
        writer.WriteNumber("evidence", sentinel.Evidence);
        writer.WriteNumber("roi_breach_count", sentinel.Breaches);
        writer.WriteString("spent", state.Budget.Spent.ToString());
        writer.WriteString("reserved", state.Budget.Reserved.ToString());
        writer.WriteString("cap", state.Budget.Cap?.ToString());
        writer.WriteString("toppedUp", sentinel.ToppedUp.ToString());
        writer.WriteStartArray("pause_reasons");
        foreach (var rule in sentinel.Holds.Where(hold => !sentinel.IsOverridden(hold.Rule)).Select(hold => hold.Rule).Order(StringComparer.Ordinal))
        {
            writer.WriteStringValue(rule);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("holds");
        foreach (var hold in sentinel.Holds)
        {
            Hold(hold);
        }

        writer.WriteEndArray();
        writer.WriteBoolean("gateOpen", state.GateOpen);
        writer.WriteBoolean("expansionsOpen", state.ExpansionsOpen);
        writer.WriteBoolean("stop_requested", state.StopReason is not null);
        writer.WriteString("stop_reason", state.StopReason);
        writer.WriteStartArray("overrides");
        foreach (var one in sentinel.Overrides)
        {
            writer.WriteStartObject();
            writer.WriteString("rule", one.Rule);
            writer.WriteString("until", Time(one.Until));
            writer.WriteString("reason", one.Reason);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("pruned_agents");
        foreach (var agent in sentinel.Pruned.Order())
        {
            writer.WriteNumberValue(agent);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("streaks");
        foreach (var (agent, failures) in streaks)
        {
            writer.WriteStartObject();
            writer.WriteNumber("agent", agent);
            writer.WriteNumber("failures", failures);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WritePropertyName("inForce");
        if (sentinel.Settings is { } settings)
        {
            RunEventJson.Write(writer, settings);
        }
        else
        {
            writer.WriteNullValue();
        }

        writer.WriteString("inForceSince", sentinel.SettingsReason);
        writer.WriteString("profile", configuration.Profile);
        writer.WriteString("digest", configuration.Digest("sentinel").ToString());
        writer.WriteStartArray("configuration");
        foreach (var setting in configuration.Of("sentinel"))
        {
            writer.WriteStartObject();
            writer.WriteString("key", setting.Key);
            writer.WriteString("value", setting.Value);
            writer.WriteString("source", setting.Source.ToString().ToLowerInvariant());
            writer.WriteString("where", setting.Where);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("findings");
        foreach (var (code, message, mend) in findings)
        {
            writer.WriteStartObject();
            writer.WriteString("code", code);
            writer.WriteString("message", message);
            writer.WriteString("mend", mend);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();

        void Hold(SentinelHold hold)
        {
            writer.WriteStartObject();
            writer.WriteString("rule", hold.Rule);
            writer.WriteString("detail", hold.Detail);
            writer.WriteNumber("event", hold.Version);
            writer.WriteString("acknowledged", hold.Acknowledged);
            writer.WriteBoolean("overridden", sentinel.IsOverridden(hold.Rule));
            writer.WriteEndObject();
        }
    }
}
