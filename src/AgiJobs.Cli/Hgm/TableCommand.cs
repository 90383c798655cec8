using System.CommandLine;
using AgiJobs.Cli.Output;
using AgiJobs.Hgm.Simulation;
using SteeringStudy = AgiJobs.Hgm.Simulation.Steering;

namespace AgiJobs.Cli.Hgm;

/// <summary><c>hgm table</c>: the paper's tables beside simulated runs. Reads no workspace and no network, and writes nothing.</summary>
internal static class TableCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var ablations = new Option<bool>("--ablations") { Description = "what each part of the algorithm is worth, instead of the paper's tables" };
        var sweep = new Option<bool>("--sweep") { Description = "HGM against its rivals in 54 worlds, instead of the paper's tables" };
        var alphas = new Option<bool>("--alphas") { Description = "the widening exponent against what an expansion costs, instead of the paper's tables" };
        var steering = new Option<bool>("--steering") { Description = "the widening exponent left alone, steered by ROI and steered by costs, instead of the paper's tables" };
        var study = new StudyOptions(400);
        var command = new Command("table", "Tables 1 and 2 of the HGM paper beside simulated runs over many seeds, with standard errors, and frankly: fitted, predicted or not reproduced") { ablations, sweep, alphas, steering };
        study.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            var asked = study.Of(parsed);
            var tables = new List<ReportTable>();
            if (parsed.GetValue(ablations))
            {
                tables.Add(Ablations.Compute(asked, cancellation));
            }

            if (parsed.GetValue(sweep))
            {
                tables.Add(Sweeps.Worlds(asked, cancellation));
            }

            if (parsed.GetValue(alphas))
            {
                tables.Add(Sweeps.Alphas(asked, cancellation));
            }

            if (parsed.GetValue(steering))
            {
                tables.Add(SteeringStudy.Compute(asked, cancellation));
            }

            if (tables.Count == 0)
            {
                tables.AddRange(PaperTables.Compute(asked, cancellation));
            }

            var terminal = new Terminal(environment.Out, environment.Error, parsed.GetValue(options.Json), color: false);
            return Task.FromResult((int)study.Print(parsed, terminal, "agijobs.hgm-table/1", asked, tables));
        });
        return command;
    }
}
