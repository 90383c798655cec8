using System.Globalization;
using System.Text;
using AgiJobs.Hgm.Laws;
using AgiJobs.Hgm.Runs;

namespace AgiJobs.Steering.Configuration;

/// <summary>What a setting's text is.</summary>
public enum SteeringValue
{
    /// <summary>A decimal number.</summary>
    Number = 1,

    /// <summary>A whole number.</summary>
    Count,

    /// <summary><c>true</c> or <c>false</c>.</summary>
    Truth,

    /// <summary>A word.</summary>
    Word,
}

/// <summary>A setting of the engine, the thermostat or the sentinel.</summary>
/// <param name="Key">Its name, the file first: <c>sentinel.failureStreak.threshold</c>.</param>
/// <param name="Kind">What its text is.</param>
/// <param name="Default">The program's own value.</param>
public sealed record SteeringKey(string Key, SteeringValue Kind, string Default)
{
    /// <summary>The file that it stands in, without <c>.json</c>.</summary>
    public string File => Key[..Key.IndexOf('.', StringComparison.Ordinal)];

    /// <summary>The variable of the environment that sets it: <c>SENTINEL_FAILURE_STREAK_THRESHOLD</c>.</summary>
    public string Variable
    {
        get
        {
            var name = new StringBuilder();
            foreach (var character in Key)
            {
                name.Append(char.IsAsciiLetterUpper(character) ? "_" : "").Append(character == '.' ? '_' : char.ToUpperInvariant(character));
            }

            return name.ToString();
        }
    }
}

/// <summary>All settings that have layers.</summary>
public static class SteeringKeys
{
    /// <summary>The variable that names the profile, or turns it off.</summary>
    public const string ProfileVariable = "AGIALPHA_PROFILE";

    private static readonly SentinelSettings Sentinel = new();
    private static readonly ThermostatSettings Thermostat = new();
    private static readonly RunSettings Run = new();

    /// <summary>All of them, by file.</summary>
    public static IReadOnlyList<SteeringKey> All { get; } =
    [
        new("hgm.engine.policy", SteeringValue.Word, Run.Policy),
        Number("hgm.engine.wideningAlpha", Run.Alpha),
        Number("hgm.engine.thompsonPrior", Run.Prior),
        new("hgm.engine.seed", SteeringValue.Count, "0"),
        Count("hgm.engine.evaluations", Run.Evaluations),
        Count("hgm.engine.tasks", Run.Tasks),
        Count("hgm.engine.concurrency", Run.Concurrency),
        Number("hgm.budget.max", 0m),
        Number("hgm.controlTargets.roi", Thermostat.TargetRoi),
        Number("thermostat.controller.targetRoi", Thermostat.TargetRoi),
        Number("thermostat.controller.lowerMargin", Thermostat.LowerMargin),
        Number("thermostat.controller.upperMargin", Thermostat.UpperMargin),
        Count("thermostat.controller.roiWindow", Thermostat.Window),
        Number("thermostat.controller.wideningStep", Thermostat.WideningStep),
        Number("thermostat.controller.minWideningAlpha", Thermostat.MinWideningAlpha),
        Number("thermostat.controller.maxWideningAlpha", Thermostat.MaxWideningAlpha),
        Number("thermostat.controller.thompsonStep", Thermostat.ThompsonStep),
        Number("thermostat.controller.minThompsonPrior", Thermostat.MinThompsonPrior),
        Number("thermostat.controller.maxThompsonPrior", Thermostat.MaxThompsonPrior),
        Count("thermostat.controller.cooldownSteps", Thermostat.Cooldown),
        new("thermostat.controller.resetWindow", SteeringValue.Truth, "false"),
        new("thermostat.controller.allowAlphaAboveOne", SteeringValue.Truth, "false"),
        Number("sentinel.roiFloor", Sentinel.RoiFloor!.Value),
        Count("sentinel.roiGracePeriod", Sentinel.RoiGrace),
        Count("sentinel.minimumEvidence", Sentinel.MinimumEvidence),
        Count("sentinel.rollingWindow", Sentinel.RollingWindow),
        Number("sentinel.budgetCap", 0m),
        Number("sentinel.budgetSoftRatio", Sentinel.SoftRatio),
        Count("sentinel.failureStreak.threshold", Sentinel.FailureStreak!.Value),
        new("sentinel.failureStreak.successReset", SteeringValue.Truth, "true"),
        Number("sentinel.successThreshold", Sentinel.SuccessThreshold),
        Count("sentinel.maxOverrideHours", 24),
    ];

    private static readonly string[] Beginnings = ["SENTINEL_", "THERMOSTAT_", "HGM_ENGINE_", "HGM_BUDGET_", "HGM_CONTROL_TARGETS_"];

    /// <summary>
    /// True for a variable that stands for a setting, or would by its beginning: a mistyped one is then refused and not passed over. Those that Kubernetes sets for services of these names are none.
    /// </summary>
    public static bool IsVariable(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name is ProfileVariable || (Array.Find(Beginnings, beginning => name.StartsWith(beginning, StringComparison.Ordinal)) is { } found
            && !name.AsSpan(found.Length).StartsWith("SERVICE_", StringComparison.Ordinal) && !name.AsSpan(found.Length).StartsWith("PORT", StringComparison.Ordinal));
    }

    private static SteeringKey Number(string key, decimal value) => new(key, SteeringValue.Number, value.ToString(CultureInfo.InvariantCulture));

    private static SteeringKey Count(string key, int value) => new(key, SteeringValue.Count, value.ToString(CultureInfo.InvariantCulture));
}
