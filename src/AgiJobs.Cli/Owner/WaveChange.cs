using System.CommandLine;
using System.Globalization;
using AgiJobs.Cli.Changes;
using AgiJobs.Control;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Planning;

namespace AgiJobs.Cli.Owner;

/// <summary>What goes with a wave besides its calls.</summary>
/// <param name="DeploysApart">True gives each deployment a transaction of its own.</param>
/// <param name="Files">Files that are put beside the change, by name.</param>
internal sealed record WaveCompany(bool DeploysApart, IReadOnlyDictionary<string, byte[]> Files);

/// <summary>A wave of calls from the command line, from what is wanted to its end.</summary>
internal static class WaveChange
{
    /// <summary>Plans what <paramref name="intend"/> collects and goes as far as the command line says.</summary>
    public static async Task<ExitCode> RunAsync(Session session, ParseResult parsed, CommonOptions options, string kind, string? title, Action<WaveDraft> intend, CancellationToken cancellation, DateTimeOffset? lease = null)
    {
        _ = session.Execute;
        var draft = new WaveDraft(await session.ObserveWholeAsync(cancellation).ConfigureAwait(false));
        intend(draft);
        return await RunAsync(session, parsed, options, kind, title, draft, cancellation, lease).ConfigureAwait(false);
    }

    /// <summary>Plans a draft and goes as far as the command line says, or, where <paramref name="then"/> is given, through a Safe and on with that.</summary>
    public static async Task<ExitCode> RunAsync(Session session, ParseResult parsed, CommonOptions options, string kind, string? title, WaveDraft draft, CancellationToken cancellation, DateTimeOffset? lease = null, WaveCompany? company = null, string? instance = null, Action<ChangeDocument>? onPlanned = null, Func<ChangeRun, Task<ExitCode>>? then = null)
    {
        instance ??= parsed.GetValue(options.Instance);
        var safeFile = parsed.GetValue(options.Safe);
        var planner = new WavePlanner(draft.State, session.Network, session.SignersAtHand)
        {
            Named = session.NamedSigners.Count > 0,
            Prefer = safeFile is not null || then is not null ? RouteKind.Safe : null,
            Window = options.WindowOf(parsed),
            Demand = options.DemandOf(parsed),
            DeploysApart = company?.DeploysApart ?? false,
        };
        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        var plan = await planner.PlanAsync(client, draft, new WaveName(kind, title, instance ?? ""), cancellation).ConfigureAwait(false);
        foreach (var finding in plan.Findings)
        {
            session.Terminal.Progress($"FINDING {finding}");
        }

        if (plan.Already.Count is > 0 and <= 8)
        {
            foreach (var already in plan.Already)
            {
                session.Terminal.Progress(already);
            }
        }
        else if (plan.Already.Count > 0)
        {
            session.Terminal.Progress(string.Create(CultureInfo.InvariantCulture, $"{plan.Already.Count} values, roles and links are as they are asked for already"));
        }

        if (plan.Change is not { } change)
        {
            session.Terminal.Line($"network {session.Network}, chain {draft.State.ChainId}");
            session.Terminal.Line(string.Create(CultureInfo.InvariantCulture, $"Nothing is to be done at block {draft.State.Block}: everything is as it is asked for."));
            session.Terminal.Json("agijobs.change-none/1", ExitCode.Clean, writer =>
            {
                writer.WriteString("network", session.Network);
                writer.WriteNumber("chainId", draft.State.ChainId.Value);
                writer.WriteNumber("block", draft.State.Block.Value);
                writer.WriteStartArray("already");
                foreach (var already in plan.Already)
                {
                    writer.WriteStringValue(already);
                }

                writer.WriteEndArray();
            });
            return ExitCode.Clean;
        }

        new GuardrailSafeguard(session.Protocol, new ChangeStore(session.Workspace, session.Environment.Time), session.Environment.Time).Require(change, session.Policy);
        new SafeRouteSafeguard(session.Protocol).Require(change);
        change = lease is { } until ? change with { LeaseUntil = until } : change;
        var document = instance is null ? new ChangeStore(session.Workspace, session.Environment.Time).WithNextInstance(change) : change;
        onPlanned?.Invoke(document);
        if (document.LeaseUntil is not null)
        {
            // Both are on file before either can be approved.
            var end = document.LeaseEnd() ?? throw new ControlException("lease-lasting", ExitCode.BadInput, $"What {document.Title} grants cannot be taken back by a call, so that it cannot be leased.", "Leave --lease out.");
            var filed = await ChangeRun.FileAsync(session, end, null, cancellation).ConfigureAwait(false);
            session.Terminal.Progress($"its revocation is the change {filed.Change.Id}, from {document.LeaseUntil:yyyy-MM-dd HH:mm:ss} UTC on: approve both; the grant is not sent before the revocation is approved");
        }

        if (then is not null)
        {
            return await then(await ChangeRun.FileAsync(session, document, plan.Option, cancellation).ConfigureAwait(false)).ConfigureAwait(false);
        }

        return await ChangeRun.FromPlanAsync(session, document, plan.Option!, safeFile, cancellation, company?.Files).ConfigureAwait(false);
    }
}
