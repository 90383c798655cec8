using AgiJobs.Bench;

// bench [--write] [words...]: measures the cases whose names hold one of the words (all without words); --write renews bench/README.md.
var root = AppContext.BaseDirectory;
while (!File.Exists(Path.Combine(root, "AgiJobs.slnx")))
{
    root = Path.GetDirectoryName(root) ?? throw new InvalidOperationException("The repository root was not found above the program.");
}

var words = args.Where(static arg => arg != "--write").ToList();
BenchCase[] all = [.. HashingCases.All(), .. AbiCases.All(), .. KeysCases.All(), .. EvidenceCases.All(), .. ArenaCases.All(), .. HgmCases.All(), .. GatewayCases.All(), .. RoundCases.All(), .. WatchCases.All(), .. RuleCases.All(), .. CommandCases.All()];
bool IsWanted(BenchCase one) => words.Count == 0 || words.Exists(word => one.Name.Contains(word, StringComparison.OrdinalIgnoreCase));
var chosen = all.Where(IsWanted).ToList();

using var baseline = new Baseline(root);
var measured = new List<Measurement>();
foreach (var one in chosen)
{
    measured.Add(Runner.Measure(one, baseline));
}

var table = Report.Table(measured);
Console.Write(table);
if (args.Contains("--write"))
{
    if (chosen.Count != all.Length)
    {
        Console.Error.WriteLine("--write needs every case: leave the words out.");
        return 2;
    }

    Report.Write(Path.Combine(root, "bench", "README.md"), table);
}

return measured.TrueForAll(static one => one.Case.Target is not { } target || one.Ratio >= target) ? 0 : 1;
