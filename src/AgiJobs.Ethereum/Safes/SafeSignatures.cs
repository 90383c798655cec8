using System.Buffers.Binary;
using System.Numerics;
using AgiJobs.Ethereum.Keys;

namespace AgiJobs.Ethereum.Safes;

/// <summary>
/// The <c>signatures</c> argument of a Safe: 65 bytes for each owner in ascending order of the OWNER'S ADDRESS, then the data of contract
/// signatures, each as a 32-byte length and the bytes, unpadded.
/// Source: Safe.sol, <c>checkNSignatures</c>; SignatureDecoder.sol.
/// </summary>
public static class SafeSignatures
{
    /// <summary>More signatures than this in one blob are refused: no Safe has as many owners, and the work must stay bounded.</summary>
    public const int MaxCount = 1_000;

    /// <summary>Encodes signatures of <paramref name="hash"/> in the order a Safe demands, whatever the order given.</summary>
    /// <exception cref="EthereumException">
    /// <c>safe-signatures-empty</c>; <c>safe-signatures-count</c>; <c>safe-duplicate-owner</c> (refused) for two by one owner;
    /// <c>safe-signature-invalid</c> for one that no key made.
    /// </exception>
    public static byte[] Encode(Bytes32 hash, IEnumerable<SafeSignature> signatures)
    {
        ArgumentNullException.ThrowIfNull(signatures);
        var byOwner = new List<(Address Owner, SafeSignature Signature)>();
        foreach (var signature in signatures)
        {
            byOwner.Add((signature.OwnerFor(hash), signature));
        }

        RequireCount(byOwner.Count);
        byOwner.Sort(static (left, right) => left.Owner.CompareTo(right.Owner));
        for (var i = 1; i < byOwner.Count; i++)
        {
            if (byOwner[i].Owner == byOwner[i - 1].Owner)
            {
                throw Duplicate(byOwner[i].Owner);
            }
        }

        var length = byOwner.Count * SafeSignature.Size;
        foreach (var (_, signature) in byOwner)
        {
            length = checked(length + (signature is SafeSignature.ContractSignature contract ? 32 + contract.Data.Length : 0));
        }

        var blob = new byte[length];
        var dynamic = byOwner.Count * SafeSignature.Size;
        for (var i = 0; i < byOwner.Count; i++)
        {
            byOwner[i].Signature.WriteStatic(blob.AsSpan(i * SafeSignature.Size), dynamic);
            if (byOwner[i].Signature is SafeSignature.ContractSignature contract)
            {
                BinaryPrimitives.WriteInt32BigEndian(blob.AsSpan(dynamic + 28), contract.Data.Length);
                contract.Data.Span.CopyTo(blob.AsSpan(dynamic + 32));
                dynamic += 32 + contract.Data.Length;
            }
        }

        return blob;
    }

    /// <summary>
    /// Reads a blob in its own order. Strict: every byte must belong to exactly one signature, the data of contract signatures must follow
    /// the static parts without gap or overlap, and each form must be in its one encoding.
    /// </summary>
    /// <exception cref="EthereumException"><c>safe-signatures-format</c>, <c>safe-signatures-empty</c>, <c>safe-signatures-count</c>.</exception>
    public static IReadOnlyList<SafeSignature> Decode(ReadOnlySpan<byte> blob)
    {
        var end = StaticEnd(blob);
        var count = end / SafeSignature.Size;
        var signatures = new SafeSignature[count];
        var pieces = new List<(int Start, int End)>();
        for (var i = 0; i < count; i++)
        {
            var part = blob.Slice(i * SafeSignature.Size, SafeSignature.Size);
            signatures[i] = part[64] switch
            {
                0 => DecodeContract(blob, part, i, end, pieces),
                1 => DecodeApproval(part, i),
                27 or 28 => SafeSignature.OfHash(Read(part, i, 0)),
                31 or 32 => SafeSignature.OfPersonalMessage(Read(part, i, 4)),
                var v => throw Malformed($"signature {i + 1} has v {v}; a Safe knows 0 (contract), 1 (approved), 27 and 28 (typed data), 31 and 32 (personal message)"),
            };
        }

        pieces.Sort();
        var position = end;
        foreach (var (start, stop) in pieces)
        {
            if (start != position)
            {
                throw Malformed($"the data of contract signatures overlap or leave a gap at byte {Math.Min(position, start)}");
            }

            position = stop;
        }

        return position == blob.Length
            ? signatures
            : throw Malformed($"{blob.Length - position} bytes after byte {position} belong to no signature");
    }

