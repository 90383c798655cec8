using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Control;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Configuration;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Hgm;
using AgiJobs.Hgm.Laws;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Runs;

namespace AgiJobs.Steering.Configuration;

/// <summary>
/// The settings of the HGM engine, the thermostat and the sentinel that count, each with where it comes from: the program, <c>config/NAME.json</c>, <c>config/NAME.NETWORK.json</c>, the profile's <c>config/PROFILE/NAME.json</c>, the
/// environment, the command line; a later one goes before an earlier one, key by key. The profile is <c>agialpha</c> unless <c>AGIALPHA_PROFILE</c> says otherwise: what the runbook has people review is in force.
/// </summary>
public sealed class SteeringConfiguration
{
    private const string OwnProfile = "agialpha";
    private readonly Dictionary<string, Setting> _settings;

    private SteeringConfiguration(string? profile, Dictionary<string, Setting> settings) => (Profile, _settings) = (profile, settings);

    /// <summary>The profile's name; null when it is turned off.</summary>
    public string? Profile { get; }

    /// <summary>All settings, by key in the files' order.</summary>
    public IReadOnlyList<Setting> Settings => [.. SteeringKeys.All.Select(key => _settings[key.Key])];

    /// <summary>The sentinel's law.</summary>
    public SentinelSettings Sentinel => new SentinelSettings
    {
        RoiFloor = Number("sentinel.roiFloor") is var floor && floor == 0m ? null : floor,
        RoiGrace = Count("sentinel.roiGracePeriod"),
        MinimumEvidence = Count("sentinel.minimumEvidence"),
        RollingWindow = Count("sentinel.rollingWindow"),
        BudgetCap = Money("sentinel.budgetCap"),
        SoftRatio = Number("sentinel.budgetSoftRatio"),
        FailureStreak = Count("sentinel.failureStreak.threshold") is var streak && streak == 0 ? null : streak,
        SuccessReset = Truth("sentinel.failureStreak.successReset"),
        SuccessThreshold = Number("sentinel.successThreshold"),
    }.Checked();

    /// <summary>For how long people may override a rule at most.</summary>
    public TimeSpan LongestOverride => TimeSpan.FromHours(Count("sentinel.maxOverrideHours"));

    /// <summary>The thermostat's law.</summary>
    public ThermostatSettings Thermostat => new ThermostatSettings
    {
        TargetRoi = Number("thermostat.controller.targetRoi"),
        LowerMargin = Number("thermostat.controller.lowerMargin"),
        UpperMargin = Number("thermostat.controller.upperMargin"),
        Window = Count("thermostat.controller.roiWindow"),
        WideningStep = Number("thermostat.controller.wideningStep"),
        MinWideningAlpha = Number("thermostat.controller.minWideningAlpha"),
        MaxWideningAlpha = Number("thermostat.controller.maxWideningAlpha"),
        ThompsonStep = Number("thermostat.controller.thompsonStep"),
        MinThompsonPrior = Number("thermostat.controller.minThompsonPrior"),
        MaxThompsonPrior = Number("thermostat.controller.maxThompsonPrior"),
        Cooldown = Count("thermostat.controller.cooldownSteps"),
        ResetWindow = Truth("thermostat.controller.resetWindow"),
        AllowAlphaAboveOne = Truth("thermostat.controller.allowAlphaAboveOne"),
    }.Checked();

    /// <summary>What a run begins with; what is no setting here is as in <paramref name="own"/>.</summary>
    public RunSettings Begin(RunSettings own)
    {
        ArgumentNullException.ThrowIfNull(own);
        return own with
        {
            Policy = this["hgm.engine.policy"].Value,
            Alpha = Number("hgm.engine.wideningAlpha"),
            Prior = Number("hgm.engine.thompsonPrior"),
            Seed = ulong.Parse(this["hgm.engine.seed"].Value, NumberStyles.None, CultureInfo.InvariantCulture),
            Evaluations = Count("hgm.engine.evaluations"),
            Tasks = Count("hgm.engine.tasks"),
            Concurrency = Count("hgm.engine.concurrency"),
            CostCap = Money("hgm.budget.max"),
        };
    }

    /// <summary>The event that puts these settings in force in a run; its reason says which they are and where they come from.</summary>
    /// <param name="by">Who brings them, where it is not the run's beginning.</param>
    public SentinelSet Guard(string? by = null)
    {
        var places = Of("sentinel").Where(setting => setting.Source != ConfigurationSource.Default).Select(setting => setting.Source is ConfigurationSource.Environment or ConfigurationSource.Flag ? setting.Where! : setting.Where!.Split(':')[0]).Distinct(StringComparer.Ordinal).ToList();
        return new SentinelSet(Sentinel, $"{(by is null ? "" : by + ": ")}settings {Digest("sentinel")} from {(places.Count == 0 ? "the program" : string.Join(", ", places))}");
    }

