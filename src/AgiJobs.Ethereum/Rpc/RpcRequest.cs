using System.Buffers;
using System.Text.Json;

namespace AgiJobs.Ethereum.Rpc;

/// <summary>A JSON-RPC request that has not been sent: method and parameters. <see cref="EthRequests"/> makes the usual ones.</summary>
public abstract class RpcRequest
{
    private protected RpcRequest(string method, Action<Utf8JsonWriter>? parameters)
    {
        Method = method;
        Effect = RpcMethod.EffectOf(method);
        var buffer = new ArrayBufferWriter<byte>(128);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            parameters?.Invoke(writer);
            writer.WriteEndArray();
        }

        Parameters = buffer.WrittenMemory;
    }

    /// <summary>The name of the method.</summary>
    public string Method { get; }

    /// <summary>The parameter array as UTF-8 JSON.</summary>
    internal ReadOnlyMemory<byte> Parameters { get; }

    internal RpcEffect Effect { get; }
}

/// <summary>A request together with the way its result is read.</summary>
/// <typeparam name="T">What the result becomes.</typeparam>
public sealed class RpcRequest<T> : RpcRequest
{
    /// <summary>
    /// <paramref name="parameters"/> writes the elements of the parameter array. <paramref name="decode"/> reads the result and may throw
    /// <see cref="EthereumException"/> when it does not have the expected shape; it must not keep the element.
    /// </summary>
    public RpcRequest(string method, Action<Utf8JsonWriter>? parameters, Func<JsonElement, T> decode)
        : base(method, parameters) => Decode = decode;

    internal Func<JsonElement, T> Decode { get; }
}
