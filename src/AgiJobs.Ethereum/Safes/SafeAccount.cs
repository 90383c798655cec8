using System.Numerics;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Ethereum.Safes;

/// <summary>
/// A Safe on a chain: reads it, asks it for its opinion, and prepares executions. Reads only; it never sends. All reads of one call are of
/// one block. Safe for use by several threads.
/// </summary>
public sealed class SafeAccount
{
    private const int ModulePage = 100;
    private const int MaxModules = 10_000;

    // Enough for blocks that arrive while it is read; a node that goes on contradicting itself is told.
    private const int Attempts = 3;

    // keccak256("guard_manager.guard.address"), keccak256("module_manager.module_guard.address"), keccak256("fallback_manager.handler.address")

    private static readonly Bytes32 DataMagic = Magic("isValidSignature(bytes,bytes)");
    private static readonly Bytes32 HashMagic = Magic("isValidSignature(bytes32,bytes)");

    private static readonly string[] HaltWords =
        ["EVM error", "opcode", "out of gas", "OutOfGas", "invalid jump", "InvalidJump", "stack underflow", "stack limit", "StackUnderflow", "StackOverflow"];

    private readonly EthereumClient _client;

    /// <summary>Names a Safe; nothing is read yet.</summary>
    public SafeAccount(EthereumClient client, Address address)
    {
        ArgumentNullException.ThrowIfNull(client);
        _client = client;
        Address = address;
    }

    /// <summary>The Safe's address.</summary>
    public Address Address { get; }

