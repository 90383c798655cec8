using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Ethereum.Safes.Batches;

namespace AgiJobs.Control.Execution;

/// <summary>
/// A Safe transaction that carries steps of a change: a plain call for one, a MultiSendCallOnly batch for several. Its nonce is pinned by the
/// signatures, so that the chain lets it through at most once. Owners that are Safes consent by a transaction of their own, which their owners sign.
/// </summary>
public sealed class SafeCarrier
{
    private readonly EthereumClient _client;
    private readonly FiledChange _change;
    private readonly IReadOnlyList<OuterCall> _calls;
    private readonly int _chunk;

    /// <summary>The first Safe transaction of a change.</summary>
    /// <exception cref="ControlException"><c>approval-not-needed</c> (exit 2) when no Safe carries the change.</exception>
    public SafeCarrier(EthereumClient client, FiledChange change)
        : this(client, change, First(change.Document))
    {
    }

    internal SafeCarrier(EthereumClient client, FiledChange change, ExecutionUnit unit, IReadOnlyList<OuterCall>? calls = null)
    {
        _client = client;
        _change = change;
        Safe = unit.Base.Caller;
        _calls = calls ?? unit.Calls;
        var carried = ExecutionUnit.Of(change.Document).Where(other => other.Base.Kind == RouteKind.Safe).Select(other => other.Key).ToList();
        _chunk = Math.Max(0, carried.IndexOf(unit.Key));
        Chunks = carried.Count;
    }

    // Transactions of the same Safe that come before this one and are not mined: those that wait as well, and the nonce of one that was sent.
    private int Ahead { get; init; }

    private BigInteger LeastNonce { get; init; }

    /// <summary>The Safe.</summary>
    public Address Safe { get; }

    /// <summary>How many Safe transactions the change takes.</summary>
    public int Chunks { get; }

    /// <summary>
    /// The Safe transaction that a change waits for: the first whose unit has neither been signed nor found on the chain. Null when no Safe takes part, or no more.
    /// </summary>
    /// <exception cref="EthereumException">What reading a timelock may throw.</exception>
    public static async Task<SafeCarrier?> CurrentAsync(EthereumClient client, FiledChange change, CancellationToken cancellation) =>
        await QueueAsync(client, change, cancellation).ConfigureAwait(false) is [var first, ..] ? first : null;

    /// <summary>
    /// The Safe transactions that a change waits for and that can be signed now, in order, of each Safe with consecutive nonces: the chunks of a wave are signed together, so that it does not stop half
    /// done for want of a signature. What comes after a timelock is signed when it is due.
    /// </summary>
    /// <exception cref="EthereumException">What reading a timelock may throw.</exception>
    public static Task<IReadOnlyList<SafeCarrier>> QueueAsync(EthereumClient client, FiledChange change, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(change);
        return QueueAsync(client, change, Journal.Read(change.JournalPath), cancellation);
    }

    internal static async Task<IReadOnlyList<SafeCarrier>> QueueAsync(EthereumClient client, FiledChange change, IReadOnlyList<JsonObject> entries, CancellationToken cancellation)
    {
        var queue = new List<SafeCarrier>();
        var least = new Dictionary<Address, BigInteger>();
        foreach (var unit in ExecutionUnit.Of(change.Document).Where(unit => unit.Base.Kind == RouteKind.Safe))
        {
            if (unit.Operation is null)
            {
                if (!ExecutionJournal.IsSigned(entries, unit.Key))
                {
                    Add(unit, null);
                }
                else if (ExecutionJournal.SafeNonceOf(entries, unit.Key) is { } used)
                {
                    least[unit.Base.Caller] = used + 1;
                }

                continue;
            }

            var timelock = new TimelockCarrier(client, unit.Operation);
            if (!ExecutionJournal.IsSigned(entries, ExecutionJournal.ScheduleOf(unit)) && await timelock.TimestampAsync(cancellation).ConfigureAwait(false) == 0)
            {
                Add(unit, null);
                return queue;
            }

            if (!ExecutionJournal.IsSigned(entries, ExecutionJournal.ExecuteOf(unit)) && !await timelock.IsOpenAsync(cancellation).ConfigureAwait(false))
            {
                Add(unit, unit.ExecuteCalls());
                return queue;
            }
        }

        return queue;

        void Add(ExecutionUnit unit, IReadOnlyList<OuterCall>? calls) =>
            queue.Add(new SafeCarrier(client, change, unit, calls) { Ahead = queue.Count(other => other.Safe == unit.Base.Caller), LeastNonce = least.GetValueOrDefault(unit.Base.Caller) });
    }

