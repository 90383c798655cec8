using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Ethereum;
using AgiJobs.Storage;

namespace AgiJobs.Response.Incidents;

/// <summary>The event streams of a network's incidents, <c>response/NETWORK/incidents/ID</c>. Safe for use by several threads and processes.</summary>
/// <param name="store">The state store.</param>
/// <param name="network">The network's name in the workspace.</param>
/// <param name="chain">Its chain.</param>
public sealed class IncidentStore(IStateStore store, string network, ChainId chain)
{
    private const int Tries = 20;

    private string Prefix => $"response/{network}/incidents/";

    /// <summary>An incident; null when there is none.</summary>
    /// <exception cref="ControlException"><c>incident-damaged</c> (exit 6): the stream is not what people signed.</exception>
    /// <exception cref="StorageException">The store did not answer.</exception>
    public async Task<IncidentState?> FindAsync(string id, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(id);
        var events = IncidentName.IsName(id) ? await store.ReadAsync(Prefix + id, cancellationToken: cancellation).ConfigureAwait(false) : [];
        return events.Count == 0 ? null : Fold(id, events);
    }

    /// <summary>An incident that must be there.</summary>
    /// <exception cref="ControlException"><c>incident-name</c>, <c>incident-unknown</c>, <c>incident-damaged</c>.</exception>
    /// <exception cref="StorageException">The store did not answer.</exception>
    public async Task<IncidentState> ReadAsync(string id, CancellationToken cancellation = default) =>
        await FindAsync(IncidentName.Require(id), cancellation).ConfigureAwait(false)
            ?? throw new ControlException("incident-unknown", ExitCode.BadInput, $"There is no incident '{id}' on the network '{network}'.", "'agijobs incident list' names those there are; 'agijobs incident open' opens one.");

    /// <summary>All incidents, in the order of their names.</summary>
    /// <exception cref="ControlException"><c>incident-damaged</c>: one of them is; <see cref="SurveyAsync"/> reads the others.</exception>
    /// <exception cref="StorageException">The store did not answer.</exception>
    public async Task<IReadOnlyList<IncidentState>> ListAsync(CancellationToken cancellation = default)
    {
        var survey = await SurveyAsync(cancellation).ConfigureAwait(false);
        return survey.Damaged is [var first, ..] ? throw first.Problem : survey.Incidents;
    }

    /// <summary>All incidents in the order of their names, and those whose record is damaged beside them: one that cannot be read hides no other.</summary>
    /// <exception cref="StorageException">The store did not answer.</exception>
    public async Task<IncidentSurvey> SurveyAsync(CancellationToken cancellation = default)
    {
        var (incidents, damaged) = (new List<IncidentState>(), new List<DamagedIncident>());
        foreach (var group in (await store.ReadAllAsync(Prefix, cancellationToken: cancellation).ConfigureAwait(false)).GroupBy(entry => entry.Stream, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            try
            {
                incidents.Add(Fold(group.Key[Prefix.Length..], [.. group]));
            }
            catch (ControlException problem)
            {
                damaged.Add(new DamagedIncident(group.Key[Prefix.Length..], problem));
            }
        }

        return new IncidentSurvey(incidents, damaged);
    }

    /// <summary>Appends an act; what others appended meanwhile comes before it, and the rules are asked again.</summary>
    /// <returns>The incident with the act.</returns>
    /// <param name="signed">The act.</param>
    /// <param name="people">Who may do what: asked here, because nobody need come by a command.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ControlException">Those of <see cref="IncidentSigning.Require"/> and of <see cref="IncidentState.Apply"/>: nothing was appended. <c>incident-busy</c>.</exception>
    /// <exception cref="StorageException">The store did not answer; whether it was appended is then known by reading again.</exception>
    public async Task<IncidentState> AppendAsync(SignedIncidentAct signed, IncidentSigning people, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(signed);
        ArgumentNullException.ThrowIfNull(people);
        if (signed.Problem() is { } wrong || signed.Act.Network != network || signed.Act.ChainId != chain)
        {
            throw new ControlException("incident-format", ExitCode.BadInput, $"This act cannot be recorded: {signed.Problem() ?? $"it is for the network '{signed.Act.Network}', chain {signed.Act.ChainId}"}.", "Sign it anew.");
        }

        var id = IncidentName.Require(signed.Act.Incident);
        var data = JsonSerializer.Serialize(signed, IncidentJson.Default.SignedIncidentAct);
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            var state = await FindAsync(id, cancellation).ConfigureAwait(false) ?? new IncidentState();
            var version = state.Version;
            people.Require(signed, state);
            state.Apply(new RecordedAct(version + 1, signed.Act.Time, signed));
            try
            {
                _ = await store.CommitAsync(new StateCommit { Events = [new StreamAppend(Prefix + id, version, [new NewEvent($"incident.{signed.Act.Kind}", data)])] }, cancellation).ConfigureAwait(false);
                return await ReadAsync(id, cancellation).ConfigureAwait(false);
            }
            catch (StorageException problem) when (problem.Code == StorageException.StreamConflict)
            {
                // Somebody else was first; the act stands behind theirs.
            }
        }

        throw new ControlException("incident-busy", ExitCode.Failed, $"Others write to the incident {id} all the time.", "Run the command again.");
    }

