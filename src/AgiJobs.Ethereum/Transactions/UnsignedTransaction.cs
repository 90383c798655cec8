using System.Collections.Immutable;
using System.Numerics;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Rlp;

namespace AgiJobs.Ethereum.Transactions;

/// <summary>
/// A transaction before its signature, of type 0 (EIP-155 or older), 1 (EIP-2930) or 2 (EIP-1559). Immutable; equal when the bytes
/// that a signature covers are equal.
/// </summary>
public sealed class UnsignedTransaction : IEquatable<UnsignedTransaction>
{
    private byte[]? _payload;

    private UnsignedTransaction(
        TransactionType type,
        ChainId? chainId,
        ulong nonce,
        Wei priorityFee,
        Wei fee,
        Gas gas,
        Address? to,
        Wei value,
        ReadOnlyMemory<byte> data,
        ImmutableArray<AccessListEntry> accessList)
    {
        if (nonce == ulong.MaxValue)
        {
            throw EthereumException.BadInput("transaction-nonce", $"The nonce {nonce} is out of range: EIP-2681 ends nonces at 2^64 - 2.");
        }

        if (priorityFee > fee)
        {
            throw EthereumException.BadInput(
                "transaction-fee", $"The priority fee cap of {priorityFee.ToGwei()} gwei is above the fee cap of {fee.ToGwei()} gwei a "
                    + "unit of gas; EIP-1559 forbids it. Raise the fee cap or lower the priority fee.");
        }

        Type = type;
        ChainId = chainId;
        Nonce = nonce;
        MaxPriorityFeePerGas = priorityFee;
        MaxFeePerGas = fee;
        Gas = gas;
        To = to;
        Value = value;
        Data = data;
        AccessList = accessList.IsDefault ? [] : accessList;
    }

    /// <summary>The envelope.</summary>
    public TransactionType Type { get; }

    /// <summary>
    /// The only chain on which it is valid; null for a legacy transaction without replay protection, which is valid on every chain
    /// and which no signer here signs.
    /// </summary>
    public ChainId? ChainId { get; }

    /// <summary>The number of the sender's transactions before it.</summary>
    public ulong Nonce { get; }

    /// <summary>The most that is paid to the block's producer per unit of gas; the gas price for types 0 and 1.</summary>
    public Wei MaxPriorityFeePerGas { get; }

    /// <summary>The most that is paid per unit of gas altogether; the gas price for types 0 and 1.</summary>
    public Wei MaxFeePerGas { get; }

    /// <summary>The gas limit.</summary>
    public Gas Gas { get; }

    /// <summary>The account called; null creates a contract.</summary>
    public Address? To { get; }

    /// <summary>The amount sent along.</summary>
    public Wei Value { get; }

    /// <summary>The calldata, or the creation code.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>Announced accounts and slots; always empty for type 0.</summary>
    public ImmutableArray<AccessListEntry> AccessList { get; }

    /// <summary>A transaction of type 0.</summary>
    /// <param name="chainId">The chain, or null for a form that is valid on every chain (only to read old transactions).</param>
    /// <param name="nonce">The sender's nonce.</param>
    /// <param name="gasPrice">Paid per unit of gas.</param>
    /// <param name="gas">The gas limit.</param>
    /// <param name="to">The account called; null creates a contract.</param>
    /// <param name="value">Sent along.</param>
    /// <param name="data">Calldata or creation code; copied.</param>
    /// <exception cref="EthereumException"><c>transaction-nonce</c>; <c>transaction-chain</c> for chain id 0.</exception>
    public static UnsignedTransaction Legacy(
        ChainId? chainId, ulong nonce, Wei gasPrice, Gas gas, Address? to, Wei value, ReadOnlyMemory<byte> data) =>
        chainId is { Value: 0 }
            ? throw EthereumException.BadInput("transaction-chain", "Chain id 0 is no chain; EIP-155 has no form for it.")
            : new(TransactionType.Legacy, chainId, nonce, gasPrice, gasPrice, gas, to, value, data.ToArray(), []);

