using System.Globalization;

namespace AgiJobs.Response.Watching;

/// <summary>Where a monitor keeps what it must not lose.</summary>
/// <param name="Network">The network's name.</param>
/// <param name="Monitor">The monitor's name.</param>
public sealed record MonitorPlaces(string Network, string Monitor)
{
    /// <summary>The collection of the monitors' standings, which are documents by the monitor's name.</summary>
    public string Monitors => $"response/{Network}/monitors";

    /// <summary>The lease of who may write.</summary>
    public string Lease => $"{Monitors}/{Monitor}/lease";

    /// <summary>The collection of what the sets remember, by set and block.</summary>
    public string Memories => $"{Monitors}/{Monitor}/memories";

    /// <summary>The collection of what was told, by set and block.</summary>
    public string Told => $"{Monitors}/{Monitor}/told";

    /// <summary>The collection of the signed ranges, by set and first block.</summary>
    public string Coverage => $"{Monitors}/{Monitor}/coverage";

    /// <summary>A key of a set's block, in the order of blocks.</summary>
    public static string Key(string track, ulong block) => string.Create(CultureInfo.InvariantCulture, $"{track}/{block:D20}");

    /// <summary>The block of a key.</summary>
    public static ulong BlockOf(string key) => ulong.Parse(key.AsSpan(key.LastIndexOf('/') + 1), CultureInfo.InvariantCulture);
}
