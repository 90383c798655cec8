using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Ethereum.Calls;

/// <summary>
/// A view of the chain at one block. However many reads are made, in however many round trips and from whichever node, they are about
/// that block: it is named by its hash (EIP-1898) and required to be canonical. For nodes that know heights only, the hash at the
/// height is compared after the reads. Calls go through Multicall3 where it is, else one by one in a JSON-RPC batch; results are the same.
/// </summary>
public sealed class PinnedBlock
{
    private const int MulticallSize = 250;
    private const int Attempts = 3;

    // Each call repeats what is made up, such as the code of a new contract, and nodes refuse bodies of a few megabytes.
    private const int BatchBytes = 1_000_000;

    private readonly EthereumClient _client;
    private readonly Bytes32 _hash;
    private readonly StateOverrides? _overrides;
    private readonly int _readsPerBatch;
    private bool _mayHaveMulticall;
    private volatile bool _byNumber;

    private PinnedBlock(EthereumClient client, BlockHeader header, bool mayHaveMulticall, StateOverrides? overrides = null)
    {
        _client = client;
        _overrides = overrides;
        _readsPerBatch = overrides is null ? int.MaxValue : Math.Max(1, BatchBytes / Math.Max(1, overrides.Accounts.Values.Sum(account => 256 + (2 * (account.Code?.Length ?? 0)) + (140 * account.Storage.Count))));
        Header = header;
        _hash = header.Hash ?? throw EthereumException.BadInput(
            "block-pending", "The pending block has no hash and cannot be pinned. Use latest.");
        _mayHaveMulticall = mayHaveMulticall;
    }

    /// <summary>The block.</summary>
    public BlockHeader Header { get; }

    /// <summary>The block by hash, for requests that are made outside of <see cref="NewReads"/>.</summary>
    public BlockReference Reference => BlockReference.At(_hash);

    /// <summary>Pins the block that was the newest when the client connected; costs no round trip.</summary>
    public static PinnedBlock AtConnect(EthereumClient client) => new(client, client.HeadAtConnect, client.HadMulticallAtConnect);

    /// <summary>Pins a block, in one round trip.</summary>
    /// <exception cref="EthereumException"><c>block-unknown</c> when no node knows it; what reading may throw.</exception>
    public static async Task<PinnedBlock> AtAsync(
        EthereumClient client, BlockReference block, CancellationToken cancellationToken = default)
    {
        var batch = client.NewBatch();
        var header = batch.Add(EthRequests.Block(block));
        var multicall = batch.Add(EthRequests.Code(Multicall.CanonicalAddress, block));
        await batch.SendAsync(cancellationToken).ConfigureAwait(false);
        return header.Value is { } found
            ? new PinnedBlock(client, found, multicall.TryGet(out var code) && code.Length > 0)
            : throw new EthereumException("block-unknown", Fault.Unknown, $"No node knows block {block} of chain {client.ChainId}.");
    }

    /// <summary>
    /// Pins the newest block and reads; begins again at the then newest block, at most twice, when the pinned one is reorganised away.
    /// </summary>
    /// <exception cref="EthereumException">
    /// <c>block-reorganised</c> when it happens a third time; what <paramref name="read"/> throws.
    /// </exception>
    public static async Task<T> ReadAsync<T>(
        EthereumClient client, Func<PinnedBlock, CancellationToken, Task<T>> read, CancellationToken cancellationToken = default)
    {
        for (var attempt = 1; ; attempt++)
        {
            var block = await AtAsync(client, BlockReference.Latest, cancellationToken).ConfigureAwait(false);
            try
            {
                return await read(block, cancellationToken).ConfigureAwait(false);
            }
            catch (EthereumException error) when (error.Code == "block-reorganised" && attempt < Attempts)
            {
                // The chain moved; the next attempt sees the new branch.
            }
        }
    }

    /// <summary>The same block with a state that differs from it: every call runs on the differences, and code, storage and balances that they give are not asked for. Nonces are those of the block.</summary>
    public PinnedBlock With(StateOverrides overrides) => new(_client, Header, _mayHaveMulticall, overrides);

    /// <summary>An empty set of reads at this block.</summary>
    public PinnedReads NewReads() => new(this);

