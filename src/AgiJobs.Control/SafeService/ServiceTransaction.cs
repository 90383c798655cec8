using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Safes;

namespace AgiJobs.Control.SafeService;

/// <summary>A confirmation that the service has, recovered and found to be what it says.</summary>
/// <param name="Owner">Who confirmed.</param>
/// <param name="Signature">65 bytes: a signature of the hash, or of the hash as a personal message with its v lowered by 4, as a wallet gives it.</param>
public sealed record ServiceConfirmation(Address Owner, byte[] Signature);

/// <summary>The transaction as the service has it, every field compared with ours.</summary>
/// <param name="Hash">Ours.</param>
/// <param name="IsExecuted">True when the service says that it was executed; the chain alone proves it.</param>
public sealed record ServiceTransaction(SafeTransactionHash Hash, bool IsExecuted);
