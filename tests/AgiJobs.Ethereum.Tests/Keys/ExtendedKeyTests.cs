using System.Text;
using AgiJobs.Ethereum.Keys;
using FsCheck;
using FsCheck.Fluent;
using Org.BouncyCastle.Crypto.Digests;

namespace AgiJobs.Ethereum.Tests.Keys;

public sealed class ExtendedKeyTests
{
    private const string Seed1 = "000102030405060708090a0b0c0d0e0f";
    private const string Seed2 = "fffcf9f6f3f0edeae7e4e1dedbd8d5d2cfccc9c6c3c0bdbab7b4b1aeaba8a5a29f9c999693908d8a8784817e7b7875726f6c696663605d5a5754514e4b484542";
    private const string Seed3 = "4b381541583be4423346c643850da4b320e46a87ae3d2a4e6da11eba819cd4acba45d239319ac14f863b8d5ab5a0d0c64d2e8a1e7d1457df2e5a3c51c73235be";
    private const string Seed4 = "3ddd5602285899a946114506157c7997e5444528f3003f6134712147db19b678";

    // BIP-32, test vectors 1 to 4 (3 and 4 keep leading zeros).
    [Theory]
    [InlineData(
        Seed1,
        "m",
        "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi",
        "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8")]
    [InlineData(
        Seed1,
        "m/0'",
        "xprv9uHRZZhk6KAJC1avXpDAp4MDc3sQKNxDiPvvkX8Br5ngLNv1TxvUxt4cV1rGL5hj6KCesnDYUhd7oWgT11eZG7XnxHrnYeSvkzY7d2bhkJ7",
        "xpub68Gmy5EdvgibQVfPdqkBBCHxA5htiqg55crXYuXoQRKfDBFA1WEjWgP6LHhwBZeNK1VTsfTFUHCdrfp1bgwQ9xv5ski8PX9rL2dZXvgGDnw")]
    [InlineData(
        Seed1,
        "m/0h/1",
        "xprv9wTYmMFdV23N2TdNG573QoEsfRrWKQgWeibmLntzniatZvR9BmLnvSxqu53Kw1UmYPxLgboyZQaXwTCg8MSY3H2EU4pWcQDnRnrVA1xe8fs",
        "xpub6ASuArnXKPbfEwhqN6e3mwBcDTgzisQN1wXN9BJcM47sSikHjJf3UFHKkNAWbWMiGj7Wf5uMash7SyYq527Hqck2AxYysAA7xmALppuCkwQ")]
    [InlineData(
        Seed1,
        "m/0'/1/2'",
        "xprv9z4pot5VBttmtdRTWfWQmoH1taj2axGVzFqSb8C9xaxKymcFzXBDptWmT7FwuEzG3ryjH4ktypQSAewRiNMjANTtpgP4mLTj34bhnZX7UiM",
        "xpub6D4BDPcP2GT577Vvch3R8wDkScZWzQzMMUm3PWbmWvVJrZwQY4VUNgqFJPMM3No2dFDFGTsxxpG5uJh7n7epu4trkrX7x7DogT5Uv6fcLW5")]
    [InlineData(
        Seed1,
        "m/0'/1/2'/2",
        "xprvA2JDeKCSNNZky6uBCviVfJSKyQ1mDYahRjijr5idH2WwLsEd4Hsb2Tyh8RfQMuPh7f7RtyzTtdrbdqqsunu5Mm3wDvUAKRHSC34sJ7in334",
        "xpub6FHa3pjLCk84BayeJxFW2SP4XRrFd1JYnxeLeU8EqN3vDfZmbqBqaGJAyiLjTAwm6ZLRQUMv1ZACTj37sR62cfN7fe5JnJ7dh8zL4fiyLHV")]
    [InlineData(
        Seed1,
        "m/0'/1/2'/2/1000000000",
        "xprvA41z7zogVVwxVSgdKUHDy1SKmdb533PjDz7J6N6mV6uS3ze1ai8FHa8kmHScGpWmj4WggLyQjgPie1rFSruoUihUZREPSL39UNdE3BBDu76",
        "xpub6H1LXWLaKsWFhvm6RVpEL9P4KfRZSW7abD2ttkWP3SSQvnyA8FSVqNTEcYFgJS2UaFcxupHiYkro49S8yGasTvXEYBVPamhGW6cFJodrTHy")]
    [InlineData(
        Seed2,
        "m",
        "xprv9s21ZrQH143K31xYSDQpPDxsXRTUcvj2iNHm5NUtrGiGG5e2DtALGdso3pGz6ssrdK4PFmM8NSpSBHNqPqm55Qn3LqFtT2emdEXVYsCzC2U",
        "xpub661MyMwAqRbcFW31YEwpkMuc5THy2PSt5bDMsktWQcFF8syAmRUapSCGu8ED9W6oDMSgv6Zz8idoc4a6mr8BDzTJY47LJhkJ8UB7WEGuduB")]
    [InlineData(
        Seed2,
        "m/0",
        "xprv9vHkqa6EV4sPZHYqZznhT2NPtPCjKuDKGY38FBWLvgaDx45zo9WQRUT3dKYnjwih2yJD9mkrocEZXo1ex8G81dwSM1fwqWpWkeS3v86pgKt",
        "xpub69H7F5d8KSRgmmdJg2KhpAK8SR3DjMwAdkxj3ZuxV27CprR9LgpeyGmXUbC6wb7ERfvrnKZjXoUmmDznezpbZb7ap6r1D3tgFxHmwMkQTPH")]
    [InlineData(
        Seed2,
        "m/0/2147483647'",
        "xprv9wSp6B7kry3Vj9m1zSnLvN3xH8RdsPP1Mh7fAaR7aRLcQMKTR2vidYEeEg2mUCTAwCd6vnxVrcjfy2kRgVsFawNzmjuHc2YmYRmagcEPdU9",
        "xpub6ASAVgeehLbnwdqV6UKMHVzgqAG8Gr6riv3Fxxpj8ksbH9ebxaEyBLZ85ySDhKiLDBrQSARLq1uNRts8RuJiHjaDMBU4Zn9h8LZNnBC5y4a")]
    [InlineData(
        Seed2,
        "m/0/2147483647'/1",
        "xprv9zFnWC6h2cLgpmSA46vutJzBcfJ8yaJGg8cX1e5StJh45BBciYTRXSd25UEPVuesF9yog62tGAQtHjXajPPdbRCHuWS6T8XA2ECKADdw4Ef",
        "xpub6DF8uhdarytz3FWdA8TvFSvvAh8dP3283MY7p2V4SeE2wyWmG5mg5EwVvmdMVCQcoNJxGoWaU9DCWh89LojfZ537wTfunKau47EL2dhHKon")]
    [InlineData(
        Seed2,
        "m/0/2147483647'/1/2147483646'",
        "xprvA1RpRA33e1JQ7ifknakTFpgNXPmW2YvmhqLQYMmrj4xJXXWYpDPS3xz7iAxn8L39njGVyuoseXzU6rcxFLJ8HFsTjSyQbLYnMpCqE2VbFWc",
        "xpub6ERApfZwUNrhLCkDtcHTcxd75RbzS1ed54G1LkBUHQVHQKqhMkhgbmJbZRkrgZw4koxb5JaHWkY4ALHY2grBGRjaDMzQLcgJvLJuZZvRcEL")]
    [InlineData(
        Seed2,
        "m/0/2147483647'/1/2147483646'/2",
        "xprvA2nrNbFZABcdryreWet9Ea4LvTJcGsqrMzxHx98MMrotbir7yrKCEXw7nadnHM8Dq38EGfSh6dqA9QWTyefMLEcBYJUuekgW4BYPJcr9E7j",
        "xpub6FnCn6nSzZAw5Tw7cgR9bi15UV96gLZhjDstkXXxvCLsUXBGXPdSnLFbdpq8p9HmGsApME5hQTZ3emM2rnY5agb9rXpVGyy3bdW6EEgAtqt")]
    [InlineData(
        Seed3,
        "m",
        "xprv9s21ZrQH143K25QhxbucbDDuQ4naNntJRi4KUfWT7xo4EKsHt2QJDu7KXp1A3u7Bi1j8ph3EGsZ9Xvz9dGuVrtHHs7pXeTzjuxBrCmmhgC6",
        "xpub661MyMwAqRbcEZVB4dScxMAdx6d4nFc9nvyvH3v4gJL378CSRZiYmhRoP7mBy6gSPSCYk6SzXPTf3ND1cZAceL7SfJ1Z3GC8vBgp2epUt13")]
    [InlineData(
        Seed3,
        "m/0'",
        "xprv9uPDJpEQgRQfDcW7BkF7eTya6RPxXeJCqCJGHuCJ4GiRVLzkTXBAJMu2qaMWPrS7AANYqdq6vcBcBUdJCVVFceUvJFjaPdGZ2y9WACViL4L",
        "xpub68NZiKmJWnxxS6aaHmn81bvJeTESw724CRDs6HbuccFQN9Ku14VQrADWgqbhhTHBaohPX4CjNLf9fq9MYo6oDaPPLPxSb7gwQN3ih19Zm4Y")]
    [InlineData(
        Seed4,
        "m",
        "xprv9s21ZrQH143K48vGoLGRPxgo2JNkJ3J3fqkirQC2zVdk5Dgd5w14S7fRDyHH4dWNHUgkvsvNDCkvAwcSHNAQwhwgNMgZhLtQC63zxwhQmRv",
        "xpub661MyMwAqRbcGczjuMoRm6dXaLDEhW1u34gKenbeYqAix21mdUKJyuyu5F1rzYGVxyL6tmgBUAEPrEz92mBXjByMRiJdba9wpnN37RLLAXa")]
    [InlineData(
        Seed4,
        "m/0'",
        "xprv9vB7xEWwNp9kh1wQRfCCQMnZUEG21LpbR9NPCNN1dwhiZkjjeGRnaALmPXCX7SgjFTiCTT6bXes17boXtjq3xLpcDjzEuGLQBM5ohqkao9G",
        "xpub69AUMk3qDBi3uW1sXgjCmVjJ2G6WQoYSnNHyzkmdCHEhSZ4tBok37xfFEqHd2AddP56Tqp4o56AePAgCjYdvpW2PU2jbUPFKsav5ut6Ch1m")]
    [InlineData(
        Seed4,
        "m/0'/1'",
        "xprv9xJocDuwtYCMNAo3Zw76WENQeAS6WGXQ55RCy7tDJ8oALr4FWkuVoHJeHVAcAqiZLE7Je3vZJHxspZdFHfnBEjHqU5hG1Jaj32dVoS6XLT1",
        "xpub6BJA1jSqiukeaesWfxe6sNK9CCGaujFFSJLomWHprUL9DePQ4JDkM5d88n49sMGJxrhpjazuXYWdMf17C9T5XnxkopaeS7jGk1GyyVziaMt")]
    public void The_published_keys_are_derived(string seed, string path, string xprv, string xpub)
    {
        using var master = ExtendedKey.FromSeed(Convert.FromHexString(seed));
        using var key = master.Derive(path);
        Assert.Equal(xprv, key.RevealXprv());
        Assert.Equal(xpub, key.ToXpub());
        using var read = ExtendedKey.Parse(xprv);
        Assert.Equal(xprv, read.RevealXprv());
        using var readPublic = ExtendedKey.Parse(xpub);
        Assert.Equal(xpub, readPublic.ToXpub());
        Assert.False(readPublic.HasPrivateKey);
    }

