namespace AgiJobs.Control.Serving;

/// <summary>
/// Work that goes on as long as a host runs. A host starts its workers one after another in their order, when store and chain are there and before it answers requests, and stops them in the reverse
/// order. <see cref="State"/> may be read by any thread at any time; the rest is called by one.
/// </summary>
public interface IWorker
{
    /// <summary>Its name in readiness, logs and metrics: kebab case, such as <c>arena-lease</c>.</summary>
    string Name { get; }

    /// <summary>How it stands, now.</summary>
    WorkerState State { get; }

    /// <summary>Begins the work and returns. What goes wrong later is told by <see cref="State"/>; what it throws here keeps the host from starting.</summary>
    Task StartAsync(CancellationToken cancellation);

    /// <summary>Finishes what is under way, and gives up what is not finished in time, in a way that the next start goes on from.</summary>
    /// <param name="drain">How long it may take.</param>
    Task StopAsync(TimeSpan drain);
}

/// <summary>How something that readiness depends on stands.</summary>
/// <param name="IsReady">Whether it does what it is there for. What is not known is not ready.</param>
/// <param name="Code">Stable, kebab case: <c>ready</c>, <c>standing-by</c>, <c>chain-unknown</c>.</param>
/// <param name="Message">In words, for an operator.</param>
public sealed record WorkerState(bool IsReady, string Code, string Message);
