using AgiJobs.Ethereum.Safes;
using FsCheck;
using FsCheck.Fluent;
using static AgiJobs.Ethereum.Tests.Safes.SafeSamples;

namespace AgiJobs.Ethereum.Tests.Safes;

public sealed class SafeSignaturesTests
{
    private static readonly SafeQuorum Quorum = new([Owner(1), Owner(2), Owner(3)], 2);

    private static Bytes32 Hash => PauseHash.Value;

    [Fact]
    public void Signatures_are_ordered_by_owner_address_and_not_by_their_bytes()
    {
        // The owners' order and the order of their signatures' bytes differ for these keys, so sorting by bytes would show.
        var byBytes = new[] { 1, 2, 3, 4, 5 }.OrderBy(key => Sign(key, Hash).ToString(), StringComparer.Ordinal).Select(Owner).ToArray();
        var byOwner = new[] { 1, 2, 3, 4, 5 }.Select(Owner).Order().ToArray();
        Assert.NotEqual(byBytes, byOwner);

        var blob = SafeSignatures.Encode(Hash, new[] { 3, 1, 5, 2, 4 }.Select(key => SafeSignature.OfHash(Sign(key, Hash))));
        Assert.Equal(byOwner, SafeSignatures.Decode(blob).Select(signature => signature.OwnerFor(Hash)));
        Assert.Equal(5 * 65, blob.Length);
    }

    [Fact]
    public void Each_form_has_the_bytes_that_the_contract_reads()
    {
        var direct = SafeSignatures.Encode(Hash, [SafeSignature.OfHash(Sign(1, Hash))]);
        Assert.Equal(Sign(1, Hash).ToBytes(), direct);
        Assert.Contains(direct[64], new byte[] { 27, 28 });

        var personal = SafeSignatures.Encode(Hash, [SafeSignature.OfPersonalMessage(SignPersonally(1, Hash))]);
        Assert.Equal(SignPersonally(1, Hash).V + 4, personal[64]);
        Assert.Equal(Owner(1), SafeSignatures.Decode(personal)[0].OwnerFor(Hash));

        var approval = SafeSignatures.Encode(Hash, [SafeSignature.Approved(Owner(1))]);
        Assert.Equal($"0x{new string('0', 24)}{Hex.Encode(Owner(1).ToBytes())[2..]}{new string('0', 64)}01", Hex.Encode(approval));

        var contract = SafeSignatures.Encode(Hash, [SafeSignature.OfContract(Owner(1), Hex.Decode("0xaabbcc"))]);
        Assert.Equal(
            $"0x{new string('0', 24)}{Hex.Encode(Owner(1).ToBytes())[2..]}{new string('0', 62)}4100{new string('0', 63)}3aabbcc", Hex.Encode(contract));
    }

    [Fact]
    public void Data_of_several_contract_signatures_follow_the_static_parts_and_read_back()
    {
        SafeSignature[] signatures =
        [
            SafeSignature.OfContract(Owner(1), new byte[70]),
            SafeSignature.OfHash(Sign(2, Hash)),
            SafeSignature.OfContract(Owner(3), ReadOnlyMemory<byte>.Empty),
            SafeSignature.Approved(Owner(4)),
            SafeSignature.OfPersonalMessage(SignPersonally(5, Hash)),
        ];
        var blob = SafeSignatures.Encode(Hash, signatures);
        Assert.Equal((5 * 65) + 32 + 70 + 32, blob.Length);
        Assert.Equal(signatures.OrderBy(signature => signature.OwnerFor(Hash)), SafeSignatures.Decode(blob));
    }

    [Fact]
    public void Two_by_one_owner_and_none_at_all_are_refused()
    {
        Assert.Equal("safe-duplicate-owner", Refusal(() => SafeSignatures.Encode(Hash, [SafeSignature.OfHash(Sign(1, Hash)), SafeSignature.Approved(Owner(1))])));
        Assert.Equal("safe-signatures-empty", Refusal(() => SafeSignatures.Encode(Hash, [])));
        Assert.Equal("safe-signatures-empty", Refusal(() => SafeSignatures.Decode([])));
    }

