using System.CommandLine;
using System.Text;
using AgiJobs.Cli.Owner;
using AgiJobs.Control;
using AgiJobs.Control.Authority;
using AgiJobs.Control.Files;

namespace AgiJobs.Cli.Assurance;

/// <summary><c>ci ...</c>: checks that a forge runs.</summary>
internal static class CiCommands
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("ci", "checks for a forge to run");
        command.Subcommands.Add(OwnerAuthority(options, environment));
        command.Subcommands.Add(HgmSuiteCommand.Build(options, environment));
        return command;
    }

    private static Command OwnerAuthority(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("owner-authority", "compare the authority matrix on file with the chain. Exit 0 when they are equal, 6 when they are not, 5 when the chain could not be read whole");
        var write = new Option<bool>("--write") { Description = "write reports/owner-control/authority-matrix.md from the chain" };
        command.Options.Add(write);
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var terminal = session.Terminal;
            var look = await AuthorityLook.AtAsync(session, cancellation).ConfigureAwait(false);
            var path = session.Workspace.Locate("reports", "owner-control", "authority-matrix.md");
            terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}, block {look.Observed.State.Block}");
            var unknown = look.Findings.Where(finding => finding.Rank == FindingRank.Unknown || finding.Code.StartsWith("node-disagrees", StringComparison.Ordinal)).ToList();
            if (unknown.Count > 0)
            {
                foreach (var finding in unknown)
                {
                    terminal.Line($"  UNKNOWN  {finding.Message} [{finding.Code}]");
                }

                terminal.Line("Nothing was compared or written: what is not known is no record.");
                terminal.Json("agijobs.ci-owner-authority/1", ExitCode.Unknown, writer => AuthorityReport.WriteFindings(writer, unknown));
                return ExitCode.Unknown;
            }

            // What changes by the minute, balances and the health of nodes, is no matter of record.
            var lasting = look.Findings.Where(finding => !finding.Code.StartsWith("sender-", StringComparison.Ordinal) && !finding.Code.StartsWith("node-", StringComparison.Ordinal)).ToList();
            var now = new AuthorityReport(session.Network, look.Text, lasting).ToMarkdown();
            if (parsed.GetValue(write))
            {
                AtomicFile.Write(path, Encoding.UTF8.GetBytes(now));
                terminal.Line($"wrote {path}");
                terminal.Json("agijobs.ci-owner-authority/1", ExitCode.Clean, writer => writer.WriteString("written", path));
                return ExitCode.Clean;
            }

            if (!File.Exists(path))
            {
                throw new ControlException("file-missing", ExitCode.BadInput, $"There is no {path} to compare with.", "Write it with 'agijobs ci owner-authority --write', read it, and commit it.");
            }

            var filed = (await File.ReadAllTextAsync(path, cancellation).ConfigureAwait(false)).Split('\n');
            var chain = now.Split('\n');
            var gone = Without(filed, chain);
            var added = Without(chain, filed);
            var same = filed.SequenceEqual(chain, StringComparer.Ordinal);
            foreach (var line in gone)
            {
                terminal.Line($"- {line}");
            }

            foreach (var line in added)
            {
                terminal.Line($"+ {line}");
            }

            terminal.Line(same ? "The chain agrees with the file." : $"The chain disagrees with {path}: - stands in the file, + is on the chain.");
            var exit = same ? ExitCode.Clean : ExitCode.Mismatch;
            terminal.Json("agijobs.ci-owner-authority/1", exit, writer =>
            {
                foreach (var (name, lines) in ((string, List<string>)[])[("file", gone), ("chain", added)])
                {
                    writer.WriteStartArray(name);
                    foreach (var line in lines)
                    {
                        writer.WriteStringValue(line);
                    }

                    writer.WriteEndArray();
                }
            });
            return exit;
        });
        return command;
    }

    // The lines that the other does not have as often.
    private static List<string> Without(IReadOnlyList<string> lines, IReadOnlyList<string> others)
    {
        var left = others.CountBy(line => line, StringComparer.Ordinal).ToDictionary(entry => entry.Key, entry => entry.Value, StringComparer.Ordinal);
        return [.. lines.Where(line => left.GetValueOrDefault(line) == 0 || --left[line] < 0)];
    }
}