    /// <summary>The events of an incident as they are kept, oldest first.</summary>
    /// <exception cref="StorageException">The store did not answer.</exception>
    public Task<IReadOnlyList<StoredEvent>> EventsAsync(string id, CancellationToken cancellation = default) => store.ReadAsync(Prefix + IncidentName.Require(id), cancellationToken: cancellation);

    /// <summary>The digest of the first events of a stream: each one's version, type, time and data, by length, so that nothing can be moved from one to the next.</summary>
    public static Bytes32 DigestOf(IEnumerable<StoredEvent> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var entry in events)
        {
            foreach (var part in (string[])[FormattableString.Invariant($"{entry.Version}"), entry.Type, FormattableString.Invariant($"{entry.At.ToUnixTimeMilliseconds()}"), entry.Data])
            {
                var bytes = Encoding.UTF8.GetBytes(part);
                hash.AppendData(BitConverter.GetBytes(System.Buffers.Binary.BinaryPrimitives.ReverseEndianness((long)bytes.Length)));
                hash.AppendData(bytes);
            }
        }

        return new Bytes32(hash.GetHashAndReset());
    }

    /// <summary>Reads what stands in a stream.</summary>
    /// <exception cref="ControlException"><c>incident-damaged</c> (exit 6).</exception>
    internal static IncidentState Fold(string id, IReadOnlyList<StoredEvent> events)
    {
        var state = new IncidentState();
        foreach (var entry in events)
        {
            try
            {
                var signed = JsonSerializer.Deserialize(entry.Data, IncidentJson.Default.SignedIncidentAct) ?? throw new JsonException("it is null");
                if (signed.Problem() is { } problem)
                {
                    throw Damaged(id, entry, problem);
                }

                if (signed.Act.Incident != id || entry.Type != $"incident.{signed.Act.Kind}")
                {
                    throw Damaged(id, entry, $"it is the act '{signed.Act.Kind}' of the incident '{signed.Act.Incident}'");
                }

                state.Apply(new RecordedAct(entry.Version, entry.At, signed));
            }
            catch (Exception problem) when (problem is JsonException || problem is ControlException { Code: not "incident-damaged" })
            {
                throw Damaged(id, entry, problem.Message);
            }
        }

        return state;
    }

    private static ControlException Damaged(string id, StoredEvent entry, string why) =>
        new("incident-damaged", ExitCode.Mismatch, $"Event {entry.Version} of the incident {id} is not what a person signed: {Plain.Line(why)}", "Nothing was done. Restore the state from a backup; the archive in reports/incidents has the events as they were.");
}
