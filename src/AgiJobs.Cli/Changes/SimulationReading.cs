using AgiJobs.Control;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Simulation;
using AgiJobs.Ethereum;

namespace AgiJobs.Cli.Changes;

/// <summary>
/// Simulates a change anew when its verdict is asked for, once in a run. Once the change was begun, what was found before counts, since the calls would then meet their own effects. A pause does not wait long for it.
/// </summary>
internal sealed class SimulationReading(Func<CancellationToken, Task<SimulationResult>> simulate, bool isPause, TimeProvider time) : ISimulationReading
{
    private static readonly TimeSpan PatienceOfAPause = TimeSpan.FromSeconds(5);

    /// <summary>What was found; null when it was not simulated in this run.</summary>
    public SimulationResult? Result { get; private set; }

    /// <summary>Why it could not be simulated; null when it could, or was not tried.</summary>
    public string? Problem { get; private set; }

    public async Task<SimulationVerdict?> ReadAsync(FiledChange change, CancellationToken cancellation)
    {
        if (Journal.Read(change.JournalPath).Count > 0)
        {
            return new SimulationVerdict(false, []);
        }

        using var impatience = new CancellationTokenSource(isPause ? PatienceOfAPause : Timeout.InfiniteTimeSpan, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, impatience.Token);
        try
        {
            Result ??= await simulate(either.Token).ConfigureAwait(false);
            return new SimulationVerdict(Result.Blocks.Count > 0, [.. (Result.Blocks.Count > 0 ? Result.Blocks : Result.Findings).Select(finding => finding.Message)]);
        }
        catch (Exception problem) when (problem is EthereumException or ControlException || (problem is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            Problem = problem is OperationCanceledException ? $"the nodes took longer than {PatienceOfAPause.TotalSeconds} s" : problem.Message;
            throw new ControlException("simulation-unknown", ExitCode.Unknown, Problem, null, problem);
        }
    }
}
