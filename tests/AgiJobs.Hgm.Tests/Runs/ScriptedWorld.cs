using System.Collections.Concurrent;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Runs;
using AgiJobs.Hgm.Sampling;

namespace AgiJobs.Hgm.Tests.Runs;

/// <summary>A world whose answers follow from operation and seed alone, and whose work ends in an order that nobody can foresee.</summary>
internal sealed class ScriptedWorld(int scramble) : IAgentWorld
{
    private int _running;

    public ConcurrentBag<int> CarriedOut { get; } = [];

    public int MostAtOnce { get; private set; }

    public Func<EvaluationWork, EvaluationOutcome?> Answer { get; set; } = _ => null;

    public Func<ExpansionWork, ExpansionOutcome?> Change { get; set; } = _ => null;

    public async Task<ExpansionOutcome> ExpandAsync(ExpansionWork work, CancellationToken cancellation)
    {
        await WanderAsync(work.Operation, cancellation);
        var random = new Xoshiro256(work.Seed, 1, 2, 3);
        for (var i = 0; i < 10; i++)
            random.Next();
        if (Change(work) is { } changed)
            return changed;
        return random.Uniform() < 0.1
            ? new ExpansionOutcome("does not compile", null, Amount.Parse("0.5"))
            : new ExpansionOutcome(null, work.Artifact + "/" + work.Operation, Amount.Parse("1.25"));
    }

    public async Task<EvaluationOutcome> EvaluateAsync(EvaluationWork work, CancellationToken cancellation)
    {
        await WanderAsync(work.Operation, cancellation);
        if (Answer(work) is { } answered)
            return answered;
        var random = new Xoshiro256(work.Seed, 1, 2, 3);
        for (var i = 0; i < 10; i++)
            random.Next();
        var draw = random.Uniform();
        var passed = draw < 0.5;
        return draw > 0.97
            ? new EvaluationOutcome(null, "hangs", Amount.Parse("0.75"), Amount.Zero)
            : new EvaluationOutcome(passed, null, Amount.Parse("0.1"), passed ? Amount.Parse("0.3") : Amount.Zero);
    }

    // Yields a number of times that differs from operation to operation and from world to world.
    private async Task WanderAsync(int operation, CancellationToken cancellation)
    {
        CarriedOut.Add(operation);
        MostAtOnce = Math.Max(MostAtOnce, Interlocked.Increment(ref _running));
        try
        {
            for (var i = 0; i < operation * 7919 % scramble; i++)
                await Task.Yield();
            cancellation.ThrowIfCancellationRequested();
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }
}
