using System.CommandLine;

namespace AgiJobs.Cli.Serving;

/// <summary><c>serve</c>: runs services until it is told to stop. What it runs is loaded when it runs; other commands know nothing of it.</summary>
internal static class ServeCommand
{
    /// <summary>Its name, by which the command line knows that its end may take a while.</summary>
    public const string Name = "serve";

    /// <summary>How long it may take from the signal to the end: the longest drain that can be set, and a little.</summary>
    public static TimeSpan LongestEnd { get; } = TimeSpan.FromSeconds(630);

    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var roles = new Option<string>("--roles") { Description = "what to serve: api, gateway, arena, hgm, monitor, with commas between", HelpName = "ROLES", DefaultValueFactory = _ => "api,gateway,arena,hgm,monitor" };
        var listen = new Option<string?>("--listen") { Description = "IP address and port; default: config/services.json, else 127.0.0.1:8420; port 0 takes a free one", HelpName = "ADDRESS" };
        var command = new Command(Name, "run the services of a network until SIGTERM or Ctrl+C: standings and health (api), the agents' gateway, the arena's orchestrator, the drive of HGM runs that nobody drives (hgm), the watch over the chain and its index (monitor). The log is lines of JSON on the error stream") { options.Signers, roles, listen };
        Session.Run(command, options, environment, (session, parsed, cancellation) => ServeRun.RunAsync(session, parsed.GetValue(roles)!, parsed.GetValue(listen), cancellation));
        return command;
    }
}
