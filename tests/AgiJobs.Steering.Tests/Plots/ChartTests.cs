using System.Xml.Linq;
using AgiJobs.Steering.Plots;

namespace AgiJobs.Steering.Tests.Plots;

public sealed class ChartTests
{
    [Fact]
    public void Points_stand_in_proportion_and_a_gap_breaks_the_line()
    {
        var svg = XDocument.Parse(new Chart("title", "across", "up", [new Series("one", [new(0, 0), new(1, 10), new(2, double.NaN), new(3, 5)])]).ToSvg());
        var path = (string)svg.Descendants().Single(element => element.Name.LocalName == "path" && (string?)element.Attribute("class") == "l").Attribute("d")!;
        Assert.Equal((2, 1), (path.Count(letter => letter == 'M'), path.Count(letter => letter == 'L')));
        double[] heights = [.. svg.Descendants().Where(element => element.Name.LocalName == "circle").Select(element => (double)element.Attribute("cy")!)];
        Assert.Equal(3, heights.Length);
        Assert.True(heights[1] < heights[2] && heights[2] < heights[0]);
        Assert.Equal(0.5, (heights[2] - heights[1]) / (heights[0] - heights[1]), 2);
    }

    [Fact]
    public void Texts_are_texts_and_the_same_data_gives_the_same_bytes()
    {
        var chart = new Chart("<script>alert(1)</script>", "a & b", "\"", [new Series("</svg>", [new(1, 1, 0.5)]), new Series("two", [new(2, 2)])]) { Rows = [], Note = "<b>" };
        var svg = XDocument.Parse(chart.ToSvg());
        Assert.DoesNotContain(svg.Descendants(), element => element.Name.LocalName is "script" or "b");
        Assert.Contains(svg.Descendants(), element => element.Value == "<script>alert(1)</script>");
        Assert.Equal(chart.ToSvg(), chart.ToSvg());
    }

    [Fact]
    public void Rows_have_their_names_and_bars_lie()
    {
        var svg = XDocument.Parse(new Chart("title", "points", "", [new Series("", [new(1, 0, 0.5), new(-1, -1, 0.25)], Joined: false)]) { Rows = ["first", "second"], Upright = 0 }.ToSvg());
        Assert.Contains(svg.Descendants(), element => element.Value == "second");
        Assert.All(svg.Descendants().Where(element => (string?)element.Attribute("class") == "e"), bar => Assert.Equal((string?)bar.Attribute("y1"), (string?)bar.Attribute("y2")));
        Assert.Single(svg.Descendants(), element => (string?)element.Attribute("class") == "z");
    }

    [Fact]
    public void Nothing_and_a_single_value_are_plots_too()
    {
        foreach (var points in (PlotPoint[][])[[], [new(1, 1)], [new(0, double.NaN)]])
        {
            var svg = new Chart("title", "across", "up", [new Series("one", points)]).ToSvg();
            Assert.DoesNotContain("NaN", svg, StringComparison.Ordinal);
            XDocument.Parse(svg);
        }
    }
}
