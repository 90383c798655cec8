using System.CommandLine;
using System.Globalization;
using System.Text;
using AgiJobs.Cli.Drills;
using AgiJobs.Control;
using AgiJobs.Control.Files;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Response.Drills;

namespace AgiJobs.Cli.Owner;

/// <summary><c>owner pause-test</c>: pause and resume on a fork of the live state.</summary>
internal static class PauseTestCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("pause-test", "rehearse pause and resume on a fork of the live state; needs no key and touches nothing live");
        command.Options.Add(options.Out);
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var terminal = session.Terminal;
            var live = await session.ObserveAsync(cancellation).ConfigureAwait(false);
            var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
            terminal.Line("NOTHING LIVE IS TOUCHED: what follows happens on a fork on this machine.");
            terminal.Line($"network {session.Network}, chain {live.ChainId}, block {live.Block}");
            await using var fork = await session.Fork().StartAsync(PinnedBlock.AtConnect(client).Header, cancellation).ConfigureAwait(false);
            var report = await new PauseRehearsal(fork.Client, session.Protocol, session.Network, environment.Time) { OnClaim = claim => DrillCommands.Print(terminal, claim) }.RunAsync(live, cancellation).ConfigureAwait(false);
            var exit = report.Held ? ExitCode.Clean : ExitCode.Failed;
            var path = parsed.GetValue(options.Out) is { } chosen ? session.PathOf(chosen) : session.Workspace.Locate("reports", "drills", $"{report.StartedAt:yyyy-MM-dd-HHmmss}-pause-test.md");
            AtomicFile.Write(path, Encoding.UTF8.GetBytes(report.ToMarkdown()));
            await session.RecordAsync("drill.pause-test", null, data => data["held"] = report.Held, cancellation).ConfigureAwait(false);
            terminal.Line(string.Create(CultureInfo.InvariantCulture, $"{(report.Held ? $"HELD: all {report.Claims.Count} claims" : $"NOT HELD: {report.Claims.Count(claim => !claim.Held)} of {report.Claims.Count} claims")}, in {report.Took.TotalSeconds:0.0} s"));
            terminal.Line($"  report   {path}");
            terminal.Json("agijobs.pause-test/1", exit, writer =>
            {
                writer.WriteString("network", session.Network);
                writer.WriteNumber("chainId", live.ChainId.Value);
                writer.WriteNumber("block", live.Block.Value);
                writer.WriteBoolean("held", report.Held);
                writer.WriteString("report", path);
                writer.WriteStartArray("claims");
                foreach (var claim in report.Claims)
                {
                    writer.WriteStartObject();
                    writer.WriteString("claim", claim.Claim);
                    writer.WriteBoolean("held", claim.Held);
                    writer.WriteString("seen", claim.Detail);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
            return exit;
        });
        return command;
    }
}