    [Fact]
    public void A_met_threshold_passes_and_names_the_owners_in_order()
    {
        var owners = SafeSignatures.Verify(PauseHash, Quorum, [SafeSignature.OfHash(Sign(2, Hash)), SafeSignature.OfPersonalMessage(SignPersonally(1, Hash))]);
        Assert.Equal(new[] { Owner(1), Owner(2) }.Order(), owners);
    }

    [Fact]
    public void Too_few_signatures_name_who_is_missing()
    {
        var refusal = Assert.Throws<EthereumException>(() => SafeSignatures.Verify(PauseHash, Quorum, [SafeSignature.OfHash(Sign(2, Hash))]));
        Assert.Equal("safe-too-few-signatures", refusal.Code);
        Assert.Equal(Fault.Refused, refusal.Fault);
        Assert.Contains(Owner(1).ToString(), refusal.Message, StringComparison.Ordinal);
        Assert.Contains(Owner(3).ToString(), refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Owner(2).ToString(), refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_signer_who_is_no_owner_is_named_with_the_hash_that_was_expected()
    {
        var refusal = Assert.Throws<EthereumException>(() => SafeSignatures.Verify(PauseHash, Quorum, [SafeSignature.OfHash(Sign(4, Hash))]));
        Assert.Equal("safe-not-owner", refusal.Code);
        Assert.Contains(Owner(4).ToString(), refusal.Message, StringComparison.Ordinal);
        Assert.Contains(Hash.ToString(), refusal.Message, StringComparison.Ordinal);
        Assert.Equal("safe-not-owner", Refusal(() => SafeSignatures.Verify(PauseHash, Quorum, [SafeSignature.Approved(Owner(4))])));
    }

    [Fact]
    public void A_signature_over_another_nonce_says_which()
    {
        var other = SafeTransactionHash.Compute(Domain, Pause with { Nonce = 5 });
        var refusal = Assert.Throws<EthereumException>(() => SafeSignatures.Verify(PauseHash, Quorum, [SafeSignature.OfHash(Sign(1, other.Value))]));
        Assert.Equal("safe-signature-other-hash", refusal.Code);
        Assert.Contains("nonce 5", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(Owner(1).ToString(), refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_signature_in_the_form_of_another_v_or_of_another_domain_says_so()
    {
        Assert.Contains("personal message", Assert.Throws<EthereumException>(
            () => SafeSignatures.VerifyEach(PauseHash, Quorum, [SafeSignature.OfHash(SignPersonally(1, Hash))])).Message, StringComparison.Ordinal);
        Assert.Contains("typed data", Assert.Throws<EthereumException>(
            () => SafeSignatures.VerifyEach(PauseHash, Quorum, [SafeSignature.OfPersonalMessage(Sign(1, Hash))])).Message, StringComparison.Ordinal);
        var withoutChain = SafeTransactionHash.Compute(new SafeDomain(new SafeVersion(1, 2, 0), Domain.Chain, Domain.Safe), Pause);
        Assert.Contains("no chain id", Assert.Throws<EthereumException>(
            () => SafeSignatures.VerifyEach(PauseHash, Quorum, [SafeSignature.OfHash(Sign(1, withoutChain.Value))])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wallets_signature_is_recognised_in_either_form_and_refused_in_neither()
    {
        Assert.IsType<SafeSignature.HashSignature>(SafeSignature.FromWallet(Sign(1, Hash).ToBytes(), Hash, Owner(1)));
        Assert.IsType<SafeSignature.PersonalSignature>(SafeSignature.FromWallet(SignPersonally(1, Hash).ToBytes(), Hash, Owner(1)));
        var zeroBased = Sign(1, Hash).ToBytes();
        zeroBased[64] -= 27;
        Assert.Equal(SafeSignature.OfHash(Sign(1, Hash)), SafeSignature.FromWallet(zeroBased, Hash, Owner(1)));
        Assert.Equal("safe-signature-other-hash", Refusal(() => SafeSignature.FromWallet(Sign(2, Hash).ToBytes(), Hash, Owner(1))));
    }

    [Fact]
    public void An_approval_counts_only_with_evidence_from_the_chain_or_from_the_sender()
    {
        SafeSignature[] signatures = [SafeSignature.Approved(Owner(1)), SafeSignature.OfHash(Sign(2, Hash))];
        Assert.Equal("safe-not-approved", Refusal(() => SafeSignatures.Verify(PauseHash, Quorum, signatures)));
        Assert.Equal("safe-not-approved", Refusal(() => SafeSignatures.Verify(PauseHash, Quorum, signatures, new() { Executor = Owner(2) })));
        Assert.Equal(2, SafeSignatures.Verify(PauseHash, Quorum, signatures, new() { Executor = Owner(1) }).Count);
        Assert.Equal(2, SafeSignatures.Verify(PauseHash, Quorum, signatures, new() { ApprovedOnChain = new HashSet<Address> { Owner(1) } }).Count);
    }

    [Fact]
    public void A_contract_signature_counts_only_when_the_contract_was_asked()
    {
        SafeSignature[] signatures = [SafeSignature.OfContract(Owner(1), new byte[65]), SafeSignature.OfHash(Sign(2, Hash))];
        Assert.Equal("safe-contract-signature", Refusal(() => SafeSignatures.Verify(PauseHash, Quorum, signatures)));
        Assert.Equal(2, SafeSignatures.Verify(PauseHash, Quorum, signatures, new() { AcceptedByContract = new HashSet<Address> { Owner(1) } }).Count);
    }

    [Fact]
    public void A_blob_in_the_wrong_order_is_refused_though_each_signature_is_good()
    {
        var blob = SafeSignatures.Encode(Hash, [SafeSignature.OfHash(Sign(1, Hash)), SafeSignature.OfHash(Sign(2, Hash))]);
        Assert.Equal(2, SafeSignatures.VerifyEncoded(PauseHash, Quorum, blob).Count);
        byte[] swapped = [.. blob[65..], .. blob[..65]];
        Assert.Equal("safe-signature-order", Refusal(() => SafeSignatures.VerifyEncoded(PauseHash, Quorum, swapped)));
        byte[] twice = [.. blob[..65], .. blob[..65]];
        Assert.Equal("safe-duplicate-owner", Refusal(() => SafeSignatures.VerifyEncoded(PauseHash, Quorum, twice)));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(26)]
    [InlineData(29)]
    [InlineData(30)]
    [InlineData(33)]
    [InlineData(255)]
    public void An_unknown_v_is_refused(byte v)
    {
        var blob = Sign(1, Hash).ToBytes();
        blob[64] = v;
        Assert.Equal("safe-signatures-format", Refusal(() => SafeSignatures.Decode(blob)));
    }

    [Fact]
    public void Contract_data_outside_the_blob_overlapping_or_with_gaps_are_refused()
    {
        var good = SafeSignatures.Encode(Hash, [SafeSignature.OfContract(Owner(1), new byte[5]), SafeSignature.OfContract(Owner(2), new byte[5])]);
        Assert.Equal(2, SafeSignatures.Decode(good).Count);

        foreach (var change in new Action<byte[]>[]
        {
            blob => blob[32] = 1, // an offset far beyond
            blob => blob[63] = 64, // among the static parts
            blob => blob[63]++, // one byte late
            blob => Array.Copy(blob, 32, blob, 65 + 32, 32), // both at one place
            blob => blob[130] = 0xff, // a length far beyond
            blob => blob[161]++, // one byte longer than there is before the next
            blob => blob[0] = 1, // dirty owner word
        })
        {
            var blob = good.ToArray();
            change(blob);
            Assert.Equal("safe-signatures-format", Refusal(() => SafeSignatures.Decode(blob)));
        }

        Assert.Equal("safe-signatures-format", Refusal(() => SafeSignatures.Decode([.. good, 0])));
        Assert.Equal("safe-signatures-format", Refusal(() => SafeSignatures.Decode(good.AsSpan(..^1))));
        Assert.Equal("safe-signatures-count", Refusal(() => SafeSignatures.Decode(Enumerable.Repeat((byte)1, 65 * 1001).ToArray())));
    }

    [Fact]
    public void Decoding_what_was_encoded_is_the_identity()
    {
        var random = new Random(77);
        for (var i = 0; i < 300; i++)
        {
            var keys = Enumerable.Range(1, 8).OrderBy(_ => random.Next()).Take(random.Next(1, 8)).ToArray();
            var signatures = keys.Select(key => random.Next(4) switch
            {
                0 => SafeSignature.OfHash(Sign(key, Hash)),
                1 => SafeSignature.OfPersonalMessage(SignPersonally(key, Hash)),
                2 => SafeSignature.Approved(Owner(key)),
                _ => SafeSignature.OfContract(Owner(key), RandomBytes(random, 200)),
            }).ToArray();
            var blob = SafeSignatures.Encode(Hash, signatures);
            var decoded = SafeSignatures.Decode(blob);
            Assert.Equal(signatures.OrderBy(signature => signature.OwnerFor(Hash)), decoded);
            Assert.Equal(blob, SafeSignatures.Encode(Hash, decoded));
        }
    }

    [Fact]
    public void Malformed_blobs_of_any_length_are_refused_and_never_crash() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(3_000),
        Prop.ForAll<byte[], byte>((noise, v) =>
        {
            foreach (var blob in new[] { noise, Shaped(noise, v) })
            {
                try
                {
                    // Whatever is accepted must be the one encoding of what it says.
                    var decoded = SafeSignatures.Decode(blob);
                    Assert.NotEmpty(decoded);
                }
                catch (EthereumException refusal)
                {
                    Assert.Equal(Fault.BadInput, refusal.Fault);
                }
            }
        }));

    [Fact]
    public void One_changed_byte_in_a_good_blob_is_refused_or_reads_differently()
    {
        var random = new Random(5);
        var good = SafeSignatures.Encode(Hash, [SafeSignature.OfContract(Owner(1), RandomBytes(random, 40)), SafeSignature.OfHash(Sign(2, Hash)), SafeSignature.Approved(Owner(3))]);
        var reading = SafeSignatures.Decode(good);
        for (var i = 0; i < good.Length; i++)
        {
            var blob = good.ToArray();
            blob[i] ^= (byte)(1 << random.Next(8));
            try
            {
                Assert.NotEqual(reading, SafeSignatures.Decode(blob));
            }
            catch (EthereumException refusal)
            {
                Assert.Equal(Fault.BadInput, refusal.Fault);
            }
        }
    }

    [Fact]
    public void A_quorum_needs_distinct_owners_and_a_threshold_that_fits()
    {
        Assert.Equal("safe-owners", Refusal(() => _ = new SafeQuorum([Owner(1), Owner(1)], 1)));
        Assert.Equal("safe-owners", Refusal(() => _ = new SafeQuorum([SafeQuorum.Sentinel], 1)));
        Assert.Equal("safe-owners", Refusal(() => _ = new SafeQuorum([Address.Zero], 1)));
        Assert.Equal("safe-threshold", Refusal(() => _ = new SafeQuorum([Owner(1)], 2)));
        Assert.Equal("safe-threshold", Refusal(() => _ = new SafeQuorum([Owner(1)], 0)));
        Assert.Equal("0x0000000000000000000000000000000000000001", SafeQuorum.Sentinel.ToString());
    }

    // Noise cut into the shape of signatures, so that the later checks are reached.
    private static byte[] Shaped(byte[] noise, byte v)
    {
        var blob = new byte[65 + (noise.Length * 3)];
        noise.CopyTo(blob, Math.Min(blob.Length - noise.Length, 12));
        for (var i = 64; i < blob.Length; i += 65)
        {
            blob[i] = new byte[] { 0, 1, 27, 28, 31, 32, v }[(v + i) % 7];
        }

        return blob;
    }

    private static string Refusal(Action action) => Assert.Throws<EthereumException>(action).Code;
}
