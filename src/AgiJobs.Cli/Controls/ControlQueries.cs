using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AgiJobs.Cli.Arena;
using AgiJobs.Control;
using AgiJobs.Control.Backups;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Evidence;
using AgiJobs.Control.Reports;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Response.Controls;
using AgiJobs.Response.Detectors;
using AgiJobs.Response.Watching;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Controls;

/// <summary>Asks the controls of a session's network: by this program's own commands, in this process, or by queries of what they read too.</summary>
internal sealed class ControlQueries(Session session)
{
    /// <summary>The kind of entry of the audit log that says which channels took a test message.</summary>
    public const string TestedKind = "alert.tested";

    private const int LinesKept = 12;

    private DateTimeOffset Now => session.Environment.Time.GetUtcNow();

    /// <summary>Asks one. What keeps the question from being answered is an answer: unknown, with the reason.</summary>
    public async Task<ControlAnswer> AskAsync(ControlEntry control, CancellationToken cancellation)
    {
        if (control.Command is { } command)
        {
            return await RunAsync(control, command, cancellation).ConfigureAwait(false);
        }

        var asked = $"{control.Query}{(control.Limits.Count == 0 ? "" : $" ({string.Join(", ", control.Limits.OrderBy(limit => limit.Key, StringComparer.Ordinal).Select(limit => string.Create(CultureInfo.InvariantCulture, $"{limit.Key} {limit.Value}")))})")}";
        ControlVerdict verdict;
        try
        {
            verdict = await QueryAsync(control, cancellation).ConfigureAwait(false);
        }
        catch (ControlException problem)
        {
            // A file that cannot be read as it has to be is not as it has to be; everything else was not seen.
            verdict = problem.Exit is ExitCode.BadInput or ExitCode.Mismatch ? ControlVerdict.Of(false, $"{problem.Message} [{problem.Code}]") : ControlVerdict.Unknown($"{problem.Message} [{problem.Code}]");
        }
        catch (EthereumException problem)
        {
            verdict = ControlVerdict.Unknown($"{problem.Message} [{problem.Code}]");
        }
        catch (StorageException problem)
        {
            verdict = ControlVerdict.Unknown($"{problem.Message} [{problem.Code}]");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            verdict = ControlVerdict.Unknown(problem.Message);
        }

        return new ControlAnswer(control, verdict, asked, DigestOf(string.Join('\n', verdict.Evidence)));
    }

    private async Task<ControlAnswer> RunAsync(ControlEntry control, string command, CancellationToken cancellation)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var exit = await CommandLine.RunAsync(
            [.. command.Split(' '), "--network", session.Network, "--workspace", session.Workspace.Root],
            session.Environment with { Out = output, Error = error, CurrentDirectory = session.Workspace.Root, Stop = cancellation, Keys = null, Color = false }).ConfigureAwait(false);
        cancellation.ThrowIfCancellationRequested();
        var text = output.ToString() + error;
        var lines = text.Split('\n').Select(line => line.TrimEnd()).Where(line => line.Length > 0).ToList();
        List<string> kept = [string.Create(CultureInfo.InvariantCulture, $"exit {exit}"), .. lines.Take(LinesKept)];
        if (lines.Count > LinesKept)
        {
            kept.Add(string.Create(CultureInfo.InvariantCulture, $"and {lines.Count - LinesKept} more lines: agijobs {command}"));
        }

