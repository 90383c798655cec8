using System.CommandLine;
using AgiJobs.Cli.Agents;
using AgiJobs.Cli.Alerts;
using AgiJobs.Cli.Approvals;
using AgiJobs.Cli.Arena;
using AgiJobs.Cli.Assurance;
using AgiJobs.Cli.Backups;
using AgiJobs.Cli.Changes;
using AgiJobs.Cli.Configuration;
using AgiJobs.Cli.Controls;
using AgiJobs.Cli.Culture;
using AgiJobs.Cli.Deploy;
using AgiJobs.Cli.Devnet;
using AgiJobs.Cli.Drafting;
using AgiJobs.Cli.Drills;
using AgiJobs.Cli.Evidence;
using AgiJobs.Cli.Feed;
using AgiJobs.Cli.Hgm;
using AgiJobs.Cli.Incidents;
using AgiJobs.Cli.Installation;
using AgiJobs.Cli.Monitoring;
using AgiJobs.Cli.Output;
using AgiJobs.Cli.Owner;
using AgiJobs.Cli.Runbooks;
using AgiJobs.Cli.Sentinels;
using AgiJobs.Cli.Serving;
using AgiJobs.Cli.Signers;
using AgiJobs.Cli.Thermostats;
using AgiJobs.Cli.Utility;
using AgiJobs.Control;
using AgiJobs.Control.Sealing;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Steering.Configuration;

namespace AgiJobs.Cli;

/// <summary>What a command takes from the world around the process, so that tests can give it another.</summary>
/// <param name="Out">Where results go.</param>
/// <param name="Error">Where progress and refusals go.</param>
/// <param name="CurrentDirectory">Where the search for the workspace begins.</param>
/// <param name="Home">The folder of the launcher.</param>
/// <param name="ShippedConfig">The <c>config</c> folder that came with the program.</param>
/// <param name="Color">True when the output is a terminal that shows colour.</param>
/// <param name="Time">The clock.</param>
internal sealed record CommandEnvironment(TextWriter Out, TextWriter Error, string CurrentDirectory, string Home, string ShippedConfig, bool Color, TimeProvider Time)
{
    /// <summary>What a command's connections to nodes are changed to; by default nothing.</summary>
    public Func<RpcOptions, RpcOptions> Rpc { get; init; } = options => options;

    /// <summary>Stops the command as a signal does.</summary>
    public CancellationToken Stop { get; init; }

    /// <summary>How long a sent transaction is waited for.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The program itself, for what it starts as processes of their own.</summary>
    public string Program { get; init; } = System.Environment.ProcessPath ?? "agijobs";