    /// <summary>
    /// Checks signatures one by one as the Safe would, in any order: each by an owner, no owner twice. Returns who consented. It does not ask
    /// for the threshold: see <see cref="Verify"/>.
    /// </summary>
    /// <exception cref="EthereumException">
    /// All refused: <c>safe-not-owner</c> when the signer is no owner (a signature of another hash recovers to a stranger);
    /// <c>safe-signature-other-hash</c> when it can be told what an owner signed instead; <c>safe-duplicate-owner</c>; <c>safe-not-approved</c> for an
    /// approval without evidence; <c>safe-contract-signature</c> for a contract signature without evidence. Bad input: <c>safe-signature-invalid</c>.
    /// </exception>
    public static IReadOnlyList<Address> VerifyEach(
        SafeHash hash, SafeQuorum quorum, IEnumerable<SafeSignature> signatures, SafeSignatureEvidence? evidence = null)
    {
        ArgumentNullException.ThrowIfNull(hash);
        ArgumentNullException.ThrowIfNull(quorum);
        ArgumentNullException.ThrowIfNull(signatures);
        var seen = new HashSet<Address>();
        var order = new List<Address>();
        foreach (var signature in signatures)
        {
            var owner = VerifyOne(hash, quorum, signature, evidence ?? SafeSignatureEvidence.None);
            if (!seen.Add(owner))
            {
                throw Duplicate(owner);
            }

            order.Add(owner);
        }

        return order;
    }

    /// <summary>Checks as <see cref="VerifyEach"/> and that the threshold is met; returns the owners who consented, ascending.</summary>
    /// <exception cref="EthereumException">As <see cref="VerifyEach"/>, and <c>safe-too-few-signatures</c> (refused).</exception>
    public static IReadOnlyList<Address> Verify(
        SafeHash hash, SafeQuorum quorum, IEnumerable<SafeSignature> signatures, SafeSignatureEvidence? evidence = null)
    {
        var owners = VerifyEach(hash, quorum, signatures, evidence).Order().ToArray();
        if (owners.Length < quorum.Threshold)
        {
            var missing = quorum.Owners.Except(owners).Order();
            throw new EthereumException(
                "safe-too-few-signatures",
                Fault.Refused,
                $"{quorum.Threshold} of {quorum.Owners.Count} owners must sign {hash.Subject}; {owners.Length} did. "
                + $"Still to sign: {quorum.Threshold - owners.Length} of {string.Join(", ", missing)}.");
        }

        return owners;
    }

    /// <summary>
    /// Checks an encoded blob as <c>checkNSignatures</c> does: as <see cref="Verify"/>, and in ascending order of owners. A Safe reads only the
    /// first <c>threshold</c> signatures; here all must be good.
    /// </summary>
    /// <exception cref="EthereumException">As <see cref="Decode"/> and <see cref="Verify"/>, and <c>safe-signature-order</c> (refused).</exception>
    public static IReadOnlyList<Address> VerifyEncoded(
        SafeHash hash, SafeQuorum quorum, ReadOnlySpan<byte> blob, SafeSignatureEvidence? evidence = null)
    {
        ArgumentNullException.ThrowIfNull(hash);
        var signatures = Decode(blob);
        var owners = VerifyEach(hash, quorum, signatures, evidence);
        for (var i = 1; i < owners.Count; i++)
        {
            if (owners[i] <= owners[i - 1])
            {
                throw new EthereumException(
                    "safe-signature-order",
                    Fault.Refused,
                    $"Signature {i + 1} is by {owners[i]} and follows one by {owners[i - 1]}: a Safe wants them ascending by owner address and would revert with GS026. Encode them again.");
            }
        }

        return Verify(hash, quorum, signatures, evidence);
    }

