using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Control.Drafting;

/// <summary>A contract as the chain shows it, with the ABI that its code fits.</summary>
/// <param name="Name">Its name in the draft.</param>
/// <param name="AbiName">The name of the ABI.</param>
/// <param name="Abi">The ABI, that of the implementation behind a proxy.</param>
/// <param name="Address">Where it is.</param>
/// <param name="CodeHash">The hash of the code there.</param>
/// <param name="Implementation">What stands behind it by EIP-1967; null when it is no such proxy.</param>
/// <param name="Addresses">What each of its views returned that takes nothing and returns one address, by signature; those that failed are absent.</param>
public sealed record SeenContract(string Name, string AbiName, ContractAbi Abi, Address Address, Bytes32 CodeHash, Address? Implementation, IReadOnlyDictionary<string, Address> Addresses);

/// <summary>Something that a person has to decide or to check before the draft is used.</summary>
/// <param name="Code">The kind, stable: <c>unit</c>, <c>callers</c>, <c>unplaced</c>, <c>proxy</c>, <c>no-abi</c> and others.</param>
/// <param name="Subject">What it is about: <c>Module.thing</c> or an address.</param>
/// <param name="Message">What is open.</param>
public sealed record DraftFinding(string Code, string Subject, string Message);
