using AgiJobs.Hgm.Simulation;

namespace AgiJobs.Steering.Plots;

/// <summary>The tables of the studies as plots, from their cells: what a plot shows is what its table says.</summary>
public static class StudyPlots
{
    private const string Error = "bars: the standard error of the mean";

    /// <summary>Of <see cref="PaperTables.Compute"/>: accuracies, differences and correlations beside the paper's.</summary>
    public static IReadOnlyList<(string Name, Chart Plot)> Of(IReadOnlyList<ReportTable> tables) =>
    [
        ("hgm-accuracy.svg", Beside(
            "The chosen agent after 800 evaluations, beside the paper", "%",
            [.. tables[0].Rows.Select(row => ("SWE " + row[0].Text, row[2], row[1])), .. tables[1].Rows.Select(row => ("Polyglot " + row[0].Text, row[2], row[1]))], tables[0])),
        ("hgm-differences.svg", Beside(
            "By how much HGM is ahead, paired by seed", "points", [.. tables[2].Rows.Select(row => ($"{(row[0].Text[0] == 'S' ? "SWE" : row[0].Text)}: {row[1].Text}", row[3], row[2]))], tables[2]) with { Upright = 0 }),
        ("hgm-correlations.svg", Beside(
            "Correlation of the guiding metric with clade metaproductivity", "weighted correlation", [.. tables[4].Rows.Select(row => ($"{(row[0].Text[0] == 'S' ? "SWE" : row[0].Text)} {row[1].Text}", row[3], row[2]))], tables[4]) with { Upright = 0 }),
    ];

    /// <summary>Of <see cref="Ablations.Compute"/>: what each part is worth.</summary>
    public static (string Name, Chart Plot) Ablation(ReportTable table)
    {
        var rows = table.Rows.Where(row => row[2].Mean is not null).ToArray();
        return ("hgm-ablations.svg", new Chart("One part changed: difference to the paper's setting", "points", "", [new Series("", [.. rows.Select((row, at) => Lying(row[2], at))], Joined: false)])
        {
            Rows = [.. rows.Select(row => row[0].Text)],
            Upright = 0,
            Note = Note(table),
        });
    }

    /// <summary>Of <see cref="Sweeps.Alphas"/>: accuracy by α, a line for each κ.</summary>
    public static (string Name, Chart Plot) Alphas(ReportTable table) =>
        ("hgm-alpha.svg", new Chart("The best α falls as expansions get dearer", "α of the widening rule", "true accuracy of the chosen agent, %", [.. table.Rows.Select(row => new Series("κ = " + row[0].Text, [.. row.Skip(1).Select((cell, at) => new PlotPoint(0.5 + 0.1 * at, cell.Mean ?? double.NaN, cell.Error))]))])
        {
            Note = Note(table) + "; all runs of a line cost the same",
        });

    /// <summary>Of <see cref="Sweeps.Worlds"/>: by how much HGM is ahead in each world, and how that depends on what is inherited.</summary>
    public static IReadOnlyList<(string Name, Chart Plot)> Worlds(ReportTable table)
    {
        return [
        ("hgm-worlds.svg", new Chart("54 worlds: by how much HGM is ahead, each line in its own order", "worlds", "points", [Ranked("hgm-own", 4), Ranked("dgm", 5), Ranked("sica", 6)])
        {
            Level = 0,
            Note = Note(table),
        }),
        ("hgm-gift.svg", new Chart("What the clade is worth, by how much of the gift to change is inherited", "σ_m, the change of the heritable gift", "points ahead of hgm-own", [.. table.Rows.GroupBy(row => row[0].Text, StringComparer.Ordinal).Select((group, shade) => new Series("σ_s = " + group.Key, [.. group.Select(row => new PlotPoint((row[1].Mean ?? double.NaN) + 0.004 * (shade - 1), row[4].Mean ?? double.NaN, row[4].Error))], Joined: false))])
        {
            Level = 0,
            Note = Note(table),
        }),
        ];

        Series Ranked(string rival, int column) =>
            new("of " + rival, [.. table.Rows.OrderBy(row => row[column].Mean).Select((row, at) => new PlotPoint(at + 1, row[column].Mean ?? double.NaN, row[column].Error))], Joined: false);
    }

    /// <summary>Of <see cref="AgiJobs.Hgm.Simulation.Steering.Compute"/>: what the two ways to steer α are worth.</summary>
    public static (string Name, Chart Plot) Steered(ReportTable table)
    {
        return ("hgm-steering.svg", new Chart("Steering α: difference to a run that nobody steers", "points", "", [Way("thermostat, by ROI", 3), Way("by the cost ratio", 5)])
        {
            Rows = [.. table.Rows.Select(row => "κ = " + row[0].Text)],
            Upright = 0,
            Note = Note(table),
        });

        Series Way(string name, int column) => new(name, [.. table.Rows.Select((row, at) => Lying(row[column], at))], Joined: false);
    }

    private static Chart Beside(string title, string across, IReadOnlyList<(string Name, ReportCell Ours, ReportCell Papers)> rows, ReportTable table) =>
        new(title, across, "", [new Series("ours", [.. rows.Select((row, at) => Lying(row.Ours, at))], Joined: false), new Series("paper, one run", [.. rows.Select((row, at) => Lying(row.Papers, at)).Where(point => double.IsFinite(point.X))], Joined: false)])
        {
            Rows = [.. rows.Select(row => row.Name)],
            Note = Note(table),
        };

    private static PlotPoint Lying(ReportCell cell, int row) => new(cell.Mean ?? double.NaN, -row, cell.Error);

    // The first words of the first note: how many seeds.
    private static string Note(ReportTable table) => $"{table.Notes[0].Split(';')[0]}; {Error}";
}
