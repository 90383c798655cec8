using System.Collections.Concurrent;
using AgiJobs.Hgm.Runs;
using AgiJobs.Hgm.Sampling;

namespace AgiJobs.Steering.Evolution;

/// <summary>
/// Who was there when an operation started, with what was known of them then: read from the events before the start, which are the same after a cut and for any number of workers. Safe for use by several threads.
/// </summary>
internal sealed class RunArchive(IRunStore store)
{
    private readonly ConcurrentDictionary<string, List<RunEvent>> _read = new(StringComparer.Ordinal);

    /// <summary>The mate of an expansion; null when there is none.</summary>
    public async Task<string?> MateAsync(ExpansionWork work, CancellationToken cancellation) =>
        (await BeforeAsync(work.Run, work.Operation, cancellation).ConfigureAwait(false)).Mate(work.Parent, work.Seed);

    /// <summary>The agents before an expansion started.</summary>
    public async Task<Company> BeforeAsync(string run, int operation, CancellationToken cancellation)
    {
        var known = _read.GetOrAdd(run, _ => []);
        List<RunEvent> events;
        lock (known)
        {
            events = [.. known];
        }

        if (!events.Exists(happened => IsStartOf(happened, operation)))
        {
            var more = await store.ReadAsync(run, events.Count, cancellation).ConfigureAwait(false);
            events.AddRange(more);
            lock (known)
            {
                known.AddRange(events.Skip(known.Count));
            }
        }

        return Company.Of(events.TakeWhile(happened => !IsStartOf(happened, operation)));
    }

    private static bool IsStartOf(RunEvent happened, int operation) => happened is ExpansionStarted started && started.Operation == operation;
}

/// <summary>Agents and their counts at one moment of a run.</summary>
/// <param name="agents">In the order of their numbers.</param>
internal sealed class Company(IReadOnlyList<(string? Artifact, int Successes, int Failures)> agents)
{
    public static Company Of(IEnumerable<RunEvent> events)
    {
        var agents = new List<(string? Artifact, int Successes, int Failures)>();
        var tried = new Dictionary<int, (int Agent, bool Passed)>();
        foreach (var happened in events)
        {
            switch (happened)
            {
                case RunStarted started:
                    agents.Add((started.Artifact, 0, 0));
                    break;
                case AgentAdded added:
                    agents.Add((added.Artifact, 0, 0));
                    break;
                case EvaluationStarted started:
                    tried[started.Operation] = (started.Agent, false);
                    break;
                case EvaluationRecorded recorded:
                    tried[recorded.Operation] = tried[recorded.Operation] with { Passed = recorded.Passed };
                    Count(tried[recorded.Operation], 1);
                    break;
                case ResultRevoked revoked:
                    Count(tried[revoked.Operation], -1);
                    break;
                case ResultReinstated reinstated:
                    Count(tried[reinstated.Operation], 1);
                    break;
            }
        }

        return new Company(agents);

        void Count((int Agent, bool Passed) result, int by)
        {
            var (artifact, successes, failures) = agents[result.Agent];
            agents[result.Agent] = result.Passed ? (artifact, successes + by, failures) : (artifact, successes, failures + by);
        }
    }

    /// <summary>Another agent than the parent, the better of two drawn by chance; null when there is no other.</summary>
    public string? Mate(int parent, ulong seed)
    {
        if (agents.Count < 2)
        {
            return null;
        }

        var random = Xoshiro256.Of(seed, RandomPurpose.Agent, 1);
        var (one, other) = (Draw(ref random), Draw(ref random));
        return agents[Mean(one) >= Mean(other) ? one : other].Artifact;

        int Draw(ref Xoshiro256 chance)
        {
            var drawn = chance.Below(agents.Count - 1);
            return drawn < parent ? drawn : drawn + 1;
        }

        double Mean(int agent) => (1.0 + agents[agent].Successes) / (2.0 + agents[agent].Successes + agents[agent].Failures);
    }
}
