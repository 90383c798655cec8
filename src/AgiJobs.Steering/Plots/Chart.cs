using System.Globalization;
using System.Text;

namespace AgiJobs.Steering.Plots;

/// <summary>
/// A small plot as SVG, readable on light and dark ground (it follows the reader's preference) and without colour (series differ by their marks too). The same data gives the same bytes. Texts are escaped.
/// </summary>
/// <param name="Title">What it shows; also its text for those who do not see it.</param>
/// <param name="Across">What is across, with its unit.</param>
/// <param name="Up">What is up, with its unit.</param>
/// <param name="Series">At most six.</param>
public sealed record Chart(string Title, string Across, string Up, IReadOnlyList<Series> Series)
{
    private const int Width = 640;
    private const int Height = 360;
    private const int Left = 58;
    private const int Right = 16;
    private const int Bottom = 48;

    /// <summary>Names of rows, from above, for a plot whose points stand at y = 0, -1, -2 and so on.</summary>
    public IReadOnlyList<string> Rows { get; init; } = [];

    /// <summary>A line up at this x, such as "no difference".</summary>
    public double? Upright { get; init; }

    /// <summary>A line across at this y.</summary>
    public double? Level { get; init; }

    /// <summary>A sentence beneath the title: of what, with how many seeds.</summary>
    public string Note { get; init; } = "";

