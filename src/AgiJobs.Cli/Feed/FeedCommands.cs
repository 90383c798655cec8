using System.CommandLine;
using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Control.Feed;

namespace AgiJobs.Cli.Feed;

/// <summary><c>feed list|flush</c>: the messages by which executed changes are told.</summary>
internal static class FeedCommands
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("feed", "the change feed: signed messages of executed changes, kept until they are taken");
        var list = new Command("list", "list the messages that wait, with why, and those that were taken");
        Session.Run(list, options, environment, (session, _, _) =>
        {
            var feed = Feed(session);
            return Task.FromResult(Print(session, feed, "agijobs.feed-list/1", [], feed.Waiting()));
        });
        var flush = new Command("flush", "deliver every message now, also those whose next attempt is not due; exit 3 when some still wait");
        Session.Run(flush, options, environment, async (session, _, cancellation) =>
        {
            var feed = Feed(session);
            var done = await feed.DeliverAsync(all: true, cancellation).ConfigureAwait(false);
            return Print(session, feed, "agijobs.feed-flush/1", done.Delivered, done.Waiting);
        });
        command.Subcommands.Add(list);
        command.Subcommands.Add(flush);
        return command;
    }

    private static ChangeFeed Feed(Session session)
    {
        session.LeaveFeed();
        return session.Feed ?? throw new ControlException("feed-none", ExitCode.BadInput, $"The network '{session.Network}' has no change feed.", "Give its file a changeFeed: {\"url\": ..., \"key\": {\"env\": \"NAME\"}}; docs/signing.md says what is sent.");
    }

    private static ExitCode Print(Session session, ChangeFeed feed, string schema, IReadOnlyList<string> delivered, IReadOnlyList<FeedMessage> waiting)
    {
        var exit = waiting.Count == 0 ? ExitCode.Clean : ExitCode.Findings;
        session.Terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}");
        foreach (var id in delivered)
        {
            session.Terminal.Line($"  taken    {id}");
        }

        foreach (var message in waiting)
        {
            session.Terminal.Line(string.Create(CultureInfo.InvariantCulture, $"  waits    {message.Id}{(message.Attempts == 0 ? "" : $", tried {message.Attempts} times, next {message.NextAttempt:yyyy-MM-dd HH:mm:ss} UTC: {message.Problem}")}"));
        }

        session.Terminal.Line($"  {waiting.Count} wait, {feed.Delivered().Count} were taken in all");
        session.Terminal.Json(schema, exit, writer =>
        {
            writer.WriteString("network", session.Network);
            writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
            Texts("delivered", schema.Contains("flush", StringComparison.Ordinal) ? delivered : feed.Delivered());
            writer.WriteStartArray("waiting");
            foreach (var message in waiting)
            {
                writer.WriteStartObject();
                writer.WriteString("id", message.Id);
                writer.WriteNumber("attempts", message.Attempts);
                writer.WriteString("problem", message.Problem);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();

            void Texts(string key, IEnumerable<string> texts)
            {
                writer.WriteStartArray(key);
                foreach (var text in texts)
                {
                    writer.WriteStringValue(text);
                }

                writer.WriteEndArray();
            }
        });
        return exit;
    }
}
