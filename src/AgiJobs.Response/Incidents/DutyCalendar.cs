using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using AgiJobs.Control;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.TypedData;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Response.Incidents;

/// <summary>That a duty of the calendar was done.</summary>
public sealed record DutyDone
{
    private static readonly TypedSchema Type = TypedSchema.Parse("DutyDone(string network,uint256 chainId,string duty,string note,string release,string by,uint64 at,string under)");

    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The network's name in the workspace.</summary>
    public required string Network { get; init; }

    /// <summary>Its chain.</summary>
    public required ChainId ChainId { get; init; }

    /// <summary>Which: the name in the calendar.</summary>
    public required string Name { get; init; }

    /// <summary>What was done, and where the outcome is.</summary>
    public required string Note { get; init; }

    /// <summary>The release that the program was of.</summary>
    public required string Release { get; init; }

    /// <summary>The name of who did it; empty before it is signed.</summary>
    public string By { get => field ?? ""; init; } = "";

    /// <summary>When, in milliseconds since 1970, by the clock of who did it.</summary>
    public required long At { get; init; }

    /// <summary>What is signed.</summary>
    public TypedDocument Statement(Duty under) => new(
        new TypedDomain { Name = "AGI Jobs Owner Control", Version = "1", ChainId = ChainId }, Type, Network, ChainId, Name, Note, Release, By, At, under.Name());
}

/// <summary>The same with who did it.</summary>
public sealed record SignedDutyDone
{
    /// <summary>What was done.</summary>
    public required DutyDone Done { get; init; }

    /// <summary>Who; signed with the rest.</summary>
    [JsonIgnore]
    public string By => Done.By;

    /// <summary>Under which duty.</summary>
    public required Duty Under { get; init; }

    /// <summary>With which address.</summary>
    public required Address Signer { get; init; }

    /// <summary>The signature of <see cref="DutyDone.Statement"/>.</summary>
    public required byte[] Signature { get; init; }
}

/// <summary>How a duty of the calendar stands.</summary>
/// <param name="Entry">The duty.</param>
/// <param name="LastAt">When it was done last; null when no record says so.</param>
/// <param name="LastBy">By whom.</param>
/// <param name="LastNote">What was said of it.</param>
/// <param name="LastRelease">The release of that time.</param>
/// <param name="Due">From when on it is overdue; null when a release decides, or when it was never done.</param>
/// <param name="IsOverdue">True when it is overdue, and when no record says that it was ever done.</param>
public sealed record DutyStanding(DutyEntry Entry, DateTimeOffset? LastAt, string? LastBy, string? LastNote, string? LastRelease, DateTimeOffset? Due, bool IsOverdue)
{
    /// <summary>What settles it.</summary>
    public string Command => $"{(Entry.Command is { } first ? first + "; then " : "")}agijobs duty done {Entry.Name} --note TEXT --signer NAME";
}

/// <summary>The duty calendar: what is done again and again, from the configuration, and when it was done, from signed records in the stream <c>response/NETWORK/duties</c>.</summary>
/// <param name="store">The state store.</param>
/// <param name="network">The network's name in the workspace.</param>
public sealed class DutyCalendar(IStateStore store, string network)
{
    private string Stream => $"response/{network}/duties";

    /// <summary>How each duty stands. Pure.</summary>
    /// <param name="calendar">The duties.</param>
    /// <param name="done">What was done, with the time of the store.</param>
    /// <param name="release">The release of the program.</param>
    /// <param name="now">The time.</param>
    public static IReadOnlyList<DutyStanding> Of(IReadOnlyList<DutyEntry> calendar, IReadOnlyList<(DateTimeOffset At, SignedDutyDone Done)> done, string release, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(calendar);
        return [.. calendar.Select(entry =>
        {
            var (at, last) = done.LastOrDefault(record => record.Done.Done.Name == entry.Name);
            if (last is null)
            {
                return new DutyStanding(entry, null, null, null, null, null, IsOverdue: true);
            }

            var due = entry.Every == "release" ? null : (DateTimeOffset?)EndOfNext(entry.Every, at);
            return new DutyStanding(entry, at, last.By, last.Done.Note, last.Done.Release, due, due is { } end ? now >= end : last.Done.Release != release);
        }).OrderBy(standing => standing.IsOverdue ? 0 : 1).ThenBy(standing => standing.Due ?? DateTimeOffset.MaxValue).ThenBy(standing => standing.Entry.Name, StringComparer.Ordinal)];
    }

