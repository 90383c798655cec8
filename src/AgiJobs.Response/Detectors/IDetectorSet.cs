using System.Collections.Frozen;
using AgiJobs.Ethereum;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Watching;

namespace AgiJobs.Response.Detectors;

/// <summary>What was read of the views of one block: the answer as 0x and hex digits, or why there is none. What is not there was not read.</summary>
/// <param name="Answers">By view.</param>
public sealed record StateAnswers(IReadOnlyDictionary<StateRead, StateAnswer> Answers)
{
    /// <summary>No views.</summary>
    public static StateAnswers None { get; } = new(new Dictionary<StateRead, StateAnswer>());
}

/// <summary>An answer.</summary>
/// <param name="Result">What came back, as 0x and hex digits; null when it is unknown.</param>
/// <param name="Why">Why it is unknown; null otherwise.</param>
public sealed record StateAnswer(string? Result, string? Why)
{
    /// <summary>True when it was the node that refused, such as one that has not the state of the block any more, or not yet. A contract's own refusal is an answer.</summary>
    public bool IsRefused { get; init; }
}

/// <summary>What examining one block came to.</summary>
/// <param name="Memory">What is remembered from then on.</param>
/// <param name="Findings">What was found, in a stable order.</param>
public sealed record Examination(IDetectorMemory Memory, IReadOnlyList<Finding> Findings);

/// <summary>
/// What a detector set remembers of the blocks that it examined: windows, counts, what was seen last. Immutable, so that the follower keeps one for each recent block and goes back to it when blocks are withdrawn.
/// </summary>
public interface IDetectorMemory
{
    /// <summary>One JSON document, of the same bytes for the same memory.</summary>
    string Encode();
}

/// <summary>
/// The compiled rules of a network that have one confirmation depth. Examining is a pure function of the memory, the block and what was read at it: no clock, no chain, no store. Safe for use by several threads.
/// </summary>
public interface IDetectorSet
{
    /// <summary>How many blocks must stand on a block before it is examined; 0 for the newest.</summary>
    int Confirmations { get; }

    /// <summary>The digest of the rules, of all depths together: two monitors with another digest do not watch the same.</summary>
    Bytes32 Digest { get; }

    /// <summary>The digest of each of its detectors by the detector's key: of what it is told and what it watches. Empty where a set is one whole.</summary>
    IReadOnlyDictionary<string, Bytes32> Parts => FrozenDictionary<string, Bytes32>.Empty;

    /// <summary>What it has to be given of each block.</summary>
    BlockNeeds Needs { get; }

    /// <summary>What it has to be given of the blocks from one to another. Those are examined next.</summary>
    BlockNeeds NeedsOf(ulong from, ulong to) => Needs;

    /// <summary>The memory of who has examined nothing.</summary>
    IDetectorMemory Begin();

    /// <summary>Reads a memory that was kept.</summary>
    /// <exception cref="AgiJobs.Control.ControlException"><c>memory-format</c> when it is of other rules, or none.</exception>
    IDetectorMemory Read(string encoded);

    /// <summary>Reads a memory that was kept, of other rules as well: what detectors remember that are as they were is gone on from.</summary>
    /// <param name="encoded">The memory.</param>
    /// <param name="lost">The detectors of the set that are not as they were and had remembered something.</param>
    /// <exception cref="AgiJobs.Control.ControlException"><c>memory-format</c> when nothing of it can be gone on from.</exception>
    IDetectorMemory Carry(string encoded, out IReadOnlyList<string> lost)
    {
        lost = [];
        return Read(encoded);
    }

    /// <summary>Examines one block.</summary>
    Examination Examine(IDetectorMemory memory, WatchedBlock block, StateAnswers answers);
}
