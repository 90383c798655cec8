using System.CommandLine;
using AgiJobs.Cli.Changes;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Desired;
using AgiJobs.Control.Planning;

namespace AgiJobs.Cli.Owner;

/// <summary><c>owner mission-control</c>: drafts the plan that would mend the drift, for people to judge; it sends nothing.</summary>
internal static class MissionControlCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var folder = new Option<string>("--out") { Description = "the folder for plan.md, plan.json, brief.md and, where a Safe carries it, safe-batch.json", HelpName = "DIR", Required = true };
        var command = new Command("mission-control", "draft the wave that brings the chain to what the files want: transactions, simulation, ROI projection and guardrail impact") { folder };
        command.Options.Add(options.Signers);
        command.Options.Add(options.Instance);
        command.Options.Add(options.DryRun);
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var draft = new WaveDraft(await session.ObserveWholeAsync(cancellation).ConfigureAwait(false));
            var left = await DesiredCommands.AddAsync(session, DesiredState.Load(session.Workspace, session.Network, session.Protocol), draft, links: true, cancellation).ConfigureAwait(false);
            var planner = new WavePlanner(draft.State, session.Network, session.SignersAtHand) { Named = session.NamedSigners.Count > 0 };
            var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
            var plan = await planner.PlanAsync(client, draft, new WaveName("update-all", $"Bring {session.Protocol.Title} to its manifest", parsed.GetValue(options.Instance) ?? ""), cancellation).ConfigureAwait(false);
            var path = session.PathOf(parsed.GetValue(folder)!);
            if (plan.Change is not { } change)
            {
                return MissionPlan.Nothing(session, draft.State, left, path);
            }

            var document = parsed.GetValue(options.Instance) is null ? new ChangeStore(session.Workspace, session.Environment.Time).WithNextInstance(change) : change;
            var run = await ChangeRun.FileAsync(session, document, plan.Option, cancellation).ConfigureAwait(false);
            return await run.MissionAsync(path, [.. plan.Findings, .. left], cancellation).ConfigureAwait(false);
        });
        return command;
    }
}
