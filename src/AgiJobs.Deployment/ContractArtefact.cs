using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Deployment;

/// <summary>A compiled contract: its interface and the code that creates it. Immutable.</summary>
/// <param name="Name">The contract's name.</param>
/// <param name="Abi">Its interface.</param>
/// <param name="CreationCode">The bytecode, without constructor arguments.</param>
public sealed record ContractArtefact(string Name, ContractAbi Abi, ReadOnlyMemory<byte> CreationCode)
{
    /// <summary>Where the compiled contracts lie that came with the program: forge's artefact of each, <c>NAME.json</c>.</summary>
    public static string Shipped { get; } = Path.Combine(AppContext.BaseDirectory, "contracts");

    /// <summary>Reads an artefact of forge (<c>bytecode.object</c>) or of Hardhat (<c>bytecode</c>).</summary>
    /// <exception cref="ControlException"><c>artefact-missing</c> or <c>artefact-format</c>.</exception>
    public static ContractArtefact Load(string path)
    {
        var name = Path.GetFileNameWithoutExtension(path);
        try
        {
            var text = File.ReadAllText(path);
            using var document = JsonDocument.Parse(text);
            var bytecode = document.RootElement.GetProperty("bytecode");
            var code = Hex.Decode((bytecode.ValueKind == JsonValueKind.Object ? bytecode.GetProperty("object") : bytecode).GetString()!);
            return code.Length > 0
                ? new ContractArtefact(name, ContractAbi.FromJson(text), code)
                : throw new ControlException("artefact-format", ExitCode.Failed, $"{path} holds no bytecode: the contract is abstract or an interface.");
        }
        catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ControlException("artefact-missing", ExitCode.Failed, $"The compiled contract {path} does not exist.", "Build the program again; contracts are compiled as part of it.", problem);
        }
        catch (Exception problem) when (problem is JsonException or KeyNotFoundException or EthereumException or InvalidOperationException)
        {
            throw new ControlException("artefact-format", ExitCode.Failed, $"{path} is not a compiled contract: {problem.Message}", "Build the program again.", problem);
        }
    }

    /// <summary>The creation code with constructor arguments.</summary>
    public byte[] InitCode(params ReadOnlySpan<AbiValue> arguments) => Abi.Constructor.Encode(CreationCode.Span, arguments);
}
