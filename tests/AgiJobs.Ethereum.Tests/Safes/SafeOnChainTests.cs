using System.Numerics;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Ethereum.Safes.Batches;
using AgiJobs.Ethereum.Safes.Deployment;
using AgiJobs.Ethereum.Transactions;
using static AgiJobs.Ethereum.Tests.Safes.SafeSamples;

namespace AgiJobs.Ethereum.Tests.Safes;

public sealed class SafeOnChainTests(SafeChain chain) : IClassFixture<SafeChain>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static readonly Address Receiver = Address.Parse("0x49d4450977E2c95362C13D3a31a09311E0Ea26A6");

    [Fact]
    public async Task The_official_contracts_get_their_canonical_addresses_and_code_on_a_local_chain()
    {
        foreach (var artifact in chain.Artifacts.All)
        {
            var code = await chain.Client.CodeAsync(artifact.Published.Address, BlockReference.Latest, Stop);
            Assert.Equal(artifact.Published.CodeHash, Keccak256.Hash(code));
            Assert.Equal(artifact.Published.Address, artifact.AddressBy(DeterministicDeployer.SafeSingletonFactory));

            // The deployer that anvil brings along is another one, and gives other addresses.
            Assert.NotEqual(artifact.Published.Address, artifact.AddressBy(DeterministicDeployer.Arachnid));
        }

        Assert.Equal(DeterministicDeployer.RuntimeCode.ToArray(), await chain.Client.CodeAsync(DeterministicDeployer.SafeSingletonFactory.Address, BlockReference.Latest, Stop));
        Assert.Equal(DeterministicDeployer.RuntimeCode.ToArray(), await chain.Client.CodeAsync(DeterministicDeployer.Arachnid.Address, BlockReference.Latest, Stop));
    }

    [Fact]
    public async Task A_new_Safe_is_at_the_predicted_address_and_reads_back_without_findings_in_one_exchange()
    {
        var safe = await chain.TwoOfThreeAsync();
        var header = await chain.Client.BlockAsync(BlockReference.Latest, Stop);
        var before = chain.Client.RoundTrips;
        var state = await safe.ReadAsync(BlockReference.At(header!.Hash!.Value), Stop);
        Assert.Equal(1, chain.Client.RoundTrips - before);

        Assert.Equal("1.4.1", state.Domain.Version.ToString());
        Assert.Equal(ChainId.Local, state.Domain.Chain);
        Assert.Equal([Owner(1), Owner(2), Owner(3)], state.Quorum.Owners);
        Assert.Equal(2, state.Quorum.Threshold);
        Assert.Equal(BigInteger.Zero, state.Nonce);
        Assert.Equal(SafeContracts.Singleton, state.KnownSingleton);
        Assert.Equal(SafeContracts.Singleton.CodeHash, state.SingletonCodeHash);
        Assert.Equal(SafeContracts.FallbackHandler.Address, state.FallbackHandler);
        Assert.Empty(state.Modules);
        Assert.Null(state.Guard);
        Assert.Null(state.ModuleGuard);
        Assert.Empty(state.Findings);
    }

    [Fact]
    public async Task The_factory_carries_the_creation_code_that_addresses_are_computed_with()
    {
        var function = SafeAbi.ProxyFactory.Function("proxyCreationCode");
        var returned = await chain.Client.CallAsync(new CallRequest { To = SafeContracts.ProxyFactory.Address, Data = function.Encode() }, BlockReference.Latest, Stop);
        Assert.Equal(chain.Artifacts.ProxyCreationCode.ToArray(), function.DecodeOutput(returned)[0].AsBytes());
    }

    [Fact]
    public async Task The_contract_computes_our_hash_for_any_transaction()
    {
        var random = new Random(4);
        var safe = await chain.TwoOfThreeAsync();
        var domain = (await SafeChain.ReadAsync(safe)).Domain;
        for (var i = 0; i < 25; i++)
        {
            await safe.RequireHashOnChainAsync(SafeTransactionHash.Compute(domain, RandomTransaction(random)), BlockReference.Latest, Stop);
        }

        var other = SafeTransactionHash.Compute(new SafeDomain(new SafeVersion(1, 2, 0), domain.Chain, domain.Safe), Pause);
        Assert.Equal("safe-hash-mismatch", (await Assert.ThrowsAsync<EthereumException>(() => safe.RequireHashOnChainAsync(other, BlockReference.Latest, Stop))).Code);
    }

    [Fact]
    public async Task Two_typed_data_signatures_execute_and_the_nonce_moves_on_from_zero()
    {
        var safe = await chain.TwoOfThreeAsync();
        var hash = await HashAsync(safe, Send(0));
        SafeSignature[] signatures = [SafeSignature.OfHash(Sign(3, hash.Value)), SafeSignature.OfHash(Sign(1, hash.Value))];
        var pinned = BlockReference.At((await chain.Client.BlockAsync(BlockReference.Latest, Stop))!.Hash!.Value);
        var before = chain.Client.RoundTrips;
        await safe.PrepareAsync(hash.Transaction, signatures, SafeChain.Sender, pinned, Stop);
        Assert.Equal(2, chain.Client.RoundTrips - before);
        var prepared = await chain.ExecuteAsync(safe, hash.Transaction, signatures);
        Assert.Equal(new[] { Owner(1), Owner(3) }.Order(), prepared.Owners);
        Assert.Equal(BigInteger.One, await SafeChain.NonceAsync(safe));
    }

    [Fact]
    public async Task Two_personal_message_signatures_execute()
    {
        var safe = await chain.TwoOfThreeAsync();
        var hash = await HashAsync(safe, Send(0));
        await chain.ExecuteAsync(
            safe, hash.Transaction, [SafeSignature.OfPersonalMessage(SignPersonally(2, hash.Value)), SafeSignature.OfPersonalMessage(SignPersonally(1, hash.Value))]);
    }

    [Fact]
    public async Task An_approval_on_chain_counts_once_it_is_there()
    {
        var safe = await chain.TwoOfThreeAsync();
        var hash = await HashAsync(safe, Send(0));
        SafeSignature[] signatures = [SafeSignature.Approved(Owner(1)), SafeSignature.OfHash(Sign(2, hash.Value))];
        Assert.Equal("safe-not-approved", await RefusalAsync(() => safe.PrepareAsync(hash.Transaction, signatures, SafeChain.Sender, BlockReference.Latest, Stop)));
        Assert.True((await chain.SendAsync(Owner(1), safe.Address, SafeExecution.EncodeApproval(hash))).Succeeded);
        await chain.ExecuteAsync(safe, hash.Transaction, signatures);
    }

    [Fact]
    public async Task The_sender_consents_by_sending_and_nobody_else_can_use_that()
    {
        var safe = await chain.TwoOfThreeAsync();
        var hash = await HashAsync(safe, Send(0));
        SafeSignature[] signatures = [SafeSignature.Approved(Owner(3)), SafeSignature.OfHash(Sign(2, hash.Value))];
        Assert.Equal("safe-not-approved", await RefusalAsync(() => safe.PrepareAsync(hash.Transaction, signatures, SafeChain.Sender, BlockReference.Latest, Stop)));
        await chain.ExecuteAsync(safe, hash.Transaction, signatures, executor: Owner(3));
    }

    [Fact]
    public async Task A_Safe_that_owns_a_Safe_signs_as_a_contract()
    {
        var child = await chain.NewSafeAsync(2, Owner(5), Owner(6));
        var parent = await chain.NewSafeAsync(2, Owner(1), child.Address);
        var hash = await HashAsync(parent, Send(0));
        var childState = await SafeChain.ReadAsync(child);
        var message = SafeMessageHash.ForParent(childState.Domain, hash);

        SafeSignature[] consents = [SafeSignature.OfHash(Sign(6, message.Value)), SafeSignature.OfPersonalMessage(SignPersonally(5, message.Value))];
        Assert.Equal(2, SafeSignatures.Verify(message, childState.Quorum, consents).Count);
        SafeSignature[] signatures = [SafeSignature.OfContract(child.Address, SafeSignatures.Encode(message.Value, consents)), SafeSignature.OfHash(Sign(1, hash.Value))];
        await chain.ExecuteAsync(parent, hash.Transaction, signatures);
    }

    [Fact]
    public async Task A_child_that_signed_the_parents_hash_is_refused_before_anything_is_sent()
    {
        var child = await chain.NewSafeAsync(1, Owner(5));
        var parent = await chain.NewSafeAsync(2, Owner(1), child.Address);
        var hash = await HashAsync(parent, Send(0));
        var wrong = SafeSignatures.Encode(hash.Value, [SafeSignature.OfHash(Sign(5, hash.Value))]);
        SafeSignature[] signatures = [SafeSignature.OfContract(child.Address, wrong), SafeSignature.OfHash(Sign(1, hash.Value))];
        Assert.Equal("safe-contract-signature", await RefusalAsync(() => parent.PrepareAsync(hash.Transaction, signatures, SafeChain.Sender, BlockReference.Latest, Stop)));
        Assert.Equal(BigInteger.Zero, await SafeChain.NonceAsync(parent));
    }

    [Fact]
    public async Task A_Safe_that_owns_a_Safe_that_owns_a_Safe_approves_through_its_own_transaction()
    {
        var grandchild = await chain.NewSafeAsync(1, Owner(7));
        var child = await chain.NewSafeAsync(1, grandchild.Address);
        var root = await chain.NewSafeAsync(2, Owner(1), child.Address);
        var hash = await HashAsync(root, Send(0));
        var byChild = NestedApproval.Create(hash, (await SafeChain.ReadAsync(child)).Domain, 0);
        var byGrandchild = NestedApproval.Create(byChild.Child, (await SafeChain.ReadAsync(grandchild)).Domain, 0);

        // Three Safes, three hashes: what people sign is the grandchild's alone, and the label shows no other hash.
        Assert.Equal(3, new[] { hash.Value, byChild.Child.Value, byGrandchild.Child.Value }.Distinct().Count());
        Assert.Contains(byGrandchild.Child.Value.ToString(), byGrandchild.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(byChild.Child.Value.ToString(), byGrandchild.ToString(), StringComparison.Ordinal);

        await chain.ExecuteAsync(grandchild, byGrandchild.Child.Transaction, [SafeSignature.OfHash(Sign(7, byGrandchild.Child.Value))]);
        await chain.ExecuteAsync(child, byChild.Child.Transaction, [byGrandchild.ParentSignature]);
        await chain.ExecuteAsync(root, hash.Transaction, [byChild.ParentSignature, SafeSignature.OfHash(Sign(1, hash.Value))]);
    }

    [Fact]
    public async Task All_forms_together_execute_in_the_order_of_owners()
    {
        var child = await chain.NewSafeAsync(1, Owner(8));
        var safe = await chain.NewSafeAsync(5, Owner(1), Owner(2), Owner(3), Owner(4), child.Address);
        var hash = await HashAsync(safe, Send(0));
        var message = SafeMessageHash.ForParent((await SafeChain.ReadAsync(child)).Domain, hash);
        await chain.SendAsync(Owner(3), safe.Address, SafeExecution.EncodeApproval(hash));
        await chain.ExecuteAsync(
            safe,
            hash.Transaction,
            [
                SafeSignature.OfContract(child.Address, SafeSignatures.Encode(message.Value, [SafeSignature.OfHash(Sign(8, message.Value))])),
                SafeSignature.Approved(Owner(3)),
                SafeSignature.OfPersonalMessage(SignPersonally(2, hash.Value)),
                SafeSignature.OfHash(Sign(1, hash.Value)),
                SafeSignature.Approved(Owner(4)),
            ],
            executor: Owner(4));
    }

    [Fact]
    public async Task The_contract_reverts_on_the_wrong_order_and_the_reason_is_explained()
    {
        var safe = await chain.TwoOfThreeAsync();
        var hash = await HashAsync(safe, Send(0));
        var blob = SafeSignatures.Encode(hash.Value, [SafeSignature.OfHash(Sign(1, hash.Value)), SafeSignature.OfHash(Sign(2, hash.Value))]);
        byte[] swapped = [.. blob[65..], .. blob[..65]];
        Assert.Equal("safe-signature-order", Assert.Throws<EthereumException>(() => SafeSignatures.VerifyEncoded(hash, new SafeQuorum([Owner(1), Owner(2), Owner(3)], 2), swapped)).Code);

        var revert = await Assert.ThrowsAsync<RevertException>(() => chain.Client.CallAsync(
            new CallRequest { To = safe.Address, From = SafeChain.Sender, Data = SafeExecution.Encode(hash.Transaction, swapped) }, BlockReference.Latest, Stop));
        var explained = SafeRevert.Explain(revert, hash.Subject);
        Assert.Equal("safe-reverted", explained.Code);
        Assert.Contains("GS026", explained.Message, StringComparison.Ordinal);
        Assert.Contains("ascending", explained.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stranger_too_few_and_another_nonce_are_refused_before_anything_is_sent()
    {
        var safe = await chain.TwoOfThreeAsync();
        var hash = await HashAsync(safe, Send(0));
        var block = await chain.Client.BlockNumberAsync(Stop);
        Task<string> Try(SafeTransaction transaction, params SafeSignature[] signatures) =>
            RefusalAsync(() => safe.PrepareAsync(transaction, signatures, SafeChain.Sender, BlockReference.Latest, Stop));

        Assert.Equal("safe-not-owner", await Try(hash.Transaction, SafeSignature.OfHash(Sign(1, hash.Value)), SafeSignature.OfHash(Sign(9, hash.Value))));
        Assert.Equal("safe-too-few-signatures", await Try(hash.Transaction, SafeSignature.OfHash(Sign(1, hash.Value))));
        Assert.Equal("safe-too-few-signatures", await Try(hash.Transaction));
        Assert.Equal("safe-duplicate-owner", await Try(hash.Transaction, SafeSignature.OfHash(Sign(1, hash.Value)), SafeSignature.OfPersonalMessage(SignPersonally(1, hash.Value))));
        Assert.Equal("safe-nonce", await Try(hash.Transaction with { Nonce = 1 }, SafeSignature.OfHash(Sign(1, hash.Value)), SafeSignature.OfHash(Sign(2, hash.Value))));
        var later = await HashAsync(safe, Send(3));
        Assert.Equal("safe-signature-other-hash", await Try(hash.Transaction, SafeSignature.OfHash(Sign(1, later.Value)), SafeSignature.OfHash(Sign(2, later.Value))));
        Assert.Equal(BigInteger.Zero, await SafeChain.NonceAsync(safe));
        Assert.True(await chain.Client.BlockNumberAsync(Stop) >= block);
    }

    [Fact]
    public async Task A_used_nonce_is_refused()
    {
        var safe = await chain.NewSafeAsync(1, Owner(1));
        var hash = await HashAsync(safe, Send(0));
        await chain.ExecuteAsync(safe, hash.Transaction, [SafeSignature.OfHash(Sign(1, hash.Value))]);
        var refusal = await Assert.ThrowsAsync<EthereumException>(
            () => safe.PrepareAsync(hash.Transaction, [SafeSignature.OfHash(Sign(1, hash.Value))], SafeChain.Sender, BlockReference.Latest, Stop));
        Assert.Equal("safe-nonce", refusal.Code);
        Assert.Contains("used already", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_of_the_Transaction_Builder_runs_as_one_batch()
    {
        var safe = await chain.TwoOfThreeAsync();
        var second = Address.Parse("0x111CEEee040739fD91D29C34C33E6B3E112F2177");
        var file = TransactionBatch.Create(
            ChainId.Local, DateTimeOffset.UnixEpoch, new BatchMeta { Name = "two", CreatedFromSafe = safe.Address },
            [
                BatchTransaction.FromData(second, new Wei(3), default),
                BatchTransaction.FromMethod(
                    safe.Address, Wei.Zero, new BatchMethod("changeThreshold", [new BatchInput("threshold", "uint256")], false),
                    new Dictionary<string, string>(StringComparer.Ordinal) { ["threshold"] = "3" }),
            ]);
        var before = await chain.Client.BalanceAsync(second, BlockReference.Latest, Stop);
        var hash = await HashAsync(safe, MultiSend.ToTransaction(TransactionBatch.Parse(file.ToBytes()).ToCalls(), SafeContracts.MultiSendCallOnly.Address, 0));
        await chain.ExecuteAsync(safe, hash.Transaction, [SafeSignature.OfHash(Sign(1, hash.Value)), SafeSignature.OfHash(Sign(2, hash.Value))]);
        Assert.Equal(3, (await SafeChain.ReadAsync(safe)).Quorum.Threshold);
        Assert.Equal(before + new Wei(3), await chain.Client.BalanceAsync(second, BlockReference.Latest, Stop));
    }

    [Fact]
    public async Task A_batch_with_a_failing_step_changes_nothing_and_is_refused_beforehand()
    {
        var safe = await chain.NewSafeAsync(1, Owner(1));
        var hash = await HashAsync(safe, MultiSend.ToTransaction(
            [new(Receiver, new Wei(1), default), new(safe.Address, Wei.Zero, SafeAbi.Safe.Function("changeThreshold").Encode(9))], SafeContracts.MultiSendCallOnly.Address, 0));
        var refusal = await Assert.ThrowsAsync<EthereumException>(
            () => safe.PrepareAsync(hash.Transaction, [SafeSignature.OfHash(Sign(1, hash.Value))], SafeChain.Sender, BlockReference.Latest, Stop));
        Assert.Equal("safe-reverted", refusal.Code);
        Assert.Contains("GS013", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_inner_call_that_fails_while_the_transaction_succeeds_is_refused_and_seen_in_the_logs()
    {
        var safe = await chain.NewSafeAsync(1, Owner(1));
        var hash = await HashAsync(safe, new SafeTransaction { To = safe.Address, Data = SafeAbi.Safe.Function("changeThreshold").Encode(9), SafeTxGas = 100_000, Nonce = 0 });
        SafeSignature[] signatures = [SafeSignature.OfHash(Sign(1, hash.Value))];
        Assert.Equal("safe-inner-call-fails", await RefusalAsync(() => safe.PrepareAsync(hash.Transaction, signatures, SafeChain.Sender, BlockReference.Latest, Stop)));

        var receipt = await chain.SendAsync(SafeChain.Sender, safe.Address, SafeExecution.Encode(hash.Transaction, SafeSignatures.Encode(hash.Value, signatures)));
        Assert.True(receipt.Succeeded);
        Assert.Equal(SafeOutcome.Failed, SafeExecution.OutcomeIn(receipt, hash));
        Assert.Null(SafeExecution.OutcomeIn(receipt, await HashAsync(safe, Send(5))));
    }

    [Fact]
    public async Task What_is_not_a_Safe_is_refused()
    {
        foreach (var (address, code) in new[]
        {
            (Receiver, "safe-no-code"),
            (SafeContracts.MultiSendCallOnly.Address, "safe-not-a-safe"),
            (SafeContracts.Singleton.Address, "safe-not-a-safe"),
            (SafeContracts.ProxyFactory.Address, "safe-not-a-safe"),
            (DeterministicDeployer.Arachnid.Address, "safe-not-a-safe"),
        })
        {
            var refusal = await Assert.ThrowsAsync<EthereumException>(() => new SafeAccount(chain.Client, address).ReadAsync(BlockReference.Latest, Stop));
            Assert.Equal(code, refusal.Code);
            Assert.Equal(Fault.Refused, refusal.Fault);
            Assert.Contains(address.ToString(), refusal.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_unknown_singleton_is_a_finding_and_a_copy_of_the_published_one_is_not()
    {
        var safe = await chain.TwoOfThreeAsync();
        var code = await chain.Client.CodeAsync(SafeContracts.Singleton.Address, BlockReference.Latest, Stop);
        var copy = Address.ParseAnyCase("0x00000000000000000000000000000000000c0de1");
        await chain.Anvil.SetCodeAsync(copy, code);
        await chain.Anvil.SetStorageAsync(safe.Address, Bytes32.Zero, Word(copy));
        var state = await SafeChain.ReadAsync(safe);
        Assert.Empty(state.Findings);
        Assert.Equal(copy, state.KnownSingleton!.Address);

        await chain.Anvil.SetCodeAsync(copy, (byte[])[.. code, 0x00]);
        state = await SafeChain.ReadAsync(safe);
        Assert.Null(state.KnownSingleton);
        Assert.Equal("safe-singleton-unknown", Assert.Single(state.Findings).Code);
    }

    [Fact]
    public async Task A_proxy_of_unknown_code_is_a_finding()
    {
        var safe = await chain.TwoOfThreeAsync();
        var code = await chain.Client.CodeAsync(safe.Address, BlockReference.Latest, Stop);
        await chain.Anvil.SetCodeAsync(safe.Address, (byte[])[.. code, 0x00]);
        Assert.Equal("safe-proxy-unknown", Assert.Single((await SafeChain.ReadAsync(safe)).Findings).Code);
    }

    [Fact]
    public async Task Guards_handlers_and_modules_are_read_and_are_findings()
    {
        var safe = await chain.NewSafeAsync(1, Owner(1));
        var modules = Enumerable.Range(1, 130).Select(i => Bytes32.FromUnsigned(0xabcdef0000 + i).ToAddress()).ToArray();
        var hash = await HashAsync(safe, MultiSend.ToTransaction(
            [.. modules.Select(module => new MultiSendCall(safe.Address, Wei.Zero, SafeAbi.Safe.Function("enableModule").Encode(module)))],
            SafeContracts.MultiSendCallOnly.Address, 0));
        await chain.ExecuteAsync(safe, hash.Transaction, [SafeSignature.OfHash(Sign(1, hash.Value))]);
        await chain.Anvil.SetStorageAsync(safe.Address, Keccak256.Hash("guard_manager.guard.address"), Word(Receiver));
        await chain.Anvil.SetStorageAsync(safe.Address, Keccak256.Hash("fallback_manager.handler.address"), Word(Receiver));

        var state = await SafeChain.ReadAsync(safe);
        Assert.Equal(modules.Reverse(), state.Modules);
        Assert.Equal(Receiver, state.Guard);
        Assert.Equal(Receiver, state.FallbackHandler);
        Assert.Equal(132, state.Findings.Count);
        Assert.Contains(state.Findings, finding => finding.Code == "safe-guard");
        Assert.Contains(state.Findings, finding => finding.Code == "safe-handler-unknown");
        Assert.Equal(130, state.Findings.Count(finding => finding.Code == "safe-module"));
    }

    [Fact]
    public async Task State_is_read_at_the_block_asked_for()
    {
        var safe = await chain.NewSafeAsync(1, Owner(1));
        var before = BlockReference.At(await chain.Client.BlockNumberAsync(Stop));
        var hash = await HashAsync(safe, Send(0));
        await chain.ExecuteAsync(safe, hash.Transaction, [SafeSignature.OfHash(Sign(1, hash.Value))]);
        Assert.Equal(BigInteger.Zero, (await safe.ReadAsync(before, Stop)).Nonce);
        Assert.Equal(BigInteger.One, (await safe.ReadAsync(BlockReference.Latest, Stop)).Nonce);
    }

    [Fact]
    public async Task Calldata_read_back_to_the_transaction_and_its_signatures()
    {
        var safe = await chain.NewSafeAsync(1, Owner(1));
        var hash = await HashAsync(safe, Send(0));
        var prepared = await safe.PrepareAsync(hash.Transaction, [SafeSignature.OfHash(Sign(1, hash.Value))], SafeChain.Sender, BlockReference.Latest, Stop);
        var (transaction, signatures) = SafeExecution.Decode(prepared.Calldata.Span, 0);
        Assert.Equal(hash.Transaction, transaction);
        Assert.Equal(Owner(1), SafeSignatures.Decode(signatures.Span)[0].OwnerFor(hash.Value));
        Assert.True(SafeAbi.Safe.TryFunction(prepared.Calldata.Span, out var function));
        Assert.Equal("0x6a761202", function.Selector.ToString());
    }

    [Fact]
    public async Task Development_signers_sign_and_the_sender_of_transactions_executes()
    {
        var keys = new DevelopmentKeys(ChainId.Local);
        var owners = new[] { keys.Signer(1), keys.Signer(2), keys.Signer(3) };
        var safe = await chain.NewSafeAsync(2, [.. owners.Select(owner => owner.Address)]);
        var hash = await HashAsync(safe, Send(0));
        SafeSignature[] signatures = [await hash.SignAsync(owners[2], Stop), await hash.SignAsPersonalMessageAsync(owners[0], Stop)];
        var executor = keys.Signer(4);
        var prepared = await safe.PrepareAsync(hash.Transaction, signatures, executor.Address, BlockReference.Latest, Stop);

        var sender = new TransactionSender(chain.Client);
        var signed = await sender.SignAsync(await sender.PrepareAsync(prepared.Intent, Stop), executor, Stop);
        await sender.BroadcastAsync(signed, cancellationToken: Stop);
        var confirmed = Assert.IsType<TransactionConfirmed>(await sender.WaitAsync(signed, new WaitOptions { PollInterval = TimeSpan.FromMilliseconds(20) }, Stop));
        Assert.Equal(SafeOutcome.Succeeded, SafeExecution.OutcomeIn(confirmed.Receipt, hash));
    }

    [Fact]
    public async Task Owners_threshold_modules_and_guard_change_as_computed()
    {
        var safe = await chain.NewSafeAsync(1, Owner(1), Owner(2), Owner(3));
        async Task<SafeState> ChangeAsync(Func<SafeState, MultiSendCall> change)
        {
            var before = await SafeChain.ReadAsync(safe);
            var call = change(before);
            var hash = before.HashOf(new SafeTransaction { To = call.To, Data = call.Data, Nonce = before.Nonce });
            Assert.Equal("safe-self-change", Assert.Single(SafeTransactionReview.Of(hash)).Code);
            await chain.ExecuteAsync(safe, hash.Transaction, [SafeSignature.OfHash(Sign(1, hash.Value))]);
            return await SafeChain.ReadAsync(safe);
        }

        Assert.Equal([Owner(4), Owner(1), Owner(2), Owner(3)], (await ChangeAsync(state => SafeChanges.AddOwner(state, Owner(4), 1))).Quorum.Owners);
        Assert.Equal([Owner(4), Owner(1), Owner(5), Owner(3)], (await ChangeAsync(state => SafeChanges.SwapOwner(state, Owner(2), Owner(5)))).Quorum.Owners);
        Assert.Equal([Owner(1), Owner(5), Owner(3)], (await ChangeAsync(state => SafeChanges.RemoveOwner(state, Owner(4), 1))).Quorum.Owners);
        Assert.Equal([Owner(1), Owner(5)], (await ChangeAsync(state => SafeChanges.RemoveOwner(state, Owner(3), 1))).Quorum.Owners);
        foreach (var module in new[] { Owner(6), Owner(7) })
        {
            await ChangeAsync(state => new MultiSendCall(state.Domain.Safe, Wei.Zero, SafeAbi.Safe.Function("enableModule").Encode(module)));
        }

        Assert.Equal([Owner(7)], (await ChangeAsync(state => SafeChanges.DisableModule(state, Owner(6)))).Modules);
        Assert.Empty((await ChangeAsync(state => SafeChanges.DisableModule(state, Owner(7)))).Modules);
        Assert.Null((await ChangeAsync(state => SafeChanges.SetGuard(state, null))).Guard);
        var last = await ChangeAsync(state => SafeChanges.ChangeThreshold(state, 2));
        Assert.Equal(2, last.Quorum.Threshold);

        Assert.Equal("safe-not-owner", Assert.Throws<EthereumException>(() => SafeChanges.RemoveOwner(last, Owner(9), 1)).Code);
        Assert.Equal("safe-threshold", Assert.Throws<EthereumException>(() => SafeChanges.RemoveOwner(last, Owner(1), 2)).Code);
        Assert.Equal("safe-owner-exists", Assert.Throws<EthereumException>(() => SafeChanges.AddOwner(last, Owner(1), 2)).Code);
        Assert.Equal("safe-owners", Assert.Throws<EthereumException>(() => SafeChanges.SwapOwner(last, Owner(1), safe.Address)).Code);
        Assert.Equal("safe-threshold", Assert.Throws<EthereumException>(() => SafeChanges.ChangeThreshold(last, 3)).Code);
        Assert.Equal("safe-not-module", Assert.Throws<EthereumException>(() => SafeChanges.DisableModule(last, Owner(6))).Code);
    }

    private static SafeTransaction Send(int nonce) => new() { To = Receiver, Value = new Wei(7), Nonce = nonce };

    private static Bytes32 Word(Address address) => Bytes32.FromUnsigned(new BigInteger(address.ToBytes(), isUnsigned: true, isBigEndian: true));

    private static async Task<string> RefusalAsync(Func<Task> action) => (await Assert.ThrowsAsync<EthereumException>(action)).Code;

    private static async Task<SafeTransactionHash> HashAsync(SafeAccount safe, SafeTransaction transaction) => (await SafeChain.ReadAsync(safe)).HashOf(transaction);
}
