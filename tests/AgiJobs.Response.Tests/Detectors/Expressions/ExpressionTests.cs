using System.Numerics;
using AgiJobs.Control;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Response.Detectors.Expressions;
using FsCheck;
using FsCheck.Fluent;

namespace AgiJobs.Response.Tests.Detectors.Expressions;

public sealed class ExpressionTests
{
    private static readonly Dictionary<string, int> Tokens = new(StringComparer.Ordinal) { ["AGIALPHA"] = 18 };
    private static readonly AbiFunction Shape = AbiFunction.Parse("function f(uint256 amount, int64 delta, address who, bool ok, string reason, bytes4 tag, address[] list, (uint8 kind, address to) order, uint256 fee, string topic)");
    private static readonly ExpressionScope Scope = new(
        [.. Shape.Inputs.Select(input => new ExpressionName(input.Name, input.Type, input.Name == "topic", input.Name == "fee" ? Unit.Of("bps", Tokens) : null))],
        name => name is "bps" or "wei" or "wad" or "seconds" or "AGIALPHA" ? Unit.Of(name, Tokens) : null,
        name => name == "safe" ? RuleWorld.Alice : null,
        "f");

    private static readonly AbiValue[] Values =
    [
        RuleWorld.Tokens(150), -5, RuleWorld.Alice, true, "auto-slash:late", new byte[] { 1, 2, 3, 4 }, AbiValue.List(RuleWorld.Alice), AbiValue.List(3, RuleWorld.Bob), 400, new AbiHash(Keccak256.Hash("hello")),
    ];

    [Theory]
    [InlineData("amount == 150 AGIALPHA", true)]
    [InlineData("amount > 150 AGIALPHA", false)]
    [InlineData("amount >= 149.5 AGIALPHA", true)]
    [InlineData("150000000000000000000 <= amount", true)]
    [InlineData("amount < 1 ether", false)]
    [InlineData("delta < -4 AND delta > -6", true)]
    [InlineData("fee == 4%", true)]
    [InlineData("fee != 400 bps", false)]
    [InlineData("who == 0x70997970C51812dc3A010C7d01b50e0d17dc79C8", true)]
    [InlineData("who == @safe", true)]
    [InlineData("who != '0x70997970C51812dc3A010C7d01b50e0d17dc79C8'", false)]
    [InlineData("ok", true)]
    [InlineData("ok == true AND NOT ok != true", true)]
    [InlineData("NOT (ok OR ok)", false)]
    [InlineData("reason starts_with 'auto-slash:'", true)]
    [InlineData("reason ends_with \"late\"", true)]
    [InlineData("reason contains 'moderation'", false)]
    [InlineData("tag == 0x01020304", true)]
    [InlineData("tag starts_with 0x0102", true)]
    [InlineData("list contains @safe", true)]
    [InlineData("list[0] == @safe", true)]
    [InlineData("list[1] == @safe", null)]
    [InlineData("list[1] == @safe OR ok", true)]
    [InlineData("list[1] == @safe AND NOT ok", false)]
    [InlineData("order.kind == 3 AND order[1] != @safe", true)]
    [InlineData("topic == 'hello'", true)]
    [InlineData("topic != 'bye'", true)]
    [InlineData("true", true)]
    [InlineData("amount > 1 AND ok OR amount > 1000 AGIALPHA", true)]
    [InlineData("(amount > 1 and not ok) or delta == -5", true)]
    public void It_holds_or_does_not(string text, bool? holds)
    {
        var expression = Expression.Parse(text, Scope);

        Assert.Equal(holds, expression.Holds(Values));
        Assert.Equal(holds, Expression.Parse(expression.ToString(), Scope).Holds(Values));
    }