    /// <summary>The names of the environment's variables that are set and that this program knows; their values are not kept.</summary>
    public IReadOnlySet<string> Variables { get; init; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>The environment's variables that are a layer of the settings of the HGM engine, the thermostat and the sentinel, with their values.</summary>
    public IReadOnlyDictionary<string, string> Layers { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Where <c>hgm demo</c> writes when nothing is said: the variable <c>HGM_REPORT_DIR</c>.</summary>
    public string? HgmReports { get; init; }

    /// <summary>The terminal that a person sits at; null when there is none.</summary>
    public IKeyboard? Keys { get; init; }

    /// <summary>What seals this program's own secrets, with the user's configuration folder that holds them.</summary>
    public required Seal Seal { get; init; }
}

/// <summary>The command line: parses, runs and turns every outcome into the exit code of <see cref="ExitCode"/>.</summary>
internal static class CommandLine
{
    private static readonly string[] Known = ["AGIJOBS_HOME", "AGIJOBS_CONFIG_HOME", "XDG_CONFIG_HOME", "AGIJOBS_SEAL_KEY", "AGIJOBS_SEAL_KEY_FILE", "NO_COLOR", "HGM_REPORT_DIR"];

    /// <summary>The world around this process; nothing else reads the environment's variables but a secret's reference.</summary>
    public static CommandEnvironment Environment()
    {
        var user = UserFolder.Choose(Variable("AGIJOBS_CONFIG_HOME"), Variable("XDG_CONFIG_HOME"), System.Environment.GetFolderPath(System.Environment.SpecialFolder.UserProfile, System.Environment.SpecialFolderOption.DoNotVerify));
        var home = Variable("AGIJOBS_HOME") is { Length: > 0 } told ? told : AppContext.BaseDirectory;
        var color = !Console.IsOutputRedirected && Variable("NO_COLOR") is not { Length: > 0 };
        return new CommandEnvironment(Console.Out, Console.Error, Directory.GetCurrentDirectory(), home, Path.Combine(AppContext.BaseDirectory, "config"), color, TimeProvider.System)
        {
            Variables = new HashSet<string>(Known.Where(name => Variable(name) is { Length: > 0 }), StringComparer.Ordinal),
            Layers = System.Environment.GetEnvironmentVariables().Keys.OfType<string>().Where(SteeringKeys.IsVariable).Where(name => Variable(name) is { Length: > 0 }).ToDictionary(name => name, name => Variable(name)!, StringComparer.Ordinal),
            HgmReports = Variable("HGM_REPORT_DIR"),
            Keys = ConsoleKeyboard.Find(Console.Out, TimeProvider.System),
            Seal = new Seal(user, new SealKeySource(Variable("AGIJOBS_SEAL_KEY"), Variable("AGIJOBS_SEAL_KEY_FILE"))),
        };

        static string? Variable(string name) => System.Environment.GetEnvironmentVariable(name);
    }

    /// <summary>Runs one command line.</summary>
    public static async Task<int> RunAsync(string[] arguments, CommandEnvironment environment)
    {
        var options = new CommonOptions();
        var root = Build(options, environment);
        var parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            // A line that was not understood may have lost its flags to its mistake, so they are looked for as they stand.
            var refused = new Terminal(environment.Out, environment.Error, Flag(options.Json) || arguments.Contains("--json", StringComparer.Ordinal), false);
            refused.Refusal("command-line", ExitCode.BadInput, string.Join(' ', parsed.Errors.Select(problem => problem.Message)), $"'{NameOf(parsed.CommandResult)} --help' lists what it takes.");
            return (int)ExitCode.BadInput;
        }

        var terminal = new Terminal(environment.Out, environment.Error, Flag(options.Json), environment.Color && !Flag(options.NoColor));
        try
        {
            var invocation = new InvocationConfiguration { Output = environment.Out, Error = environment.Error, EnableDefaultExceptionHandler = false };
            if (parsed.CommandResult.Command.Name is ServeCommand.Name)
            {
                // A signal begins its end, which takes as long as what is under way.
                invocation.ProcessTerminationTimeout = ServeCommand.LongestEnd;
            }

            return await parsed.InvokeAsync(invocation, environment.Stop);
        }
        catch (ControlException problem)
        {
            terminal.Refusal(problem.Code, problem.Exit, problem.Message, problem.Mend);
            Trace(problem);
            return (int)problem.Exit;
        }
        catch (EthereumException problem)
        {
            terminal.Refusal(problem.Code, ControlException.ExitOf(problem.Fault), problem.Message, null);
            Trace(problem);
            return (int)ControlException.ExitOf(problem.Fault);
        }
        catch (OperationCanceledException)
        {
            terminal.Refusal("interrupted", ExitCode.Failed, "Interrupted.", "What was already recorded is kept; run the command again to go on.");
            return (int)ExitCode.Failed;
        }
        catch (Exception problem) when (problem is not OutOfMemoryException)
        {
            terminal.Refusal("internal", ExitCode.Failed, $"This is a defect of agijobs: {problem.GetType().Name}: {problem.Message}", "Run it again with --verbose and report what it prints.");
            Trace(problem);
            return (int)ExitCode.Failed;
        }

        // A flag that was given a value it does not take has none to ask for.
        bool Flag(Option<bool> option) => parsed.GetResult(option) is { } given && !given.Errors.Any() && parsed.GetValue(option);

        void Trace(Exception problem)
        {
            if (Flag(options.Verbose))
            {
                environment.Error.WriteLine(problem);
            }
        }
    }

    private static RootCommand Build(CommonOptions options, CommandEnvironment environment)
    {
        var root = new RootCommand("AGI Jobs Owner Control: run, stop, change and answer for an on-chain protocol.");
        foreach (var option in new Option[] { options.Network, options.Workspace, options.Json, options.NoColor, options.Verbose, options.Yes })
        {
            root.Options.Add(option);
        }

        root.Subcommands.Add(InitCommand.Build(options, environment));
        root.Subcommands.Add(OwnerCommands.Build(options, environment));
        root.Subcommands.Add(ChangeCommands.Build(options, environment));
        root.Subcommands.Add(EvidenceCommands.Build(options, environment));
        root.Subcommands.Add(LedgerCommands.Build(options, environment));
        root.Subcommands.Add(StandingCommands.Build(options, environment));
        root.Subcommands.Add(SignerCommands.Build(options, environment));
        root.Subcommands.Add(FeedCommands.Build(options, environment));
        root.Subcommands.Add(ConfigCommands.Build(options, environment));
        root.Subcommands.Add(BackupCommands.Build(options, environment));
        root.Subcommands.Add(CiCommands.Build(options, environment));
        root.Subcommands.Add(ControlsCommand.Build(options, environment));
        root.Subcommands.Add(CultureCommands.Build(options, environment));
        root.Subcommands.Add(UpCommands.Up(options, environment));
        root.Subcommands.Add(UpCommands.Down(options, environment));
        root.Subcommands.Add(ArenaCommands.Build(options, environment));
        root.Subcommands.Add(DeployCommands.Build(options, environment));
        root.Subcommands.Add(DevnetCommands.Build(options, environment));
        root.Subcommands.Add(AgentCommand.Build(options, environment));
        root.Subcommands.Add(DrillCommands.Build(options, environment));
        root.Subcommands.Add(IncidentCommands.Build(options, environment));
        root.Subcommands.Add(DutyCommands.Build(options, environment));
        root.Subcommands.Add(RunbookCommands.Build(options, environment, root));
        root.Subcommands.Add(ServeCommand.Build(options, environment));
        root.Subcommands.Add(HgmCommands.Build(options, environment));
        root.Subcommands.Add(MonitoringCommands.Build(options, environment));
        root.Subcommands.Add(IndexCommands.Build(options, environment));
        root.Subcommands.Add(AlertCommands.Build(options, environment));
        root.Subcommands.Add(OnCallCommands.Build(options, environment));
        root.Subcommands.Add(SentinelCommands.Build(options, environment));
        root.Subcommands.Add(ThermostatCommands.Build(options, environment));
        root.Subcommands.Add(OperatorCommands.Build(options, environment));
        root.Subcommands.Add(DescribeCommand.Build(options, environment));
        root.Subcommands.Add(Installation.DoctorCommand.Build(options, environment));
        root.Subcommands.Add(CompletionCommand.Build(environment, root));
        RefuseFlagsAsValues(root);
        return root;
    }

    // The parser takes whatever follows an option for its value: '--instance --execute' would be a preview of an instance named '--execute'.
    private static void RefuseFlagsAsValues(Command command)
    {
        foreach (var option in command.Options)
        {
            option.Validators.Add(result =>
            {
                foreach (var token in result.Tokens.Where(token => token.Value.StartsWith("--", StringComparison.Ordinal)))
                {
                    result.AddError($"{option.Name} takes a value, and '{token.Value}' is a flag: write {option.Name} {option.HelpName ?? "VALUE"}.");
                }
            });
        }

        foreach (var inner in command.Subcommands)
        {
            RefuseFlagsAsValues(inner);
        }
    }

    private static string NameOf(System.CommandLine.Parsing.CommandResult result)
    {
        var names = new List<string>();
        for (var at = result; at is not null; at = at.Parent as System.CommandLine.Parsing.CommandResult)
        {
            names.Insert(0, at.Parent is null ? "agijobs" : at.Command.Name);
        }

        return string.Join(' ', names);
    }
}
