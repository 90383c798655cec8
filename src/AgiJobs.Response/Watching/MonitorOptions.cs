using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Ethereum;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Watching;

/// <summary>How a monitor watches.</summary>
public sealed record MonitorOptions
{
    private const int LongestName = 40;

    /// <summary>The network's name in the workspace.</summary>
    public required string Network { get; init; }

    /// <summary>Its chain.</summary>
    public required ChainId ChainId { get; init; }

    /// <summary>The monitor's name: kebab case, one for each that runs.</summary>
    public required string Name { get; init; }

    /// <summary>The first block to be examined; null for the one that is the newest when the monitor starts for the first time.</summary>
    public ulong? From { get; init; }

    /// <summary>The node's name without secrets, for the status.</summary>
    public string Node { get; init; } = "";

    /// <summary>How often the chain is looked at, also where a subscription tells of blocks. Default 1 s.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>For how long nothing could be read before that is a finding of its own. Default 60 s.</summary>
    public TimeSpan BlindAfter { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How far the newest block's time may be ahead of the machine's clock before that is a finding. Default 60 s.</summary>
    public TimeSpan SkewLimit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How old the newest block may be before that is a finding; null where blocks come as they please. Default null.</summary>
    public TimeSpan? StaleAfter { get; init; }

    /// <summary>For how long a node that refuses views of a block is asked for them again before they are unknown, which the coverage says. Default 20 s.</summary>
    public TimeSpan ViewPatience { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Hashes of how many blocks are remembered, block for block; further back there are checkpoints, ever fewer. Default 256.</summary>
    public int Remembered { get; init; } = 256;

    /// <summary>From how many blocks behind on they are read in ranges; so many below the head never are. Default 64.</summary>
    public int RangeFrom { get; init; } = 64;

    /// <summary>The largest range of one request. Default 2,000.</summary>
    public int MaxRange { get; init; } = 2000;

    /// <summary>How many logs one answer should have; ranges grow and shrink towards it. Default 5,000.</summary>
    public int LogsPerRange { get; init; } = 5000;

    /// <summary>How many ranges are read at once. Default 4.</summary>
    public int InFlight { get; init; } = 4;

    /// <summary>For how long another monitor of the same name has to wait after the death of this one. Default 15 s.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Makes what is written because of findings; nothing when absent.</summary>
    public TakeFindings Take { get; init; } = static (_, _, _) => Task.FromResult(FindingWrites.None);

    /// <summary>Signs coverage; null leaves it unsigned, which <c>monitoring status</c> says.</summary>
    public MonitorKey? Key { get; init; }

    /// <summary>Refuses what cannot be.</summary>
    /// <exception cref="ControlException"><c>monitor-name</c>, <c>monitor-options</c>.</exception>
    public void Check()
    {
        if (Name is not { Length: > 0 and <= LongestName } || !char.IsAsciiLetterLower(Name[0]) || Name.Any(c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-'))
        {
            throw new ControlException("monitor-name", ExitCode.BadInput, $"'{Name}' is no name for a monitor.", string.Create(CultureInfo.InvariantCulture, $"Use 1 to {LongestName} lower-case letters, digits and '-', with a letter in front."));
        }

        if (Poll <= TimeSpan.Zero || BlindAfter <= TimeSpan.Zero || SkewLimit <= TimeSpan.Zero || StaleAfter <= TimeSpan.Zero || ViewPatience <= TimeSpan.Zero || Lease <= TimeSpan.Zero || Remembered < 1 || RangeFrom < 1 || MaxRange < 1 || LogsPerRange < 1 || InFlight < 1)
        {
            throw new ControlException("monitor-options", ExitCode.BadInput, "A time or a number of the monitor's settings is zero or below.", "Write values above zero.");
        }
    }
}
