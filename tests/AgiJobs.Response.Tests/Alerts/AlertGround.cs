using System.Globalization;
using AgiJobs.Control.Files;
using AgiJobs.Control.OnCall;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Response.Alerts;
using AgiJobs.Response.Alerts.Escalation;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;
using AgiJobs.Testing;

namespace AgiJobs.Response.Tests.Alerts;

/// <summary>A store, a clock and an on-call file to try alerts on.</summary>
internal sealed class AlertGround : IAsyncDisposable
{
    public const string Network = "devnet";

    private AlertGround(DirectoryInfo folder, ManualTime time, IStateStore store) => (Folder, Time, Store) = (folder, time, store);

    public DirectoryInfo Folder { get; }

    public ManualTime Time { get; }

    public IStateStore Store { get; }

    public AlertPlaces Places { get; } = new(Network);

    public AlertSettings Settings { get; set; } = null!;

    public static OperatorsFile People { get; } = new()
    {
        Version = 1,
        People =
        [
            new Operator { Name = "Ann", Addresses = [Key("ann").Address], Duties = [Duty.Security, Duty.Commander] },
            new Operator { Name = "Ben", Addresses = [Key("ben").Address], Duties = [Duty.Operator] },
            new Operator { Name = "Cid", Addresses = [Key("cid").Address], Duties = [Duty.Finance] },
        ],
    };

    public static OnCallFile File { get; } = Parse("""
        {
          "version": 1,
          "channels": [
            { "name": "log", "kind": "log", "path": "reports/alerts.jsonl" },
            { "name": "ann", "kind": "log", "path": "reports/ann.jsonl" },
            { "name": "ben", "kind": "log", "path": "reports/ben.jsonl" },
            { "name": "alive", "kind": "log", "path": "reports/alive.jsonl" }
          ],
          "contacts": [ { "person": "Ann", "channels": ["ann"] }, { "person": "Ben", "channels": ["ben"] } ],
          "groups": [ { "name": "operations", "people": ["Ann", "Ben"], "channels": ["log"] } ],
          "rotations": [ { "name": "first", "timeZone": "UTC", "start": "2026-11-16", "people": ["Ann", "Ben"] } ],
          "policies": [ { "name": "all", "steps": [ { "rotations": ["first"], "channels": ["log"] }, { "groups": ["operations"] } ] }, { "name": "quiet", "steps": [ { "channels": ["log"] } ] } ],
          "severities": [
            { "severity": "SEV-0", "policy": "all", "acknowledge": "5m", "renotify": "15m" },
            { "severity": "SEV-1", "policy": "all", "acknowledge": "10m", "renotify": "30m" },
            { "severity": "SEV-2", "policy": "quiet", "acknowledge": "1h", "renotify": "4h" },
            { "severity": "SEV-3", "policy": "quiet", "acknowledge": "1d", "renotify": "1d" }
          ],
          "storm": 3,
          "heartbeat": { "channel": "alive", "every": "5m", "staleAfter": "2m" }
        }
        """);

    public static async Task<AlertGround> OpenAsync()
    {
        var folder = Directory.CreateTempSubdirectory("agijobs-test-");
        var time = new ManualTime(new DateTimeOffset(2026, 11, 20, 8, 0, 0, TimeSpan.Zero));
        return new AlertGround(folder, time, await StateStore.OpenAsync(StateLocation.File(Path.Combine(folder.FullName, "state.db")), time))
        {
            Settings = new AlertSettings(Network, new ChainId(31337)) { Plan = new OnCallPlan(File), People = new OperatorBook(People) },
        };
    }

    public static OnCallFile Parse(string json) => JsonFile.Parse(System.Text.Encoding.UTF8.GetBytes(json), "oncall.json", WorkspaceJson.Default.OnCallFile);

    public static LocalSigner Key(string name) => new(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name)));

    public static Finding Finding(string rule, string subject = "", int place = 1, Severity severity = Severity.Sev1, FindingKind kind = FindingKind.Firing, byte? transaction = null, string? why = null) => new()
    {
        Id = string.Create(CultureInfo.InvariantCulture, $"{Network}/{rule}/{subject}/{place}"),
        Fingerprint = $"{Network}/{rule}/{subject}",
        Kind = kind,
        Rule = rule,
        Source = "monitor one",
        Network = Network,
        Severity = severity,
        Title = $"{rule} {subject} {place}",
        Subject = subject,
        Why = why,
        Place = transaction is { } one ? new ChainPlace(new BlockNumber((ulong)place), Word(200), DateTimeOffset.UnixEpoch, Word(one), 0) : null,
    };

    public static Bytes32 Word(byte value)
    {
        var bytes = new byte[32];
        bytes[31] = value;
        return new Bytes32(bytes);
    }

    /// <summary>Takes findings and commits; what was told is the answer.</summary>
    public async Task<IReadOnlyList<(string Channel, Notice Notice)>> TakeAsync(params Finding[] findings)
    {
        var writes = await AlertBook.TakeAsync(Store, Settings, findings, Time.GetUtcNow(), CancellationToken.None);
        return await CommitAsync(writes);
    }

    /// <summary>Lets time do its work and commits.</summary>
    public async Task<IReadOnlyList<(string Channel, Notice Notice)>> LookAsync(IReadOnlySet<string>? closed = null) =>
        await CommitAsync((await WholeAsync()).After([], Time.GetUtcNow(), closed));

    public Task<AlertBook> WholeAsync() => AlertBook.ReadWholeAsync(Store, Settings, [], CancellationToken.None);

    public async Task<IReadOnlyList<(string Channel, Notice Notice)>> CommitAsync(FindingWrites writes)
    {
        if (!writes.IsEmpty)
        {
            await Store.CommitAsync(writes.Commit);
        }

        return [.. writes.Messages.Select(message => Notice.Read(new OutboxMessage(1, message.Channel, message.Key, message.Data, 1, Time.GetUtcNow(), Time.GetUtcNow()))).Select(notice => (notice.Channel, notice))];
    }

    public Task<SignedAlertAct> SignAsync(string who, string act, string? target = null, AlertMatcher? matcher = null, string? incident = null, DateTimeOffset? until = null) =>
        new AlertAct
        {
            Version = 1,
            Network = Network,
            ChainId = new ChainId(31337),
            Act = act,
            Target = target,
            Matcher = matcher,
            Incident = incident,
            Until = until?.ToUnixTimeSeconds(),
            Reason = "because",
            Issued = Time.GetUtcNow().ToUnixTimeSeconds(),
        }.SignAsync(Key(who), new OperatorBook(People), CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        Folder.Delete(recursive: true);
    }
}
