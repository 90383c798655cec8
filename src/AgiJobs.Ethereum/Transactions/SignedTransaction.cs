using System.Numerics;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rlp;

namespace AgiJobs.Ethereum.Transactions;

/// <summary>
/// A transaction with its signature, ready for <c>eth_sendRawTransaction</c>. Immutable; its sender was recovered when it was made, so
/// it is never one that no key signed.
/// </summary>
public sealed class SignedTransaction
{
    private readonly byte[] _raw;

    /// <summary>Joins a transaction and a signature, and recovers the sender.</summary>
    /// <exception cref="EthereumException"><c>signature-high-s</c> (EIP-2) or <c>signature-unrecoverable</c>.</exception>
    public SignedTransaction(UnsignedTransaction unsigned, Signature signature)
        : this(unsigned, signature, unsigned.Encode(signature))
    {
    }

    private SignedTransaction(UnsignedTransaction unsigned, Signature signature, byte[] raw)
    {
        Unsigned = unsigned;
        Signature = signature;
        From = Secp256k1.Recover(unsigned.SigningHash, signature);
        _raw = raw;
        Hash = Keccak256.Hash(raw);
    }

    /// <summary>What was signed.</summary>
    public UnsignedTransaction Unsigned { get; }

    /// <summary>The signature.</summary>
    public Signature Signature { get; }

    /// <summary>The account whose key signed.</summary>
    public Address From { get; }

    /// <summary>The bytes that go to a node.</summary>
    public ReadOnlyMemory<byte> Raw => _raw;

    /// <summary>The transaction's hash, by which nodes know it.</summary>
    public Bytes32 Hash { get; }

    /// <summary>
    /// Reads a signed transaction of type 0 (with and without EIP-155), 1 or 2: canonical RLP, nothing left over, a signature with low s
    /// (EIP-2) that recovers to a key.
    /// </summary>
    /// <exception cref="EthereumException">
    /// As <see cref="UnsignedTransaction.Parse"/>, and <c>signature-range</c>, <c>signature-v</c>, <c>signature-high-s</c>,
    /// <c>signature-unrecoverable</c>.
    /// </exception>
    public static SignedTransaction Parse(ReadOnlySpan<byte> raw)
    {
        var type = UnsignedTransaction.ReadType(raw, out var body);
        var outer = new RlpReader(body);
        var list = outer.ReadList();
        outer.ExpectEnd("the transaction");
        var unsigned = UnsignedTransaction.ReadFields(type, null, ref list);

        // A legacy v is 2 * chain id + 35 or 36, which has at most 65 bits.
        var v = list.ReadUnsigned(9);
        var r = Bytes32.FromUnsigned(list.ReadUnsigned());
        var s = Bytes32.FromUnsigned(list.ReadUnsigned());
        list.ExpectEnd("the signed transaction");
        if (type != TransactionType.Legacy)
        {
            return new SignedTransaction(unsigned, new Signature(r, s, v > 1 ? throw BadRecoveryValue(v) : (byte)v), raw.ToArray());
        }

        if (v == 27 || v == 28)
        {
            return new SignedTransaction(unsigned, new Signature(r, s, (byte)(v - 27)), raw.ToArray());
        }

        var chainId = (v - 35) >> 1;
        if (v < 37 || chainId > ulong.MaxValue)
        {
            throw BadRecoveryValue(v);
        }

        var withChain = UnsignedTransaction.Legacy(
            new ChainId((ulong)chainId), unsigned.Nonce, unsigned.MaxFeePerGas, unsigned.Gas, unsigned.To, unsigned.Value, unsigned.Data);
        return new SignedTransaction(withChain, new Signature(r, s, (byte)((v - 35) & 1)), raw.ToArray());
    }

    /// <summary>The hash, the sender and the transaction on one line.</summary>
    public override string ToString() => $"{Hash} from {From}: {Unsigned}";

    private static EthereumException BadRecoveryValue(BigInteger v) => EthereumException.BadInput(
        "signature-v", $"{v} is no recovery value: it is 0 or 1 in a typed transaction, 27, 28 or 2 * chain id + 35 or 36 in a "
            + "legacy one.");
}
