using System.Buffers;
using System.Globalization;
using System.Text.Json;
using AgiJobs.Hgm.Laws;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Policies;

namespace AgiJobs.Hgm.Runs;

/// <summary>
/// Events as JSON, one object without line breaks each, with the same bytes for the same event on every machine. Amounts and decimals are text, so that no reader rounds them. A key that
/// this version does not know is an error: a run must not be folded by half.
/// </summary>
public static class RunEventJson
{
    /// <summary>The event's bytes (UTF-8).</summary>
    public static byte[] Write(RunEvent happened)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            switch (happened)
            {
                case RunStarted started:
                    writer.WriteString("event", "run-started");
                    Write(writer, started.Settings);
                    Optional(writer, "artifact", started.Artifact);
                    break;
                case ExpansionStarted started:
                    writer.WriteString("event", "expansion-started");
                    writer.WriteNumber("operation", started.Operation);
                    writer.WriteNumber("parent", started.Parent);
                    Money(writer, "reserved", started.Reserved);
                    break;
                case AgentAdded added:
                    writer.WriteString("event", "agent-added");
                    writer.WriteNumber("operation", added.Operation);
                    Optional(writer, "artifact", added.Artifact);
                    Money(writer, "cost", added.Cost);
                    break;
                case ExpansionFailed failed:
                    writer.WriteString("event", "expansion-failed");
                    writer.WriteNumber("operation", failed.Operation);
                    writer.WriteString("fault", failed.Fault);
                    Money(writer, "cost", failed.Cost);
                    break;
                case EvaluationStarted started:
                    writer.WriteString("event", "evaluation-started");
                    writer.WriteNumber("operation", started.Operation);
                    writer.WriteNumber("agent", started.Agent);
                    writer.WriteNumber("task", started.Task);
                    writer.WriteBoolean("charged", started.Charged);
                    Money(writer, "reserved", started.Reserved);
                    break;
                case EvaluationRecorded recorded:
                    writer.WriteString("event", "evaluation-recorded");
                    writer.WriteNumber("operation", recorded.Operation);
                    writer.WriteBoolean("passed", recorded.Passed);
                    Money(writer, "cost", recorded.Cost);
                    Money(writer, "value", recorded.Value);
                    break;
                case EvaluationVoided voided:
                    writer.WriteString("event", "evaluation-voided");
                    writer.WriteNumber("operation", voided.Operation);
                    writer.WriteString("fault", voided.Fault);
                    Money(writer, "cost", voided.Cost);
                    break;
                case ResultRevoked revoked:
                    writer.WriteString("event", "result-revoked");
                    writer.WriteNumber("operation", revoked.Operation);
                    writer.WriteString("reason", revoked.Reason);
                    break;
                case ResultReinstated reinstated:
                    writer.WriteString("event", "result-reinstated");
                    writer.WriteNumber("operation", reinstated.Operation);
                    writer.WriteString("reason", reinstated.Reason);
                    break;
                case ParametersChanged changed:
                    writer.WriteString("event", "parameters-changed");
                    Decimal(writer, "alpha", changed.Alpha);
                    Decimal(writer, "prior", changed.Prior);
                    writer.WriteString("reason", changed.Reason);
                    break;
                case ExpansionGateSet gate:
                    writer.WriteString("event", "expansion-gate-set");
                    writer.WriteBoolean("open", gate.Open);
                    writer.WriteString("reason", gate.Reason);
                    break;
                case AgentPruned pruned:
                    writer.WriteString("event", "agent-pruned");
                    writer.WriteNumber("agent", pruned.Agent);
                    writer.WriteString("reason", pruned.Reason);
                    break;
                case StopRequested stop:
                    writer.WriteString("event", "stop-requested");
                    writer.WriteString("reason", stop.Reason);
                    break;
                case SentinelSet set:
                    writer.WriteString("event", "sentinel-set");
                    writer.WritePropertyName("settings");
                    Write(writer, set.Settings);
                    writer.WriteString("reason", set.Reason);
                    break;
                case SentinelHeld held:
                    writer.WriteString("event", "sentinel-held");
                    writer.WriteString("rule", held.Rule);
                    writer.WriteString("detail", held.Detail);
                    break;
                case SentinelReleased released:
                    writer.WriteString("event", "sentinel-released");
                    writer.WriteString("rule", released.Rule);
                    writer.WriteString("detail", released.Detail);
                    break;
                case SentinelPruned pruned:
                    writer.WriteString("event", "sentinel-pruned");
                    writer.WriteNumber("agent", pruned.Agent);
                    writer.WriteNumber("failures", pruned.Failures);
                    break;
                case SentinelSpared spared:
                    writer.WriteString("event", "sentinel-spared");
                    writer.WriteNumber("agent", spared.Agent);
                    writer.WriteNumber("failures", spared.Failures);
                    break;
                case SentinelStopped stopped:
                    writer.WriteString("event", "sentinel-stopped");
                    writer.WriteString("rule", stopped.Rule);
                    writer.WriteString("detail", stopped.Detail);
                    break;
                case SentinelAcknowledged acknowledged:
                    writer.WriteString("event", "sentinel-acknowledged");
                    writer.WriteString("rule", acknowledged.Rule);
                    writer.WriteString("reason", acknowledged.Reason);
                    break;
                case SentinelOverridden overridden:
                    writer.WriteString("event", "sentinel-overridden");
                    writer.WriteString("rule", overridden.Rule);
                    writer.WriteString("until", overridden.Until.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture));
                    writer.WriteString("reason", overridden.Reason);
                    break;
                case SentinelOverrideEnded ended:
                    writer.WriteString("event", "sentinel-override-ended");
                    writer.WriteString("rule", ended.Rule);
                    writer.WriteString("reason", ended.Reason);
                    break;
                case BudgetToppedUp toppedUp:
                    writer.WriteString("event", "budget-topped-up");
                    Money(writer, "amount", toppedUp.Amount);
                    writer.WriteString("reason", toppedUp.Reason);
                    break;
                case RunFinished finished:
                    writer.WriteString("event", "run-finished");
                    writer.WriteString("end", Name(finished.Reason));
                    writer.WriteNumber("best", finished.Best);
                    break;
                default:
                    throw Bad($"{happened.GetType().Name} has no JSON form");
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads what <see cref="Write(RunEvent)"/> wrote.</summary>
    /// <exception cref="HgmException"><c>bad-event</c>.</exception>
    public static RunEvent Read(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var fields = new Fields(document.RootElement);
            RunEvent happened = fields.Text("event") switch
            {
                "run-started" => new RunStarted(ReadSettings(fields.Object("settings")), fields.TextOrNothing("artifact")),
                "expansion-started" => new ExpansionStarted(fields.Number("operation"), fields.Number("parent"), fields.Money("reserved")),
                "agent-added" => new AgentAdded(fields.Number("operation"), fields.TextOrNothing("artifact"), fields.Money("cost")),
                "expansion-failed" => new ExpansionFailed(fields.Number("operation"), fields.Text("fault"), fields.Money("cost")),
                "evaluation-started" => new EvaluationStarted(fields.Number("operation"), fields.Number("agent"), fields.Number("task"), fields.Truth("charged"), fields.Money("reserved")),
                "evaluation-recorded" => new EvaluationRecorded(fields.Number("operation"), fields.Truth("passed"), fields.Money("cost"), fields.Money("value")),
                "evaluation-voided" => new EvaluationVoided(fields.Number("operation"), fields.Text("fault"), fields.Money("cost")),
                "result-revoked" => new ResultRevoked(fields.Number("operation"), fields.Text("reason")),
                "result-reinstated" => new ResultReinstated(fields.Number("operation"), fields.Text("reason")),
                "parameters-changed" => new ParametersChanged(fields.Decimal("alpha"), fields.Decimal("prior"), fields.Text("reason")),
                "expansion-gate-set" => new ExpansionGateSet(fields.Truth("open"), fields.Text("reason")),
                "agent-pruned" => new AgentPruned(fields.Number("agent"), fields.Text("reason")),
                "stop-requested" => new StopRequested(fields.Text("reason")),
                "sentinel-set" => new SentinelSet(ReadSentinel(fields.Object("settings")), fields.Text("reason")),
                "sentinel-held" => new SentinelHeld(fields.Text("rule"), fields.Text("detail")),
                "sentinel-released" => new SentinelReleased(fields.Text("rule"), fields.Text("detail")),
                "sentinel-pruned" => new SentinelPruned(fields.Number("agent"), fields.Number("failures")),
                "sentinel-spared" => new SentinelSpared(fields.Number("agent"), fields.Number("failures")),
                "sentinel-stopped" => new SentinelStopped(fields.Text("rule"), fields.Text("detail")),
                "sentinel-acknowledged" => new SentinelAcknowledged(fields.Text("rule"), fields.Text("reason")),
                "sentinel-overridden" => new SentinelOverridden(fields.Text("rule"), DateTimeOffset.ParseExact(fields.Text("until"), "O", CultureInfo.InvariantCulture), fields.Text("reason")),
                "sentinel-override-ended" => new SentinelOverrideEnded(fields.Text("rule"), fields.Text("reason")),
                "budget-topped-up" => new BudgetToppedUp(fields.Money("amount"), fields.Text("reason")),
                "run-finished" => new RunFinished(ReadEnd(fields.Text("end")), fields.Number("best")),
                var other => throw Bad($"'{other}' is no event of this version"),
            };
            fields.AllRead();
            return happened;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or FormatException or OverflowException)
        {
            throw Bad(fault.Message);
        }
    }

    private static void Write(Utf8JsonWriter writer, RunSettings settings)
    {
        writer.WriteStartObject("settings");
        writer.WriteString("policy", settings.Policy);
        writer.WriteString("seed", settings.Seed.ToString(CultureInfo.InvariantCulture));
        if (settings.World != RunSettings.Programs)
            writer.WriteString("world", settings.World);
        Optional(writer, "worldDigest", settings.WorldDigest);
        writer.WriteNumber("tasks", settings.Tasks);
        writer.WriteNumber("evaluations", settings.Evaluations);
        writer.WriteNumber("concurrency", settings.Concurrency);
        Decimal(writer, "alpha", settings.Alpha);
        writer.WriteBoolean("allowAlphaAboveOne", settings.AllowAlphaAboveOne);
        Decimal(writer, "prior", settings.Prior);
        writer.WriteString("widening", settings.Widening == WideningRule.Published ? "published" : "reference-code");
        writer.WriteBoolean("cooling", settings.Cooling);
        writer.WriteNumber("initialBurst", settings.InitialBurst);
        writer.WriteNumber("expansionFailureCap", settings.ExpansionFailureCap);
        writer.WriteNumber("voidCap", settings.VoidCap);
        writer.WriteString("final", settings.Final switch { FinalRule.Quantile => "quantile", FinalRule.PosteriorMean => "posterior-mean", _ => "empirical-mean" });
        Decimal(writer, "epsilon", settings.Epsilon);
        writer.WriteBoolean("freeRootEvaluation", settings.FreeRootEvaluation);
        writer.WriteNumber("workersPerChild", settings.WorkersPerChild);
        Optional(writer, "costCap", settings.CostCap?.ToString());
        Money(writer, "evaluationReserve", settings.EvaluationReserve);
        Money(writer, "expansionReserve", settings.ExpansionReserve);
        writer.WriteEndObject();
    }

    private static RunSettings ReadSettings(Fields fields)
    {
        var settings = new RunSettings
        {
            Policy = fields.Text("policy"),
            Seed = ulong.Parse(fields.Text("seed"), NumberStyles.None, CultureInfo.InvariantCulture),
            World = fields.TextOrNothing("world") ?? RunSettings.Programs,
            WorldDigest = fields.TextOrNothing("worldDigest"),
            Tasks = fields.Number("tasks"),
            Evaluations = fields.Number("evaluations"),
            Concurrency = fields.Number("concurrency"),
            Alpha = fields.Decimal("alpha"),
            AllowAlphaAboveOne = fields.Truth("allowAlphaAboveOne"),
            Prior = fields.Decimal("prior"),
            Widening = fields.Text("widening") switch { "published" => WideningRule.Published, "reference-code" => WideningRule.ReferenceCode, var other => throw Bad($"'{other}' is no widening rule") },
            Cooling = fields.Truth("cooling"),
            InitialBurst = fields.Number("initialBurst"),
            ExpansionFailureCap = fields.Number("expansionFailureCap"),
            VoidCap = fields.Number("voidCap"),
            Final = fields.Text("final") switch
            {
                "quantile" => FinalRule.Quantile,
                "posterior-mean" => FinalRule.PosteriorMean,
                "empirical-mean" => FinalRule.EmpiricalMean,
                var other => throw Bad($"'{other}' is no final rule"),
            },
            Epsilon = fields.Decimal("epsilon"),
            FreeRootEvaluation = fields.Truth("freeRootEvaluation"),
            WorkersPerChild = fields.Number("workersPerChild"),
            CostCap = fields.TextOrNothing("costCap") is { } cap ? Amount.Parse(cap) : null,
            EvaluationReserve = fields.Money("evaluationReserve"),
            ExpansionReserve = fields.Money("expansionReserve"),
        };
        fields.AllRead();
        return settings;
    }

    /// <summary>Writes settings of the sentinel as one object; rules that are off have no key.</summary>
    public static void Write(Utf8JsonWriter writer, SentinelSettings settings)
    {
        writer.WriteStartObject();
        if (settings.RoiFloor is { } floor)
            Decimal(writer, "roiFloor", floor);
        writer.WriteNumber("roiGracePeriod", settings.RoiGrace);
        writer.WriteNumber("minimumEvidence", settings.MinimumEvidence);
        writer.WriteNumber("rollingWindow", settings.RollingWindow);
        Optional(writer, "budgetCap", settings.BudgetCap?.ToString());
        Decimal(writer, "budgetSoftRatio", settings.SoftRatio);
        if (settings.FailureStreak is { } streak)
            writer.WriteNumber("failureStreak", streak);
        writer.WriteBoolean("successReset", settings.SuccessReset);
        Decimal(writer, "successThreshold", settings.SuccessThreshold);
        writer.WriteEndObject();
    }

    private static SentinelSettings ReadSentinel(Fields fields)
    {
        var settings = new SentinelSettings
        {
            RoiFloor = fields.Has("roiFloor") ? fields.Decimal("roiFloor") : null,
            RoiGrace = fields.Number("roiGracePeriod"),
            MinimumEvidence = fields.Number("minimumEvidence"),
            RollingWindow = fields.Number("rollingWindow"),
            BudgetCap = fields.TextOrNothing("budgetCap") is { } cap ? Amount.Parse(cap) : null,
            SoftRatio = fields.Decimal("budgetSoftRatio"),
            FailureStreak = fields.Has("failureStreak") ? fields.Number("failureStreak") : null,
            SuccessReset = fields.Truth("successReset"),
            SuccessThreshold = fields.Decimal("successThreshold"),
        };
        fields.AllRead();
        return settings;
    }

    private static string Name(RunEnd end) => end switch
    {
        RunEnd.EvaluationsSpent => "evaluations-spent",
        RunEnd.NothingLeft => "nothing-left",
        RunEnd.CostCap => "cost-cap",
        _ => "stopped",
    };

    private static RunEnd ReadEnd(string name) => name switch
    {
        "evaluations-spent" => RunEnd.EvaluationsSpent,
        "nothing-left" => RunEnd.NothingLeft,
        "cost-cap" => RunEnd.CostCap,
        "stopped" => RunEnd.Stopped,
        _ => throw Bad($"'{name}' is no end of a run"),
    };

    private static void Money(Utf8JsonWriter writer, string name, Amount amount) => writer.WriteString(name, amount.ToString());

    // Without trailing zeros, which a decimal keeps and equality does not see.
    private static void Decimal(Utf8JsonWriter writer, string name, decimal value) => writer.WriteString(name, (value / 1.0000000000000000000000000000m).ToString(CultureInfo.InvariantCulture));

    private static void Optional(Utf8JsonWriter writer, string name, string? text)
    {
        if (text is not null)
            writer.WriteString(name, text);
    }

    private static HgmException Bad(string what) => new("bad-event", $"This is no event of a run: {what}.", "The log is damaged or of another version; restore it from a copy.");

    private sealed class Fields
    {
        private readonly JsonElement _object;
        private int _read;

        public Fields(JsonElement element)
        {
            if (element.ValueKind != JsonValueKind.Object)
                throw Bad("it is not an object");
            _object = element;
        }

        public int Number(string name) => Get(name).GetInt32();

        public bool Truth(string name) => Get(name).GetBoolean();

        public string Text(string name) => Get(name).GetString() ?? throw Bad($"'{name}' is null");

        public bool Has(string name) => _object.TryGetProperty(name, out _);

        public string? TextOrNothing(string name) => Has(name) ? Text(name) : null;

        public Amount Money(string name) => Amount.Parse(Text(name));

        public decimal Decimal(string name) => decimal.Parse(Text(name), NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

        public Fields Object(string name) => new(Get(name));

        public void AllRead()
        {
            var count = _object.EnumerateObject().Count();
            if (count != _read)
                throw Bad($"it has {count} fields, of which {_read} are known");
        }

        private JsonElement Get(string name)
        {
            _read++;
            return _object.TryGetProperty(name, out var value) ? value : throw Bad($"'{name}' is missing");
        }
    }
}
