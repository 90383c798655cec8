using System.Collections.Immutable;
using System.Numerics;
using System.Text.Json;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Tests.Keys;
using AgiJobs.Ethereum.Transactions;

namespace AgiJobs.Ethereum.Tests.Transactions;

public sealed class TransactionVectorTests
{
    private static readonly List<JsonElement> Cases = [.. KeyVectors.Read("transactions.json.gz").EnumerateArray()];

    [Theory]
    [InlineData("Legacy", 800)]
    [InlineData("Eip155", 416)]
    [InlineData("Berlin", 800)]
    [InlineData("London", 800)]
    public void Every_case_encodes_hashes_signs_parses_and_recovers(string form, int count)
    {
        var seen = 0;
        foreach (var item in Cases.Where(item => item.Text("signed" + form).Length > 0))
        {
            seen++;
            var transaction = Build(item.GetProperty("transaction"), form);
            Assert.Equal(item.Text("unsigned" + form), Hex.Encode(transaction.SigningPayload.Span));
            Assert.Equal(transaction, UnsignedTransaction.Parse(transaction.SigningPayload.Span));

            var signature = Secp256k1.Sign(transaction.SigningHash, item.Data("privateKey"));
            var published = item.GetProperty("signature" + form);
            Assert.Equal(published.Text("r"), signature.R.ToString());
            Assert.Equal(published.Text("s"), signature.S.ToString());

            var signed = new SignedTransaction(transaction, signature);
            Assert.Equal(item.Text("signed" + form), Hex.Encode(signed.Raw.Span));
            var parsed = SignedTransaction.Parse(signed.Raw.Span);
            Assert.Equal(transaction, parsed.Unsigned);
            Assert.Equal(signature, parsed.Signature);
            Assert.Equal(signed.Hash, parsed.Hash);
            Assert.Equal(Secp256k1.AddressOf(item.Data("privateKey")), parsed.From);
        }

        Assert.Equal(count, seen);
    }

    [Fact]
    public void Every_blob_transaction_is_refused_by_name()
    {
        var cases = Cases.Where(item => item.Text("signedCancun").Length > 0).ToList();
        Assert.Equal(32, cases.Count);
        foreach (var item in cases)
        {
            var signed = Assert.Throws<EthereumException>(() => SignedTransaction.Parse(item.Data("signedCancun")));
            Assert.Equal("transaction-type", signed.Code);
            Assert.Contains("EIP-4844", signed.Message, StringComparison.Ordinal);
            Assert.Equal("transaction-type", Assert.Throws<EthereumException>(() =>
                UnsignedTransaction.Parse(item.Data("unsignedCancun"))).Code);
        }
    }

    private static UnsignedTransaction Build(JsonElement fields, string form)
    {
        var nonce = (ulong)Number(fields, "nonce");
        var gasPrice = new Wei(Number(fields, "gasPrice"));
        var gas = new Gas((ulong)Number(fields, "gasLimit"));
        Address? to = fields.TryGetProperty("to", out var recipient) && recipient.ValueKind == JsonValueKind.String
            ? Address.Parse(recipient.GetString()!)
            : null;
        var value = new Wei(Number(fields, "value"));
        var data = fields.TryGetProperty("data", out _) ? fields.Data("data") : [];
        var chainId = new ChainId((ulong)Number(fields, "chainId"));
        return form switch
        {
            "Legacy" => UnsignedTransaction.Legacy(null, nonce, gasPrice, gas, to, value, data),
            "Eip155" => UnsignedTransaction.Legacy(chainId, nonce, gasPrice, gas, to, value, data),
            "Berlin" => UnsignedTransaction.AccessListed(chainId, nonce, gasPrice, gas, to, value, data, AccessList(fields)),
            _ => UnsignedTransaction.DynamicFee(
                chainId,
                nonce,
                new Wei(Number(fields, "maxPriorityFeePerGas")),
                new Wei(Number(fields, "maxFeePerGas")),
                gas,
                to,
                value,
                data,
                AccessList(fields)),
        };
    }

    private static ImmutableArray<AccessListEntry> AccessList(JsonElement fields) => !fields.TryGetProperty("accessList", out var list)
        ? []
        :
        [
            .. list.EnumerateArray().Select(entry => new AccessListEntry(
                Address.Parse(entry.Text("address")),
                [.. entry.GetProperty("storageKeys").EnumerateArray().Select(key => Bytes32.Parse(key.GetString()!))])),
        ];

    private static BigInteger Number(JsonElement fields, string name) => !fields.TryGetProperty(name, out var value)
        ? 0
        : value.ValueKind == JsonValueKind.Number ? value.GetUInt64() : Hex.DecodeQuantity(value.GetString()!);
}
