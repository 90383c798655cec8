using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace AgiJobs.Ethereum.Rpc;

/// <summary>The place in a batch where the answer to one request appears once the batch was sent.</summary>
public abstract class RpcSlot
{
    private protected RpcSlot(RpcRequest request) => Request = request;

    internal RpcRequest Request { get; }

    internal ulong Id { get; set; }

    internal List<EndpointFailure> Failures { get; } = [];

    /// <summary>True once there is a value or an error.</summary>
    public bool IsComplete { get; private protected set; }

    /// <summary>Why there is no value, or null.</summary>
    public EthereumException? Error { get; private set; }

    internal abstract void Complete(JsonElement result);

    internal void Fail(EthereumException error)
    {
        Error = error;
        IsComplete = true;
    }
}

/// <summary>The place of one typed answer.</summary>
/// <typeparam name="T">The type of the answer.</typeparam>
public sealed class RpcSlot<T> : RpcSlot
{
    private readonly RpcRequest<T> _request;
    private T? _value;

    internal RpcSlot(RpcRequest<T> request)
        : base(request) => _request = request;

    /// <summary>The answer.</summary>
    /// <exception cref="EthereumException">The error of this request, when it has one.</exception>
    /// <exception cref="InvalidOperationException">The batch was not sent.</exception>
    public T Value =>
        TryGet(out var value) ? value : throw Error ?? (Exception)new InvalidOperationException("The batch was not sent yet.");

    /// <summary>The answer, when there is one.</summary>
    public bool TryGet([MaybeNullWhen(false)] out T value)
    {
        value = _value;
        return IsComplete && Error is null;
    }

    internal override void Complete(JsonElement result)
    {
        _value = _request.Decode(result);
        IsComplete = true;
    }
}