    /// <summary>
    /// Reads everything in one batch at one block (one more exchange first when <paramref name="block"/> is a tag, to pin it, one for each
    /// further hundred modules, and one where the node will not hash the singleton's code itself).
    /// </summary>
    /// <exception cref="EthereumException">
    /// Refused: <c>safe-no-code</c>, <c>safe-not-a-safe</c>, <c>safe-version-unsupported</c>, <c>safe-version-newer</c>. Mismatch: <c>safe-domain-mismatch</c> when the contract
    /// computes another domain hash, <c>safe-state-mismatch</c> when its answers differ from its storage, and, of the newest block, go on to differ while the chain moves. Unknown: what the node could not answer.
    /// </exception>
    public async Task<SafeState> ReadAsync(BlockReference block, CancellationToken cancellationToken = default)
    {
        var pinned = await PinAsync(block, cancellationToken).ConfigureAwait(false);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await ReadAtAsync(pinned, cancellationToken).ConfigureAwait(false);
            }
            catch (EthereumException contradiction) when (contradiction.Code == "safe-state-mismatch" && attempt < Attempts)
            {
                // A node that mines between two answers of a batch may give the newer state for the block that was the newest until then. Where the head
                // has not moved, the contradiction is the node's own.
                var next = await PinAsync(block, cancellationToken).ConfigureAwait(false);
                if (next.Hash == pinned.Hash && next.Number == pinned.Number)
                {
                    throw;
                }

                pinned = next;
            }
        }
    }

    private async Task<SafeState> ReadAtAsync(BlockReference pinned, CancellationToken cancellationToken)
    {
        var batch = _client.NewBatch();
        var code = batch.Add(EthRequests.Code(Address, pinned));
        var probe = batch.Add(EthRequests.Call(new CallRequest { Data = SingletonProbe() }, pinned));
        var slots = new RpcSlot<Bytes32>[6];
        for (var i = 0; i < slots.Length; i++)
        {
            slots[i] = batch.Add(EthRequests.Storage(Address, Bytes32.FromUnsigned(i), pinned));
        }

        var guard = batch.Add(EthRequests.Storage(Address, SafeSlots.Guard, pinned));
        var moduleGuard = batch.Add(EthRequests.Storage(Address, SafeSlots.ModuleGuard, pinned));
        var handler = batch.Add(EthRequests.Storage(Address, SafeSlots.FallbackHandler, pinned));
        var version = Ask(batch, pinned, SafeAbi.Safe.Function("VERSION"));
        var owners = Ask(batch, pinned, SafeAbi.Safe.Function("getOwners"));
        var threshold = Ask(batch, pinned, SafeAbi.Safe.Function("getThreshold"));
        var nonce = Ask(batch, pinned, SafeAbi.Safe.Function("nonce"));
        var separator = Ask(batch, pinned, SafeAbi.Safe.Function("domainSeparator"));
        var modulePage = Ask(batch, pinned, SafeAbi.GetModulesPaginated, SafeQuorum.Sentinel, ModulePage);
        var allModules = Ask(batch, pinned, SafeAbi.GetModules);
        await batch.SendAsync(cancellationToken).ConfigureAwait(false);

        if (code.Value.Length == 0)
        {
            throw new EthereumException(
                "safe-no-code",
                Fault.Refused,
                $"{Address} has no code on chain {_client.ChainId} at block {pinned}: it is an ordinary account, or the Safe is not deployed on this chain. Check the address and the network.");
        }

        var domain = new SafeDomain(ReadVersion(Answer(version)), _client.ChainId, Address);
        var quorum = ReadQuorum(Answer(owners), Answer(threshold));
        var nonceNow = Answer(nonce)[0].AsInteger();
        var separatorThere = Answer(separator)[0].AsBytes32();
        if (separatorThere != domain.Separator)
        {
            throw new EthereumException(
                "safe-domain-mismatch",
                Fault.Mismatch,
                $"{domain} says its domain hash is {separatorThere}; computed here it is {domain.Separator}. It is not the Safe it claims to be, or the node serves another chain. Do not sign.");
        }

        var findings = new List<SafeFinding>();
        var (singleton, singletonCodeHash) = await ReadSingletonAsync(probe, slots[0].Value, pinned, cancellationToken).ConfigureAwait(false);
        var known = Identify(domain, singleton, singletonCodeHash, findings);
        RequireSameAsStorage(domain, quorum, nonceNow, slots, known, findings);
        var proxyCodeHash = Keccak256.Hash(code.Value);
        if (!SafeProxies.IsKnown(proxyCodeHash))
        {
            findings.Add(new SafeFinding("safe-proxy-unknown", $"The code at {Address} (hash {proxyCodeHash}) is not a published Safe proxy, so what it does with calls is not known."));
        }

        var state = new SafeState
        {
            Domain = domain,
            Block = pinned,
            Quorum = quorum,
            Nonce = nonceNow,
            Singleton = singleton,
            SingletonCodeHash = singletonCodeHash,
            KnownSingleton = known,
            ProxyCodeHash = proxyCodeHash,
            Modules = await ReadModulesAsync(domain.Version, modulePage, allModules, pinned, cancellationToken).ConfigureAwait(false),
            Guard = domain.Version.HasGuard ? OptionalAddress(guard.Value, "guard") : null,
            ModuleGuard = domain.Version.HasModuleGuard ? OptionalAddress(moduleGuard.Value, "module guard") : null,
            FallbackHandler = OptionalAddress(handler.Value, "fallback handler"),
            Findings = findings,
        };
        AddFindings(state, findings);
        return state;
    }

    /// <summary>Asks the Safe itself for the hash of a transaction, as a third witness beside the two computations.</summary>
    /// <exception cref="EthereumException"><c>safe-hash-mismatch</c> (mismatch); <c>safe-not-a-safe</c> (refused).</exception>
    public async Task RequireHashOnChainAsync(SafeTransactionHash hash, BlockReference block, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(hash);
        RequireOwn(hash);
        var batch = _client.NewBatch();
        var slot = AskForHash(batch, block, hash.Transaction);
        await batch.SendAsync(cancellationToken).ConfigureAwait(false);
        hash.RequireSame(Answer(slot)[0].AsBytes32(), $"The contract {Address}");
    }

    /// <summary>
    /// Finds out on chain what the signatures alone do not prove: which owners approved the hash, and which contract owners accept their
    /// signature. One batch at one block.
    /// </summary>
    public async Task<SafeSignatureEvidence> ReadEvidenceAsync(
        SafeTransactionHash hash, IReadOnlyCollection<SafeSignature> signatures, Address? executor, BlockReference block, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(hash);
        ArgumentNullException.ThrowIfNull(signatures);
        RequireOwn(hash);
        var batch = _client.NewBatch();
        var questions = AskForEvidence(batch, block, hash, signatures);
        if (batch.Count > 0)
        {
            await batch.SendAsync(cancellationToken).ConfigureAwait(false);
        }

        return ReadEvidence(questions, hash, executor);
    }

    /// <summary>
    /// Makes sure that a transaction can be executed now, and builds the call: the Safe is read, its nonce is the transaction's, its own hash is
    /// ours, every signature counts, the threshold is met, and the whole call succeeds when tried on the state. Nothing is sent.
    /// </summary>
    /// <param name="transaction">The transaction.</param>
    /// <param name="signatures">The signatures, in any order.</param>
    /// <param name="executor">Who will send it.</param>
    /// <param name="block">The state to try on; a tag is pinned first.</param>
    /// <param name="cancellationToken">Stops the reads.</param>
    /// <exception cref="EthereumException">
    /// As <see cref="ReadAsync"/> and <see cref="SafeSignatures.Verify"/>; <c>safe-nonce</c> (refused); <c>safe-hash-mismatch</c> (mismatch);
    /// <c>safe-reverted</c>, <c>safe-inner-call-fails</c> (failed).
    /// </exception>
    public async Task<PreparedSafeExecution> PrepareAsync(
        SafeTransaction transaction, IReadOnlyCollection<SafeSignature> signatures, Address executor, BlockReference block, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        ArgumentNullException.ThrowIfNull(signatures);
        var state = await ReadAsync(block, cancellationToken).ConfigureAwait(false);
        if (state.Nonce != transaction.Nonce)
        {
            throw new EthereumException(
                "safe-nonce",
                Fault.Refused,
                transaction.Nonce < state.Nonce
                    ? $"Nonce {transaction.Nonce} of {state.Domain} is used already (the next is {state.Nonce}): the transaction was executed, or another one in its place."
                    : $"{state.Domain} is at nonce {state.Nonce}, so a transaction with nonce {transaction.Nonce} cannot be executed before the {transaction.Nonce - state.Nonce} in front of it.");
        }

        var hash = state.HashOf(transaction);
        if (signatures.Count == 0)
        {
            SafeSignatures.Verify(hash, state.Quorum, signatures);
        }

        // The contract's hash, the evidence and the trial do not depend on each other, so they share one exchange; what they say is judged in order.
        var calldata = SafeExecution.Encode(transaction, SafeSignatures.Encode(hash.Value, signatures));
        var batch = _client.NewBatch();
        var hashThere = AskForHash(batch, state.Block, transaction);
        var questions = AskForEvidence(batch, state.Block, hash, signatures);
        var trial = batch.Add(EthRequests.Call(new CallRequest { To = Address, From = executor, Data = calldata }, state.Block));
        await batch.SendAsync(cancellationToken).ConfigureAwait(false);

        hash.RequireSame(Answer(hashThere)[0].AsBytes32(), $"The contract {Address}");
        var owners = SafeSignatures.Verify(hash, state.Quorum, signatures, ReadEvidence(questions, hash, executor));
        RequireSuccess(trial, hash);
        return new PreparedSafeExecution(state, hash, owners, executor, calldata);
    }

    private static void RequireSuccess(RpcSlot<byte[]> trial, SafeTransactionHash hash)
    {
        if (trial.Error is RevertException revert)
        {
            throw SafeRevert.Explain(revert, hash.Subject);
        }

        // With safeTxGas or gasPrice set, a failing inner call does not revert: the nonce would be used up for nothing.
        if (!SafeAbi.ExecTransaction.DecodeOutput(trial.Value)[0].AsBoolean())
        {
            throw new EthereumException(
                "safe-inner-call-fails",
                Fault.Failed,
                $"The inner call of {hash.Subject} to {hash.Transaction.To} would fail, and since safeTxGas or gasPrice is set the Safe would use up the nonce without effect. Find out why it fails first.");
        }
    }

    private List<(SafeSignature Signature, Question Question)> AskForEvidence(
        RpcBatch batch, BlockReference block, SafeTransactionHash hash, IReadOnlyCollection<SafeSignature> signatures)
    {
        var questions = new List<(SafeSignature Signature, Question Question)>();
        foreach (var signature in signatures)
        {
            switch (signature)
            {
                case SafeSignature.ApprovedHash approval:
                    questions.Add((signature, Ask(batch, block, SafeAbi.ApprovedHashes, approval.Owner, hash.Value)));
                    break;
                case SafeSignature.ContractSignature contract:
                    var byHash = hash.Domain.Version.AsksContractOwnersAboutTheHash;
                    var function = byHash ? SafeAbi.IsValidSignatureOfHash : SafeAbi.IsValidSignatureOfData;
                    var call = new CallRequest
                    {
                        To = contract.Owner,
                        From = Address,
                        Data = byHash ? function.Encode(hash.Value, contract.Data) : function.Encode(hash.PreImage, contract.Data),
                    };
                    questions.Add((signature, new Question(function, batch.Add(EthRequests.Call(call, block)))));
                    break;
            }
        }

        return questions;
    }

    private SafeSignatureEvidence ReadEvidence(List<(SafeSignature Signature, Question Question)> questions, SafeTransactionHash hash, Address? executor)
    {
        var magic = hash.Domain.Version.AsksContractOwnersAboutTheHash ? HashMagic : DataMagic;
        var approved = new HashSet<Address>();
        var accepted = new HashSet<Address>();
        foreach (var (signature, question) in questions)
        {
            if (signature is SafeSignature.ApprovedHash approval && !Answer(question)[0].AsInteger().IsZero)
            {
                approved.Add(approval.Owner);
            }
            else if (signature is SafeSignature.ContractSignature contract && Accepts(question, magic))
            {
                accepted.Add(contract.Owner);
            }
        }

        return new SafeSignatureEvidence { Executor = executor, ApprovedOnChain = approved, AcceptedByContract = accepted };
    }

    private async Task<BlockReference> PinAsync(BlockReference block, CancellationToken cancellationToken)
    {
        if (block.Hash is not null || block.Number is not null)
        {
            return block;
        }

        var header = await _client.BlockAsync(block, cancellationToken).ConfigureAwait(false);
        return header?.Hash is { } hash
            ? BlockReference.At(hash)
            : throw new EthereumException("safe-block", Fault.Unknown, $"The node has no block '{block}' with a hash to read the Safe at.");
    }

    private Question Ask(RpcBatch batch, BlockReference block, AbiFunction function, params ReadOnlySpan<AbiValue> arguments) =>
        new(function, batch.Add(EthRequests.Call(new CallRequest { To = Address, Data = function.Encode(arguments) }, block)));

    private Question AskForHash(RpcBatch batch, BlockReference block, SafeTransaction transaction) => Ask(
        batch, block, SafeAbi.GetTransactionHash, transaction.To, transaction.Value, transaction.Data, (int)transaction.Operation, transaction.SafeTxGas,
        transaction.BaseGas, transaction.GasPrice, transaction.GasToken, transaction.RefundReceiver, transaction.Nonce);

    private AbiArguments Answer(Question question)
    {
        try
        {
            return question.Function.DecodeOutput(question.Slot.Value);
        }
        catch (RevertException revert)
        {
            throw NotASafe($"{question.Function.Name}() reverts", revert);
        }
        catch (RpcException error) when (IsHalt(error))
        {
            throw NotASafe($"{question.Function.Name}() stops with '{error.NodeMessage}'", error);
        }
        catch (EthereumException refusal) when (refusal.Code.StartsWith("abi-", StringComparison.Ordinal))
        {
            throw NotASafe($"{question.Function.Name}() answers nonsense", refusal);
        }
    }

    private static bool Accepts(Question question, Bytes32 magic)
    {
        if (question.Slot.Error is RevertException || question.Slot.Error is RpcException error && IsHalt(error))
        {
            return false;
        }

        // A contract without the function may return anything; only the exact word is a yes.
        var returned = question.Slot.Value;
        return returned.Length == Bytes32.Size && new Bytes32(returned) == magic;
    }

    // A contract that runs into an invalid instruction has no revert data, and each node words it in its own way. Any other refusal of a node
    // (a limit, missing state) says nothing about the contract and stays what it is.
    private static bool IsHalt(RpcException error) => HaltWords.Any(word => error.NodeMessage.Contains(word, StringComparison.OrdinalIgnoreCase));

    private SafeVersion ReadVersion(AbiArguments answer)
    {
        var text = answer[0].AsText();
        SafeVersion version;
        try
        {
            version = SafeVersion.Parse(text);
        }
        catch (EthereumException refusal) when (refusal.Fault == Fault.BadInput)
        {
            throw NotASafe($"VERSION() is '{Hex.Shorten(text)}'", refusal);
        }

        version.RequireSupported();
        return version;
    }

    private SafeQuorum ReadQuorum(AbiArguments owners, AbiArguments threshold)
    {
        var list = owners[0].AsList().Select(static owner => owner.AsAddress()).ToArray();
        var needed = threshold[0].AsInteger();
        try
        {
            return new SafeQuorum(list, needed <= list.Length ? (int)needed : int.MaxValue);
        }
        catch (EthereumException refusal)
        {
            throw NotASafe($"it has {list.Length} owners and threshold {needed} (a singleton, or a Safe that was never set up)", refusal);
        }
    }

    private async Task<(Address Singleton, Bytes32 CodeHash)> ReadSingletonAsync(
        RpcSlot<byte[]> probe, Bytes32 slot, BlockReference block, CancellationToken cancellationToken)
    {
        Address singleton;
        try
        {
            singleton = slot.ToAddress();
        }
        catch (EthereumException refusal)
        {
            throw NotASafe($"its storage slot 0 is {slot}, which is no singleton's address", refusal);
        }

        // What the probe says counts only about the singleton in storage; proxies before 1.1.0 do not answer masterCopy(), and a node may refuse
        // to run code that is not on chain.
        return probe.TryGet(out var answer) && answer.Length == 64 && new Bytes32(answer.AsSpan(0, 32)) == slot
            ? (singleton, new Bytes32(answer.AsSpan(32)))
            : (singleton, Keccak256.Hash(await _client.CodeAsync(singleton, block, cancellationToken).ConfigureAwait(false)));
    }

    private static SafeContract? Identify(SafeDomain domain, Address singleton, Bytes32 codeHash, List<SafeFinding> findings)
    {
        var contract = SafeContracts.Find(singleton);
        if (contract is not { Role: SafeContractRole.Singleton or SafeContractRole.SingletonL2 })
        {
            // The same code at an address of one's own is the same contract; other code is not known.
            var twin = SafeContracts.All.FirstOrDefault(candidate =>
                candidate.Role is SafeContractRole.Singleton or SafeContractRole.SingletonL2 && candidate.CodeHash == codeHash);
            if (twin is null)
            {
                findings.Add(new SafeFinding(
                    "safe-singleton-unknown",
                    $"The singleton {singleton} (code hash {codeHash}) is not one that the Safe project published: it can do anything with this Safe's assets."));
                return null;
            }

            contract = twin with { Address = singleton };
        }
        else if (contract.CodeHash is { } expected && expected != codeHash)
        {
            findings.Add(new SafeFinding(
                "safe-singleton-code", $"The singleton {singleton} has code {codeHash} where Safe {contract.Version} has {expected}: it is not the published contract."));
            return null;
        }
        else if (contract.CodeHash is null)
        {
            findings.Add(new SafeFinding(
                "safe-singleton-unverified", $"The singleton {singleton} is known as Safe {contract.Version} by its address only; its code (hash {codeHash}) was not compared."));
        }

        if (contract.Version != domain.Version && contract.Version.CompareTo(domain.Version) != 0)
        {
            findings.Add(new SafeFinding("safe-singleton-version", $"The Safe says it is version {domain.Version}, but its singleton {singleton} is {contract.Version}."));
            return null;
        }

        return contract;
    }

    private static void RequireSameAsStorage(
        SafeDomain domain, SafeQuorum quorum, BigInteger nonce, RpcSlot<Bytes32>[] slots, SafeContract? known, List<SafeFinding> findings)
    {
        // Slots of GnosisSafe 1.0.0 and all later ones: 3 owner count, 4 threshold, 5 nonce.
        var stored = (Owners: slots[3].Value.ToUnsigned(), Threshold: slots[4].Value.ToUnsigned(), Nonce: slots[5].Value.ToUnsigned());
        if (stored.Owners == quorum.Owners.Count && stored.Threshold == quorum.Threshold && stored.Nonce == nonce)
        {
            return;
        }

        var message = $"{domain} answers {quorum.Owners.Count} owners, threshold {quorum.Threshold}, nonce {nonce}; its storage holds {stored.Owners}, {stored.Threshold}, {stored.Nonce}.";
        if (known is not null)
        {
            throw new EthereumException("safe-state-mismatch", Fault.Mismatch, $"{message} The node contradicts itself; ask another one.");
        }

        findings.Add(new SafeFinding("safe-state-mismatch", message));
    }

    private async Task<IReadOnlyList<Address>> ReadModulesAsync(
        SafeVersion version, Question firstPage, Question all, BlockReference block, CancellationToken cancellationToken)
    {
        // Pages exist since 1.1.1; before, the whole list is returned.
        if (version < new SafeVersion(1, 1, 1))
        {
            return [.. Answer(all)[0].AsList().Select(static module => module.AsAddress())];
        }

        var modules = new List<Address>();
        var page = firstPage;
        while (true)
        {
            var answer = Answer(page);
            var part = answer["array"].AsList().Select(static module => module.AsAddress()).ToArray();
            modules.AddRange(part);
            var next = answer["next"].AsAddress();
            if (part.Length == 0 || next == SafeQuorum.Sentinel || next.IsZero)
            {
                return modules;
            }

            if (modules.Count > MaxModules || modules.Distinct().Count() != modules.Count)
            {
                throw NotASafe("its list of modules does not end", null);
            }

            // Up to 1.3.0 "next" is a module that was not returned, and the page after it would skip it; the last one returned is right always.
            var batch = _client.NewBatch();
            page = Ask(batch, block, SafeAbi.GetModulesPaginated, part[^1], ModulePage);
            await batch.SendAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private static void AddFindings(SafeState state, List<SafeFinding> findings)
    {
        foreach (var module in state.Modules)
        {
            findings.Add(new SafeFinding("safe-module", $"The module {module} can act for the Safe without any signature."));
        }

        if (state.Guard is { } guard)
        {
            findings.Add(new SafeFinding("safe-guard", $"The guard {guard} can refuse transactions; one prepared before it was set may no longer pass."));
        }

        if (state.ModuleGuard is { } moduleGuard)
        {
            findings.Add(new SafeFinding("safe-module-guard", $"The module guard {moduleGuard} can refuse what modules do."));
        }

        if (state.FallbackHandler is { } handler && SafeContracts.Find(handler) is not { Role: SafeContractRole.FallbackHandler })
        {
            findings.Add(new SafeFinding("safe-handler-unknown", $"The fallback handler {handler} is not one that the Safe project published; it answers for the Safe, signatures included."));
        }
    }

    private void RequireOwn(SafeTransactionHash hash)
    {
        if (hash.Domain.Safe != Address || hash.Domain.Chain != _client.ChainId)
        {
            throw EthereumException.BadInput("safe-other-safe", $"This is {hash.Subject}, not of the Safe {Address} on chain {_client.ChainId}.");
        }
    }

    private EthereumException NotASafe(string why, Exception? inner) => new(
        "safe-not-a-safe", Fault.Refused, $"{Address} on chain {_client.ChainId} is not a Safe: {why}. Check the address and the network.", inner);

    private Address? OptionalAddress(Bytes32 word, string what)
    {
        try
        {
            return word.IsZero ? null : word.ToAddress();
        }
        catch (EthereumException refusal)
        {
            throw NotASafe($"the storage of its {what} is {word}, which is no address", refusal);
        }
    }

    private static Bytes32 Magic(string signature)
    {
        Span<byte> word = stackalloc byte[Bytes32.Size];
        word.Clear();
        Selector.Of(signature).CopyTo(word);
        return new Bytes32(word);
    }

    // Initialisation code whose "runtime code" is the answer, so that one call reads the singleton and its code hash without fetching 24 kB of
    // code: masterCopy() of the proxy (which every version answers from slot 0), then EXTCODEHASH of that address.
    private byte[] SingletonProbe() =>
    [
        0x63, 0xa6, 0x19, 0x48, 0x6e, // PUSH4 masterCopy()
        0x60, 0xe0, 0x1b, // PUSH1 224 SHL
        0x60, 0x00, 0x52, // PUSH1 0 MSTORE
        0x60, 0x20, 0x60, 0x00, 0x60, 0x04, 0x60, 0x00, // return size 32 at 0, arguments 4 bytes at 0
        0x73, .. Address.ToBytes(), // PUSH20 Safe
        0x5a, 0xfa, 0x50, // GAS STATICCALL POP
        0x60, 0x00, 0x51, // PUSH1 0 MLOAD
        0x80, 0x60, 0x00, 0x52, // DUP1 PUSH1 0 MSTORE
        0x3f, // EXTCODEHASH
        0x60, 0x20, 0x52, // PUSH1 32 MSTORE
        0x60, 0x40, 0x60, 0x00, 0xf3, // PUSH1 64 PUSH1 0 RETURN
    ];

    private readonly record struct Question(AbiFunction Function, RpcSlot<byte[]> Slot);
}
