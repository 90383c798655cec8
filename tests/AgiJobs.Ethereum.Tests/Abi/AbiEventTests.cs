using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Tests.Keys;

namespace AgiJobs.Ethereum.Tests.Abi;

public sealed class AbiEventTests
{
    private static readonly Address Somebody = Address.Parse("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed");
    private static readonly AbiValue Inners = AbiValue.List(AbiValue.List("one", 1), AbiValue.List("", 2));

    [Fact]
    public void Logs_that_solc_makes_are_written_and_read_exactly_whatever_is_indexed()
    {
        // The values that the contract in the vectors emits, in its order.
        AbiValue[][] emitted =
        [
            [AbiValue.List(1, 2, 255)],
            [AbiValue.List("a", "a text of more than thirty-two bytes, padded")],
            [AbiValue.List(65535, (byte[])[1, 2, 3], Inners, AbiValue.List(-1, 127))],
            [Inners],
            [(byte[])[1, 2, 3, 4, 5]],
            ["Ada"],
            [AbiValue.List(AbiValue.List(0, 7), AbiValue.List(9, 0))],
            [AbiValue.List((byte[])[1, 2, 3], (byte[])[0xff, 0xfe, 0xfd])],
            [AbiValue.List()],
            ["Ada", -5, (byte[])[0xde, 0xad, 0xbe, 0xef], 7, AbiValue.List(false, true)],
            [Address.ParseAnyCase("0x1111111111111111111111111111111111111111"), true, (byte[])[0x12, 0x34], 200, "plain"],
        ];
        string[] names = ["Numbers", "Texts", "Struct", "Structs", "Raw", "Text", "Nested", "Fixed", "Empty", "Mixed", "Nameless"];
        var vectors = KeyVectors.Read("indexed-events.json");
        var abi = ContractAbi.FromJson(vectors.GetRawText());
        var logs = vectors.GetProperty("logs").EnumerateArray().ToList();
        Assert.Equal(names.Length, logs.Count);
        for (var i = 0; i < names.Length; i++)
        {
            var logged = abi.Event(names[i]);
            Bytes32[] topics = [.. logs[i].GetProperty("topics").EnumerateArray().Select(static topic => Bytes32.Parse(topic.GetString()!))];
            var data = logs[i].Data("data");
            var (ourTopics, ourData) = logged.Encode(emitted[i]);
            Assert.Equal(topics, ourTopics);
            Assert.Equal(data, ourData);
            if (!logged.IsAnonymous)
            {
                Assert.True(abi.TryEvent(topics, out var found));
                Assert.Same(logged, found);
            }

            var values = logged.Decode(topics, data);
            for (var j = 0; j < values.Count; j++)
            {
                var hashed = logged.Inputs[j].Indexed && values[j] is AbiHash;
                Assert.Equal(hashed ? new AbiHash(AbiCodec.EncodeTopic(logged.Inputs[j].Type, emitted[i][j])) : emitted[i][j], values[j]);
            }
        }
    }

    [Fact]
    public void A_log_of_another_event_or_with_other_indexing_is_refused()
    {
        var added = AbiEvent.Parse("event AddedOwner(address indexed owner)");
        var (topics, data) = added.Encode(Somebody);
        Assert.Equal("abi-topic", Assert.Throws<EthereumException>(() => AbiEvent.Parse("event RemovedOwner(address indexed owner)").Decode(topics, data)).Code);
        Assert.Equal("abi-topic", Assert.Throws<EthereumException>(() => AbiEvent.Parse("event AddedOwner(address owner)").Decode(topics, data)).Code);
        Assert.Equal("abi-topic", Assert.Throws<EthereumException>(() => added.Decode([], data)).Code);
        Assert.Equal("abi-trailing", Assert.Throws<EthereumException>(() => added.Decode(topics, [0])).Code);
        Bytes32[] dirty = [topics[0], Bytes32.Parse("0x" + new string('f', 64))];
        Assert.Equal("abi-padding", Assert.Throws<EthereumException>(() => added.Decode(dirty, data)).Code);
    }

    [Fact]
    public void Both_forms_of_an_event_that_differ_in_indexing_are_told_apart_by_the_topics()
    {
        // As Safe before and since 1.4.
        var abi = ContractAbi.FromHumanReadable("event AddedOwner(address owner)", "event AddedOwner(address indexed owner)");
        foreach (var one in abi.Events)
        {
            var (topics, data) = one.Encode(Somebody);
            Assert.True(abi.TryEvent(topics, out var found));
            Assert.Equal(Somebody, found.Decode(topics, data)["owner"].AsAddress());
            Assert.Same(one, found);
        }

        Assert.False(abi.TryEvent(abi.Events[0].Topic0!.Value, out _));
        Assert.Equal("abi-ambiguous", Assert.Throws<EthereumException>(() => abi.Event("AddedOwner(address)")).Code);
        Assert.Same(abi.Events[1], abi.Event("AddedOwner(address indexed)"));
    }

    [Fact]
    public void A_filter_has_a_topic_for_each_given_value_and_a_gap_for_each_other()
    {
        var transfer = AbiEvent.Parse("event Transfer(address indexed from, address indexed to, uint256 value)");
        Assert.Equal([transfer.Topic0, null, Bytes32.Parse("0x0000000000000000000000005aaeb6053f3e94c9b9a09f33669435e7ef1beaed")], transfer.EncodeFilter(null, Somebody));
        Assert.Equal([transfer.Topic0, null, null], transfer.EncodeFilter());
        Assert.Equal("abi-count", Assert.Throws<EthereumException>(() => transfer.EncodeFilter(null, null, null)).Code);
    }

    [Fact]
    public void More_indexed_parameters_than_a_log_has_topics_are_refused()
    {
        Assert.Equal("abi-event", Assert.Throws<EthereumException>(() => AbiEvent.Parse("event E(bool indexed, bool indexed, bool indexed, bool indexed)")).Code);
        Assert.Equal(4, AbiEvent.Parse("event E(bool indexed, bool indexed, bool indexed, bool indexed) anonymous").IndexedCount);
    }
}
