using System.Numerics;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using FsCheck;
using FsCheck.Fluent;

namespace AgiJobs.Control.Tests.Description;

/// <summary>What a unit writes it reads again, to the last base unit.</summary>
public sealed class UnitTests
{
    private static readonly Dictionary<string, int> Tokens = new(StringComparer.Ordinal) { ["AGIALPHA"] = 18, ["USDC"] = 6, ["SHARE"] = 0 };

    public static TheoryData<string> Numbers => ["bps", "percent", "wei", "wad", "seconds", "count", "points", "AGIALPHA", "USDC", "SHARE"];

    [Theory]
    [MemberData(nameof(Numbers))]
    public void A_number_written_is_read_again(string name)
    {
        var unit = Unit.Of(name, Tokens);
        Assert.True(unit.IsNumber);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(500), Prop.ForAll(Amounts().ToArbitrary(), amount => unit.Parse(unit.Format(amount)).AsInteger() == amount));
    }

    [Fact]
    public void What_is_no_number_written_is_read_again()
    {
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(Words().ToArbitrary(), word =>
            Round("address", new Address(word.ToBytes().AsSpan(12))) && Round("bytes32", word) && Round("namehash", word) && Round("flag", word.ToBytes()[0] > 127) && Round("text", $"ipfs://{word}")));

        static bool Round(string name, AbiValue value) => Unit.Of(name, Tokens) is { IsNumber: false } unit && unit.Parse(unit.Format(value)).Equals(value);
    }

    // A bare number says nothing where a unit is wanted, and another unit's form is not taken for this one's.
    [Theory]
    [MemberData(nameof(Numbers))]
    public void A_number_without_its_unit_or_with_a_strange_one_is_refused(string name)
    {
        var unit = Unit.Of(name, Tokens);
        foreach (var text in (string[])[name == "count" ? "5 bps" : "5", "5 parsecs", "", " ", "bps", "five bps"])
        {
            var refusal = Assert.Throws<ControlException>(() => unit.Parse(text));
            Assert.Contains(refusal.Code, (string[])["value-unit", "value-format"]);
            Assert.Equal(ExitCode.BadInput, refusal.Exit);
        }
    }

    [Theory]
    [InlineData("bps", "4%", 400)]
    [InlineData("bps", "0.01%", 1)]
    [InlineData("percent", "4 percent", 4)]
    [InlineData("seconds", "2 hours", 7200)]
    [InlineData("wei", "2 gwei", 2_000_000_000)]
    [InlineData("USDC", "1.5 USDC", 1_500_000)]
    [InlineData("USDC", "7 wei", 7)]
    public void Other_forms_mean_the_same(string name, string text, long value) => Assert.Equal(value, Unit.Of(name, Tokens).Parse(text).AsInteger());

    [Fact]
    public void A_unit_that_nobody_knows_is_refused() => Assert.Equal("unit-unknown", Assert.Throws<ControlException>(() => Unit.Of("furlongs", Tokens)).Code);

    private static Gen<BigInteger> Amounts() =>
        from bytes in Gen.Choose(0, 255).ListOf()
        from zeros in Gen.Choose(0, 20)
        from sign in Gen.Elements(1, -1)
        select new BigInteger([.. bytes.Take(31).Select(item => (byte)item), 0]) * BigInteger.Pow(10, zeros) * sign;

    private static Gen<Bytes32> Words() => Gen.Choose(0, 255).ListOf(32).Select(bytes => new Bytes32([.. bytes.Select(item => (byte)item)]));
}
