namespace AgiJobs.Control.Sealing;

/// <summary>Where the seal key comes from: the first of these that is there, else <c>seal.key</c> in the user's configuration folder.</summary>
/// <param name="Key">The key itself as 64 hex digits, from <c>AGIJOBS_SEAL_KEY</c>; never logged.</param>
/// <param name="File">The file that holds it, from <c>AGIJOBS_SEAL_KEY_FILE</c>.</param>
public sealed record SealKeySource(string? Key = null, string? File = null)
{
    /// <summary>Says where from, and nothing of the key.</summary>
    public override string ToString() => Key is { Length: > 0 } ? "AGIJOBS_SEAL_KEY" : File is { Length: > 0 } ? File : "seal.key in the configuration folder";
}
