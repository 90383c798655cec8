using System.Globalization;
using System.Numerics;
using AgiJobs.Arena.Rounds;
using AgiJobs.Arena.Slashing;
using AgiJobs.Cli.Changes;
using AgiJobs.Cli.Owner;
using AgiJobs.Control;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Planning;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Cli.Slashing;

/// <summary>
/// Findings through the same pipeline as every other change: planned by <see cref="WavePlanner"/>, filed, let through by the gate, executed with a journal, entered in the ledger. Each look works with a session of its own, so that policy, people and
/// standing approvals are those of the moment. A slash of this program never goes out where approvals are not managed.
/// </summary>
/// <param name="session">The network; its own terminal and connection are not used.</param>
/// <param name="senderOf">Who sends: an orchestrator of the arena, or its owner. Without one that may, it refuses, and the slash is held.</param>
internal sealed class SlashPipeline(Session session, Func<Session, SignerReference> senderOf) : ISlashPipeline
{
    public Task<SlashProgress> PlanAsync(SlashCase slash, CancellationToken cancellation) => GuardAsync(async own =>
    {
        if (own.Policy is null)
        {
            return new SlashHeld("approvals-not-managed", GateDecision.NotManaged);
        }

        var sender = senderOf(own);
        var client = await own.ClientAsync(cancellation).ConfigureAwait(false);
        var state = await own.ObserveWholeAsync(cancellation).ConfigureAwait(false);
        var module = own.Protocol["SelfPlayArena"];
        var arena = new ArenaContract(client, own.Protocol);
        var block = await PinnedBlock.AtAsync(client, BlockReference.At(state.BlockHash), cancellation).ConfigureAwait(false);
        var seen = await arena.ReadAsync(block, [slash.Round], cancellation).ConfigureAwait(false);
        var people = await arena.ParticipantsAsync(block, slash.Round, [slash.Validator], cancellation).ConfigureAwait(false);
        var reads = block.NewReads();
        var used = reads.Call(module.Address, module.Abi.Function("isPunished(uint256,address,string)"), slash.Round, slash.Validator, slash.Reason);
        var rules = reads.Call(module.Address, module.Abi.Function("rulesOf(uint256)"), slash.Round);
        await reads.SendAsync(cancellation).ConfigureAwait(false);
        if (used.Value[0].AsBoolean())
        {
            return new SlashDone(null);
        }

        if (!seen.Rounds.TryGetValue(slash.Round, out var round) || !people.TryGetValue(slash.Validator, out var person) || person is not { Seat: Seat.Validator, HasJoined: true })
        {
            return new SlashImpossible("not-seated", $"{slash.Validator} is no validator of round {slash.Round}");
        }

        var window = Value("reportWindow");
        if (round.EndedAt != 0 && seen.ProtocolTime >= round.EndedAt + window)
        {
            return new SlashImpossible("report-window-over", $"misconduct in round {slash.Round} could be reported for {window} s after its end");
        }

        var stakeAt = module.Abi.Function("rulesOf(uint256)").Outputs[0].Type.Components.ToList().FindIndex(component => component.Name == "validatorStake");
        var stake = ((Ethereum.Abi.AbiList)rules.Value[0])[stakeAt].AsInteger();
        var left = (stake * Value("misconductCapBps") / 10_000) - person.Penalised.Value;
        var amount = BigInteger.Min(stake * state.ValueOf(own.Protocol.Parameter("ValidatorSlash.defaultPenaltyBps")).Value.AsInteger() / 10_000, left);
        if (amount.Sign <= 0)
        {
            return new SlashImpossible("cap-reached", $"{slash.Validator} has lost in round {slash.Round} as much as a round may cost");
        }

        var draft = new WaveDraft(state);
        draft.Add(RemedyCommands.Report(draft, module, slash.Round, slash.Validator, amount, slash.Reason));
        var planner = new WavePlanner(state, own.Network, [sender]) { Named = true };
        // A change that failed is not planned again under its own name.
        var attempt = slash.History.Count(step => step.State == SlashState.Changed) + 1;
        var plan = await planner.PlanAsync(client, draft, new WaveName(ChangeNature.SlashKind, $"Slash the validator {slash.Validator} for {slash.Reason} in round {slash.Round}", attempt == 1 ? slash.Key : string.Create(CultureInfo.InvariantCulture, $"{slash.Key}-{attempt}")), cancellation).ConfigureAwait(false);
        var run = await ChangeRun.FileAsync(own, plan.Change!, plan.Option, cancellation).ConfigureAwait(false);
        WriteEvidence(run.Change, slash);
        return new SlashPlanned(run.Change.Id, run.Change.Document.Digest(), new Wei(amount));

        BigInteger Value(string name) => state.ValueOf(own.Protocol.Parameter($"SelfPlayArena.{name}")).Value.AsInteger();
    }, null, cancellation);

