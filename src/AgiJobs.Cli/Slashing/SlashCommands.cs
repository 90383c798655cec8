using System.CommandLine;
using System.Globalization;
using System.Numerics;
using System.Text.Json;
using AgiJobs.Arena.Alerts;
using AgiJobs.Arena.Slashing;
using AgiJobs.Cli.Arena;
using AgiJobs.Cli.Changes;
using AgiJobs.Cli.Owner;
using AgiJobs.Control;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Slashing;

/// <summary><c>arena slashes</c>, <c>arena appeal</c> and <c>arena reverse</c>: what validators are slashed for, and how it is undone.</summary>
internal static class SlashCommands
{
    private const string ReversalKind = "slash-reversal";

    /// <summary>The alerts of a session's network.</summary>
    public static AlertSettings Alerts(Session session) => AlertSettings.Of(session.Network, session.NetworkFile.ChainId, session.Workspace.Services(session.Network).Alerts);

    /// <summary>Who sends slashes for a command: <c>--signer</c>, else the signer named 'slasher'.</summary>
    /// <exception cref="ControlException"><c>slash-signer</c> when several are named; those of <see cref="Slasher"/>.</exception>
    public static SignerReference Sender(Session session) => session.NamedSigners switch
    {
        [] => Slasher(session),
        [var one] => one,
        var several => throw new ControlException("slash-signer", ExitCode.BadInput, $"Slashes are sent from one account; --signer names {several.Count}.", "Name one: --signer NAME."),
    };

    /// <summary>Who sends slashes that nobody asked for: the signer named 'slasher', and nobody in its place.</summary>
    /// <param name="session">The network.</param>
    /// <param name="taken">An account that has other work and must not be the same; null for none.</param>
    /// <exception cref="ControlException"><c>slasher-missing</c>, <c>slasher-shared</c> (exit 4).</exception>
    public static SignerReference Slasher(Session session, Address? taken = null)
    {
        var found = session.Signers.All.FirstOrDefault(signer => string.Equals(signer.Name, "slasher", StringComparison.Ordinal))
            ?? throw new ControlException("slasher-missing", ExitCode.Refused, $"No signer of '{session.Network}' is named 'slasher', and no other key is used in its place.", "Add a key that is not the orchestrator's, and give it the role: agijobs owner set-roles --allow-orchestrator ADDRESS.");
        return found.Address == taken
            ? throw new ControlException("slasher-shared", ExitCode.Refused, $"The signer 'slasher' is the orchestrator's own account {found.Address}: its nonces are used by the rounds.", "Give the slasher a key of its own with the same role.")
            : found;
    }

    public static Command Slashes(CommonOptions options, CommandEnvironment environment)
    {
        var open = new Option<bool>("--open") { Description = "only those that are not settled" };
        var command = new Command("slashes", "what validators were found to have done and what became of it, with evidence, change and transaction; exit 3 while any is held. With --execute those that wait are taken through the pipeline under their standing approval") { open };
        command.Options.Add(options.Execute);
        command.Options.Add(options.DryRun);
        command.Options.Add(options.Signers);
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            await using var store = await ServiceState.OpenAsync(session, cancellation).ConfigureAwait(false);
            var queue = new SlashDocket(store, session.Network, environment.Time);
            var execute = session.Execute;
            var sender = execute ? Sender(session) : null;
            IReadOnlyList<SlashCase> cases;
            try
            {
                cases = sender is not null
                    ? (await new Slasher(store, queue, new SlashPipeline(session, _ => sender), Alerts(session), $"command/{System.Environment.ProcessId}", environment.Time) { Tell = session.Terminal.Progress }.TickAsync(cancellation).ConfigureAwait(false)).Cases
                    : [.. (await queue.ListAsync(cancellation).ConfigureAwait(false)).Select(queued => queued.Case)];
            }
            catch (StorageException problem)
            {
                throw ServiceState.Told(problem);
            }

            var shown = cases.Where(slash => !parsed.GetValue(open) || !slash.IsSettled).ToList();
            var exit = shown.Exists(slash => slash.State == SlashState.Held) ? ExitCode.Findings : ExitCode.Clean;
            var waiting = !execute && cases.Any(slash => !slash.IsSettled);
            var terminal = session.Terminal;
            if (waiting)
            {
                terminal.Line(ChangeRun.NothingSent);
            }

            terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}: {(shown.Count == 0 ? "no slashes" : string.Create(CultureInfo.InvariantCulture, $"{shown.Count} slashes"))}");
            foreach (var slash in shown)
            {
                terminal.Line(string.Create(CultureInfo.InvariantCulture, $"{StateName(slash),-9} round {slash.Round}  {slash.Validator}  {slash.Reason}{(slash.Amount is { } amount ? $"  {new Wei(BigInteger.Parse(amount, CultureInfo.InvariantCulture)).ToEther()} AGIALPHA" : "")}"));
                foreach (var evidence in slash.Evidence)
                {
                    terminal.Line($"  evidence {evidence.What} {evidence.Digest}: {evidence.Detail}");
                }

                foreach (var (name, value) in ((string, string?)[])[("change", slash.Change), ("transaction", slash.Transaction?.ToString()), ("reversal", slash.Reversal), (StateName(slash), slash.State is SlashState.Held or SlashState.Refused ? $"{slash.History[^1].Detail} [{slash.Code}]" : null)])
                {
                    if (value is not null)
                    {
                        terminal.Line($"  {name} {value}");
                    }
                }

                foreach (var (appeal, problem) in await SlashAppeal.ListAsync(store, session.Network, session.NetworkFile.ChainId, slash.Key, cancellation).ConfigureAwait(false))
                {
                    terminal.Line(appeal is null ? $"  FINDING an appeal counts not: {problem}" : $"  appeal of {session.Labels.Describe(appeal.Signer)} on {appeal.SignedAt:yyyy-MM-dd HH:mm:ss} UTC: {appeal.Text}");
                }
            }

