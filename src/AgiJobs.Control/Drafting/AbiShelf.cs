using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Control.Drafting;

/// <summary>The ABIs of a folder and of those beneath it, by the names of their files. Immutable.</summary>
public sealed class AbiShelf
{
    private readonly IReadOnlyDictionary<string, (string Json, ContractAbi Abi)> _abis;

    private AbiShelf(IReadOnlyDictionary<string, (string Json, ContractAbi Abi)> abis) => _abis = abis;

    /// <summary>The names, sorted.</summary>
    public IEnumerable<string> Names => _abis.Keys.Order(StringComparer.Ordinal);

    /// <summary>Reads every JSON file that holds an ABI or a compiled artefact with one; other files are passed over.</summary>
    /// <exception cref="ControlException"><c>abi-folder</c> when the folder does not exist or holds no ABI with a function.</exception>
    public static AbiShelf Open(string folder)
    {
        var abis = new Dictionary<string, (string, ContractAbi)>(StringComparer.Ordinal);
        foreach (var path in Directory.Exists(folder) ? Directory.GetFiles(folder, "*.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal) : Enumerable.Empty<string>())
        {
            try
            {
                var json = File.ReadAllText(path);
                if (ContractAbi.FromJson(json) is { Functions.Count: > 0 } abi)
                {
                    abis.TryAdd(Path.GetFileNameWithoutExtension(path), (json, abi));
                }
            }
            catch (EthereumException)
            {
                // A folder of build output holds other JSON as well.
            }
        }

        return abis.Count > 0 ? new AbiShelf(abis)
            : throw new ControlException("abi-folder", ExitCode.BadInput, $"{folder} holds no JSON ABI and no compiled artefact.", "Name with --abi the folder of the contracts' ABIs: NAME.json each, an ABI or what the compiler wrote.");
    }

    /// <summary>The text of an ABI's file.</summary>
    public string JsonOf(string name) => _abis[name].Json;

    /// <summary>The ABI of a name; null when there is none.</summary>
    public ContractAbi? Find(string name) => _abis.TryGetValue(name, out var found) ? found.Abi : null;

    /// <summary>
    /// The ABIs that code may be of: each of their functions is dispatched by it. Of those, the ones with the most functions, so that an interface does not stand for the contract; several are several.
    /// </summary>
    public IReadOnlyList<string> Fitting(byte[] code)
    {
        ArgumentNullException.ThrowIfNull(code);
        var fitting = _abis.Where(entry => entry.Value.Abi.Functions.All(function => Dispatches(code, function.Selector))).ToList();
        var most = fitting.Count == 0 ? 0 : fitting.Max(entry => entry.Value.Abi.Functions.Count);
        return [.. fitting.Where(entry => entry.Value.Abi.Functions.Count == most).Select(entry => entry.Key).Order(StringComparer.Ordinal)];
    }

    // A compiler leaves leading zeros of a selector out.
    private static bool Dispatches(byte[] code, Selector selector) => code.AsSpan().IndexOf(Hex.Decode(selector.ToString()).AsSpan().TrimStart((byte)0)) >= 0;
}
