using System.Numerics;
using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Ethereum.Safes;

/// <summary>
/// The first of the two ways to a Safe hash: words packed by hand after published type hashes, as the contract does it. It shares no
/// code with the general EIP-712 engine but Keccak-256.
/// Source: Safe.sol, <c>encodeTransactionData</c> and <c>domainSeparator</c>; GnosisSafe.sol 1.2.0 and 0.1.0 for the older forms.
/// </summary>
internal static class PackedSafeHash
{
    // keccak256("EIP712Domain(uint256 chainId,address verifyingContract)")
    private static readonly Bytes32 DomainType = Bytes32.Parse("0x47e79534a245952e8b16893a336b85a3d9ea9fa8c573f3d803afb92a79469218");

    // keccak256("EIP712Domain(address verifyingContract)")
    private static readonly Bytes32 DomainTypeWithoutChain = Bytes32.Parse("0x035aff83d86937d35b32e04f0ddc6ff469290eef2f1b692d8a815c89404d4749");

    // keccak256("SafeTx(address to,uint256 value,bytes data,uint8 operation,uint256 safeTxGas,uint256 baseGas,uint256 gasPrice,
    // address gasToken,address refundReceiver,uint256 nonce)")
    private static readonly Bytes32 TransactionType = Bytes32.Parse("0xbb8310d486368db6bd6f849402fdd73ad53d316b5a4b2644ad6efe0f941286d8");

    // The same with dataGas for baseGas.
    private static readonly Bytes32 TransactionTypeWithDataGas = Bytes32.Parse("0x14d461bc7412367e924637b363c7bf29b8f47e2f84869f4426e5633d8af47b20");

    // keccak256("SafeMessage(bytes message)")
    private static readonly Bytes32 MessageType = Bytes32.Parse("0x60b3cbf8b4a223d68d641b3b6ddf9a298e7f33710cf3d3a9d1146b5a6150fbca");

    public static Bytes32 Separator(SafeDomain domain)
    {
        Span<byte> words = stackalloc byte[96];
        words.Clear();
        if (domain.Version.HasChainIdInDomain)
        {
            DomainType.CopyTo(words);
            Put(words, 1, domain.Chain.Value);
            Put(words, 2, domain.Safe);
            return Keccak256.Hash(words);
        }

        DomainTypeWithoutChain.CopyTo(words);
        Put(words, 1, domain.Safe);
        return Keccak256.Hash(words[..64]);
    }

    public static Bytes32 Transaction(SafeVersion version, SafeTransaction transaction)
    {
        Span<byte> words = stackalloc byte[11 * 32];
        words.Clear();
        (version.HasBaseGas ? TransactionType : TransactionTypeWithDataGas).CopyTo(words);
        Put(words, 1, transaction.To);
        Put(words, 2, transaction.Value.Value);
        Keccak256.Hash(transaction.Data.Span, words[(3 * 32)..]);
        Put(words, 4, (byte)transaction.Operation);
        Put(words, 5, transaction.SafeTxGas);
        Put(words, 6, transaction.BaseGas);
        Put(words, 7, transaction.GasPrice);
        Put(words, 8, transaction.GasToken);
        Put(words, 9, transaction.RefundReceiver);
        Put(words, 10, transaction.Nonce);
        return Keccak256.Hash(words);
    }

    public static Bytes32 Message(ReadOnlySpan<byte> message)
    {
        Span<byte> words = stackalloc byte[64];
        MessageType.CopyTo(words);
        Keccak256.Hash(message, words[32..]);
        return Keccak256.Hash(words);
    }

    /// <summary>The 66 bytes 0x19 0x01, domain hash, struct hash, of which the hash to sign is taken.</summary>
    public static byte[] PreImage(Bytes32 separator, Bytes32 structHash)
    {
        var bytes = new byte[66];
        bytes[0] = 0x19;
        bytes[1] = 0x01;
        separator.CopyTo(bytes.AsSpan(2));
        structHash.CopyTo(bytes.AsSpan(34));
        return bytes;
    }

    private static void Put(Span<byte> words, int index, BigInteger value) => Bytes32.FromUnsigned(value).CopyTo(words[(index * 32)..]);

    private static void Put(Span<byte> words, int index, Address value) => value.CopyTo(words[((index * 32) + 12)..]);
}
