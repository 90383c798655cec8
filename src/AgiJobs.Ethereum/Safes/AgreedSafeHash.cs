using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Ethereum.Safes;

/// <summary>Lets a Safe hash out only when the packed way and the typed-data way give the same one.</summary>
internal static class AgreedSafeHash
{
    public static Bytes32 Separator(SafeDomain domain) =>
        Agree("domain hash", domain, PackedSafeHash.Separator(domain), TypedSafeHash.Separator(domain));

    public static (Bytes32 Domain, Bytes32 Struct, Bytes32 Digest) Transaction(SafeDomain domain, SafeTransaction transaction)
    {
        var typed = TypedSafeHash.Document(domain, transaction);
        var separator = Agree("domain hash", domain, PackedSafeHash.Separator(domain), typed.DomainSeparator);
        var message = Agree("message hash", domain, PackedSafeHash.Transaction(domain.Version, transaction), typed.MessageHash);
        var digest = Agree("transaction hash", domain, Keccak256.Hash(PackedSafeHash.PreImage(separator, message)), typed.Digest);
        return (separator, message, digest);
    }

    public static (Bytes32 Domain, Bytes32 Struct, Bytes32 Digest) Message(SafeDomain domain, ReadOnlyMemory<byte> text)
    {
        var typed = TypedSafeHash.Document(domain, text);
        var separator = Agree("domain hash", domain, PackedSafeHash.Separator(domain), typed.DomainSeparator);
        var message = Agree("message hash", domain, PackedSafeHash.Message(text.Span), typed.MessageHash);
        var digest = Agree("Safe message hash", domain, Keccak256.Hash(PackedSafeHash.PreImage(separator, message)), typed.Digest);
        return (separator, message, digest);
    }

    internal static Bytes32 Agree(string what, SafeDomain domain, Bytes32 packed, Bytes32 typed) =>
        packed == typed
            ? packed
            : throw new EthereumException(
                "safe-hash-mismatch",
                Fault.Mismatch,
                $"The {what} for {domain} came out as {packed} by packed words and as {typed} by typed data. Nothing may be signed; this is a defect of this program, report it.");
}
