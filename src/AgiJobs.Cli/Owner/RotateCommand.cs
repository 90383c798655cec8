using System.CommandLine;
using System.Globalization;
using System.Text;
using AgiJobs.Cli.Changes;
using AgiJobs.Control;
using AgiJobs.Control.Authority;
using AgiJobs.Control.Desired;
using AgiJobs.Control.Description;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Planning;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Cli.Owner;

/// <summary>
/// <c>owner rotate</c>: governance, ownership and guardians go to their new holders. Run again it goes on: what was offered is accepted, and at the end it says what the old keys still can.
/// </summary>
internal static class RotateCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var governance = new Option<string?>("--governance") { Description = "who is to govern the contracts that rule others (the system's pause); default: the manifest", HelpName = "ADDRESS" };
        var owner = new Option<string?>("--owner") { Description = "who is to own all other contracts; default: the manifest", HelpName = "ADDRESS" };
        var backup = new Option<bool>("--to-backup") { Description = "hand everything over to the backupSafe of the network's file" };
        var lost = new Option<string[]>("--lost") { Description = "a key that is lost or in wrong hands: everything is taken from it before anything is given; may be given several times", HelpName = "ADDRESS", AllowMultipleArgumentsPerToken = false };
        var replacement = new Option<string?>("--replacement") { Description = "who takes the place of a lost owner of a Safe; without it the place is removed", HelpName = "ADDRESS" };
        var command = options.Planned(new Command("rotate", "hand over governance, ownership and guardians in two steps, and show what the old keys can still do") { governance, owner, backup, lost, replacement });
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var gone = (parsed.GetValue(lost) ?? []).Select(Address.Parse).ToList();
            var state = await session.ObserveWholeAsync(cancellation, gone).ConfigureAwait(false);
            var draft = new WaveDraft(state);
            var rotation = new Rotation(state);
            var old = gone.ToList();
            foreach (var account in gone)
            {
                foreach (var left in rotation.Dismiss(draft, account, parsed.GetValue(replacement) is { } other ? Address.Parse(other) : null))
                {
                    session.Terminal.Progress($"FINDING {left}");
                }
            }

            var unproven = new List<Address>();
            foreach (var (role, account) in Targets(session, parsed, governance, owner, backup, rotation, onlyLost: gone.Count > 0))
            {
                if (state.HoldersOf(role).Value is [var now] && now != account)
                {
                    old.Add(now);
                }

                if (rotation.HandOver(draft, role, account))
                {
                    unproven.Add(account);
                }
            }

            if (gone.Count == 0)
            {
                var desired = DesiredState.Load(session.Workspace, session.Network, session.Protocol);
                foreach (var guardian in desired.Roles.Where(wish => wish.Role.Name is "guardian"))
                {
                    old.AddRange(state.HoldersOf(guardian.Role).Value.Where(holder => !guardian.Holders.Contains(holder)));
                    draft.Hold(guardian.Role, guardian.Holders, guardian.Retain);
                }
            }

            foreach (var account in unproven.Distinct())
            {
                await ProveAsync(session, state, account, cancellation).ConfigureAwait(false);
            }

            var residual = old.Distinct().Order().SelectMany(account => rotation.Residual(account, draft)).ToList();
            return draft.Moves().Count == 0
                ? End(session, state, residual, [.. old.Distinct().Order()])
                : await GoOnAsync(session, parsed, options, draft, residual, cancellation).ConfigureAwait(false);
        });
        return command;
    }

    private static async Task<ExitCode> GoOnAsync(Session session, ParseResult parsed, CommonOptions options, WaveDraft draft, List<ResidualPower> residual, CancellationToken cancellation)
    {
        foreach (var account in residual.GroupBy(power => power.Account))
        {
            session.Terminal.Progress(string.Create(CultureInfo.InvariantCulture, $"FINDING {session.Labels.Describe(account.Key)} still has {account.Count()} powers after this change; run the same command again once it is executed, until nothing is left:"));
            foreach (var risk in account.GroupBy(power => power.Risk))
            {
                session.Terminal.Progress($"  {risk.Key.ToString().ToLowerInvariant()}: {string.Join(", ", risk.Select(power => power.What.Split(':')[0] is "unknown" ? power.What : power.What.Split(": ")[0]))}");
            }
        }

        return await WaveChange.RunAsync(session, parsed, options, "rotate", $"Hand over {session.Protocol.Title}", draft, cancellation).ConfigureAwait(false);
    }

    // Clean only when nothing is left to the old keys.
    private static ExitCode End(Session session, ProtocolState state, List<ResidualPower> residual, List<Address> old)
    {
        var exit = residual.Exists(power => power.What.StartsWith("unknown", StringComparison.Ordinal)) ? ExitCode.Unknown : residual.Count > 0 ? ExitCode.Findings : ExitCode.Clean;
        session.Terminal.Line($"network {session.Network}, chain {state.ChainId}");
        session.Terminal.Line(string.Create(CultureInfo.InvariantCulture, $"Everything is in the hands that were named, at block {state.Block}."));
        foreach (var power in residual)
        {
            session.Terminal.Line($"{power.Risk.ToString().ToUpperInvariant()} {session.Labels.Describe(power.Account)} can still: {power.What}");
        }

        if (residual.Count == 0)
        {
            session.Terminal.Line(old.Count == 0 ? "No old key was named: --lost ADDRESS asks about one." : $"Nothing that was read gives {string.Join(", ", old)} any power.");
        }

        session.Terminal.Json("agijobs.owner-rotate/1", exit, writer =>
        {
            writer.WriteString("network", session.Network);
            writer.WriteNumber("chainId", state.ChainId.Value);
            writer.WriteNumber("block", state.Block.Value);
            writer.WriteStartArray("residual");
            foreach (var power in residual)
            {
                writer.WriteStartObject();
                writer.WriteString("account", power.Account.ToString());
                writer.WriteString("risk", power.Risk.ToString().ToLowerInvariant());
                writer.WriteString("power", power.What);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        });
        return exit;
    }

    private static IEnumerable<(Role Role, Address Account)> Targets(Session session, ParseResult parsed, Option<string?> governance, Option<string?> owner, Option<bool> backup, Rotation rotation, bool onlyLost)
    {
        var (ruler, holder) = (parsed.GetValue(governance) is { } first ? Address.Parse(first) : (Address?)null, parsed.GetValue(owner) is { } second ? Address.Parse(second) : (Address?)null);
        if (parsed.GetValue(backup))
        {
            if (ruler is not null || holder is not null)
            {
                throw new ControlException("rotate-target", ExitCode.BadInput, "--to-backup and an address contradict each other.", "Give one of them.");
            }

            ruler = holder = session.NetworkFile.BackupSafe ?? throw new ControlException("backup-safe-missing", ExitCode.BadInput, $"{session.Workspace.NetworkPath(session.Network)} names no backupSafe.", "Add \"backupSafe\": \"ADDRESS\" to it.");
        }

        var wanted = ruler is null && holder is null && !onlyLost ? DesiredState.Load(session.Workspace, session.Network, session.Protocol).Roles.ToDictionary(wish => wish.Role.FullName, wish => wish.Holders, StringComparer.Ordinal) : [];
        foreach (var role in rotation.Ownerships)
        {
            var target = role.Module.Forwards.Count > 0 || role.Module.Levers.Any(lever => lever.CoveredRole is not null || lever.TakesModule) ? ruler : holder;
            if ((target ?? (wanted.TryGetValue(role.FullName, out var holders) && holders is [var only] ? only : null)) is { } account)
            {
                yield return (role, account);
            }
        }
    }

    // A contract that takes one step gives itself away to whoever is named; that somebody is there must be shown first.
    private static async Task ProveAsync(Session session, ProtocolState state, Address account, CancellationToken cancellation)
    {
        var reading = state.AccountAt(account);
        IReadOnlyList<Address> keys = reading.TryGet(out var known) && known is SafeAccountState ? new SafeKeys(state, account).Enough(session.Signers.All.Select(signer => signer.Address)) ?? [] : [account];
        var references = keys.Select(key => session.Signers.All.FirstOrDefault(signer => signer.Address == key)).ToList();
        if (keys.Count == 0 || references.Contains(null))
        {
            throw new ControlException("controller-not-proven", ExitCode.Refused, $"{account} would own contracts that take one step, and nobody at hand can sign for it, so nothing shows that it is alive.", "Add its signers with 'agijobs signer add' on this machine or have it done where they are; a contract with acceptOwnership() needs no such proof.");
        }

        var challenge = $"agijobs: {account} is alive on chain {state.ChainId} at block {state.BlockHash}";
        var signatures = new List<string>();
        foreach (var reference in references.OfType<SignerReference>())
        {
            using var opened = new OpenedSigner(SignerBook.Open(reference, state.ChainId));
            var signature = await opened.Signer.SignMessageAsync(Encoding.UTF8.GetBytes(challenge), cancellation).ConfigureAwait(false);
            signatures.Add($"{reference.Address}: {Hex.Encode(signature.ToBytes())}");
        }

        await session.RecordAsync("rotation.controller-alive", null, data =>
        {
            data["controller"] = account.ToString();
            data["challenge"] = challenge;
            data["signatures"] = string.Join(", ", signatures);
        }, cancellation).ConfigureAwait(false);
    }
}