            if (waiting)
            {
                terminal.Line(ChangeRun.NothingSent);
            }

            terminal.Json("agijobs.arena-slashes/1", exit, writer =>
            {
                writer.WriteString("network", session.Network);
                writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
                writer.WriteStartArray("slashes");
                foreach (var slash in shown)
                {
                    writer.WriteRawValue(slash.Encode());
                }

                writer.WriteEndArray();
            });
            return exit;
        });
        return command;
    }

    public static Command Appeal(CommonOptions options, CommandEnvironment environment)
    {
        var (round, validator, reason) = Which();
        var text = new Option<string>("--text") { Description = "what speaks against the slash", HelpName = "TEXT", Required = true };
        var command = new Command("appeal", "file a signed appeal against a slash; the validator and every person of the network may. It sends nothing: people who find it right reverse the slash with 'arena reverse'") { round, validator, reason, text };
        command.Options.Add(options.Signers);
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var one = session.NamedSigners is [var only] ? only : throw new ControlException("signer-needed", ExitCode.BadInput, "Who appeals must be said, and it takes one signature.", "Give one --signer NAME.");
            await using var store = await ServiceState.OpenAsync(session, cancellation).ConfigureAwait(false);
            var slash = (await FindAsync(session, store, parsed.GetValue(round), parsed.GetValue(validator)!, parsed.GetValue(reason)!, cancellation).ConfigureAwait(false)).Case;
            session.Terminal.Progress($"network {session.Network}, chain {session.NetworkFile.ChainId}: {one.Name} ({one.Address}) is asked to sign an appeal against {slash.Key}: {parsed.GetValue(text)}");
            using var opened = new OpenedSigner(SignerBook.Open(one, session.NetworkFile.ChainId));
            var appeal = await SlashAppeal.FileAsync(store, session.Network, session.NetworkFile.ChainId, slash, parsed.GetValue(text)!, opened.Signer, session.Policy?.People, environment.Time, cancellation).ConfigureAwait(false);
            await session.RecordAsync("arena.appealed", slash.ChangeDigest, data =>
            {
                data["slash"] = slash.Key;
                data["by"] = appeal.Signer.ToString();
                data["text"] = appeal.Text;
            }, cancellation).ConfigureAwait(false);
            session.Terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}");
            session.Terminal.Line($"The appeal against {slash.Key} is on file. It decides nothing by itself:");
            session.Terminal.Line($"  agijobs arena reverse --round {slash.Round} --validator {slash.Validator} --reason-code {slash.Reason}");
            session.Terminal.Json("agijobs.arena-appeal/1", ExitCode.Clean, writer => Write(writer, session, slash, appeal));
            return ExitCode.Clean;
        });
        return command;
    }

    public static Command Reverse(CommonOptions options, CommandEnvironment environment)
    {
        var (round, validator, reason) = Which();
        var command = options.Planned(new Command("reverse", "plan the reversal of a slash that was appealed against: the treasury pays the stake back to the validator, as a change like every other; then the scoreboard counts it no more") { round, validator, reason });
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            _ = session.Execute;
            await using var store = await ServiceState.OpenAsync(session, cancellation).ConfigureAwait(false);
            var queued = await FindAsync(session, store, parsed.GetValue(round), parsed.GetValue(validator)!, parsed.GetValue(reason)!, cancellation).ConfigureAwait(false);
            var slash = queued.Case;
            if (slash.State != SlashState.Verified || slash.Amount is null)
            {
                throw new ControlException("reverse-state", ExitCode.Refused, $"The slash {slash.Key} is {StateName(slash)}{(slash.Amount is null ? ", and how much it took is not known" : "")}, and only one that the chain has can be paid back.", "'agijobs arena slashes' shows what became of it.");
            }

            if (!(await SlashAppeal.ListAsync(store, session.Network, session.NetworkFile.ChainId, slash.Key, cancellation).ConfigureAwait(false)).Any(entry => entry.Appeal is not null))
            {
                throw new ControlException("appeal-missing", ExitCode.Refused, $"Nobody has appealed against {slash.Key}.", $"agijobs arena appeal --round {slash.Round} --validator {slash.Validator} --reason-code {slash.Reason} --text TEXT --signer NAME");
            }

            TreasuryPayment.RequireFirst(session, ReversalKind, slash.Key);
            var draft = await TreasuryPayment.DraftAsync(session, [(slash.Validator, BigInteger.Parse(slash.Amount, CultureInfo.InvariantCulture), $"reversal of the slash for {slash.Reason} in round {slash.Round}")], cancellation).ConfigureAwait(false);
            ChangeDocument? planned = null;
            var exit = await WaveChange.RunAsync(session, parsed, options, ReversalKind, $"Pay back the slash of {slash.Validator} for {slash.Reason} in round {slash.Round}", draft, cancellation, instance: slash.Key, onPlanned: document => planned = document).ConfigureAwait(false);
            var queue = new SlashDocket(store, session.Network, environment.Time);
            if (planned is not null && new ChangeStore(session.Workspace, environment.Time).Find(planned.Digest().ToString()) is { } change)
            {
                await store.CommitAsync(new StateCommit { Documents = [queue.Write(queued, slash with { Reversal = change.Id })] }, cancellation).ConfigureAwait(false);
                if (session.Execute)
                {
                    // What was paid back is marked now if the books have the slash, else by the slasher.
                    _ = await new Slasher(store, queue, new SlashPipeline(session, Sender), Alerts(session), $"command/{System.Environment.ProcessId}", environment.Time) { Tell = session.Terminal.Progress, ReversesOnly = true }.TickAsync(cancellation).ConfigureAwait(false);
                }
            }

            return exit;
        });
        return command;
    }

    private static (Option<long> Round, Option<string> Validator, Option<string> Reason) Which() => (
        new Option<long>("--round") { Description = "the round", HelpName = "N", Required = true },
        new Option<string>("--validator") { Description = "who was slashed", HelpName = "ADDRESS", Required = true },
        new Option<string>("--reason-code") { Description = "for what, such as auto-slash:contradiction", HelpName = "REASON", Required = true });

    private static async Task<QueuedSlash> FindAsync(Session session, IStateStore store, long round, string validator, string reason, CancellationToken cancellation)
    {
        var key = SlashFinding.KeyOf(round, Address.Parse(validator), reason);
        try
        {
            return await new SlashDocket(store, session.Network, session.Environment.Time).FindAsync(key, cancellation).ConfigureAwait(false)
                ?? throw new ControlException("slash-unknown", ExitCode.BadInput, $"There is no slash {key} on '{session.Network}'.", "'agijobs arena slashes' lists them.");
        }
        catch (StorageException problem)
        {
            throw ServiceState.Told(problem);
        }
    }

    private static void Write(Utf8JsonWriter writer, Session session, SlashCase slash, SlashAppeal appeal)
    {
        writer.WriteString("network", session.Network);
        writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
        writer.WriteString("slash", slash.Key);
        writer.WriteString("signer", appeal.Signer.ToString());
        writer.WriteString("signedAt", appeal.SignedAt);
    }

    private static string StateName(SlashCase slash) => slash.State.ToString().ToLowerInvariant();
}
