using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Response.Detectors;

namespace AgiJobs.Response.Watching;

/// <summary>What was read of one block besides its header.</summary>
/// <param name="Block">The block with what was asked for of it.</param>
/// <param name="Answers">Its views.</param>
public sealed record BlockContent(WatchedBlock Block, StateAnswers Answers)
{
    /// <summary>Whether the node refused a view, so that what it returns at this block is unknown.</summary>
    public bool IsUnread => Answers.Answers.Values.Any(answer => answer.IsRefused);
}

/// <summary>
/// One node's chain as a monitor reads it. What cannot be read is an <see cref="EthereumException"/> and never an empty answer. Safe for use by several threads.
/// </summary>
public interface IWatchedChain
{
    /// <summary>Whether <see cref="HeadsAsync"/> tells of new blocks.</summary>
    bool TellsHeads { get; }

    /// <summary>The newest block.</summary>
    Task<BlockHeader> HeadAsync(CancellationToken cancellation);

    /// <summary>The headers of a range, in order; it ends early where the node has no further block.</summary>
    Task<IReadOnlyList<BlockHeader>> HeadersAsync(ulong from, ulong to, CancellationToken cancellation);

    /// <summary>What is needed of one block, by its hash.</summary>
    /// <exception cref="EthereumException"><c>block-reorganised</c> when the block is no part of the chain any more; those of reading.</exception>
    Task<BlockContent> ReadAsync(BlockHeader header, BlockNeeds needs, CancellationToken cancellation);

    /// <summary>What is needed of each block of a range, of one branch of the chain, in order.</summary>
    /// <exception cref="EthereumException"><see cref="RangeTooLarge"/> when the node refuses for the size of the range or of its answer; <c>block-reorganised</c>; those of reading.</exception>
    Task<IReadOnlyList<BlockContent>> ReadRangeAsync(ulong from, ulong to, BlockNeeds needs, CancellationToken cancellation);

    /// <summary>Tells, without promise, that there may be a new block. Ends only when cancelled, or by an <see cref="EthereumException"/>.</summary>
    IAsyncEnumerable<BlockNumber> HeadsAsync(CancellationToken cancellation);

    /// <summary>The code of a refusal that a smaller range may mend.</summary>
    public const string RangeTooLarge = "range-too-large";
}
