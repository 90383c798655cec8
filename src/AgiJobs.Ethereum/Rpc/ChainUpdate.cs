namespace AgiJobs.Ethereum.Rpc;

/// <summary>Something that a subscription tells: an item, or that items may be missing.</summary>
/// <typeparam name="T">The type of the items.</typeparam>
public abstract record ChainUpdate<T>
{
    private protected ChainUpdate()
    {
    }
}

/// <summary>One item. The same one may come twice around a gap; it is never left out without a gap.</summary>
/// <typeparam name="T">The type of the items.</typeparam>
/// <param name="Value">The item.</param>
public sealed record ChainItem<T>(T Value) : ChainUpdate<T>;

/// <summary>
/// Items may be missing up to here: the first update of every subscription, and one after each interruption. Whoever needs them all reads
/// the blocks after <see cref="LastSeen"/> up to and including <see cref="Head"/> by other means; what comes after is delivered.
/// </summary>
/// <typeparam name="T">The type of the items.</typeparam>
/// <param name="LastSeen">The highest block of an item that was delivered; null when none was, or when items have no block.</param>
/// <param name="Head">The newest block, read after the subscription was confirmed.</param>
/// <param name="Reason">Why.</param>
public sealed record ChainGap<T>(BlockNumber? LastSeen, BlockNumber Head, string Reason) : ChainUpdate<T>;
