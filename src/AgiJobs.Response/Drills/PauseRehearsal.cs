using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Pausing;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Response.Drills;

/// <summary>
/// Pauses and resumes a fork of the live state: the planner's own plan on what is really there, sent on the fork in the name of whoever holds the authority, without a key. Shows that the levers work today, what they
/// cost, and that those who must not pull them cannot. The live chain is only read.
/// </summary>
/// <param name="fork">The fork, an anvil: it lets calls be made in any account's name.</param>
/// <param name="protocol">The protocol.</param>
/// <param name="network">The live network's name.</param>
/// <param name="time">The clock.</param>
public sealed class PauseRehearsal(EthereumClient fork, Protocol protocol, string network, TimeProvider time)
{
    // Nobody's: the hash of a text has no key.
    private static readonly Address Stranger = new(Keccak256.Hash("a stranger to every office").ToBytes().AsSpan(12));

    // The limit of EIP-7825.
    private const ulong MostGas = 16_777_216;

    private readonly List<DrilledClaim> _claims = [];

    /// <summary>Hears of each claim as it is decided.</summary>
    public Action<DrilledClaim> OnClaim { get; init; } = _ => { };

    /// <summary>Runs it. A live system that is paused already is resumed first, then paused again.</summary>
    /// <param name="live">The live state that the fork was made of.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="EthereumException">What the fork did not answer.</exception>
    public async Task<DrillReport> RunAsync(ProtocolState live, CancellationToken cancellation)
    {
        var startedAt = time.GetUtcNow();
        var began = time.GetTimestamp();
        TimeSpan? pauseTook = null;
        TimeSpan? resumeTook = null;
        var state = await ObserveAsync(cancellation).ConfigureAwait(false);
        if (Hold("The fork is in the state of the live chain", live.Pausable.All(module => Same(module, state.Modules[module.Module.Name])), Summary(state), null, began))
        {
            var isPaused = live.Pausable.All(module => module.Paused!.TryGet(out var paused) && paused);
            foreach (var action in isPaused ? (LeverAction[])[LeverAction.Resume, LeverAction.Pause] : [LeverAction.Pause, LeverAction.Resume])
            {
                var took = await MoveAsync(action, cancellation).ConfigureAwait(false);
                if (took is null)
                {
                    break;
                }

                (pauseTook, resumeTook) = action == LeverAction.Pause ? (took, resumeTook) : (pauseTook, took);
                if (action == LeverAction.Pause)
                {
                    await RefusalsAsync(cancellation).ConfigureAwait(false);
                }
            }
        }

        return new DrillReport("pause-test", startedAt, time.GetElapsedTime(began), _claims, Timed(pauseTook), Timed(resumeTook), $"a fork of {network} (chain {live.ChainId}) at block {live.Block}");
    }

    private static DrillTiming? Timed(TimeSpan? took) => took is { } known ? new DrillTiming(known, null) : null;

    private async Task<TimeSpan?> MoveAsync(LeverAction action, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        var state = await ObserveAsync(cancellation).ConfigureAwait(false);
        var verb = action == LeverAction.Pause ? "pause" : "resume";
        PausePlan plan;
        try
        {
            plan = await new PausePlanner(state, network, Everybody(state)).PlanAsync(fork, action, "pause-test", null, cancellation).ConfigureAwait(false);
        }
        catch (ControlException problem)
        {
            Hold($"There is a way to {verb}", false, problem.Message, null, began);
            return null;
        }

        if (plan.Change is not { } change)
        {
            Hold($"There is something to {verb}", false, "the state is already the one asked for", null, began);
            return null;
        }

        ulong gas = 0;
        foreach (var step in change.Steps)
        {
            var (succeeded, used, why) = await SendAsync(step, cancellation).ConfigureAwait(false);
            gas += used;
            if (!succeeded)
            {
                Hold($"{step.Module}.{step.Function} by {step.Route.Role} goes through", false, why, null, began);
                return null;
            }
        }

        var after = await ObserveAsync(cancellation).ConfigureAwait(false);
        var held = after.Pausable.All(module => module.Paused!.TryGet(out var paused) && paused == (action == LeverAction.Pause));
        var calls = string.Join(", ", change.Steps.Select(step => $"{step.Module}.{step.Function}"));
        return Hold($"Everything is {(action == LeverAction.Pause ? "paused" : "resumed")} by {calls}, through {change.Steps[0].Route.Role} {change.Steps[0].Route.Caller}", held, string.Create(CultureInfo.InvariantCulture, $"{Summary(after)}{Others(after, action)}, {gas} gas"), null, began)
            ? time.GetElapsedTime(began)
            : null;
    }

