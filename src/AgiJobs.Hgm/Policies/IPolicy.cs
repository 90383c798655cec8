using AgiJobs.Hgm.Runs;
using AgiJobs.Hgm.Sampling;

namespace AgiJobs.Hgm.Policies;

/// <summary>Decides what a run does next. It holds no state of its own: what it decides follows from the run's state and the stream that it is given, and from nothing else.</summary>
public interface IPolicy
{
    /// <summary>Its name in <see cref="PolicyNames"/>.</summary>
    string Name { get; }

    /// <summary>The next operation, counting what is in flight; <see cref="Decision.Wait"/> when something must end first or nothing is left to do. Called only while evaluations are left to charge.</summary>
    Decision Decide(RunState state, ref Xoshiro256 random);
}
