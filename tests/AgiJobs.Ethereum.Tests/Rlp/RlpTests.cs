using System.Numerics;
using AgiJobs.Ethereum.Rlp;
using FsCheck;
using FsCheck.Fluent;

namespace AgiJobs.Ethereum.Tests.Rlp;

public sealed class RlpTests
{
    private static readonly Gen<Item> Items = Gen.Sized(size => Tree(Math.Min(size, 40)));

    [Fact]
    public void Decoding_an_encoding_gives_the_same_tree() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(500), Prop.ForAll(Items.ToArbitrary(), item =>
        {
            var encoded = Encode(item);
            var reader = new RlpReader(encoded);
            var decoded = Decode(ref reader);
            reader.ExpectEnd("the tree");
            Assert.Equal(item.ToString(), decoded.ToString());
            Assert.Equal(encoded, Encode(decoded));
        }));

    [Fact]
    public void Any_bytes_decode_to_what_encodes_to_them_or_are_an_error() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), AssertCanonicalOrRefused));

    [Fact]
    public void Any_cut_or_change_of_an_encoding_is_another_tree_or_an_error() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(500),
        Prop.ForAll(Gen.Zip(Items, ArbMap.Default.GeneratorFor<(NonNegativeInt At, byte Byte)>()).ToArbitrary(), input =>
        {
            var encoded = Encode(input.Item1);
            AssertCanonicalOrRefused(encoded[..(input.Item2.At.Get % encoded.Length)]);
            encoded[input.Item2.At.Get % encoded.Length] = input.Item2.Byte;
            AssertCanonicalOrRefused(encoded);
        }));

    [Theory]
    [InlineData("8100", "rlp-canonical")]
    [InlineData("817f", "rlp-canonical")]
    [InlineData("b800", "rlp-canonical")]
    [InlineData("b837", "rlp-canonical")]
    [InlineData("b90038", "rlp-canonical")]
    [InlineData("f800", "rlp-canonical")]
    [InlineData("f90001c0", "rlp-canonical")]
    [InlineData("81", "rlp-truncated")]
    [InlineData("b8", "rlp-truncated")]
    [InlineData("b838", "rlp-truncated")]
    [InlineData("c1", "rlp-truncated")]
    [InlineData("bfffffffffffffffff", "rlp-truncated")]
    [InlineData("ffffffffffffffffff", "rlp-truncated")]
    [InlineData("ff7fffffffffffffff", "rlp-truncated")]
    [InlineData("bf8000000000000000", "rlp-truncated")]
    [InlineData("fb7fffffff", "rlp-truncated")]
    [InlineData("", "rlp-truncated")]
    public void What_is_not_canonical_or_not_whole_is_refused(string hex, string code)
    {
        var data = Convert.FromHexString(hex);
        Assert.Equal(code, Assert.Throws<EthereumException>(() =>
        {
            var reader = new RlpReader(data);
            Decode(ref reader);
        }).Code);
    }

    [Theory]
    [InlineData("00", 32, "rlp-integer")]
    [InlineData("820001", 32, "rlp-integer")]
    [InlineData("820100", 1, "rlp-integer")]
    [InlineData("c0", 32, "rlp-type")]
    public void Integers_with_leading_zeros_or_too_many_bytes_are_refused(string hex, int maxBytes, string code)
    {
        var data = Convert.FromHexString(hex);
        Assert.Equal(code, Assert.Throws<EthereumException>(() => new RlpReader(data).ReadUnsigned(maxBytes)).Code);
    }

    [Fact]
    public void A_byte_string_is_no_list_and_leftovers_are_refused()
    {
        Assert.Equal("rlp-type", Assert.Throws<EthereumException>(() => new RlpReader([0x80]).ReadList()).Code);
        Assert.Equal("rlp-trailing", Assert.Throws<EthereumException>(() => new RlpReader([0x80]).ExpectEnd("nothing")).Code);
        Assert.Equal("rlp-integer", Assert.Throws<EthereumException>(() => new RlpWriter().WriteUnsigned(BigInteger.MinusOne)).Code);
    }

    [Fact]
    public void Integers_of_both_kinds_are_written_alike_and_read_back() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(500), Prop.ForAll(ArbMap.Default.ArbFor<ulong>(), seed =>
        {
            foreach (var value in new[] { seed, seed >> 8, seed >> 32, seed >> 56, seed & 0x7f, ulong.MaxValue - seed })
            {
                var one = new RlpWriter();
                one.WriteUnsigned(value);
                var other = new RlpWriter();
                other.WriteUnsigned(new BigInteger(value));
                Assert.Equal(one.ToArray(), other.ToArray());
                Assert.Equal(value, new RlpReader(one.ToArray()).ReadUInt64());
                Assert.Equal(value, new RlpReader(one.ToArray()).ReadUnsigned());
            }
        }));

    [Fact]
    public void Nesting_is_read_up_to_its_limit_and_a_million_levels_are_refused()
    {
        Assert.Equal(RlpReader.MaxDepth, Depth(Nested(RlpReader.MaxDepth)));
        Assert.Equal("rlp-depth", Assert.Throws<EthereumException>(() => Depth(Nested(RlpReader.MaxDepth + 1))).Code);

        var bomb = new byte[1_000_000];
        Array.Fill(bomb, (byte)0xc1);
        Assert.Throws<EthereumException>(() => Depth(bomb));
    }

    [Fact]
    public void Long_strings_and_lists_have_the_shortest_length()
    {
        foreach (var length in new[] { 55, 56, 255, 256, 65535, 65536, 1 << 24 })
        {
            var writer = new RlpWriter();
            writer.BeginList();
            writer.WriteBytes(new byte[length]);
            writer.EndList();
            var encoded = writer.ToArray();
            var list = new RlpReader(encoded).ReadList();
            Assert.Equal(length, list.ReadBytes().Length);
            list.ExpectEnd("the list");
        }
    }

    [Fact]
    public void A_writer_with_an_open_list_gives_nothing()
    {
        var writer = new RlpWriter();
        writer.BeginList();
        Assert.Throws<InvalidOperationException>(writer.ToArray);
        writer.EndList();
        Assert.Equal([0xc0], writer.ToArray());
        Assert.Throws<InvalidOperationException>(writer.EndList);
    }

    private static void AssertCanonicalOrRefused(byte[] data)
    {
        Item item;
        try
        {
            var reader = new RlpReader(data);
            item = Decode(ref reader);
            reader.ExpectEnd("the tree");
        }
        catch (EthereumException)
        {
            return;
        }

        Assert.Equal(data, Encode(item));
    }

    private static byte[] Nested(int levels)
    {
        var writer = new RlpWriter();
        for (var i = 0; i < levels; i++)
        {
            writer.BeginList();
        }

        for (var i = 0; i < levels; i++)
        {
            writer.EndList();
        }

        return writer.ToArray();
    }

    private static int Depth(byte[] data)
    {
        var reader = new RlpReader(data);
        var depth = 0;
        while (!reader.IsAtEnd)
        {
            reader = reader.ReadList();
            depth++;
        }

        return depth;
    }

    private static byte[] Encode(Item item)
    {
        var writer = new RlpWriter();
        Write(writer, item);
        return writer.ToArray();
    }

    private static void Write(RlpWriter writer, Item item)
    {
        if (item.Bytes is { } bytes)
        {
            writer.WriteBytes(bytes);
            return;
        }

        writer.BeginList();
        foreach (var child in item.Children!)
        {
            Write(writer, child);
        }

        writer.EndList();
    }

    private static Item Decode(ref RlpReader reader)
    {
        if (!reader.NextIsList)
        {
            return new Item(reader.ReadBytes().ToArray(), null);
        }

        var list = reader.ReadList();
        var children = new List<Item>();
        while (!list.IsAtEnd)
        {
            children.Add(Decode(ref list));
        }

        return new Item(null, children);
    }

    private static Gen<Item> Tree(int size)
    {
        var leaf = Gen.Choose(0, 70).SelectMany(
            length => ArbMap.Default.GeneratorFor<byte>().ArrayOf(length)).Select(bytes => new Item(bytes, null));
        return size <= 1
            ? leaf
            : Gen.OneOf(leaf,
                Gen.Choose(0, 5).SelectMany(count => Tree(size / 3).ArrayOf(count)).Select(children => new Item(null, [.. children])));
    }

    private sealed record Item(byte[]? Bytes, List<Item>? Children)
    {
        public override string ToString() => Bytes is not null ? Convert.ToHexString(Bytes) : $"[{string.Join(',', Children!)}]";
    }
}
