using System.Globalization;

namespace AgiJobs.Steering.Plots;

/// <summary>An axis: from where to where, with ticks at round numbers.</summary>
internal sealed record Scale(double From, double To, IReadOnlyList<double> Ticks)
{
    /// <summary>An axis over these values.</summary>
    /// <param name="values">All of them finite.</param>
    /// <param name="padded">Whether some room is left at both ends.</param>
    public static Scale Over(IReadOnlyList<double> values, bool padded)
    {
        var (low, high) = values.Count == 0 ? (0.0, 1.0) : (values.Min(), values.Max());
        if (high - low < 1e-12)
        {
            (low, high) = (low - 0.5, high + 0.5);
        }

        var room = padded ? 0.06 * (high - low) : 0;
        (low, high) = (low - room, high + room);
        var step = Math.Pow(10, Math.Floor(Math.Log10((high - low) / 4)));
        foreach (var factor in (double[])[5, 2])
        {
            if ((high - low) / (step * factor) >= 4)
            {
                step *= factor;
                break;
            }
        }

        var first = (long)Math.Ceiling(low / step - 1e-9);
        var last = (long)Math.Floor(high / step + 1e-9);
        return new Scale(low, high, [.. Enumerable.Range(0, (int)(last - first + 1)).Select(index => (first + index) * step)]);
    }

    /// <summary>How far along the axis a value is, from 0 to 1.</summary>
    public double Share(double value) => (value - From) / (To - From);

    /// <summary>A tick's number, with as many places as the ticks need.</summary>
    public string Text(double tick)
    {
        var step = Ticks.Count > 1 ? Ticks[1] - Ticks[0] : 1;
        var places = Math.Clamp((int)Math.Ceiling(-Math.Log10(step) - 1e-9), 0, 6);
        return (Math.Abs(tick) < step * 1e-6 ? 0 : tick).ToString("F" + places.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }
}
