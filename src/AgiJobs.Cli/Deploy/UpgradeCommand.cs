using System.CommandLine;
using System.Text;
using AgiJobs.Cli.Owner;
using AgiJobs.Control;
using AgiJobs.Deployment;
using AgiJobs.Deployment.Upgrades;
using AgiJobs.Ethereum.Calls;

namespace AgiJobs.Cli.Deploy;

/// <summary><c>deploy upgrade MODULE</c>: a patched contract takes a module's place, through the pipeline like any change.</summary>
internal static class UpgradeCommand
{
    private const string PageName = "upgrade.md";

    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var module = new Argument<string>("module") { Description = "the module that is replaced, by its name in the description", HelpName = "MODULE" };
        var artefact = new Option<string?>("--artifact") { Description = "the compiled contract, as forge or Hardhat writes it; default: the one that this program was built with", HelpName = "FILE" };
        var argument = new Option<string[]>("--arg") { Description = "a constructor argument by its name; a list as A,B; @VIEW takes over what that view of the module in place says; default: the view that is called like it", HelpName = "NAME=VALUE", AllowMultipleArgumentsPerToken = false };
        var acknowledge = new Option<bool>("--acknowledge-migration") { Description = "go on although the old contract keeps money or other state that does not move" };
        var apart = new Option<bool>("--deploy-apart") { Description = "deploy in a transaction of its own, and wire the contract in only when its code stands and was checked; default: all in one transaction where it fits" };
        var command = options.Planned(new Command("upgrade", "deploy a patched contract at an address that follows from its content, set it up as the module in place is, and point everything to it; undone by 'change rollback'") { module, artefact, argument, acknowledge, apart });
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            _ = session.Execute;
            var name = session.Protocol[parsed.GetValue(module)!].Name;
            var path = parsed.GetValue(artefact) is { } chosen ? session.PathOf(chosen) : Path.Combine(ContractArtefact.Shipped, $"{AgiJobsDeployer.Contracts.GetValueOrDefault(name, name)}.json");
            var compiled = ContractArtefact.Load(path);
            var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
            var planner = new UpgradePlanner(client, session.WholeObserver(client), session.Workspace, session.Network) { Since = OwnerViews.Since(session, null) };
            var plan = await planner.PlanAsync(session.Protocol, PinnedBlock.AtConnect(client), new UpgradeRequest(name, compiled, Given(parsed.GetValue(argument) ?? [])), cancellation).ConfigureAwait(false);
            Say(session, plan);
            if (plan.Remainder.Migration.Count > 0 && !parsed.GetValue(acknowledge))
            {
                throw new ControlException("requires-migration", ExitCode.Refused, $"The {name} in place at {plan.Module.Address} keeps what does not move: {string.Join("; ", plan.Remainder.Migration)}.", "Have it paid out, settled or moved first, or go on with --acknowledge-migration once it is clear who does that and when.");
            }

            var files = new Dictionary<string, byte[]>(StringComparer.Ordinal)
            {
                [ManifestProposal.FileName] = plan.Manifest.Content.ToArray(),
                [ExplorerInput.FormName] = ExplorerInput.Form(path, client.ChainId, plan.Contract, compiled.CreationCode),
            };
            if (ExplorerInput.Of(path, out var why) is { } input)
            {
                files[ExplorerInput.FileName] = input;
            }
            else
            {
                session.Terminal.Progress($"FINDING no verification input for block explorers: {why}");
            }

            files[PageName] = Encoding.UTF8.GetBytes(Page(session, plan, why));
            return await WaveChange.RunAsync(session, parsed, options, "upgrade", $"Replace {name} by {plan.Contract.Address}", plan.Draft, cancellation, company: new WaveCompany(parsed.GetValue(apart), files)).ConfigureAwait(false);
        });
        return command;
    }

    private static Dictionary<string, string> Given(string[] texts)
    {
        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var text in texts)
        {
            var at = text.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0 || !given.TryAdd(text[..at], text[(at + 1)..]))
            {
                throw new ControlException("argument-format", ExitCode.BadInput, at <= 0 ? $"--arg {text} names no parameter." : $"--arg gives {text[..at]} twice.", "Write --arg NAME=VALUE, each name once.");
            }
        }

        return given;
    }

    private static void Say(Session session, UpgradePlan plan)
    {
        var terminal = session.Terminal;
        terminal.Progress($"network {session.Network}, chain {plan.Draft.State.ChainId}: {plan.Module.Name} at {plan.Module.Address} is replaced by {plan.Contract.Address}{(plan.Contract.Stands ? ", where exactly the wanted code stands already; it is not deployed again" : "")}");
        terminal.Progress($"  CREATE2 through {PredictedContract.Factory.Address}, salt {plan.Contract.Salt}, code {plan.Contract.CodeHash}");
        foreach (var argument in plan.Arguments)
        {
            terminal.Progress($"  {argument.Parameter.Name} = {argument.Value} ({argument.Source})");
        }

        foreach (var left in plan.Remainder.Migration)
        {
            terminal.Progress($"FINDING requires migration: {left}");
        }

        foreach (var finding in plan.Remainder.Begins.Concat(plan.Findings))
        {
            terminal.Progress($"FINDING {finding}");
        }
    }

    private static string Page(Session session, UpgradePlan plan, string? why)
    {
        var text = new StringBuilder();
        Line($"# {plan.Module.Name}: {plan.Module.Address} is replaced by {plan.Contract.Address}");
        Line();
        Line($"Network {session.Network}, chain {plan.Draft.State.ChainId}. CREATE2 through {PredictedContract.Factory.Address} with the salt `{plan.Contract.Salt}`. Code `{plan.Contract.CodeHash}`, immutables included{(plan.Contract.Stands ? "; it stands there already" : "")}.");
        Line();
        Line("## What the constructor is given");
        Line();
        Items(plan.Arguments.Select(argument => $"{argument.Parameter}: {argument.Value} ({argument.Source})"), "nothing");
        Line("## What does not move and has to be migrated");
        Line();
        Items(plan.Remainder.Migration, "nothing that the description tells of");
        Line("## What to know besides");
        Line();
        Items([.. plan.Remainder.Begins, .. plan.Findings, .. why is null ? Array.Empty<string>() : [$"no verification input for block explorers: {why}"]], "nothing");
        Line("## When it is executed");
        Line();
        Line($"- Compare `{ManifestProposal.FileName}` with config/owner-control.{session.Network}.json, and put it in its place: until then every view speaks of the old contract.");
        Line("- `agijobs owner surface` and `agijobs owner doctor` must be as clean as before.");
        Line($"- Give `{ExplorerInput.FileName}` and what `{ExplorerInput.FormName}` says to the block explorer.");
        Line("- Pauses in the armory that name the old contract or pin its code are worthless now: `agijobs owner armory check`.");
        return text.ToString();

        void Line(string line = "") => text.Append(line).Append('\n');

        void Items(IEnumerable<string> items, string none)
        {
            foreach (var item in items.DefaultIfEmpty(none))
            {
                Line($"- {item}");
            }

            Line();
        }
    }
}
