using System.Globalization;
using AgiJobs.Ethereum.Keys;

namespace AgiJobs.Ethereum.Tests.Keys;

public sealed class CompatibilityDecompositionTests
{
    // Code points in hex; the results follow from the Unicode Character Database.
    [Theory]
    [InlineData("41 7a", "41 7a")]
    [InlineData("e9", "65 301")]
    [InlineData("1f680", "1f680")]
    [InlineData("fb01", "66 69")]
    [InlineData("212b", "41 30a")]
    [InlineData("1e9b 323", "73 323 307")]
    [InlineData("d55c", "1112 1161 11ab")]
    [InlineData("ac00", "1100 1161")]
    [InlineData("3000", "20")]
    [InlineData("61 301 323 300 328", "61 328 323 301 300")]
    [InlineData("2f81a", "51ac")]
    public void Published_cases_decompose(string text, string expected) =>
        Assert.Equal(Text(expected), CompatibilityDecomposition.Of(Text(text)));

    [Theory]
    [InlineData("378")]
    [InlineData("e0fff")]
    public void Unassigned_code_points_are_refused(string text) =>
        Assert.Equal("passphrase-characters", Assert.Throws<EthereumException>(() => CompatibilityDecomposition.Of(Text(text))).Code);

    [Fact]
    public void Half_characters_are_refused()
    {
        // Not as data of a theory: attributes hold UTF-8, which cannot hold half a character.
        foreach (var text in new[] { "\ud83d", "a\ude80", "\ude80\ud83d" })
        {
            Assert.Equal("passphrase-characters", Assert.Throws<EthereumException>(() => CompatibilityDecomposition.Of(text)).Code);
        }
    }

    [Fact]
    public void A_very_long_run_of_marks_is_sorted_without_a_hang()
    {
        var marks = string.Concat(Enumerable.Repeat("\u0301\u0323", 100_000));
        Assert.Equal(new string('\u0323', 100_000) + new string('\u0301', 100_000), CompatibilityDecomposition.Of(marks));
    }

    private static string Text(string points) =>
        string.Concat(points.Split(' ').Select(
            point => char.ConvertFromUtf32(int.Parse(point, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture))));
}