    /// <summary>A transaction of type 1 (EIP-2930).</summary>
    /// <param name="chainId">The chain.</param>
    /// <param name="nonce">The sender's nonce.</param>
    /// <param name="gasPrice">Paid per unit of gas.</param>
    /// <param name="gas">The gas limit.</param>
    /// <param name="to">The account called; null creates a contract.</param>
    /// <param name="value">Sent along.</param>
    /// <param name="data">Calldata or creation code; copied.</param>
    /// <param name="accessList">Announced accounts and slots.</param>
    /// <exception cref="EthereumException"><c>transaction-nonce</c>.</exception>
    public static UnsignedTransaction AccessListed(
        ChainId chainId,
        ulong nonce,
        Wei gasPrice,
        Gas gas,
        Address? to,
        Wei value,
        ReadOnlyMemory<byte> data,
        ImmutableArray<AccessListEntry> accessList) =>
        new(TransactionType.AccessList, chainId, nonce, gasPrice, gasPrice, gas, to, value, data.ToArray(), accessList);

    /// <summary>A transaction of type 2 (EIP-1559).</summary>
    /// <param name="chainId">The chain.</param>
    /// <param name="nonce">The sender's nonce.</param>
    /// <param name="maxPriorityFeePerGas">The most that is paid to the block's producer per unit of gas.</param>
    /// <param name="maxFeePerGas">The most that is paid per unit of gas altogether.</param>
    /// <param name="gas">The gas limit.</param>
    /// <param name="to">The account called; null creates a contract.</param>
    /// <param name="value">Sent along.</param>
    /// <param name="data">Calldata or creation code; copied.</param>
    /// <param name="accessList">Announced accounts and slots; none when left out.</param>
    /// <exception cref="EthereumException">
    /// <c>transaction-nonce</c>; <c>transaction-fee</c> when the priority fee is above the fee.
    /// </exception>
    public static UnsignedTransaction DynamicFee(
        ChainId chainId,
        ulong nonce,
        Wei maxPriorityFeePerGas,
        Wei maxFeePerGas,
        Gas gas,
        Address? to,
        Wei value,
        ReadOnlyMemory<byte> data,
        ImmutableArray<AccessListEntry> accessList = default) =>
        new(TransactionType.DynamicFee, chainId, nonce, maxPriorityFeePerGas, maxFeePerGas, gas, to, value, data.ToArray(), accessList);

    /// <summary>The same transaction with other fees, for replacement; types 0 and 1 take equal values (their gas price).</summary>
    /// <exception cref="EthereumException"><c>transaction-fee</c> when they do not fit together or the type has only one.</exception>
    public UnsignedTransaction WithFees(Wei maxPriorityFeePerGas, Wei maxFeePerGas) =>
        Type != TransactionType.DynamicFee && maxPriorityFeePerGas != maxFeePerGas
            ? throw EthereumException.BadInput("transaction-fee", $"A transaction of type {(int)Type} has one gas price; give the same "
                + "value for both fees.")
            : new(Type, ChainId, Nonce, maxPriorityFeePerGas, maxFeePerGas, Gas, To, Value, Data, AccessList);

    /// <summary>The same transaction with another nonce.</summary>
    /// <exception cref="EthereumException"><c>transaction-nonce</c>.</exception>
    public UnsignedTransaction WithNonce(ulong nonce) =>
        new(Type, ChainId, nonce, MaxPriorityFeePerGas, MaxFeePerGas, Gas, To, Value, Data, AccessList);

    /// <summary>The same transaction with another gas limit.</summary>
    public UnsignedTransaction WithGas(Gas gas) =>
        new(Type, ChainId, Nonce, MaxPriorityFeePerGas, MaxFeePerGas, gas, To, Value, Data, AccessList);

    /// <summary>The bytes that a signature covers.</summary>
    public ReadOnlyMemory<byte> SigningPayload => Payload;

    /// <summary>The Keccak-256 hash of <see cref="SigningPayload"/>, which is what is signed.</summary>
    public Bytes32 SigningHash => Keccak256.Hash(Payload);

    private byte[] Payload => _payload ??= Encode(null);

