using System.Globalization;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Detectors;

/// <summary>The detectors that come from an executed change: what it announced must appear, what it did not must not, and afterwards its views must return what it promised. They end by themselves.</summary>
public static class ExecutedChangeRules
{
    /// <summary>The rule of their findings.</summary>
    public const string RuleName = "change-effects";

    /// <summary>The set of one change. It is examined from the block on in which its first transaction may be.</summary>
    /// <param name="ground">The network.</param>
    /// <param name="change">The change.</param>
    /// <param name="id">Its name, as <see cref="RuleGround.ChangeOf"/> gives it.</param>
    /// <param name="from">The first block.</param>
    /// <param name="within">Within how many blocks, that one included, everything must have appeared.</param>
    public static IDetectorSet Of(RuleGround ground, ChangeDocument change, string id, ulong from, ulong within)
    {
        ArgumentNullException.ThrowIfNull(ground);
        ArgumentNullException.ThrowIfNull(change);
        ArgumentOutOfRangeException.ThrowIfZero(within);
        var rule = new MonitoringRule { Name = RuleName, Severity = Severity.Sev1.Name(), Title = "{what}", Group = RuleName };
        var digest = FindingIdentity.Of(RuleName, ground.Network, change.Digest().ToString(), from.ToString(CultureInfo.InvariantCulture), within.ToString(CultureInfo.InvariantCulture));
        var frame = new RuleFrame(rule, Severity.Sev1, new RuleTitle(rule.Title), new Dictionary<string, Unit>(StringComparer.Ordinal), ground) { RuleSet = Keccak256.Hash(digest) };
        return new DetectorSet(0, frame.RuleSet, [new ChangeDetector($"{RuleName}/{id}", frame, change, id, from, within)]);
    }

    /// <summary>True when everything was said and the set can be taken away.</summary>
    /// <param name="memory">A memory of the set.</param>
    public static bool HasEnded(IDetectorMemory memory) => memory is DetectorMemory known && known.States.Values.Any(state => state[ChangeDetector.Ended] is not null);
}
