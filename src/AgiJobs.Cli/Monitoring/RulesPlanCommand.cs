using System.CommandLine;
using System.Globalization;
using AgiJobs.Cli.Arena;
using AgiJobs.Control;
using AgiJobs.Control.Evidence;
using AgiJobs.Control.Snapshots;
using AgiJobs.Response.Detectors;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Monitoring;

/// <summary><c>monitoring plan|apply</c>: the rules of the files against those in force, which are what monitors watch by.</summary>
internal static class RulesPlanCommand
{
    public static Command Plan(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("plan", "show how the rules of monitoring/rules differ from those in force; exit 3 when they do");
        Session.Run(command, options, environment, (session, _, cancellation) => RunAsync(session, environment, "agijobs.monitoring-plan/1", execute: false, null, cancellation));
        return command;
    }

    public static Command Apply(CommonOptions options, CommandEnvironment environment)
    {
        var reason = new Option<string?>("--reason") { Description = "why, for the audit log", HelpName = "TEXT" };
        var command = new Command("apply", "put the rules of monitoring/rules in force; previewed without --execute") { reason, options.Execute, options.DryRun };
        Session.Run(command, options, environment, (session, parsed, cancellation) => RunAsync(session, environment, "agijobs.monitoring-apply/1", session.Execute, parsed.GetValue(reason), cancellation));
        return command;
    }

    /// <summary>Puts the rules of a network in force for which none ever were.</summary>
    /// <returns>How many; null when some are in force already.</returns>
    /// <exception cref="ControlException">The rules cannot be compiled, or the store does not answer.</exception>
    public static async Task<int?> PutFirstAsync(Session session, string reason, CancellationToken cancellation)
    {
        var store = await ServiceState.OpenAsync(session, cancellation).ConfigureAwait(false);
        await using (store.ConfigureAwait(false))
        {
            try
            {
                var applied = new AppliedRulesStore(store, session.Network);
                if (await applied.ReadAsync(cancellation).ConfigureAwait(false) is not null)
                {
                    return null;
                }

                var sources = RulesFolder.Read(session.Workspace, session.Network);
                var rules = new RuleCompiler(RuleGround.Of(session.Workspace, session.Network, session.Environment.Time)).Compile(sources);
                return (await applied.ApplyAsync(rules, sources, $"{System.Environment.UserName}@{System.Environment.MachineName}", reason, session.Audit, session.Environment.Time, cancellation).ConfigureAwait(false)).Rules.Count;
            }
            catch (StorageException problem)
            {
                throw ServiceState.Told(problem);
            }
        }
    }

    private static async Task<ExitCode> RunAsync(Session session, CommandEnvironment environment, string schema, bool execute, string? reason, CancellationToken cancellation)
    {
        var sources = RulesFolder.Read(session.Workspace, session.Network);
        var rules = new RuleCompiler(RuleGround.Of(session.Workspace, session.Network, environment.Time)).Compile(sources);
        var store = await ServiceState.OpenAsync(session, cancellation).ConfigureAwait(false);
        await using (store.ConfigureAwait(false))
        {
            try
            {
                var applied = new AppliedRulesStore(store, session.Network);
                var before = await applied.ReadAsync(cancellation).ConfigureAwait(false);
                var differences = AppliedRulesStore.Compare(before, sources);
                var newest = RuleTampering.Newest(new AuditArchive(session.Workspace, environment.Seal).Entries(session.Network, []).Select(entry => entry.Entry));
                var tampering = RuleTampering.Find(session.Network, "monitoring plan", before, sources, null, newest).Where(finding => finding.Severity < Severity.Sev2).ToList();

                // Rules that nobody vouches for are put in force anew even when they say the same.
                var isDue = before is null || differences.Count > 0 || tampering.Count > 0 || before.Digest != rules.Digest;
                var after = isDue && execute
                    ? await applied.ApplyAsync(rules, sources, $"{System.Environment.UserName}@{System.Environment.MachineName}", reason, session.Audit, environment.Time, cancellation).ConfigureAwait(false)
                    : null;
                var exit = !isDue || after is not null ? ExitCode.Clean : ExitCode.Findings;
                Print(session, schema, exit, rules, before, after, differences, tampering, isDue);
                return exit;
            }
            catch (StorageException problem)
            {
                throw ServiceState.Told(problem);
            }
        }
    }

    private static void Print(Session session, string schema, ExitCode exit, CompiledRules rules, AppliedRules? before, AppliedRules? after, IReadOnlyList<RuleDifference> differences, IReadOnlyList<Finding> tampering, bool isDue)
    {
        var terminal = session.Terminal;
        terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}");
        terminal.Line(before is null ? "  in force  nothing" : string.Create(CultureInfo.InvariantCulture, $"  in force  {before.Rules.Count} rules, digest {before.Digest}, by {before.By} at {before.At.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC"));
        terminal.Line($"  files     {rules.Rules.Count} rules that watch, digest {rules.Digest}");
        foreach (var finding in tampering)
        {
            terminal.Line($"  FINDING   {finding.Severity.Name()}: {finding.Title}");
        }

        foreach (var difference in differences)
        {
            terminal.Line($"{difference.Action} {difference.Name}");
            foreach (var line in LineDiff.Lines(RuleDifference.TextOf(difference.Before), RuleDifference.TextOf(difference.After)))
            {
                terminal.Line($"  {line}");
            }
        }

        foreach (var sleeping in rules.Sleeping)
        {
            terminal.Line($"  NOT WATCHED  {sleeping}");
        }

        terminal.Line(after is not null ? $"In force since {after.At.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)} UTC, by {after.By}; monitors take them up by themselves."
            : !isDue ? "Nothing to change."
            : differences.Count == 0 && before is not null ? "The same rules watch something else now, or nobody vouches for them: 'agijobs monitoring apply --execute' puts them in force anew."
            : string.Create(CultureInfo.InvariantCulture, $"{differences.Count} to change: 'agijobs monitoring apply --execute' puts them in force."));
        terminal.Json(schema, exit, writer =>
        {
            writer.WriteString("network", session.Network);
            writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
            writer.WriteString("inForce", before?.Digest.ToString());
            writer.WriteString("wanted", rules.Digest.ToString());
            writer.WriteBoolean("applied", after is not null);
            writer.WriteStartArray("differences");
            foreach (var difference in differences)
            {
                writer.WriteStartObject();
                writer.WriteString("action", difference.Action);
                writer.WriteString("rule", difference.Name);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteStartArray("findings");
            foreach (var finding in tampering)
            {
                writer.WriteStringValue(finding.Title);
            }

            writer.WriteEndArray();
            writer.WriteStartArray("notWatched");
            foreach (var sleeping in rules.Sleeping)
            {
                writer.WriteStringValue(sleeping.ToString());
            }

            writer.WriteEndArray();
        });
    }
}
