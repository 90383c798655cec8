using System.CommandLine;
using AgiJobs.Cli.Output;
using AgiJobs.Hgm;
using AgiJobs.Hgm.Simulation;
using AgiJobs.Steering.Plots;
using AgiJobs.Steering.Reports;
using SteeringStudy = AgiJobs.Hgm.Simulation.Steering;

namespace AgiJobs.Cli.Hgm;

/// <summary><c>hgm table</c>: the paper's tables beside simulated runs. Reads no workspace and no network, and writes nothing but the plots that it is asked for.</summary>
internal static class TableCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var ablations = new Option<bool>("--ablations") { Description = "what each part of the algorithm is worth, instead of the paper's tables" };
        var sweep = new Option<bool>("--sweep") { Description = "HGM against its rivals in 54 worlds, instead of the paper's tables" };
        var alphas = new Option<bool>("--alphas") { Description = "the widening exponent against what an expansion costs, instead of the paper's tables" };
        var steering = new Option<bool>("--steering") { Description = "the widening exponent left alone, steered by ROI and steered by costs, instead of the paper's tables" };
        var plots = new Option<string?>("--plots") { Description = "draw the tables too, as SVG files in this folder", HelpName = "DIR" };
        var study = new StudyOptions(400);
        var command = new Command("table", "Tables 1 and 2 of the HGM paper beside simulated runs over many seeds, with standard errors, and frankly: fitted, predicted, not reproduced, or too few seeds to tell") { ablations, sweep, alphas, steering, plots };
        study.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            var asked = study.Of(parsed);
            var tables = new List<ReportTable>();
            var drawn = new List<(string Name, Chart Plot)>();
            if (parsed.GetValue(ablations))
            {
                tables.Add(Ablations.Compute(asked, cancellation));
                drawn.Add(StudyPlots.Ablation(tables[^1]));
            }

            if (parsed.GetValue(sweep))
            {
                tables.Add(Sweeps.Worlds(asked, cancellation));
                drawn.AddRange(StudyPlots.Worlds(tables[^1]));
            }

            if (parsed.GetValue(alphas))
            {
                tables.Add(Sweeps.Alphas(asked, cancellation));
                drawn.Add(StudyPlots.Alphas(tables[^1]));
            }

            if (parsed.GetValue(steering))
            {
                tables.Add(SteeringStudy.Compute(asked, cancellation));
                drawn.Add(StudyPlots.Steered(tables[^1]));
            }

            if (tables.Count == 0)
            {
                tables.AddRange(PaperTables.Compute(asked, cancellation));
                drawn.AddRange(StudyPlots.Of(tables));
            }

            var terminal = new Terminal(environment.Out, environment.Error, parsed.GetValue(options.Json), color: false);
            if (parsed.GetValue(plots) is { } path)
            {
                Draw(new ReportFolder(Path.GetFullPath(path, environment.CurrentDirectory)), drawn, terminal);
            }

            return Task.FromResult((int)study.Print(parsed, terminal, "agijobs.hgm-table/1", asked, tables));
        });
        return command;
    }

    private static void Draw(ReportFolder folder, IReadOnlyList<(string Name, Chart Plot)> drawn, Terminal terminal)
    {
        try
        {
            foreach (var (name, plot) in drawn)
            {
                folder.Put(name, plot.ToSvg());
            }
        }
        catch (HgmException problem)
        {
            throw HgmCommands.Told(problem);
        }

        terminal.Progress($"drawn in {folder.Path}: {string.Join(", ", folder.Written)}");
    }
}
