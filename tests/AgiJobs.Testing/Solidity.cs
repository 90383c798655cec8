using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;
using System.Text.Json.Nodes;
using AgiJobs.Ethereum;

namespace AgiJobs.Testing;

/// <summary>Compiles small sources with the Solidity compiler that npm installed; imports are of packages that npm installed. Each source is compiled once in a test run.</summary>
public static class Solidity
{
    private const string Script = """
        const input = require('fs').readFileSync(0, 'utf8');
        const find = path => {
          try {
            return { contents: require('fs').readFileSync('node_modules/' + path, 'utf8') };
          } catch (problem) {
            return { error: problem.message };
          }
        };
        process.stdout.write(require('solc').compile(input, { import: find }));
        """;

    private static readonly ConcurrentDictionary<string, Lazy<Task<CompiledContract>>> Compiled = new(StringComparer.Ordinal);

    /// <summary>The runtime code of the small Multicall3 that stands in for the real one.</summary>
    public static async Task<byte[]> Multicall3CodeAsync() =>
        (await CompileAsync(ReadResource("Multicall3.sol"), "Multicall3").ConfigureAwait(false)).RuntimeCode;

    /// <summary>Compiles one contract of a source.</summary>
    /// <exception cref="InvalidOperationException">The compiler's errors.</exception>
    public static Task<CompiledContract> CompileAsync(string source, string contract) =>
        Compiled.GetOrAdd(contract + "\n" + source, _ => new Lazy<Task<CompiledContract>>(() => RunAsync(source, contract))).Value;

    private static async Task<CompiledContract> RunAsync(string source, string contract)
    {
        var input = new JsonObject
        {
            ["language"] = "Solidity",
            ["sources"] = new JsonObject { ["source.sol"] = new JsonObject { ["content"] = source } },
            ["settings"] = new JsonObject
            {
                ["optimizer"] = new JsonObject { ["enabled"] = true, ["runs"] = 200 },
                ["outputSelection"] = new JsonObject
                {
                    ["*"] = new JsonObject { ["*"] = new JsonArray("abi", "evm.bytecode.object", "evm.deployedBytecode.object", "storageLayout") },
                },
            },
        };
        var start = new ProcessStartInfo("node")
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Toolchain.RepositoryRoot,
        };
        start.ArgumentList.Add("-e");
        start.ArgumentList.Add(Script);
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input.ToJsonString()).ConfigureAwait(false);
        process.StandardInput.Close();
        var text = await process.StandardOutput.ReadToEndAsync().ConfigureAwait(false);
        await process.WaitForExitAsync().ConfigureAwait(false);
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"solc ended with {process.ExitCode}: {await errors.ConfigureAwait(false)}");
        }

        var output = JsonNode.Parse(text)!;
        var made = output["contracts"]?["source.sol"]?[contract]
            ?? throw new InvalidOperationException($"{contract} was not compiled: {output["errors"]?.ToJsonString()}");
        return new CompiledContract(
            made["abi"]!.ToJsonString(),
            Hex.Decode("0x" + (string)made["evm"]!["bytecode"]!["object"]!),
            Hex.Decode("0x" + (string)made["evm"]!["deployedBytecode"]!["object"]!))
        {
            StorageLayoutJson = made["storageLayout"]!.ToJsonString(),
        };
    }

    private static string ReadResource(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new FileNotFoundException($"The resource {name} is missing.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}

/// <summary>What the compiler made of a contract.</summary>
/// <param name="AbiJson">Its ABI as JSON.</param>
/// <param name="CreationCode">What a creation transaction carries.</param>
/// <param name="RuntimeCode">What is at the address afterwards, without immutables.</param>
public sealed record CompiledContract(string AbiJson, byte[] CreationCode, byte[] RuntimeCode)
{
    /// <summary>Where its state variables lie, as JSON.</summary>
    public required string StorageLayoutJson { get; init; }
}
