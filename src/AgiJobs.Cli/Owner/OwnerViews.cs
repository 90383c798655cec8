using System.CommandLine;
using System.Text.Json;
using AgiJobs.Cli.Output;
using AgiJobs.Control;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Desired;
using AgiJobs.Control.Drift;
using AgiJobs.Control.Reports;

namespace AgiJobs.Cli.Owner;

/// <summary>What the views of one snapshot have in common: how they are read and in which form they are printed.</summary>
internal static class OwnerViews
{
    /// <summary>The form of a view.</summary>
    public static Option<string> Format()
    {
        var format = new Option<string>("--format") { Description = "human, markdown or json; json is the same as --json", HelpName = "FORM", DefaultValueFactory = _ => "human" };
        format.AcceptOnlyFromAmong("human", "markdown", "json");
        return format;
    }

    /// <summary>The first block that is looked at for what happened.</summary>
    public static Option<ulong?> FromBlock() => new("--from-block") { Description = "the first block whose events are looked at; default: what the manifest says under since, else the first of the chain", HelpName = "N" };

    /// <summary>The snapshot and what it is held against.</summary>
    public static async Task<(DriftReport Report, DesiredState Desired, ExecutedState Executed)> DriftAsync(Session session, CancellationToken cancellation)
    {
        var desired = DesiredState.Load(session.Workspace, session.Network, session.Protocol);
        var state = await session.ObserveWholeAsync(cancellation, besides: ListViews.Calls).ConfigureAwait(false);
        var executed = ExecutedState.Read(new ChangeStore(session.Workspace, session.Environment.Time).Survey(), session.Network, state.ChainId);
        var manifest = (session.Workspace.Manifest(session.Network), Path.GetRelativePath(session.Workspace.Root, session.Workspace.ManifestPath(session.Network)));
        return (DriftReport.Of(session.Network, state, desired, executed, manifest), desired, executed);
    }

    /// <summary>The report with what caused everything that differs.</summary>
    public static async Task<DriftReport> ExplainAsync(Session session, DriftReport report, ExecutedState executed, ulong? from, CancellationToken cancellation) =>
        await new DriftAttribution(await session.ClientAsync(cancellation).ConfigureAwait(false), executed) { Since = Since(session, from), OnProgress = session.Terminal.Progress }.ExplainAsync(report, cancellation).ConfigureAwait(false);

    /// <summary>The first block that is looked at for a module.</summary>
    public static Func<Module, ulong> Since(Session session, ulong? from)
    {
        var manifest = session.Workspace.Manifest(session.Network);
        return module => from ?? manifest.Modules[module.Name].Since;
    }

    /// <summary>Prints a view in the form that was asked for.</summary>
    public static ExitCode Print(Session session, string format, ReportPage page, string schema, ExitCode exit, Action<Utf8JsonWriter> body)
    {
        if (session.Terminal.IsJson || string.Equals(format, "json", StringComparison.Ordinal))
        {
            var terminal = session.Terminal.IsJson ? session.Terminal : new Terminal(session.Environment.Out, session.Environment.Error, true, false);
            terminal.Json(schema, exit, body);
        }
        else if (string.Equals(format, "markdown", StringComparison.Ordinal))
        {
            session.Environment.Out.Write(page.Markdown());
        }
        else
        {
            session.Terminal.Page(page);
        }

        return exit;
    }

    /// <summary>The modules that were named; all when none was.</summary>
    /// <exception cref="ControlException"><c>module-unknown</c>.</exception>
    public static IReadOnlyList<Module> Modules(Protocol protocol, IReadOnlyList<string>? names) => names is { Count: > 0 } ? [.. names.Select(name => protocol[name]).DistinctBy(module => module.Name, StringComparer.Ordinal)] : protocol.Modules;

    /// <summary>What the state is unknown of, when something that a view needs was not read.</summary>
    public static ExitCode Worst(params IEnumerable<ExitCode> exits) => exits.MaxBy(Rank);

    private static int Rank(ExitCode exit) => exit switch { ExitCode.Clean => 0, ExitCode.Findings => 1, ExitCode.Unknown => 2, ExitCode.Mismatch => 3, _ => 4 };
}
