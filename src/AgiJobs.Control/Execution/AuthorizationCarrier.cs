using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Control.Execution;

/// <summary>How the statement of a change stands.</summary>
/// <param name="Document">What its signer signs.</param>
/// <param name="IsSpent">True when it was used or revoked.</param>
/// <param name="Signature">The signature on file that counts; null when there is none.</param>
/// <param name="Stale">Signatures on file that do not count, each with the reason.</param>
public sealed record AuthorizationStanding(TypedDocument Document, bool IsSpent, SignedAuthorization? Signature, IReadOnlyList<string> Stale);

/// <summary>
/// The statement by which anybody may carry a step: it is signed once by a holder of the role, filed, and sent by whoever has gas. Its salt lets the chain take it at most once.
/// </summary>
public sealed class AuthorizationCarrier
{
    // The answer of ERC-1271's isValidSignature(bytes32,bytes).
    private static readonly Bytes32 Magic = Bytes32.Parse("0x1626ba7e" + new string('0', 56));
    private static readonly AbiFunction IsValidSignature = AbiFunction.Parse("function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4)");

    private readonly EthereumClient _client;
    private readonly FiledChange _change;
    private readonly ChangeStep _step;
    private readonly Authorization _form;

    /// <summary>The statement of a change's step.</summary>
    /// <exception cref="ControlException"><c>authorization-not-needed</c> (exit 2) when the step is not carried by a statement, <c>description-other</c> (exit 6) when the description has no such lever.</exception>
    public AuthorizationCarrier(EthereumClient client, Protocol protocol, FiledChange change, ChangeStep step)
    {
        _client = client;
        _change = change;
        _step = step;
        Statement = step.Route is { Kind: RouteKind.Authorization, Statement: { } statement } ? statement
            : throw new ControlException("authorization-not-needed", ExitCode.BadInput, $"The step {step.Module}.{step.Function} of the change {change.Id} is not carried by a signed statement.");
        _form = protocol.At(step.Target)?.Levers.FirstOrDefault(lever => string.Equals(lever.Function.Signature, step.Function, StringComparison.Ordinal))?.Authorization
            ?? throw new ControlException("description-other", ExitCode.Mismatch, $"The description of {protocol.Title} has no {step.Module}.{step.Function} that takes a signed statement, so it is not the one that the change {change.Id} was planned with.", "Use the description that it was planned with, or plan it again.");
    }

    /// <summary>What is signed.</summary>
    public PauseStatement Statement { get; }

    /// <summary>Whose signature it takes.</summary>
    public Address Signer => _step.Route.Caller;

    /// <summary>Computes the digest, has the contract compute it, and judges the signatures on file.</summary>
    /// <exception cref="ControlException"><c>authorization-digest</c> (exit 6) when the contract computes another digest.</exception>
    /// <exception cref="EthereumException">What reading may throw.</exception>
    public async Task<AuthorizationStanding> StandingAsync(CancellationToken cancellation)
    {
        var document = _form.Document(_client.ChainId, _step.Target, Signer, Statement);
        var batch = _client.NewBatch();
        var spent = batch.Add(EthRequests.Call(new CallRequest { To = _step.Target, Data = _form.EncodeSpent(Signer, Statement.Salt) }, BlockReference.Latest));
        var digest = _form.EncodeDigest(Signer, Statement) is { } asked ? batch.Add(EthRequests.Call(new CallRequest { To = _step.Target, Data = asked }, BlockReference.Latest)) : null;
        var code = batch.Add(EthRequests.Code(Signer, BlockReference.Latest));
        var filed = _change.Authorizations().Select(authorization => (
            Authorization: authorization,
            Accepted: batch.Add(EthRequests.Call(new CallRequest { To = Signer, Data = IsValidSignature.Encode(document.Digest, authorization.Signature) }, BlockReference.Latest)))).ToList();
        await batch.SendAsync(cancellation).ConfigureAwait(false);
        if (digest is not null)
        {
            RequireSame(document, _step, new Bytes32(digest.Value));
        }

        SignedAuthorization? good = null;
        var stale = new List<string>();
        foreach (var (authorization, accepted) in filed)
        {
            if (Problem(authorization, document, code.Value, accepted) is { } why)
            {
                stale.Add($"{authorization.Signer}: {why}");
            }
            else
            {
                good ??= authorization;
            }
        }

        return new AuthorizationStanding(document, _form.Spent.DecodeOutput(spent.Value)[0].AsBoolean(), good, stale);
    }

    /// <summary>Has the holder of the role sign, and puts the signature on file.</summary>
    /// <exception cref="ControlException"><c>authorization-signer</c> (exit 4) when the signer is somebody else.</exception>
    /// <exception cref="EthereumException">Those of the signer; <c>signature-mismatch</c> when it signed something else, which is not filed.</exception>
    public async Task<SignedAuthorization> SignAsync(AuthorizationStanding standing, ISigner signer, TimeProvider time, CancellationToken cancellation)
    {
        var signed = await SignAsync(_client.ChainId, _change.Document, _step, standing.Document, signer, time, cancellation).ConfigureAwait(false);
        _change.File(signed);
        return signed;
    }