    [Theory]
    [InlineData("where-syntax", "")]
    [InlineData("where-syntax", "amount")]
    [InlineData("where-syntax", "ok ok")]
    [InlineData("where-unit", "amount > 1 ok")]
    [InlineData("where-syntax", "(ok")]
    [InlineData("where-syntax", "reason == 'open")]
    [InlineData("where-syntax", "amount = 1")]
    [InlineData("where-syntax", "tag == 0x01g")]
    [InlineData("where-argument-unknown", "sum > 1")]
    [InlineData("where-type", "who > 1")]
    [InlineData("where-type", "who starts_with 'a'")]
    [InlineData("where-type", "amount == 'much'")]
    [InlineData("where-type", "amount contains 1")]
    [InlineData("where-type", "ok == 1")]
    [InlineData("where-type", "amount == who")]
    [InlineData("where-type", "1 == 1")]
    [InlineData("where-type", "order == 1")]
    [InlineData("where-value", "who == 0x1234")]
    [InlineData("where-value", "who == 0x70997970c51812dc3a010c7d01B50E0d17dc79C8")]
    [InlineData("where-value", "tag == 0x01")]
    [InlineData("where-value", "who == @nobody")]
    [InlineData("where-unit", "amount > 4%")]
    [InlineData("where-unit", "amount > 5 DOGE")]
    [InlineData("where-unit", "amount > 1.5")]
    [InlineData("where-unit", "fee > 4")]
    [InlineData("where-unit", "fee > 4 AGIALPHA")]
    [InlineData("where-index", "order.nobody == 1")]
    [InlineData("where-index", "order[7] == 1")]
    [InlineData("where-index", "amount[0] == 1")]
    [InlineData("where-hashed", "topic starts_with 'h'")]
    [InlineData("where-contradiction", "amount > 10 AND amount < 11")]
    [InlineData("where-contradiction", "amount < 0")]
    [InlineData("where-contradiction", "order.kind == 300")]
    [InlineData("where-contradiction", "who == @safe AND (ok AND who != @safe)")]
    [InlineData("where-contradiction", "ok AND false")]
    public void What_cannot_be_meant_is_refused_with_a_mend(string code, string text)
    {
        var problem = Assert.Throws<ControlException>(() => Expression.Parse(text, Scope));

        Assert.Equal((code, ExitCode.BadInput), (problem.Code, problem.Exit));
        Assert.NotEmpty(problem.Mend!);
    }

    [Fact]
    public void What_nests_too_deep_is_refused_before_it_ends_the_process()
    {
        Assert.Equal("where-too-deep", Assert.Throws<ControlException>(() => Expression.Parse(new string('(', 5000), Scope)).Code);
        Assert.Equal("where-too-deep", Assert.Throws<ControlException>(() => Expression.Parse(string.Concat(Enumerable.Repeat("NOT ", 2000)) + "ok", Scope)).Code);
        Assert.Equal("where-syntax", Assert.Throws<ControlException>(() => Expression.Parse(new string('a', 100_000), Scope)).Code);
    }

    [Fact]
    public void Whatever_is_written_either_is_an_expression_or_is_refused_in_words()
    {
        string[] words = ["amount", "who", "ok", "list", "order", "[", "]", ".", "kind", "(", ")", "AND", "OR", "NOT", "==", "!=", ">", "<=", "contains", "starts_with", "1", "-5", "4%", "2 days", "150 AGIALPHA", "'x'", "\"", "0x", "0x12", "@safe", "@", "true", "%", " "];
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(Gen.Elements(words).ArrayOf().ToArbitrary(), parts =>
        {
            try
            {
                var expression = Expression.Parse(string.Join(' ', parts), Scope);
                var again = Expression.Parse(expression.ToString(), Scope);
                return expression.Holds(Values) == again.Holds(Values) && expression.Holds(new AbiValue?[Values.Length]) == again.Holds(new AbiValue?[Values.Length]);
            }
            catch (ControlException problem)
            {
                return problem.Code.StartsWith("where-", StringComparison.Ordinal) && problem.Mend is { Length: > 0 };
            }
        }));
    }

    [Fact]
    public void A_threshold_says_of_every_number_what_it_says()
    {
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(ArbMap.Default.ArbFor<ulong>(), ArbMap.Default.ArbFor<ulong>(), (value, limit) =>
        {
            var values = Values.ToArray();
            values[0] = new BigInteger(value);
            return Expression.Parse($"amount >= {limit}", Scope).Holds(values) == value >= limit
                && Expression.Parse($"NOT amount >= {limit}", Scope).Holds(values) == value < limit
                && Expression.Parse($"amount == {limit} OR amount != {limit}", Scope).Holds(values) == true;
        }));
    }
}