    public Task<SlashProgress> CarryAsync(SlashCase slash, CancellationToken cancellation)
    {
        FiledChange? change = null;
        return GuardAsync(async own =>
        {
            change = new ChangeStore(own.Workspace, own.Environment.Time).Find(slash.Change!);
            if (change is null || change.Document.Digest() != slash.ChangeDigest)
            {
                change = null;
                return new SlashOutdated($"the change {slash.Change} is not on file any more");
            }

            var entries = Journal.Read(change.JournalPath);
            if (ChangeState.IsVerified(entries))
            {
                return new SlashDone(Mined(change));
            }

            if (Journal.HasEnded(entries))
            {
                return await IsPunishedAsync(own, slash, cancellation).ConfigureAwait(false) ? new SlashDone(Mined(change)) : new SlashOutdated($"the change {change.Id} came to nothing");
            }

            var sender = senderOf(own);
            var run = new ChangeRun(own, change, null);
            if (entries.Count == 0)
            {
                if (SignedRecords.Read(change, own.Policy?.People).Objections is [var objection, ..])
                {
                    return new SlashImpossible("change-refused", $"{objection.By} refused it: {objection.Reason}");
                }

                if (await IsPunishedAsync(own, slash, cancellation).ConfigureAwait(false))
                {
                    return new SlashDone(null);
                }

                var decision = await run.DecideAsync(sender.Address, cancellation).ConfigureAwait(false);
                if (!decision.IsOpen || !decision.IsManaged)
                {
                    var gaps = decision.Findings.Where(finding => finding.StartsWith("the standing approval", StringComparison.Ordinal)).ToList();
                    return new SlashHeld(decision.IsOpen ? "approvals-not-managed" : decision.Refusals[0].Code, gaps.Count > 0 ? string.Join("; ", gaps) : decision.IsOpen ? GateDecision.NotManaged : decision.Refusals[0].Code == "approvals-missing" ? $"no standing approval for slashes is on file, and {decision.Refusals[0].Why}" : decision.Refusals[0].Why);
                }
            }

            _ = await run.ExecuteAsync([sender], cancellation).ConfigureAwait(false);
            return ChangeState.IsVerified(Journal.Read(change.JournalPath)) || await IsPunishedAsync(own, slash, cancellation).ConfigureAwait(false)
                ? new SlashDone(Mined(change))
                : new SlashPending("not-verified", $"what became of the change {change.Id} is not known yet", Mined(change));
        }, () => change, cancellation);
    }

    public Task<bool> IsReversedAsync(SlashCase slash, CancellationToken cancellation)
    {
        var change = slash.Reversal is { } id ? new ChangeStore(session.Workspace, session.Environment.Time).Find(id) : null;
        return Task.FromResult(change is not null && ChangeState.IsVerified(Journal.Read(change.JournalPath)));
    }

    // What cannot be told is asked again; what was refused before anything was begun is held.
    private async Task<SlashProgress> GuardAsync(Func<Session, Task<SlashProgress>> act, Func<FiledChange?>? changeOf, CancellationToken cancellation)
    {
        await using var own = session.Anew(session.Environment with { Out = TextWriter.Null });
        try
        {
            return await act(own).ConfigureAwait(false);
        }
        catch (Exception problem) when (problem is ControlException or EthereumException or IOException or UnauthorizedAccessException && !cancellation.IsCancellationRequested)
        {
            var change = changeOf?.Invoke();
            var hasBegun = HasBegun(change);
            return problem switch
            {
                ControlException { Code: "change-stale" } stale when !hasBegun => new SlashOutdated(stale.Message),
                ControlException { Exit: ExitCode.Refused } refused when !hasBegun => new SlashHeld(refused.Code, refused.Mend is { } mend ? $"{refused.Message} {mend}" : refused.Message),
                ControlException other => new SlashPending(other.Code, other.Message, Mined(change)),
                EthereumException other => new SlashPending(other.Code, other.Message, Mined(change)),
                _ => new SlashPending("file-read", problem.Message, Mined(change)),
            };
        }
    }

    private static bool HasBegun(FiledChange? change)
    {
        try
        {
            return change is not null && Journal.Read(change.JournalPath).Count > 0;
        }
        catch (ControlException)
        {
            return true;
        }
    }

    private static Bytes32? Mined(FiledChange? change)
    {
        try
        {
            return change is null ? null : Journal.Read(change.JournalPath).Where(entry => (string?)entry["event"] is "mined" && !Journal.HasReverted(entry)).Select(entry => (Bytes32?)Bytes32.Parse((string)entry["hash"]!)).LastOrDefault();
        }
        catch (ControlException)
        {
            return null;
        }
    }

    private static async Task<bool> IsPunishedAsync(Session own, SlashCase slash, CancellationToken cancellation)
    {
        var client = await own.ClientAsync(cancellation).ConfigureAwait(false);
        var module = own.Protocol["SelfPlayArena"];
        var reads = (await PinnedBlock.AtAsync(client, BlockReference.Latest, cancellation).ConfigureAwait(false)).NewReads();
        var used = reads.Call(module.Address, module.Abi.Function("isPunished(uint256,address,string)"), slash.Round, slash.Validator, slash.Reason);
        await reads.SendAsync(cancellation).ConfigureAwait(false);
        return used.Value[0].AsBoolean();
    }

    // Whoever reviews the change finds what proves it beside it.
    private static void WriteEvidence(FiledChange change, SlashCase slash) =>
        Control.Files.AtomicFile.Write(Path.Combine(change.Folder, "finding.json"), System.Text.Encoding.UTF8.GetBytes(slash.Encode() + "\n"));
}