        return new ControlAnswer(control, new ControlVerdict(ControlAnswer.StateOf(exit), kept), $"agijobs {command}", DigestOf(text));
    }

    private async Task<ControlVerdict> QueryAsync(ControlEntry control, CancellationToken cancellation)
    {
        int Limit(string key) => control.Limits[key];
        var (workspace, network) = (session.Workspace, session.Network);
        switch (control.Query)
        {
            case "separation-of-duties":
                return ControlJudge.SeparationOfDuties(workspace.Operators(network) is { } people ? new OperatorBook(people) : null, Limit("maxWithBoth"));
            case "safe-quorum":
                var state = await session.ObserveAsync(cancellation).ConfigureAwait(false);
                var safes = ((string Name, Address? At)[])[("the Safe", session.NetworkFile.Safe), ("the backup Safe", session.NetworkFile.BackupSafe)];
                return ControlJudge.SafeQuorum([.. safes.Where(safe => safe.At is not null).Select(safe => (safe.Name, safe.At!.Value, state.AccountAt(safe.At.Value)))], $"block {state.Block} ({state.BlockHash})", Limit("minSigners"), Limit("minThresholdPercent"));
            case "rpc-endpoints":
                return ControlJudge.RpcEndpoints([.. Enumerable.Range(1, session.NetworkFile.Rpc.Count).Select(number => session.NodeOf(number).Name)], Limit("minEndpoints"));
            case "backup-age":
                var age = TimeSpan.FromHours(Limit("maxAgeHours"));
                var (newest, damaged) = BackupSafeguard.Newest(new BackupStore(workspace, session.Environment.Time), network, session.NetworkFile.ChainId, age, Now, cancellation);
                return ControlJudge.BackupAge(newest, damaged, age, Now);
            case "drill-cadence":
                var log = workspace.Locate("reports", "incident-tabletop.md");
                return ControlJudge.DrillCadence(
                    File.Exists(log) ? await File.ReadAllTextAsync(log, cancellation).ConfigureAwait(false) : null,
                    control.Names,
                    path => File.Exists(Path.Combine(Path.GetFullPath(path, workspace.Root), "report.md")),
                    TimeSpan.FromDays(Limit("maxAgeDays")),
                    Now);
            case "channels-tested":
                return ControlJudge.ChannelsTested(workspace.OnCall(network)?.Channels.Select(channel => channel.Name).ToList(), Tests(), TimeSpan.FromDays(Limit("maxAgeDays")), Now);
            case "pending-changes":
                return ControlJudge.PendingChanges(Pending(), TimeSpan.FromDays(Limit("maxAgeDays")), Now);
            case "evidence-log":
                return ControlJudge.EvidenceLog(new AuditArchive(workspace, session.Environment.Seal).Verify(network, []));
            case "monitors-at-work":
                await using (var store = await ServiceState.OpenAsync(session, cancellation).ConfigureAwait(false))
                {
                    var rules = await RulesInForce.LoadAsync(store, workspace, network, session.Environment.Time, cancellation).ConfigureAwait(false);
                    return ControlJudge.MonitorsAtWork(await MonitorStanding.ReadAllAsync(store, network, cancellation).ConfigureAwait(false), rules.Digest?.ToString(), Limit("minMonitors"), Now);
                }

            case "rules-in-force":
                await using (var store = await ServiceState.OpenAsync(session, cancellation).ConfigureAwait(false))
                {
                    var rules = await RulesInForce.LoadAsync(store, workspace, network, session.Environment.Time, cancellation).ConfigureAwait(false);
                    return ControlJudge.RulesInForce(rules, control.Names, RuleTampering.Find(network, "controls", rules.Applied, rules.Disk, rules.WhyNoDisk, RuleTampering.Newest(Entries().Select(entry => entry.Entry))));
                }

            default:
                return ControlVerdict.Unknown($"this program has no query '{control.Query}'");
        }
    }

    private IReadOnlyList<LoggedEntry> Entries() => new AuditArchive(session.Workspace, session.Environment.Seal).Entries(session.Network, []);

    private List<(DateTimeOffset At, string Channel, bool Taken)> Tests()
    {
        var tests = new List<(DateTimeOffset, string, bool)>();
        foreach (var entry in Entries().Select(entry => entry.Entry).Where(entry => entry.At is not null && string.Equals(entry.Kind, TestedKind, StringComparison.Ordinal)))
        {
            foreach (var (list, taken) in ((string, bool)[])[("taken", true), ("refused", false)])
            {
                tests.AddRange((entry.Data[list] as JsonArray ?? []).Select(channel => (entry.At!.Value, channel is JsonValue value && value.TryGetValue<string>(out var name) ? name : "", taken)));
            }
        }

        return tests;
    }

    private List<(PendingChange Change, DateTimeOffset? Since)> Pending()
    {
        var survey = new ChangeStore(session.Workspace, session.Environment.Time).Survey();
        var first = new Dictionary<Bytes32, DateTimeOffset>();
        foreach (var entry in Entries().Select(entry => entry.Entry).Where(entry => entry is { Change: not null, At: not null }))
        {
            first[entry.Change!.Value] = first.TryGetValue(entry.Change.Value, out var before) && before < entry.At!.Value ? before : entry.At!.Value;
        }

        var digests = survey.Where(entry => entry.Change is not null).ToDictionary(entry => entry.Id, entry => entry.Change!.Document.Digest(), StringComparer.Ordinal);
        return [.. PendingChange.Of(survey, session.Network, session.Protocol, session.Policy, Now).Select(change => (change, digests.TryGetValue(change.Id, out var digest) && first.TryGetValue(digest, out var since) ? since : (DateTimeOffset?)null))];
    }

    private static string DigestOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
