using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Keys;

namespace AgiJobs.Ethereum.Safes;

/// <summary>
/// One owner's consent, in one of the four forms that a Safe reads: a signature of the hash, a signature of the hash as a personal message,
/// an approval on chain (or by sending), or the signature of a contract. Each form has one encoding.
/// Source: Safe.sol, <c>checkNSignatures</c>.
/// </summary>
public abstract record SafeSignature
{
    /// <summary>Length of the static part of each signature.</summary>
    public const int Size = 65;

    private protected SafeSignature()
    {
    }

    /// <summary>A signature of the hash itself: what <c>eth_signTypedData_v4</c> gives (v 27 or 28).</summary>
    public static SafeSignature OfHash(Signature signature) => new HashSignature(signature);

    /// <summary>A signature of the 32 bytes of the hash as a personal message: what <c>eth_sign</c> and <c>personal_sign</c> give (v 31 or 32).</summary>
    public static SafeSignature OfPersonalMessage(Signature signature) => new PersonalSignature(signature);

    /// <summary>The owner approved the hash on chain (<c>approveHash</c>), or is the one who sends the transaction (v 1).</summary>
    public static SafeSignature Approved(Address owner) => new ApprovedHash(owner);

    /// <summary>The owner is a contract and accepts <paramref name="data"/> as its signature (EIP-1271, v 0).</summary>
    public static SafeSignature OfContract(Address owner, ReadOnlyMemory<byte> data) => new ContractSignature(owner, data);

    /// <summary>
    /// Reads the 65 bytes that a wallet gave for typed data or a personal message, and tells which by recovering: the form under which the
    /// signer is <paramref name="signer"/>.
    /// </summary>
    /// <exception cref="EthereumException">
    /// <c>signature-length</c>, <c>signature-v</c>, <c>signature-range</c>; <c>safe-signature-other-hash</c> (refused) when the signer signed neither.
    /// </exception>
    public static SafeSignature FromWallet(ReadOnlySpan<byte> bytes, Bytes32 hash, Address signer)
    {
        var signature = Signature.FromBytes(bytes);
        SafeSignature direct = new HashSignature(signature);
        if (direct.TryOwner(hash, out var first) && first == signer)
        {
            return direct;
        }

        SafeSignature personal = new PersonalSignature(signature);
        if (personal.TryOwner(hash, out var second) && second == signer)
        {
            return personal;
        }

        throw new EthereumException(
            "safe-signature-other-hash",
            Fault.Refused,
            $"The signature is not {signer}'s over {hash}: it recovers to {first} (as typed data) and {second} (as a personal message). The wallet signed something else, or with another account.");
    }

    /// <summary>The owner in whose name this counts for <paramref name="hash"/>; false when no key can have made the signature.</summary>
    public abstract bool TryOwner(Bytes32 hash, out Address owner);

    /// <summary>The owner in whose name this counts for <paramref name="hash"/>. Whether that is an owner of the Safe is not checked here.</summary>
    /// <exception cref="EthereumException"><c>safe-signature-invalid</c> when no key can have made the signature.</exception>
    public Address OwnerFor(Bytes32 hash) =>
        TryOwner(hash, out var owner)
            ? owner
            : throw EthereumException.BadInput("safe-signature-invalid", $"The signature {this} was made by no key over {hash}: part of it was lost or altered. Ask for it again.");

    /// <summary>The v byte.</summary>
    public abstract byte V { get; }

    /// <summary>Writes the 65 static bytes; <paramref name="offset"/> is where a contract signature's data will stand.</summary>
    internal abstract void WriteStatic(Span<byte> destination, int offset);

    private protected static bool TryRecover(Bytes32 hash, Signature signature, out Address owner)
    {
        try
        {
            // The Safe does not demand low s (ecrecover takes both), and its own ordering rule makes malleability harmless.
            owner = Secp256k1.Recover(hash, signature, allowHighS: true);
            return !owner.IsZero;
        }
        catch (EthereumException refusal) when (refusal.Fault == Fault.BadInput)
        {
            owner = default;
            return false;
        }
    }

