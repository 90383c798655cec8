namespace AgiJobs.Control.Backups;

/// <summary>How closely a backup is looked at.</summary>
public enum BackupCheck
{
    /// <summary>Its manifest is canonical and that of its name, and its files have their sizes.</summary>
    Manifest,

    /// <summary>Besides, archive and state have their SHA-256: every byte is as it was written.</summary>
    Bytes,

    /// <summary>Besides, every file in the archive is read and held against the manifest.</summary>
    Whole,
}

/// <summary>A backup as it was found.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Folder">Where it lies.</param>
/// <param name="Manifest">What it holds; null when it does not verify.</param>
/// <param name="Problem">Why it does not verify; null when it does.</param>
public sealed record BackupEntry(string Id, string Folder, BackupManifest? Manifest, string? Problem);
