using System.CommandLine;
using System.Globalization;
using AgiJobs.Cli.Output;
using AgiJobs.Hgm;
using AgiJobs.Steering.Evolution;

namespace AgiJobs.Cli.Hgm;

/// <summary><c>hgm compare</c>: HGM and its rivals on programs that evolve. Reads no workspace and no network, and writes nothing.</summary>
internal static class CompareCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var study = new StudyOptions(40);
        var budget = new Option<int>("--budget") { Description = "how many evaluations each run may use", HelpName = "N", DefaultValueFactory = _ => EvolutionStudy.Run.Evaluations };
        var tasks = new Option<int>("--tasks") { Description = "how many tasks there are, of all families in turn", HelpName = "N", DefaultValueFactory = _ => EvolutionStudy.Run.Tasks };
        var command = new Command("compare", "grow programs that solve the arena's tasks under each policy, at the same budget and seeds, and say frankly whether HGM beats its rivals") { budget, tasks };
        study.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var asked = study.Of(parsed);
            var terminal = new Terminal(environment.Out, environment.Error, parsed.GetValue(options.Json), color: false);
            try
            {
                var run = (EvolutionStudy.Run with { Evaluations = parsed.GetValue(budget), Tasks = parsed.GetValue(tasks) }).Checked();
                var (done, all) = (0, asked.Seeds * AgiJobs.Hgm.Policies.PolicyNames.All.Count);
                var tables = await EvolutionStudy.ComputeAsync(asked, run, Told, cancellation).ConfigureAwait(false);
                return (int)study.Print(parsed, terminal, "agijobs.hgm-compare/1", asked, tables);

                void Told()
                {
                    if (Interlocked.Increment(ref done) is var runs && runs % 50 == 0)
                    {
                        terminal.Progress(string.Create(CultureInfo.InvariantCulture, $"{runs} of {all} runs"));
                    }
                }
            }
            catch (HgmException problem)
            {
                throw HgmCommands.Told(problem);
            }
        });
        return command;
    }
}
