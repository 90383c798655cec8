using System.Text.Json.Serialization;

namespace AgiJobs.Control.Workspaces;

/// <summary>
/// What runs of the HGM engine begin with, and the treasury's policy for them: <c>config/PROFILE/hgm.json</c> before <c>config/hgm.NAME.json</c> before <c>config/hgm.json</c>, key by key. A key that stands nowhere has the program's value.
/// </summary>
public sealed record HgmFile
{
    /// <summary>The JSON Schema that an editor holds the file against; nothing is read from it.</summary>
    [JsonPropertyName("$schema")]
    public string? Schema { get; init; }

    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>What the engine begins with.</summary>
    public HgmEngineFile? Engine { get; init; }

    /// <summary>What a run may spend.</summary>
    public HgmBudgetFile? Budget { get; init; }

    /// <summary>What is aimed at.</summary>
    public HgmTargetsFile? ControlTargets { get; init; }

    /// <summary>The profile of a new workspace.</summary>
    public static HgmFile Profile { get; } = new()
    {
        Version = 1,
        Engine = new HgmEngineFile { WideningAlpha = 0.6m, ThompsonPrior = 1m, Evaluations = 800, Tasks = 60, Concurrency = 20 },
        Budget = new HgmBudgetFile { Max = 250_000m },
        ControlTargets = new HgmTargetsFile { Roi = 2.0m },
    };
}

/// <summary>What the engine begins with.</summary>
public sealed record HgmEngineFile
{
    /// <summary>Who decides: hgm, hgm-own, hgm-uniform, dgm or sica.</summary>
    public string? Policy { get; init; }

    /// <summary>α at the start, above 0 and at most 1.</summary>
    public decimal? WideningAlpha { get; init; }

    /// <summary>The prior at the start; the paper's is 1.</summary>
    public decimal? ThompsonPrior { get; init; }

    /// <summary>From which all chance of a run comes.</summary>
    public ulong? Seed { get; init; }

    /// <summary>How many evaluations a run may use.</summary>
    public int? Evaluations { get; init; }

    /// <summary>How many tasks a run has.</summary>
    public int? Tasks { get; init; }

    /// <summary>How many operations may be in flight, which is part of the result.</summary>
    public int? Concurrency { get; init; }
}

/// <summary>What a run may spend.</summary>
public sealed record HgmBudgetFile
{
    /// <summary>The run's own cap, which holds without a sentinel too; 0 sets none. With a sentinel both caps are the same.</summary>
    public decimal? Max { get; init; }
}

/// <summary>What is aimed at.</summary>
public sealed record HgmTargetsFile
{
    /// <summary>The return that the thermostat aims at where its own file does not say.</summary>
    public decimal? Roi { get; init; }
}
