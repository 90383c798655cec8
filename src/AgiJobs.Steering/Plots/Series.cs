namespace AgiJobs.Steering.Plots;

/// <summary>Points that belong together.</summary>
/// <param name="Name">What they are; an empty name has no place in the legend.</param>
/// <param name="Points">In the order in which they are joined.</param>
/// <param name="Joined">Whether a line joins them.</param>
/// <param name="Marked">Whether each has a mark.</param>
public sealed record Series(string Name, IReadOnlyList<PlotPoint> Points, bool Joined = true, bool Marked = true);

/// <summary>A point.</summary>
/// <param name="X">Across.</param>
/// <param name="Y">Up; a point that is not finite is a gap in the line.</param>
/// <param name="Error">Its standard error; a bar of that length stands above and below it.</param>
public readonly record struct PlotPoint(double X, double Y, double? Error = null);
