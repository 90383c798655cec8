using AgiJobs.Control.Description;
using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Detectors;

namespace AgiJobs.Response.Watching;

/// <summary>Compiles the rules of a network: one set for each confirmation depth; none where there are no rules.</summary>
/// <param name="workspace">The workspace that has the rules.</param>
/// <param name="network">The network's name.</param>
/// <param name="protocol">The protocol at the manifest's addresses.</param>
public delegate IReadOnlyList<IDetectorSet> CompileDetectors(Workspace workspace, string network, Protocol protocol);

/// <summary>Where monitors get their detector sets from.</summary>
public static class DetectorSets
{
    /// <summary>The sets of a network.</summary>
    public static CompileDetectors Of { get; } = static (_, _, _) => [];
}
