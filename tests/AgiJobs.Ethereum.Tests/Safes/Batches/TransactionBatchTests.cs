using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Ethereum.Safes.Batches;
using AgiJobs.Ethereum.Tests.Keys;
using FsCheck;
using FsCheck.Fluent;

namespace AgiJobs.Ethereum.Tests.Safes.Batches;

public sealed class TransactionBatchTests
{
    private static readonly JsonElement Vectors = KeyVectors.Read("transaction-builder.json");
    private static readonly Address Target = Address.Parse("0x49d4450977E2c95362C13D3a31a09311E0Ea26A6");

    [Fact]
    public void The_published_checksums_come_out_with_and_without_the_key_checksum()
    {
        var batch = (ScriptObject)ScriptReader.Read(Vectors.Text("upstreamTest"));
        Assert.Equal(Vectors.Text("withoutChecksumKey"), BatchChecksum.Compute(batch).ToString());

        // Upstream's own test adds a checksum to an object that has an empty one, so the key itself is hashed.
        var withKey = batch.With("meta", ((ScriptObject)batch["meta"]!).With("name", ScriptNull.Instance));
        Assert.Equal(Vectors.Text("withChecksumKey"), BatchChecksum.OfSerialized(withKey).ToString());
    }

    [Fact]
    public void Upstreams_file_reads_and_its_empty_checksum_counts_as_none()
    {
        var batch = TransactionBatch.Parse(Encoding.UTF8.GetBytes(Vectors.Text("upstreamTest")));
        Assert.False(batch.HasChecksum);
        Assert.Equal(Vectors.Text("withoutChecksumKey"), batch.Checksum.ToString());
        Assert.Equal(new ChainId(4), batch.Chain);
        Assert.Equal("test batch file", batch.Meta.Name);
        Assert.Equal(3, batch.Transactions.Count);
        Assert.Equal("testAddress(address)", batch.Transactions[0].Method!.Signature);
        Assert.Equal(new Wei(2_000_000_000_000_000_000), batch.Transactions[2].Value);
        Assert.Equal("0x42f4579000000000", Hex.Encode(batch.Transactions[2].Calldata.Span[..8]));
        Assert.Equal(Vectors.Text("upstreamTest"), Encoding.UTF8.GetString(batch.ToBytes()));
    }

    [Fact]
    public void A_batch_made_here_is_upstreams_file_byte_for_byte()
    {
        var made = TransactionBatch.Create(
            new ChainId(1), DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000), new BatchMeta { Name = "x", CreatedFromSafe = Target },
            [BatchTransaction.FromData(Target, Wei.Zero, Hex.Decode("0x8456cb59"))]);
        Assert.Equal(Vectors.Text("pauseChecksum"), made.Checksum.ToString());
        Assert.Equal(Vectors.Text("pause"), Encoding.UTF8.GetString(made.ToBytes()));