    /// <summary>The standing that a change waits for: of its Safe transactions that can be signed now the first that lacks signatures, else the first; null when it waits for none.</summary>
    /// <exception cref="EthereumException">Those of <see cref="StandingAsync(CancellationToken)"/>.</exception>
    public static async Task<SafeStanding?> LackingAsync(EthereumClient client, FiledChange change, CancellationToken cancellation)
    {
        SafeStanding? first = null;
        foreach (var carrier in await QueueAsync(client, change, cancellation).ConfigureAwait(false))
        {
            var standing = await carrier.StandingAsync(cancellation).ConfigureAwait(false);
            if (!standing.IsComplete)
            {
                return standing;
            }

            first ??= standing;
        }

        return first;
    }

    /// <summary>The first Safe transaction of a change at a nonce of the Safe.</summary>
    /// <exception cref="ControlException"><c>approval-not-needed</c> (exit 2) when no Safe carries the change.</exception>
    public static SafeTransaction TransactionOf(ChangeDocument document, BigInteger nonce) => Transaction(First(document).Calls, nonce);

    /// <summary>Reads the Safe, and the Safes among its owners to any depth, and counts the signatures on file.</summary>
    /// <exception cref="EthereumException"><c>safe-not-a-safe</c> and others of reading a Safe; <c>safe-hash-mismatch</c>.</exception>
    public async Task<SafeStanding> StandingAsync(CancellationToken cancellation)
    {
        var account = new SafeAccount(_client, Safe);
        var state = await account.ReadAsync(BlockReference.Latest, cancellation).ConfigureAwait(false);
        var nonce = BigInteger.Max(state.Nonce, LeastNonce) + Ahead;
        return await StandingAsync(account, state, state.HashOf(Transaction(nonce)), [Safe], cancellation).ConfigureAwait(false) with { Chunk = _chunk, Chunks = Chunks };
    }

    /// <summary>Has an owner sign, for every Safe of the tree whose owner it is, and puts the signatures on file.</summary>
    /// <exception cref="ControlException"><c>safe-not-owner</c> (exit 4) when the signer is an owner of none of them.</exception>
    /// <exception cref="EthereumException">Those of the signer; <c>safe-signature-other-hash</c> when it signed something else, which is not filed.</exception>
    public async Task<IReadOnlyList<SafeApproval>> ApproveAsync(SafeStanding standing, SignerReference reference, ISigner signer, TimeProvider time, CancellationToken cancellation)
    {
        var places = standing.Tree.Where(node => node.State.Quorum.Contains(signer.Address)).DistinctBy(node => node.State.Domain.Safe).ToList();
        if (places.Count == 0)
        {
            throw new ControlException(
                "safe-not-owner",
                ExitCode.Refused,
                $"'{reference.Name}' ({signer.Address}) is not an owner of the Safe {Safe}{(standing.Nested.Count == 0 ? "" : " or of a Safe that owns it")}. The owners are {string.Join(", ", standing.Tree.SelectMany(node => node.State.Quorum.Owners).Distinct())}.",
                "Sign with one of its owners.");
        }

        var signed = new List<SafeApproval>();
        foreach (var place in places)
        {
            var signature = await signer.SignTypedDataAsync(place.Hash.Document, cancellation).ConfigureAwait(false);
            var checkedSignature = SafeSignature.FromWallet(signature.ToBytes(), place.Hash.Value, signer.Address);
            var approval = SafeApproval.Of(_change.Document.Digest(), place.Hash, signer.Address, checkedSignature, time.GetUtcNow(), _chunk);
            _change.File(approval);
            signed.Add(approval);
        }

        return signed;
    }

    /// <summary>Files a signature that an owner made elsewhere, for the Safe of the tree whose transaction it is over.</summary>
    /// <param name="standing">The standing; signatures of another nonce are over another transaction.</param>
    /// <param name="signature">65 bytes as a wallet gives them.</param>
    /// <param name="time">The clock of the record.</param>
    /// <exception cref="ControlException"><c>signature-nobodys</c> (exit 4) when it is no owner's over what is to be signed now.</exception>
    public SafeApproval Import(SafeStanding standing, ReadOnlySpan<byte> signature, TimeProvider time)
    {
        foreach (var place in standing.Tree)
        {
            foreach (var owner in place.State.Quorum.Owners)
            {
                if (TryRead(signature, place.Hash.Value, owner) is { } good)
                {
                    var approval = SafeApproval.Of(_change.Document.Digest(), place.Hash, owner, good, time.GetUtcNow(), _chunk);
                    _change.File(approval);
                    return approval;
                }
            }
        }

        throw new ControlException(
            "signature-nobodys",
            ExitCode.Refused,
            $"The signature is no owner's over {string.Join(" or ", standing.Tree.Select(place => $"{place.Hash.Value} (the Safe {place.State.Domain.Safe}, nonce {place.Hash.Transaction.Nonce})"))}.",
            "Have an owner sign this hash. A signature over an earlier nonce counts no more.");
    }

