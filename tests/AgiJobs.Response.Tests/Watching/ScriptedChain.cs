using System.Runtime.CompilerServices;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Response.Detectors;
using AgiJobs.Response.Watching;

namespace AgiJobs.Response.Tests.Watching;

/// <summary>A chain in memory whose blocks can be withdrawn, and whose calls can fail.</summary>
internal sealed class ScriptedChain : IWatchedChain
{
    private readonly List<(BlockHeader Header, int Logs)> _blocks = [];
    private int _salt;

    /// <summary>A chain; one of another salt has another first block.</summary>
    public ScriptedChain(int salt = 0)
    {
        _salt = salt;
        Mine(0);
    }

    /// <summary>Of how many of the newest blocks an answer by number lacks the logs, as that of a back end that lags.</summary>
    public int Lag { get; set; }

    /// <summary>Whether the views of a block are refused.</summary>
    public Func<ulong, bool>? Refuses { get; set; }

    /// <summary>Whether a block is not answered by its hash.</summary>
    public Func<ulong, bool>? Unreadable { get; set; }

    /// <summary>Called before every answer, with the number of the call; throws to fail it.</summary>
    public Action<int> OnCall { get; set; } = _ => { };

    public int Calls { get; private set; }

    public int MaxRange { get; set; } = int.MaxValue;

    public int LargestServed { get; private set; }

    public TimeSpan TimeOffset { get; set; }

    public ulong Head => (ulong)_blocks.Count - 1;

    public bool TellsHeads => false;

    public void Mine(int logs)
    {
        var number = (ulong)_blocks.Count;
        _blocks.Add((new BlockHeader(new BlockNumber(number), Keccak256.Hash(BitConverter.GetBytes(((long)_salt << 40) + (long)number)), number == 0 ? default : _blocks[^1].Header.Hash!.Value, new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero) + TimeOffset, default, default, null, []), logs));
    }

    public void Mine(IEnumerable<int> logs)
    {
        foreach (var count in logs)
        {
            Mine(count);
        }
    }

    /// <summary>Withdraws the newest blocks; what is mined then has other hashes.</summary>
    public List<(BlockHeader Header, int Logs)> Withdraw(int depth)
    {
        _salt++;
        var gone = _blocks[^Math.Min(depth, _blocks.Count - 1)..];
        _blocks.RemoveRange(_blocks.Count - gone.Count, gone.Count);
        return gone;
    }

    /// <summary>Puts withdrawn blocks back.</summary>
    public void Restore(int depth, IEnumerable<(BlockHeader Header, int Logs)> blocks)
    {
        Withdraw(depth);
        _blocks.AddRange(blocks);
    }

    public Bytes32 HashOf(ulong number) => _blocks[(int)number].Header.Hash!.Value;

    public Task<BlockHeader> HeadAsync(CancellationToken cancellation)
    {
        OnCall(++Calls);
        return Task.FromResult(_blocks[^1].Header);
    }

    public Task<IReadOnlyList<BlockHeader>> HeadersAsync(ulong from, ulong to, CancellationToken cancellation)
    {
        OnCall(++Calls);
        return Task.FromResult<IReadOnlyList<BlockHeader>>([.. _blocks.Skip((int)from).Take((int)(to - from + 1)).Select(block => block.Header)]);
    }

    public Task<BlockContent> ReadAsync(BlockHeader header, BlockNeeds needs, CancellationToken cancellation)
    {
        OnCall(++Calls);
        if (Unreadable?.Invoke(header.Number.Value) is true)
        {
            throw new EthereumException("rpc-timeout", Fault.Unknown, $"block {header.Number} is not answered");
        }

        return header.Number.Value <= Head && _blocks[(int)header.Number.Value] is var block && block.Header.Hash == header.Hash
            ? Task.FromResult(Content(block, block.Logs))
            : throw new EthereumException("block-reorganised", Fault.Unknown, "gone");
    }

    public async Task<IReadOnlyList<BlockContent>> ReadRangeAsync(ulong from, ulong to, BlockNeeds needs, CancellationToken cancellation)
    {
        // Out of order on purpose: parts end as they like.
        await Task.Yield();
        lock (_blocks)
        {
            OnCall(++Calls);
            var size = (int)(to - from + 1);
            if (size > MaxRange)
            {
                throw new EthereumException(IWatchedChain.RangeTooLarge, Fault.Unknown, "query returned more than 10000 results");
            }

            LargestServed = Math.Max(LargestServed, size);
            return [.. _blocks.Skip((int)from).Take(size).Select(block => Content(block, block.Header.Number.Value + (ulong)Lag > Head ? 0 : block.Logs))];
        }
    }

    public async IAsyncEnumerable<BlockNumber> HeadsAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        yield break;
    }

    private BlockContent Content((BlockHeader Header, int Logs) block, int logs) => new(
        new WatchedBlock(block.Header, [.. Enumerable.Range(0, logs).Select(index => new LogEntry(default, [], default, block.Header.Number, block.Header.Hash, Keccak256.Hash([(byte)index]), 0, (ulong)index, false))]),
        Refuses is not { } refuses ? StateAnswers.None : new StateAnswers(new Dictionary<StateRead, StateAnswer> { [new StateRead(default, "0x")] = refuses(block.Header.Number.Value) ? new StateAnswer(null, "missing trie node") { IsRefused = true } : new StateAnswer("0x01", null) }));
}
