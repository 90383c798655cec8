using System.Globalization;
using System.Text.Json;
using AgiJobs.Arena.Scoreboard;
using AgiJobs.Storage;

namespace AgiJobs.Arena.Standings;

/// <summary>What rounds and slashes came to, one document each, as the chain told it. Everything that shows standings is made of these. Safe for use by several threads.</summary>
public sealed class ResultBook(IStateStore store, string network)
{
    private string Rounds => $"arena/{network}/results";

    private string Slashes => $"arena/{network}/slash-records";

    private string Reversals => $"arena/{network}/slash-reversals";

    /// <summary>Writes a round's result.</summary>
    public DocumentWrite Write(EndedRound round)
    {
        ArgumentNullException.ThrowIfNull(round);
        return new DocumentWrite(Rounds, round.Id.ToString("D10", CultureInfo.InvariantCulture), JsonSerializer.Serialize(round, StandingsJson.Default.EndedRound));
    }

    /// <summary>Writes a slash.</summary>
    public DocumentWrite Write(SlashRecord slash)
    {
        ArgumentNullException.ThrowIfNull(slash);
        return new DocumentWrite(Slashes, slash.Id, JsonSerializer.Serialize(slash, StandingsJson.Default.SlashRecord));
    }

    /// <summary>Writes the reversal of a slash.</summary>
    public DocumentWrite Write(SlashReversal reversal)
    {
        ArgumentNullException.ThrowIfNull(reversal);
        return new DocumentWrite(Reversals, reversal.Slash, JsonSerializer.Serialize(reversal, StandingsJson.Default.SlashReversal));
    }

    /// <summary>All rounds by number.</summary>
    public async Task<IReadOnlyList<EndedRound>> RoundsAsync(CancellationToken cancellation) =>
        [.. (await store.ListAsync(Rounds, cancellationToken: cancellation).ConfigureAwait(false)).Select(document => document.Read(StandingsJson.Default.EndedRound))];

    /// <summary>All slashes.</summary>
    public async Task<IReadOnlyList<SlashRecord>> SlashesAsync(CancellationToken cancellation) =>
        [.. (await store.ListAsync(Slashes, cancellationToken: cancellation).ConfigureAwait(false)).Select(document => document.Read(StandingsJson.Default.SlashRecord))];

    /// <summary>All reversals of slashes.</summary>
    public async Task<IReadOnlyList<SlashReversal>> ReversalsAsync(CancellationToken cancellation) =>
        [.. (await store.ListAsync(Reversals, cancellationToken: cancellation).ConfigureAwait(false)).Select(document => document.Read(StandingsJson.Default.SlashReversal))];

    /// <summary>The scoreboard of all of it.</summary>
    public async Task<ScoreboardProjection> ScoreboardAsync(CancellationToken cancellation)
    {
        var projection = new ScoreboardProjection();
        foreach (var round in await RoundsAsync(cancellation).ConfigureAwait(false))
        {
            projection.Add(round);
        }

        foreach (var slash in await SlashesAsync(cancellation).ConfigureAwait(false))
        {
            projection.Add(slash);
        }

        foreach (var reversal in await ReversalsAsync(cancellation).ConfigureAwait(false))
        {
            projection.Add(reversal);
        }

        return projection;
    }
}
