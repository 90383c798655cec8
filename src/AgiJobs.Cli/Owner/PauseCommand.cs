using System.CommandLine;
using AgiJobs.Control;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;

namespace AgiJobs.Cli.Owner;

/// <summary><c>owner pause [--module NAME...] --pause|--unpause</c>: single modules, with the flags of the runbook.</summary>
internal static class PauseCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var module = new Option<string[]>("--module") { Description = "a module by its name; may be given several times", HelpName = "NAME", AllowMultipleArgumentsPerToken = false };
        var pause = new Option<bool>("--pause") { Description = "stop" };
        var unpause = new Option<bool>("--unpause") { Description = "resume" };
        (Option<string?> Option, string Module)[] targets = [(Target("--arena", "the self-play arena"), "SelfPlayArena"), (Target("--stake-manager", "the stake manager"), "StakeManager")];
        var system = Target("--system-pause", "everything that the system's pause covers");
        var command = options.Changing(new Command("pause", "stop or resume single modules, or with --system-pause all of them") { module, pause, unpause, targets[0].Option, targets[1].Option, system });
        Session.Run(command, options, environment, (session, parsed, cancellation) =>
        {
            var action = (parsed.GetValue(pause), parsed.GetValue(unpause)) switch
            {
                (true, false) => LeverAction.Pause,
                (false, true) => LeverAction.Resume,
                _ => throw new ControlException("action-needed", ExitCode.BadInput, parsed.GetValue(pause) ? "--pause and --unpause contradict each other." : "Whether to stop or to resume was not said.", "Add --pause or --unpause, one of them."),
            };
            var names = new List<string>(parsed.GetValue(module) ?? []);
            foreach (var (option, name) in targets.Where(target => parsed.GetResult(target.Option) is not null))
            {
                RequireSame(session, parsed, option, name);
                names.Add(name);
            }

            var everything = parsed.GetResult(system) is not null;
            if (everything)
            {
                RequireSame(session, parsed, system, "SystemPause");
            }

            return names.Count == 0 && !everything
                ? throw new ControlException("target-needed", ExitCode.BadInput, $"What to {(action == LeverAction.Pause ? "stop" : "resume")} was not said.", "Add --module NAME, --arena, --stake-manager or --system-pause; 'agijobs owner system-pause' acts on everything.")
                : PauseChange.RunAsync(session, action, everything ? null : names, parsed.GetValue(options.Instance), parsed.GetValue(options.Safe), cancellation);
        });
        return command;
    }

    internal static Option<string?> Target(string name, string what) =>
        new(name) { Description = $"{what}; an address that follows must be the manifest's", HelpName = "ADDRESS", Arity = ArgumentArity.ZeroOrOne };

    // The runbook names addresses; those that differ from the manifest's are of another deployment, or of nobody's.
    internal static void RequireSame(Session session, ParseResult parsed, Option<string?> option, string name)
    {
        if (parsed.GetResult(option) is null)
        {
            return;
        }

        var known = session.Protocol[name].Address;
        if (parsed.GetValue(option) is { } text && Address.Parse(text) is var given && given != known)
        {
            throw new ControlException("address-other", ExitCode.BadInput, $"{option.Name} {given} is not the {name} of '{session.Network}', which the manifest has at {known}.", "Leave the address out, or correct the manifest or the network.");
        }
    }
}
