using AgiJobs.Control;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Storage;

namespace AgiJobs.Response.Detectors;

/// <summary>What a monitor watches by: the rules in force; those of the files as long as none ever were put in force, so that a network is not unwatched meanwhile.</summary>
/// <param name="Applied">The rules in force; null when none ever were.</param>
/// <param name="Disk">The rules of the files; null when they cannot be read.</param>
/// <param name="WhyNoDisk">Why they cannot be read; null otherwise.</param>
/// <param name="Compiled">What is watched; null when there is no rule at all.</param>
public sealed record RulesInForce(AppliedRules? Applied, IReadOnlyList<RuleSource>? Disk, string? WhyNoDisk, CompiledRules? Compiled)
{
    /// <summary>The sets, one for each confirmation depth; none when there is no rule at all.</summary>
    public IReadOnlyList<IDetectorSet> Sets => Compiled?.Sets ?? [];

    /// <summary>True when the rules in force are not those that were applied: the state store was altered. What is compiled then is what the files have, where they are what was applied; and otherwise what there is.</summary>
    public bool IsAltered { get; init; }

    /// <summary>True when it watches by what nobody put in force.</summary>
    public bool IsProvisional => Applied is null && Compiled is not null;

    /// <summary>What tells these rules from others; null for none.</summary>
    public Bytes32? Digest => Compiled?.Digest;

    /// <summary>Loads and compiles them.</summary>
    /// <exception cref="ControlException">What stands in the way of a rule: a monitor that watched by the rest would be silent where it is not at peace.</exception>
    /// <exception cref="StorageException">The rules in force cannot be read.</exception>
    public static async Task<RulesInForce> LoadAsync(IStateStore store, Workspace workspace, string network, TimeProvider time, CancellationToken cancellation)
    {
        var applied = await new AppliedRulesStore(store, network).ReadAsync(cancellation).ConfigureAwait(false);
        IReadOnlyList<RuleSource>? disk = null;
        ControlException? problem = null;
        try
        {
            disk = RulesFolder.Files(workspace, network).Count == 0 ? [] : RulesFolder.Read(workspace, network);
        }
        catch (ControlException unreadable) when (applied is not null)
        {
            problem = unreadable;
        }

        var isAltered = applied is not null && AppliedRules.ContentOf(applied.Rules.Select(rule => rule.Rule)) != applied.Content;
        var isOnDisk = isAltered && disk is not null && AppliedRules.ContentOf(disk.Select(rule => rule.Rule)) == applied!.Content;
        var sources = isOnDisk ? disk! : applied?.Sources ?? disk!;
        return new RulesInForce(applied, disk, problem?.Message, sources.Count == 0 ? null : Compile(RuleGround.Of(workspace, network, time), sources, mayFail: isAltered && !isOnDisk)) { IsAltered = isAltered && !isOnDisk };
    }

    // What somebody altered may be anything: that it was altered has to be told all the same.
    private static CompiledRules? Compile(RuleGround ground, IReadOnlyList<RuleSource> sources, bool mayFail) =>
        new RuleCompiler(ground).Check(sources) is var check && check.Rules is null && mayFail ? null : check.Require();
}
