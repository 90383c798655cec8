using System.Globalization;
using AgiJobs.Control.Description;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Watching;

namespace AgiJobs.Response.Detectors;

/// <summary>
/// The detectors that come from executed changes by themselves: from the moment at which a change's first transaction is signed until so many blocks after its execution was recorded, it must log what it announced and nothing
/// else on its contracts, and nobody else may set or grant anything there; at the end its views must return what it promised. Nobody puts them in force or takes them away, and they are no part of the rules' digest.
/// </summary>
public static class ExecutedChangeRules
{
    /// <summary>The rule of their findings.</summary>
    public const string RuleName = "change-effects";

    /// <summary>The name of the set that a monitor follows for them.</summary>
    public const string TrackName = "changes";

    /// <summary>Within how many blocks of its last transaction, that one's included, everything must have appeared.</summary>
    public const ulong Within = 20;

    /// <summary>What a monitor follows: the rules in force, and what comes from executed changes. Nothing where no rules are in force.</summary>
    /// <param name="sets">The rules in force.</param>
    /// <param name="workspace">The workspace.</param>
    /// <param name="network">The network.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="AgiJobs.Control.ControlException">Those of <see cref="WatchTrack.Of"/>, of the network's files and of the description.</exception>
    public static IReadOnlyList<WatchTrack> Tracks(IReadOnlyList<IDetectorSet> sets, Workspace workspace, string network, TimeProvider time)
    {
        var tracks = WatchTrack.Of(sets);
        if (tracks.Count == 0)
        {
            return tracks;
        }

        var ground = RuleGround.Of(workspace, network, time);
        return [.. tracks, new WatchTrack(TrackName, Of(ground, new ExecutedChanges(workspace, network, ground.ChainId, time).Read, Within))];
    }

    /// <summary>The set.</summary>
    /// <param name="ground">The network.</param>
    /// <param name="changes">The changes as they stand now; asked before what is needed of blocks is read.</param>
    /// <param name="within">Within how many blocks of the last transaction, that one's included, everything must have appeared.</param>
    public static IDetectorSet Of(RuleGround ground, Func<IReadOnlyList<ExecutedChange>> changes, ulong within)
    {
        ArgumentNullException.ThrowIfNull(ground);
        ArgumentNullException.ThrowIfNull(changes);
        ArgumentOutOfRangeException.ThrowIfZero(within);
        var digest = Keccak256.Hash(FindingIdentity.Of(RuleName, ground.Network, within.ToString(CultureInfo.InvariantCulture)));
        return new ExecutedChangeSet(Frame(Severity.Sev1), Frame(Severity.Sev2), changes, within);

        RuleFrame Frame(Severity severity)
        {
            var rule = new MonitoringRule { Name = RuleName, Severity = severity.Name(), Title = "{what}", Group = RuleName };
            return new RuleFrame(rule, severity, new RuleTitle(rule.Title), new Dictionary<string, Unit>(StringComparer.Ordinal), ground) { RuleSet = digest };
        }
    }
}
