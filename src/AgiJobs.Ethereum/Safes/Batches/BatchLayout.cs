namespace AgiJobs.Ethereum.Safes.Batches;

/// <summary>How the text of a Transaction Builder file is laid out.</summary>
public enum BatchLayout
{
    /// <summary>On one line, as the app downloads it.</summary>
    Compact,

    /// <summary>With two spaces a level, as people keep it in repositories.</summary>
    Indented,
}
