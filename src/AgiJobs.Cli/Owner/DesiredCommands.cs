using System.CommandLine;
using AgiJobs.Control;
using AgiJobs.Control.Desired;
using AgiJobs.Control.Files;
using AgiJobs.Control.Planning;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Cli.Owner;

/// <summary><c>owner update-all</c> and <c>owner apply DOMAIN</c>: what the files want is brought about on the chain, in one wave.</summary>
internal static class DesiredCommands
{
    public static Command UpdateAll(CommonOptions options, CommandEnvironment environment)
    {
        var command = options.Planned(new Command("update-all", "bring the chain to what the manifest and the catalogue files want, in one wave; ownership is left to 'owner rotate'"));
        Session.Run(command, options, environment, (session, parsed, cancellation) =>
        {
            var desired = DesiredState.Load(session.Workspace, session.Network, session.Protocol);
            return RunAsync(session, parsed, options, "update-all", $"Bring {session.Protocol.Title} to its manifest", desired, links: true, cancellation);
        });
        return command;
    }

    public static Command Apply(CommonOptions options, CommandEnvironment environment)
    {
        var domain = new Argument<string>("domain") { Description = "the domain; an unknown one lists those there are", HelpName = "DOMAIN" };
        var draft = new Option<bool>("--draft") { Description = "write the domain's file as the chain has it now, when it is not there; nothing else is done" };
        var retain = new Option<string?>("--retain-unknown") { Description = "true lets holders stay that the file does not list, false revokes them; goes before the file's own flag", HelpName = "true|false" };
        retain.Aliases.Add("--retainUnknown");
        retain.AcceptOnlyFromAmong("true", "false");
        var command = options.Planned(new Command("apply", "bring the chain to what the file of one domain of the parameter catalogue wants") { domain, draft, retain });
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var name = parsed.GetValue(domain)!;
            var found = session.Protocol.Domains.FirstOrDefault(candidate => string.Equals(candidate.Name, name, StringComparison.Ordinal))
                ?? throw new ControlException("domain-unknown", ExitCode.BadInput, $"The domain '{name}' is unknown. Known are {string.Join(", ", session.Protocol.Domains.Select(candidate => candidate.Name))}.", "Name one of these.");
            if (parsed.GetValue(draft))
            {
                return await DraftAsync(session, found, cancellation).ConfigureAwait(false);
            }

            // The whole is read as well, so that what the manifest wants differently is noticed before anything is sent.
            _ = DesiredState.Load(session.Workspace, session.Network, session.Protocol);
            var desired = DesiredState.OfDomain(session.Workspace, session.Network, session.Protocol, found);
            desired = parsed.GetValue(retain) is { } said ? desired.Retaining(said == "true") : desired;
            return await RunAsync(session, parsed, options, $"apply-{found.Name}", $"{found.Title}, as {CatalogueFile.PathOf(found, session.Network)} wants", desired, links: false, cancellation).ConfigureAwait(false);
        });
        return command;
    }

    private static async Task<ExitCode> RunAsync(Session session, ParseResult parsed, CommonOptions options, string kind, string title, DesiredState desired, bool links, CancellationToken cancellation)
    {
        _ = session.Execute;
        var draft = new WaveDraft(await session.ObserveWholeAsync(cancellation).ConfigureAwait(false));
        foreach (var finding in await AddAsync(session, desired, draft, links, cancellation).ConfigureAwait(false))
        {
            session.Terminal.Progress($"FINDING {finding}");
        }

        return await WaveChange.RunAsync(session, parsed, options, kind, title, draft, cancellation).ConfigureAwait(false);
    }

    /// <summary>Puts all that files want into a draft of a session's network.</summary>
    /// <returns>What the reader must know: what was left to other commands, and what is to be said of names and records.</returns>
    public static async Task<IReadOnlyList<string>> AddAsync(Session session, DesiredState desired, WaveDraft draft, bool links, CancellationToken cancellation)
    {
        var left = desired.AddTo(draft, links);
        return [.. left, .. await ListsAsync(session, desired, draft, cancellation).ConfigureAwait(false)];
    }

    /// <summary>Puts what files want of sets and records into a draft, and looks names up.</summary>
    public static async Task<IReadOnlyList<string>> ListsAsync(Session session, DesiredState desired, WaveDraft draft, CancellationToken cancellation)
    {
        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        var block = client.HeadAtConnect.Hash == draft.State.BlockHash ? PinnedBlock.AtConnect(client) : await PinnedBlock.AtAsync(client, BlockReference.At(draft.State.BlockHash), cancellation).ConfigureAwait(false);
        return await DesiredLists.AddAsync(desired, draft, block, cancellation).ConfigureAwait(false);
    }

    private static async Task<ExitCode> DraftAsync(Session session, Control.Description.DomainFile domain, CancellationToken cancellation)
    {
        var state = await session.ObserveWholeAsync(cancellation).ConfigureAwait(false);
        var path = session.Workspace.Locate(CatalogueFile.PathOf(domain, session.Network));
        if (!AtomicFile.TryCreate(path, CatalogueFile.Draft(state, domain)))
        {
            throw new ControlException("file-exists", ExitCode.BadInput, $"{path} is there already.", "Edit it, or move it away first; nothing was written.");
        }

        session.Terminal.Line($"network {session.Network}, chain {state.ChainId}");
        session.Terminal.Line($"wrote {path}, as the chain had it at block {state.Block}");
        session.Terminal.Json("agijobs.apply-draft/1", ExitCode.Clean, writer =>
        {
            writer.WriteString("network", session.Network);
            writer.WriteNumber("chainId", state.ChainId.Value);
            writer.WriteString("file", path);
        });
        return ExitCode.Clean;
    }
}