    /// <summary>True when 65 bytes as a wallet gives them are an owner's signature over a hash.</summary>
    public static bool IsBy(ReadOnlySpan<byte> signature, Bytes32 hash, Address owner) => TryRead(signature, hash, owner) is not null;

    private static SafeSignature? TryRead(ReadOnlySpan<byte> signature, Bytes32 hash, Address owner)
    {
        try
        {
            return SafeSignature.FromWallet(signature, hash, owner);
        }
        catch (EthereumException problem) when (problem.Fault is Fault.Refused or Fault.Mismatch)
        {
            return null;
        }
    }

    /// <summary>The call that makes the Safe of a standing execute, tried on the newest state. Approvals of Safes among its owners must be on the chain.</summary>
    /// <exception cref="EthereumException"><c>safe-too-few-signatures</c>, <c>safe-nonce</c>, <c>safe-reverted</c> and others of preparing an execution.</exception>
    public Task<PreparedSafeExecution> PrepareAsync(SafeStanding standing, Address executor, CancellationToken cancellation)
    {
        var signatures = standing.Approvals.SelectMany(approval => SafeSignatures.Decode(approval.Signature)).Concat(standing.ApprovedOnChain.Select(SafeSignature.Approved)).Take(standing.Needed).ToList();
        return new SafeAccount(_client, standing.State.Domain.Safe).PrepareAsync(standing.Hash.Transaction, signatures, executor, BlockReference.Latest, cancellation);
    }

    /// <summary>The file that the Safe's Transaction Builder reads.</summary>
    public byte[] ToTransactionBuilder(DateTimeOffset createdAt) =>
        TransactionBatch.Create(
            _client.ChainId,
            createdAt,
            new BatchMeta { Name = _change.Document.Title, Description = $"{_change.Id} {_change.Document.Digest()}", TxBuilderVersion = "1.16.5", CreatedFromSafe = Safe },
            [.. _calls.Select(call => BatchTransaction.FromData(call.To, Wei.Zero, call.Data))]).ToBytes();

    /// <summary>The transaction with a nonce.</summary>
    public SafeTransaction Transaction(BigInteger nonce) => Transaction(_calls, nonce);

    /// <summary>The transactions of this carrier that signatures on file are over; whatever else a file says is not looked for on the chain.</summary>
    internal IEnumerable<Bytes32> SignedHashes() =>
        _change.SafeApprovals()
            .Where(approval => approval.Safe == Safe && approval.Change == _change.Document.Digest() && (approval.Chunk ?? 0) == _chunk && IsOurs(approval))
            .Select(approval => approval.SafeTxHash)
            .Distinct();

    // Since 1.3.0 the chain is in the domain; between that and 1.0.0 nothing else of the hash is different.
    private bool IsOurs(SafeApproval approval) =>
        BigInteger.TryParse(approval.Nonce, NumberStyles.None, CultureInfo.InvariantCulture, out var nonce)
        && ((SafeVersion[])[new SafeVersion(1, 4, 1), new SafeVersion(1, 0, 0)]).Any(version => SafeTransactionHash.Compute(new SafeDomain(version, approval.ChainId, Safe), Transaction(nonce)).Value == approval.SafeTxHash);

    internal static SafeTransaction Transaction(IReadOnlyList<OuterCall> calls, BigInteger nonce) => calls is [var only]
        ? new SafeTransaction { To = only.To, Data = only.Data, Nonce = nonce }
        : MultiSend.ToTransaction([.. calls.Select(call => new MultiSendCall(call.To, Wei.Zero, call.Data))], SafeContracts.MultiSendCallOnly.Address, nonce);

