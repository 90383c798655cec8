using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Tests.Oracles;
using AgiJobs.Ethereum.Transactions;

namespace AgiJobs.Ethereum.Tests.Transactions;

public sealed class TransactionDifferentialTests
{
    [Fact]
    public async Task Ethers_makes_and_reads_the_same_three_thousand_signed_transactions()
    {
        // ethers holds a nonce as a double.
        var transactions = GeneratedTransactions.Sequence(61, 3000).Select(t => t.WithNonce(t.Nonce & ((1UL << 53) - 1))).ToList();
        var signed = transactions.Select(t => new SignedTransaction(t, Secp256k1.Sign(t.SigningHash, Key(t)))).ToList();
        var answers = await Oracle.EthersAsync(signed.Select(s => new JsonObject
        {
            ["ask"] = "transaction",
            ["key"] = Hex.Encode(Key(s.Unsigned)),
            ["fields"] = Fields(s.Unsigned),
            ["ours"] = Hex.Encode(s.Raw.Span),
        }));
        for (var i = 0; i < answers.Length; i++)
        {
            string Answer(string name) => answers[i].GetProperty(name).GetString()!;
            Assert.Equal(signed[i].Unsigned.SigningHash.ToString(), Answer("unsignedHash"));
            Assert.Equal(Hex.Encode(signed[i].Raw.Span), Answer("raw"));
            Assert.Equal(Hex.Encode(signed[i].Raw.Span), Answer("readAgain"));
            Assert.Equal(signed[i].Hash.ToString(), Answer("hash"));
            Assert.Equal(signed[i].From.ToString(), Answer("from"));
            Assert.Equal(Secp256k1.AddressOf(Key(signed[i].Unsigned)), signed[i].From);
        }
    }

    [Fact]
    public async Task Cast_makes_the_same_hundred_signed_transactions()
    {
        var transactions = GeneratedTransactions.Sequence(71, 150).Where(
            t => t.Type != TransactionType.AccessList && t.To is not null).ToList();
        Assert.InRange(transactions.Count, 60, 150);
        await Parallel.ForEachAsync(transactions, TestContext.Current.CancellationToken, async (transaction, _) =>
        {
            var t = transaction.WithGas(new Gas(Math.Max(21000, transaction.Gas.Value)));
            List<string> arguments =
            [
                "mktx", "--private-key", Hex.Encode(Key(t)), "--chain", $"{t.ChainId}", "--nonce", $"{t.Nonce}",
                "--gas-limit", $"{t.Gas}", "--gas-price", $"{t.MaxFeePerGas.Value}",
                "--value", $"{t.Value.Value}",
            ];
            arguments.AddRange(t.Type == TransactionType.Legacy ? ["--legacy"]
                : ["--priority-gas-price", $"{t.MaxPriorityFeePerGas.Value}", "--access-list", AccessList(t).ToJsonString()]);
            arguments.AddRange([t.To.ToString()!, Hex.Encode(t.Data.Span)]);
            Assert.Equal(Hex.Encode(new SignedTransaction(t, Secp256k1.Sign(t.SigningHash, Key(t))).Raw.Span),
                await Oracle.CastAsync([.. arguments]));
        });
    }

    [Fact]
    public async Task Cast_decodes_a_hundred_and_fifty_of_our_transactions_to_the_same_fields()
    {
        await Parallel.ForEachAsync(GeneratedTransactions.Sequence(81, 150), TestContext.Current.CancellationToken, async (t, _) =>
        {
            var signed = new SignedTransaction(t, Secp256k1.Sign(t.SigningHash, Key(t)));
            var text = await Oracle.CastAsync("decode-transaction", Hex.Encode(signed.Raw.Span));

            // cast prints the JSON as a JSON string.
            using var outer = JsonDocument.Parse(text);
            using var inner = JsonDocument.Parse(
                outer.RootElement.ValueKind == JsonValueKind.String ? outer.RootElement.GetString()! : text);
            var fields = inner.RootElement;
            Assert.Equal(signed.From, Address.ParseAnyCase(fields.GetProperty("signer").GetString()!));
            Assert.Equal(signed.Hash.ToString(), fields.GetProperty("hash").GetString());
            Assert.Equal(t.Nonce, (ulong)Hex.DecodeQuantity(fields.GetProperty("nonce").GetString()!));
            Assert.Equal(t.Gas.Value, (ulong)Hex.DecodeQuantity(fields.GetProperty("gas").GetString()!));
            Assert.Equal(t.ChainId!.Value.Value, (ulong)Hex.DecodeQuantity(fields.GetProperty("chainId").GetString()!));
            Assert.Equal(t.Value.Value, Hex.DecodeQuantity(fields.GetProperty("value").GetString()!));
            Assert.Equal(Hex.Encode(t.Data.Span), fields.GetProperty("input").GetString());
            Assert.Equal(t.To, fields.GetProperty("to").GetString() is { } to ? Address.ParseAnyCase(to) : null);
            Assert.Equal(t.MaxFeePerGas.Value,
                Hex.DecodeQuantity(fields.GetProperty(t.Type == TransactionType.DynamicFee ? "maxFeePerGas" : "gasPrice").GetString()!));
        });
    }

    private static byte[] Key(UnsignedTransaction transaction) => AgiJobs.Ethereum.Hashing.Keccak256.Hash(
        transaction.SigningPayload.Span[..Math.Min(40, transaction.SigningPayload.Length)]).ToBytes();

    private static JsonObject Fields(UnsignedTransaction t)
    {
        var fields = new JsonObject
        {
            ["type"] = (int)t.Type,
            ["chainId"] = Number(t.ChainId!.Value.Value),
            ["nonce"] = Number(t.Nonce),
            ["gasLimit"] = Number(t.Gas.Value),
            ["to"] = t.To?.ToString(),
            ["value"] = Number(t.Value.Value),
            ["data"] = Hex.Encode(t.Data.Span),
        };
        if (t.Type == TransactionType.DynamicFee)
        {
            fields["maxFeePerGas"] = Number(t.MaxFeePerGas.Value);
            fields["maxPriorityFeePerGas"] = Number(t.MaxPriorityFeePerGas.Value);
        }
        else
        {
            fields["gasPrice"] = Number(t.MaxFeePerGas.Value);
        }

        if (t.Type != TransactionType.Legacy)
        {
            fields["accessList"] = AccessList(t);
        }

        return fields;
    }

    private static JsonArray AccessList(UnsignedTransaction t) =>
        [.. t.AccessList.Select(e => new JsonObject { ["address"] = e.Address.ToString(), ["storageKeys"] = new JsonArray(
            [.. e.StorageKeys.Select(k => (JsonNode)k.ToString())]) })];

    private static string Number(System.Numerics.BigInteger value) => value.ToString(CultureInfo.InvariantCulture);
}
