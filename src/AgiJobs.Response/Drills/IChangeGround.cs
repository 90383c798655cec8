namespace AgiJobs.Response.Drills;

/// <summary>A fork on which a change is rehearsed, and whose chain and nodes fail on purpose.</summary>
public interface IChangeGround : IDrillCommands
{
    /// <summary>Remembers the chain as it is. What is given back withdraws everything since, as a reorg does: other blocks stand in its place. Once.</summary>
    Task<Func<Task>> MarkAsync(CancellationToken cancellation);

    /// <summary>A node that answers zeros to every question is named before the real one in the network's file; or it is taken away again.</summary>
    Task LieAsync(bool lies, CancellationToken cancellation);
}
