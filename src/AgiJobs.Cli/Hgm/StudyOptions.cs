using System.CommandLine;
using AgiJobs.Cli.Output;
using AgiJobs.Control;
using AgiJobs.Hgm.Simulation;

namespace AgiJobs.Cli.Hgm;

/// <summary>The options of a study over many seeds, and how its tables are printed.</summary>
internal sealed class StudyOptions(int seeds)
{
    private readonly Option<int> _seeds = new("--seeds") { Description = "how many runs of each kind; more make the standard errors smaller", HelpName = "N", DefaultValueFactory = _ => seeds };
    private readonly Option<ulong> _seed = new("--seed") { Description = "from which the seeds of the runs come", HelpName = "N", DefaultValueFactory = _ => 0 };
    private readonly Option<int> _threads = new("--threads") { Description = "how many runs are played at once; without influence on the numbers", HelpName = "N", DefaultValueFactory = _ => Environment.ProcessorCount };
    private readonly Option<bool> _markdown = new("--markdown") { Description = "print the tables as Markdown" };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _seeds, _seed, _threads, _markdown })
        {
            command.Options.Add(option);
        }
    }

    /// <summary>The study that the command line asks for.</summary>
    /// <exception cref="ControlException"><c>seeds-range</c>, <c>threads-range</c>.</exception>
    public Study Of(ParseResult parsed)
    {
        var (seeds, threads) = (parsed.GetValue(_seeds), parsed.GetValue(_threads));
        return seeds is < 2 or > 1_000_000 ? throw new ControlException("seeds-range", ExitCode.BadInput, $"--seeds {seeds} is not from 2 to 1000000; a single run has no standard error.", "Give 2 or more, such as --seeds 400.")
            : threads is < 1 or > 1024 ? throw new ControlException("threads-range", ExitCode.BadInput, $"--threads {threads} is not from 1 to 1024.", "Leave it out for one for each processor.")
            : new Study(seeds, parsed.GetValue(_seed), threads);
    }

    /// <summary>Prints tables as the command line asks.</summary>
    public ExitCode Print(ParseResult parsed, Terminal terminal, string schema, Study study, IReadOnlyList<ReportTable> tables)
    {
        var markdown = parsed.GetValue(_markdown);
        terminal.Text(string.Join('\n', tables.Select(table => markdown ? table.ToMarkdown() : table.ToText())));
        terminal.Json(schema, ExitCode.Clean, writer =>
        {
            writer.WriteNumber("seeds", study.Seeds);
            writer.WriteNumber("seed", study.Seed);
            writer.WriteStartArray("tables");
            foreach (var table in tables)
            {
                table.WriteTo(writer);
            }

            writer.WriteEndArray();
        });
        return ExitCode.Clean;
    }
}
