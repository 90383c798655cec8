using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Simulation;

namespace AgiJobs.Cli.Changes;

/// <summary><c>change simulate --stack</c>: changes that wait, tried one on top of the other, and the pairs whose order matters. Files nothing and sends nothing.</summary>
internal static class StackRun
{
    private static readonly ChangePhase[] Waiting = [ChangePhase.Draft, ChangePhase.Simulated, ChangePhase.Approved];

    /// <summary>Simulates the named changes in the order given; without names all of the network that wait to be executed, in the order in which they were filed.</summary>
    /// <exception cref="ControlException"><c>stack-networks</c> when the named ones are of several networks, <c>stack-twice</c> when one is named twice (exit 2); those of reading changes and of simulating.</exception>
    public static async Task<ExitCode> RunAsync(Session session, IReadOnlyList<string> ids, CancellationToken cancellation)
    {
        var store = new ChangeStore(session.Workspace, session.Environment.Time);
        var skipped = new List<string>();
        List<FiledChange> changes = ids.Count > 0 ? [.. ids.Select(store.Get)] : Filed(session, store, skipped);
        if (changes.GroupBy(change => change.Id, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { Key: { } twice })
        {
            throw new ControlException("stack-twice", ExitCode.BadInput, $"The change {twice} is named twice, and a change is executed once.", "Name each change once.");
        }

        if (changes.Select(change => change.Document.Network).Distinct(StringComparer.Ordinal).ToList() is { Count: > 1 } networks)
        {
            throw new ControlException("stack-networks", ExitCode.BadInput, $"The changes are of several networks: {string.Join(", ", networks)}.", "Name changes of one network.");
        }

        if (changes is [var first, ..])
        {
            session.Use(first.Document.Network);
        }

        return changes.Count == 0 ? Empty(session, skipped) : await SimulateAsync(session, changes, skipped, cancellation).ConfigureAwait(false);
    }

    // By the day in the folder's name, then by the time of the file, which is that of filing on the machine that filed it.
    private static List<FiledChange> Filed(Session session, ChangeStore store, List<string> skipped)
    {
        var survey = store.Survey();
        var known = survey.Select(entry => entry.Change).OfType<FiledChange>().ToList();
        var rolledBack = ChangeState.RolledBack(known);
        var now = session.Environment.Time.GetUtcNow();
        skipped.AddRange(survey.Where(entry => entry.Change is null).Select(entry => $"{entry.Id} is damaged: {entry.Problem!.Message}"));
        var own = known.Where(change => string.Equals(change.Document.Network, session.Network, StringComparison.Ordinal)).Select(change => (Change: change, State: ChangeState.Of(change, () => false, rolledBack, now))).ToList();
        skipped.AddRange(own.Where(entry => entry.State.Phase is ChangePhase.Executing).Select(entry => $"{entry.Change.Id} was begun to be sent and is not in the stack"));
        return [.. own.Where(entry => Waiting.Contains(entry.State.Phase)).Select(entry => entry.Change)
            .OrderBy(change => change.Id.Length >= 10 ? change.Id[..10] : change.Id, StringComparer.Ordinal)
            .ThenBy(change => File.GetLastWriteTimeUtc(Path.Combine(change.Folder, "change.json")))
            .ThenBy(change => change.Id, StringComparer.Ordinal)];
    }

    private static ExitCode Empty(Session session, List<string> skipped)
    {
        var exit = skipped.Count > 0 ? ExitCode.Findings : ExitCode.Clean;
        session.Terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}");
        session.Terminal.Line("No change waits to be executed.");
        skipped.ForEach(reason => session.Terminal.Line($"  FINDING  {reason}"));
        session.Terminal.Json("agijobs.change-stack/1", exit, writer =>
        {
            writer.WriteString("network", session.Network);
            writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
            writer.WriteStartArray("changes");
            writer.WriteEndArray();
            writer.WriteStartArray("pairs");
            writer.WriteEndArray();
            WriteSkipped(writer, skipped);
        });
        return exit;
    }

