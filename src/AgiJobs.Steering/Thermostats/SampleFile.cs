using System.Text.Json;
using AgiJobs.Hgm;
using AgiJobs.Hgm.Laws;

namespace AgiJobs.Steering.Thermostats;

/// <summary>Samples of ROI from a file: one JSON object a line, or a JSON list. What is no sample is told with its place and left out, never taken for a return of zero.</summary>
/// <param name="Samples">With their places in the file, from 1.</param>
/// <param name="Refused">The places of what is no sample, with the code and the reason.</param>
public sealed record SampleFile(IReadOnlyList<(int Place, RoiSample Sample)> Samples, IReadOnlyList<(int Place, string Code, string Reason)> Refused)
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
            if (string.IsNullOrWhiteSpace(line))
            {
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
