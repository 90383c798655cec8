using AgiJobs.Control.Description;
using AgiJobs.Control.Observation;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Calls;

namespace AgiJobs.Control.Reports;

/// <summary>Reads the figures of a description in one round trip.</summary>
public static class FigureReader
{
    /// <summary>Reads them at a block.</summary>
    /// <exception cref="EthereumException"><c>rpc-wrong-chain</c>, <c>block-reorganised</c>. A figure that a node does not give is unknown.</exception>
    public static async Task<IReadOnlyList<(Figure Figure, Reading<string> Value)>> ReadAsync(Protocol protocol, PinnedBlock block, CancellationToken cancellation)
    {
        if (protocol.Figures.Count == 0)
        {
            return [];
        }

        var reads = block.NewReads();
        var asked = protocol.Figures.Select(figure => (Figure: figure, Read: reads.Call(figure.Call))).ToList();
        await reads.SendAsync(cancellation).ConfigureAwait(false);
        return [.. asked.Select(entry => (entry.Figure, Value(entry.Figure, entry.Read)))];
    }

    private static Reading<string> Value(Figure figure, PinnedRead<Ethereum.Abi.AbiArguments> read)
    {
        try
        {
            return Reading.Known(figure.Unit.Format(read.Value[0]));
        }
        catch (EthereumException problem)
        {
            return Reading.Unknown<string>(problem.Message);
        }
    }
}
