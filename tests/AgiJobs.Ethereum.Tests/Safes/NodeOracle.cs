using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Ethereum.Tests.Keys;

namespace AgiJobs.Ethereum.Tests.Safes;

/// <summary>Asks ethers and a JavaScript engine for their opinion, all questions of a test in one process.</summary>
internal static class NodeOracle
{
    public static async Task<IReadOnlyList<JsonElement>> AskAsync(IEnumerable<JsonObject> questions)
    {
        var start = new ProcessStartInfo("node")
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(false),
            StandardOutputEncoding = new UTF8Encoding(false),
        };
        start.ArgumentList.Add(Path.Combine(Here(), "oracle.mjs"));
        start.ArgumentList.Add(KeyVectors.Root);
        using var process = Process.Start(start)!;
        var answers = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var complaints = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.StandardInput.WriteAsync(new JsonArray([.. questions]).ToJsonString().AsMemory(), TestContext.Current.CancellationToken);
        process.StandardInput.Close();
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await process.WaitForExitAsync(deadline.Token);
        Assert.True(process.ExitCode == 0, await complaints);
        using var document = JsonDocument.Parse(await answers);
        return [.. document.RootElement.Clone().EnumerateArray()];
    }

    private static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
