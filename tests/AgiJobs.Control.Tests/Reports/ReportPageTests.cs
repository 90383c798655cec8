using AgiJobs.Control.Reports;

namespace AgiJobs.Control.Tests.Reports;

public sealed class ReportPageTests
{
    [Fact]
    public void A_page_as_Markdown_escapes_what_would_be_markup_and_keeps_every_cell()
    {
        var page = new ReportPage("What *differs*", [new ReportLine("a | b <script>"), new ReportHeading("Part_1"), new ReportTable(["x", "y"], [["1", "two\nlines"], ["`q`", ""]])]);
        Assert.Equal("# What \\*differs\\*\n\na \\| b \\<script\\>\n\n## Part\\_1\n\n| x | y |\n| --- | --- |\n| 1 | two<br>lines |\n| \\`q\\` |  |\n", page.Markdown());
    }
}