    // BIP-32, test vector 5: what must be refused.
    [Theory]
    [InlineData("xpub661MyMwAqRbcEYS8w7XLSVeEsBXy79zSzH1J8vCdxAZningWLdN3zgtU6LBpB85b3D2yc8sfvZU521AAwdZafEz7mnzBBsz4wKY5fTtTQBm")]
    [InlineData("xprv9s21ZrQH143K24Mfq5zL5MhWK9hUhhGbd45hLXo2Pq2oqzMMo63oStZzFGTQQD3dC4H2D5GBj7vWvSQaaBv5cxi9gafk7NF3pnBju6dwKvH")]
    [InlineData("")]
    [InlineData("xpub")]
    [InlineData("xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet9")]
    [InlineData("xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet80")]
    [InlineData("1xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8")]
    public void What_is_no_extended_key_is_refused_without_repeating_it(string text)
    {
        var refusal = Assert.Throws<EthereumException>(() => ExtendedKey.Parse(text));
        Assert.Equal("extended-key-format", refusal.Code);
        Assert.DoesNotContain("661MyMwAq", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_public_key_derives_the_same_children_as_its_private_key_but_no_hardened_ones()
    {
        using var master = ExtendedKey.FromSeed(Convert.FromHexString(Seed1));
        using var account = master.Derive("m/44'/60'/0'");
        using var watch = ExtendedKey.Parse(account.ToXpub());
        for (var i = 0u; i < 40; i++)
        {
            using var child = account.Derive($"0/{i}");
            using var seen = watch.Derive($"0/{i}");
            Assert.Equal(child.ToXpub(), seen.ToXpub());
            Assert.Equal(child.Address, seen.Address);
            using var signer = child.ToSigner();
            Assert.Equal(child.Address, signer.Address);
        }

        Assert.Equal("derivation-hardened", Assert.Throws<EthereumException>(() => watch.Derive("0'")).Code);
        Assert.Equal("extended-key-public", Assert.Throws<EthereumException>(watch.ToSigner).Code);
        Assert.Equal("extended-key-public", Assert.Throws<EthereumException>(watch.RevealXprv).Code);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("m/")]
    [InlineData("m//0")]
    [InlineData("0/")]
    [InlineData("m/2147483648")]
    [InlineData("m/-1")]
    [InlineData("m/+1")]
    [InlineData("m/ 1")]
    [InlineData("m/1''")]
    [InlineData("m/x")]
    [InlineData("M/0")]
    [InlineData("m/99999999999999999999")]
    [InlineData("'")]
    public void What_is_no_path_is_refused(string path)
    {
        using var master = ExtendedKey.FromSeed(Convert.FromHexString(Seed1));
        Assert.Equal("derivation-path", Assert.Throws<EthereumException>(() => master.Derive(path)).Code);
    }

    [Fact]
    public void A_path_from_the_master_key_is_refused_below_it_and_one_of_no_steps_is_the_key_itself()
    {
        using var master = ExtendedKey.FromSeed(Convert.FromHexString(Seed1));
        using var child = master.Derive("m/0");
        Assert.Equal("derivation-path", Assert.Throws<EthereumException>(() => child.Derive("m/0")).Code);
        using var same = child.Derive("");
        Assert.Equal(child.RevealXprv(), same.RevealXprv());
        child.Dispose();
        Assert.NotEmpty(same.RevealXprv());
        Assert.Throws<ObjectDisposedException>(() => child.Derive(0u));
    }

    [Fact]
    public void A_path_deeper_than_the_format_is_refused_without_a_hang()
    {
        using var master = ExtendedKey.FromSeed(Convert.FromHexString(Seed1));
        var deepest = string.Join('/', Enumerable.Repeat("0", 255));
        using var key = master.Derive(deepest);
        Assert.Equal(255, key.Depth);
        Assert.Equal("derivation-depth", Assert.Throws<EthereumException>(() => key.Derive(0u)).Code);
        Assert.Equal("derivation-path", Assert.Throws<EthereumException>(() => master.Derive(deepest + "/0")).Code);
        Assert.Equal("derivation-path", Assert.Throws<EthereumException>(() => master.Derive(new string('/', 5_000_000))).Code);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(65)]
    public void A_seed_of_another_length_is_refused(int length) =>
        Assert.Equal("seed-length", Assert.Throws<EthereumException>(() => ExtendedKey.FromSeed(new byte[length])).Code);

    [Fact]
    public void Printing_an_extended_key_shows_its_fingerprint_alone()
    {
        using var master = ExtendedKey.FromSeed(Convert.FromHexString(Seed1));
        Assert.Equal("extended key 3442193e at depth 0", master.ToString());
    }

    [Fact]
    public void Any_text_is_a_key_or_an_error_and_any_payload_reads_back() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(300),
        Prop.ForAll(ArbMap.Default.ArbFor<(string Text, byte[] Payload)>(), input =>
        {
            Assert.Throws<EthereumException>(() => ExtendedKey.Parse(input.Text));
            if (input.Payload is { Length: > 0 } payload)
            {
                var decoded = new byte[payload.Length];
                Assert.True(Base58Check.TryDecode(Base58Check.Encode(payload), decoded));
                Assert.Equal(payload, decoded);
                Assert.False(Base58Check.TryDecode(Base58Check.Encode(payload), new byte[payload.Length + 1]));
            }
        }));

    [Fact]
    public void Ripemd160_agrees_with_BouncyCastle_for_every_length_up_to_three_hundred()
    {
        var data = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("RIPEMD-160 ", 30)));
        for (var length = 0; length <= 300; length++)
        {
            var digest = new RipeMD160Digest();
            digest.BlockUpdate(data, 0, length);
            var expected = new byte[20];
            digest.DoFinal(expected, 0);
            var actual = new byte[20];
            Ripemd160.Hash(data.AsSpan(0, length), actual);
            Assert.Equal(expected, actual);
        }
    }
}
