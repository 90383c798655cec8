using System.CommandLine;
using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Runs;

namespace AgiJobs.Cli.Hgm;

/// <summary><c>hgm list</c>: the runs of a network, how they stand and who drives them.</summary>
internal static class ListCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("list", "the runs of the network: how each stands, what it spent and returned, and which process drives it");
        Session.Run(command, options, environment, (session, _, cancellation) => RunCommand.WithRunsAsync(session, async store =>
        {
            var rows = new List<(string Run, RunState State, string? Driver)>();
            foreach (var entry in await store.ListAsync(cancellation).ConfigureAwait(false))
            {
                var state = RunState.Fold(await store.ReadAsync(entry.Name, 0, cancellation).ConfigureAwait(false));
                rows.Add((entry.Name, state, (await store.State.FindLeaseAsync(store.StreamOf(entry.Name), cancellation).ConfigureAwait(false))?.Holder));
            }

            var terminal = session.Terminal;
            terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}: {rows.Count} runs");
            if (rows.Count > 0)
            {
                terminal.Table(
                    ["run", "state", "evaluations", "agents", "alpha", "spent", "worth", "return", "driven by"],
                    rows.Select(row => (IReadOnlyList<string>)
                    [
                        row.Run,
                        RunStanding.Of(row.State),
                        string.Create(CultureInfo.InvariantCulture, $"{row.State.Evaluations}/{row.State.Settings.Evaluations}"),
                        row.State.Tree.Count.ToString(CultureInfo.InvariantCulture),
                        row.State.Alpha.ToString(CultureInfo.InvariantCulture),
                        row.State.Ledger.Run.Cost.ToString(),
                        row.State.Ledger.Run.Value.ToString(),
                        row.State.Ledger.Run.Roi?.ToString("0.00", CultureInfo.InvariantCulture) ?? "none yet",
                        row.Driver is { } driver ? DriverName.Words(driver) : row.State.Finished is null ? "nobody" : "-",
                    ]));
            }

            terminal.Json("agijobs.hgm-list/1", ExitCode.Clean, writer =>
            {
                writer.WriteString("network", session.Network);
                writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
                writer.WriteStartArray("runs");
                foreach (var (run, state, driver) in rows)
                {
                    writer.WriteStartObject();
                    writer.WriteString("run", run);
                    writer.WriteString("state", RunStanding.Of(state));
                    writer.WriteBoolean("finished", state.Finished is not null);
                    writer.WriteNumber("events", state.Version);
                    writer.WriteNumber("evaluations", state.Evaluations);
                    writer.WriteNumber("budget", state.Settings.Evaluations);
                    writer.WriteNumber("agents", state.Tree.Count);
                    writer.WriteNumber("alpha", state.Alpha);
                    writer.WriteNumber("prior", state.Prior);
                    writer.WriteString("cost", state.Ledger.Run.Cost.ToString());
                    writer.WriteString("value", state.Ledger.Run.Value.ToString());
                    writer.WriteString("drivenBy", driver);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
            return ExitCode.Clean;
        }, cancellation));
        return command;
    }
}
