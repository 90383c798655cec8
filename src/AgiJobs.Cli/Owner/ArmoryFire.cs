using AgiJobs.Cli.Changes;
using AgiJobs.Control;
using AgiJobs.Control.Armory;
using AgiJobs.Control.Changes;
using AgiJobs.Ethereum;

namespace AgiJobs.Cli.Owner;

/// <summary>Fires armed pauses, through the one pipeline: for the command, and for breakers.</summary>
internal static class ArmoryFire
{
    /// <summary>Sends an armed pause; the best one, and the next when nothing of it was signed yet, where none is named.</summary>
    /// <exception cref="ControlException"><c>armory-empty</c> (exit 4), <c>armory-spent</c>, and those of an execution.</exception>
    /// <exception cref="EthereumException">Those of an execution.</exception>
    public static async Task<(ExitCode Exit, FiledChange Change)> RunAsync(Session session, string? name, CancellationToken cancellation)
    {
        var store = ArmoryCommands.Store(session);
        var chosen = name is not null ? [store.Get(name)] : Candidates(session, store);
        var senders = session.SignersAtHand;
        var failures = new List<string>();
        foreach (var item in chosen)
        {
            var run = await ChangeRun.FileAsync(session, item.Change, null, cancellation).ConfigureAwait(false);
            var filed = run.Change;
            FileSignatures(filed, item);
            try
            {
                var exit = await run.ExecuteAsync(senders, cancellation).ConfigureAwait(false);
                store.Delete(item.Name);
                await session.RecordAsync("armory.fired", item.Change.Digest(), writer => writer["name"] = item.Name, cancellation).ConfigureAwait(false);
                return (exit, filed);
            }
            catch (Exception problem) when (problem is ControlException or EthereumException && Journal.Read(filed.JournalPath).Count == 0 && chosen.Count > 1)
            {
                // Nothing of it was signed, so the next one may be tried.
                failures.Add($"{item.Name}: {problem.Message}");
                session.Terminal.Progress($"NOT FIRED {item.Name}: {problem.Message}");
            }
        }

        throw failures.Count > 0
            ? new ControlException("armory-spent", ExitCode.Failed, $"None of {failures.Count} armed pauses could be fired: {string.Join("; ", failures)}", "Pause by hand at once: agijobs owner emergency")
            : new ControlException("armory-empty", ExitCode.Refused, $"No armed pause for '{session.Network}' is there to fire.", "Pause by hand at once: agijobs owner emergency");
    }

    /// <summary>How many armed pauses could be fired now; null when the armory cannot be read.</summary>
    public static int? Ready(Session session)
    {
        try
        {
            return Candidates(session, ArmoryCommands.Store(session)).Count;
        }
        catch (ControlException)
        {
            return null;
        }
    }

    private static List<ArmedPause> Candidates(Session session, ArmoryStore store)
    {
        var stored = store.Survey();
        ArmoryCommands.Damaged(session, stored);
        var now = (ulong)session.Environment.Time.GetUtcNow().ToUnixTimeSeconds();
        return [.. stored.Select(entry => entry.Item).OfType<ArmedPause>()
            .Where(item => item.Change.Steps[0].Route.Statement is not { } statement || (statement.ValidBefore > now && statement.ValidAfter <= now))
            .OrderBy(item => item.Rung is not null)
            .ThenByDescending(item => item.Change.Steps[0].Route.Statement is { Modules.Count: 0 })
            .ThenBy(item => item.Name, StringComparer.Ordinal)];
    }

    private static void FileSignatures(FiledChange filed, ArmedPause item)
    {
        if (item.Authorization is { } signed)
        {
            filed.File(signed);
        }

        foreach (var approval in item.Rung?.Signatures ?? [])
        {
            filed.File(approval);
        }
    }
}