    /// <summary>A setting by its key.</summary>
    public Setting this[string key] => _settings[key];

    /// <summary>The settings of a file: <c>hgm</c>, <c>thermostat</c>, <c>sentinel</c>.</summary>
    public IReadOnlyList<Setting> Of(string file) => [.. SteeringKeys.All.Where(key => string.Equals(key.File, file, StringComparison.Ordinal)).Select(key => _settings[key.Key])];

    /// <summary>SHA-256 of the canonical JSON (RFC 8785) of a file's effective values, whatever they come from.</summary>
    public Bytes32 Digest(string file) =>
        CanonicalJson.Digest(Encoding.UTF8.GetBytes(new JsonObject(Of(file).OrderBy(setting => setting.Key, StringComparer.Ordinal).Select(setting => KeyValuePair.Create<string, JsonNode?>(setting.Key, JsonValue.Create(Plain(setting.Value))))).ToJsonString()));

    /// <summary>Where a setting comes from, for people: <c>config/sentinel.json:4 (file)</c>.</summary>
    public static string Whence(Setting setting)
    {
        ArgumentNullException.ThrowIfNull(setting);
        return setting.Source == ConfigurationSource.Default ? "default" : $"{setting.Where} ({setting.Source.ToString().ToLowerInvariant()})";
    }

    /// <summary>Reads the layers of a network.</summary>
    /// <param name="workspace">The workspace.</param>
    /// <param name="network">The network's name; null for what holds for every one.</param>
    /// <param name="variables">The environment's variables for which <see cref="SteeringKeys.IsVariable"/> holds.</param>
    /// <param name="flags">What the command line says: key, text and the flag's name.</param>
    /// <exception cref="ControlException">
    /// <c>file-format</c>, <c>file-version</c>; <c>profile-unknown</c> for a profile that was named and has no folder; <c>variable-unknown</c>, <c>variable-value</c>; <c>setting-value</c> for a value that is no number of its kind or
    /// that its law refuses.
    /// </exception>
    public static SteeringConfiguration Load(Workspace workspace, string? network, IReadOnlyDictionary<string, string> variables, IReadOnlyList<(string Key, string Value, string Flag)>? flags = null)
    {
        ArgumentNullException.ThrowIfNull(workspace);
        ArgumentNullException.ThrowIfNull(variables);
        var profile = ProfileOf(workspace, variables.GetValueOrDefault(SteeringKeys.ProfileVariable));
        var settings = SteeringKeys.All.ToDictionary(key => key.Key, key => new Setting(key.Key, key.Default, ConfigurationSource.Default, null), StringComparer.Ordinal);
        foreach (var file in ConfigurationKind.InProfiles)
        {
            ReadFile(workspace, settings, ConfigurationSource.File, file, "config", $"{file}.json");
            if (network is not null)
            {
                ReadFile(workspace, settings, ConfigurationSource.File, file, "config", $"{file}.{network}.json");
            }

            if (profile is not null)
            {
                ReadFile(workspace, settings, ConfigurationSource.Profile, file, "config", profile, $"{file}.json");
            }
        }

        foreach (var (name, value) in variables.Where(variable => SteeringKeys.IsVariable(variable.Key) && variable.Key is not SteeringKeys.ProfileVariable).OrderBy(variable => variable.Key, StringComparer.Ordinal))
        {
            var key = SteeringKeys.All.FirstOrDefault(one => string.Equals(one.Variable, name, StringComparison.Ordinal))
                ?? throw new ControlException("variable-unknown", ExitCode.BadInput, $"The variable {name} of the environment sets nothing. Known are {string.Join(", ", SteeringKeys.All.Where(one => one.Variable.StartsWith(name.Split('_')[0], StringComparison.Ordinal)).Select(one => one.Variable))}.", "Correct its name or unset it: a mistyped limit must not be passed over.");
            settings[key.Key] = new Setting(key.Key, Read(key, value, "variable-value", $"The variable {name} of the environment"), ConfigurationSource.Environment, name);
        }

        foreach (var (name, value, flag) in flags ?? [])
        {
            var key = SteeringKeys.All.First(one => string.Equals(one.Key, name, StringComparison.Ordinal));
            settings[name] = new Setting(name, Read(key, value, "number-format", flag), ConfigurationSource.Flag, flag);
        }

        // The treasury's target is the thermostat's where its own file says nothing.
        if (settings["thermostat.controller.targetRoi"].Source == ConfigurationSource.Default && settings["hgm.controlTargets.roi"] is { Source: not ConfigurationSource.Default } target)
        {
            settings["thermostat.controller.targetRoi"] = target with { Key = "thermostat.controller.targetRoi" };
        }

        var read = new SteeringConfiguration(profile, settings);
        try
        {
            _ = (read.Sentinel, read.Thermostat, read.Begin(new RunSettings { EvaluationReserve = Amount.OfAtoms(1) }).Checked());
            return read.Count("sentinel.maxOverrideHours") is >= 1 and <= 168
                ? read
                : throw new HgmException("bad-setting", $"maxOverrideHours is {read["sentinel.maxOverrideHours"].Value}; it is from 1 to 168.", "Set it within its bounds.");
        }
        catch (HgmException problem)
        {
            throw new ControlException("setting-value", ExitCode.BadInput, $"{problem.Message} The settings are {string.Join(", ", read.Settings.Where(setting => setting.Source != ConfigurationSource.Default).Select(setting => $"{setting.Key} = {setting.Value} from {Whence(setting)}"))}.", problem.Mend, problem);
        }
    }

