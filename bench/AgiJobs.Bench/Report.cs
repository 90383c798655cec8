using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace AgiJobs.Bench;

/// <summary>The table in Markdown, with the machine it was measured on (no names of hosts).</summary>
internal static class Report
{
    private const string Begin = "<!-- measured -->";
    private const string End = "<!-- /measured -->";

    public static string Table(IEnumerable<Measurement> measurements)
    {
        var text = new StringBuilder();
        text.Append(Machine()).Append("\n\n");
        text.Append("| case | ours | baseline | | ratio | target | allocated |\n| --- | ---: | --- | ---: | ---: | ---: | ---: |\n");
        foreach (var one in measurements)
        {
            var target = one.Case.Target is { } wanted ? $"{wanted.ToString("0.#", CultureInfo.InvariantCulture)}x" : "";
            var baseline = $"{one.Case.Baseline} | {Duration(one.BaselineNanoseconds)}";
            text.Append(CultureInfo.InvariantCulture, $"| {one.Case.Name} | {Duration(one.Nanoseconds)} | {baseline} ");
            text.Append(CultureInfo.InvariantCulture, $"| **{one.Ratio.ToString(one.Ratio < 1 ? "0.00" : "0.0", CultureInfo.InvariantCulture)}x** | {target} | {(one.AllocatedBytes is { } bytes ? $"{bytes:0} B" : "")} |\n");
        }

        return text.ToString();
    }

    public static void Write(string path, string table)
    {
        var text = File.ReadAllText(path);
        var begin = text.IndexOf(Begin, StringComparison.Ordinal);
        var end = text.IndexOf(End, StringComparison.Ordinal);
        if (begin < 0 || end < begin)
        {
            throw new InvalidOperationException($"{path} lacks the markers {Begin} and {End}.");
        }

        File.WriteAllText(path, $"{text[..(begin + Begin.Length)]}\n{table}{text[end..]}");
    }

    private static string Machine()
    {
        const string Key = "model name";
        var line = File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(static one => one.StartsWith(Key, StringComparison.Ordinal))
            : null;
        var model = line?.Split(':', 2)[1].Trim() ?? "unknown processor";
        var system = $"{RuntimeInformation.OSDescription.Split(' ')[0]} {RuntimeInformation.OSArchitecture}";
        return $"{model}, {Environment.ProcessorCount} cores, {system}, {RuntimeInformation.FrameworkDescription}";
    }

    private static string Duration(double nanoseconds) => nanoseconds switch
    {
        < 10_000 => $"{nanoseconds.ToString("0", CultureInfo.InvariantCulture)} ns",
        < 10_000_000 => $"{(nanoseconds / 1e3).ToString("0.0", CultureInfo.InvariantCulture)} us",
        _ => $"{(nanoseconds / 1e6).ToString("0.0", CultureInfo.InvariantCulture)} ms",
    };
}