    private protected static void Write(Span<byte> destination, Signature signature, int vOffset)
    {
        signature.ToBytes().CopyTo(destination);
        destination[64] = checked((byte)(destination[64] + vOffset));
    }

    private protected static void Write(Span<byte> destination, Address owner, int offset, byte v)
    {
        destination[..Size].Clear();
        owner.CopyTo(destination[12..]);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(destination[60..], offset);
        destination[64] = v;
    }

    /// <summary>A signature of the hash (v 27 or 28).</summary>
    public sealed record HashSignature(Signature Signature) : SafeSignature
    {
        /// <inheritdoc/>
        public override byte V => Signature.V;

        /// <inheritdoc/>
        public override bool TryOwner(Bytes32 hash, out Address owner) => TryRecover(hash, Signature, out owner);

        /// <inheritdoc/>
        public override string ToString() => $"{Hex.Encode(Signature.ToBytes())} (typed data)";

        internal override void WriteStatic(Span<byte> destination, int offset) => Write(destination, Signature, 0);
    }

    /// <summary>A signature of the hash as a personal message (v 31 or 32).</summary>
    public sealed record PersonalSignature(Signature Signature) : SafeSignature
    {
        /// <inheritdoc/>
        public override byte V => (byte)(Signature.V + 4);

        /// <inheritdoc/>
        public override bool TryOwner(Bytes32 hash, out Address owner) => TryRecover(PersonalHash(hash), Signature, out owner);

        /// <inheritdoc/>
        public override string ToString() => $"{Hex.Encode(Signature.ToBytes())} (personal message)";

        internal override void WriteStatic(Span<byte> destination, int offset) => Write(destination, Signature, 4);

        private static Bytes32 PersonalHash(Bytes32 hash)
        {
            Span<byte> message = stackalloc byte[60];
            "\u0019Ethereum Signed Message:\n32"u8.CopyTo(message);
            hash.CopyTo(message[28..]);
            return Keccak256.Hash(message);
        }
    }

    /// <summary>An approval on chain, or by sending the transaction (v 1).</summary>
    public sealed record ApprovedHash(Address Owner) : SafeSignature
    {
        /// <inheritdoc/>
        public override byte V => 1;

        /// <inheritdoc/>
        public override bool TryOwner(Bytes32 hash, out Address owner)
        {
            owner = Owner;
            return true;
        }

        /// <inheritdoc/>
        public override string ToString() => $"approval by {Owner}";

        internal override void WriteStatic(Span<byte> destination, int offset) => Write(destination, Owner, 0, 1);
    }

    /// <summary>The signature of a contract that is an owner (v 0).</summary>
    public sealed record ContractSignature : SafeSignature
    {
        internal ContractSignature(Address owner, ReadOnlyMemory<byte> data)
        {
            Owner = owner;
            Data = data.ToArray();
        }

        /// <summary>The contract.</summary>
        public Address Owner { get; }

        /// <summary>What the contract is shown as signature; for a Safe the encoded signatures of its own owners.</summary>
        public ReadOnlyMemory<byte> Data { get; }

        /// <inheritdoc/>
        public override byte V => 0;

        /// <inheritdoc/>
        public override bool TryOwner(Bytes32 hash, out Address owner)
        {
            owner = Owner;
            return true;
        }

        /// <inheritdoc/>
        public bool Equals(ContractSignature? other) => other is not null && Owner == other.Owner && Data.Span.SequenceEqual(other.Data.Span);

        /// <inheritdoc/>
        public override int GetHashCode() => HashCode.Combine(Owner, Data.Length);

        /// <inheritdoc/>
        public override string ToString() => $"signature of {Data.Length} bytes by the contract {Owner}";

        internal override void WriteStatic(Span<byte> destination, int offset) => Write(destination, Owner, offset, 0);
    }
}
