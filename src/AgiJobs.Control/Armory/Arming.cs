using System.Globalization;
using System.Numerics;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Execution;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Pausing;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes;

namespace AgiJobs.Control.Armory;

/// <summary>Makes armed pauses: plans the change, has it signed and checks what came back. Sends nothing.</summary>
/// <param name="client">The chain that was observed.</param>
/// <param name="state">What was observed.</param>
/// <param name="network">The network's name.</param>
/// <param name="store">Where what is armed already is found, so that none is made twice.</param>
/// <param name="time">The clock of the record.</param>
public sealed class Arming(EthereumClient client, ProtocolState state, string network, ArmoryStore store, TimeProvider time)
{
    private const int MaxRungs = 100;

    /// <summary>Hears, before each signature, what is about to be signed.</summary>
    public Action<string> OnSigning { get; init; } = _ => { };

    /// <summary>Has a holder of the role sign a statement with which anybody can pause.</summary>
    /// <param name="reference">The signer's reference.</param>
    /// <param name="signer">The signer.</param>
    /// <param name="modules">What to pause; null is everything.</param>
    /// <param name="window">When it may be used; its end is required.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <exception cref="ControlException">
    /// <c>armory-window</c> (exit 2), <c>armory-paused</c> (exit 4) when all is paused already, <c>no-route</c> (exit 4) when the protocol takes no statement of this signer, <c>authorization-digest</c> (exit 6) when the contract
    /// computes another digest.
    /// </exception>
    /// <exception cref="EthereumException">Those of the signer and of reading.</exception>
    public async Task<ArmedPause> SignStatementAsync(SignerReference reference, ISigner signer, IReadOnlyList<string>? modules, ExecutionWindow window, CancellationToken cancellation)
    {
        if (window.NotAfter is not { } end || end <= time.GetUtcNow() || (window.NotBefore is { } start && start >= end))
        {
            throw new ControlException("armory-window", ExitCode.BadInput, "A statement needs an end that lies ahead, after its beginning.", "Give --valid-until, such as 2027-03-31 or 90d: long enough to be there when it is needed, short enough that a lost one dies.");
        }

        for (var number = 1; ; number++)
        {
            var change = await PlanAsync([reference], RouteKind.Authorization, modules, string.Create(CultureInfo.InvariantCulture, $"armed-{end.UtcDateTime:yyyy-MM-dd}-{number}"), window, cancellation).ConfigureAwait(false);
            var step = change.Steps[0];
            var statement = step.Route.Statement!;
            var form = state.Protocol[step.Module].Levers.First(lever => lever.Authorization is not null && string.Equals(lever.Function.Signature, step.Function, StringComparison.Ordinal)).Authorization!;
            var spent = await client.CallAsync(new CallRequest { To = step.Target, Data = form.EncodeSpent(signer.Address, statement.Salt) }, BlockReference.Latest, cancellation).ConfigureAwait(false);
            var draft = new ArmedPause
            {
                Version = 1,
                Change = change,
                Authorization = new SignedAuthorization { Version = 1, Change = change.Digest(), ChainId = client.ChainId, Contract = step.Target, Digest = default, Signer = signer.Address, Signature = [], SignedAt = default },
                AddedAt = time.GetUtcNow(),
            };
            if (spent is [.., not 0] || store.Has(draft.Name))
            {
                // Each statement is used once; the next number has a salt of its own.
                continue;
            }

            var document = await AuthorizationCarrier.DocumentAsync(client, form, step, BlockReference.Latest, cancellation).ConfigureAwait(false);
            OnSigning($"{reference.Name} signs: leave for anybody to pause {(statement.Modules.Count == 0 ? "everything" : string.Join(", ", modules!))}, {(window.NotBefore is { } from ? $"from {from.UtcDateTime:yyyy-MM-dd HH:mm} UTC " : "")}until {end.UtcDateTime:yyyy-MM-dd HH:mm} UTC, once; digest {document.Digest}");
            return draft with { Authorization = await AuthorizationCarrier.SignAsync(client.ChainId, change, step, document, signer, time, cancellation).ConfigureAwait(false) };
        }
    }

