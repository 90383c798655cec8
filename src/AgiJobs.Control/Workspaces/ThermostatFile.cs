using System.Text.Json.Serialization;

namespace AgiJobs.Control.Workspaces;

/// <summary>
/// The thermostat's law: <c>config/PROFILE/thermostat.json</c> before <c>config/thermostat.NAME.json</c> before <c>config/thermostat.json</c>, key by key. A key that stands nowhere has the runbook's default. The flags of the commands go
/// before all; one that leaves the bounds that stand here is a finding.
/// </summary>
public sealed record ThermostatFile
{
    /// <summary>The JSON Schema that an editor holds the file against; nothing is read from it.</summary>
    [JsonPropertyName("$schema")]
    public string? Schema { get; init; }

    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The law in numbers.</summary>
    public ThermostatControllerFile? Controller { get; init; }

    /// <summary>The profile of a new workspace: the runbook's defaults, and the bound of its command. What is applied stops at 1 all the same.</summary>
    public static ThermostatFile Profile { get; } = new()
    {
        Version = 1,
        Controller = new ThermostatControllerFile
        {
            TargetRoi = 2.0m,
            LowerMargin = 0.10m,
            UpperMargin = 0.15m,
            RoiWindow = 12,
            WideningStep = 0.05m,
            MinWideningAlpha = 0.25m,
            MaxWideningAlpha = 1.8m,
            ThompsonStep = 0.10m,
            MinThompsonPrior = 0.25m,
            MaxThompsonPrior = 3.0m,
            CooldownSteps = 4,
        },
    };
}

/// <summary>The thermostat's law in numbers.</summary>
public sealed record ThermostatControllerFile
{
    /// <summary>The ROI that is aimed at.</summary>
    public decimal? TargetRoi { get; init; }

    /// <summary>How far below it the average may fall, as a share of it.</summary>
    public decimal? LowerMargin { get; init; }

    /// <summary>How far above it the average may rise, as a share of it.</summary>
    public decimal? UpperMargin { get; init; }

    /// <summary>Over how many samples the average is taken.</summary>
    public int? RoiWindow { get; init; }

    /// <summary>By how much α moves at a time.</summary>
    public decimal? WideningStep { get; init; }

    /// <summary>The least α.</summary>
    public decimal? MinWideningAlpha { get; init; }

    /// <summary>The greatest α; what is applied stops at 1 unless <see cref="AllowAlphaAboveOne"/>.</summary>
    public decimal? MaxWideningAlpha { get; init; }

    /// <summary>By how much the prior moves at a time.</summary>
    public decimal? ThompsonStep { get; init; }

    /// <summary>The least prior.</summary>
    public decimal? MinThompsonPrior { get; init; }

    /// <summary>The greatest prior.</summary>
    public decimal? MaxThompsonPrior { get; init; }

    /// <summary>How many samples after an adjustment are let pass.</summary>
    public int? CooldownSteps { get; init; }

    /// <summary>Whether the window is emptied after an adjustment.</summary>
    public bool? ResetWindow { get; init; }

    /// <summary>Whether α may rise above 1.</summary>
    public bool? AllowAlphaAboveOne { get; init; }
}
