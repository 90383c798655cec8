using AgiJobs.Control.Description;

namespace AgiJobs.Control.Drift;

/// <summary>Names as reports and JSON have them.</summary>
public static class DriftNames
{
    /// <summary>The kind in lower case.</summary>
    public static string Name(this DriftKind kind) => kind.ToString().ToLowerInvariant();

    /// <summary>The status in kebab case.</summary>
    public static string Name(this DriftStatus status) => status == DriftStatus.NotManaged ? "not-managed" : status.ToString().ToLowerInvariant();

    /// <summary>The risk in lower case.</summary>
    public static string Name(this Risk risk) => risk.ToString().ToLowerInvariant();
}
