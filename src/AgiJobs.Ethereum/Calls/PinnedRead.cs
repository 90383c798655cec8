using System.Diagnostics.CodeAnalysis;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Ethereum.Calls;

/// <summary>How a read ended.</summary>
public enum ReadStatus
{
    /// <summary>It was not sent.</summary>
    NotSent,

    /// <summary>There is a value.</summary>
    Known,

    /// <summary>The contract refused; that is a fact about the chain.</summary>
    Reverted,

    /// <summary>Something came back that is not what the function promises, as from an address without code.</summary>
    Undecodable,

    /// <summary>The node could not be read; nothing is known.</summary>
    Unknown,
}

/// <summary>The answer to one read at a pinned block. A failure is a value of its own and never disturbs other reads.</summary>
/// <typeparam name="T">The type of the answer.</typeparam>
public sealed class PinnedRead<T> : PinnedRead
{
    private readonly Func<BlockReference, RpcRequest<T>>? _request;
    private readonly Func<StateOverrides, (bool Given, T? Value)>? _overridden;
    private readonly CallRequest? _call;
    private readonly Func<byte[], T>? _decode;
    private RpcSlot<T>? _slot;
    private RpcSlot<byte[]>? _returned;
    private T? _value;

    internal PinnedRead(string subject, Func<BlockReference, RpcRequest<T>> request, Func<StateOverrides, (bool Given, T? Value)>? overridden = null)
        : base(subject, null) => (_request, _overridden) = (request, overridden);

    internal PinnedRead(string subject, CallRequest call, bool mayBundle, Func<byte[], T> decode)
        : base(subject, mayBundle ? call : null)
    {
        _call = call;
        _decode = decode;
    }

    /// <summary>The value.</summary>
    /// <exception cref="EthereumException">Its <see cref="PinnedRead.Error"/>, when it has none.</exception>
    /// <exception cref="InvalidOperationException">It was not sent.</exception>
    public T Value =>
        TryGet(out var value) ? value : throw Error ?? (Exception)new InvalidOperationException($"{Subject} was not read yet.");

    /// <summary>The value, when there is one.</summary>
    public bool TryGet([MaybeNullWhen(false)] out T value)
    {
        value = _value;
        return Status == ReadStatus.Known;
    }

    internal override void AddTo(RpcBatch batch, BlockReference block, StateOverrides? overrides)
    {
        if (overrides is not null && _overridden?.Invoke(overrides) is (true, { } given))
        {
            Known(given);
        }
        else if (_call is not null)
        {
            // Decoded later: what a contract returns is no fault of the node, and no reason to ask another one.
            _returned = batch.Add(overrides is null ? EthRequests.Call(_call, block) : SimulationRequests.Call(_call, block, overrides));
        }
        else
        {
            _slot = batch.Add(_request!(block));
        }
    }

    internal override void Collect()
    {
        if (_returned is null && _slot is null)
        {
            return;
        }

        if (_returned is not null && _returned.TryGet(out var returned))
        {
            CollectReturned(returned);
        }
        else if (_slot is not null && _slot.TryGet(out var value))
        {
            Known(value);
        }
        else
        {
            var error = ((RpcSlot?)_returned ?? _slot)!.Error!;
            Failed(error is RevertException ? ReadStatus.Reverted : ReadStatus.Unknown, error);
        }
    }

    internal override void CollectReturned(byte[] returned)
    {
        try
        {
            Known(_decode!(returned));
        }
        catch (EthereumException error)
        {
            Failed(ReadStatus.Undecodable, error);
        }
    }

    private void Known(T value)
    {
        _value = value;
        Succeeded();
    }
}

/// <summary>The part of an answer that does not depend on its type.</summary>
public abstract class PinnedRead
{
    private protected PinnedRead(string subject, CallRequest? bundle)
    {
        Subject = subject;
        Bundle = bundle;
    }

    /// <summary>What was asked, for people.</summary>
    public string Subject { get; }

    /// <summary>How it ended.</summary>
    public ReadStatus Status { get; private set; }

    /// <summary>Why there is no value; a <see cref="RevertException"/> when the contract refused.</summary>
    public EthereumException? Error { get; private set; }

    /// <summary>The call, when it may go through Multicall3.</summary>
    internal CallRequest? Bundle { get; }

    internal abstract void AddTo(RpcBatch batch, BlockReference block, StateOverrides? overrides);

    internal abstract void Collect();

    internal abstract void CollectReturned(byte[] returned);

    internal void CollectRevert(byte[] data, string endpoint) => Failed(
        ReadStatus.Reverted,
        new RevertException("eth_call", endpoint, 3, "execution reverted", null, data, ContractAbi.Empty.DecodeRevert(data)));

    private protected void Succeeded()
    {
        Status = ReadStatus.Known;
        Error = null;
    }

    private protected void Failed(ReadStatus status, EthereumException error)
    {
        Status = status;
        Error = error;
    }
}
