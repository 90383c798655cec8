using System.Collections.Immutable;

namespace AgiJobs.Ethereum.Transactions;

/// <summary>One account of an EIP-2930 access list and the storage slots of it that are announced.</summary>
/// <param name="Address">The account.</param>
/// <param name="StorageKeys">Its slots; may be empty, and may repeat, as the EIP allows.</param>
public sealed record AccessListEntry(Address Address, ImmutableArray<Bytes32> StorageKeys)
{
    /// <summary>Same account and same slots in the same order.</summary>
    public bool Equals(AccessListEntry? other) =>
        other is not null && Address == other.Address && StorageKeys.AsSpan().SequenceEqual(other.StorageKeys.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Address, StorageKeys.IsDefault ? 0 : StorageKeys.Length);
}
