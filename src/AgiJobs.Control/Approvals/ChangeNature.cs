using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;

namespace AgiJobs.Control.Approvals;

/// <summary>What a change does, by its calls and not by what it calls itself.</summary>
/// <param name="IsPause">True when every step pulls a pause lever of the description: it can stop and nothing else.</param>
/// <param name="IsResume">True when any step pulls a resume lever, or the change says that it resumes.</param>
/// <param name="Risk">The higher of what the change says and what the description says of the functions that it calls; red for a function that is not described.</param>
public sealed record ChangeNature(bool IsPause, bool IsResume, Risk Risk)
{
    /// <summary>The kind of a change that slashes.</summary>
    public const string SlashKind = "slash";

    /// <summary>What it slashes, when every step reports misconduct by a function that the description lists as slashing and does nothing else; null for every other change.</summary>
    public IReadOnlyList<MisconductReport>? Reports { get; init; }

    /// <summary>The nature of a change.</summary>
    public static ChangeNature Of(ChangeDocument change, Protocol protocol)
    {
        var levers = change.Steps.Select(step => LeverOf(step, protocol)).ToList();
        var isPause = change.Kind.StartsWith("pause-", StringComparison.Ordinal) && levers.TrueForAll(lever => lever?.Action == LeverAction.Pause);
        var isResume = change.Kind.StartsWith("resume-", StringComparison.Ordinal) || levers.Exists(lever => lever?.Action == LeverAction.Resume);
        var reports = change.Steps.Select(step => ReportOf(step, protocol)).OfType<MisconductReport>().ToList();
        return new ChangeNature(isPause, isResume, change.Steps.Select(step => RiskOf(step, protocol)).Append(change.Risk).Max())
        {
            Reports = string.Equals(change.Kind, SlashKind, StringComparison.Ordinal) && reports.Count == change.Steps.Count ? reports : null,
        };
    }

    private static MisconductReport? ReportOf(ChangeStep step, Protocol protocol) =>
        protocol.At(step.Target)?.Actions.Any(action => action.Category == PowerKind.Slash && string.Equals(action.Function, MisconductReport.Function.Signature, StringComparison.Ordinal)) == true ? MisconductReport.Read(step) : null;

    private static Lever? LeverOf(ChangeStep step, Protocol protocol) =>
        protocol.At(step.Target)?.Levers.FirstOrDefault(lever => Calls(step, lever.Function));

    private static Risk RiskOf(ChangeStep step, Protocol protocol) =>
        protocol.At(step.Target) is not { } module || LeverOf(step, protocol) is not null ? Risk.Red
        : module.Parameters.Where(parameter => Calls(step, parameter.Setter)).Select(parameter => (Risk?)parameter.Risk).Max() ?? Risk.Red;

    // The whole call has to fit, not its first four bytes.
    private static bool Calls(ChangeStep step, Ethereum.Abi.AbiFunction function)
    {
        try
        {
            return step.Calldata.Length >= 4 && step.Calldata.AsSpan(0, 4).SequenceEqual(function.Selector.ToBytes()) && function.DecodeInput(step.Calldata) is not null;
        }
        catch (Ethereum.EthereumException)
        {
            return false;
        }
    }
}
