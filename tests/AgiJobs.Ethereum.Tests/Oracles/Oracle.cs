using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Ethereum.Tests.Keys;

namespace AgiJobs.Ethereum.Tests.Oracles;

/// <summary>Runs other implementations (ethers, cast) that npm ci installs, and gives back what they say.</summary>
internal static class Oracle
{
    private static readonly string Modules = Path.Combine(KeyVectors.Root, "node_modules");

    /// <summary>One Node process answers all questions.</summary>
    public static async Task<JsonElement[]> EthersAsync(IEnumerable<JsonObject> questions)
    {
        var script = Path.Combine(KeyVectors.Root, "tests", "AgiJobs.Ethereum.Tests", "Oracles", "ethers.mjs");
        var all = new JsonArray([.. questions]);
        using var answers = JsonDocument.Parse(await RunAsync("node", [script], all.ToJsonString()));
        var list = answers.RootElement.Clone().EnumerateArray().ToArray();
        Assert.Equal(all.Count, list.Length);
        for (var i = 0; i < list.Length; i++)
        {
            Assert.False(list[i].TryGetProperty("error", out var error), $"ethers refuses {all[i]!.ToJsonString()}: {error}");
        }

        return list;
    }

    /// <summary>One process of cast; its output without the line end.</summary>
    public static async Task<string> CastAsync(params string[] arguments) =>
        (await RunAsync(Path.Combine(Modules, "@foundry-rs", "cast-linux-amd64", "bin", "cast"), arguments, "")).TrimEnd();

    private static async Task<string> RunAsync(string program, string[] arguments, string input)
    {
        Assert.True(Directory.Exists(Modules), "The test oracles are not installed: run npm ci in the root of the repository.");
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        var said = await output;
        Assert.True(process.ExitCode == 0, $"{Path.GetFileName(program)} {string.Join(' ', arguments)}: {await errors}");
        return said;
    }
}
