using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Slashing;

/// <summary>How a case fared in the pipeline of changes.</summary>
public abstract record SlashProgress;

/// <summary>A change is on file for it; nothing was sent.</summary>
/// <param name="Change">The change's name.</param>
/// <param name="Digest">The change's digest.</param>
/// <param name="Amount">How much it is to slash.</param>
public sealed record SlashPlanned(string Change, Bytes32 Digest, Wei Amount) : SlashProgress;

/// <summary>Neither a standing approval nor people let it through. Nothing was sent.</summary>
/// <param name="Code">A stable identifier.</param>
/// <param name="Why">In words.</param>
public sealed record SlashHeld(string Code, string Why) : SlashProgress;

/// <summary>It was sent and its end is not known yet, or nothing could be found out: it is asked again.</summary>
/// <param name="Code">A stable identifier.</param>
/// <param name="Why">In words.</param>
/// <param name="Transaction">The transaction that was mined; null when there is none.</param>
public sealed record SlashPending(string Code, string Why, Bytes32? Transaction = null) : SlashProgress;

/// <summary>The chain has it, verified.</summary>
/// <param name="Transaction">By what; null when it is not known, as when another program did it.</param>
/// <param name="Amount">How much was taken; null when it is not known.</param>
public sealed record SlashDone(Bytes32? Transaction, Wei? Amount = null) : SlashProgress;

/// <summary>The change was planned on what is no more: another one is planned.</summary>
/// <param name="Why">In words.</param>
public sealed record SlashOutdated(string Why) : SlashProgress;

/// <summary>It can never be done.</summary>
/// <param name="Code">A stable identifier: <c>report-window-over</c>, <c>cap-reached</c>, <c>not-seated</c>, <c>change-refused</c>.</param>
/// <param name="Why">In words.</param>
public sealed record SlashImpossible(string Code, string Why) : SlashProgress;

/// <summary>
/// The one pipeline of changes, as slashes use it: planning, filing, gate, execution, verification, ledger. Whoever implements it never sends what the gate does not let through, and makes the same case the same change
/// however often it is asked. Problems are told as progress; what is thrown is a defect or the cancellation.
/// </summary>
public interface ISlashPipeline
{
    /// <summary>Makes a change of a case and puts it on file: <see cref="SlashPlanned"/>, <see cref="SlashHeld"/>, <see cref="SlashPending"/>, <see cref="SlashDone"/> when the chain has it already, <see cref="SlashImpossible"/>.</summary>
    Task<SlashProgress> PlanAsync(SlashCase slash, CancellationToken cancellation);

    /// <summary>Takes the change of a case as far as it goes: everything but <see cref="SlashPlanned"/>. A change that was begun is gone on with.</summary>
    Task<SlashProgress> CarryAsync(SlashCase slash, CancellationToken cancellation);

    /// <summary>Whether the change that pays a slash back (<see cref="SlashCase.Reversal"/>) was executed and verified.</summary>
    Task<bool> IsReversedAsync(SlashCase slash, CancellationToken cancellation);
}
