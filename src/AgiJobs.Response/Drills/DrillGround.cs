using System.Text.Json.Nodes;
using AgiJobs.Ethereum;

namespace AgiJobs.Response.Drills;

/// <summary>What a command of <c>agijobs</c> ended with.</summary>
/// <param name="Exit">Its exit code.</param>
/// <param name="Json">Its JSON document.</param>
/// <param name="Took">From start to end of its process.</param>
public sealed record CommandOutcome(int Exit, JsonObject Json, TimeSpan Took);

/// <summary>A call that moves value or starts work, to be tried and never sent.</summary>
/// <param name="What">What it would do, in words: <c>employer posts a job</c>.</param>
/// <param name="From">Who would call.</param>
/// <param name="To">What would be called.</param>
/// <param name="Calldata">The call.</param>
public sealed record Probe(string What, Address From, Address To, ReadOnlyMemory<byte> Calldata);

/// <summary>What became of a probe.</summary>
/// <param name="Probe">The probe.</param>
/// <param name="Succeeds">True when the call would go through.</param>
/// <param name="Reason">The decoded reason when it would not.</param>
public sealed record ProbeOutcome(Probe Probe, bool Succeeds, string? Reason);

/// <summary>The real commands on a chain of the drill's own, each in a process of its own.</summary>
public interface IDrillCommands
{
    /// <summary>Runs a command with <c>--json</c> against the drill's own workspace.</summary>
    Task<CommandOutcome> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellation);

    /// <summary>The newest block of the drill's chain.</summary>
    Task<BlockNumber> BlockAsync(CancellationToken cancellation);
}

/// <summary>
/// Where a drill takes place: a throw-away chain, and the real commands, each in a process of its own. Implemented by the command line, which alone sees all parts.
/// </summary>
public interface IDrillGround : IDrillCommands
{
    /// <summary>Tries the calls that a pause must stop, on the newest block.</summary>
    Task<IReadOnlyList<ProbeOutcome>> ProbeAsync(CancellationToken cancellation);

    /// <summary>
    /// Runs a command with <c>--json</c> as on a machine of somebody else, who was handed one file of the drill's workspace: in a folder with nothing but a copy of it, with an empty configuration folder of its own and
    /// without the network. The chain ends with the first of these.
    /// </summary>
    /// <param name="arguments">The command; the file by its bare name.</param>
    /// <param name="file">The file, relative to the workspace.</param>
    /// <param name="cancellation">Ends it.</param>
    Task<CommandOutcome> RunApartAsync(IReadOnlyList<string> arguments, string file, CancellationToken cancellation);

    /// <summary>How far apart <see cref="RunApartAsync"/> is, in words; never more than was the case.</summary>
    string Apartness { get; }
}