    private static async Task<ExitCode> SimulateAsync(Session session, List<FiledChange> changes, List<string> skipped, CancellationToken cancellation)
    {
        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        var signed = changes.Select(change => new SimulationOptions().With(change)).ToList();
        var options = new SimulationOptions { NameOf = session.Labels.NameOf, Fork = session.Fork(), Approvals = [.. signed.SelectMany(own => own.Approvals)], Authorizations = [.. signed.SelectMany(own => own.Authorizations)] };
        var result = await StackSimulation.RunAsync(client, session.Protocol, [.. changes.Select(change => (change.Id, change.Document))], options, cancellation).ConfigureAwait(false);
        var exit = result.Exit == ExitCode.Clean && skipped.Count > 0 ? ExitCode.Findings : result.Exit;
        var terminal = session.Terminal;
        terminal.Line(ChangeRun.NothingSent);
        terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}");
        terminal.Line(string.Create(CultureInfo.InvariantCulture, $"{changes.Count} {(changes.Count == 1 ? "change" : "changes")}, one on top of the other, on block {result.Block} {result.BlockHash}"));
        foreach (var (entry, number) in result.Changes.Select((entry, index) => (entry, index + 1)))
        {
            terminal.Line(string.Create(CultureInfo.InvariantCulture, $"  {number}. {entry.Id}: {changes[number - 1].Document.Title}"));
            foreach (var precondition in entry.Preconditions.Where(precondition => precondition.Holds != true))
            {
                terminal.Line(precondition.Holds is null
                    ? $"  UNKNOWN  whether {precondition.Subject} would still hold when its turn comes: {precondition.Found}"
                    : $"  STALE    {precondition.Subject} would no longer hold when its turn comes (found {precondition.Found}): it would have to be planned again");
            }

            SimulationReport.Print(terminal, entry.Result, session.Labels);
        }

        foreach (var pair in result.Pairs)
        {
            terminal.Line(pair.Commutes switch
            {
                true => $"  either   {pair.First} and {pair.Second}: the order makes no difference",
                false => $"  ORDER    {pair.First} and {pair.Second} do not commute",
                null => $"  UNKNOWN  whether {pair.First} and {pair.Second} commute: {pair.Why}",
            });
            foreach (var difference in pair.Differs)
            {
                terminal.Line($"           {difference.Subject}: {difference.InOrder} in this order, {difference.Reversed} in the other");
            }
        }

        skipped.ForEach(reason => terminal.Line($"  FINDING  {reason}"));
        terminal.Line(ChangeRun.NothingSent);
        terminal.Json("agijobs.change-stack/1", exit, writer =>
        {
            writer.WriteString("network", session.Network);
            writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
            writer.WriteNumber("block", result.Block);
            writer.WriteString("blockHash", result.BlockHash.ToString());
            writer.WriteStartArray("changes");
            foreach (var entry in result.Changes)
            {
                writer.WriteStartObject();
                writer.WriteString("change", entry.Id);
                writer.WriteStartArray("preconditions");
                foreach (var precondition in entry.Preconditions)
                {
                    writer.WriteStartObject();
                    writer.WriteString("subject", precondition.Subject);
                    WriteAnswer(writer, "holds", precondition.Holds);
                    writer.WriteString("found", precondition.Found);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
                writer.WritePropertyName("simulation");
                SimulationFile.WriteTo(writer, entry.Result);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteStartArray("pairs");
            foreach (var pair in result.Pairs)
            {
                writer.WriteStartObject();
                writer.WriteString("first", pair.First);
                writer.WriteString("second", pair.Second);
                WriteAnswer(writer, "commutes", pair.Commutes);
                writer.WriteString("why", pair.Why);
                writer.WriteStartArray("differs");
                foreach (var difference in pair.Differs)
                {
                    writer.WriteStartObject();
                    writer.WriteString("subject", difference.Subject);
                    writer.WriteString("inOrder", difference.InOrder);
                    writer.WriteString("reversed", difference.Reversed);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            WriteSkipped(writer, skipped);
        });
        return exit;
    }

    private static void WriteAnswer(System.Text.Json.Utf8JsonWriter writer, string name, bool? answer)
    {
        if (answer is { } known)
        {
            writer.WriteBoolean(name, known);
        }
        else
        {
            writer.WriteNull(name);
        }
    }

    private static void WriteSkipped(System.Text.Json.Utf8JsonWriter writer, List<string> skipped)
    {
        writer.WriteStartArray("leftOut");
        skipped.ForEach(writer.WriteStringValue);
        writer.WriteEndArray();
    }
}
