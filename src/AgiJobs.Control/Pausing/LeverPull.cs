using AgiJobs.Control.Authority;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Pausing;

/// <summary>One way to pull one lever: what it acts on, by which path, and what there is to say about it.</summary>
/// <param name="Lever">The lever.</param>
/// <param name="Acts">The contracts that it acts on, as far as they are known.</param>
/// <param name="Option">The path.</param>
/// <param name="Step">The call.</param>
/// <param name="Trials">What must hold on the chain for it to succeed.</param>
/// <param name="Findings">What the reader must know when it is used.</param>
/// <param name="IsUnsure">True when something about it could not be read.</param>
internal sealed record LeverPull(Lever Lever, IReadOnlyList<Address> Acts, RouteOption Option, ChangeStep Step, IReadOnlyList<Trial> Trials, IReadOnlyList<string> Findings, bool IsUnsure)
{
    /// <summary>Equal for two pulls that the same people carry in the same way.</summary>
    public string Path => Option.Path;
}
