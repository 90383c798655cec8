using System.Diagnostics;
using System.Text.Json.Nodes;

namespace AgiJobs.Bench;

/// <summary>The Node process that runs the same operations with the JavaScript libraries.</summary>
internal sealed class Baseline : IDisposable
{
    private readonly Process _node;

    public Baseline(string root)
    {
        var start = new ProcessStartInfo("node", ["bench/baseline/baseline.mjs"])
        {
            WorkingDirectory = root,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        _node = Process.Start(start) ?? throw new InvalidOperationException("node did not start.");
    }

    public string Show(BenchCase one) => Ask(one, null)["result"]!.GetValue<string>();

    public double Nanoseconds(BenchCase one, int iterations) => Ask(one, iterations)["nanoseconds"]!.GetValue<double>() / iterations;

    public void Dispose()
    {
        _node.StandardInput.Close();
        _node.WaitForExit();
        _node.Dispose();
    }

    private JsonObject Ask(BenchCase one, int? iterations)
    {
        var question = new JsonObject { ["op"] = one.Operation, ["input"] = one.Input.DeepClone() };
        if (iterations is not null)
        {
            question["iterations"] = iterations;
        }

        _node.StandardInput.WriteLine(question.ToJsonString());
        _node.StandardInput.Flush();
        var answer = _node.StandardOutput.ReadLine()
            ?? throw new InvalidOperationException("The Node side of the benchmarks ended; see its error above (npm ci missing?).");
        return JsonNode.Parse(answer)!.AsObject();
    }
}
