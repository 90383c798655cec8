using System.Globalization;
using System.Numerics;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Ethereum.Safes.Batches;

namespace AgiJobs.Control.Execution;

/// <summary>How many of a Safe's signatures over a change there are.</summary>
/// <param name="State">The Safe as it was read.</param>
/// <param name="Hash">The transaction that carries the change, with its hash.</param>
/// <param name="Approvals">The signatures that count.</param>
/// <param name="Stale">Signatures on file that count no more, each with the reason.</param>
public sealed record SafeStanding(SafeState State, SafeTransactionHash Hash, IReadOnlyList<SafeApproval> Approvals, IReadOnlyList<string> Stale)
{
    /// <summary>How many signatures the Safe demands.</summary>
    public int Needed => State.Quorum.Threshold;

    /// <summary>True when the Safe would execute.</summary>
    public bool IsComplete => Approvals.Count >= Needed;
}

/// <summary>
/// The one Safe transaction that carries all steps of a change: a plain call for one step, a MultiSendCallOnly batch for several. Its nonce is pinned by the
/// signatures, so that the chain lets it through at most once.
/// </summary>
public sealed class SafeCarrier(EthereumClient client, FiledChange change)
{
    private Address Safe => change.Document.Steps[0].Route.Caller;

    /// <summary>Reads the Safe and counts the signatures on file.</summary>
    /// <exception cref="EthereumException"><c>safe-not-a-safe</c> and others of reading a Safe; <c>safe-hash-mismatch</c>.</exception>
    public async Task<SafeStanding> StandingAsync(CancellationToken cancellation)
    {
        var account = new SafeAccount(client, Safe);
        var state = await account.ReadAsync(BlockReference.Latest, cancellation).ConfigureAwait(false);
        var hash = state.HashOf(Transaction(state.Nonce));
        await account.RequireHashOnChainAsync(hash, state.Block, cancellation).ConfigureAwait(false);
        var good = new List<SafeApproval>();
        var stale = new List<string>();
        foreach (var approval in change.SafeApprovals())
        {
            if (Problem(approval, state, hash) is { } why)
            {
                stale.Add($"{approval.Owner}: {why}");
            }
            else if (good.Exists(other => other.Owner == approval.Owner))
            {
                stale.Add($"{approval.Owner}: another file holds a signature of this owner already, and each owner counts once");
            }
            else
            {
                good.Add(approval);
            }
        }

        return new SafeStanding(state, hash, good, stale);
    }

    /// <summary>Has an owner sign and puts the signature on file.</summary>
    /// <exception cref="ControlException"><c>safe-not-owner</c> (exit 4) when the signer is no owner of the Safe.</exception>
    /// <exception cref="EthereumException">Those of the signer; <c>safe-signature-other-hash</c> when it signed something else, which is not filed.</exception>
    public async Task<SafeApproval> ApproveAsync(SafeStanding standing, SignerReference reference, ISigner signer, TimeProvider time, CancellationToken cancellation)
    {
        if (!standing.State.Quorum.Contains(signer.Address))
        {
            throw new ControlException(
                "safe-not-owner",
                ExitCode.Refused,
                $"'{reference.Name}' ({signer.Address}) is not an owner of the Safe {Safe}. Its owners are {string.Join(", ", standing.State.Quorum.Owners)}.",
                "Sign with one of its owners.");
        }

        var signature = await signer.SignTypedDataAsync(standing.Hash.Document, cancellation).ConfigureAwait(false);
        var checkedSignature = SafeSignature.FromWallet(signature.ToBytes(), standing.Hash.Value, signer.Address);
        var approval = new SafeApproval
        {
            Version = 1,
            Change = change.Document.Digest(),
            ChainId = client.ChainId,
            Safe = Safe,
            Nonce = standing.State.Nonce.ToString(CultureInfo.InvariantCulture),
            SafeTxHash = standing.Hash.Value,
            Owner = signer.Address,
            Signature = SafeSignatures.Encode(standing.Hash.Value, [checkedSignature]),
            SignedAt = time.GetUtcNow(),
        };
        change.File(approval);
        return approval;
    }

    /// <summary>The call that makes the Safe execute, tried on the newest state.</summary>
    /// <exception cref="EthereumException"><c>safe-too-few-signatures</c>, <c>safe-nonce</c>, <c>safe-reverted</c> and others of preparing an execution.</exception>
    public Task<PreparedSafeExecution> PrepareAsync(SafeStanding standing, Address executor, CancellationToken cancellation)
    {
        var signatures = standing.Approvals.SelectMany(approval => SafeSignatures.Decode(approval.Signature)).Take(standing.Needed).ToList();
        return new SafeAccount(client, Safe).PrepareAsync(standing.Hash.Transaction, signatures, executor, BlockReference.Latest, cancellation);
    }

    /// <summary>The file that the Safe's Transaction Builder reads.</summary>
    public byte[] ToTransactionBuilder(DateTimeOffset createdAt) =>
        TransactionBatch.Create(
            client.ChainId,
            createdAt,
            new BatchMeta { Name = change.Document.Title, Description = $"{change.Id} {change.Document.Digest()}", TxBuilderVersion = "1.16.5", CreatedFromSafe = Safe },
            [.. change.Document.Steps.Select(step => BatchTransaction.FromData(step.Target, Wei.Zero, step.Calldata))]).ToBytes();

    /// <summary>The transaction with a nonce.</summary>
    public SafeTransaction Transaction(BigInteger nonce) => TransactionOf(change.Document, nonce);

    /// <summary>The one transaction that carries all steps of a change at a nonce of the Safe.</summary>
    public static SafeTransaction TransactionOf(ChangeDocument document, BigInteger nonce) => document.Steps is [var only]
        ? new SafeTransaction { To = only.Target, Data = only.Calldata, Nonce = nonce }
        : MultiSend.ToTransaction([.. document.Steps.Select(step => new MultiSendCall(step.Target, Wei.Zero, step.Calldata))], SafeContracts.MultiSendCallOnly.Address, nonce);

    private string? Problem(SafeApproval approval, SafeState state, SafeTransactionHash hash)
    {
        if (approval.Change != change.Document.Digest())
        {
            return $"it approves the change {approval.Change}, not this one";
        }

        if (approval.ChainId != client.ChainId || approval.Safe != Safe)
        {
            return $"it is for the Safe {approval.Safe} on chain {approval.ChainId}";
        }

        if (approval.SafeTxHash != hash.Value)
        {
            return string.Equals(approval.Nonce, state.Nonce.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
                ? $"it is over {approval.SafeTxHash}, not over this change's {hash.Value}"
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
