using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Transactions;
using AgiJobs.Ethereum.TypedData;
using AgiJobs.Testing;

namespace AgiJobs.Ethereum.Tests.Keys;

/// <summary>Against a token of SoftHSM.</summary>
public sealed class Pkcs11SignerTests : IAsyncLifetime
{
    private static SoftToken? _shared;
    private static Address _owner;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static SoftToken Token => _shared!;

    public async ValueTask InitializeAsync()
    {
        if (_shared is null)
        {
            var token = await SoftToken.CreateAsync();
            _owner = Secp256k1.AddressOf(await token.ImportAsync("owner", "01"));
            await token.ImportAsync("twin", "02");
            await token.ImportAsync("twin", "03");
            await token.ImportAsync("nist", "04", "1.2.840.10045.3.1.7");
            _shared = token;
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_key_in_a_token_signs_messages_documents_and_transactions_as_its_address()
    {
        using var signer = new Pkcs11Signer(new Pkcs11Key(SoftToken.Module, Token.Label, "owner", null), Token.Pin);
        Assert.Equal(_owner, signer.Address);
        for (var i = 0; i < 40; i++)
        {
            // SoftHSM gives high s half of the time, and either parity.
            var message = BitConverter.GetBytes(i);
            var signature = await signer.SignMessageAsync(message, Cancel);
            Assert.True(signature.IsLowS);
            Assert.Equal(_owner, Secp256k1.Recover(PersonalMessage.Hash(message), signature));
        }

        var document = new TypedDocument(new TypedDomain { Name = "test", ChainId = new ChainId(5) }, TypedSchema.Parse("Mail(string text)"), "hello");
        Assert.Equal(_owner, Secp256k1.Recover(document.Digest, await signer.SignTypedDataAsync(document, Cancel)));
        var transaction = UnsignedTransaction.Legacy(new ChainId(5), 1, Wei.Zero, new Gas(21000), _owner, Wei.Zero, default);
        var everywhere = UnsignedTransaction.Legacy(null, 1, Wei.Zero, new Gas(21000), _owner, Wei.Zero, default);
        Assert.Equal(_owner, (await signer.SignTransactionAsync(transaction, Cancel)).From);
        await Assert.ThrowsAsync<EthereumException>(async () => await signer.SignTransactionAsync(everywhere, Cancel));
    }

    [Fact]
    public async Task Keys_of_one_label_are_told_apart_by_their_id_and_several_sessions_live_side_by_side()
    {
        using var first = new Pkcs11Signer(new Pkcs11Key(SoftToken.Module, Token.Label, "twin", [2]), Token.Pin);
        using var second = new Pkcs11Signer(new Pkcs11Key(SoftToken.Module, Token.Label, null, [3]), Token.Pin);
        Assert.NotEqual(first.Address, second.Address);
        first.Dispose();
        _ = await second.SignMessageAsync("still there"u8.ToArray(), Cancel);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await first.SignMessageAsync("gone"u8.ToArray(), Cancel));
    }

    [Theory]
    [InlineData("pkcs11-key", "twin", null)]
    [InlineData("pkcs11-key", "nobody", null)]
    [InlineData("pkcs11-key", "owner", "07")]
    [InlineData("pkcs11-key", "nist", null)]
    [InlineData("pkcs11-key", null, null)]
    public void A_key_that_is_not_exactly_one_on_the_curve_is_refused(string code, string? label, string? id) =>
        Refused(code, Fault.BadInput, new Pkcs11Key(SoftToken.Module, Token.Label, label, id is null ? null : Convert.FromHexString(id)), Token.Pin);

    [Fact]
    public void A_wrong_token_module_or_PIN_is_refused_and_the_PIN_is_not_repeated()
    {
        Refused("pkcs11-token", Fault.BadInput, new Pkcs11Key(SoftToken.Module, "elsewhere", "owner", null), Token.Pin);
        Refused("pkcs11-module", Fault.BadInput, new Pkcs11Key(Path.Combine(Path.GetTempPath(), "none.so"), Token.Label, "owner", null), Token.Pin);
        Refused("pkcs11-module", Fault.BadInput, new Pkcs11Key("libc.so.6", Token.Label, "owner", null), Token.Pin);
        var wrong = Refused("pkcs11-pin", Fault.Refused, new Pkcs11Key(SoftToken.Module, Token.Label, "owner", null), "90909");
        Assert.DoesNotContain("90909", wrong.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("044104", 65)]
    [InlineData("04", 65)]
    [InlineData("042102", 33)]
    [InlineData("02", 33)]
    public void A_public_point_is_read_in_each_form_that_tokens_give_it(string prefix, int length)
    {
        var start = Convert.FromHexString(prefix);
        var wrapped = start.Length > 1 ? 2 : 0;
        var attribute = start.Concat(new byte[length + wrapped - start.Length]).ToArray();
        Assert.Equal(length, Pkcs11Signer.Point(attribute)!.Length);
        Assert.Null(Pkcs11Signer.Point(attribute[..^1]));
    }

    private static EthereumException Refused(string code, Fault fault, Pkcs11Key key, string pin)
    {
        var problem = Assert.Throws<EthereumException>(() => new Pkcs11Signer(key, pin));
        Assert.Equal((code, fault), (problem.Code, problem.Fault));
        return problem;
    }
}
