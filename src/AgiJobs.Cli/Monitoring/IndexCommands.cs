using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using AgiJobs.Cli.Arena;
using AgiJobs.Control;
using AgiJobs.Control.Evidence.Ledger;
using AgiJobs.Ethereum;
using AgiJobs.Response.Index;
using AgiJobs.Response.Watching;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Monitoring;

/// <summary><c>index search|rebuild</c>: the protocol's events.</summary>
internal static class IndexCommands
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("index", "the protocol's events, decoded, in the state; kept by 'serve' with the role monitor");
        command.Subcommands.Add(Search(options, environment));
        command.Subcommands.Add(Rebuild(options, environment));
        return command;
    }

    private static Command Search(CommonOptions options, CommandEnvironment environment)
    {
        var account = new Option<string?>("--account") { Description = "an address that stands in the event", HelpName = "ADDRESS" };
        var job = new Option<ulong?>("--job") { Description = "the job that it is about", HelpName = "ID" };
        var round = new Option<ulong?>("--round") { Description = "the round that it is about", HelpName = "ID" };
        var change = new Option<string?>("--change") { Description = "the executed change whose transactions emitted it: its digest, or the beginning of it, as 'ledger show' prints it", HelpName = "DIGEST" };
        var transaction = new Option<string?>("--transaction") { Description = "the transaction that emitted it", HelpName = "HASH" };
        var name = new Option<string?>("--event") { Description = "the event's name", HelpName = "NAME" };
        var module = new Option<string?>("--module") { Description = "the module that emitted it", HelpName = "NAME" };
        var from = new Option<ulong?>("--from") { Description = "from this block on", HelpName = "BLOCK" };
        var to = new Option<ulong?>("--to") { Description = "up to this block", HelpName = "BLOCK" };
        var after = new Option<string?>("--after") { Description = "the next page: what the page before says", HelpName = "PLACE" };
        var limit = new Option<int>("--limit") { Description = "so many at most, up to 1000", HelpName = "N", DefaultValueFactory = _ => 100 };
        var command = new Command("search", "events of the protocol in the order of the chain; everything that is given must hold. Exit 3 when the answer may not be all: the index is behind, is being filled, is not kept, or was made by other ABIs (then: index rebuild); 5 when there is none") { account, job, round, change, transaction, name, module, from, to, after, limit };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var query = new EventQuery
            {
                Account = parsed.GetValue(account) is { } address ? Address.Parse(address) : null,
                Job = parsed.GetValue(job),
                Round = parsed.GetValue(round),
                Transaction = parsed.GetValue(transaction) is { } hash ? Bytes32.Parse(hash) : null,
                Event = parsed.GetValue(name),
                Module = parsed.GetValue(module) is { } wanted ? session.Protocol[wanted].Name : null,
                From = parsed.GetValue(from),
                To = parsed.GetValue(to),
                After = parsed.GetValue(after),
                Limit = parsed.GetValue(limit),
            };
            await using var store = await ServiceState.OpenAsync(session, cancellation).ConfigureAwait(false);
            try
            {
                var standing = await IndexStanding.ReadAsync(store, session.Network, session.Protocol, session.Environment.Time.GetUtcNow(), cancellation).ConfigureAwait(false);
                var index = new EventIndex(store, session.Network);
                var page = parsed.GetValue(change) is { } digest
                    ? await OfChangeAsync(index, query, Transactions(session, digest), cancellation).ConfigureAwait(false)
                    : await index.SearchAsync(query, cancellation).ConfigureAwait(false);
                return Show(session, standing, page);
            }
            catch (StorageException problem)
            {
                throw ServiceState.Told(problem);
            }
        });
        return command;
    }

    private static Command Rebuild(CommonOptions options, CommandEnvironment environment)
    {
        var rpc = new Option<int>("--rpc") { Description = "which RPC endpoint of the network's file it is read from, from 1", HelpName = "N", DefaultValueFactory = _ => 1 };
        var command = new Command("rebuild", "make the index from scratch and say whether its content is what it was: both digests up to the same block. Exit 6 when it is not; refused while a service writes it") { rpc };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            _ = session.NodeOf(parsed.GetValue(rpc));
            await using var store = await ServiceState.OpenAsync(session, cancellation).ConfigureAwait(false);
            try
            {
                return await RebuildAsync(session, store, parsed.GetValue(rpc), cancellation).ConfigureAwait(false);
            }
            catch (StorageException problem)
            {
                throw ServiceState.Told(problem);
            }
        });
        return command;
    }

    private static async Task<ExitCode> RebuildAsync(Session session, IStateStore store, int rpc, CancellationToken cancellation)
    {
        var index = new EventIndex(store, session.Network, session.Protocol);
        var before = (await MonitorStanding.ReadAllAsync(store, session.Network, cancellation).ConfigureAwait(false)).FirstOrDefault(standing => standing.Monitor == EventIndex.Monitor)?.Tracks is [var indexed, ..] ? indexed : null;
        var last = before is { Next: > 0 } ? before.Next - 1 : (ulong?)null;
        var old = last is { } known ? await index.DigestAsync(known, cancellation).ConfigureAwait(false) : default;
        await using (var client = await session.ConnectAsync(rpc, cancellation).ConfigureAwait(false))
        {
            // What cannot be made again is not deleted.
            if (last is { } examined && client.HeadAtConnect.Number.Value < examined)
            {
                throw new ControlException("index-node-behind", ExitCode.Unknown, $"{session.NodeOf(rpc).Name} shows block {client.HeadAtConnect.Number} as the newest, and the index has the blocks up to {examined}: it stays as it is.", "Name another RPC endpoint with --rpc, or wait until this one has caught up.");
            }
        }

        await index.ClearAsync(session.Network, cancellation).ConfigureAwait(false);
        using var monitor = MonitorWatch.Index(session, store, rpc);
        MonitorTick tick;
        do
        {
            tick = await monitor.TickAsync(cancellation).ConfigureAwait(false);
            if (tick.State is MonitorState.Blind)
            {
                await monitor.LeaveAsync().ConfigureAwait(false);
                throw new ControlException("index-blind", ExitCode.Unknown, $"The chain cannot be read: {tick.Why}. The index is made up to where it could be.", "Mend the RPC endpoint and run the command again, or start the service: it goes on from there.");
            }
        }
        while (tick is not { State: MonitorState.Watching, Behind: 0 });
        var to = monitor.Standing!.Tracks.Single().Next - 1;
        await monitor.LeaveAsync().ConfigureAwait(false);
        var all = await index.DigestAsync(to, cancellation).ConfigureAwait(false);
        var again = last is { } compared ? await index.DigestAsync(compared, cancellation).ConfigureAwait(false) : default;
        var isEqual = last is null || again.Digest == old.Digest;
        var exit = isEqual ? ExitCode.Clean : ExitCode.Mismatch;
        session.Terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}: {all.Events} events up to block {to}, content {all.Digest}");
        if (last is not null)
        {
            session.Terminal.Line(isEqual
                ? $"  up to block {last} it is what it was before: {old.Events} events, content {old.Digest}"
                : $"MISMATCH up to block {last} it was {old.Events} events, content {old.Digest}; from scratch it is {again.Events} events, content {again.Digest}. The one from scratch stands");
        }

        session.Terminal.Json("agijobs.index-rebuild/1", exit, writer =>
        {
            writer.WriteString("network", session.Network);
            writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
            writer.WriteNumber("block", to);
            writer.WriteNumber("events", all.Events);
            writer.WriteString("content", all.Digest.ToString());
            if (last is { } block)
            {
                writer.WriteStartObject("before");
                writer.WriteNumber("block", block);
                writer.WriteNumber("events", old.Events);
                writer.WriteString("content", old.Digest.ToString());
                writer.WriteBoolean("isEqual", isEqual);
                writer.WriteEndObject();
            }
        });
        return exit;
    }

    // The events of several transactions, in the order of the chain.
    private static async Task<EventPage> OfChangeAsync(EventIndex index, EventQuery query, IReadOnlyList<Bytes32> transactions, CancellationToken cancellation)
    {
        var found = new List<(ulong Block, ulong Log, string Event)>();
        foreach (var transaction in transactions)
        {
            foreach (var text in (await index.SearchAsync(query with { Transaction = transaction, Limit = EventQuery.MostAtOnce, After = null }, cancellation).ConfigureAwait(false)).Events)
            {
                using var json = JsonDocument.Parse(text);
                found.Add((json.RootElement.GetProperty("block").GetUInt64(), json.RootElement.GetProperty("logIndex").GetUInt64(), text));
            }
        }

        var rest = found.Order().SkipWhile(one => query.After is { } after && string.CompareOrdinal(IndexedEvent.KeyOf(one.Block, one.Log), after) <= 0).ToList();
        return new EventPage([.. rest.Take(query.Limit).Select(one => one.Event)], rest.Count > query.Limit ? IndexedEvent.KeyOf(rest[query.Limit - 1].Block, rest[query.Limit - 1].Log) : null);
    }

    private static IReadOnlyList<Bytes32> Transactions(Session session, string digest)
    {
        var entries = new OwnerLedger(session.Workspace, session.Environment.Time).Read()
            .Where(entry => string.Equals(entry.Network, session.Network, StringComparison.Ordinal) && entry.Change.ToString().StartsWith(digest, StringComparison.OrdinalIgnoreCase)).ToList();
        return digest.Length < 10 || entries.Select(entry => entry.Change).Distinct().Count() != 1
            ? throw new ControlException("change-unknown", ExitCode.BadInput, $"'{digest}' is the beginning of {entries.Select(entry => entry.Change).Distinct().Count()} changes in the ledger of {session.Network}.", "Write 0x and at least eight digits of one of those that agijobs ledger show lists.")
            : [.. entries.SelectMany(entry => entry.Transactions).Distinct()];
    }

    private static ExitCode Show(Session session, IndexStanding standing, EventPage page)
    {
        var track = standing.Track;
        var exit = track is null ? ExitCode.Unknown : standing.Problems.Count > 0 ? ExitCode.Findings : ExitCode.Clean;
        session.Terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}: {(track is null ? "there is no index yet. Make one: agijobs index rebuild, or agijobs serve --roles monitor" : $"the index has the blocks {track.From} to {(track.Next == 0 ? "none" : (track.Next - 1).ToString(CultureInfo.InvariantCulture))}")}");
        foreach (var problem in track is null ? [] : standing.Problems)
        {
            session.Terminal.Line($"NOT ALL  {problem}");
        }

        session.Terminal.Table(
            ["block", "time (UTC)", "event", "arguments", "transaction"],
            page.Events.Select(text =>
            {
                using var json = JsonDocument.Parse(text);
                var root = json.RootElement;
                return (IReadOnlyList<string>)
                [
                    root.GetProperty("block").GetUInt64().ToString(CultureInfo.InvariantCulture),
                    root.GetProperty("time").GetString()!.Replace('T', ' ').TrimEnd('Z'),
                    $"{root.GetProperty("module").GetString() ?? root.GetProperty("address").GetString()}.{root.GetProperty("event").GetString() ?? "unknown"}",
                    root.TryGetProperty("arguments", out var arguments) ? string.Join(", ", arguments.EnumerateObject().Select(argument => $"{argument.Name}={argument.Value}")) : root.GetProperty("data").GetString()!,
                    root.GetProperty("transaction").GetString()!,
                ];
            }));
        if (page.Next is { } next)
        {
            session.Terminal.Line($"there are more: --after {next}");
        }

        session.Terminal.Json("agijobs.index-search/1", exit, writer =>
        {
            writer.WriteString("network", session.Network);
            writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
            if (track is not null)
            {
                writer.WriteNumber("from", track.From);
                writer.WriteNumber("next", track.Next);
                writer.WriteString("at", standing.Monitor!.At);
            }

            writer.WriteStartArray("problems");
            foreach (var problem in standing.Problems)
            {
                writer.WriteStringValue(problem);
            }

            writer.WriteEndArray();
            writer.WriteStartArray("events");
            foreach (var text in page.Events)
            {
                writer.WriteRawValue(text);
            }

            writer.WriteEndArray();
            writer.WriteString("nextPage", page.Next);
        });
        return exit;
    }
}
