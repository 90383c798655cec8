using AgiJobs.Control;
using AgiJobs.Control.Configuration;

namespace AgiJobs.Steering.Configuration;

/// <summary>The settings of engine, thermostat and sentinel are such that their laws take them, and do not contradict each other, under the profile and for each network. The environment is not looked at.</summary>
public sealed class SteeringRule : ILintRule
{
    private static readonly Dictionary<string, string> Nothing = [];

    /// <inheritdoc/>
    public IEnumerable<LintFinding> Check(LintGround ground)
    {
        ArgumentNullException.ThrowIfNull(ground);
        var files = ground.Files.Where(file => file.Kind is { Schema: { } schema, IsProposal: false } && ConfigurationKind.InProfiles.Contains(schema, StringComparer.Ordinal)).ToList();
        if (files.Count == 0 || files.Exists(file => file.Problems.Count > 0))
        {
            return [];
        }

        var profiles = files.Select(file => file.Path.Split('/')).Where(parts => parts.Length == 3).Select(parts => parts[1]).Append("off").Append("").Distinct(StringComparer.Ordinal);
        return [.. from profile in profiles from network in ground.Networks.Append(null) from finding in Check(ground, files[0].Path, profile, network) select finding];
    }

    private static IEnumerable<LintFinding> Check(LintGround ground, string path, string profile, string? network)
    {
        SteeringConfiguration read;
        try
        {
            read = SteeringConfiguration.Load(ground.Workspace, network, profile.Length == 0 ? Nothing : new Dictionary<string, string>(StringComparer.Ordinal) { [SteeringKeys.ProfileVariable] = profile });
        }
        catch (ControlException problem)
        {
            return [ground.Finding(path, problem)];
        }

        // Without its profile a workspace may leave out what only the profile says.
        return profile is "off" ? [] : read.Contradictions().Select(found => ground.Finding(false, Place(found.About, path).Path, null, found.Code, found.Message, found.Mend) with { Line = Place(found.About, path).Line });
    }

    private static (string Path, int? Line) Place(Setting about, string otherwise) => about.Where?.Split(':') switch
    {
        [var path, var line] when int.TryParse(line, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number) => (path, number),
        _ => (otherwise, null),
    };
}