    // While all is paused: those who may only pause must not be able to resume, and strangers nothing.
    private async Task RefusalsAsync(CancellationToken cancellation)
    {
        var state = await ObserveAsync(cancellation).ConfigureAwait(false);
        var levers = protocol.Modules.SelectMany(module => module.Levers).Where(lever => lever.Function.Inputs.Count == 0).ToList();
        var resumers = Holders(LeverAction.Resume).ToHashSet();
        foreach (var caller in Holders(LeverAction.Pause).Where(holder => !resumers.Contains(holder)).Distinct().Append(Stranger))
        {
            var began = time.GetTimestamp();
            var batch = fork.NewBatch();
            var tried = levers.Where(lever => lever.Action == LeverAction.Resume || caller == Stranger)
                .Select(lever => (Lever: lever, Slot: batch.Add(EthRequests.Call(new CallRequest { From = caller, To = lever.Module.Address, Data = lever.Function.Encode() }, BlockReference.Latest)))).ToList();
            await batch.SendAsync(cancellation).ConfigureAwait(false);
            var open = tried.Where(entry => entry.Slot.Error is not RevertException).Select(entry => $"{entry.Lever.Module.Name}.{entry.Lever.Function.Signature}{(entry.Slot.Error is { } problem ? $": unknown: {problem.Message}" : "")}").ToList();
            Hold(
                caller == Stranger ? "A stranger can neither pause nor resume" : $"{caller}, who may pause, cannot resume",
                tried.Count > 0 && open.Count == 0,
                open.Count == 0 ? $"{tried.Count} levers refuse" : $"open: {string.Join(", ", open)}",
                null,
                began);
        }

        IEnumerable<Address> Holders(LeverAction action) => levers.Where(lever => lever.Action == action)
            .SelectMany(lever => lever.Callers.Select(caller => protocol.Role(lever.Module, caller)).OfType<Role>())
            .SelectMany(role => state.HoldersOf(role).TryGet(out var holders) ? holders : []);
    }

    private async Task<(bool Succeeded, ulong Gas, string Why)> SendAsync(ChangeStep step, CancellationToken cancellation)
    {
        var caller = step.Route.Caller;
        _ = await fork.RequestAsync("anvil_impersonateAccount", writer => writer.WriteStringValue(caller.ToString()), cancellation).ConfigureAwait(false);
        _ = await fork.RequestAsync("anvil_setBalance", writer =>
        {
            writer.WriteStringValue(caller.ToString());
            writer.WriteStringValue(Hex.EncodeQuantity(Wei.FromEther("100").Value));
        }, cancellation).ConfigureAwait(false);
        try
        {
            // Tried first, because a node's receipt does not say why a transaction reverted.
            _ = await fork.CallAsync(new CallRequest { From = caller, To = step.Target, Data = step.Calldata }, BlockReference.Latest, cancellation).ConfigureAwait(false);
        }
        catch (RevertException refused)
        {
            return (false, 0, refused.DecodedBy(protocol.Abi).Message);
        }

        var hash = await fork.RequestAsync("eth_sendTransaction", writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("from", caller.ToString());
            writer.WriteString("to", step.Target.ToString());
            writer.WriteString("input", Hex.Encode(step.Calldata));
            // As much as a transaction may use: the node's own estimate is for this second, and a resume costs more in the next, when the pause has lasted a while.
            writer.WriteString("gas", Hex.EncodeQuantity(MostGas));
            writer.WriteEndObject();
        }, cancellation).ConfigureAwait(false);
        var transaction = Bytes32.Parse(hash.GetString()!);
        // The fork mines nothing by itself.
        _ = await fork.RequestAsync("evm_mine", cancellationToken: cancellation).ConfigureAwait(false);
        return await fork.ReceiptAsync(transaction, cancellation).ConfigureAwait(false) is { } receipt
            ? (receipt.Succeeded, receipt.GasUsed.Value, receipt.Succeeded ? "" : "the transaction reverted")
            : (false, 0, $"{transaction} is not in the block that was mined for it");
    }

    private async Task<ProtocolState> ObserveAsync(CancellationToken cancellation) =>
        await new ProtocolObserver(fork).ObserveAsync(protocol, await PinnedBlock.AtAsync(fork, BlockReference.Latest, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);

    // On the fork every holder of a role is at hand.
    private static List<SignerReference> Everybody(ProtocolState state) =>
        [.. state.Roles.Values.SelectMany(reading => reading.TryGet(out var holders) ? holders : []).Distinct().Select(holder => new SignerReference { Name = holder.ToString(), Kind = SignerKind.Development, Address = holder })];

    private static bool Same(ModuleState left, ModuleState right) =>
        left.CodeHash.TryGet(out var code) && right.CodeHash.TryGet(out var other) && code == other && left.Paused!.TryGet(out var paused) && right.Paused!.TryGet(out var found) && paused == found;

    private static string Summary(ProtocolState state)
    {
        var modules = state.Pausable.ToList();
        return string.Create(CultureInfo.InvariantCulture, $"{modules.Count(module => module.Paused!.TryGet(out var paused) && paused)} of {modules.Count} modules paused");
    }

    // Which modules did not follow.
    private static string Others(ProtocolState state, LeverAction action)
    {
        var left = state.Pausable.Where(module => !module.Paused!.TryGet(out var paused) || paused != (action == LeverAction.Pause)).Select(module => module.Module.Name).ToList();
        return left.Count == 0 ? "" : $"; not so: {string.Join(", ", left)}";
    }

    private bool Hold(string claim, bool held, string detail, string? command, long began)
    {
        var drilled = new DrilledClaim(claim, held, detail, command, time.GetElapsedTime(began));
        _claims.Add(drilled);
        OnClaim(drilled);
        return held;
    }
}
