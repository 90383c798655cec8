using System.Globalization;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Control.Drift;

/// <summary>
/// The logs of contracts over many blocks, asked for in pieces: a piece that a node refuses is cut in two until it answers or is one block.
/// </summary>
public sealed class LogHistory(EthereumClient client)
{
    private const ulong PieceLength = 10_000;
    private const int PiecesAtOnce = 16;

    /// <summary>Told how far it has come, once for every round trip after the first.</summary>
    public Action<string>? OnProgress { get; init; }

    /// <summary>Reads the logs from one block to another, both included, in their order.</summary>
    /// <exception cref="EthereumException">What the node answered for the smallest piece; <c>rpc-wrong-chain</c>.</exception>
    public async Task<IReadOnlyList<LogEntry>> ReadAsync(IReadOnlyList<Address> contracts, ulong first, ulong last, CancellationToken cancellation)
    {
        var open = new Stack<(ulong First, ulong Last)>();
        for (var start = first; start <= last; start += PieceLength)
        {
            open.Push((start, Math.Min(last, start + PieceLength - 1)));
        }

        var found = new List<LogEntry>();
        for (var trip = 0; open.Count > 0; trip++)
        {
            if (trip > 0)
            {
                OnProgress?.Invoke(string.Create(CultureInfo.InvariantCulture, $"reading logs: {open.Count} pieces of the blocks {first} to {last} are left"));
            }

            var batch = client.NewBatch();
            var pieces = Enumerable.Range(0, Math.Min(PiecesAtOnce, open.Count)).Select(_ => open.Pop()).Select(piece => (Piece: piece, Slot: batch.Add(EthRequests.Logs(new LogFilter
            {
                Addresses = contracts,
                From = BlockReference.At(new BlockNumber(piece.First)),
                To = BlockReference.At(new BlockNumber(piece.Last)),
            })))).ToList();
            await batch.SendAsync(cancellation).ConfigureAwait(false);
            foreach (var (piece, slot) in pieces)
            {
                if (slot.TryGet(out var logs))
                {
                    found.AddRange(logs);
                }
                else if (piece.First == piece.Last || slot.Error!.Code is "rpc-unreachable")
                {
                    throw slot.Error!;
                }
                else
                {
                    var middle = piece.First + ((piece.Last - piece.First) / 2);
                    open.Push((piece.First, middle));
                    open.Push((middle + 1, piece.Last));
                }
            }
        }

        return [.. found.Where(log => log is { BlockNumber: not null, TransactionHash: not null, LogIndex: not null }).OrderBy(log => log.BlockNumber!.Value.Value).ThenBy(log => log.LogIndex!.Value)];
    }
}