    private static Address VerifyOne(SafeHash hash, SafeQuorum quorum, SafeSignature signature, SafeSignatureEvidence evidence)
    {
        ArgumentNullException.ThrowIfNull(signature);
        var owner = signature.OwnerFor(hash.Value);
        if (!quorum.Contains(owner))
        {
            if (signature is SafeSignature.HashSignature or SafeSignature.PersonalSignature)
            {
                throw SignedSomethingElse(hash, quorum, signature, owner);
            }

            throw new EthereumException(
                "safe-not-owner",
                Fault.Refused,
                $"{owner} is not an owner of {hash.Domain}, so its consent does not count. Owners: {string.Join(", ", quorum.Owners)}.");
        }

        if (signature is SafeSignature.ApprovedHash && evidence.Executor != owner && !evidence.ApprovedOnChain.Contains(owner))
        {
            throw new EthereumException(
                "safe-not-approved",
                Fault.Refused,
                $"{owner} has not approved {hash.Value} on chain and is not the one who sends it, so the Safe would revert with GS025. Let it call approveHash first.");
        }

        if (signature is SafeSignature.ContractSignature && !evidence.AcceptedByContract.Contains(owner))
        {
            throw new EthereumException(
                "safe-contract-signature",
                Fault.Refused,
                $"It is not known that the contract {owner} accepts this signature of {hash.Value}; ask it on chain (isValidSignature) before relying on it.");
        }

        return owner;
    }

    private static EthereumException SignedSomethingElse(SafeHash hash, SafeQuorum quorum, SafeSignature signature, Address recovered)
    {
        foreach (var (what, other) in Alternatives(hash, signature))
        {
            if (other() is { } owner && quorum.Contains(owner))
            {
                return new EthereumException(
                    "safe-signature-other-hash",
                    Fault.Refused,
                    $"The signature is not over {hash.Value} ({hash.Subject}), over which it recovers to the stranger {recovered}: owner {owner} signed {what}. "
                    + "Ask for a signature of this hash.");
            }
        }

        return new EthereumException(
            "safe-not-owner",
            Fault.Refused,
            $"Over the expected hash {hash.Value} ({hash.Subject}) the signature recovers to {recovered}, which is not an owner. "
            + $"Either that account signed and is not an owner, or an owner signed something else. Owners: {string.Join(", ", quorum.Owners)}.");
    }

    // What people sign by mistake, so that the refusal can say what to change.
    private static IEnumerable<(string What, Func<Address?> Owner)> Alternatives(SafeHash hash, SafeSignature signature)
    {
        var (raw, other) = signature switch
        {
            SafeSignature.HashSignature direct => (direct.Signature, SafeSignature.OfPersonalMessage(direct.Signature)),
            SafeSignature.PersonalSignature personal => (personal.Signature, SafeSignature.OfHash(personal.Signature)),
            _ => throw new InvalidOperationException("Only a signature by a key can be of another hash."),
        };

        yield return (
            signature is SafeSignature.HashSignature
                ? "it as a personal message (eth_sign), whose v must be 31 or 32"
                : "it as typed data, whose v must be 27 or 28",
            () => Owner(other, hash.Value));

        if (hash is SafeTransactionHash transaction)
        {
            for (var distance = 1; distance <= 10; distance++)
            {
                foreach (var nonce in new[] { transaction.Transaction.Nonce - distance, transaction.Transaction.Nonce + distance })
                {
                    if (nonce.Sign >= 0 && nonce.GetByteCount(isUnsigned: true) <= 32)
                    {
                        yield return (
                            $"the same transaction with nonce {nonce}",
                            () => Owner(signature, SafeTransactionHash.Compute(hash.Domain, transaction.Transaction with { Nonce = nonce }).Value));
                    }
                }
            }

            var version = hash.Domain.Version.HasChainIdInDomain ? new SafeVersion(1, 2, 0) : SafeVersion.V130;
            yield return (
                $"it for a Safe of version {version}, whose domain {(version.HasChainIdInDomain ? "holds the chain id" : "has no chain id")}",
                () => Owner(signature, SafeTransactionHash.Compute(new SafeDomain(version, hash.Domain.Chain, hash.Domain.Safe), transaction.Transaction).Value));
        }

        yield return ("the message hash without the domain", () => Owner(SafeSignature.OfHash(raw), hash.MessageHash));

        static Address? Owner(SafeSignature candidate, Bytes32 of) => candidate.TryOwner(of, out var owner) ? owner : null;
    }

