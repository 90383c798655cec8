using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Control.Simulation;

/// <summary>Makes forks of the live chain on this machine, for networks whose nodes neither simulate nor trace.</summary>
public interface ISimulationFork
{
    /// <summary>Starts a fork of the chain as it is at a block, and ends it when the result is disposed.</summary>
    /// <exception cref="ControlException">When none can be had, with the reason.</exception>
    Task<IForkedChain> StartAsync(BlockHeader block, CancellationToken cancellation);
}

/// <summary>A fork that runs.</summary>
public interface IForkedChain : IAsyncDisposable
{
    /// <summary>Its node, which simulates and traces.</summary>
    EthereumClient Client { get; }
}
