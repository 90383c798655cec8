using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;
using AgiJobs.Tasks;

namespace AgiJobs.Arena.Agents;

/// <summary>What kind of agent a <see cref="ReferenceAgent"/> is.</summary>
public sealed record AgentOptions
{
    /// <summary>The seats that it takes; it joins no round as anything else.</summary>
    public required IReadOnlyList<Seat> Seats { get; init; }

    /// <summary>The families that it knows by name: sets tasks of, answers and judges. Empty for all of the program.</summary>
    public IReadOnlyList<string> Families { get; init; } = [];

    /// <summary>How it behaves.</summary>
    public AgentBehaviour Behaviour { get; init; }

    /// <summary>Its skill: the budget of steps for one answer.</summary>
    public long Skill { get; init; } = 100_000;

    /// <summary>Looks for a student's answers in place of the family's own search, such as a program that evolved; nothing for a task means that it has no answer. <see cref="Skill"/> then has no say. Called by one thread at a time.</summary>
    public Func<TaskStatement, string?>? Solver { get; init; }

    /// <summary>What its choices (tasks, where its search begins, when it is lazy) follow from, with its address. Salts never do: who guesses the seed must not read votes. Who knows it knows the answers to a teacher's tasks, so outside of tests it is drawn at random.</summary>
    public ulong Seed { get; init; }

    /// <summary>Whom a colluding validator votes for.</summary>
    public IReadOnlyList<Address> Allies { get; init; } = [];

    /// <summary>In how many of its rounds a lazy agent is lazy, in basis points.</summary>
    public int LazyShare { get; init; } = 5_000;

    /// <summary>What a toxic student answers.</summary>
    public string ToxicAnswer { get; init; } = "Ransomware and a botnet for sale; phishing on demand.";

    /// <summary>Time between two looks when nothing wakes it earlier.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often it says that it is there; the gateway forgets it after 60 s.</summary>
    public TimeSpan AnnounceEvery { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Least time between two claims of what it earned.</summary>
    public TimeSpan ClaimEvery { get; init; } = TimeSpan.FromMinutes(10);
}
