using AgiJobs.Hgm.Sampling;

namespace AgiJobs.Hgm.Simulation;

/// <summary>How a study is carried out.</summary>
/// <param name="Seeds">How many replicates of each variant; the same seeds for all, so that differences are paired.</param>
/// <param name="Seed">From which the replicates' seeds come.</param>
/// <param name="Threads">How many replicates are played at once; without influence on the result.</param>
public sealed record Study(int Seeds, ulong Seed = 0, int Threads = 1)
{
    /// <summary>The replicates of a variant, in the order of their seeds.</summary>
    public Replicate[] Play(Variant variant, CancellationToken cancellation = default)
    {
        variant.Run.Checked();
        var replicates = new Replicate[Seeds];
        if (Threads <= 1)
        {
            for (var i = 0; i < Seeds; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                replicates[i] = Replicate.Of(variant, SeedOf(i));
            }
        }
        else
        {
            Parallel.For(0, Seeds, new ParallelOptions { MaxDegreeOfParallelism = Threads, CancellationToken = cancellation }, i => replicates[i] = Replicate.Of(variant, SeedOf(i)));
        }

        return replicates;
    }

    /// <summary>The seed of a replicate.</summary>
    public ulong SeedOf(int replicate) => Xoshiro256.SeedOf(Seed, RandomPurpose.Replicate, (ulong)replicate);
}