    private static ExecutionUnit First(ChangeDocument document) =>
        ExecutionUnit.Of(document).FirstOrDefault(unit => unit.Base.Kind == RouteKind.Safe)
        ?? throw new ControlException("approval-not-needed", ExitCode.BadInput, $"The change {document.Digest()} is carried by no Safe, so it takes no signatures of Safe owners.", "Execute it: agijobs change execute ID --signer NAME --execute");

    private async Task<SafeStanding> StandingAsync(SafeAccount account, SafeState state, SafeTransactionHash hash, IReadOnlyList<Address> path, CancellationToken cancellation)
    {
        await account.RequireHashOnChainAsync(hash, state.Block, cancellation).ConfigureAwait(false);
        var batch = _client.NewBatch();
        var owners = state.Quorum.Owners.Select(owner => (
            Owner: owner,
            Code: batch.Add(EthRequests.Code(owner, state.Block)),
            Approved: batch.Add(EthRequests.Call(new CallRequest { To = account.Address, Data = SafeAbi.Safe.Function("approvedHashes").Encode(owner, hash.Value) }, state.Block)))).ToList();
        await batch.SendAsync(cancellation).ConfigureAwait(false);
        var approved = owners.Where(entry => new Bytes32(entry.Approved.Value) != Bytes32.Zero).Select(entry => entry.Owner).ToList();
        var good = new List<SafeApproval>();
        var stale = new List<string>();
        foreach (var approval in _change.SafeApprovals().Where(approval => (approval.Chunk ?? 0) == _chunk && (approval.Safe == account.Address || path is [_])))
        {
            // A signature for a Safe further down is judged there.
            if (approval.Safe != account.Address && owners.Exists(entry => entry.Code.Value.Length > 0))
            {
                continue;
            }

            if (Problem(approval, state, hash) is { } why)
            {
                stale.Add($"{approval.Owner}: {why}");
            }
            else if (good.Exists(other => other.Owner == approval.Owner))
            {
                stale.Add($"{approval.Owner}: another file holds a signature of this owner already, and each owner counts once");
            }
            else if (!approved.Contains(approval.Owner))
            {
                good.Add(approval);
            }
        }

        var nested = new List<SafeStanding>();
        foreach (var (owner, code, _) in owners.Where(entry => !approved.Contains(entry.Owner) && entry.Code.Value is { Length: > 0 } and not [0xef, 0x01, 0x00, ..]))
        {
            if (path.Contains(owner))
            {
                stale.Add($"{owner}: a Safe that this one takes part in owning, so that it cannot sign for it here");
                continue;
            }

            try
            {
                var child = new SafeAccount(_client, owner);
                var childState = await child.ReadAsync(state.Block, cancellation).ConfigureAwait(false);
                var approval = NestedApproval.Create(hash, childState.Domain, childState.Nonce + Ahead);
                nested.Add(await StandingAsync(child, childState, approval.Child, [.. path, owner], cancellation).ConfigureAwait(false));
            }
            catch (EthereumException problem) when (problem.Fault == Fault.Refused)
            {
                stale.Add($"{owner}: an owner that is a contract and signs in no way known here: {problem.Message}");
            }
        }

        return new SafeStanding(state, hash, good, stale) { ApprovedOnChain = approved, Nested = nested };
    }

    private string? Problem(SafeApproval approval, SafeState state, SafeTransactionHash hash)
    {
        if (approval.Change != _change.Document.Digest())
        {
            return $"it approves the change {approval.Change}, not this one";
        }

        if (approval.ChainId != _client.ChainId || approval.Safe != state.Domain.Safe)
        {
            return $"it is for the Safe {approval.Safe} on chain {approval.ChainId}";
        }

        if (approval.SafeTxHash != hash.Value)
        {
            return string.Equals(approval.Nonce, hash.Transaction.Nonce.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
                ? $"it is over {approval.SafeTxHash}, not over this change's {hash.Value}"
                : hash.Transaction.Nonce != state.Nonce ? $"it is for nonce {approval.Nonce}, and this transaction comes at nonce {hash.Transaction.Nonce}"
                : $"it is for nonce {approval.Nonce}, and the Safe is at {state.Nonce}";
        }

        try
        {
            var signers = SafeSignatures.VerifyEach(hash, state.Quorum, SafeSignatures.Decode(approval.Signature), SafeSignatureEvidence.None);
            return signers is not [var signer] ? $"it holds {signers.Count} signatures, and a file is for one"
                : signer != approval.Owner ? $"it is signed by {signer}"
                : null;
        }
        catch (EthereumException problem)
        {
            return problem.Message;
        }
    }
}