    /// <summary>
    /// Makes sure that the block is still part of the chain, in one round trip; for a last look before something is done on what was read.
    /// </summary>
    /// <exception cref="EthereumException"><c>block-reorganised</c> (<see cref="Fault.Unknown"/>).</exception>
    public async Task RequireCanonicalAsync(CancellationToken cancellationToken = default)
    {
        var now = await _client.BlockAsync(BlockReference.At(Header.Number), cancellationToken).ConfigureAwait(false);
        if (now?.Hash != _hash)
        {
            throw new EthereumException("block-reorganised", Fault.Unknown,
                $"Block {Header.Number} ({_hash}) of chain {_client.ChainId} was reorganised away while it was read"
                + $"{(now?.Hash is { } other ? $"; {other} is in its place" : "")}. What was read at it is void; read again.");
        }
    }

    internal async Task SendAsync(IReadOnlyList<PinnedRead> reads, CancellationToken cancellationToken)
    {
        var open = await SendOnceAsync(reads, _mayHaveMulticall, cancellationToken).ConfigureAwait(false);
        if (open.Count > 0)
        {
            // What failed inside Multicall3 without data may have lacked gas there only.
            await SendOnceAsync(open, useMulticall: false, cancellationToken).ConfigureAwait(false);
        }

        if (_byNumber)
        {
            await RequireCanonicalAsync(cancellationToken).ConfigureAwait(false);
            return;
        }

        // A node says in its own words that a hash is not canonical or that it does not know hashes here; the chain itself tells which.
        var refused = reads.Where(read => read is { Status: ReadStatus.Unknown, Error: RpcException { Code: "rpc-error" } }).ToArray();
        if (refused.Length == 0)
        {
            return;
        }

        await RequireCanonicalAsync(cancellationToken).ConfigureAwait(false);
        if (refused.Length == reads.Count)
        {
            await SendByNumberAsync(reads, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task SendByNumberAsync(IReadOnlyList<PinnedRead> reads, CancellationToken cancellationToken)
    {
        _byNumber = true;
        var open = await SendOnceAsync(reads, _mayHaveMulticall, cancellationToken).ConfigureAwait(false);
        if (open.Count > 0)
        {
            await SendOnceAsync(open, useMulticall: false, cancellationToken).ConfigureAwait(false);
        }

        await RequireCanonicalAsync(cancellationToken).ConfigureAwait(false);

        // When heights fail as well, the trouble is another one and the next reads may use the hash again.
        _byNumber = reads.Any(read => read.Status != ReadStatus.Unknown);
    }

    /// <summary>Returns the reads that must be made again without Multicall3.</summary>
    private async Task<List<PinnedRead>> SendOnceAsync(
        IReadOnlyList<PinnedRead> reads, bool useMulticall, CancellationToken cancellationToken)
    {
        var block = _byNumber ? BlockReference.At(Header.Number) : Reference;
        var batch = _client.NewBatch();
        var bundled = useMulticall ? reads.Where(read => read.Bundle is not null).ToArray() : [];
        bundled = bundled.Length > 1 ? bundled : [];
        var bundles = bundled.Chunk(MulticallSize).Select(
            part => (Reads: part, Slot: batch.Add(_overrides is null ? EthRequests.Call(Multicall.Bundle(part), block) : SimulationRequests.Call(Multicall.Bundle(part), block, _overrides)))).ToArray();

        // The client's knowledge is of its connecting; what counts is whether the contract is there at this block.
        var code = bundles.Length > 0 ? batch.Add(EthRequests.Code(Multicall.CanonicalAddress, block)) : null;
        var direct = reads.Except(bundled).ToArray();
        foreach (var part in direct.Chunk(Math.Min(_readsPerBatch, Math.Max(1, direct.Length))))
        {
            foreach (var read in part)
            {
                read.AddTo(batch, block, _overrides);
            }

            await batch.SendAsync(cancellationToken).ConfigureAwait(false);
            batch = _client.NewBatch();
        }

        if (direct.Length == 0)
        {
            await batch.SendAsync(cancellationToken).ConfigureAwait(false);
        }

        foreach (var read in direct)
        {
            read.Collect();
        }

        var open = new List<PinnedRead>();
        if (code is not null && code.TryGet(out var found) && found.Length == 0)
        {
            _mayHaveMulticall = false;
        }

        foreach (var (part, slot) in bundles)
        {
            if (!_mayHaveMulticall || !slot.TryGet(out var returned) || !Multicall.TryUnbundle(returned, part.Length, out var results))
            {
                open.AddRange(part);
                continue;
            }

            for (var i = 0; i < part.Length; i++)
            {
                var (success, data) = results[i];
                if (success)
                {
                    part[i].CollectReturned(data);
                }
                else if (data.Length > 0)
                {
                    part[i].CollectRevert(data, "Multicall3");
                }
                else
                {
                    open.Add(part[i]);
                }
            }
        }

        return open;
    }
}
