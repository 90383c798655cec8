using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Ethereum;

namespace AgiJobs.Response.Index;

/// <summary>What is searched for. Everything that is given must hold; nothing given is everything.</summary>
public sealed record EventQuery
{
    /// <summary>The most events of one page.</summary>
    public const int MostAtOnce = 1000;

    /// <summary>An address that stands in the event.</summary>
    public Address? Account { get; init; }

    /// <summary>The job that it is about.</summary>
    public ulong? Job { get; init; }

    /// <summary>The round that it is about.</summary>
    public ulong? Round { get; init; }

    /// <summary>The transaction that emitted it.</summary>
    public Bytes32? Transaction { get; init; }

    /// <summary>The event's name.</summary>
    public string? Event { get; init; }

    /// <summary>The module that emitted it.</summary>
    public string? Module { get; init; }

    /// <summary>From this block on.</summary>
    public ulong? From { get; init; }

    /// <summary>Up to this block.</summary>
    public ulong? To { get; init; }

    /// <summary>After this place: <see cref="EventPage.Next"/> of the page before.</summary>
    public string? After { get; init; }

    /// <summary>So many at most, 1 to <see cref="MostAtOnce"/>.</summary>
    public int Limit { get; init; } = 100;

    // Those that fewest events have come first.
    internal IReadOnlyList<string> Terms =>
    [
        .. ((string?[])
        [
            Transaction is { } transaction ? EventTerm.Transaction(transaction) : null,
            Job is { } job ? EventTerm.Job(job.ToString(CultureInfo.InvariantCulture)) : null,
            Round is { } round ? EventTerm.Round(round.ToString(CultureInfo.InvariantCulture)) : null,
            Account is { } account ? EventTerm.Account(account) : null,
            Event is { } name ? EventTerm.Event(name) : null,
            Module is { } module ? EventTerm.Module(module) : null,
        ]).OfType<string>(),
    ];

    internal void Check()
    {
        if (Limit is < 1 or > MostAtOnce)
        {
            throw Wrong(string.Create(CultureInfo.InvariantCulture, $"A page of {Limit} events cannot be had."), string.Create(CultureInfo.InvariantCulture, $"Ask for 1 to {MostAtOnce}."));
        }

        if (From > To)
        {
            throw Wrong($"There is no block from {From} to {To}.", "Give a last block that is not below the first.");
        }

        if (After is { } after && !(after.Length == 31 && after[20] == '/' && after.Where((_, at) => at != 20).All(char.IsAsciiDigit)))
        {
            throw Wrong($"'{after}' is no place in the index.", "Give what the page before says as its next, or leave it out.");
        }
    }

    private static ControlException Wrong(string message, string mend) => new("index-query", ExitCode.BadInput, message, mend);
}

/// <summary>Events that were found.</summary>
/// <param name="Events">Each as JSON: <see cref="IndexedEvent"/>.</param>
/// <param name="Next">Where the next page begins; null when there is none.</param>
public sealed record EventPage(IReadOnlyList<string> Events, string? Next);
