using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Tests.Keys;
using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Ethereum.Tests.TypedData;

public sealed class TypedDocumentTests
{
    private const string Mail = """
        {"types":{
          "EIP712Domain":[{"name":"name","type":"string"},{"name":"version","type":"string"},{"name":"chainId","type":"uint256"},{"name":"verifyingContract","type":"address"}],
          "Person":[{"name":"name","type":"string"},{"name":"wallet","type":"address"}],
          "Mail":[{"name":"from","type":"Person"},{"name":"to","type":"Person"},{"name":"contents","type":"string"}]},
         "primaryType":"Mail",
         "domain":{"name":"Ether Mail","version":"1","chainId":1,"verifyingContract":"0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC"},
         "message":{"from":{"name":"Cow","wallet":"0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"},
                    "to":{"name":"Bob","wallet":"0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"},"contents":"Hello, Bob!"}}
        """;

    [Fact]
    public void The_example_of_EIP_712_comes_out()
    {
        var document = TypedDocument.FromJson(Mail);
        Assert.Equal("Mail(Person from,Person to,string contents)Person(string name,address wallet)", document.Schema.Primary.EncodedType);
        Assert.Equal("0xa0cedeb2dc280ba39b857546d74f5549c3a1d7bdc2dd96bf881f76108e23dac2", document.Schema.Primary.TypeHash.ToString());
        Assert.Equal("0xc52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e", document.MessageHash.ToString());
        Assert.Equal("0xf2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f", document.DomainSeparator.ToString());
        Assert.Equal("0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2", document.Digest.ToString());
        Assert.Equal(new ChainId(1), document.ChainId);
        Assert.Equal(
            "name: \"Ether Mail\", version: \"1\", chainId: 1, verifyingContract: 0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC | "
            + "Mail(from: (name: \"Cow\", wallet: 0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826), "
            + "to: (name: \"Bob\", wallet: 0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB), contents: \"Hello, Bob!\")",
            document.ToString());
    }

    [Fact]
    public void A_document_built_from_a_type_text_equals_the_one_from_JSON()
    {
        var cow = AbiValue.List("Cow", Address.Parse("0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"));
        var bob = AbiValue.List("Bob", Address.Parse("0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"));
        var domain = new TypedDomain
        {
            Name = "Ether Mail",
            Version = "1",
            ChainId = new ChainId(1),
            VerifyingContract = Address.Parse("0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC"),
        };
        var schema = TypedSchema.Parse("Mail(Person from,Person to,string contents)Person(string name,address wallet)");
        var document = new TypedDocument(domain, schema, cow, bob, "Hello, Bob!");
        Assert.Equal(TypedDocument.FromJson(Mail).Digest, document.Digest);
        Assert.Equal(document.Digest, TypedDocument.FromJson(document.ToJson()).Digest);
    }

    [Fact]
    public void Every_published_document_has_its_digest_and_survives_writing_and_reading()
    {
        var count = 0;
        foreach (var vector in KeyVectors.Read("typed-data.json.gz").EnumerateArray())
        {
            var document = TypedDocument.FromJson(WithDomainType(vector).ToJsonString());
            Assert.Equal(vector.Text("digest"), document.Digest.ToString());
            Assert.Equal(document.Digest, TypedDocument.FromJson(document.ToJson()).Digest);
            count++;
        }

        Assert.Equal(65, count);
    }

    [Fact]
    public void The_Safe_example_of_formats_has_its_three_hashes()
    {
        var safe = Address.Parse("0x111CEEee040739fD91D29C34C33E6B3E112F2177");
        var data = AbiFunction.Parse("addOwnerWithThreshold(address,uint256)").Encode(Address.ParseAnyCase("0x0c75fa5a5f1c0997e3eea425cfa13184ed0ec9e5"), 3);
        var schema = TypedSchema.Parse(
            "SafeTx(address to,uint256 value,bytes data,uint8 operation,uint256 safeTxGas,uint256 baseGas,uint256 "
            + "gasPrice,address gasToken,address refundReceiver,uint256 nonce)");
        Assert.Equal("0xbb8310d486368db6bd6f849402fdd73ad53d316b5a4b2644ad6efe0f941286d8", schema.Primary.TypeHash.ToString());
        var domain = new TypedDomain { ChainId = new ChainId(42161), VerifyingContract = safe };
        Assert.Equal("EIP712Domain(uint256 chainId,address verifyingContract)", domain.EncodedType);
        var document = new TypedDocument(domain, schema, safe, 0, data, 0, 0, 0, 0, Address.Zero, Address.Zero, 234);
        Assert.Equal("0x1cf7f9b1efe3bc47fe02fd27c649fea19e79d66040683a1c86c7490c80bf7291", document.DomainSeparator.ToString());
        Assert.Equal("0xd9109ea63c50ecd3b80b6b27ed5c5a9fd3d546c2169dfb69bfa7ba24cd14c7a5", document.MessageHash.ToString());
        Assert.Equal("0x0cb7250b8becd7069223c54e2839feaed4cee156363fbfe5dd0a48e75c4e25b3", document.Digest.ToString());
    }

    // The vectors are written for the interface of ethers, which adds the type of the domain by itself.
    private static JsonObject WithDomainType(JsonElement vector)
    {
        var fields = new JsonArray();
        var domain = vector.GetProperty("domain");
        foreach (var (name, type) in (ReadOnlySpan<(string, string)>)[("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address"), ("salt", "bytes32")])
        {
            if (domain.TryGetProperty(name, out _))
            {
                fields.Add(new JsonObject { ["name"] = name, ["type"] = type });
            }
        }

        var types = JsonNode.Parse(vector.GetProperty("types").GetRawText())!.AsObject();
        types["EIP712Domain"] = fields;
        return new JsonObject
        {
            ["types"] = types,
            ["primaryType"] = vector.Text("primaryType"),
            ["domain"] = JsonNode.Parse(domain.GetRawText()),
            ["message"] = JsonNode.Parse(vector.GetProperty("data").GetRawText()),
        };
    }
}
