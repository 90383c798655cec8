using AgiJobs.Ethereum;

namespace AgiJobs.Testing;

/// <summary>How a local chain is started.</summary>
public sealed record AnvilOptions
{
    /// <summary>Its chain id.</summary>
    public ChainId ChainId { get; init; } = ChainId.Local;

    /// <summary>The loopback port; 0 lets the system choose a free one.</summary>
    public int Port { get; init; }

    /// <summary>True mines nothing until asked to; false mines a block for each transaction.</summary>
    public bool NoMining { get; init; }

    /// <summary>Mines every so many seconds instead of for each transaction.</summary>
    public int? BlockTimeSeconds { get; init; }

    /// <summary>The rules of the chain, such as <c>london</c>, <c>berlin</c> or <c>prague</c>; null takes anvil's newest.</summary>
    public string? HardFork { get; init; }

    /// <summary>A file to load the state from at the start and to write it to at an orderly end.</summary>
    public string? StateFile { get; init; }

    /// <summary>Another chain to fork.</summary>
    public Uri? ForkUrl { get; init; }

    /// <summary>Time of the first block in seconds since 1970; null takes the clock's.</summary>
    public long? GenesisTimestamp { get; init; }

    /// <summary>More command-line arguments.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    internal IEnumerable<string> CommandLine(int port)
    {
        yield return "--host";
        yield return "127.0.0.1";
        yield return "--port";
        yield return $"{port}";
        yield return "--chain-id";
        yield return $"{ChainId}";
        if (NoMining)
        {
            yield return "--no-mining";
        }

        if (BlockTimeSeconds is { } seconds)
        {
            yield return "--block-time";
            yield return $"{seconds}";
        }

        if (HardFork is not null)
        {
            yield return "--hardfork";
            yield return HardFork;
        }

        if (StateFile is not null)
        {
            yield return "--state";
            yield return StateFile;
        }

        if (ForkUrl is not null)
        {
            yield return "--fork-url";
            yield return ForkUrl.ToString();
        }

        if (GenesisTimestamp is { } timestamp)
        {
            yield return "--timestamp";
            yield return $"{timestamp}";
        }

        foreach (var argument in Arguments)
        {
            yield return argument;
        }
    }
}
