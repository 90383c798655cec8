using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Response.Watching;

/// <summary>A block as detectors examine it: each once on its way up, in order and without gaps.</summary>
/// <param name="Header">Its header; the hash is there.</param>
/// <param name="Logs">The logs of it that <see cref="BlockNeeds"/> asks for, in their order.</param>
/// <param name="Transactions">Its transactions, where <see cref="BlockNeeds"/> asks for them; null otherwise.</param>
public sealed record WatchedBlock(BlockHeader Header, IReadOnlyList<LogEntry> Logs, IReadOnlyList<TransactionInfo>? Transactions = null)
{
    /// <summary>Whether transactions went through, by hash, where <see cref="BlockNeeds.Outcomes"/> asks for it; null, or without an entry, where it was not read.</summary>
    public IReadOnlyDictionary<Bytes32, bool>? Outcomes { get; init; }
}

/// <summary>A view to read at every block.</summary>
/// <param name="To">The contract.</param>
/// <param name="Calldata">The call, as 0x and hex digits.</param>
public sealed record StateRead(Address To, string Calldata);

/// <summary>What detectors have to be given of each block.</summary>
/// <param name="Addresses">Contracts whose logs are wanted; null for logs of every address, an empty list for none.</param>
/// <param name="Topics">First topics of the logs that are wanted; null for all.</param>
/// <param name="Transactions">Whether whole transactions are wanted.</param>
/// <param name="Reads">Views.</param>
public sealed record BlockNeeds(IReadOnlyList<Address>? Addresses, IReadOnlyList<Bytes32>? Topics, bool Transactions, IReadOnlyList<StateRead> Reads)
{
    /// <summary>Contracts, calls to which have to be given with their outcome: the receipt's status of every transaction to one of them. Empty when no outcome is wanted.</summary>
    public IReadOnlyList<Address> Outcomes { get; init; } = [];
}
