using System.Text.Json.Nodes;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Transactions;

namespace AgiJobs.Bench;

internal static class KeysCases
{
    private static readonly byte[] Key = Keccak256.Hash("bench").ToBytes();
    private static readonly Bytes32 Digest = Keccak256.Hash("digest");

    public static IEnumerable<BenchCase> All()
    {
        yield return new BenchCase("secp256k1, sign a hash", () =>
            Secp256k1.Sign(Digest, Key), () => Secp256k1.Sign(Digest, Key).ToString())
        {
            Baseline = "@noble/curves",
            Operation = "sign",
            Input = new JsonObject { ["key"] = Hex.Encode(Key), ["digest"] = Digest.ToString() },
        };

        var signature = Secp256k1.Sign(Digest, Key);
        yield return new BenchCase("secp256k1, recover the key", () =>
            Secp256k1.RecoverPublicKey(Digest, signature), () => Hex.Encode(Secp256k1.RecoverPublicKey(Digest, signature)))
        {
            Baseline = "@noble/curves",
            Operation = "recover",
            Input = new JsonObject { ["digest"] = Digest.ToString(), ["signature"] = signature.ToString() },
        };

        // Our signer also recovers the sender of what it signed, to be sure of it; ethers does not.
        var signer = new LocalSigner(Key);
        var pause = UnsignedTransaction.DynamicFee(
            ChainId.Local,
            7,
            Wei.FromGwei("1"),
            Wei.FromGwei("30"),
            new Gas(100_000),
            Address.Parse("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
            Wei.Zero,
            Convert.FromHexString("595c6a67"));
        yield return new BenchCase("transaction, sign with check", () => signer.Sign(pause), () => Hex.Encode(signer.Sign(pause).Raw.Span))
        {
            Baseline = "ethers",
            Operation = "signTransaction",
            Input = new JsonObject
            {
                ["key"] = Hex.Encode(Key),
                ["fields"] = new JsonObject
                {
                    ["type"] = 2,
                    ["chainId"] = 31337,
                    ["nonce"] = 7,
                    ["maxPriorityFeePerGas"] = "1000000000",
                    ["maxFeePerGas"] = "30000000000",
                    ["gasLimit"] = 100_000,
                    ["to"] = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
                    ["value"] = 0,
                    ["data"] = "0x595c6a67",
                },
            },
        };

        var raw = signer.Sign(pause).Raw.ToArray();
        yield return new BenchCase("transaction, read with sender", () =>
            SignedTransaction.Parse(raw), () => SignedTransaction.Parse(raw).From.ToString())
        {
            Baseline = "ethers",
            Operation = "readTransaction",
            Input = new JsonObject { ["raw"] = Hex.Encode(raw) },
        };
    }
}
