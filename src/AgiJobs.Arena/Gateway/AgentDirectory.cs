using System.Text.Json;
using System.Text.RegularExpressions;
using AgiJobs.Arena.Orchestration;
using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;
using AgiJobs.Storage;

namespace AgiJobs.Arena.Gateway;

/// <summary>Who is there, what they would do, and what they did wrong: collection <c>arena/NETWORK/agents</c>. Safe for use by several threads and by several gateways on one store.</summary>
public sealed partial class AgentDirectory(IStateStore store, string network, TimeProvider time) : IPresence
{
    /// <summary>How long an agent counts as there after it said so.</summary>
    public static readonly TimeSpan Presence = TimeSpan.FromSeconds(60);

    private const int MostFamilies = 32;
    private const int Attempts = 16;

    private static readonly Dictionary<string, Seat> SeatsByName = new(StringComparer.Ordinal)
    {
        ["teacher"] = Seat.Teacher,
        ["student"] = Seat.Student,
        ["validator"] = Seat.Validator,
    };

    private readonly string _collection = $"arena/{network}/agents";

    /// <summary>An agent says that it is there and what it would do; this takes the place of what it said before.</summary>
    /// <exception cref="RefusalException"><see cref="GatewayCode.Malformed"/>.</exception>
    /// <exception cref="StorageException">Whether it was written is not known.</exception>
    public Task<AgentPresence> PutAsync(Address address, PresenceRequest request, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Seats.Count == 0 || request.Seats.Any(seat => seat is null || !SeatsByName.ContainsKey(seat)) || request.Seats.Distinct(StringComparer.Ordinal).Count() != request.Seats.Count)
        {
            throw new RefusalException(GatewayCode.Malformed, "'seats' must name one or more of teacher, student, validator, each once.", "Correct the list and sign anew.");
        }

        if (request.Families.Count > MostFamilies || request.Families.Any(family => family is null || !FamilyName().IsMatch(family)) || request.Families.Distinct(StringComparer.Ordinal).Count() != request.Families.Count)
        {
            throw new RefusalException(GatewayCode.Malformed, $"'families' must be at most {MostFamilies} different names of 1 to 40 characters a-z, 0-9 and '-'.", "Correct the list and sign anew.");
        }

        return ChangeAsync(address, record => record with { Seats = request.Seats, Families = request.Families, LastSeen = time.GetUtcNow() }, cancellation);
    }

    /// <summary>Notes a fault.</summary>
    /// <param name="address">Whose.</param>
    /// <param name="code">Which, such as <c>no-show</c>.</param>
    /// <param name="cancellation">Stops it.</param>
    public Task<AgentPresence> AddFaultAsync(Address address, string code, CancellationToken cancellation = default) =>
        ChangeAsync(address, record => record with { Faults = new SortedDictionary<string, long>(record.Faults.ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal) { [code] = record.Faults.GetValueOrDefault(code) + 1 } }, cancellation);

    /// <summary>What is known of an agent; one that never came has no seats and no faults.</summary>
    public async Task<AgentPresence> GetAsync(Address address, CancellationToken cancellation = default) =>
        Read(address, (await store.GetAsync(_collection, address.ToString(), cancellation).ConfigureAwait(false))?.Data);

    /// <summary>Everybody who ever came, by address.</summary>
    public async Task<IReadOnlyList<AgentPresence>> AllAsync(CancellationToken cancellation = default) =>
        [.. (await store.ListAsync(_collection, cancellationToken: cancellation).ConfigureAwait(false)).Select(document => Read(Address.Parse(document.Key), document.Data))];

    /// <summary>Everybody who is there now, by address.</summary>
    public async Task<IReadOnlyList<AgentPresence>> PresentAsync(CancellationToken cancellation = default) =>
        [.. (await AllAsync(cancellation).ConfigureAwait(false)).Where(IsPresent)];

    async Task<IReadOnlyList<PresentAgent>> IPresence.PresentAsync(CancellationToken cancellation) =>
        [.. (await PresentAsync(cancellation).ConfigureAwait(false)).OrderBy(agent => agent.Address).Select(agent => new PresentAgent(agent.Address, agent.Seats.ToHashSet(), agent.Families))];

    /// <summary>Whether an agent counts as there.</summary>
    public bool IsPresent(AgentPresence agent) => agent?.LastSeen is { } seen && time.GetUtcNow() - seen < Presence;

    private async Task<AgentPresence> ChangeAsync(Address address, Func<AgentRecord, AgentRecord> change, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            var found = await store.GetAsync(_collection, address.ToString(), cancellation).ConfigureAwait(false);
            var data = JsonSerializer.Serialize(change(Parse(found?.Data)), GatewayJson.Default.AgentRecord);
            try
            {
                _ = await store.CommitAsync(new StateCommit { Documents = [new DocumentWrite(_collection, address.ToString(), data, found?.Version ?? 0)] }, cancellation).ConfigureAwait(false);
                return Read(address, data);
            }
            catch (StorageException problem) when (problem.Code == StorageException.DocumentConflict && attempt < Attempts)
            {
                // Somebody else noted something of this agent; it counts as well.
            }
        }
    }

    private static AgentPresence Read(Address address, string? data)
    {
        var record = Parse(data);
        return new AgentPresence(address, [.. record.Seats.Select(seat => SeatsByName[seat])], record.Families, record.LastSeen, record.Faults);
    }

    private static AgentRecord Parse(string? data) => data is null
        ? new AgentRecord { Seats = [], Families = [], Faults = new Dictionary<string, long>(StringComparer.Ordinal) }
        : JsonSerializer.Deserialize(data, GatewayJson.Default.AgentRecord)!;

    [GeneratedRegex("^[a-z0-9-]{1,40}\\z")]
    private static partial Regex FamilyName();
}
