using System.Buffers.Binary;
using System.Numerics;

namespace AgiJobs.Ethereum.Safes;

/// <summary>
/// The packed batch of the MultiSend contracts, which a Safe delegate-calls so that several steps succeed or fail as one. A step is
/// operation (1 byte), target (20), value (32), length (32) and data, without padding.
/// Source: MultiSend.sol and MultiSendCallOnly.sol.
/// </summary>
public static class MultiSend
{
    private const int HeaderSize = 1 + Address.Size + 32 + 32;

    // multiSend(bytes)
    private static ReadOnlySpan<byte> Selector => [0x8d, 0x80, 0xff, 0x0a];

    /// <summary>Packs steps. With <paramref name="callOnly"/> (MultiSendCallOnly) a delegate call is refused, which that contract would revert on.</summary>
    /// <exception cref="EthereumException">
    /// <c>multisend-empty</c>; <c>multisend-delegate-call</c> (refused); <c>multisend-target</c> for the zero address; <c>multisend-size</c>.
    /// </exception>
    public static byte[] Pack(IReadOnlyList<MultiSendCall> calls, bool callOnly = true)
    {
        ArgumentNullException.ThrowIfNull(calls);
        if (calls.Count == 0)
        {
            throw EthereumException.BadInput("multisend-empty", "A batch needs at least one step.");
        }

        long length = 0;
        foreach (var call in calls)
        {
            length += HeaderSize + call.Data.Length;
        }

        if (length > Array.MaxLength - 128)
        {
            throw EthereumException.BadInput("multisend-size", $"A batch of {length} bytes fits no transaction; split it.");
        }

        var packed = new byte[length];
        var rest = packed.AsSpan();
        for (var i = 0; i < calls.Count; i++)
        {
            var call = calls[i];
            RequireAllowed(call, i, callOnly);
            rest[0] = (byte)call.Operation;
            call.To.CopyTo(rest[1..]);
            Bytes32.FromUnsigned(call.Value.Value).CopyTo(rest[21..]);
            BinaryPrimitives.WriteInt32BigEndian(rest[81..], call.Data.Length);
            call.Data.Span.CopyTo(rest[HeaderSize..]);
            rest = rest[(HeaderSize + call.Data.Length)..];
        }

        return packed;
    }

    /// <summary>Reads packed steps; every byte must belong to a step.</summary>
    /// <exception cref="EthereumException"><c>multisend-format</c>, <c>multisend-empty</c>, <c>multisend-delegate-call</c> (refused), <c>multisend-target</c>.</exception>
    public static IReadOnlyList<MultiSendCall> Unpack(ReadOnlySpan<byte> packed, bool callOnly = true)
    {
        if (packed.IsEmpty)
        {
            throw EthereumException.BadInput("multisend-empty", "A batch needs at least one step.");
        }

        var calls = new List<MultiSendCall>();
        while (!packed.IsEmpty)
        {
            if (packed.Length < HeaderSize)
            {
                throw Malformed($"step {calls.Count + 1} has {packed.Length} bytes; its head alone has {HeaderSize}");
            }

            if (packed[0] > 1)
            {
                throw Malformed($"step {calls.Count + 1} has operation {packed[0]}; 0 is a call, 1 a delegate call");
            }

            var length = new BigInteger(packed.Slice(53, 32), isUnsigned: true, isBigEndian: true);
            if (length > packed.Length - HeaderSize)
            {
                throw Malformed($"step {calls.Count + 1} claims more data than the {packed.Length - HeaderSize} bytes that follow");
            }

            var call = new MultiSendCall(
                new Address(packed.Slice(1, Address.Size)),
                new Wei(new BigInteger(packed.Slice(21, 32), isUnsigned: true, isBigEndian: true)),
                packed.Slice(HeaderSize, (int)length).ToArray(),
                (SafeOperation)packed[0]);
            RequireAllowed(call, calls.Count, callOnly);
            calls.Add(call);
            packed = packed[(HeaderSize + (int)length)..];
        }

        return calls;
    }

    /// <summary>The calldata <c>multiSend(bytes)</c> of a batch.</summary>
    /// <exception cref="EthereumException">As <see cref="Pack"/>.</exception>
    public static byte[] EncodeCall(IReadOnlyList<MultiSendCall> calls, bool callOnly = true)
    {
        var packed = Pack(calls, callOnly);
        var data = new byte[4 + 64 + ((packed.Length + 31) / 32 * 32)];
        Selector.CopyTo(data);
        data[4 + 31] = 32;
        BinaryPrimitives.WriteInt32BigEndian(data.AsSpan(4 + 60), packed.Length);
        packed.CopyTo(data.AsSpan(4 + 64));
        return data;
    }

    /// <summary>Reads the calldata of <c>multiSend(bytes)</c>, in its canonical form only.</summary>
    /// <exception cref="EthereumException">As <see cref="Unpack"/>.</exception>
    public static IReadOnlyList<MultiSendCall> DecodeCall(ReadOnlySpan<byte> data, bool callOnly = true)
    {
        if (data.Length < 4 + 64 || !data[..4].SequenceEqual(Selector))
        {
            throw Malformed("it is not a call of multiSend(bytes)");
        }

        var offset = new BigInteger(data.Slice(4, 32), isUnsigned: true, isBigEndian: true);
        var length = new BigInteger(data.Slice(36, 32), isUnsigned: true, isBigEndian: true);
        var body = data[68..];
        if (offset != 32 || length > body.Length || body.Length != ((int)length + 31) / 32 * 32 || body[(int)length..].ContainsAnyExcept((byte)0))
        {
            throw Malformed("its argument is not bytes in canonical ABI form");
        }

        return Unpack(body[..(int)length], callOnly);
    }

    /// <summary>The Safe transaction that runs a batch of calls through a MultiSendCallOnly contract.</summary>
    /// <param name="calls">The steps, calls only.</param>
    /// <param name="multiSendCallOnly">The contract, such as the one in <see cref="SafeContracts"/>; whoever names another hands the Safe to its code.</param>
    /// <param name="nonce">The Safe's nonce.</param>
    /// <exception cref="EthereumException">As <see cref="Pack"/>.</exception>
    public static SafeTransaction ToTransaction(IReadOnlyList<MultiSendCall> calls, Address multiSendCallOnly, BigInteger nonce) => new()
    {
        To = multiSendCallOnly,
        Data = EncodeCall(calls),
        Operation = SafeOperation.DelegateCall,
        Nonce = nonce,
    };

    private static void RequireAllowed(MultiSendCall call, int index, bool callOnly)
    {
        ArgumentNullException.ThrowIfNull(call);
        if (callOnly && call.Operation != SafeOperation.Call)
        {
            throw new EthereumException(
                "multisend-delegate-call",
                Fault.Refused,
                $"Step {index + 1} delegate-calls {call.To}, which would run its code with the Safe's whole power; MultiSendCallOnly reverts on it. Make it a call.");
        }

        if (call.To.IsZero)
        {
            throw EthereumException.BadInput("multisend-target", $"Step {index + 1} goes to the zero address; name its target.");
        }
    }

    private static EthereumException Malformed(string what) => EthereumException.BadInput("multisend-format", $"The batch is malformed: {what}.");
}