    /// <summary>Reads the bytes that a signature covers: all three types, canonical RLP only, nothing left over.</summary>
    /// <exception cref="EthereumException">
    /// <c>transaction-type</c> for any other type (blob and set-code transactions by name), <c>transaction-to</c>,
    /// <c>transaction-nonce</c>, <c>transaction-fee</c>, <c>transaction-chain</c>, <c>transaction-fields</c>, <c>wei-range</c> or one of
    /// the <c>rlp-</c> codes.
    /// </exception>
    public static UnsignedTransaction Parse(ReadOnlySpan<byte> payload)
    {
        var type = ReadType(payload, out var body);
        var outer = new RlpReader(body);
        var list = outer.ReadList();
        outer.ExpectEnd("the transaction");
        if (type != TransactionType.Legacy)
        {
            var transaction = ReadFields(type, null, ref list);
            list.ExpectEnd("the unsigned transaction");
            return transaction;
        }

        var legacy = ReadFields(type, null, ref list);
        if (list.IsAtEnd)
        {
            return legacy;
        }

        var chainId = new ChainId(list.ReadUInt64());
        if (!list.ReadBytes().IsEmpty || !list.ReadBytes().IsEmpty)
        {
            throw EthereumException.BadInput(
                "transaction-fields", "The transaction carries a signature; the unsigned form of EIP-155 ends with the chain id "
                    + "and two zeros.");
        }

        list.ExpectEnd("the unsigned transaction");
        return Legacy(chainId, legacy.Nonce, legacy.MaxFeePerGas, legacy.Gas, legacy.To, legacy.Value, legacy.Data);
    }

