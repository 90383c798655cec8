using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Ethereum.Tests.Keys;

namespace AgiJobs.Ethereum.Tests.Safes;

public sealed class SafeHashTests
{
    private static readonly string[] Versions = ["0.1.0", "1.0.0", "1.1.1", "1.2.0", "1.3.0", "1.3.0+L2", "1.4.1", "1.5.0"];

    [Fact]
    public void The_published_type_hashes_are_the_hashes_of_their_types()
    {
        foreach (var type in KeyVectors.Read("safe-hashes.json").GetProperty("typeHashes").EnumerateObject())
        {
            Assert.Equal(type.Value.GetString(), Keccak256.Hash(type.Name).ToString());
        }
    }

    [Fact]
    public void The_published_transactions_have_their_published_hashes()
    {
        foreach (var vector in KeyVectors.Read("safe-hashes.json").GetProperty("transactions").EnumerateArray())
        {
            var domain = new SafeDomain(SafeVersion.Parse(vector.Text("version")), new ChainId(vector.GetProperty("chainId").GetUInt64()), Address.Parse(vector.Text("safe")));
            var hash = SafeTransactionHash.Compute(
                domain, new SafeTransaction { To = Address.Parse(vector.Text("to")), Data = vector.Data("data"), Nonce = vector.GetProperty("nonce").GetInt32() });
            Assert.Equal(vector.Text("domainHash"), hash.DomainHash.ToString());
            Assert.Equal(vector.Text("domainHash"), domain.Separator.ToString());
            Assert.Equal(vector.Text("messageHash"), hash.MessageHash.ToString());
            Assert.Equal(vector.Text("safeTxHash"), hash.Value.ToString());
            Assert.Equal(hash.Value, Keccak256.Hash(hash.PreImage.Span));
            Assert.Equal(hash.Value, hash.Document.Digest);
        }
    }

    [Fact]
    public async Task Hashes_of_every_version_agree_with_ethers()
    {
        var random = new Random(20_240_301);
        var cases = new List<(SafeDomain Domain, SafeTransaction Transaction)>();
        var questions = new List<JsonObject>();
        for (var i = 0; i < 640; i++)
        {
            var domain = new SafeDomain(SafeVersion.Parse(Versions[i % Versions.Length]), new ChainId((ulong)random.NextInt64(1, long.MaxValue)), SafeSamples.RandomAddress(random));
            var transaction = SafeSamples.RandomTransaction(random);
            cases.Add((domain, transaction));
            questions.Add(Question(domain, transaction));
        }

        var answers = await NodeOracle.AskAsync(questions);
        for (var i = 0; i < cases.Count; i++)
        {
            var hash = SafeTransactionHash.Compute(cases[i].Domain, cases[i].Transaction);
            Assert.Equal(answers[i].Text("domain"), hash.DomainHash.ToString());
            Assert.Equal(answers[i].Text("struct"), hash.MessageHash.ToString());
            Assert.Equal(answers[i].Text("digest"), hash.Value.ToString());
        }
    }

    [Fact]
    public async Task Hashes_of_messages_agree_with_ethers()
    {
        var random = new Random(20_240_302);
        var cases = new List<(SafeDomain Domain, byte[] Message)>();
        var questions = new List<JsonObject>();
        for (var i = 0; i < 160; i++)
        {
            var domain = new SafeDomain(SafeVersion.Parse(Versions[i % Versions.Length]), new ChainId((ulong)random.NextInt64(1, long.MaxValue)), SafeSamples.RandomAddress(random));
            var message = SafeSamples.RandomBytes(random, 100);
            cases.Add((domain, message));
            questions.Add(new JsonObject
            {
                ["op"] = "typed",
                ["domain"] = Domain(domain),
                ["primaryType"] = "SafeMessage",
                ["types"] = new JsonObject { ["SafeMessage"] = new JsonArray(Field("message", "bytes")) },
                ["message"] = new JsonObject { ["message"] = Hex.Encode(message) },
            });
        }

        var answers = await NodeOracle.AskAsync(questions);
        for (var i = 0; i < cases.Count; i++)
        {
            var hash = SafeMessageHash.Compute(cases[i].Domain, cases[i].Message);
            Assert.Equal(answers[i].Text("struct"), hash.MessageHash.ToString());
            Assert.Equal(answers[i].Text("digest"), hash.Value.ToString());
            Assert.Equal(hash.Value, hash.Document.Digest);
        }
    }

