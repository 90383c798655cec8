using System.Globalization;
using System.Text;
using AgiJobs.Control.Changes;
using FsCheck;
using FsCheck.Fluent;

namespace AgiJobs.Control.Tests.Changes;

/// <summary>Vectors: RFC 8785, sections 3.2.2 to 3.2.4 and appendix B.</summary>
public sealed class CanonicalJsonTests
{
    private static string Canonical(string json) => Encoding.UTF8.GetString(CanonicalJson.Encode(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void The_example_of_section_3_2_2_has_the_published_form()
    {
        const string Input = """
            {
              "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
              "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
              "literals": [null, true, false]
            }
            """;
        const string Expected = "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}";
        Assert.Equal(Expected, Canonical(Input));
    }

    [Fact]
    public void Keys_are_ordered_by_UTF_16_code_units_as_in_section_3_2_3()
    {
        const string Input = """
            {"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}
            """;
        var names = Canonical(Input).Split("\":\"").Skip(1).Select(part => part[..part.IndexOf('"', StringComparison.Ordinal)]);
        Assert.Equal(["Carriage Return", "One", "Control", "Latin Small Letter O With Diaeresis", "Euro Sign", "Emoji: Grinning Face", "Hebrew Letter Dalet With Dagesh"], names);
    }

    [Theory]
    [InlineData("0000000000000000", "0")]
    [InlineData("8000000000000000", "0")]
    [InlineData("0000000000000001", "5e-324")]
    [InlineData("8000000000000001", "-5e-324")]
    [InlineData("7fefffffffffffff", "1.7976931348623157e+308")]
    [InlineData("ffefffffffffffff", "-1.7976931348623157e+308")]
    [InlineData("4340000000000000", "9007199254740992")]
    [InlineData("c340000000000000", "-9007199254740992")]
    [InlineData("4430000000000000", "295147905179352830000")]
    [InlineData("44b52d02c7e14af5", "9.999999999999997e+22")]
    [InlineData("44b52d02c7e14af6", "1e+23")]
    [InlineData("44b52d02c7e14af7", "1.0000000000000001e+23")]
    [InlineData("444b1ae4d6e2ef4e", "999999999999999700000")]
    [InlineData("444b1ae4d6e2ef4f", "999999999999999900000")]
    [InlineData("444b1ae4d6e2ef50", "1e+21")]
    [InlineData("3eb0c6f7a0b5ed8c", "9.999999999999997e-7")]
    [InlineData("3eb0c6f7a0b5ed8d", "0.000001")]
    [InlineData("41b3de4355555553", "333333333.3333332")]
    [InlineData("41b3de4355555554", "333333333.33333325")]
    [InlineData("41b3de4355555555", "333333333.3333333")]
    [InlineData("41b3de4355555556", "333333333.3333334")]
    [InlineData("41b3de4355555557", "333333333.33333343")]
    [InlineData("becbf647612f3696", "-0.0000033333333333333333")]
    [InlineData("43143ff3c1cb0959", "1424953923781206.2")]
    public void The_numbers_of_appendix_B_have_the_published_form(string bits, string expected)
    {
        var number = BitConverter.UInt64BitsToDouble(ulong.Parse(bits, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        Assert.Equal(expected, Canonical(number.ToString("R", CultureInfo.InvariantCulture)));
    }

    [Fact]
    public void Every_finite_number_reads_back_as_itself() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(5000), Prop.ForAll<ulong>(bits =>
        {
            var number = BitConverter.UInt64BitsToDouble(bits);
            return !double.IsFinite(number) || double.Parse(Canonical(number.ToString("R", CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture) == number;
        }));

    [Theory]
    [InlineData("""{"a":1,"a":2}""")]
    [InlineData("""{"a":1,"\u0061":2}""")]
    [InlineData("""["\ud800"]""")]
    [InlineData("""{"\udc00":1}""")]
    [InlineData("[1e400]")]
    [InlineData("[1,]")]
    [InlineData("")]
    public void What_is_not_I_JSON_is_refused(string json) =>
        Assert.Equal("json-canonical", Assert.Throws<ControlException>(() => Canonical(json)).Code);

    [Fact]
    public void Canonical_form_is_a_fixed_point() =>
        Assert.Equal("""{"a":[1,{"b":null}],"ä":"€"}""", Canonical(Canonical("""{ "ä" : "\u20ac", "a" : [ 1.0, { "b" : null } ] }""")));
}
