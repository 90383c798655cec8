using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Ethereum.Calls;

/// <summary>
/// Reads that are made together at one pinned block, normally in one round trip. Not safe for use by several threads; sent once.
/// </summary>
public sealed class PinnedReads
{
    private readonly PinnedBlock _block;
    private readonly List<PinnedRead> _reads = [];
    private bool _sent;

    internal PinnedReads(PinnedBlock block) => _block = block;

    /// <summary>How many reads were added.</summary>
    public int Count => _reads.Count;

    /// <summary>Calls a function; the value is what it returns.</summary>
    /// <exception cref="EthereumException">When the arguments do not fit the function.</exception>
    public PinnedRead<AbiArguments> Call(Address to, AbiFunction function, params ReadOnlySpan<AbiValue> arguments) =>
        Call(new ContractCall(to, function, arguments));

    /// <summary>Calls a function; the value is what it returns.</summary>
    public PinnedRead<AbiArguments> Call(ContractCall call) => Call(call, static results => results);

    /// <summary>
    /// Calls a function; <paramref name="read"/> makes the value of what it returns and may throw <see cref="EthereumException"/>.
    /// </summary>
    public PinnedRead<T> Call<T>(ContractCall call, Func<AbiArguments, T> read) => Add(new PinnedRead<T>(
        call.ToString(),
        new CallRequest { To = call.To, Data = call.Calldata, From = call.From },
        mayBundle: call.From is null && !call.IsProbe,
        returned => read(call.Function.DecodeOutput(returned))));

    /// <summary>The code of an account; empty when it has none.</summary>
    public PinnedRead<byte[]> Code(Address account) =>
        Add(new PinnedRead<byte[]>($"the code of {account}", block => EthRequests.Code(account, block), overrides => overrides.Accounts.GetValueOrDefault(account)?.Code is { } code ? (true, code) : default));

    /// <summary>The balance of an account.</summary>
    public PinnedRead<Wei> Balance(Address account) =>
        Add(new PinnedRead<Wei>($"the balance of {account}", block => EthRequests.Balance(account, block), overrides => overrides.Accounts.GetValueOrDefault(account)?.Balance is { } balance ? (true, balance) : default));

    /// <summary>The count of mined transactions of an account.</summary>
    public PinnedRead<ulong> Nonce(Address account) =>
        Add(new PinnedRead<ulong>($"the nonce of {account}", block => EthRequests.Nonce(account, block)));

    /// <summary>One storage word.</summary>
    public PinnedRead<Bytes32> Storage(Address account, Bytes32 slot) =>
        Add(new PinnedRead<Bytes32>($"storage word {slot} of {account}", block => EthRequests.Storage(account, slot, block), overrides => overrides.Accounts.GetValueOrDefault(account)?.Storage.TryGetValue(slot, out var word) == true ? (true, word) : default));

    /// <summary>Makes all reads. Afterwards each has its value or its own failure.</summary>
    /// <exception cref="EthereumException">
    /// <c>block-reorganised</c> (<see cref="Fault.Unknown"/>) when the pinned block is not canonical any more: then nothing that was read
    /// at it may be used, and <see cref="PinnedBlock.ReadAsync{T}"/> begins again. <c>rpc-wrong-chain</c>.
    /// </exception>
    public async Task SendAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_sent, this);
        _sent = true;
        await _block.SendAsync(_reads, cancellationToken).ConfigureAwait(false);
    }

    private PinnedRead<T> Add<T>(PinnedRead<T> read)
    {
        ObjectDisposedException.ThrowIf(_sent, this);
        _reads.Add(read);
        return read;
    }
}
