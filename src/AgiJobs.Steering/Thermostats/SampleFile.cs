using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using AgiJobs.Hgm;
using AgiJobs.Hgm.Laws;

namespace AgiJobs.Steering.Thermostats;

/// <summary>
/// Samples of ROI from a file: one JSON object a line, a JSON list, or what <c>thermostat watch</c> prints (<see cref="Line"/>), whose comments begin with #. What is no sample is told with its place and left out, never taken for a return of zero.
/// </summary>
/// <param name="Samples">With their places in the file, from 1.</param>
/// <param name="Refused">The places of what is no sample, with the code and the reason.</param>
public sealed partial record SampleFile(IReadOnlyList<(int Place, RoiSample Sample)> Samples, IReadOnlyList<(int Place, string Code, string Reason)> Refused)
{
    /// <summary>Reads a file's text.</summary>
    public static SampleFile Read(string text)
    {
        var samples = new List<(int Place, RoiSample Sample)>();
        var refused = new List<(int Place, string Code, string Reason)>();
        var place = 0;
        foreach (var line in Objects(text))
        {
            place++;
            if (string.IsNullOrWhiteSpace(line) || line.StartsWith('#'))
            {
                continue;
            }

            if (Watched().Match(line) is { Success: true } watched)
            {
                samples.Add((place, new RoiSample(DateTimeOffset.Parse(watched.Groups["at"].Value, CultureInfo.InvariantCulture), decimal.Parse(watched.Groups["roi"].Value, CultureInfo.InvariantCulture))));
                continue;
            }

            try
            {
                samples.Add((place, RoiSample.Read(line)));
            }
            catch (HgmException problem)
            {
                refused.Add((place, problem.Code, problem.Message));
            }
        }

        return new SampleFile(samples, refused);
    }

    /// <summary>A sample as a line that <see cref="Read"/> reads back: its time (that of now where it has none), its return, and words.</summary>
    public static string Line(RoiSample sample, DateTimeOffset now, string words) =>
        string.Create(CultureInfo.InvariantCulture, $"{(sample.At ?? now).UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'} roi={sample.Roi} {words}");

    [GeneratedRegex(@"^(?<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z) roi=(?<roi>-?\d{1,27}(\.\d{1,27})?) ", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Watched();

    private static string[] Objects(string text)
    {
        if (!text.TrimStart().StartsWith('['))
        {
            return text.Split('\n');
        }

        try
        {
            using var list = JsonDocument.Parse(text);
            return [.. list.RootElement.EnumerateArray().Select(element => element.GetRawText())];
        }
        catch (JsonException problem)
        {
            throw new HgmException("bad-samples", $"The file begins as a JSON list and is none: {problem.Message}", "Give a JSON list, or one JSON object a line.");
        }
    }
}