    /// <summary>What in these settings contradicts itself: each with the setting that it is about, why, and what to do.</summary>
    public IReadOnlyList<(Setting About, string Code, string Message, string Mend)> Contradictions()
    {
        var found = new List<(Setting, string, string, string)>();
        var (budget, cap) = (Number("hgm.budget.max"), Number("sentinel.budgetCap"));
        if (budget != cap && this["hgm.budget.max"].Source != ConfigurationSource.Default)
        {
            found.Add((this["hgm.budget.max"], "budget-disagree", $"hgm.budget.max is {Text("hgm.budget.max")} and sentinel.budgetCap is {Text("sentinel.budgetCap")}: the lower of them would hold, and who reads the other is misled", "Give both the same value, 0 for no cap in both."));
        }

        var (target, floor) = (Thermostat, Number("sentinel.roiFloor"));
        if (Number("hgm.controlTargets.roi") != target.TargetRoi && this["hgm.controlTargets.roi"].Source != ConfigurationSource.Default)
        {
            found.Add((this["thermostat.controller.targetRoi"], "target-disagree", $"thermostat.controller.targetRoi is {Text("thermostat.controller.targetRoi")} and the treasury's hgm.controlTargets.roi is {Text("hgm.controlTargets.roi")}", "Give both the same value, or leave the thermostat's out."));
        }

        if (floor > target.LowerEdge)
        {
            found.Add((this["sentinel.roiFloor"], "floor-above-band", $"sentinel.roiFloor is {Text("sentinel.roiFloor")}, above the lower edge {Plain(target.LowerEdge.ToString(CultureInfo.InvariantCulture))} of the thermostat's band: expansions would be held before the thermostat moves", "Lower the floor, or raise the target."));
        }

        var alpha = Number("hgm.engine.wideningAlpha");
        if (alpha < target.MinWideningAlpha || alpha > target.MaxWideningAlpha)
        {
            found.Add((this["hgm.engine.wideningAlpha"], "alpha-outside-bounds", $"hgm.engine.wideningAlpha is {Text("hgm.engine.wideningAlpha")}, outside the thermostat's bounds of {target.MinWideningAlpha} to {target.MaxWideningAlpha}", "Begin within the bounds."));
        }

        var prior = Number("hgm.engine.thompsonPrior");
        if (prior < target.MinThompsonPrior || prior > target.MaxThompsonPrior)
        {
            found.Add((this["hgm.engine.thompsonPrior"], "prior-outside-bounds", $"hgm.engine.thompsonPrior is {Text("hgm.engine.thompsonPrior")}, outside the thermostat's bounds of {target.MinThompsonPrior} to {target.MaxThompsonPrior}", "Begin within the bounds."));
        }

        return found;
    }

    /// <summary>
    /// Flags of the thermostat that leave the bounds that the files set, each in words. They are accepted, as the runbook's commands are; who uses them is told that they contradict the policy on file.
    /// </summary>
    /// <param name="files">The same settings without flags.</param>
    public IReadOnlyList<string> BeyondProfile(SteeringConfiguration files)
    {
        ArgumentNullException.ThrowIfNull(files);
        return
        [
            .. Beyond("thermostat.controller.maxWideningAlpha", above: true), .. Beyond("thermostat.controller.minWideningAlpha", above: false),
            .. Beyond("thermostat.controller.maxThompsonPrior", above: true), .. Beyond("thermostat.controller.minThompsonPrior", above: false),
        ];

        IEnumerable<string> Beyond(string key, bool above)
        {
            var (here, there) = (this[key], files[key]);
            if (here.Source == ConfigurationSource.Flag && there.Source != ConfigurationSource.Default && (above ? Number(key) > files.Number(key) : Number(key) < files.Number(key)))
            {
                yield return $"{here.Where} {here.Value} is {(above ? "above" : "below")} {there.Value}, the bound of {Whence(there)}";
            }
        }
    }

