using System.Text;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Ethereum.Tests.TypedData;

public sealed class TypedDataRefusalTests
{
    private const string DomainType = """[{"name":"chainId","type":"uint256"}]""";

    [Theory]
    [InlineData("""{"a":"1"}""", "typed-data-member", "lacks 'b'")]
    [InlineData("""{"a":"1","b":[],"c":0}""", "typed-data-member", "'c'")]
    [InlineData("""{"a":"1","b":null}""", "abi-value", "an array")]
    [InlineData("""{"a":1.5,"b":[]}""", "abi-value", "whole number")]
    [InlineData("""{"a":1e3,"b":[]}""", "abi-value", "whole number")]
    [InlineData("""{"a":"","b":[]}""", "abi-value", "whole number")]
    [InlineData("""{"a":"0x","b":[]}""", "abi-value", "whole number")]
    [InlineData("""{"a":"-0x5","b":[]}""", "abi-value", "whole number")]
    [InlineData("""{"a":true,"b":[]}""", "abi-value", "whole number")]
    [InlineData("""{"a":128,"b":[]}""", "abi-range", "int8")]
    [InlineData("""{"a":-129,"b":[]}""", "abi-range", "int8")]
    [InlineData("""{"a":1,"a":2,"b":[]}""", "typed-data-json", "a")]
    [InlineData("""{"a":1,"b":["0x1"]}""", "abi-value", "M.b[0]")]
    [InlineData("""{"a":1,"b":["0x123456"]}""", "abi-value", "exactly 2 bytes")]
    [InlineData("""{"a":1,"b":["0x12"]}""", "abi-value", "exactly 2 bytes")]
    [InlineData("""[1,[]]""", "abi-value", "an object")]
    [InlineData("""{"a":"1","b":[]""", "typed-data-json", "JSON")]
    public void A_message_that_does_not_fit_its_types_is_refused(string message, string code, string words)
    {
        var refusal = Assert.Throws<EthereumException>(() => Read("""{"M":[{"name":"a","type":"int8"},{"name":"b","type":"bytes2[]"}]}""", message));
        Assert.Equal(code, refusal.Code);
        Assert.Contains(words, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"M":[{"name":"a","type":"M"}]}""", "typed-data-recursion", "M -> M")]
    [InlineData("""{"M":[{"name":"a","type":"N[]"}],"N":[{"name":"b","type":"O[2]"}],"O":[{"name":"c","type":"M"}]}""", "typed-data-recursion", "M -> N -> O -> M")]
    [InlineData("""{"M":[{"name":"a","type":"N"}]}""", "typed-data-types", "'N'")]
    [InlineData("""{"M":[{"name":"a","type":"uint"}]}""", "typed-data-types", "uint256")]
    [InlineData("""{"M":[{"name":"a","type":"byte"}]}""", "typed-data-types", "bytes1")]
    [InlineData("""{"M":[{"name":"a","type":"uint7"}]}""", "typed-data-types", "uint7")]
    [InlineData("""{"M":[{"name":"a","type":"function"}]}""", "typed-data-types", "function")]
    [InlineData("""{"M":[{"name":"a","type":"uint8[01]"}]}""", "typed-data-types", "uint8[01]")]
    [InlineData("""{"M":[{"name":"a","type":"uint8["}]}""", "typed-data-types", "uint8[")]
    [InlineData("""{"M":[{"name":"a","type":"uint8"},{"name":"a","type":"uint8"}]}""", "typed-data-types", "two members")]
    [InlineData("""{"M":[{"name":"a,uint8 b","type":"uint8"}]}""", "typed-data-types", "a,uint8 b")]
    [InlineData("""{"M":[{"name":"","type":"uint8"}]}""", "typed-data-json", "name and type")]
    [InlineData("""{"M":[{"name":"a","type":"uint8","x":1}]}""", "typed-data-json", "name and type")]
    [InlineData("""{"uint8":[],"M":[]}""", "typed-data-types", "uint8")]
    [InlineData("""{"N":[]}""", "typed-data-types", "'M'")]
    public void Types_that_cannot_be_encoded_are_refused(string types, string code, string words)
    {
        var refusal = Assert.Throws<EthereumException>(() => Read(types, """{"a":1}"""));
        Assert.Equal(code, refusal.Code);
        Assert.Contains(words, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""[{"name":"chainId","type":"uint256"}]""", "{}", "typed-data-member")]
    [InlineData("[]", """{"chainId":1}""", "typed-data-domain")]
    [InlineData("""[{"name":"chainId","type":"uint64"}]""", """{"chainId":1}""", "typed-data-domain")]
    [InlineData("""[{"name":"network","type":"string"}]""", """{"network":"x"}""", "typed-data-domain")]
    [InlineData("""[{"name":"chainId","type":"uint256"},{"name":"chainId","type":"uint256"}]""", """{"chainId":1}""", "typed-data-domain")]
    [InlineData("""[{"name":"chainId","type":"uint256"}]""", """{"chainId":-1}""", "typed-data-domain")]
    [InlineData("""[{"name":"chainId","type":"uint256"}]""", """{"chainId":"18446744073709551616"}""", "typed-data-domain")]
    [InlineData("""[{"name":"verifyingContract","type":"address"}]""", """{"verifyingContract":"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed"}""", "address-checksum")]
    public void A_domain_that_is_not_exactly_what_is_signed_is_refused(string type, string domain, string code) =>
        Assert.Equal(code, Assert.Throws<EthereumException>(() => Read("""{"M":[{"name":"a","type":"int8"}]}""", """{"a":1}""", type, domain)).Code);

    [Theory]
    [InlineData("[]", "0x6192106f129ce05c9075d319c1fa6ea9b3ae37cbd0c1ef92e2be7137bb07baa1")]
    public void An_empty_domain_has_its_own_separator(string type, string separator) =>
        Assert.Equal(separator, Read("""{"M":[{"name":"a","type":"int8"}]}""", """{"a":1}""", type, "{}").DomainSeparator.ToString());

    [Fact]
    public void The_order_in_which_a_document_declares_its_domain_is_kept()
    {
        const string Types = """[{"name":"chainId","type":"uint256"},{"name":"name","type":"string"}]""";
        var document = Read("""{"M":[{"name":"a","type":"int8"}]}""", """{"a":1}""", Types, """{"name":"x","chainId":5}""");
        Assert.Equal("EIP712Domain(uint256 chainId,string name)", document.Domain.EncodedType);
        Assert.Equal(document.Digest, TypedDocument.FromJson(document.ToJson()).Digest);
    }

    [Fact]
    public void Numbers_beyond_a_double_are_exact_in_every_notation()
    {
        const string Types = """{"M":[{"name":"a","type":"uint256"},{"name":"b","type":"int256"}]}""";
        var number = Read(Types, """{"a":115792089237316195423570985008687907853269984665640564039457584007913129639935,"b":-57896044618658097711785492504343953926634992332820282019728792003956564819968}""");
        var text = Read(Types, """{"a":"0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff","b":"-57896044618658097711785492504343953926634992332820282019728792003956564819968"}""");
        Assert.Equal(number.Digest, text.Digest);
        Assert.Contains("115792089237316195423570985008687907853269984665640564039457584007913129639935", number.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_document_without_the_domain_type_is_refused_since_wallets_disagree_about_it() =>
        Assert.Equal("typed-data-types", Assert.Throws<EthereumException>(() => TypedDocument.FromJson(
            """{"types":{"M":[{"name":"a","type":"int8"}]},"primaryType":"M","domain":{},"message":{"a":1}}""")).Code);

    [Fact]
    public void Many_structs_deep_chains_and_shared_structs_end_quickly()
    {
        var wide = new StringBuilder("{");
        for (var i = 0; i < 200; i++)
        {
            // Each uses the next twice: 2^200 paths, 200 structs.
            wide.Append(i == 0 ? "" : ",").Append(i == 0 ? "\"M\":" : $"\"S{i}\":");
            wide.Append(i < 199 ? $$"""[{"name":"a","type":"S{{i + 1}}[]"},{"name":"b","type":"S{{i + 1}}[]"}]""" : """[{"name":"a","type":"int8"}]""");
        }

        Assert.Equal(199, Read(wide.Append('}').ToString(), """{"a":[],"b":[]}""").Schema.Structs.Count - 1);
        Assert.Equal("typed-data-json", Assert.Throws<EthereumException>(() => TypedDocument.FromJson(new string('[', 100_000))).Code);
        var brackets = string.Concat(Enumerable.Repeat("[]", 10_000));
        Assert.Equal("typed-data-types", Assert.Throws<EthereumException>(() => Read($$"""{"M":[{"name":"a","type":"int8{{brackets}}"}]}""", """{"a":[]}""")).Code);
    }

    [Theory]
    [InlineData("")]
    [InlineData("M")]
    [InlineData("M(")]
    [InlineData("M)(")]
    [InlineData("(uint256 a)")]
    [InlineData("M(uint256)")]
    [InlineData("M(uint256  a)")]
    [InlineData("M(uint256 a, uint256 b)")]
    [InlineData("M(uint256 a,)")]
    [InlineData("M(uint256 a))")]
    [InlineData("M(N a)")]
    [InlineData("M(uint256 a)M(uint256 a)")]
    public void A_type_text_that_is_not_exactly_an_encoded_type_is_refused(string text) =>
        Assert.Equal("typed-data-types", Assert.Throws<EthereumException>(() => TypedSchema.Parse(text)).Code);

    [Fact]
    public void A_value_of_the_wrong_kind_names_its_place()
    {
        var schema = TypedSchema.Parse("Mail(Person[] to)Person(string name,address wallet)");
        var refusal = Assert.Throws<EthereumException>(() => new TypedDocument(new TypedDomain(), schema, AbiValue.List(AbiValue.List("Bob", "0x12"))));
        Assert.Equal("abi-value", refusal.Code);
        Assert.Contains("Mail.to[0].wallet", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("abi-count", Assert.Throws<EthereumException>(() => new TypedDocument(new TypedDomain(), schema)).Code);
    }

    private static TypedDocument Read(string types, string message, string domainType = DomainType, string domain = """{"chainId":1}""") => TypedDocument.FromJson(
        $$"""{"types":{"EIP712Domain":{{domainType}},{{types[1..]}},"primaryType":"M","domain":{{domain}},"message":{{message}}}""");
}
