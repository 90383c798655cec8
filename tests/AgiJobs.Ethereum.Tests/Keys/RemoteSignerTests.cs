using System.Net;
using System.Net.Sockets;
using System.Numerics;
using System.Text;
using System.Text.Json;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Tests.Transactions;
using AgiJobs.Ethereum.Transactions;
using AgiJobs.Ethereum.TypedData;
using AgiJobs.Testing;

namespace AgiJobs.Ethereum.Tests.Keys;

public sealed class RemoteSignerTests
{
    private static readonly byte[] Key = Keccak256.Hash("remote").ToBytes();
    private static readonly byte[] OtherKey = Keccak256.Hash("another").ToBytes();
    private static readonly Address Account = Secp256k1.AddressOf(Key);

    private static readonly UnsignedTransaction Transaction =
        UnsignedTransaction.DynamicFee(ChainId.Local, 3, Wei.FromGwei("1"), Wei.FromGwei("2"), new Gas(50000), Address.Zero,
            Wei.FromEther("1"), new byte[] { 0x84, 0x56, 0xcb, 0x59 });

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(RemoteSignerDialect.Clef)]
    [InlineData(RemoteSignerDialect.Web3Signer)]
    public async Task Messages_documents_transactions_and_accounts_work_in_both_dialects(RemoteSignerDialect dialect)
    {
        await using var server = SignerServer.WithResult(request => Honest(request, Key));
        using var signer = new RemoteSigner(server.Url, Account, dialect);
        await signer.RequireAccountAsync(Cancel);
        Assert.Equal(Account,
            Secp256k1.Recover(PersonalMessage.Hash("pause"), await signer.SignMessageAsync(Encoding.UTF8.GetBytes("pause"), Cancel)));
        var document = TypedDocument.FromJson(TypedDocuments.WithChain(31337));
        Assert.Equal(Account, Secp256k1.Recover(document.Digest, await signer.SignTypedDataAsync(document, Cancel)));
        var signed = await signer.SignTransactionAsync(Transaction, Cancel);
        Assert.Equal(Account, signed.From);
        Assert.Equal(Transaction, signed.Unsigned);
        Assert.Equal(4, server.Requests);
    }

    [Theory]
    [InlineData(RemoteSignerDialect.Clef)]
    [InlineData(RemoteSignerDialect.Web3Signer)]
    public async Task Transactions_of_every_shape_come_back_as_they_were_asked_for(RemoteSignerDialect dialect)
    {
        await using var server = SignerServer.WithResult(request => Honest(request, Key));
        using var signer = new RemoteSigner(server.Url, Account, dialect);
        foreach (var transaction in GeneratedTransactions.Sequence(11, 60))
        {
            if (dialect == RemoteSignerDialect.Web3Signer
                && (transaction.Type == TransactionType.AccessList || !transaction.AccessList.IsEmpty))
            {
                await AssertRefused("signer-unsupported", Fault.Refused, async () =>
                    await signer.SignTransactionAsync(transaction, Cancel));
            }
            else
            {
                Assert.Equal(transaction, (await signer.SignTransactionAsync(transaction, Cancel)).Unsigned);
            }
        }
    }

    [Theory]
    [InlineData(RemoteSignerDialect.Clef)]
    [InlineData(RemoteSignerDialect.Web3Signer)]
    public async Task The_signature_of_another_key_is_thrown_away(RemoteSignerDialect dialect)
    {
        await using var server = SignerServer.WithResult(request => Honest(request, OtherKey));
        using var signer = new RemoteSigner(server.Url, Account, dialect);
        await AssertRefused("signer-other-key", Fault.Mismatch, async () => await signer.SignTransactionAsync(Transaction, Cancel));
        await AssertRefused("signer-other-key", Fault.Mismatch, async () => await signer.SignMessageAsync("x"u8.ToArray(), Cancel));
        await AssertRefused("signer-other-key", Fault.Mismatch, async () =>
            await signer.SignTypedDataAsync(TypedDocument.FromJson(TypedDocuments.WithChain(1)), Cancel));
        await AssertRefused("signer-account", Fault.Mismatch, async () => await signer.RequireAccountAsync(Cancel));
    }

    [Fact]
    public async Task Any_changed_field_of_a_transaction_is_found()
    {
        var changes = new Func<UnsignedTransaction>[]
        {
            () => Transaction.WithNonce(4),
            () => Transaction.WithGas(new Gas(50001)),
            () => Transaction.WithFees(Wei.FromGwei("1"), Wei.FromGwei("3")),
            () => Transaction.WithFees(Wei.FromGwei("2"), Wei.FromGwei("2")),
            () => Like(Transaction, to: Account),
            () => Like(Transaction, create: true),
            () => Like(Transaction, value: Wei.FromEther("1000")),
            () => Like(Transaction, data: [0x84, 0x56, 0xcb, 0x58]),
            () => Like(Transaction, chain: new ChainId(1)),
            () => UnsignedTransaction.Legacy(
                ChainId.Local, 3, Wei.FromGwei("2"), new Gas(50000), Address.Zero, Wei.FromEther("1"), Transaction.Data),
            () => UnsignedTransaction.DynamicFee(
                ChainId.Local,
                3,
                Wei.FromGwei("1"),
                Wei.FromGwei("2"),
                new Gas(50000),
                Address.Zero,
                Wei.FromEther("1"),
                Transaction.Data,
                [new AccessListEntry(Account, [])]),
        };
        foreach (var change in changes)
        {
            await using var server = SignerServer.WithResult(_ => Raw(change(), Key));
            using var signer = new RemoteSigner(server.Url, Account, RemoteSignerDialect.Clef);
            await AssertRefused("signer-other-transaction", Fault.Mismatch, async () =>
                await signer.SignTransactionAsync(Transaction, Cancel));
        }
    }

    [Fact]
    public async Task The_signature_of_another_message_is_thrown_away()
    {
        await using var server = SignerServer.WithResult(_ => Quoted(Secp256k1.Sign(PersonalMessage.Hash("resume"), Key).ToBytes()));
        using var signer = new RemoteSigner(server.Url, Account, RemoteSignerDialect.Clef);
        await AssertRefused("signer-other-key", Fault.Mismatch, async () => await signer.SignMessageAsync("pause"u8.ToArray(), Cancel));
    }

    [Fact]
    public async Task A_signature_with_high_s_is_not_used()
    {
        var low = Secp256k1.Sign(PersonalMessage.Hash("pause"), Key);
        var order = BigInteger.Parse(
            "00fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", System.Globalization.NumberStyles.AllowHexSpecifier);
        var high = new Signature(low.R, Bytes32.FromUnsigned(order - low.S.ToUnsigned()), (byte)(1 - low.YParity));
        await using var server = SignerServer.WithResult(_ => Quoted(high.ToBytes()));
        using var signer = new RemoteSigner(server.Url, Account, RemoteSignerDialect.Clef);
        await AssertRefused("signer-response", Fault.Unknown, async () => await signer.SignMessageAsync("pause"u8.ToArray(), Cancel));
    }

    [Theory]
    [InlineData(-32000, "Request denied")]
    [InlineData(4001, "User said no")]
    [InlineData(-32000, "rejected by rule")]
    public async Task A_refusal_by_a_person_or_a_rule_is_told_apart_from_a_failure(int code, string message)
    {
        await using var server = new SignerServer(request => SignerServer.Answer.Error(request, code, message));
        using var signer = new RemoteSigner(server.Url, Account, RemoteSignerDialect.Clef);
        await AssertRefused("signer-refused", Fault.Refused, async () => await signer.SignTransactionAsync(Transaction, Cancel));
        Assert.Equal(1, server.Requests);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(400)]
    [InlineData(500)]
    public async Task An_error_is_shown_with_its_text_and_without_control_characters(int status)
    {
        const string Said = "No unlocked account\u001b[31m matches\nthe Sender";
        await using var server = new SignerServer(request => SignerServer.Answer.Error(request, -32000, Said, status));
        using var signer = new RemoteSigner(server.Url, Account, RemoteSignerDialect.Web3Signer);
        var refusal = await AssertRefused("signer-error", Fault.Failed, async () => await signer.SignTransactionAsync(Transaction, Cancel));
        Assert.Contains("No unlocked account", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(refusal.Message, char.IsControl);
    }

    [Theory]
    [InlineData(200, "")]
    [InlineData(200, "not JSON")]
    [InlineData(200, "[]")]
    [InlineData(200, "7")]
    [InlineData(200, "{}")]
    [InlineData(200, """{"jsonrpc":"2.0","id":1}""")]
    [InlineData(200, """{"jsonrpc":"2.0","id":1,"result":null}""")]
    [InlineData(200, """{"jsonrpc":"2.0","id":1,"result":{}}""")]
    [InlineData(200, """{"jsonrpc":"2.0","id":1,"result":{"raw":null}}""")]
    [InlineData(200, """{"jsonrpc":"2.0","id":1,"result":{"raw":"0x"}}""")]
    [InlineData(200, """{"jsonrpc":"2.0","id":1,"result":{"raw":"0x02"}}""")]
    [InlineData(200, """{"jsonrpc":"2.0","id":1,"result":{"raw":"zz"}}""")]
    [InlineData(200, """{"jsonrpc":"2.0","id":1,"result":{"raw":"\ud800"}}""")]
    [InlineData(200, """{"jsonrpc":"2.0","id":2,"result":{"raw":"0x"}}""")]
    [InlineData(200, """{"jsonrpc":"2.0","id":"1","result":{"raw":"0x"}}""")]
    [InlineData(404, """{"jsonrpc":"2.0","id":1,"result":{"raw":"0x"}}""")]
    [InlineData(502, "<html>bad gateway</html>")]
    public async Task An_answer_that_is_none_is_refused(int status, string body)
    {
        await using var server = new SignerServer(_ => SignerServer.Answer.Http(status, body));
        using var signer = new RemoteSigner(server.Url, Account, RemoteSignerDialect.Clef);
        await AssertRefused("signer-response", Fault.Unknown, async () => await signer.SignTransactionAsync(Transaction, Cancel));
    }

    [Fact]
    public async Task Cut_and_endless_answers_are_refused()
    {
        var half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"jsonrpc\""u8.ToArray();
        await using var cut = new SignerServer(_ => new SignerServer.Answer(half));
        using var first = new RemoteSigner(cut.Url, Account, RemoteSignerDialect.Clef);
        await AssertRefused("signer-response", Fault.Unknown, async () => await first.SignTransactionAsync(Transaction, Cancel));

        await using var closed = new SignerServer(_ => new SignerServer.Answer([]));
        using var third = new RemoteSigner(closed.Url, Account, RemoteSignerDialect.Clef);
        await AssertRefused("signer-response", Fault.Unknown, async () => await third.SignTransactionAsync(Transaction, Cancel));
        Assert.Equal(1, closed.Requests);

        await using var endless = new SignerServer(_ => SignerServer.Answer.Http(200, new string(' ', 5 * 1024 * 1024)));
        using var second = new RemoteSigner(endless.Url, Account, RemoteSignerDialect.Clef);
        await AssertRefused("signer-response", Fault.Unknown, async () => await second.SignTransactionAsync(Transaction, Cancel));
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        await using var target = SignerServer.WithResult(request => Honest(request, Key));
        await using var server = new SignerServer(_ => SignerServer.Answer.Http(307, "", $"Location: {target.Url}\r\n"));
        using var signer = new RemoteSigner(server.Url, Account, RemoteSignerDialect.Clef);
        await AssertRefused("signer-response", Fault.Unknown, async () => await signer.SignTransactionAsync(Transaction, Cancel));
        Assert.Equal(0, target.Requests);
    }

    [Fact]
    public async Task No_answer_ends_at_the_timeout_and_is_not_asked_again()
    {
        await using var server = new SignerServer(_ => SignerServer.Answer.Never);
        var time = new ManualTime();
        using var signer = new RemoteSigner(server.Url, Account, RemoteSignerDialect.Clef, time: time);
        var pending = signer.SignTransactionAsync(Transaction, Cancel).AsTask();
        await Wait.UntilAsync("the request arrived", () => server.Requests == 1);
        Assert.Equal(RemoteSigner.ClefTimeout, time.NextTimer);
        time.Advance(RemoteSigner.ClefTimeout - TimeSpan.FromTicks(1));
        Assert.False(pending.IsCompleted);
        time.Advance(TimeSpan.FromTicks(1));
        await AssertRefused("signer-timeout", Fault.Unknown, () => pending);
        Assert.Equal(1, server.Requests);
    }

    [Fact]
    public async Task The_time_limit_of_Clef_itself_is_a_timeout()
    {
        await using var server = new SignerServer(request => SignerServer.Answer.Error(request, -32002, "request timed out"));
        using var signer = new RemoteSigner(server.Url, Account, RemoteSignerDialect.Clef);
        await AssertRefused("signer-timeout", Fault.Unknown, async () => await signer.SignTransactionAsync(Transaction, Cancel));
    }

    [Fact]
    public async Task A_cancelled_request_is_cancelled_and_no_error_of_the_signer()
    {
        await using var server = new SignerServer(_ => SignerServer.Answer.Never);
        using var signer = new RemoteSigner(server.Url, Account, RemoteSignerDialect.Clef);
        using var cancel = new CancellationTokenSource();
        var pending = signer.SignMessageAsync("x"u8.ToArray(), cancel.Token).AsTask();
        await Wait.UntilAsync("the request arrived", () => server.Requests == 1);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pending);
    }

    [Fact]
    public async Task A_signer_that_is_not_there_is_named()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        using var signer = new RemoteSigner(new Uri($"http://127.0.0.1:{port}"), Account, RemoteSignerDialect.Web3Signer);
        var refusal = await AssertRefused("signer-unreachable", Fault.Unknown, async () => await signer.RequireAccountAsync(Cancel));
        Assert.Contains($"{port}", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_transaction_of_every_chain_is_not_even_sent_to_the_signer()
    {
        await using var server = SignerServer.WithResult(request => Honest(request, Key));
        using var signer = new RemoteSigner(server.Url, Account, RemoteSignerDialect.Clef);
        var everywhere = UnsignedTransaction.Legacy(null, 0, Wei.Zero, new Gas(21000), Address.Zero, Wei.Zero, default);
        await AssertRefused("transaction-unprotected", Fault.Refused, async () => await signer.SignTransactionAsync(everywhere, Cancel));
        Assert.Equal(0, server.Requests);
    }

    [Theory]
    [InlineData("http://example.com:8550")]
    [InlineData("http://10.0.0.1:8550")]
    [InlineData("ftp://127.0.0.1/")]
    [InlineData("file:///etc/passwd")]
    [InlineData("http://127.0.0.1.example.com/")]
    [InlineData("https://user:secret@example.com/")]
    [InlineData("http://user:secret@127.0.0.1/")]
    [InlineData("relative")]
    public void Other_addresses_than_https_or_loopback_are_refused_without_showing_a_password(string url)
    {
        var refusal = Assert.Throws<EthereumException>(() =>
            new RemoteSigner(new Uri(url, UriKind.RelativeOrAbsolute), Account, RemoteSignerDialect.Clef));
        Assert.Equal("signer-url", refusal.Code);
        Assert.DoesNotContain("secret", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://127.0.0.1:8550")]
    [InlineData("http://127.1.2.3:8550")]
    [InlineData("http://localhost:8550/")]
    [InlineData("http://[::1]:8550/")]
    [InlineData("https://signer.example.com/eth1")]
    public void Https_and_loopback_are_accepted(string url)
    {
        using var signer = new RemoteSigner(new Uri(url), Account, RemoteSignerDialect.Clef);
        Assert.StartsWith($"{Account} at ", signer.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(100_000)]
    public void A_timeout_out_of_range_is_refused(int seconds) => Assert.Equal("signer-timeout-range", Assert.Throws<EthereumException>(
        () => new RemoteSigner(new Uri("http://127.0.0.1:1"), Account, RemoteSignerDialect.Clef, TimeSpan.FromSeconds(seconds))).Code);

    private static async Task<EthereumException> AssertRefused(string code, Fault fault, Func<Task> work)
    {
        var refusal = await Assert.ThrowsAsync<EthereumException>(work);
        Assert.Equal((code, fault), (refusal.Code, refusal.Fault));
        return refusal;
    }

    // What Clef and web3signer do with each request, from their documented parameters alone.
    private static string Honest(JsonElement request, byte[] key)
    {
        var parameters = request.GetProperty("params");
        var method = request.Text("method");
        switch (method)
        {
            case "account_list" or "eth_accounts":
                return $"[\"{Secp256k1.AddressOf(key)}\",\"0x{new string('0', 40)}\"]";
            case "account_signData":
                Assert.Equal("text/plain", parameters[0].GetString());
                return SignMessage(parameters[1], parameters[2], key);
            case "eth_sign":
                return SignMessage(parameters[0], parameters[1], key);
            case "account_signTypedData":
                return Quoted(Secp256k1.Sign(TypedDocument.FromJson(parameters[1].GetRawText()).Digest, key).ToBytes());
            case "eth_signTypedData":
                return Quoted(Secp256k1.Sign(TypedDocument.FromJson(parameters[1].GetString()!).Digest, key).ToBytes());
            case "account_signTransaction":
                return Raw(Read(parameters[0]), key);
            case "eth_signTransaction":
                Assert.False(parameters[0].TryGetProperty("accessList", out _));
                return Quoted(Sign(Read(parameters[0]), key));
            default:
                throw new InvalidOperationException($"Neither signer has a method {method}.");
        }
    }

    private static string SignMessage(JsonElement account, JsonElement message, byte[] key)
    {
        Assert.Equal(Account.ToString(), account.GetString());
        return Quoted(Secp256k1.Sign(PersonalMessage.Hash(Hex.Decode(message.GetString()!)), key).ToBytes());
    }

    private static UnsignedTransaction Read(JsonElement fields)
    {
        Assert.Equal(Account.ToString(), fields.Text("from"));
        BigInteger Number(string name) => Hex.DecodeQuantity(fields.Text(name));
        var chain = new ChainId((ulong)Number("chainId"));
        var nonce = (ulong)Number("nonce");
        var gas = new Gas((ulong)Number("gas"));
        Address? to = fields.TryGetProperty("to", out var recipient) ? Address.Parse(recipient.GetString()!) : null;
        var value = new Wei(Number("value"));
        var data = fields.Data("data");
        AccessListEntry[]? list = fields.TryGetProperty("accessList", out var entries)
            ? [.. entries.EnumerateArray().Select(e => new AccessListEntry(Address.Parse(e.Text("address")),
                [.. e.GetProperty("storageKeys").EnumerateArray().Select(k => Bytes32.Parse(k.GetString()!))]))]
            : null;
        return fields.TryGetProperty("maxFeePerGas", out _)
            ? UnsignedTransaction.DynamicFee(chain, nonce, new Wei(Number("maxPriorityFeePerGas")), new Wei(Number("maxFeePerGas")), gas,
                to, value, data, [.. list ?? []])
            : list is null
                ? UnsignedTransaction.Legacy(chain, nonce, new Wei(Number("gasPrice")), gas, to, value, data)
                : UnsignedTransaction.AccessListed(chain, nonce, new Wei(Number("gasPrice")), gas, to, value, data, [.. list]);
    }

    private static UnsignedTransaction Like(
        UnsignedTransaction t, Address? to = null, bool create = false, Wei? value = null, byte[]? data = null, ChainId? chain = null) =>
        UnsignedTransaction.DynamicFee(
            chain ?? t.ChainId!.Value,
            t.Nonce,
            t.MaxPriorityFeePerGas,
            t.MaxFeePerGas,
            t.Gas,
            create ? null : to ?? t.To,
            value ?? t.Value,
            data ?? t.Data);

    private static byte[] Sign(UnsignedTransaction transaction, byte[] key) =>
        new SignedTransaction(transaction, Secp256k1.Sign(transaction.SigningHash, key)).Raw.ToArray();

    private static string Raw(UnsignedTransaction transaction, byte[] key) => $"{{\"raw\":{Quoted(Sign(transaction, key))},\"tx\":{{}}}}";

    private static string Quoted(byte[] data) => $"\"{Hex.Encode(data)}\"";
}
