using System.CommandLine;
using System.Globalization;
using AgiJobs.Cli.Changes;
using AgiJobs.Cli.Hgm;
using AgiJobs.Control;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Hgm;
using AgiJobs.Hgm.Laws;
using AgiJobs.Steering.Thermostats;


namespace AgiJobs.Cli.Thermostats;

/// <summary><c>thermostat watch</c>: the thermostat at work on a live run, or looking on. A line for each sample, which <c>baseline</c>, <c>compare</c> and <c>replay</c> read back.</summary>
internal static class WatchCommand
{
    /// <summary>What is due when moves have failed twice.</summary>
    public const string Pause = "agijobs owner system-pause --action pause --execute";

    private const string DefaultPrometheus = "http://localhost:9090";
    private const int MostFailures = 3;

    private static readonly TimeSpan PrometheusPatience = TimeSpan.FromSeconds(5);

    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var flags = new Flags();
        var law = new LawOptions();
        var command = new Command(
            "watch",
            "take a sample of a run's return again and again and steer its parameters by it. Samples come from the run itself (--run; it may be left out when the server has one live run), from Prometheus, or from a file. "
            + "With --dry-run nothing is changed anywhere, and what would be done is told. What is not said of the law is as 'agijobs config show' tells. Each sample is a line that 'thermostat baseline' and 'compare' read back. "
            + "Exit 3: two control cycles passed without recovery, the pause is due. Exit 5: the source does not answer, or gave no sample");
        flags.AddTo(command);
        law.AddTo(command);
        command.Options.Add(options.Signers);
        command.Options.Add(flags.DryRun);
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            try
            {
                return await RunAsync(session, parsed, options, flags, law, cancellation).ConfigureAwait(false);
            }
            catch (HgmException problem)
            {
                throw HgmCommands.Told(problem);
            }
        });
        return command;
    }

    private static async Task<ExitCode> RunAsync(Session session, ParseResult parsed, CommonOptions options, Flags flags, LawOptions law, CancellationToken cancellation)
    {
        var isDry = parsed.GetValue(flags.DryRun);
        var (interval, iterations) = (flags.IntervalOf(parsed), parsed.GetValue(flags.Iterations));
        if (iterations < 0)
        {
            throw new ControlException("iterations-range", ExitCode.BadInput, $"--iterations {iterations} is less than 0.", "Give how many samples to take; 0 goes on until it is stopped.");
        }

        var pauses = parsed.GetValue(flags.PauseOnEscalation);
        if (pauses && (isDry || session.NamedSigners.Count == 0))
        {
            throw new ControlException("command-line", ExitCode.BadInput, "--pause-on-escalation sends a pause, which takes --signer NAME and no --dry-run.", "Name who can pause: --signer guardian.");
        }

        // Flags over environment over profile over base; what no file says is the runbook's default.
        var steering = session.Steering(law.Flags(parsed));
        var settings = steering.Thermostat.Checked();
        foreach (var beyond in steering.BeyondProfile(session.Steering()))
        {
            session.Terminal.Progress($"FINDING {beyond}");
        }

        using var client = RunClient.Of(session, parsed.GetValue(flags.Server));
        var (kind, run) = await ChooseAsync(session, parsed, flags, client, cancellation).ConfigureAwait(false);
        if (!isDry && run is null)
        {
            throw new ControlException("run-needed", ExitCode.BadInput, "Which run is to be steered must be said.", "Give --run NAME, or look on with --dry-run.");
        }

        using var opened = isDry ? new Opened(null) : new Opened(OpenSteerer(session));
        using var http = new HttpClient { Timeout = PrometheusPatience };
        http.DefaultRequestHeaders.UserAgent.ParseAdd("agi-jobs-thermostat/1.0");
        var hand = run is null ? null : new ServedRun(client, run, opened.Signer);
        var prometheus = parsed.GetValue(flags.Prometheus) ?? DefaultPrometheus;
        ISampleSource source = kind switch
        {
            SourceKind.File => new FileSource(ThermostatCommands.Read(session.Environment, parsed.GetValue(flags.File)!, session.Terminal)),
            SourceKind.Run => new RunSource(hand!),
            _ => new PrometheusSource(http, Uri.TryCreate(prometheus, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url : throw new ControlException("prometheus-url", ExitCode.BadInput, $"--prometheus-url '{prometheus}' is no http or https URL.", $"Write it such as {DefaultPrometheus}."), parsed.GetValue(flags.Query)!, run),
        };

        // The run's own version says whether anything has happened; what Prometheus has may be the last of something that is gone.
        settings = kind == SourceKind.Prometheus ? settings with { MaxAge = flags.MaxAgeOf(parsed) ?? (interval * 4 > TimeSpan.FromMinutes(1) ? interval * 4 : TimeSpan.FromMinutes(1)) } : settings;
        using var held = Hold(session, isDry ? null : run, out var path);
        if (path is not null && parsed.GetValue(flags.Forget))
        {
            File.Delete(path);
        }

        var rule = parsed.GetValue(flags.Law) is "cost-ratio" ? ThermostatRule.CostRatio : ThermostatRule.Simple;
        if (rule == ThermostatRule.CostRatio && run is null)
        {
            throw new ControlException("run-needed", ExitCode.BadInput, "The cost ratio is measured in a run.", "Give --run NAME.");
        }

        var watch = new ThermostatWatch(settings, rule, source, hand, path is null ? null : new MemoryFile(path), law.From(parsed), session.Environment.Time);
        var report = new WatchReport(session, run, kind switch { SourceKind.Run => client.Url.ToString(), SourceKind.File => parsed.GetValue(flags.File)!, _ => prometheus }, isDry);
        var exit = await LoopAsync(session, watch, report, interval, iterations, cancellation).ConfigureAwait(false);
        if (report.HasEscalated)
        {
            report.Escalated(pauses ? null : Pause);
            exit = pauses ? await PauseAsync(session, run!).ConfigureAwait(false) : ExitCode.Findings;
        }

        report.Document(exit, watch.Memory);
        return exit;
    }

    private static async Task<ExitCode> LoopAsync(Session session, ThermostatWatch watch, WatchReport report, TimeSpan interval, int iterations, CancellationToken cancellation)
    {
        var failures = 0;
        for (var look = 1; iterations == 0 || look <= iterations; look++)
        {
            try
            {
                if (look > 1)
                {
                    await Task.Delay(interval, session.Environment.Time, cancellation).ConfigureAwait(false);
                }

                var step = await watch.LookAsync(cancellation).ConfigureAwait(false);
                failures = 0;
                report.Told(step, watch.Memory.State);
                if (step.Escalates || step.IsEnd)
                {
                    break;
                }
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                break;
            }
            catch (ControlException problem) when (problem.Exit == ExitCode.Unknown && look > 1 && ++failures <= MostFailures)
            {
                session.Terminal.Progress($"FINDING {problem.Message} [{problem.Code}]; asked again ({failures} of {MostFailures})");
            }
        }

        if (report.Samples == 0 && !cancellation.IsCancellationRequested)
        {
            throw new ControlException("no-samples", ExitCode.Unknown, "There was no sample in all this time: nothing is known of the return.", "A run that has spent nothing has no return yet; 'agijobs hgm list' shows how runs stand.");
        }

        return failures > 0 ? ExitCode.Unknown : ExitCode.Clean;
    }

    private static async Task<(SourceKind Kind, string? Run)> ChooseAsync(Session session, ParseResult parsed, Flags flags, RunClient client, CancellationToken cancellation)
    {
        var (file, run) = (parsed.GetValue(flags.File), parsed.GetValue(flags.Run));
        var isPrometheus = parsed.GetValue(flags.Prometheus) is not null;
        if (file is not null && isPrometheus)
        {
            throw new ControlException("command-line", ExitCode.BadInput, "--file and --prometheus-url are two sources.", "Give one of them.");
        }

        if (file is not null || isPrometheus || run is not null)
        {
            return (file is not null ? SourceKind.File : isPrometheus ? SourceKind.Prometheus : SourceKind.Run, run);
        }

        IReadOnlyList<string> live;
        try
        {
            live = await client.LiveAsync(cancellation).ConfigureAwait(false);
        }
        catch (ControlException problem) when (parsed.GetValue(flags.Server) is null)
        {
            session.Terminal.Progress($"no server of the network at {client.Url} [{problem.Code}]: Prometheus at {DefaultPrometheus} is asked");
            return (SourceKind.Prometheus, null);
        }

        return live is [var only]
            ? (SourceKind.Run, only)
            : throw new ControlException(
                "run-needed",
                ExitCode.BadInput,
                live.Count == 0 ? $"The server {client.Url} has no live run." : $"The server {client.Url} has {live.Count} live runs: {string.Join(", ", live)}.",
                live.Count == 0 ? "Begin one: agijobs hgm run NAME --detach" : "Name one: --run NAME.");
    }

    // Of several signers the first who may steer signs for that; the others are there for the pause.
    private static ISigner OpenSteerer(Session session)
    {
        var people = session.Workspace.Operators(session.Network) is { } file ? new OperatorBook(file) : null;
        var named = session.NamedSigners;
        var one = named.FirstOrDefault(signer => people?.Of(signer.Address)?.Duties.Any(duty => duty is Duty.Operator or Duty.Finance) ?? false) ?? (named.Count > 0 ? named[0] : null)
            ?? throw new ControlException("signer-needed", ExitCode.BadInput, "Who steers must be said: every change is signed and recorded.", "Give --signer NAME of a person with the duty operator or finance, or look on with --dry-run.");
        return SignerBook.Open(one, session.NetworkFile.ChainId);
    }

    private static FileLock? Hold(Session session, string? run, out string? path)
    {
        path = run is null ? null : session.Workspace.Locate("storage", "state", "thermostat", session.Network, $"{run}.json");
        if (path is null)
        {
            return null;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return FileLock.TryTake(path + ".lock") ?? throw new ControlException("thermostat-running", ExitCode.Refused, $"Another thermostat of this workspace steers the run '{run}'.", "End it first: two of them would answer each other.");
    }

    // The runbook's own command with everything that it does; what it prints goes where it disturbs no samples.
    private static async Task<ExitCode> PauseAsync(Session session, string run)
    {
        session.Terminal.Progress($"two control cycles of run '{run}' passed without recovery: {Pause}");
        string[] line = [.. Pause.Split(' ')[1..], "--network", session.Network, "--workspace", session.Workspace.Root, .. session.NamedSigners.SelectMany(signer => (string[])["--signer", signer.Name])];
        var exit = (ExitCode)await CommandLine.RunAsync(line, session.Environment with { Out = session.Environment.Error }).ConfigureAwait(false);
        return exit == ExitCode.Clean ? ExitCode.Findings : exit;
    }

    private enum SourceKind
    {
        Run,
        Prometheus,
        File,
    }

    private readonly struct Opened(ISigner? signer) : IDisposable
    {
        public ISigner? Signer { get; } = signer;

        public void Dispose() => (Signer as IDisposable)?.Dispose();
    }

    private sealed class Flags
    {
        public Option<string?> Run { get; } = new("--run") { Description = "the run, by its name on the server; also the label 'run' of the series where samples come from Prometheus", HelpName = "NAME" };

        public Option<string?> Server { get; } = SteerCommand.Server();

        public Option<string?> Prometheus { get; } = new("--prometheus-url") { Description = $"take samples from Prometheus; {DefaultPrometheus} when no server of the network is found", HelpName = "URL" };

        public Option<string> Query { get; } = new("--query") { Description = "what Prometheus is asked; it must give one series", HelpName = "QUERY", DefaultValueFactory = _ => "hgm_roi" };

        public Option<string?> File { get; } = new("--file") { Description = "take the samples of a file, one after the other", HelpName = "FILE" };

        public Option<string> Interval { get; } = new("--interval") { Description = "seconds between samples", HelpName = "SECONDS", DefaultValueFactory = _ => "15" };

        public Option<int> Iterations { get; } = new("--iterations") { Description = "how many samples to take; 0 goes on until it is stopped or the run is over", HelpName = "N", DefaultValueFactory = _ => 0 };

        public Option<string?> MaxAge { get; } = new("--max-age") { Description = "how many seconds old a sample of Prometheus may be; default: four intervals, a minute at least", HelpName = "SECONDS" };

        public Option<string> Law { get; } = new("--law") { Description = "simple: by ROI, the runbooks' rule; cost-ratio: by what an expansion costs in evaluations, measured in the run (docs/hgm.md compares them). With cost-ratio the band escalates nothing", HelpName = "NAME", DefaultValueFactory = _ => "simple" };

        public Option<bool> PauseOnEscalation { get; } = new("--pause-on-escalation") { Description = "when two control cycles passed without recovery, pause the whole system with the signers named" };

        public Option<bool> Forget { get; } = new("--forget") { Description = "begin with an empty window, whatever an earlier thermostat of this run remembered" };

        public Option<bool> DryRun { get; } = new("--dry-run") { Description = "look on: change nothing anywhere, and keep nothing" };

        public void AddTo(Command command)
        {
            Law.AcceptOnlyFromAmong("simple", "cost-ratio");
            foreach (var option in new Option[] { Run, Server, Prometheus, Query, File, Interval, Iterations, MaxAge, Law, PauseOnEscalation, Forget })
            {
                command.Options.Add(option);
            }
        }

        public TimeSpan IntervalOf(ParseResult parsed) => Seconds("--interval", parsed.GetValue(Interval)!, TimeSpan.Zero);

        public TimeSpan? MaxAgeOf(ParseResult parsed) => parsed.GetValue(MaxAge) is { } text ? Seconds("--max-age", text, TimeSpan.FromMilliseconds(1)) : null;

        private static TimeSpan Seconds(string option, string text, TimeSpan least) =>
            decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds <= 86_400 && TimeSpan.FromSeconds((double)seconds) is var time && time >= least
                ? time
                : throw new ControlException("number-format", ExitCode.BadInput, $"{option} '{text}' is no time of at most a day.", "Write it in seconds, such as 15 or 0.5.");
    }
}