    /// <summary>What the signer of a step's statement signs, as computed here and, where the contract has a view for it, by the contract.</summary>
    /// <exception cref="ControlException"><c>authorization-digest</c> (exit 6) when the contract computes another digest.</exception>
    /// <exception cref="EthereumException">What reading may throw.</exception>
    public static async Task<TypedDocument> DocumentAsync(EthereumClient client, Authorization form, ChangeStep step, BlockReference block, CancellationToken cancellation)
    {
        var document = form.Document(client.ChainId, step.Target, step.Route.Caller, step.Route.Statement!);
        if (form.EncodeDigest(step.Route.Caller, step.Route.Statement!) is { } asked)
        {
            RequireSame(document, step, new Bytes32(await client.CallAsync(new CallRequest { To = step.Target, Data = asked }, block, cancellation).ConfigureAwait(false)));
        }

        return document;
    }

    /// <summary>Has the holder of the role sign a step's statement, and checks what came back. Files nothing.</summary>
    /// <exception cref="ControlException"><c>authorization-signer</c> (exit 4) when the signer is somebody else.</exception>
    /// <exception cref="EthereumException">Those of the signer; <c>signature-mismatch</c> when it signed something else.</exception>
    public static async Task<SignedAuthorization> SignAsync(ChainId chain, ChangeDocument change, ChangeStep step, TypedDocument document, ISigner signer, TimeProvider time, CancellationToken cancellation)
    {
        var holder = step.Route.Caller;
        if (signer.Address != holder)
        {
            throw new ControlException("authorization-signer", ExitCode.Refused, $"The statement of '{change.Title}' is to be signed by {holder} ({step.Route.Role}), and the signer is {signer.Address}.", "Name that account's signer with --signer.");
        }

        var signature = (await signer.SignTypedDataAsync(document, cancellation).ConfigureAwait(false)).ToBytes();
        return Secp256k1.Recover(document.Digest, Signature.FromBytes(signature)) is var who && who != holder
            ? throw new EthereumException("signature-mismatch", Fault.Mismatch, $"The signer returned a signature of {who}, not of {holder}: it signed something else. It was not filed; do not use this signer.")
            : new SignedAuthorization { Version = 1, Change = change.Digest(), ChainId = chain, Contract = step.Target, Digest = document.Digest, Signer = holder, Signature = signature, SignedAt = time.GetUtcNow() };
    }

    private static void RequireSame(TypedDocument document, ChangeStep step, Bytes32 there)
    {
        if (there != document.Digest)
        {
            throw new ControlException("authorization-digest", ExitCode.Mismatch, $"The digest of the statement is {document.Digest} as computed here, and {there} as {step.Module} at {step.Target} computes it.", "Nothing is signed or sent. The description does not fit the contract, or the node lies; ask another one.");
        }
    }

    /// <summary>The calldata with a signature in its place.</summary>
    public byte[] Encode(ReadOnlyMemory<byte> signature) => _form.Encode(Signer, Statement, signature);

    /// <summary>True when calldata are those of this statement, with whatever signature.</summary>
    internal bool IsCarriedBy(ReadOnlySpan<byte> calldata)
    {
        try
        {
            var function = AbiFunction.Parse($"function {_step.Function}");
            return calldata.SequenceEqual(Encode(function.DecodeInput(calldata)[1].AsBytes()));
        }
        catch (EthereumException)
        {
            return false;
        }
    }

    private string? Problem(SignedAuthorization authorization, TypedDocument document, byte[] code, RpcSlot<byte[]> accepted)
    {
        if (authorization.Change != _change.Document.Digest())
        {
            return $"it is for the change {authorization.Change}, not for this one";
        }

        if (authorization.ChainId != _client.ChainId || authorization.Contract != _step.Target || authorization.Signer != Signer || authorization.Digest != document.Digest)
        {
            return $"it is over {authorization.Digest} for {authorization.Contract} on chain {authorization.ChainId}, not over this statement's {document.Digest}";
        }

        if (code is { Length: > 0 } and not [0xef, 0x01, 0x00, ..])
        {
            return accepted.TryGet(out var answer) ? answer.Length == Bytes32.Size && new Bytes32(answer) == Magic ? null : "the contract does not accept the signature"
                : accepted.Error is RevertException ? "the contract refuses the signature"
                : throw accepted.Error!;
        }

        try
        {
            return Secp256k1.Recover(document.Digest, Signature.FromBytes(authorization.Signature)) is var who && who == Signer ? null : $"it is signed by {who}";
        }
        catch (EthereumException problem)
        {
            return problem.Message;
        }
    }
}