    /// <summary>What is overdue, as findings; what is not ends those of before.</summary>
    public static IReadOnlyList<Finding> Findings(string network, IEnumerable<DutyStanding> standings, string source) =>
        [.. standings.Select(standing => new Finding
        {
            Id = string.Create(CultureInfo.InvariantCulture, $"{DutyFindings.CalendarRule}/{network}/{standing.Entry.Name}/{(standing.IsOverdue ? "overdue" : "done")}/{standing.LastAt?.ToUnixTimeMilliseconds() ?? 0}"),
            Fingerprint = $"{DutyFindings.CalendarRule}/{network}/{standing.Entry.Name}",
            Kind = standing.IsOverdue ? FindingKind.Firing : FindingKind.Resolved,
            Rule = DutyFindings.CalendarRule,
            Source = source,
            Network = network,
            Severity = Severity.Sev3,
            Title = $"{standing.Entry.Title}: {(standing.LastAt is { } at ? $"done last on {at.UtcDateTime:yyyy-MM-dd}" : "no record says that it was ever done")}",
            Subject = standing.Entry.Name,
            Facts = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["command"] = standing.Command, ["every"] = standing.Entry.Every },
        })];

    /// <summary>What was done, oldest first.</summary>
    /// <exception cref="ControlException"><c>duties-damaged</c> (exit 6).</exception>
    /// <exception cref="StorageException">The store did not answer.</exception>
    public async Task<IReadOnlyList<(DateTimeOffset At, SignedDutyDone Done)>> ReadAsync(CancellationToken cancellation = default)
    {
        var done = new List<(DateTimeOffset, SignedDutyDone)>();
        foreach (var entry in await store.ReadAsync(Stream, cancellationToken: cancellation).ConfigureAwait(false))
        {
            try
            {
                var signed = JsonSerializer.Deserialize(entry.Data, DutyJson.Default.SignedDutyDone) ?? throw new JsonException("it is null");
                if (signed.Done.Network != network || Secp256k1.Recover(signed.Done.Statement(signed.Under).Digest, Ethereum.Keys.Signature.FromBytes(signed.Signature)) != signed.Signer)
                {
                    throw new JsonException($"it was not signed by {signed.Signer} for this network");
                }

                done.Add((entry.At, signed));
            }
            catch (Exception problem) when (problem is JsonException or EthereumException)
            {
                throw new ControlException("duties-damaged", ExitCode.Mismatch, $"Record {entry.Version} of the duties is not what a person signed: {Plain.Line(problem.Message)}", "Restore the state from a backup.", problem);
            }
        }

        return done;
    }

    /// <summary>Records that a duty was done.</summary>
    /// <exception cref="StorageException">The store did not answer.</exception>
    public async Task RecordAsync(SignedDutyDone done, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(done);
        while (true)
        {
            var version = (await store.ReadAsync(Stream, cancellationToken: cancellation).ConfigureAwait(false)).Count;
            try
            {
                _ = await store.CommitAsync(new StateCommit { Events = [new StreamAppend(Stream, version, [new NewEvent("duty.done", JsonSerializer.Serialize(done, DutyJson.Default.SignedDutyDone))])] }, cancellation).ConfigureAwait(false);
                return;
            }
            catch (StorageException problem) when (problem.Code == StorageException.StreamConflict)
            {
                // Somebody else recorded something meanwhile.
            }
        }
    }

    /// <summary>The end of the period after the one of a moment: until then, what was done in its own period counts.</summary>
    internal static DateTimeOffset EndOfNext(string every, DateTimeOffset at)
    {
        var months = every switch { "month" => 1, "quarter" => 3, _ => 12 };
        var (year, month) = (at.UtcDateTime.Year, (at.UtcDateTime.Month - 1) / months * months);
        return new DateTimeOffset(year, 1, 1, 0, 0, 0, TimeSpan.Zero).AddMonths(month + (2 * months));
    }
}

/// <summary>How records of duties are read and written.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    Converters = [typeof(AddressConverter), typeof(ChainIdConverter), typeof(HexDataConverter), typeof(DutyConverter)])]
[JsonSerializable(typeof(SignedDutyDone))]
internal sealed partial class DutyJson : JsonSerializerContext;