        var read = TransactionBatch.Parse(made.ToBytes());
        Assert.True(read.HasChecksum);
        Assert.Equal(made.ToBytes(), read.ToBytes());
        Assert.Equal(BatchLayout.Indented, TransactionBatch.Parse(made.ToBytes(BatchLayout.Indented)).Layout);
        Assert.Equal(made.ToBytes(BatchLayout.Indented), TransactionBatch.Parse(made.ToBytes(BatchLayout.Indented)).ToBytes());
        Assert.Equal(made.ToCalls(), read.ToCalls());
    }

    [Fact]
    public void A_downloaded_file_has_its_checksum_and_is_written_back_byte_for_byte()
    {
        var bytes = Encoding.UTF8.GetBytes(Vectors.Text("download"));
        var batch = TransactionBatch.Parse(bytes);
        Assert.True(batch.HasChecksum);
        Assert.Equal(bytes, batch.ToBytes());
        Assert.Equal(
            "0x095ea7b3000000000000000000000000474e5ded6b5d078163bfb8f6dba355c3aa5478c8000000000000000000000000000000000000000000000000000000174876e800",
            Hex.Encode(batch.Transactions[0].Calldata.Span));
    }

    [Fact]
    public void The_name_is_not_covered_by_the_checksum_and_everything_else_is()
    {
        var text = Vectors.Text("pause");
        Assert.Equal("y", TransactionBatch.Parse(Encoding.UTF8.GetBytes(text.Replace("\"name\":\"x\"", "\"name\":\"y\"", StringComparison.Ordinal))).Meta.Name);
        foreach (var (from, to) in new[] { ("\"chainId\":\"1\"", "\"chainId\":\"5\""), ("8456cb59", "8456cb58"), ("\"value\":\"0\"", "\"value\":\"1\""), ("1.16.5", "1.16.6") })
        {
            var refusal = Assert.Throws<EthereumException>(() => TransactionBatch.Parse(Encoding.UTF8.GetBytes(text.Replace(from, to, StringComparison.Ordinal))));
            Assert.Equal("safe-batch-checksum", refusal.Code);
            Assert.Equal(Fault.Mismatch, refusal.Fault);
            Assert.Contains(Vectors.Text("pauseChecksum"), refusal.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Checksums_and_texts_agree_with_a_JavaScript_engine_on_hundreds_of_batches()
    {
        var random = new Random(1_646_321);
        var texts = Enumerable.Range(0, 400).Select(_ => RandomBatch(random).Write(indented: false)).ToArray();
        var answers = await NodeOracle.AskAsync(texts.Select(text => new JsonObject { ["op"] = "checksum", ["text"] = text }));
        for (var i = 0; i < texts.Length; i++)
        {
            var source = (ScriptObject)ScriptReader.Read(texts[i]);
            Assert.Equal(answers[i].Text("checksum"), BatchChecksum.Compute(source).ToString());
            Assert.Equal(answers[i].Text("compact"), source.Write(indented: false));
            Assert.Equal(answers[i].Text("indented"), source.Write(indented: true));
        }
    }

    [Fact]
    public async Task Batches_made_here_pass_upstreams_check_in_a_JavaScript_engine()
    {
        var random = new Random(99);
        var batches = Enumerable.Range(0, 100).Select(i => TransactionBatch.Create(
            new ChainId((ulong)random.Next(1, 100_000)),
            DateTimeOffset.FromUnixTimeMilliseconds(random.NextInt64(1L << 41)),
            new BatchMeta { Name = RandomText(random), Description = RandomText(random), CreatedFromSafe = SafeSamples.RandomAddress(random) },
            [
                BatchTransaction.FromData(SafeSamples.RandomAddress(random), new Wei(SafeSamples.RandomNumber(random)), SafeSamples.RandomBytes(random, 60)),
                BatchTransaction.FromMethod(
                    SafeSamples.RandomAddress(random), Wei.Zero,
                    new BatchMethod("set", [new BatchInput("text", "string", "string"), new BatchInput("", "uint256"), new BatchInput("flag", "bool", "bool")], false),
                    new Dictionary<string, string>(StringComparer.Ordinal) { ["text"] = RandomText(random, wellFormed: true), ["flag"] = "true", ["1"] = "5" }),
            ])).ToArray();
        var answers = await NodeOracle.AskAsync(batches.Select(batch => new JsonObject { ["op"] = "checksum", ["text"] = Encoding.UTF8.GetString(batch.ToBytes()) }));
        for (var i = 0; i < batches.Length; i++)
        {
            Assert.Equal(answers[i].Text("stated"), answers[i].Text("checksum"));
            Assert.Equal(answers[i].Text("compact"), Encoding.UTF8.GetString(batches[i].ToBytes()));
            Assert.Equal(answers[i].Text("indented"), Encoding.UTF8.GetString(batches[i].ToBytes(BatchLayout.Indented)));
            Assert.Equal(batches[i].Checksum, TransactionBatch.Parse(batches[i].ToBytes()).Checksum);
        }
    }

    [Theory]
    [InlineData("{}", "safe-batch-shape")]
    [InlineData("[]", "safe-batch-shape")]
    [InlineData("", "safe-batch-json")]
    [InlineData("{\"a\":1,\"a\":2}", "safe-batch-duplicate-key")]
    [InlineData("{\"version\":\"1.0\"", "safe-batch-json")]
    [InlineData("{\"version\":1.5}", "safe-batch-number")]
    [InlineData("{\"version\":9007199254740993}", "safe-batch-number")]
    [InlineData("{\"version\":\"2.0\"}", "safe-batch-version")]
    public void A_file_of_another_shape_is_refused(string text, string code) =>
        Assert.Equal(code, Assert.Throws<EthereumException>(() => TransactionBatch.Parse(Encoding.UTF8.GetBytes(text))).Code);

    [Theory]
    [InlineData("\"chainId\":\"1\"", "\"chainId\":1", "safe-batch-shape")]
    [InlineData("\"chainId\":\"1\"", "\"chainId\":\"0x1\"", "safe-batch-chain")]
    [InlineData("\"createdAt\":1700000000000", "\"createdAt\":-1", "safe-batch-time")]
    [InlineData("\"meta\":{", "\"note\":\"\",\"meta\":{", "safe-batch-unknown-key")]
    [InlineData("\"meta\":{", "\"meta\":{\"x\":1,", "safe-batch-unknown-key")]
    [InlineData("\"value\":\"0\"", "\"value\":0", "safe-batch-shape")]
    [InlineData("\"value\":\"0\"", "\"value\":\"0x0\"", "safe-batch-decimal")]
    [InlineData("\"value\":\"0\"", "\"value\":\"115792089237316195423570985008687907853269984665640564039457584007913129639936\"", "safe-batch-decimal")]
    [InlineData("\"value\":\"0\"", "\"value\":\"0\",\"operation\":1", "safe-batch-unknown-key")]
    [InlineData("\"to\":\"0x49d4450977E2c", "\"to\":\"0x49d4450977e2c", "address-checksum")]
    [InlineData("\"to\":\"0x49d4450977E2c95362C13D3a31a09311E0Ea26A6\"", "\"to\":\"eth:0x49\"", "address-format")]
    [InlineData("0x8456cb59", "0x8456cb5", "safe-batch-data")]
    [InlineData("0x8456cb59", "8456cb59", "safe-batch-data")]
    [InlineData("\"contractMethod\":null", "\"contractMethod\":[]", "safe-batch-shape")]
    [InlineData("\"contractInputsValues\":null", "\"contractInputsValues\":{\"a\":1}", "safe-batch-value")]
    [InlineData("\"transactions\":[", "\"transactions\":[[],", "safe-batch-shape")]
    public void A_wrong_entry_is_refused_with_its_place(string from, string to, string code)
    {
        // Without its checksum, since that would be the first thing to fail.
        var text = Vectors.Text("pause").Replace($",\"checksum\":\"{Vectors.Text("pauseChecksum")}\"", "", StringComparison.Ordinal);
        Assert.Single(TransactionBatch.Parse(Encoding.UTF8.GetBytes(text)).Transactions);
        var changed = text.Replace(from, to, StringComparison.Ordinal);
        Assert.NotEqual(text, changed);
        Assert.Equal(code, Assert.Throws<EthereumException>(() => TransactionBatch.Parse(Encoding.UTF8.GetBytes(changed))).Code);
    }

    [Fact]
    public void An_empty_batch_is_refused()
    {
        var text = Vectors.Text("pause").Replace($",\"checksum\":\"{Vectors.Text("pauseChecksum")}\"", "", StringComparison.Ordinal);
        var empty = text[..text.IndexOf("\"transactions\"", StringComparison.Ordinal)] + "\"transactions\":[]}";
        Assert.Equal("safe-batch-empty", Assert.Throws<EthereumException>(() => TransactionBatch.Parse(Encoding.UTF8.GetBytes(empty))).Code);
        Assert.Equal("safe-batch-empty", Assert.Throws<EthereumException>(() => TransactionBatch.Create(ChainId.Local, DateTimeOffset.UnixEpoch, new BatchMeta(), [])).Code);
    }

    [Fact]
    public void A_byte_order_mark_and_bytes_that_are_not_UTF_8_are_refused()
    {
        var good = Encoding.UTF8.GetBytes(Vectors.Text("pause"));
        Assert.Equal("safe-batch-json", Assert.Throws<EthereumException>(() => TransactionBatch.Parse([0xef, 0xbb, 0xbf, .. good])).Code);
        Assert.Equal("safe-batch-json", Assert.Throws<EthereumException>(() => TransactionBatch.Parse([.. good, 0xff])).Code);
        Assert.Equal("safe-batch-size", Assert.Throws<EthereumException>(() => TransactionBatch.Parse(new byte[TransactionBatch.MaxBytes + 1])).Code);
        Assert.Equal("safe-batch-json", Assert.Throws<EthereumException>(() => TransactionBatch.Parse(Encoding.UTF8.GetBytes(new string('[', 1_000_000)))).Code);
    }

    [Fact]
    public void Every_cut_and_every_changed_byte_of_a_file_is_refused_or_only_renames_it()
    {
        var good = Encoding.UTF8.GetBytes(Vectors.Text("pause"));
        var calls = TransactionBatch.Parse(good).ToCalls();
        var random = new Random(3);
        for (var i = 0; i < good.Length; i++)
        {
            Assert.Throws<EthereumException>(() => TransactionBatch.Parse(good.AsSpan(..i)));
            var changed = good.ToArray();
            changed[i] = (byte)random.Next(256);
            try
            {
                Assert.Equal(calls, TransactionBatch.Parse(changed).ToCalls());
            }
            catch (EthereumException refusal)
            {
                Assert.True(refusal.Fault is Fault.BadInput or Fault.Mismatch);
            }
        }
    }

    [Fact]
    public void Noise_is_refused_and_never_crashes() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(1_000),
        Prop.ForAll<byte[], string>((bytes, text) =>
        {
            foreach (var input in new[] { bytes, Encoding.UTF8.GetBytes(text ?? ""), [.. "{\"version\":\"1.0\","u8, .. bytes] })
            {
                Assert.Throws<EthereumException>(() => TransactionBatch.Parse(input));
            }
        }));

    private static ScriptObject RandomBatch(Random random) => new(
    [
        new("version", new ScriptText("1.0")),
        new("chainId", new ScriptText("1")),
        new("createdAt", new ScriptNumber(random.NextInt64(ScriptNumber.Max))),
        new("meta", RandomObject(random, 0).With("name", new ScriptText(RandomText(random)))),
        new("transactions", new ScriptArray([.. Enumerable.Range(0, random.Next(4)).Select(_ => RandomValue(random, 0))])),
        .. RandomObject(random, 1).Entries,
    ]);

    private static ScriptObject RandomObject(Random random, int depth)
    {
        var entries = new Dictionary<string, ScriptValue>(StringComparer.Ordinal);
        for (var i = random.Next(5); i > 0; i--)
        {
            entries["k" + RandomText(random)] = RandomValue(random, depth + 1);
            entries[random.Next(4) switch { 0 => "0", 1 => "10", 2 => "9", _ => "00" }] = RandomValue(random, depth + 1);
            entries[random.Next(3) switch { 0 => "4294967294", 1 => "4294967295", _ => "99999999999" }] = RandomValue(random, depth + 1);
        }

        return new ScriptObject(entries);
    }

    private static ScriptValue RandomValue(Random random, int depth) => random.Next(depth > 3 ? 5 : 8) switch
    {
        0 => ScriptNull.Instance,
        1 => new ScriptFlag(random.Next(2) == 0),
        2 => new ScriptNumber(random.NextInt64(-ScriptNumber.Max, ScriptNumber.Max)),
        3 or 4 => new ScriptText(RandomText(random)),
        5 => new ScriptArray([.. Enumerable.Range(0, random.Next(4)).Select(_ => RandomValue(random, depth + 1))]),
        _ => RandomObject(random, depth + 1),
    };

    private static string RandomText(Random random, bool wellFormed = false)
    {
        var text = new StringBuilder();
        for (var i = random.Next(12); i > 0; i--)
        {
            text.Append(random.Next(wellFormed ? 8 : 10) switch
            {
                0 => "\"",
                1 => "\\",
                2 => ((char)random.Next(0x20)).ToString(),
                3 => "\u2028\u2029\u007f\u0080",
                4 => "é漢",
                5 => "😀",
                6 => "/<>&'",
                7 => ((char)random.Next(0x20, 0xd800)).ToString(),
                8 => ((char)random.Next(0xd800, 0xe000)).ToString(),
                _ => "\udc00\ud800",
            });
        }

        return text.ToString();
    }
}