    [Theory]
    [InlineData("0.1.0")]
    [InlineData("1.2.0")]
    [InlineData("1.4.1")]
    public async Task Cast_signs_the_document_with_a_signature_that_recovers_over_the_hash(string version)
    {
        var hash = SafeTransactionHash.Compute(new SafeDomain(SafeVersion.Parse(version), ChainId.Local, SafeSamples.Safe), SafeSamples.Pause with { Nonce = 0 });
        var cast = new ProcessStartInfo(Path.Combine(KeyVectors.Root, "node_modules", "@foundry-rs", "cast-linux-amd64", "bin", "cast")) { UseShellExecute = false, RedirectStandardOutput = true };
        foreach (var argument in (string[])["wallet", "sign", "--private-key", Hex.Encode(SafeSamples.Key(1)), "--data", hash.Document.ToJson()])
        {
            cast.ArgumentList.Add(argument);
        }

        using var process = Process.Start(cast)!;
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        var signature = SafeSignature.FromWallet(Hex.Decode(output.Trim()), hash.Value, SafeSamples.Owner(1));
        Assert.IsType<SafeSignature.HashSignature>(signature);
    }

    [Fact]
    public void Nonce_zero_is_a_nonce_of_its_own()
    {
        var zero = SafeTransactionHash.Compute(SafeSamples.Domain, SafeSamples.Pause with { Nonce = 0 });
        Assert.Equal(BigInteger.Zero, zero.Transaction.Nonce);
        Assert.NotEqual(SafeTransactionHash.Compute(SafeSamples.Domain, SafeSamples.Pause with { Nonce = 1 }).Value, zero.Value);
        Assert.Contains("\"nonce\":\"0\"", zero.Document.ToJson().Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_chain_id_in_the_domain_every_chain_has_the_same_hash_and_with_it_none()
    {
        Bytes32 On(string version, ulong chain) =>
            SafeTransactionHash.Compute(new SafeDomain(SafeVersion.Parse(version), new ChainId(chain), SafeSamples.Safe), SafeSamples.Pause).Value;
        Assert.Equal(On("1.2.0", 1), On("1.2.0", 10));
        Assert.NotEqual(On("1.3.0", 1), On("1.3.0", 10));
        Assert.Equal(On("1.3.0", 1), On("1.3.0+L2", 1));
    }

    [Fact]
    public void A_disagreement_of_the_two_ways_lets_no_hash_out()
    {
        var refusal = Assert.Throws<EthereumException>(() => AgreedSafeHash.Agree("domain hash", SafeSamples.Domain, Keccak256.Hash("a"), Keccak256.Hash("b")));
        Assert.Equal("safe-hash-mismatch", refusal.Code);
        Assert.Equal(Fault.Mismatch, refusal.Fault);
    }

    [Fact]
    public void Another_hash_from_a_witness_is_refused_with_both_hashes()
    {
        SafeSamples.PauseHash.RequireSame(SafeSamples.PauseHash.Value, "the node");
        var refusal = Assert.Throws<EthereumException>(() => SafeSamples.PauseHash.RequireSame(Bytes32.Zero, "the node"));
        Assert.Equal(Fault.Mismatch, refusal.Fault);
        Assert.Contains(SafeSamples.PauseHash.Value.ToString(), refusal.Message, StringComparison.Ordinal);
        Assert.Contains(Bytes32.Zero.ToString(), refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_owners_of_a_child_sign_for_its_parent_is_the_childs_message_and_never_the_parents_hash()
    {
        var child = new SafeDomain(SafeVersion.V141, ChainId.Local, SafeSamples.Owner(9));
        var message = SafeMessageHash.ForParent(child, SafeSamples.PauseHash);
        Assert.NotEqual(SafeSamples.PauseHash.Value, message.Value);
        Assert.Equal(SafeSamples.PauseHash.PreImage.ToArray(), message.Message.ToArray());
        Assert.Contains(child.Safe.ToString(), message.ToString(), StringComparison.Ordinal);

        var newer = SafeTransactionHash.Compute(new SafeDomain(SafeVersion.V150, ChainId.Local, SafeSamples.Safe), SafeSamples.Pause);
        Assert.Equal(newer.Value.ToBytes(), SafeMessageHash.ForParent(child, newer).Message.ToArray());
        Assert.Equal("safe-nested-self", Assert.Throws<EthereumException>(() => SafeMessageHash.ForParent(SafeSamples.Domain, SafeSamples.PauseHash)).Code);
    }

    [Fact]
    public void Numbers_outside_256_bits_and_other_operations_are_refused()
    {
        Assert.Equal("safe-number", Assert.Throws<EthereumException>(() => SafeSamples.Pause with { Nonce = -1 }).Code);
        Assert.Equal("safe-number", Assert.Throws<EthereumException>(() => SafeSamples.Pause with { GasPrice = BigInteger.One << 256 }).Code);
        Assert.Equal("safe-operation", Assert.Throws<EthereumException>(() => SafeSamples.Pause with { Operation = (SafeOperation)2 }).Code);
    }

    [Fact]
    public void Data_are_copied_so_that_a_later_change_cannot_alter_what_was_hashed()
    {
        var data = Hex.Decode("0x8456cb59");
        var transaction = new SafeTransaction { To = SafeSamples.Safe, Data = data, Nonce = 0 };
        data[0] = 0;
        Assert.Equal("0x8456cb59", Hex.Encode(transaction.Data.Span));
        Assert.Equal(transaction, transaction with { Data = Hex.Decode("0x8456cb59") });
    }

    private static JsonObject Question(SafeDomain domain, SafeTransaction transaction)
    {
        var gas = domain.Version.HasBaseGas ? "baseGas" : "dataGas";
        static string Number(BigInteger value) => value.ToString(CultureInfo.InvariantCulture);
        return new JsonObject
        {
            ["op"] = "typed",
            ["domain"] = Domain(domain),
            ["primaryType"] = "SafeTx",
            ["types"] = new JsonObject
            {
                ["SafeTx"] = new JsonArray(
                    Field("to", "address"), Field("value", "uint256"), Field("data", "bytes"), Field("operation", "uint8"), Field("safeTxGas", "uint256"),
                    Field(gas, "uint256"), Field("gasPrice", "uint256"), Field("gasToken", "address"), Field("refundReceiver", "address"), Field("nonce", "uint256")),
            },
            ["message"] = new JsonObject
            {
                ["to"] = transaction.To.ToString(),
                ["value"] = Number(transaction.Value.Value),
                ["data"] = Hex.Encode(transaction.Data.Span),
                ["operation"] = (int)transaction.Operation,
                ["safeTxGas"] = Number(transaction.SafeTxGas),
                [gas] = Number(transaction.BaseGas),
                ["gasPrice"] = Number(transaction.GasPrice),
                ["gasToken"] = transaction.GasToken.ToString(),
                ["refundReceiver"] = transaction.RefundReceiver.ToString(),
                ["nonce"] = Number(transaction.Nonce),
            },
        };
    }

    private static JsonObject Domain(SafeDomain domain) => domain.Version.HasChainIdInDomain
        ? new JsonObject { ["chainId"] = domain.Chain.ToString(), ["verifyingContract"] = domain.Safe.ToString() }
        : new JsonObject { ["verifyingContract"] = domain.Safe.ToString() };

    private static JsonObject Field(string name, string type) => new() { ["name"] = name, ["type"] = type };
}