    // The static parts end where the data of the first contract signature begins, or with the blob.
    private static int StaticEnd(ReadOnlySpan<byte> blob)
    {
        var end = blob.Length;
        for (var start = 0; start < end; start += SafeSignature.Size)
        {
            if (start + SafeSignature.Size > end)
            {
                throw Malformed($"it has {end} static bytes, which is not a multiple of {SafeSignature.Size}");
            }

            if (blob[start + 64] == 0)
            {
                var offset = new BigInteger(blob.Slice(start + 32, 32), isUnsigned: true, isBigEndian: true);
                if (offset < start + SafeSignature.Size || offset + 32 > blob.Length)
                {
                    throw Malformed($"signature {(start / SafeSignature.Size) + 1} (contract) says its data are at byte {Hex.Shorten(offset.ToString())}, outside the {blob.Length} bytes or among the static parts");
                }

                end = Math.Min(end, (int)offset);
            }

            if (start / SafeSignature.Size >= MaxCount)
            {
                RequireCount(int.MaxValue);
            }
        }

        RequireCount(end / SafeSignature.Size);
        return end;
    }

    private static SafeSignature DecodeContract(ReadOnlySpan<byte> blob, ReadOnlySpan<byte> part, int index, int staticEnd, List<(int Start, int End)> pieces)
    {
        var owner = OwnerWord(part, index);
        var offset = (int)new BigInteger(part.Slice(32, 32), isUnsigned: true, isBigEndian: true);
        var length = new BigInteger(blob.Slice(offset, 32), isUnsigned: true, isBigEndian: true);
        if (offset < staticEnd || length > blob.Length - offset - 32)
        {
            throw Malformed($"the data of signature {index + 1} (contract {owner}) reach beyond the {blob.Length} bytes");
        }

        pieces.Add((offset, offset + 32 + (int)length));
        return SafeSignature.OfContract(owner, blob.Slice(offset + 32, (int)length).ToArray());
    }

    private static SafeSignature DecodeApproval(ReadOnlySpan<byte> part, int index) =>
        part.Slice(32, 32).ContainsAnyExcept((byte)0)
            ? throw Malformed($"signature {index + 1} (approval) must have an s of zero")
            : SafeSignature.Approved(OwnerWord(part, index));

    private static Address OwnerWord(ReadOnlySpan<byte> part, int index)
    {
        if (part[..12].ContainsAnyExcept((byte)0))
        {
            throw Malformed($"signature {index + 1} must name its owner in 20 bytes after 12 zero bytes");
        }

        var owner = new Address(part.Slice(12, 20));
        return owner.IsZero ? throw Malformed($"signature {index + 1} names the zero address as its owner") : owner;
    }

    private static Signature Read(ReadOnlySpan<byte> part, int index, byte vOffset)
    {
        Span<byte> plain = stackalloc byte[SafeSignature.Size];
        part.CopyTo(plain);
        plain[64] -= vOffset;
        try
        {
            return Signature.FromBytes(plain);
        }
        catch (EthereumException refusal)
        {
            throw Malformed($"signature {index + 1}: {refusal.Message}");
        }
    }

    private static void RequireCount(int count)
    {
        if (count == 0)
        {
            throw EthereumException.BadInput("safe-signatures-empty", "There is no signature; a Safe needs at least one.");
        }

        if (count > MaxCount)
        {
            throw EthereumException.BadInput("safe-signatures-count", $"There are more than {MaxCount} signatures, more than any Safe has owners.");
        }
    }

    private static EthereumException Duplicate(Address owner) => new(
        "safe-duplicate-owner", Fault.Refused, $"{owner} signed more than once; an owner counts once. Leave out all but one of its signatures.");

    private static EthereumException Malformed(string what) => EthereumException.BadInput("safe-signatures-format", $"The signatures are malformed: {what}.");
}
