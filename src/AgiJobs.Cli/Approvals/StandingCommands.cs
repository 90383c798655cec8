using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using AgiJobs.Cli.Changes;
using AgiJobs.Control;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Cli.Approvals;

/// <summary><c>approval standing add|list|revoke</c>: consent in advance, where minutes count.</summary>
internal static class StandingCommands
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("approval", "consent to changes");
        var standing = new Command("standing", "consent in advance to pauses, or to slashes for proven misconduct, by two approvers, within a scope and limits");
        standing.Subcommands.Add(Add(options, environment));
        standing.Subcommands.Add(List(options, environment));
        standing.Subcommands.Add(Revoke(options, environment));
        command.Subcommands.Add(standing);
        return command;
    }

    private static Command Add(CommonOptions options, CommandEnvironment environment)
    {
        var id = new Argument<string>("id") { Description = "its name: lower-case letters, digits and '-'", HelpName = "ID" };
        var purpose = new Option<string>("--purpose") { Description = "what it is for, in a sentence", HelpName = "TEXT", Required = true };
        var kinds = new Option<string[]>("--kind") { Description = "a kind of change that it covers; default: pause-system", HelpName = "KIND" };
        var modules = new Option<string[]>("--module") { Description = "a module that a covered change may call; default: every one with a pause lever", HelpName = "NAME" };
        var routes = new Option<string[]>("--route") { Description = "a kind of route that it may take: direct, safe, authorization, forwarder, timelock; default: direct", HelpName = "ROUTE" };
        var executors = new Option<string[]>("--executor") { Description = "an account that may send it, by address or by the name of its signer; may only be left out for the route authorization", HelpName = "ADDRESS|NAME" };
        var perDay = new Option<int>("--per-day") { Description = "executions within 24 hours", HelpName = "N", DefaultValueFactory = _ => 3 };
        var total = new Option<int>("--total") { Description = "executions in all", HelpName = "N", DefaultValueFactory = _ => 20 };
        var coolDown = new Option<long>("--cool-down-seconds") { Description = "seconds between two executions at least", HelpName = "SECONDS", DefaultValueFactory = _ => 0 };
        var reasons = new Option<string[]>("--reason") { Description = "with --kind slash: how a reason begins that it covers; default: auto-slash: and moderation:", HelpName = "PREFIX" };
        var perRound = new Option<string?>("--max-per-round") { Description = "with --kind slash: the most for one round, such as \"5 AGIALPHA\"", HelpName = "AMOUNT" };
        var slashPerDay = new Option<string?>("--max-per-day") { Description = "with --kind slash: the most within 24 hours", HelpName = "AMOUNT" };
        var perValidator = new Option<string?>("--max-per-validator") { Description = "with --kind slash: the most for one validator in all", HelpName = "AMOUNT" };
        var days = new Option<int>("--days") { Description = "how many days it is valid from now on", HelpName = "N", DefaultValueFactory = _ => 90 };
        var command = new Command("add", "make a standing approval and have two approvers sign it; sends nothing") { id, purpose, kinds, modules, routes, executors, perDay, total, coolDown, days, reasons, perRound, slashPerDay, perValidator };
        command.Options.Add(options.Signers);
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var policy = Managed(session);
            var now = environment.Time.GetUtcNow();
            var from = new DateTimeOffset(now.Ticks - (now.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
            if (parsed.GetValue(days) is < 1 or > 36_500)
            {
                throw new ControlException("standing-limits", ExitCode.BadInput, $"--days {parsed.GetValue(days)} is no validity.", "Give 1 or more days, at most those of the policy.");
            }

            var slash = SlashOf(session, parsed.GetValue(kinds) ?? [], parsed.GetValue(reasons) ?? [], [(perRound.Name, parsed.GetValue(perRound)), (slashPerDay.Name, parsed.GetValue(slashPerDay)), (perValidator.Name, parsed.GetValue(perValidator))]);
            var document = new StandingDocument
            {
                Version = 1,
                Id = parsed.GetValue(id)!,
                Network = session.Network,
                ChainId = session.NetworkFile.ChainId,
                Purpose = parsed.GetValue(purpose)!,
                Kinds = parsed.GetValue(kinds) is { Length: > 0 } named ? named : ["pause-system"],
                Modules = [.. (parsed.GetValue(modules) is { Length: > 0 } chosen ? chosen.Select(name => session.Protocol[name]) : session.Protocol.Modules.Where(module => slash is null ? module.Levers.Any(lever => lever.Action == Control.Description.LeverAction.Pause) : module.Actions.Any(action => string.Equals(action.Function, slash.Function, StringComparison.Ordinal)))).Select(module => new StandingModule { Name = module.Name, Address = module.Address })],
                Routes = parsed.GetValue(routes) is { Length: > 0 } ways ? [.. ways.Select(RouteOf)] : [RouteKind.Direct],
                Executors = [.. (parsed.GetValue(executors) ?? []).Select(text => text.StartsWith("0x", StringComparison.Ordinal) ? Address.Parse(text) : session.Signers.Named([text])[0].Address)],
                PerDay = parsed.GetValue(perDay),
                Total = parsed.GetValue(total),
                CoolDownSeconds = parsed.GetValue(coolDown),
                ValidFrom = from,
                ValidUntil = from + TimeSpan.FromDays(parsed.GetValue(days)),
                Slash = slash,
            };
            session.Terminal.Progress($"network {session.Network}, chain {document.ChainId}: asked to sign in advance '{document.Id}', {document.Digest()}");
            session.Terminal.Progress($"  {Scope(document)}");
            var opened = new List<OpenedSigner>();
            try
            {
                foreach (var reference in session.NamedSigners)
                {
                    opened.Add(new OpenedSigner(SignerBook.Open(reference, document.ChainId)));
                }

                _ = await session.Standings.AddAsync(document, [.. opened.Select(signer => signer.Signer)], policy, cancellation).ConfigureAwait(false);
            }
            finally
            {
                opened.ForEach(signer => signer.Dispose());
            }

            await session.RecordAsync("standing.added", null, data =>
            {
                data["id"] = document.Id;
                data["digest"] = document.Digest().ToString();
            }, cancellation).ConfigureAwait(false);
            session.Terminal.Line($"network {session.Network}, chain {document.ChainId}");
            session.Terminal.Line($"The standing approval '{document.Id}' is on file: {session.Standings.PathOf(document.Id)}");
            session.Terminal.Line($"  digest   {document.Digest()}");
            session.Terminal.Line($"  covers   {Scope(document)}");
            session.Terminal.Json("agijobs.approval-standing-add/1", ExitCode.Clean, writer => Write(writer, session, new StandingEntry(document.Id, session.Standings.Get(document.Id, policy).Approval, null, null, []), environment));
            return ExitCode.Clean;
        });
        return command;
    }

    private static Command List(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("list", "list the standing approvals of a network and what is left of each");
        Session.Run(command, options, environment, (session, _, _) =>
        {
            var entries = session.Policy is { } policy ? session.Standings.List(session.Network, policy) : [];
            var damaged = entries.Any(entry => entry.Approval is null);
            session.Terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}");
            if (session.Policy is null)
            {
                session.Terminal.Line($"FINDING {GateDecision.NotManaged}");
            }

            foreach (var entry in entries)
            {
                session.Terminal.Line($"{entry.Id}: {Word(entry, environment)}");
                if (entry.Approval is { } approval)
                {
                    session.Terminal.Line($"  {approval.Document.Purpose}");
                    session.Terminal.Line($"  {Scope(approval.Document)}");
                }
            }

            var exit = damaged ? ExitCode.Mismatch : session.Policy is null ? ExitCode.Findings : ExitCode.Clean;
            session.Terminal.Json("agijobs.approval-standing-list/1", exit, writer =>
            {
                writer.WriteString("network", session.Network);
                writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
                writer.WriteBoolean("managed", session.Policy is not null);
                writer.WriteStartArray("standing");
                foreach (var entry in entries)
                {
                    writer.WriteStartObject();
                    Body(writer, entry, environment);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
            return Task.FromResult(exit);
        });
        return command;
    }

    private static Command Revoke(CommonOptions options, CommandEnvironment environment)
    {
        var id = new Argument<string>("id") { Description = "the standing approval", HelpName = "ID" };
        var reason = new Option<string>("--reason") { Description = "why", HelpName = "TEXT", Required = true };
        var command = new Command("revoke", "end a standing approval at once; any of its signers and any approver can") { id, reason };
        command.Options.Add(options.Signers);
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var policy = Managed(session);
            var one = session.NamedSigners is [var only] ? only : throw new ControlException("signer-needed", ExitCode.BadInput, "Who revokes must be said, and it takes one person.", "Give one --signer NAME.");
            session.Terminal.Progress($"network {session.Network}, chain {session.NetworkFile.ChainId}: {one.Name} ({one.Address}) is asked to sign the end of '{parsed.GetValue(id)}': {parsed.GetValue(reason)}");
            using var opened = new OpenedSigner(SignerBook.Open(one, session.NetworkFile.ChainId));
            _ = await session.Standings.RevokeAsync(parsed.GetValue(id)!, parsed.GetValue(reason)!, opened.Signer, policy, cancellation).ConfigureAwait(false);
            var entry = session.Standings.Get(parsed.GetValue(id)!, policy);
            await session.RecordAsync("standing.revoked", null, data =>
            {
                data["id"] = entry.Id;
                data["by"] = one.Address.ToString();
                data["reason"] = parsed.GetValue(reason);
            }, cancellation).ConfigureAwait(false);
            session.Terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}");
            session.Terminal.Line($"{entry.Id}: {Word(entry, environment)}");
            session.Terminal.Json("agijobs.approval-standing-revoke/1", ExitCode.Clean, writer => Write(writer, session, entry, environment));
            return ExitCode.Clean;
        });
        return command;
    }

    // The three limits of a slash have no default: whoever signs has to have named them.
    private static StandingSlash? SlashOf(Session session, string[] kinds, string[] reasons, (string Name, string? Amount)[] limits)
    {
        if (!kinds.Contains(ChangeNature.SlashKind, StringComparer.Ordinal))
        {
            return limits.FirstOrDefault(limit => limit.Amount is not null).Name is { } stray || (stray = reasons.Length > 0 ? "--reason" : null) is not null
                ? throw new ControlException("standing-scope", ExitCode.BadInput, $"{stray} is for standing approvals of slashes.", "Add --kind slash, or leave it out.")
                : null;
        }

        if (limits.FirstOrDefault(limit => limit.Amount is null).Name is { } missing)
        {
            throw new ControlException("standing-limits", ExitCode.BadInput, $"A standing approval of slashes needs {missing}.", "Give --max-per-round, --max-per-day and --max-per-validator, each such as \"5 AGIALPHA\".");
        }

        var amounts = limits.Select(limit => new Wei(Control.Description.Unit.Of("AGIALPHA", session.Protocol.Tokens).Parse(limit.Amount!).AsInteger())).ToList();
        return new StandingSlash { Function = MisconductReport.Function.Signature, Reasons = reasons.Length > 0 ? reasons : ["auto-slash:", "moderation:"], PerRound = amounts[0], PerDay = amounts[1], PerValidator = amounts[2] };
    }

    private static ApprovalPolicy Managed(Session session) => session.Policy
        ?? throw new ControlException("approvals-not-managed", ExitCode.BadInput, $"On '{session.Network}' {GateDecision.NotManaged}, so there is nothing to approve in advance.", $"Write {session.Workspace.PolicyPath} and {session.Workspace.OperatorsPath}.");

    private static RouteKind RouteOf(string text)
    {
        foreach (var kind in Enum.GetValues<RouteKind>())
        {
            if (string.Equals(kind.ToString().ToLowerInvariant(), text, StringComparison.Ordinal))
            {
                return kind;
            }
        }

        throw new ControlException("route-unknown", ExitCode.BadInput, $"--route '{text}' is no kind of route.", $"Write one of {string.Join(", ", Enum.GetValues<RouteKind>().Select(kind => kind.ToString().ToLowerInvariant()))}.");
    }

    private static string Scope(StandingDocument document) => string.Create(
        CultureInfo.InvariantCulture,
        $"{string.Join(", ", document.Kinds)} on {document.Network}, through {string.Join(", ", document.Modules.Select(module => module.Name))}, by the routes {string.Join(", ", document.Routes.Select(route => route.ToString().ToLowerInvariant()))}, sent by {(document.Executors.Count == 0 ? "anybody" : string.Join(", ", document.Executors))}; at most {document.PerDay} in 24 hours and {document.Total} in all, {document.CoolDownSeconds} s apart, from {document.ValidFrom:yyyy-MM-dd HH:mm:ss} to {document.ValidUntil:yyyy-MM-dd HH:mm:ss} UTC{(document.Slash is { } slash ? $"; reasons that begin with {string.Join(" or ", slash.Reasons)}, at most {slash.PerRound.ToEther()} AGIALPHA for a round, {slash.PerDay.ToEther()} in 24 hours, {slash.PerValidator.ToEther()} for a validator" : "")}");

    private static string Word(StandingEntry entry, CommandEnvironment environment) =>
        entry.Problem is { } problem ? $"COVERS NOTHING: {problem}"
        : environment.Time.GetUtcNow() >= entry.Approval!.Document.ValidUntil ? "COVERS NOTHING: it has expired"
        : string.Create(CultureInfo.InvariantCulture, $"in force, used {entry.Uses.Count} of {entry.Approval.Document.Total}");

    private static void Write(Utf8JsonWriter writer, Session session, StandingEntry entry, CommandEnvironment environment)
    {
        writer.WriteString("network", session.Network);
        writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
        Body(writer, entry, environment);
    }

    private static void Body(Utf8JsonWriter writer, StandingEntry entry, CommandEnvironment environment)
    {
        writer.WriteString("id", entry.Id);
        writer.WriteBoolean("inForce", entry.Problem is null && entry.Approval is { } valid && environment.Time.GetUtcNow() < valid.Document.ValidUntil);
        writer.WriteString("problem", entry.Problem);
        writer.WriteString("code", entry.Code);
        writer.WriteNumber("uses", entry.Uses.Count);
        if (entry.Approval is { } approval)
        {
            writer.WriteString("digest", approval.Document.Digest().ToString());
            writer.WritePropertyName("document");
            JsonSerializer.Serialize(writer, approval.Document, ApprovalJson.Default.StandingDocument);
        }
    }
}