    /// <summary>The document.</summary>
    public string ToSvg()
    {
        var left = Rows.Count == 0 ? Left : 26 + (int)(6.3 * Rows.Max(row => row.Length));
        var named = Series.Where(series => series.Name.Length > 0).ToArray();
        var top = 34 + (Note.Length > 0 ? 16 : 0) + (named.Length > 1 ? 20 : 0);
        var height = Rows.Count == 0 ? Height : top + Bottom + 22 * Rows.Count;
        var points = Series.SelectMany(series => series.Points).Where(point => double.IsFinite(point.X) && double.IsFinite(point.Y)).ToArray();
        var sideways = Rows.Count > 0;
        var across = Scale.Over([.. points.SelectMany(point => sideways ? Ends(point.X, point.Error) : [point.X]), .. Upright is { } upright ? [upright] : Array.Empty<double>()], padded: sideways);
        var up = sideways ? new Scale(0.6 - Rows.Count, 0.6, []) : Scale.Over([.. points.SelectMany(point => Ends(point.Y, point.Error)), .. Level is { } level ? [level] : Array.Empty<double>()], padded: true);
        double X(double x) => left + (Width - left - Right) * across.Share(x);
        double Y(double y) => height - Bottom - (height - Bottom - top) * up.Share(y);

        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {height}\" width=\"{Width}\" height=\"{height}\" role=\"img\" aria-label=\"{Escape(Title)}\">\n");
        svg.Append("<style>\n.g{fill:#fff}.t{fill:#1b2430}.m{fill:#5a6675}.a{stroke:#d5dbe3}.z{stroke:#8a94a3}.s0{--c:#0a5ea8}.s1{--c:#c2500a}.s2{--c:#087a5a}.s3{--c:#a03c78}.s4{--c:#3f7fb5}.s5{--c:#a87400}\n")
            .Append("text{font:12px system-ui,sans-serif}.h{font-size:14px;font-weight:600}.l{fill:none;stroke:var(--c);stroke-width:2}.p{fill:var(--c)}.e{stroke:var(--c);stroke-width:1.5}\n")
            .Append("@media (prefers-color-scheme:dark){.g{fill:#12171f}.t{fill:#e6ebf2}.m{fill:#9aa7b8}.a{stroke:#28313d}.z{stroke:#66727f}.s0{--c:#63b3f4}.s1{--c:#f79a4d}.s2{--c:#45cfa0}.s3{--c:#e394c4}.s4{--c:#a9d4f5}.s5{--c:#e8c14f}}\n</style>\n");
        svg.Append(CultureInfo.InvariantCulture, $"<rect class=\"g\" width=\"{Width}\" height=\"{height}\" rx=\"6\"/>\n<text class=\"t h\" x=\"16\" y=\"23\">{Escape(Title)}</text>\n");
        if (Note.Length > 0)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"m\" x=\"16\" y=\"40\">{Escape(Note)}</text>\n");
        }

        if (named.Length > 1)
        {
            var at = 16.0;
            foreach (var series in named)
            {
                var index = Series.ToList().IndexOf(series);
                svg.Append(CultureInfo.InvariantCulture, $"<g class=\"s{index % 6}\">{Mark(index, at + 5, top - 18)}</g><text class=\"t\" x=\"{at + 15:0.#}\" y=\"{top - 14}\">{Escape(series.Name)}</text>\n");
                at += 32 + 6.6 * series.Name.Length;
            }
        }

        foreach (var tick in across.Ticks)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"a\" x1=\"{X(tick):0.#}\" x2=\"{X(tick):0.#}\" y1=\"{top}\" y2=\"{height - Bottom}\"/><text class=\"m\" x=\"{X(tick):0.#}\" y=\"{height - Bottom + 17}\" text-anchor=\"middle\">{across.Text(tick)}</text>\n");
        }

        foreach (var tick in up.Ticks)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"a\" x1=\"{left}\" x2=\"{Width - Right}\" y1=\"{Y(tick):0.#}\" y2=\"{Y(tick):0.#}\"/><text class=\"m\" x=\"{left - 7}\" y=\"{Y(tick) + 4:0.#}\" text-anchor=\"end\">{up.Text(tick)}</text>\n");
        }

        for (var row = 0; row < Rows.Count; row++)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"t\" x=\"{left - 9}\" y=\"{Y(-row) + 4:0.#}\" text-anchor=\"end\">{Escape(Rows[row])}</text>\n");
        }

        if (Upright is { } line)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"z\" x1=\"{X(line):0.#}\" x2=\"{X(line):0.#}\" y1=\"{top}\" y2=\"{height - Bottom}\"/>\n");
        }

        if (Level is { } flat)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"z\" x1=\"{left}\" x2=\"{Width - Right}\" y1=\"{Y(flat):0.#}\" y2=\"{Y(flat):0.#}\"/>\n");
        }

        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"m\" x=\"{(left + Width - Right) / 2}\" y=\"{height - 10}\" text-anchor=\"middle\">{Escape(Across)}</text>\n");
        if (Up.Length > 0)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"m\" transform=\"translate(15 {(top + height - Bottom) / 2}) rotate(-90)\" text-anchor=\"middle\">{Escape(Up)}</text>\n");
        }

        for (var index = 0; index < Series.Count; index++)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<g class=\"s{index % 6}\">\n");
            if (Series[index].Joined)
            {
                Line(svg, Series[index].Points, X, Y);
            }

            foreach (var point in Series[index].Points.Where(point => double.IsFinite(point.X) && double.IsFinite(point.Y)))
            {
                if (point.Error is { } error && double.IsFinite(error))
                {
                    svg.Append(sideways
                        ? string.Create(CultureInfo.InvariantCulture, $"<line class=\"e\" x1=\"{X(point.X - error):0.#}\" x2=\"{X(point.X + error):0.#}\" y1=\"{Y(point.Y):0.#}\" y2=\"{Y(point.Y):0.#}\"/>\n")
                        : string.Create(CultureInfo.InvariantCulture, $"<line class=\"e\" x1=\"{X(point.X):0.#}\" x2=\"{X(point.X):0.#}\" y1=\"{Y(point.Y - error):0.#}\" y2=\"{Y(point.Y + error):0.#}\"/>\n"));
                }

                if (Series[index].Marked)
                {
                    svg.Append(Mark(index, X(point.X), Y(point.Y))).Append('\n');
                }
            }

            svg.Append("</g>\n");
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static double[] Ends(double value, double? error) => error is { } length && double.IsFinite(length) ? [value - length, value + length] : [value];

    private static void Line(StringBuilder svg, IReadOnlyList<PlotPoint> points, Func<double, double> x, Func<double, double> y)
    {
        var path = new StringBuilder();
        var joined = false;
        foreach (var point in points)
        {
            if (!double.IsFinite(point.Y))
            {
                joined = false;
                continue;
            }

            path.Append(CultureInfo.InvariantCulture, $"{(joined ? 'L' : 'M')}{x(point.X):0.#} {y(point.Y):0.#}");
            joined = true;
        }

        if (path.Length > 0)
        {
            svg.Append("<path class=\"l\" d=\"").Append(path).Append("\"/>\n");
        }
    }

    private static string Mark(int index, double x, double y) => (index % 4) switch
    {
        0 => string.Create(CultureInfo.InvariantCulture, $"<circle class=\"p\" cx=\"{x:0.#}\" cy=\"{y:0.#}\" r=\"3.6\"/>"),
        1 => string.Create(CultureInfo.InvariantCulture, $"<rect class=\"p\" x=\"{x - 3.3:0.#}\" y=\"{y - 3.3:0.#}\" width=\"6.6\" height=\"6.6\"/>"),
        2 => string.Create(CultureInfo.InvariantCulture, $"<path class=\"p\" d=\"M{x:0.#} {y - 4.4:0.#}l4.4 7.6h-8.8z\"/>"),
        _ => string.Create(CultureInfo.InvariantCulture, $"<path class=\"p\" d=\"M{x:0.#} {y - 4.6:0.#}l4.6 4.6l-4.6 4.6l-4.6 -4.6z\"/>"),
    };

    private static string Escape(string text) =>
        text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal).Replace("\"", "&quot;", StringComparison.Ordinal);
}
