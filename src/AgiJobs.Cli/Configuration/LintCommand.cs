using System.CommandLine;
using AgiJobs.Control.Configuration;
using AgiJobs.Response.Detectors;
using AgiJobs.Steering.Configuration;

namespace AgiJobs.Cli.Configuration;

/// <summary><c>config lint</c>.</summary>
internal static class LintCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("lint", "check every file of the configuration, the monitoring rules among them, and report everything that is wrong; reads only, and asks no chain. Exit 2: a file is bad; 3: findings");
        Session.Run(command, options, environment, (session, _, _) =>
        {
            var ground = new LintGround(session.Workspace, session.Environment.Time);
            var findings = ConfigurationLint.Run(ground, [.. ConfigurationLint.Rules, new SteeringRule(), new MonitoringRulesRule()]);
            var exit = ConfigurationLint.ExitOf(findings);
            session.Terminal.Line(WorkspaceScope.Line(session));
            foreach (var finding in findings)
            {
                session.Terminal.Line($"{(finding.IsError ? "ERROR  " : "FINDING")} {finding.Path}{(finding.Line is { } line ? $":{line}" : "")}  {finding.Message} [{finding.Code}]");
                session.Terminal.Line($"        {finding.Mend}");
            }

            var errors = findings.Count(finding => finding.IsError);
            session.Terminal.Line(findings.Count == 0 ? $"{ground.Files.Count} files are in order" : $"{ground.Files.Count} files: {errors} error{(errors == 1 ? "" : "s")}, {findings.Count - errors} finding{(findings.Count - errors == 1 ? "" : "s")}");
            session.Terminal.Json("agijobs.config-lint/1", exit, writer =>
            {
                WorkspaceScope.Write(session, writer);
                writer.WriteNumber("files", ground.Files.Count);
                writer.WriteStartArray("findings");
                foreach (var finding in findings)
                {
                    writer.WriteStartObject();
                    writer.WriteString("severity", finding.IsError ? "error" : "finding");
                    writer.WriteString("path", finding.Path);
                    if (finding.Line is { } line)
                    {
                        writer.WriteNumber("line", line);
                    }

                    writer.WriteString("code", finding.Code);
                    writer.WriteString("message", finding.Message);
                    writer.WriteString("mend", finding.Mend);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
            return Task.FromResult(exit);
        });
        return command;
    }
}
