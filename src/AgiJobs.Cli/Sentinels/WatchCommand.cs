using System.CommandLine;
using System.Globalization;
using AgiJobs.Arena.Alerts;
using AgiJobs.Control;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Sentinels;

namespace AgiJobs.Cli.Sentinels;

/// <summary><c>sentinel watch</c>: a run's interventions as they come, each an alert.</summary>
internal static class WatchCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var run = SentinelCommands.Run();
        var iterations = new Option<int>("--iterations") { Description = "how often to look; 0 looks until the run is over", HelpName = "N", DefaultValueFactory = _ => 0 };
        var interval = new Option<int>("--interval") { Description = "seconds from look to look", HelpName = "N", DefaultValueFactory = _ => 2 };
        var command = new Command("watch", "print what the sentinel of a run does and what people tell it, from the run's beginning, as it comes; each is an alert for the receiver of config/services.json, delivered at least once, also when this command is killed and run again") { run, iterations, interval };
        Session.Run(command, options, environment, (session, parsed, cancellation) => SentinelCommands.WithStateAsync(session, async (state, store) =>
        {
            var (name, looks, pause) = (parsed.GetValue(run)!, parsed.GetValue(iterations), parsed.GetValue(interval));
            if (looks < 0 || pause is < 1 or > 3600)
            {
                throw new ControlException("watch-range", ExitCode.BadInput, looks < 0 ? $"--iterations {looks} is below 0." : $"--interval {pause} is not from 1 to 3600.", "Leave it out for the default.");
            }

            var network = session.Network;
            var receiver = AlertReceiver.Of(session.Workspace.Services(network).Alerts);
            var alerts = new SentinelAlerts(state, network, session.NetworkFile.ChainId, AlertBook.Channel(network));
            using var delivery = receiver is null ? null : new AlertDelivery(state, network, receiver, session.Environment.Time);
            var (version, interventions, told, delivered) = (0L, 0, 0, 0);
            var over = false;
            session.Terminal.Line($"{SentinelCommands.Heading(session, name)}; alerts go {(receiver is null ? "to nobody: config/services.json names no receiver" : "to the receiver of config/services.json")}");
            for (var look = 1; !over; look++)
            {
                var news = await store.KeptAsync(name, version, int.MaxValue, cancellation).ConfigureAwait(false);
                if (version == 0 && news.Count == 0)
                {
                    throw SentinelCommands.Unknown(session, name);
                }

                foreach (var (at, happened) in news.Select(entry => (entry.At, entry.Happened)))
                {
                    over |= happened is RunFinished;
                    if (SentinelIntervention.Of(happened) is { } intervention)
                    {
                        interventions++;
                        session.Terminal.Line($"{at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture)}  {intervention.Severity,-8}  {intervention.Message}{(intervention.Detail.Length > 0 ? $": {intervention.Detail}" : "")}");
                    }
                }

                version = news.Count > 0 ? news[^1].Version : version;
                if (delivery is not null)
                {
                    told += await alerts.TellAsync(name, cancellation).ConfigureAwait(false);
                    var sent = await delivery.DeliverAsync(cancellation).ConfigureAwait(false);
                    delivered += sent.Delivered;
                    sent.GivenUp.ToList().ForEach(lost => session.Terminal.Progress($"FINDING {lost}"));
                }

                if (look == looks)
                {
                    break;
                }

                if (!over)
                {
                    await Task.Delay(TimeSpan.FromSeconds(pause), session.Environment.Time, cancellation).ConfigureAwait(false);
                }
            }

            var waiting = delivery is null ? 0 : (await state.OutboxAsync(AlertBook.Channel(network), cancellation).ConfigureAwait(false)).Waiting;
            var exit = waiting > 0 ? ExitCode.Findings : ExitCode.Clean;
            session.Terminal.Line(string.Create(CultureInfo.InvariantCulture, $"{interventions} interventions in {version} events{(over ? "; the run is over" : "")}; {told} alerts told now, {delivered} delivered, {waiting} wait"));
            if (waiting > 0)
            {
                session.Terminal.Line("FINDING alerts wait for their receiver; 'serve' with the role arena, or this command again, delivers them");
            }

            session.Terminal.Json("agijobs.sentinel-watch/1", exit, writer =>
            {
                writer.WriteString("network", network);
                writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
                writer.WriteString("run", name);
                writer.WriteNumber("events", version);
                writer.WriteNumber("interventions", interventions);
                writer.WriteBoolean("over", over);
                writer.WriteNumber("told", told);
                writer.WriteNumber("delivered", delivered);
                writer.WriteNumber("waiting", waiting);
            });
            return exit;
        }, cancellation));
        return command;
    }
}
