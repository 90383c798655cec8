using System.CommandLine;
using System.Globalization;
using AgiJobs.Cli.Arena;
using AgiJobs.Cli.Owner;
using AgiJobs.Control;
using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Breakers;
using AgiJobs.Response.Detectors;
using AgiJobs.Response.Watching;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Monitoring;

/// <summary><c>monitoring breakers</c>: which findings stop the protocol, who has to agree, and what became of those on which monitors agreed.</summary>
internal static class BreakersCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("breakers", "which findings offer or fire an armed pause, how many monitors have to agree, and for each time: how long detection, decision and pause took, in seconds and in blocks");
        Session.Run(command, options, environment, async (session, _, cancellation) =>
        {
            var file = session.Workspace.Breakers(session.Network);
            List<BreakerCase> cases;
            IReadOnlyList<string> gaps;
            try
            {
                await using var store = await ServiceState.OpenAsync(session, cancellation).ConfigureAwait(false);
                cases = [.. (await store.ListAsync(BreakerCase.Collection(session.Network), cancellationToken: cancellation).ConfigureAwait(false)).Select(BreakerCase.Read)];
                gaps = file is null ? [] : await GapsAsync(session, store, file, cancellation).ConfigureAwait(false);
            }
            catch (StorageException problem)
            {
                throw ServiceState.Told(problem);
            }

            var open = cases.Where(one => one.IsOpen).ToList();
            var exit = file is null || open.Count > 0 || gaps.Count > 0 ? ExitCode.Findings : ExitCode.Clean;
            var terminal = session.Terminal;
            terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}");
            if (file is null)
            {
                terminal.Line("FINDING no breakers are set: what monitors find is told to people and stops nothing. Write config/breakers.json (docs/breakers.md).");
            }
            else
            {
                terminal.Line($"{file.Agree} of {file.Monitors.Count} monitors must agree: {string.Join(", ", file.Monitors.Select(monitor => monitor.Name))}; a block counts for {file.FreshSeconds} s");
                terminal.Table(["rule", "when they agree"], file.Breakers.Select(breaker => (IReadOnlyList<string>)[breaker.Rule, breaker.Action == BreakerAction.Fire ? "fires the best armed pause at once" : "offers it: people decide"]));
            }

            foreach (var gap in gaps)
            {
                terminal.Line($"FINDING {gap}");
            }

            if (cases.Count > 0)
            {
                terminal.Table(
                    ["what", "block", "state", "monitors", "detected", "decided", "paused"],
                    cases.Select(one => (IReadOnlyList<string>)
                    [
                        one.Title,
                        one.Block.ToString(CultureInfo.InvariantCulture),
                        Word(one),
                        string.Join(", ", one.Monitors),
                        Took(one.Account().DetectSeconds, one.Account().DetectBlocks),
                        Took(one.Account().DecideSeconds, null),
                        Took(one.Account().PauseSeconds, one.Account().PauseBlocks),
                    ]));
            }

            foreach (var one in open)
            {
                terminal.Line(one.State == BreakerState.Offered
                    ? $"DECIDE {one.Title}: to stop the protocol, agijobs owner armory fire --execute"
                    : $"FINDING {one.Title}: the pause is not through{(one.Failures > 0 ? $" ({one.Failures} failures, last: {one.History[^1].Detail})" : "")}. By hand: agijobs owner emergency");
            }

            terminal.Json("agijobs.monitoring-breakers/1", exit, writer =>
            {
                writer.WriteString("network", session.Network);
                writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
                writer.WriteBoolean("set", file is not null);
                if (file is not null)
                {
                    writer.WriteNumber("agree", file.Agree);
                    writer.WriteNumber("monitors", file.Monitors.Count);
                }

                writer.WriteStartArray("gaps");
                foreach (var gap in gaps)
                {
                    writer.WriteStringValue(gap);
                }

                writer.WriteEndArray();
                writer.WriteStartArray("cases");
                foreach (var one in cases)
                {
                    var account = one.Account();
                    writer.WriteStartObject();
                    writer.WriteString("occurrence", one.Occurrence);
                    writer.WriteString("rule", one.Rule);
                    writer.WriteString("title", one.Title);
                    writer.WriteNumber("block", one.Block);
                    writer.WriteString("state", Word(one));
                    writer.WriteString("change", one.Change);
                    writer.WriteNumber("failures", one.Failures);
                    Number("detectSeconds", account.DetectSeconds);
                    Number("detectBlocks", account.DetectBlocks);
                    Number("decideSeconds", account.DecideSeconds);
                    Number("pauseSeconds", account.PauseSeconds);
                    Number("pauseBlocks", account.PauseBlocks);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();

                // Unknown is null and never 0.
                void Number(string name, double? value)
                {
                    if (value is { } known)
                    {
                        writer.WriteNumber(name, known);
                    }
                    else
                    {
                        writer.WriteNull(name);
                    }
                }
            });
            return exit;
        });
        return command;
    }

    /// <summary>Why the breakers would not stop what they are there to stop, asked of the store and of this machine's armory.</summary>
    /// <exception cref="StorageException">The store could not be read.</exception>
    public static async Task<IReadOnlyList<string>> GapsAsync(Session session, IStateStore store, BreakersFile file, CancellationToken cancellation)
    {
        RulesInForce? rules = null;
        try
        {
            rules = await RulesInForce.LoadAsync(store, session.Workspace, session.Network, session.Environment.Time, cancellation).ConfigureAwait(false);
        }
        catch (ControlException)
        {
            // Rules that cannot be compiled are unknown ones.
        }

        return BreakerGaps.Of(
            file,
            await MonitorStanding.ReadAllAsync(store, session.Network, cancellation).ConfigureAwait(false),
            rules is null ? null : [.. rules.Compiled?.Rules.Select(rule => rule.Rule.Name) ?? []],
            rules?.Digest?.ToString(),
            ArmoryFire.Ready(session),
            session.Environment.Time.GetUtcNow());
    }

    private static string Word(BreakerCase one) => one.State switch
    {
        BreakerState.Offered => "offered",
        BreakerState.Firing => "firing",
        BreakerState.Fired => "fired",
        BreakerState.Stopped => "stopped by others",
        _ => "withdrawn",
    };

    private static string Took(double? seconds, long? blocks) =>
        seconds is not { } known ? "unknown" : string.Create(CultureInfo.InvariantCulture, $"{known:0.0} s{(blocks is { } count ? $", {count} blocks" : "")}");
}
