using AgiJobs.Control;
using AgiJobs.Control.Configuration;
using AgiJobs.Control.Workspaces;
using AgiJobs.Hgm.Laws;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Configuration;

namespace AgiJobs.Steering.Tests.Configuration;

public sealed class SteeringConfigurationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-layers-").FullName;

    private Workspace Workspace => Workspace.At(_folder, _folder);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Without_files_the_programs_own_values_count()
    {
        var read = Load();
        Assert.All(read.Settings, setting => Assert.Equal(ConfigurationSource.Default, setting.Source));
        Assert.Equal(new SentinelSettings(), read.Sentinel);
        Assert.Equal(new ThermostatSettings(), read.Thermostat);
        Assert.Equal(new RunSettings(), read.Begin(new RunSettings()));
        Assert.Equal("agialpha", read.Profile);
        Assert.Empty(read.Contradictions());
    }

    [Fact]
    public void A_later_layer_goes_before_an_earlier_one_key_by_key_and_each_value_says_where_it_comes_from()
    {
        Write("config/sentinel.json", """{ "version": 1, "roiFloor": 1.2, "roiGracePeriod": 5, "minimumEvidence": 7, "budgetCap": 10, "rollingWindow": 9 }""");
        Write("config/sentinel.local.json", """{ "version": 1, "roiGracePeriod": 6, "minimumEvidence": 8, "budgetCap": 20 }""");
        Write("config/agialpha/sentinel.json", "{\n  \"version\": 1,\n  \"minimumEvidence\": 11,\n  \"budgetCap\": 30.50\n}");
        var read = Load([("SENTINEL_BUDGET_CAP", "40")], [("sentinel.rollingWindow", "3", "--window")]);
        Assert.Equal((1.2m, 6, 11, 3), (read.Sentinel.RoiFloor, read.Sentinel.RoiGrace, read.Sentinel.MinimumEvidence, read.Sentinel.RollingWindow));
        Assert.Equal(Amount.Parse("40"), read.Sentinel.BudgetCap);
        Assert.Equal("config/sentinel.json:1 (file)", Whence("sentinel.roiFloor"));
        Assert.Equal("config/sentinel.local.json:1 (file)", Whence("sentinel.roiGracePeriod"));
        Assert.Equal("config/agialpha/sentinel.json:3 (profile)", Whence("sentinel.minimumEvidence"));
        Assert.Equal("SENTINEL_BUDGET_CAP (environment)", Whence("sentinel.budgetCap"));
        Assert.Equal("--window (flag)", Whence("sentinel.rollingWindow"));
        Assert.Equal("default", Whence("sentinel.successThreshold"));

        // Of another network, and without the profile.
        Assert.Equal("config/sentinel.json:1 (file)", SteeringConfiguration.Whence(Load(network: "other")["sentinel.roiGracePeriod"]));
        Assert.Equal(Amount.Parse("20"), Load([(SteeringKeys.ProfileVariable, "off")]).Sentinel.BudgetCap);
        Assert.Equal(Amount.Parse("30.5"), Load([(SteeringKeys.ProfileVariable, "1")]).Sentinel.BudgetCap);

        string Whence(string key) => SteeringConfiguration.Whence(read[key]);
    }

    [Fact]
    public void Another_profile_is_named_and_one_that_is_not_there_is_refused()
    {
        Write("config/agialpha/sentinel.json", """{ "version": 1, "roiFloor": 3 }""");
        Write("config/careful/sentinel.json", """{ "version": 1, "roiFloor": 4 }""");
        Assert.Equal(4m, Load([(SteeringKeys.ProfileVariable, "careful")]).Sentinel.RoiFloor);
        foreach (var name in (string[])["carefull", "../config", "networks"])
        {
            Assert.Equal("profile-unknown", Refused([(SteeringKeys.ProfileVariable, name)]));
        }
    }

    [Fact]
    public void Zero_turns_a_rule_off()
    {
        Write("config/sentinel.json", """{ "version": 1, "roiFloor": 0, "budgetCap": 0, "failureStreak": { "threshold": 0 } }""");
        var sentinel = Load().Sentinel;
        Assert.Equal((null, null, null), (sentinel.RoiFloor, sentinel.BudgetCap, sentinel.FailureStreak));
        Write("config/hgm.json", """{ "version": 1, "budget": { "max": 0 } }""");
        Assert.Null(Load().Begin(new RunSettings()).CostCap);
    }

    [Theory]
    [InlineData("file-format", """{ "version": 1, "roiFlor": 1 }""")]
    [InlineData("file-format", """{ "version": 1, "alertChannels": ["log"] }""")]
    [InlineData("file-format", """{ "version": 1, "roiFloor": "much" }""")]
    [InlineData("file-format", """{ "roiFloor": 1 }""")]
    [InlineData("file-version", """{ "version": 2 }""")]
    [InlineData("setting-value", """{ "version": 1, "roiFloor": -1 }""")]
    [InlineData("setting-value", """{ "version": 1, "budgetSoftRatio": 1.5 }""")]
    [InlineData("setting-value", """{ "version": 1, "roiGracePeriod": 0 }""")]
    [InlineData("setting-value", """{ "version": 1, "maxOverrideHours": 0 }""")]
    [InlineData("setting-value", """{ "version": 1, "budgetCap": 1000000000000000 }""")]
    public void A_bad_file_is_refused_with_its_code(string code, string text)
    {
        Write("config/agialpha/sentinel.json", text);
        Assert.Equal(code, Refused());
    }

    [Theory]
    [InlineData("variable-unknown", "SENTINEL_ROI_FLOR", "1")]
    [InlineData("variable-unknown", "THERMOSTAT_TARGET", "1")]
    [InlineData("variable-unknown", "HGM_BUDGET_CAP", "1")]
    [InlineData("variable-value", "SENTINEL_ROI_FLOOR", "1,2")]
    [InlineData("variable-value", "SENTINEL_ROI_GRACE_PERIOD", "2.5")]
    [InlineData("variable-value", "SENTINEL_FAILURE_STREAK_SUCCESS_RESET", "yes")]
    [InlineData("setting-value", "HGM_ENGINE_POLICY", "luck")]
    public void A_bad_variable_is_refused_and_never_passed_over(string code, string name, string value) => Assert.Equal(code, Refused([(name, value)]));

    [Fact]
    public void Every_setting_has_a_variable_of_its_own_and_variables_of_others_are_left_alone()
    {
        Assert.Equal(SteeringKeys.All.Count, SteeringKeys.All.Select(key => key.Variable).Distinct(StringComparer.Ordinal).Count());
        Assert.All(SteeringKeys.All, key => Assert.True(SteeringKeys.IsVariable(key.Variable), key.Variable));
        Assert.All(["HGM_REPORT_DIR", "SENTINEL_SERVICE_HOST", "SENTINEL_PORT_80_TCP", "PATH"], (string other) => Assert.False(SteeringKeys.IsVariable(other), other));
        Assert.Equal("SENTINEL_FAILURE_STREAK_THRESHOLD", SteeringKeys.All.First(key => key.Key == "sentinel.failureStreak.threshold").Variable);
    }

    [Fact]
    public void What_a_new_workspace_begins_with_is_sound_and_does_not_contradict_itself()
    {
        WorkspaceFiles.WriteFrame(Workspace);
        var read = Load();
        Assert.Empty(read.Contradictions());
        Assert.Equal(read.Sentinel.BudgetCap, read.Begin(new RunSettings()).CostCap);
        Assert.Equal((1.35m, 4), (read.Sentinel.RoiFloor, read.Sentinel.RoiGrace));
        Assert.Equal(new ThermostatSettings { MaxWideningAlpha = 1.8m }, read.Thermostat);
        Assert.All(read.Of("sentinel"), setting => Assert.NotEqual(ConfigurationSource.Default, setting.Source));

        // The runbook's command is within the bounds on file.
        var flagged = Load(flags: [("thermostat.controller.wideningStep", "0.08", "--widening-step"), ("thermostat.controller.maxWideningAlpha", "1.8", "--max-widening-alpha")]);
        Assert.Empty(flagged.BeyondProfile(read));
        Assert.Equal(0.08m, flagged.Thermostat.WideningStep);
    }

    [Theory]
    [InlineData("budget-disagree", "hgm", """{ "version": 1, "budget": { "max": 250000 } }""", """{ "version": 1, "budgetCap": 450000 }""")]
    [InlineData("floor-above-band", "thermostat", """{ "version": 1, "controller": { "targetRoi": 1.2 } }""", """{ "version": 1, "roiFloor": 1.2 }""")]
    [InlineData("target-disagree", "hgm", """{ "version": 1, "controlTargets": { "roi": 2.5 } }""", """{ "version": 1 }""")]
    [InlineData("alpha-outside-bounds", "hgm", """{ "version": 1, "engine": { "wideningAlpha": 0.2 } }""", """{ "version": 1 }""")]
    [InlineData("prior-outside-bounds", "hgm", """{ "version": 1, "engine": { "thompsonPrior": 4 } }""", """{ "version": 1 }""")]
    public void Files_that_contradict_each_other_are_findings(string code, string file, string text, string sentinel)
    {
        Write($"config/agialpha/{file}.json", text);
        Write("config/sentinel.json", sentinel);
        if (code == "target-disagree")
        {
            Write("config/agialpha/thermostat.json", """{ "version": 1, "controller": { "targetRoi": 2 } }""");
        }

        Assert.Equal(code, Assert.Single(Load().Contradictions()).Code);
        Directory.CreateDirectory(Path.Combine(_folder, "config", "networks"));
        var findings = ConfigurationLint.Run(new LintGround(Workspace, TimeProvider.System), [new SteeringRule()]);
        Assert.Equal(code, Assert.Single(findings).Code);
        Assert.NotNull(findings[0].Line);
    }

    [Fact]
    public void Lint_finds_what_a_law_refuses_in_any_profile()
    {
        Write("config/careful/sentinel.json", """{ "version": 1, "budgetSoftRatio": 2 }""");
        var finding = Assert.Single(ConfigurationLint.Run(new LintGround(Workspace, TimeProvider.System), [new SteeringRule()]));
        Assert.Equal((true, "setting-value"), (finding.IsError, finding.Code));
    }

    [Fact]
    public void A_flag_that_leaves_the_bounds_on_file_is_told_and_one_where_no_file_sets_any_is_not()
    {
        (string, string, string)[] flags = [("thermostat.controller.maxWideningAlpha", "1.8", "--max-widening-alpha"), ("thermostat.controller.minThompsonPrior", "0.1", "--min-thompson-prior")];
        Assert.Empty(Load(flags: flags).BeyondProfile(Load()));
        Write("config/agialpha/thermostat.json", """{ "version": 1, "controller": { "maxWideningAlpha": 1.25, "minThompsonPrior": 0.5 } }""");
        Assert.Equal(
            ["--max-widening-alpha 1.8 is above 1.25, the bound of config/agialpha/thermostat.json:1 (profile)", "--min-thompson-prior 0.1 is below 0.5, the bound of config/agialpha/thermostat.json:1 (profile)"],
            Load(flags: flags).BeyondProfile(Load()));
    }

    [Fact]
    public void The_treasurys_target_is_the_thermostats_where_its_own_file_is_silent()
    {
        Write("config/agialpha/hgm.json", """{ "version": 1, "controlTargets": { "roi": 2.5 } }""");
        var read = Load();
        Assert.Equal(2.5m, read.Thermostat.TargetRoi);
        Assert.Equal("config/agialpha/hgm.json:1 (profile)", SteeringConfiguration.Whence(read["thermostat.controller.targetRoi"]));
    }

    [Fact]
    public void The_digest_is_of_the_values_and_not_of_where_they_come_from()
    {
        Write("config/sentinel.json", """{ "version": 1, "roiFloor": 1.50 }""");
        var one = Load();
        File.Delete(Path.Combine(_folder, "config", "sentinel.json"));
        Write("config/agialpha/sentinel.json", """{ "version": 1, "roiFloor": 1.5 }""");
        Assert.Equal(one.Digest("sentinel"), Load().Digest("sentinel"));
        Assert.NotEqual(one.Digest("sentinel"), Load([("SENTINEL_ROI_FLOOR", "1.6")]).Digest("sentinel"));
        Assert.Contains("config/agialpha/sentinel.json", Load().Guard().Reason, StringComparison.Ordinal);
    }

    private void Write(string path, string text)
    {
        var full = Path.Combine(_folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }

    private SteeringConfiguration Load((string Name, string Value)[]? variables = null, (string Key, string Value, string Flag)[]? flags = null, string network = "local") =>
        SteeringConfiguration.Load(Workspace, network, (variables ?? []).ToDictionary(one => one.Name, one => one.Value, StringComparer.Ordinal), flags);

    private string Refused((string Name, string Value)[]? variables = null) => Assert.Throws<ControlException>(() => Load(variables)).Code;
}
