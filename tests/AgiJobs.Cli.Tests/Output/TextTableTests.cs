using AgiJobs.Cli.Output;

namespace AgiJobs.Cli.Tests.Output;

public sealed class TextTableTests
{
    [Fact]
    public void Columns_are_as_wide_as_their_widest_cell_and_lines_end_with_text() =>
        Assert.Equal(
            [
                "  module    state",
                "────────────────────",
                "  FeePool   paused",
                "  A         -",
            ],
            TextTable.Lines(["module", "state"], [["FeePool", "paused"], ["A", "-"]]));

    [Fact]
    public void No_cell_is_cut()
    {
        var address = new string('f', 1000);
        Assert.Contains(TextTable.Lines(["a", "b"], [[address, "x"]]), line => line == $"  {address}   x");
    }

    [Theory]
    [InlineData("\u738b")]
    [InlineData("e\u0301e\u0301")]
    [InlineData("ab")]
    public void Text_of_two_places_is_as_wide_as_two_letters(string cell) =>
        Assert.EndsWith($"  {cell}   x", TextTable.Lines(["", "b"], [[cell, "x"]]).Last(), StringComparison.Ordinal);

    [Fact]
    public void A_cell_of_two_lines_takes_two() =>
        Assert.Equal(["  one   x", "  two"], TextTable.Lines(["", ""], [["one\r\ntwo", "x"]]).Skip(1));
}
