using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Alerts;

/// <summary>Something that happened and that alerts are made of.</summary>
public abstract record ArenaFact;

/// <summary>A round that ended, or a run that never got a round.</summary>
/// <param name="Id">What tells it from others: the run's name. One that comes twice counts once.</param>
/// <param name="Round">Its number on chain; null when it never had one.</param>
/// <param name="Failure">Why it came to nothing, as a code; null when it was counted.</param>
/// <param name="Conduct">How everybody in it behaved: null for well, else <c>silent</c> or <c>blocked</c>.</param>
public sealed record RoundPlayed(string Id, long? Round, string? Failure, IReadOnlyDictionary<Address, string?> Conduct) : ArenaFact
{
    /// <summary>
    /// Tells it from the chain. Silent is a teacher that set no task, a student that was invited and revealed no answer, a validator that joined and revealed no vote, each as far as the round went on long enough for it. More
    /// validators are invited than there are seats, so that one that did not come was not silent.
    /// </summary>
    /// <param name="id">The run's name.</param>
    /// <param name="round">The round.</param>
    /// <param name="blocked">Whose content was blocked in it.</param>
    public static RoundPlayed Of(string id, RoundChronicle round, IReadOnlySet<Address> blocked)
    {
        ArgumentNullException.ThrowIfNull(round);
        ArgumentNullException.ThrowIfNull(blocked);
        var went = round.VoidedIn is { } phase ? phase : RoundPhase.Finalised;
        var conduct = new Dictionary<Address, string?>();
        foreach (var person in round.People.Where(person => person.Seat != Seat.Validator || person.Index is not null))
        {
            var silent = person.Seat switch
            {
                Seat.Teacher => !person.HasCome,
                Seat.Student => round.TaskHash is not null && (!person.HasCome || (person.Disclosed is null && went > RoundPhase.Revealing)),
                _ => person.Disclosed is null && (went == RoundPhase.Counting || went == RoundPhase.Finalised),
            };
            conduct[person.Account] = blocked.Contains(person.Account) ? "blocked" : silent ? "silent" : null;
        }

        return new RoundPlayed(id, round.Id, round.Ending == RoundEnding.Voided ? round.WhyVoided() ?? "voided" : null, conduct);
    }
}

/// <summary>A validator was slashed.</summary>
/// <param name="Key"><c>ROUND-VALIDATOR-REASON</c>.</param>
/// <param name="Round">In which round.</param>
/// <param name="Validator">Who.</param>
/// <param name="Reason">Why.</param>
public sealed record ValidatorSlashed(string Key, long Round, Address Validator, string Reason) : ArenaFact;

/// <summary>A slash was reversed after an appeal.</summary>
/// <param name="Key"><c>ROUND-VALIDATOR-REASON</c>.</param>
public sealed record SlashReversed(string Key) : ArenaFact;

/// <summary>A finding is held: no standing approval covers it.</summary>
/// <param name="Key"><c>ROUND-VALIDATOR-REASON</c>.</param>
/// <param name="Round">In which round.</param>
/// <param name="Why">Why it is held.</param>
public sealed record SlashHeldBack(string Key, long Round, string Why) : ArenaFact;

/// <summary>A finding is held no more.</summary>
/// <param name="Key"><c>ROUND-VALIDATOR-REASON</c>.</param>
public sealed record SlashLetGo(string Key) : ArenaFact;

/// <summary>How the orchestrator fares.</summary>
/// <param name="Failures">How often in a row it failed; 0 when it works.</param>
/// <param name="Reason">The last failure's code; null when it works.</param>
public sealed record OrchestratorFared(int Failures, string? Reason) : ArenaFact;