    /// <inheritdoc/>
    public bool Equals(UnsignedTransaction? other) => other is not null && Payload.AsSpan().SequenceEqual(other.Payload);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as UnsignedTransaction);

    /// <inheritdoc/>
    public override int GetHashCode() => SigningHash.GetHashCode();

    /// <summary>One line with units; calldata by its length and first four bytes.</summary>
    public override string ToString()
    {
        var fees = Type == TransactionType.DynamicFee
            ? $"fee cap {MaxFeePerGas.ToGwei()} gwei, priority fee cap {MaxPriorityFeePerGas.ToGwei()} gwei"
            : $"gas price {MaxFeePerGas.ToGwei()} gwei";
        var target = To is { } to ? $"to {to}" : "creates a contract";
        var data = Data.Length == 0 ? "no data" : $"{Data.Length} bytes of data from {Hex.Encode(Data.Span[..Math.Min(4, Data.Length)])}";
        return $"type {(int)Type}, chain {ChainId?.ToString() ?? "any"}, nonce {Nonce}, {target}, {Value}, {data}, gas {Gas}, {fees}";
    }

    // Tells the envelope by its first byte (EIP-2718) and gives the RLP list that follows.
    internal static TransactionType ReadType(ReadOnlySpan<byte> raw, out ReadOnlySpan<byte> body)
    {
        if (raw.IsEmpty)
        {
            throw EthereumException.BadInput("rlp-truncated", "The transaction is empty.");
        }

        if (raw[0] >= 0xc0)
        {
            body = raw;
            return TransactionType.Legacy;
        }

        body = raw[1..];
        return raw[0] switch
        {
            1 => TransactionType.AccessList,
            2 => TransactionType.DynamicFee,
            3 => throw Unsupported("a blob transaction (type 3, EIP-4844)"),
            4 => throw Unsupported("a set-code transaction (type 4, EIP-7702)"),
            var other => throw Unsupported($"of the unknown type 0x{other:x2}"),
        };

        static EthereumException Unsupported(string what) =>
            EthereumException.BadInput("transaction-type", $"The transaction is {what}; types 0 (legacy), 1 (EIP-2930) and 2 (EIP-1559) "
                + "are supported.");
    }

    // The fields up to the signature. For legacy transactions the chain id stands behind them, so the caller knows it.
    internal static UnsignedTransaction ReadFields(TransactionType type, ChainId? legacyChainId, ref RlpReader list)
    {
        var chainId = type == TransactionType.Legacy ? legacyChainId : new ChainId(list.ReadUInt64());
        var nonce = list.ReadUInt64();
        var priorityFee = new Wei(list.ReadUnsigned());
        var fee = type == TransactionType.DynamicFee ? new Wei(list.ReadUnsigned()) : priorityFee;
        var gas = new Gas(list.ReadUInt64());
        var to = list.ReadBytes();
        if (to.Length is not (0 or Address.Size))
        {
            throw EthereumException.BadInput("transaction-to", $"The recipient has {to.Length} bytes; it must have 20, or none to create "
                + "a contract.");
        }

        Address? recipient = to.IsEmpty ? null : new Address(to);
        var value = new Wei(list.ReadUnsigned());
        var data = list.ReadBytes().ToArray();
        var accessList = type == TransactionType.Legacy ? [] : ReadAccessList(list.ReadList());
        return new UnsignedTransaction(type, chainId, nonce, priorityFee, fee, gas, recipient, value, data, accessList);
    }

    // The whole envelope, with the signature when there is one.
    internal byte[] Encode(Keys.Signature? signature)
    {
        var writer = new RlpWriter();
        writer.BeginList();
        if (Type != TransactionType.Legacy)
        {
            writer.WriteUnsigned(ChainId!.Value.Value);
        }

        writer.WriteUnsigned(Nonce);
        if (Type == TransactionType.DynamicFee)
        {
            writer.WriteUnsigned(MaxPriorityFeePerGas.Value);
        }

        writer.WriteUnsigned(MaxFeePerGas.Value);
        writer.WriteUnsigned(Gas.Value);
        writer.WriteBytes(To is { } to ? to.ToBytes() : []);
        writer.WriteUnsigned(Value.Value);
        writer.WriteBytes(Data.Span);
        if (Type != TransactionType.Legacy)
        {
            WriteAccessList(writer);
        }

        if (signature is { } signed)
        {
            writer.WriteUnsigned(RecoveryValue(signed.YParity));
            writer.WriteUnsigned(signed.R.ToUnsigned());
            writer.WriteUnsigned(signed.S.ToUnsigned());
        }
        else if (Type == TransactionType.Legacy && ChainId is { } chainId)
        {
            writer.WriteUnsigned(chainId.Value);
            writer.WriteUnsigned(0UL);
            writer.WriteUnsigned(0UL);
        }

        writer.EndList();
        var list = writer.ToArray();
        return Type == TransactionType.Legacy ? list : [(byte)Type, .. list];
    }

    private BigInteger RecoveryValue(byte yParity) => (Type, ChainId) switch
    {
        (TransactionType.Legacy, { } chainId) => (new BigInteger(chainId.Value) * 2) + 35 + yParity,
        (TransactionType.Legacy, null) => 27 + yParity,
        _ => yParity,
    };

    private void WriteAccessList(RlpWriter writer)
    {
        Span<byte> word = stackalloc byte[Bytes32.Size];
        writer.BeginList();
        foreach (var entry in AccessList)
        {
            writer.BeginList();
            writer.WriteBytes(entry.Address.ToBytes());
            writer.BeginList();
            foreach (var key in entry.StorageKeys.IsDefault ? [] : entry.StorageKeys)
            {
                key.CopyTo(word);
                writer.WriteBytes(word);
            }

            writer.EndList();
            writer.EndList();
        }

        writer.EndList();
    }

    private static ImmutableArray<AccessListEntry> ReadAccessList(RlpReader list)
    {
        var entries = ImmutableArray.CreateBuilder<AccessListEntry>();
        while (!list.IsAtEnd)
        {
            var entry = list.ReadList();
            var address = new Address(entry.ReadBytes());
            var slots = entry.ReadList();
            entry.ExpectEnd("an access list entry");
            var keys = ImmutableArray.CreateBuilder<Bytes32>();
            while (!slots.IsAtEnd)
            {
                keys.Add(new Bytes32(slots.ReadBytes()));
            }

            entries.Add(new AccessListEntry(address, keys.DrainToImmutable()));
        }

        return entries.DrainToImmutable();
    }
}