    private static string? ProfileOf(Workspace workspace, string? named)
    {
        switch (named?.ToLowerInvariant())
        {
            case null or "":
                return OwnProfile;
            case "off" or "none" or "0" or "false":
                return null;
            case "1" or "true" or "on":
                return OwnProfile;
        }

        return named.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_') && named is not ("networks" or "protocol" or "schemas") && Directory.Exists(workspace.Locate("config", named))
            ? named
            : throw new ControlException("profile-unknown", ExitCode.BadInput, $"{SteeringKeys.ProfileVariable} names the profile '{named}', and there is no folder config/{named}.", "Name a profile that exists, 'off' for none, or unset it for agialpha.");
    }

    private static void ReadFile(Workspace workspace, Dictionary<string, Setting> settings, ConfigurationSource source, string file, params ReadOnlySpan<string> path)
    {
        var full = workspace.Locate(path);
        if (!File.Exists(full))
        {
            return;
        }

        var name = string.Join('/', path);
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(full);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new ControlException("file-read", ExitCode.BadInput, $"{full} cannot be read: {problem.Message}", "Correct its rights.", problem);
        }

        if (JsonProblems.Find(bytes, ConfigurationSchemas.Types[file]) is [var first, ..])
        {
            throw new ControlException("file-format", ExitCode.BadInput, $"{full}, line {first.Line}, at {first.Place}: {first.Message}", "'agijobs config lint' shows everything that is wrong.");
        }

        using var document = JsonDocument.Parse(bytes);
        var version = document.RootElement.GetProperty("version").GetInt32();
        if (version != 1)
        {
            throw new ControlException("file-version", ExitCode.BadInput, $"{full} has version {version}; this program reads version 1.", "Use the program of the version that wrote it.");
        }

        var lines = JsonProblems.Places(bytes);
        foreach (var key in SteeringKeys.All.Where(key => string.Equals(key.File, file, StringComparison.Ordinal)))
        {
            var (element, place) = (document.RootElement, "$");
            var parts = key.Key.Split('.')[1..];
            if (!parts.All(part =>
            {
                place += "." + part;
                return element.ValueKind == JsonValueKind.Object && element.TryGetProperty(part, out element) && element.ValueKind != JsonValueKind.Null;
            }))
            {
                continue;
            }

            var text = element.ValueKind == JsonValueKind.String ? element.GetString()! : element.GetRawText();
            settings[key.Key] = new Setting(key.Key, Read(key, text, "setting-value", $"{name}, at {place}:"), source, lines.TryGetValue(place, out var line) ? $"{name}:{line.ToString(CultureInfo.InvariantCulture)}" : name);
        }
    }

    private static string Read(SteeringKey key, string text, string code, string where)
    {
        var good = key.Kind switch
        {
            SteeringValue.Number => decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number) && number >= 0m,
            SteeringValue.Count when key.Key is "hgm.engine.seed" => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _),
            SteeringValue.Count => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _),
            SteeringValue.Truth => text is "true" or "false",
            _ => text.Length > 0,
        };
        return good
            ? key.Kind == SteeringValue.Number ? Plain(text) : text
            : throw new ControlException(code, ExitCode.BadInput, $"{where} '{text}' is no {key.Kind switch { SteeringValue.Number => "decimal number of zero or more", SteeringValue.Count => "whole number of zero or more", SteeringValue.Truth => "'true' or 'false'", _ => "word" }}.", key.Kind == SteeringValue.Number ? "Write it with a point, such as 0.08." : "Correct it.");
    }

    // Without trailing zeros and exponents, so that the same value has the same text.
    private static string Plain(string text) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number) ? (number / 1.0000000000000000000000000000m).ToString(CultureInfo.InvariantCulture) : text;

    private decimal Number(string key) => decimal.Parse(this[key].Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);

    private int Count(string key) => int.Parse(this[key].Value, NumberStyles.None, CultureInfo.InvariantCulture);

    private bool Truth(string key) => this[key].Value is "true";

    private Amount? Money(string key) => Number(key) == 0m ? null : Amount.TryParse(this[key].Value, out var amount) ? amount : throw new HgmException("bad-setting", $"{key} is {this[key].Value}; it is at most {Amount.Most} with at most 18 decimal places.", "Set it within its bounds.");

    private string Text(string key) => $"{this[key].Value} ({Whence(this[key])})";
}