    /// <summary>
    /// Has owners of a Safe sign a ladder: the same pause at the Safe's next nonces, one rung each. Rungs that are there gain the signatures; a ladder can so be signed by one owner after the other.
    /// </summary>
    /// <param name="owners">The signers.</param>
    /// <param name="rungs">How many nonces.</param>
    /// <param name="cancellation">Stops between signatures.</param>
    /// <exception cref="ControlException"><c>armory-rungs</c> (exit 2), <c>armory-paused</c> and <c>no-route</c> (exit 4), <c>safe-not-owner</c> (exit 4).</exception>
    /// <exception cref="EthereumException">Those of the signers and of reading.</exception>
    public async Task<IReadOnlyList<ArmedPause>> SignLadderAsync(IReadOnlyList<(SignerReference Reference, ISigner Signer)> owners, int rungs, CancellationToken cancellation)
    {
        if (rungs is < 1 or > MaxRungs)
        {
            throw new ControlException("armory-rungs", ExitCode.BadInput, $"A ladder has 1 to {MaxRungs} rungs, not {rungs}.", "Give --safe-nonces such a number; 20 covers the next 20 transactions of the Safe.");
        }

        var armed = new List<ArmedPause>();
        SafeAccount? account = null;
        SafeState? safe = null;
        for (var i = 0; i < rungs; i++)
        {
            // The state does not change from rung to rung, so neither does the plan but for its instance.
            var change = await PlanAsync([.. owners.Select(owner => owner.Reference)], RouteKind.Safe, null, string.Create(CultureInfo.InvariantCulture, $"armed-rung-{(safe?.Nonce ?? -1) + i}"), null, cancellation).ConfigureAwait(false);
            if (safe is null)
            {
                account = new SafeAccount(client, change.Steps[0].Route.Caller);
                safe = await account.ReadAsync(BlockReference.Latest, cancellation).ConfigureAwait(false);
                change = change with { Instance = string.Create(CultureInfo.InvariantCulture, $"armed-rung-{safe.Nonce + i}") };
            }

            armed.Add(await SignRungAsync(account!, safe, change, safe.Nonce + i, owners, cancellation).ConfigureAwait(false));
        }

        return armed;
    }

    private async Task<ArmedPause> SignRungAsync(SafeAccount account, SafeState safe, ChangeDocument change, BigInteger nonce, IReadOnlyList<(SignerReference Reference, ISigner Signer)> owners, CancellationToken cancellation)
    {
        var hash = safe.HashOf(SafeCarrier.TransactionOf(change, nonce));
        await account.RequireHashOnChainAsync(hash, safe.Block, cancellation).ConfigureAwait(false);
        var item = new ArmedPause
        {
            Version = 1,
            Change = change,
            Rung = new SafeRung { Safe = account.Address, Nonce = nonce.ToString(CultureInfo.InvariantCulture), SafeTxHash = hash.Value, Signatures = [], Owners = safe.Quorum.Owners, Threshold = safe.Quorum.Threshold, Guard = safe.Guard, SingletonCodeHash = safe.SingletonCodeHash },
            AddedAt = time.GetUtcNow(),
        };
        var signatures = store.Has(item.Name) ? store.Get(item.Name).Rung!.Signatures.ToList() : [];
        foreach (var (reference, signer) in owners)
        {
            if (!safe.Quorum.Contains(signer.Address))
            {
                throw new ControlException("safe-not-owner", ExitCode.Refused, $"'{reference.Name}' ({signer.Address}) is not an owner of the Safe {account.Address}. Its owners are {string.Join(", ", safe.Quorum.Owners)}.", "Sign with one of its owners.");
            }

            OnSigning($"{reference.Name} signs: the Safe {account.Address} pauses everything at nonce {nonce}; Safe transaction hash {hash.Value}");
            var signature = await signer.SignTypedDataAsync(hash.Document, cancellation).ConfigureAwait(false);
            var good = SafeSignature.FromWallet(signature.ToBytes(), hash.Value, signer.Address);
            signatures.RemoveAll(approval => approval.Owner == signer.Address);
            signatures.Add(SafeApproval.Of(change.Digest(), hash, signer.Address, good, time.GetUtcNow()));
        }

        return item with { Rung = item.Rung with { Signatures = signatures } };
    }

    private async Task<ChangeDocument> PlanAsync(IReadOnlyList<SignerReference> signers, RouteKind kind, IReadOnlyList<string>? modules, string instance, ExecutionWindow? window, CancellationToken cancellation)
    {
        var planner = new PausePlanner(state, network, signers) { Named = true, Prefer = kind, Window = window };
        var plan = await planner.PlanAsync(client, LeverAction.Pause, instance, modules, cancellation).ConfigureAwait(false);
        return plan.Change is not { } change ? throw new ControlException("armory-paused", ExitCode.Refused, "Everything that it would pause is paused already, so it cannot be tried.", "Arm while the protocol runs.")
            : change.Steps is [{ Route: var route }, ..] && route.Kind == kind && change.Steps.All(step => step.Route.Kind == kind && step.Route.Caller == route.Caller) && (kind == RouteKind.Safe || change.Steps.Count == 1) ? change
            : throw new ControlException("no-route", ExitCode.Refused, kind == RouteKind.Authorization ? $"{state.Protocol.Title} takes no statement signed by {string.Join(" and ", signers.Select(signer => signer.Name))} on this state." : $"No Safe of {string.Join(" and ", signers.Select(signer => signer.Name))} can pause by itself.", "See 'agijobs owner emergency' for who can pause, and how.");
    }
}
