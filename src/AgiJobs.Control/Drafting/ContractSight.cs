using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Control.Drafting;

/// <summary>Looks at addresses: what code is there, which ABI it fits, what its addresses point to.</summary>
public static class ContractSight
{
    // EIP-1967: keccak256 of eip1967.proxy.implementation, minus one.
    private static readonly Bytes32 ImplementationSlot = Bytes32.Parse("0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc");

    /// <summary>Reads them at one block.</summary>
    /// <param name="targets">The addresses, each with the name of its ABI where somebody gave one.</param>
    /// <param name="shelf">The ABIs to choose from.</param>
    /// <param name="block">The block.</param>
    /// <param name="findings">Takes what could not be told.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The contracts whose ABI is known, and the addresses that are left.</returns>
    /// <exception cref="ControlException"><c>abi-unknown</c> when a name was given that the shelf does not have.</exception>
    public static async Task<(IReadOnlyList<SeenContract> Seen, IReadOnlyList<Address> Others)> LookAsync(IReadOnlyList<(Address Address, string? Abi)> targets, AbiShelf shelf, PinnedBlock block, List<DraftFinding> findings, CancellationToken cancellation)
    {
        var reads = block.NewReads();
        var asked = targets.Select(target => (target.Address, target.Abi, Code: reads.Code(target.Address), Slot: reads.Storage(target.Address, ImplementationSlot))).ToList();
        await reads.SendAsync(cancellation).ConfigureAwait(false);
        reads = block.NewReads();
        var behind = asked.Select(entry => !entry.Slot.Value.ToAddress().IsZero ? reads.Code(entry.Slot.Value.ToAddress()) : null).ToList();
        await reads.SendAsync(cancellation).ConfigureAwait(false);

        var chosen = new List<(Address Address, string AbiName, string Name, ContractAbi Abi, byte[] Code, Address? Implementation)>();
        var others = new List<Address>();
        foreach (var (entry, implementation) in asked.Zip(behind))
        {
            var code = implementation?.Value ?? entry.Code.Value;
            var names = entry.Abi is { } given ? [shelf.Find(given) is null ? throw new ControlException("abi-unknown", ExitCode.BadInput, $"There is no ABI '{given}'. There are {string.Join(", ", shelf.Names)}.", "Write NAME=ADDRESS with one of these names.") : given] : code.Length == 0 ? [] : shelf.Fitting(code);
            if (names is not [var only])
            {
                others.Add(entry.Address);
                if (names.Count > 1)
                {
                    findings.Add(new DraftFinding("abi-several", entry.Address.ToString(), $"its code fits {string.Join(" and ", names)} alike; write NAME={entry.Address} with the right one"));
                }

                continue;
            }

            var name = only;
            for (var number = 2; chosen.Exists(other => string.Equals(other.Name, name, StringComparison.Ordinal)); number++)
            {
                name = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{only}{number}");
            }

            chosen.Add((entry.Address, only, name, shelf.Find(only)!, entry.Code.Value, implementation is null ? null : entry.Slot.Value.ToAddress()));
            if (implementation is not null)
            {
                findings.Add(new DraftFinding("proxy", name, $"{entry.Address} is a proxy (EIP-1967) of {entry.Slot.Value.ToAddress()}, whose ABI the draft uses; say who may upgrade it"));
            }
        }

        reads = block.NewReads();
        var views = chosen.ConvertAll(entry => entry.Abi.Functions.Where(IsAddressView).Select(view => (view.Signature, Read: reads.Call(new ContractCall(entry.Address, view), values => values[0].AsAddress()))).ToList());
        await reads.SendAsync(cancellation).ConfigureAwait(false);
        return ([.. chosen.Zip(views, (entry, found) => new SeenContract(entry.Name, entry.AbiName, entry.Abi, entry.Address, Keccak256.Hash(entry.Code), entry.Implementation, Known(found)))], others);
    }

    internal static bool IsAddressView(AbiFunction function) => function is { IsReadOnly: true, Inputs: [], Outputs: [{ Type.Kind: AbiTypeKind.Address }] };

    private static Dictionary<string, Address> Known(IEnumerable<(string Signature, PinnedRead<Address> Read)> found)
    {
        var known = new Dictionary<string, Address>(StringComparer.Ordinal);
        foreach (var (signature, read) in found)
        {
            if (read.TryGet(out var address))
            {
                known[signature] = address;
            }
        }

        return known;
    }
}
