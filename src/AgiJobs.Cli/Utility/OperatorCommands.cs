using System.CommandLine;
using AgiJobs.Cli.Hgm;
using AgiJobs.Control;
using AgiJobs.Hgm;
using AgiJobs.Steering.Utility;

namespace AgiJobs.Cli.Utility;

/// <summary><c>operator</c>: whether a day's work was worth it.</summary>
internal static class OperatorCommands
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("operator", "what the operator asks on the first day and every day after");
        command.Subcommands.Add(Green(options, environment));
        return command;
    }

    private static Command Green(CommonOptions options, CommandEnvironment environment)
    {
        var run = new Option<string?>("--run") { Description = "the HGM run that is measured; default: the only one there is", HelpName = "NAME" };
        var jobs = new Option<int>("--jobs") { Description = "on how many jobs root and chosen agent are compared", HelpName = "N", DefaultValueFactory = _ => RunUtility.DefaultJobs };
        var rounds = new Option<int>("--rounds") { Description = "how many of the arena's newest rounds are compared with as many before them", HelpName = "N", DefaultValueFactory = _ => 20 };
        var age = new Option<int>("--max-age") { Description = "hours that the newest record may be old", HelpName = "HOURS", DefaultValueFactory = _ => 24 };
        var output = new Option<string?>("--out") { Description = "folder of the report; default: reports/operator-green", HelpName = "DIR" };
        var scenario = new Option<string?>("--scenario") { Description = "compute a published scenario instead of measuring: micro-set", HelpName = "NAME" };
        scenario.AcceptOnlyFromAmong(MicroSetReport.Scenario);
        var strategy = new Option<string?>("--strategy") { Description = $"the scenario's strategy ({string.Join(", ", MicroSet.Strategies.Select(known => known.Name))}) or 'all'; default: {MicroSet.Default}", HelpName = "NAME" };
        var command = new Command("green", "the Day-One utility benchmark of recorded rounds and runs: is the chosen agent worth more than the root, are rounds judged and in time, is nothing paused or held, is what is recorded fresh. Exit 0 when every guardrail is held, 3 when one is missed, 5 when one is unknown")
        {
            run, jobs, rounds, age, output, scenario, strategy,
        };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            try
            {
                if (parsed.GetValue(scenario) is not null)
                {
                    return MicroSetReport.Print(session.Terminal, parsed.GetValue(strategy) ?? MicroSet.Default);
                }

                if (parsed.GetValue(strategy) is { } named)
                {
                    throw new ControlException("strategy-alone", ExitCode.BadInput, $"--strategy {named} belongs to a scenario; a measurement has no factors.", $"Add --scenario {MicroSetReport.Scenario}, or leave it out.");
                }

                return await GreenReport.RunAsync(session, new GreenAsked(parsed.GetValue(run), parsed.GetValue(jobs), parsed.GetValue(rounds), TimeSpan.FromHours(parsed.GetValue(age)), parsed.GetValue(output)), cancellation).ConfigureAwait(false);
            }
            catch (HgmException problem)
            {
                throw HgmCommands.Told(problem);
            }
        });
        return command;
    }
}
