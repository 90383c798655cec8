using System.CommandLine;
using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Hgm.Laws;

namespace AgiJobs.Cli.Thermostats;

/// <summary>The flags of the thermostat's law, with the runbook's names and defaults.</summary>
internal sealed class LawOptions
{
    private static readonly ThermostatSettings Default = new();

    private readonly Option<string> _target = Decimal("--target-roi", Default.TargetRoi, "the ROI that is aimed at");
    private readonly Option<string> _lower = Decimal("--lower-margin", Default.LowerMargin, "how far below it the average may fall, as a share of it");
    private readonly Option<string> _upper = Decimal("--upper-margin", Default.UpperMargin, "how far above it the average may rise, as a share of it");
    private readonly Option<int> _window = new("--window") { Description = "over how many samples the average is taken", HelpName = "N", DefaultValueFactory = _ => Default.Window };
    private readonly Option<string> _wideningStep = Decimal("--widening-step", Default.WideningStep, "by how much alpha moves at a time");
    private readonly Option<string> _minAlpha = Decimal("--min-widening-alpha", Default.MinWideningAlpha, "the least alpha");
    private readonly Option<string> _maxAlpha = Decimal("--max-widening-alpha", Default.MaxWideningAlpha, "the greatest alpha; what is applied stops at 1 unless --allow-alpha-above-one");
    private readonly Option<string> _thompsonStep = Decimal("--thompson-step", Default.ThompsonStep, "by how much the prior moves at a time");
    private readonly Option<string> _minPrior = Decimal("--min-thompson-prior", Default.MinThompsonPrior, "the least prior");
    private readonly Option<string> _maxPrior = Decimal("--max-thompson-prior", Default.MaxThompsonPrior, "the greatest prior");
    private readonly Option<int> _cooldown = new("--cooldown") { Description = "how many samples after an adjustment are let pass", HelpName = "N", DefaultValueFactory = _ => Default.Cooldown };
    private readonly Option<bool> _reset = new("--reset-window") { Description = "empty the window after an adjustment, so that the samples of before do not answer twice" };
    private readonly Option<bool> _above = new("--allow-alpha-above-one") { Description = "let alpha rise above 1, where agents outgrow evaluations" };
    private readonly Option<string> _alpha = Decimal("--alpha", 0.5m, "alpha at the start, where there is no run that has one");
    private readonly Option<string> _prior = Decimal("--prior", 1.0m, "the prior at the start, where there is no run that has one");

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _target, _lower, _upper, _window, _wideningStep, _minAlpha, _maxAlpha, _thompsonStep, _minPrior, _maxPrior, _cooldown, _reset, _above, _alpha, _prior })
        {
            command.Options.Add(option);
        }
    }

    /// <summary>The settings that the command line gives.</summary>
    /// <exception cref="ControlException"><c>number-format</c>.</exception>
    public ThermostatSettings Of(ParseResult parsed) => new()
    {
        TargetRoi = Value(parsed, _target),
        LowerMargin = Value(parsed, _lower),
        UpperMargin = Value(parsed, _upper),
        Window = parsed.GetValue(_window),
        WideningStep = Value(parsed, _wideningStep),
        MinWideningAlpha = Value(parsed, _minAlpha),
        MaxWideningAlpha = Value(parsed, _maxAlpha),
        ThompsonStep = Value(parsed, _thompsonStep),
        MinThompsonPrior = Value(parsed, _minPrior),
        MaxThompsonPrior = Value(parsed, _maxPrior),
        Cooldown = parsed.GetValue(_cooldown),
        ResetWindow = parsed.GetValue(_reset),
        AllowAlphaAboveOne = parsed.GetValue(_above),
    };

    /// <summary>What the command line says of the law, as a layer of the settings: what is not said is left to the files, whose defaults are the runbook's.</summary>
    public IReadOnlyList<(string Key, string Value, string Flag)> Flags(ParseResult parsed)
    {
        var flags = new List<(string, string, string)>();
        foreach (var (option, key) in ((Option, string)[])
        [
            (_target, "targetRoi"), (_lower, "lowerMargin"), (_upper, "upperMargin"), (_window, "roiWindow"), (_wideningStep, "wideningStep"), (_minAlpha, "minWideningAlpha"), (_maxAlpha, "maxWideningAlpha"),
            (_thompsonStep, "thompsonStep"), (_minPrior, "minThompsonPrior"), (_maxPrior, "maxThompsonPrior"), (_cooldown, "cooldownSteps"), (_reset, "resetWindow"), (_above, "allowAlphaAboveOne"),
        ])
        {
            if (parsed.GetResult(option) is { Implicit: false } said)
            {
                flags.Add(($"thermostat.controller.{key}", said.Tokens is [var token, ..] ? token.Value : "true", option.Name));
            }
        }

        return flags;
    }

    /// <summary>The parameters at the start.</summary>
    public ThermostatState From(ParseResult parsed) => new(Value(parsed, _alpha), Value(parsed, _prior));

    // The parser would read decimals by the machine's language.
    private static Option<string> Decimal(string name, decimal value, string description) =>
        new(name) { Description = description, HelpName = "N", DefaultValueFactory = _ => value.ToString(CultureInfo.InvariantCulture) };

    private static decimal Value(ParseResult parsed, Option<string> option)
    {
        var text = parsed.GetValue(option)!;
        return decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new ControlException("number-format", ExitCode.BadInput, $"{option.Name} '{text}' is no decimal number.", "Write it with a point, such as 0.08.");
    }
}
