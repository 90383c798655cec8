namespace AgiJobs.Ethereum.Safes.Batches;

/// <summary>What a Transaction Builder file says about itself. A null text is absent or null in the file.</summary>
public sealed record BatchMeta
{
    /// <summary>The name of the batch. It is not covered by the checksum.</summary>
    public string? Name { get; init; }

    /// <summary>Free text.</summary>
    public string? Description { get; init; }

    /// <summary>The version of the app that wrote it.</summary>
    public string? TxBuilderVersion { get; init; }

    /// <summary>The Safe it was made for; null when absent or empty.</summary>
    public Address? CreatedFromSafe { get; init; }

    /// <summary>The owner who made it; null when absent or empty.</summary>
    public Address? CreatedFromOwner { get; init; }
}
