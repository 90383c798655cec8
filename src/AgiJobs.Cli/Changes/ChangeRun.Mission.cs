using System.Globalization;
using System.Text;
using AgiJobs.Cli.Owner;
using AgiJobs.Control;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Execution;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Cli.Changes;

/// <content>The plan of a mission: the change with everything that its owners judge it by. Nothing is sent.</content>
internal sealed partial class ChangeRun
{
    /// <summary>Simulates the change and writes the plan to a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="findings">What planning found.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<ExitCode> MissionAsync(string folder, IReadOnlyList<string> findings, CancellationToken cancellation)
    {
        var simulation = await SimulateAsync(cancellation).ConfigureAwait(false);
        var set = session.Protocol.Modules.SelectMany(module => module.Parameters).Where(parameter => Document.Steps.Any(step => step.Target == parameter.Module.Address && parameter.SetBy(step.Calldata) is not null)).ToList();
        List<string> guards =
        [
            .. set.Where(parameter => parameter.Bounds.Length > 0).Select(parameter => $"{parameter.FullName} is kept within its bounds, {parameter.Bounds}"),
            .. session.Protocol.Modules.SelectMany(module => module.Rules).Where(rule => rule.Parameters.Any(set.Contains)).Select(rule => $"kept: {rule}"),
        ];
        IReadOnlyList<GateRefusal> refused = [];
        var approvals = new List<string>();
        if (session.Policy is { } policy)
        {
            var rails = new Guardrails(policy.File, session.Protocol);
            guards.AddRange(rails.MovesOf(Document).SelectMany(move => rails.For(move.Parameter).Select(rail => string.Create(CultureInfo.InvariantCulture, $"guardrail {rail.Parameter} on {move.Parameter.FullName}: at most {rail.MaxChange ?? "anything"} in one change, {rail.CooldownHours ?? 0} hours of rest, {rail.Quorum ?? 0} approvers at least"))));
            refused = rails.Refusals(Document, new ChangeStore(session.Workspace, session.Environment.Time).Survey(), session.Environment.Time.GetUtcNow());
            approvals.AddRange(policy.DemandsOf(Document, session.Protocol).Requirements.Select(requirement => string.Create(CultureInfo.InvariantCulture, $"{requirement.What}: {requirement.Count}")));
        }
        else
        {
            approvals.Add(GateDecision.NotManaged);
        }

        var point = Authority(await session.ClientAsync(cancellation).ConfigureAwait(false));
        switch (await point.AskAsync(change, new ChangeDemands(ChangeNature.Of(Document, session.Protocol), [], [], new GatePolicy()), cancellation).ConfigureAwait(false))
        {
            case GateNotPassed no:
                refused = [.. refused, new GateRefusal(no.Code, no.Why, no.Command)];
                break;
            case GateNotConnected unknown:
                findings = [.. findings, $"{point.Name}: {unknown.Why}"];
                break;
            case GatePassed passed:
                guards.Add($"{point.Name}: {passed.How}");
                break;
        }

        var plan = new MissionPlan(change, simulation, guards, refused, approvals, findings);
        plan.WriteTo(folder);
        AtomicFile.Write(Path.Combine(folder, "brief.md"), Encoding.UTF8.GetBytes(Brief.Write(Document, session.Labels)));
        if (IsSafe)
        {
            var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
            IReadOnlyList<SafeCarrier> queue = await SafeCarrier.QueueAsync(client, change, cancellation).ConfigureAwait(false);
            foreach (var (carrier, index) in queue.Select((carrier, index) => (carrier, index)))
            {
                // Without a date of its own, so that the same state gives the same bytes at any block.
                AtomicFile.Write(Path.Combine(folder, index == 0 ? "safe-batch.json" : string.Create(CultureInfo.InvariantCulture, $"safe-batch-{index + 1}.json")), carrier.ToTransactionBuilder(DateTimeOffset.UnixEpoch));
            }
        }

        Terminal.Line(plan.ToMarkdown().TrimEnd('\n'));
        Terminal.Progress($"wrote {Path.Combine(folder, "plan.md")}");
        Terminal.Json("agijobs.mission-plan/1", plan.Exit, plan.Write);
        return plan.Exit;
    }
}
