using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Response.Detectors;
using AgiJobs.Response.Findings;

namespace AgiJobs.Cli.Monitoring;

/// <summary><c>monitoring check</c>: compiles the rules of a network and says everything that is wrong with them. Asks no chain and changes nothing.</summary>
internal static class RulesCheckCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var files = new Argument<string[]>("FILE") { Description = "rule files; those of the workspace's monitoring/rules when none is given", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("check", "compile the monitoring rules and say everything that is wrong with them; exit 2 when anything is") { files };
        Session.Run(command, options, environment, (session, parsed, _) =>
        {
            var sources = Sources(session, parsed.GetValue(files) ?? []);
            var check = new RuleCompiler(RuleGround.Of(session.Workspace, session.Network, environment.Time)).Check(sources);
            var exit = check.Rules is null ? ExitCode.BadInput : ExitCode.Clean;
            var terminal = session.Terminal;
            terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}");
            foreach (var problem in check.Problems)
            {
                terminal.Line($"  WRONG  {problem}");
                terminal.Line($"         {problem.Mend} [{problem.Code}]");
            }

            if (check.Rules is { } rules)
            {
                terminal.Table(["rule", "severity", "kind", "depth", "watches"], rules.Rules.Select(rule => (IReadOnlyList<string>)[rule.Rule.Name, Severities.Parse(rule.Rule.Severity)!.Value.Name(), KindOf(rule), rule.Rule.Confirmations.ToString(CultureInfo.InvariantCulture), rule.Watches is [var only] ? only : string.Create(CultureInfo.InvariantCulture, $"{rule.Watches.Count} things of {rule.Watches.Select(watch => watch.Split(' ')[0]).Distinct(StringComparer.Ordinal).Count()} contracts")]));
                foreach (var sleeping in rules.Sleeping)
                {
                    terminal.Line($"  NOT WATCHED  {sleeping}");
                }

                terminal.Line($"{rules.Rules.Count} rules, digest {rules.Digest}");
            }
            else
            {
                terminal.Line($"{check.Problems.Count} {(check.Problems.Count == 1 ? "problem" : "problems")}: nothing of these rules can be put in force");
            }

            terminal.Json("agijobs.monitoring-check/1", exit, writer =>
            {
                writer.WriteString("network", session.Network);
                writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
                writer.WriteString("digest", check.Rules?.Digest.ToString());
                Write(writer, "problems", check.Problems);
                Write(writer, "notWatched", check.Rules?.Sleeping ?? []);
                writer.WriteStartArray("rules");
                foreach (var rule in check.Rules?.Rules ?? [])
                {
                    writer.WriteStartObject();
                    writer.WriteString("name", rule.Rule.Name);
                    writer.WriteString("severity", Severities.Parse(rule.Rule.Severity)!.Value.Name());
                    writer.WriteString("kind", KindOf(rule));
                    writer.WriteNumber("confirmations", rule.Rule.Confirmations);
                    writer.WriteString("file", rule.File);
                    writer.WriteStartArray("watches");
                    foreach (var watch in rule.Watches)
                    {
                        writer.WriteStringValue(watch);
                    }

                    writer.WriteEndArray();
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
            return Task.FromResult(exit);
        });
        return command;
    }

    /// <summary>The rules of files of the command line, or of the workspace.</summary>
    public static IReadOnlyList<RuleSource> Sources(Session session, IReadOnlyList<string> files) =>
        files.Count == 0 ? RulesFolder.Read(session.Workspace, session.Network) : [.. files.SelectMany(file => RulesFolder.Read(session.PathOf(file), file))];

    private static string KindOf(WatchedRule rule) => rule.Rule switch
    {
        { Event: not null } => "event",
        { Call: not null } => "call",
        { State: not null } => "state",
        { Change: not null } => "change",
        { Rate: not null } => "rate",
        { Absence: not null } => "absence",
        _ => "sequence",
    };

    private static void Write(Utf8JsonWriter writer, string key, IReadOnlyList<RuleProblem> problems)
    {
        writer.WriteStartArray(key);
        foreach (var problem in problems)
        {
            writer.WriteStartObject();
            writer.WriteString("code", problem.Code);
            writer.WriteString("file", problem.File);
            writer.WriteString("place", problem.Place);
            writer.WriteString("rule", problem.Rule);
            writer.WriteString("message", problem.Message);
            writer.WriteString("mend", problem.Mend);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
