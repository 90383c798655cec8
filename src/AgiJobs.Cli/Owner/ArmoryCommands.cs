using System.CommandLine;
using System.Globalization;
using AgiJobs.Cli.Changes;
using AgiJobs.Control;
using AgiJobs.Control.Armory;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Keys;

namespace AgiJobs.Cli.Owner;

/// <summary><c>owner armory add|list|check|fire|remove</c>: pauses signed in advance.</summary>
internal static class ArmoryCommands
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("armory", "pauses signed in advance: sealed at rest, tried at every check, fired without waking a signer");
        command.Subcommands.Add(Add(options, environment));
        command.Subcommands.Add(List(options, environment));
        command.Subcommands.Add(Check(options, environment));
        command.Subcommands.Add(Fire(options, environment));
        command.Subcommands.Add(Remove(options, environment));
        return command;
    }

    internal static ArmoryStore Store(Session session) => new(session.Environment.Seal, session.Network, session.NetworkFile.ChainId);

    private static Command Add(CommonOptions options, CommandEnvironment environment)
    {
        var authorization = new Option<bool>("--authorization") { Description = "a statement of a guardian or of governance that anybody may submit; needs --valid-until" };
        var rungs = new Option<int?>("--safe-nonces") { Description = "a ladder: the same pause at the Safe's next N nonces, signed by its owners", HelpName = "N" };
        var until = new Option<string?>("--valid-until") { Description = "when a statement ends: 2027-03-31, 2027-03-31T18:00Z, 90d or 12h", HelpName = "TIME" };
        var from = new Option<string?>("--valid-from") { Description = "when a statement begins; at once when left out", HelpName = "TIME" };
        var module = new Option<string[]>("--module") { Description = "what a statement pauses; everything when left out; may be given several times", HelpName = "NAME", AllowMultipleArgumentsPerToken = false };
        var command = new Command("add", "sign a pause in advance and put it in the armory; sends nothing") { authorization, rungs, until, from, module, options.Signers };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var ladder = parsed.GetValue(rungs);
            if (parsed.GetValue(authorization) == ladder is not null)
            {
                throw new ControlException("armory-kind", ExitCode.BadInput, "Which sort of armed pause is to be made was not said.", "Add --authorization --valid-until TIME for a statement, or --safe-nonces N for a ladder; one of them.");
            }

            if (session.NamedSigners is not { Count: > 0 } signers)
            {
                throw new ControlException("signer-needed", ExitCode.BadInput, "Who is to sign was not said.", "Add --signer NAME.");
            }

            if (ladder is not null && (parsed.GetValue(until) is not null || parsed.GetValue(from) is not null || parsed.GetValue(module) is { Length: > 0 }))
            {
                throw new ControlException("armory-kind", ExitCode.BadInput, "A ladder pauses everything and has no window: a Safe transaction knows no time.", "Leave --valid-until, --valid-from and --module out.");
            }

            var state = await session.ObserveAsync(cancellation).ConfigureAwait(false);
            var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
            var store = Store(session);
            var arming = new Arming(client, state, session.Network, store, environment.Time) { OnSigning = session.Terminal.Progress };
            var added = new List<ArmedPause>();
            var opened = new List<(SignerReference Reference, ISigner Signer)>();
            try
            {
                opened.AddRange(signers.Select(reference => (reference, SignerBook.Open(reference, client.ChainId))));
                if (ladder is { } count)
                {
                    added.AddRange(await arming.SignLadderAsync(opened, count, cancellation).ConfigureAwait(false));
                }
                else
                {
                    var window = new ExecutionWindow { NotBefore = Moment(parsed.GetValue(from), "--valid-from", environment.Time), NotAfter = Moment(parsed.GetValue(until), "--valid-until", environment.Time) };
                    foreach (var (reference, signer) in opened)
                    {
                        added.Add(await arming.SignStatementAsync(reference, signer, parsed.GetValue(module) is { Length: > 0 } modules ? modules : null, window, cancellation).ConfigureAwait(false));
                    }
                }
            }
            finally
            {
                opened.ForEach(entry => (entry.Signer as IDisposable)?.Dispose());
            }

            foreach (var item in added)
            {
                store.Put(item);
                await session.RecordAsync("armory.added", item.Change.Digest(), writer => writer["name"] = item.Name, cancellation).ConfigureAwait(false);
            }

            return await ReportAsync(session, "agijobs.armory-add/1", state, [.. added.Select(item => item.Name)], cancellation).ConfigureAwait(false);
        });
        return command;
    }

    private static Command List(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("list", "list the armed pauses without looking at the chain");
        Session.Run(command, options, environment, (session, _, _) =>
        {
            var stored = Store(session).Survey();
            var exit = stored.Any(entry => entry.Problem is not null) ? ExitCode.Mismatch : ExitCode.Clean;
            Head(session);
            if (stored.Count == 0)
            {
                session.Terminal.Line("The armory is empty.");
            }
            else
            {
                session.Terminal.Table(["armed pause", "scope", "signed by", "until"], stored.Select(Row));
            }

            Damaged(session, stored);
            session.Terminal.Line("Whether they would work now: agijobs owner armory check");
            session.Terminal.Json("agijobs.armory-list/1", exit, writer =>
            {
                writer.WriteString("network", session.Network);
                writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
                writer.WriteStartArray("items");
                foreach (var entry in stored)
                {
                    writer.WriteStartObject();
                    writer.WriteString("name", entry.Name);
                    writer.WriteString("change", entry.Item?.Change.Digest().ToString());
                    writer.WriteString("problem", entry.Problem?.Message);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
            return Task.FromResult(exit);

            IReadOnlyList<string> Row(StoredPause entry) => entry.Item is { } item ? [entry.Name, Scope(session, item), SignedBy(session, item), Until(item)] : [entry.Name, "?", "?", "DAMAGED"];
        });
        return command;
    }

    private static Command Check(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("check", "try every armed pause on the newest block and say what would work, until when, and who could pay for it") { options.Signers };
        Session.Run(command, options, environment, async (session, _, cancellation) =>
            await ReportAsync(session, "agijobs.armory-check/1", await session.ObserveAsync(cancellation).ConfigureAwait(false), [], cancellation).ConfigureAwait(false));
        return command;
    }

    private static Command Fire(CommonOptions options, CommandEnvironment environment)
    {
        var name = new Argument<string?>("name") { Description = "the armed pause; the best one when left out", HelpName = "NAME", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("fire", "send an armed pause to every node and private relay of the network") { name, options.Signers, options.Execute, options.DryRun };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            if (!session.Execute)
            {
                session.Terminal.Line(ChangeRun.NothingSent);
                var exit = await ReportAsync(session, "agijobs.armory-check/1", await session.ObserveAsync(cancellation).ConfigureAwait(false), [], cancellation).ConfigureAwait(false);
                session.Terminal.Line(ChangeRun.NothingSent);
                return exit == ExitCode.Clean ? ExitCode.Findings : exit;
            }

            return (await ArmoryFire.RunAsync(session, parsed.GetValue(name), cancellation).ConfigureAwait(false)).Exit;
        });
        return command;
    }

    private static Command Remove(CommonOptions options, CommandEnvironment environment)
    {
        var name = new Argument<string>("name") { Description = "the armed pause", HelpName = "NAME" };
        var command = new Command("remove", "delete an armed pause from this armory; whoever has a copy of it can still fire it until it is revoked or spent on the chain") { name };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var store = Store(session);
            var chosen = parsed.GetValue(name)!;
            if (!store.Has(chosen))
            {
                throw new ControlException("armory-unknown", ExitCode.BadInput, $"There is no armed pause '{chosen}' for '{session.Network}'.", "'agijobs owner armory list' shows those there are.");
            }

            store.Delete(chosen);
            await session.RecordAsync("armory.removed", null, writer => writer["name"] = chosen, cancellation).ConfigureAwait(false);
            Head(session);
            session.Terminal.Line($"Removed {chosen}. On the chain it is as good as before.");
            session.Terminal.Json("agijobs.armory-remove/1", ExitCode.Clean, writer =>
            {
                writer.WriteString("network", session.Network);
                writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
                writer.WriteString("removed", chosen);
            });
            return ExitCode.Clean;
        });
        return command;
    }

    // Statements first, because they wait for nobody's nonce; the executor refuses what would revert before anything is signed.
    private static async Task<ExitCode> ReportAsync(Session session, string schema, Control.Observation.ProtocolState state, IReadOnlyList<string> added, CancellationToken cancellation)
    {
        var stored = Store(session).Survey();
        var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
        var report = await new ArmoryInspection(client, state, PinnedBlock.AtConnect(client)).CheckAsync([.. stored.Select(entry => entry.Item).OfType<ArmedPause>()], session.SignersAtHand, cancellation).ConfigureAwait(false);
        var exit = stored.Any(entry => entry.Problem is not null) ? ExitCode.Mismatch : report.Exit;
        session.Terminal.Line($"network {session.Network}, chain {state.ChainId}, block {report.Block}");
        foreach (var name in added)
        {
            session.Terminal.Line($"  armed    {name}");
        }

        if (report.Items.Count > 0)
        {
            session.Terminal.Table(["armed pause", "state", "scope", "signed by", "until", "why"], report.Items.Select(check => (IReadOnlyList<string>)[check.Item.Name, check.Standing.ToString().ToUpperInvariant(), Scope(session, check.Item), SignedBy(session, check.Item), Until(check.Item), check.Why]));
        }

        Damaged(session, stored);
        foreach (var sender in report.Senders.Where(sender => report.AbleSenders.Contains(sender) || session.NamedSigners.Count > 0 || !sender.Balance.IsKnown).Take(8))
        {
            session.Terminal.Line($"  sender   {sender.Name} {sender.Address}: {(sender.Balance.TryGet(out var balance) ? $"{balance.ToEther()} ETH" : $"UNKNOWN: {sender.Balance.Why}")}{(sender.Shots.TryGet(out var shots) ? $", pays for {(shots > 1000 ? "more than 1000" : shots.ToString(CultureInfo.InvariantCulture))}" : "")}");
        }

        session.Terminal.Line($"  coverage {report.Coverage}");
        session.Terminal.Json(schema, exit, writer =>
        {
            writer.WriteString("network", session.Network);
            writer.WriteNumber("chainId", state.ChainId.Value);
            writer.WriteNumber("block", report.Block.Value);
            writer.WriteBoolean("armed", report.IsArmed);
            writer.WriteString("coverage", report.Coverage);
            writer.WriteString("statementsUntil", report.StatementsUntil?.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
            writer.WriteNumber("ladder", report.LadderLength);
            writer.WriteStartArray("added");
            foreach (var name in added)
            {
                writer.WriteStringValue(name);
            }

            writer.WriteEndArray();
            writer.WriteStartArray("items");
            foreach (var check in report.Items)
            {
                writer.WriteStartObject();
                writer.WriteString("name", check.Item.Name);
                writer.WriteString("state", check.Standing.ToString().ToLowerInvariant());
                writer.WriteString("why", check.Why);
                writer.WriteString("change", check.Item.Change.Digest().ToString());
                writer.WriteEndObject();
            }

            foreach (var entry in stored.Where(entry => entry.Problem is not null))
            {
                writer.WriteStartObject();
                writer.WriteString("name", entry.Name);
                writer.WriteString("state", "damaged");
                writer.WriteString("why", entry.Problem!.Message);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteStartArray("senders");
            foreach (var sender in report.Senders)
            {
                writer.WriteStartObject();
                writer.WriteString("name", sender.Name);
                writer.WriteString("address", sender.Address.ToString());
                writer.WriteString("balance", sender.Balance.TryGet(out var balance) ? balance.ToString() : null);
                writer.WriteString("shots", sender.Shots.TryGet(out var shots) ? shots.ToString(CultureInfo.InvariantCulture) : null);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        });
        return exit;
    }

    private static void Head(Session session) => session.Terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}");

    internal static void Damaged(Session session, IReadOnlyList<StoredPause> stored)
    {
        foreach (var entry in stored.Where(entry => entry.Problem is not null))
        {
            session.Terminal.Line($"  DAMAGED  {entry.Name}: {entry.Problem!.Message} {entry.Problem.Mend}");
        }
    }

    private static string Scope(Session session, ArmedPause item) =>
        item.Change.Steps[0].Route.Statement is { Modules: { Count: > 0 } modules } ? string.Join(", ", modules.Select(module => session.Labels.NameOf(module) ?? module.ToString())) : "everything";

    private static string SignedBy(Session session, ArmedPause item) =>
        string.Join(", ", (item.Authorization is { } signed ? [signed.Signer] : item.Rung!.Signatures.Select(approval => approval.Owner)).Select(signer => session.Labels.NameOf(signer) ?? signer.ToString()));

    private static string Until(ArmedPause item) =>
        item.Change.Steps[0].Route.Statement is { } statement ? $"{DateTimeOffset.FromUnixTimeSeconds((long)Math.Min(statement.ValidBefore, 253_402_300_799)).UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC" : $"nonce {item.Rung!.Nonce} is used";

    private static DateTimeOffset? Moment(string? text, string option, TimeProvider time)
    {
        if (text is null)
        {
            return null;
        }

        if (text.Length is > 1 and < 6 && text[^1] is 'd' or 'h' && int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            // Whole minutes, so that the same words within a minute mean the same moment.
            var now = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds() / 60 * 60);
            return text[^1] == 'd' ? now.AddDays(count) : now.AddHours(count);
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment)
            ? moment
            : throw new ControlException("time-format", ExitCode.BadInput, $"{option} '{text}' is no time.", "Write a date such as 2027-03-31, a moment such as 2027-03-31T18:00Z, or a span such as 90d or 12h.");
    }
}
