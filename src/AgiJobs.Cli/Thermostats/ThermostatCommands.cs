using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using AgiJobs.Cli.Hgm;
using AgiJobs.Cli.Output;
using AgiJobs.Control;
using AgiJobs.Control.Files;
using AgiJobs.Hgm;
using AgiJobs.Hgm.Laws;
using AgiJobs.Steering.Thermostats;

namespace AgiJobs.Cli.Thermostats;

/// <summary><c>thermostat</c>: <see cref="WatchCommand"/>, and <c>replay|baseline|compare</c>, the law on files of samples, which steer nothing and send nothing.</summary>
internal static class ThermostatCommands
{
    private const string BaselineSchema = "agijobs.roi-baseline/1";

    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("thermostat", "the ROI controller of the HGM engine, on live runs and on files of samples");
        command.Subcommands.Add(WatchCommand.Build(options, environment));
        command.Subcommands.Add(Replay(options, environment));
        command.Subcommands.Add(Baseline(options, environment));
        command.Subcommands.Add(Compare(options, environment));
        return command;
    }

    private static Command Replay(CommonOptions options, CommandEnvironment environment)
    {
        var file = SamplesArgument();
        var law = new LawOptions();
        var command = new Command("replay", "what the thermostat would do with the samples of a file. Exit 3: a pause is due, two control cycles passed without recovery, or something in the file is no sample") { file };
        law.AddTo(command);
        command.Options.Add(options.DryRun);
        Run(command, options, environment, (terminal, parsed) =>
        {
            var samples = Read(environment, parsed.GetValue(file)!, terminal);
            var settings = law.Of(parsed);
            var replay = ThermostatReplay.Of(settings, law.From(parsed), samples.Samples);
            var exit = replay.EscalatedAt is not null || samples.Refused.Count > 0 ? ExitCode.Findings : ExitCode.Clean;
            foreach (var (place, sample, reading) in replay.Readings)
            {
                terminal.Line(string.Create(CultureInfo.InvariantCulture, $"{place,6}  ROI {sample.Roi}x{(sample.At is { } at ? $" @ {at.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}" : "")}  {Words(reading)}"));
            }

            if (replay.EscalatedAt is { } escalated)
            {
                terminal.Line($"FINDING at sample {escalated.ToString(CultureInfo.InvariantCulture)} two control cycles had passed without recovery: the runbook's full pause is due");
                terminal.Line($"  {WatchCommand.Pause}");
            }

            terminal.Line(string.Create(CultureInfo.InvariantCulture, $"{samples.Samples.Count} samples; at the end alpha {replay.End.Alpha}, prior {replay.End.Prior}. Nothing was steered."));
            terminal.Json("agijobs.thermostat-replay/1", exit, writer =>
            {
                writer.WriteNumber("samples", samples.Samples.Count);
                writer.WriteNumber("refused", samples.Refused.Count);
                writer.WriteStartArray("adjustments");
                foreach (var (place, _, reading) in replay.Readings)
                {
                    if (reading.Adjustment is { } move)
                    {
                        writer.WriteStartObject();
                        writer.WriteNumber("sample", place);
                        writer.WriteString("reason", move.Reason);
                        writer.WriteNumber("average", move.Average);
                        writer.WriteNumber("alpha", move.Alpha);
                        writer.WriteNumber("prior", move.Prior);
                        writer.WriteString("note", move.Note);
                        writer.WriteEndObject();
                    }
                }

                writer.WriteEndArray();
                if (replay.EscalatedAt is { } at)
                {
                    writer.WriteNumber("pauseDueAt", at);
                }

                writer.WritePropertyName("state");
                replay.End.WriteTo(writer);
            });
            return exit;
        });
        return command;
    }

    private static Command Baseline(CommonOptions options, CommandEnvironment environment)
    {
        var file = SamplesArgument();
        var output = new Option<string>("--out") { Description = "where the baseline goes", HelpName = "FILE", Required = true };
        var command = new Command("baseline", "keep the average ROI of a file's samples, for compare") { file, output };
        Run(command, options, environment, (terminal, parsed) =>
        {
            var samples = Read(environment, parsed.GetValue(file)!, terminal);
            var baseline = RoiBaseline.Of([.. samples.Samples.Select(one => one.Sample)]);
            var path = Path.GetFullPath(parsed.GetValue(output)!, environment.CurrentDirectory);
            var exit = samples.Refused.Count > 0 ? ExitCode.Findings : ExitCode.Clean;
            void Write(Utf8JsonWriter writer)
            {
                writer.WriteString("mean", baseline.Mean.ToString(CultureInfo.InvariantCulture));
                writer.WriteNumber("samples", baseline.Samples);
            }

            AtomicFile.Write(path, Encoding.UTF8.GetBytes(Terminal.Document(BaselineSchema, exit, Write) + "\n"));
            terminal.Line(string.Create(CultureInfo.InvariantCulture, $"baseline {baseline.Mean:0.####} of {baseline.Samples} samples"));
            terminal.Line($"wrote {path}");
            terminal.Json(BaselineSchema, exit, Write);
            return exit;
        });
        return command;
    }

    private static Command Compare(CommonOptions options, CommandEnvironment environment)
    {
        var file = SamplesArgument();
        var against = new Option<string>("--baseline") { Description = "what 'thermostat baseline' wrote", HelpName = "FILE", Required = true };
        var command = new Command("compare", "the average ROI of a file's samples against a baseline. Exit 3: more than 10 % off, finance is to be told, or something in the file is no sample") { file, against };
        Run(command, options, environment, (terminal, parsed) =>
        {
            var baseline = ReadBaseline(environment, parsed.GetValue(against)!);
            var samples = Read(environment, parsed.GetValue(file)!, terminal);
            if (samples.Samples.Count == 0)
            {
                throw new HgmException("no-samples", "There is no sample to compare.", "Give a file with samples.");
            }

            var mean = samples.Samples.Sum(one => one.Sample.Roi) / samples.Samples.Count;
            var current = new RoiBaseline(mean, samples.Samples.Count);
            var escalates = baseline.Escalates(current);
            var exit = escalates || samples.Refused.Count > 0 ? ExitCode.Findings : ExitCode.Clean;
            terminal.Line(string.Create(CultureInfo.InvariantCulture, $"baseline {baseline.Mean:0.####} of {baseline.Samples} samples, now {mean:0.####} of {current.Samples}: {100 * baseline.Deviation(current):+0.00;-0.00;0.00} %"));
            terminal.Line(escalates ? "FINDING more than 10 % off the baseline: tell finance" : "within 10 % of the baseline");
            terminal.Json("agijobs.roi-compare/1", exit, writer =>
            {
                writer.WriteNumber("baseline", baseline.Mean);
                writer.WriteNumber("current", mean);
                writer.WriteNumber("deviation", baseline.Deviation(current));
                writer.WriteBoolean("tellFinance", escalates);
                writer.WriteNumber("refused", samples.Refused.Count);
            });
            return exit;
        });
        return command;
    }

    private static Argument<string> SamplesArgument() => new("file") { Description = "samples of ROI: what 'thermostat watch' printed, one JSON object a line, or a JSON list", HelpName = "FILE" };

    private static void Run(Command command, CommonOptions options, CommandEnvironment environment, Func<Terminal, ParseResult, ExitCode> action) => command.SetAction(parsed =>
    {
        try
        {
            return (int)action(new Terminal(environment.Out, environment.Error, parsed.GetValue(options.Json), color: false), parsed);
        }
        catch (HgmException problem)
        {
            throw HgmCommands.Told(problem);
        }
    });

    internal static SampleFile Read(CommandEnvironment environment, string path, Terminal terminal)
    {
        var samples = SampleFile.Read(Text(environment, path));
        foreach (var (place, code, reason) in samples.Refused)
        {
            terminal.Progress(string.Create(CultureInfo.InvariantCulture, $"FINDING {path}:{place}: {reason} [{code}]"));
        }

        return samples.Samples.Count > 0 ? samples : throw new HgmException("no-samples", $"{path} has no sample.", "Give a file with one JSON object a line, with roi or with value and cost.");
    }

    private static RoiBaseline ReadBaseline(CommandEnvironment environment, string path)
    {
        try
        {
            using var json = JsonDocument.Parse(Text(environment, path));
            var root = json.RootElement;
            if (root.GetProperty("schema").GetString() is BaselineSchema && decimal.TryParse(root.GetProperty("mean").GetString(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var mean) && mean > 0m)
            {
                return new RoiBaseline(mean, root.GetProperty("samples").GetInt32());
            }
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
        }

        throw new HgmException("bad-baseline", $"{path} is no baseline.", "Make one: agijobs thermostat baseline FILE --out FILE");
    }

    private static string Text(CommandEnvironment environment, string path)
    {
        try
        {
            return File.ReadAllText(Path.GetFullPath(path, environment.CurrentDirectory));
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new HgmException("file-unreadable", $"{path} cannot be read: {problem.Message}", "Name a file that exists.");
        }
    }

    internal static string Words(ThermostatReading reading, long? appliedAt = null)
    {
        var average = reading.Average?.ToString("0.0000", CultureInfo.InvariantCulture);
        return reading.Outcome switch
        {
            ThermostatOutcome.Refused => $"refused: {reading.Note}",
            ThermostatOutcome.Filling => "the window is not full",
            ThermostatOutcome.Inside => $"average {average} is inside the band",
            ThermostatOutcome.CoolingDown => $"average {average} is outside, cooling down",
            ThermostatOutcome.AtBounds => $"average {average} is outside, both parameters stand at their bounds{Note(reading.Note)}",
            _ => string.Create(CultureInfo.InvariantCulture, $"average {average}: {(appliedAt is null ? "Recommended" : "Applied")} adjustment ({reading.Adjustment!.Reason}): widening_alpha {reading.Adjustment.OldAlpha:0.000}->{reading.Adjustment.Alpha:0.000}, thompson_prior {reading.Adjustment.OldPrior:0.000}->{reading.Adjustment.Prior:0.000}{Note(reading.Note)}{(appliedAt is { } version ? $" at version {version}" : "")}"),
        };
    }

    private static string Note(string? note) => note is null ? "" : $"; {note}";
}
