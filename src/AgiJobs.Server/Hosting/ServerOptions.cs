using System.Net;
using AgiJobs.Arena.Gateway;
using AgiJobs.Arena.Rounds;
using AgiJobs.Control.Configuration;
using AgiJobs.Control.Description;
using AgiJobs.Control.Serving;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Storage;

namespace AgiJobs.Server.Hosting;

/// <summary>What a host is made of.</summary>
public sealed record ServerOptions
{
    /// <summary>The network's name.</summary>
    public required string Network { get; init; }

    /// <summary>What it does.</summary>
    public required ServerRole Roles { get; init; }

    /// <summary>Where it listens; port 0 takes a free one.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>The protocol at the manifest's addresses.</summary>
    public required Protocol Protocol { get; init; }

    /// <summary>What it runs with, for <c>/configz</c>.</summary>
    public required ServiceSettings Settings { get; init; }

    /// <summary>Opens the store; the host closes it.</summary>
    public required Func<CancellationToken, Task<IStateStore>> OpenStore { get; init; }

    /// <summary>Connects to the chain; the host closes the connection.</summary>
    public required Func<CancellationToken, Task<EthereumClient>> Connect { get; init; }

    /// <summary>Makes what reviews tasks, answers and notes. Asked once, for the role of a gateway.</summary>
    public required Func<ServerParts, IContentReview> Review { get; init; }

    /// <summary>Makes the workers, in the order in which they start. Asked once, for the role of an arena.</summary>
    public Func<ServerParts, IReadOnlyList<IWorker>> Workers { get; init; } = _ => [];

    /// <summary>Makes the workers that watch and respond, in the order in which they start. Asked once, for the role of a monitor.</summary>
    public Func<ServerParts, IReadOnlyList<IWorker>> Monitors { get; init; } = _ => [];

    /// <summary>How the role hgm works; needed with it.</summary>
    public HgmOptions? Hgm { get; init; }

    /// <summary>Channels of the outbox that readiness tells of.</summary>
    public IReadOnlyList<string> Outboxes { get; init; } = [];

    /// <summary>Signed requests of one address.</summary>
    public RateLimit AgentLimit { get; init; } = new(20, 60);

    /// <summary>Requests of one other end that nobody's signature stands for.</summary>
    public RateLimit UnsignedLimit { get; init; } = new(10, 40);

    /// <summary>Connections at the same time.</summary>
    public int Connections { get; init; } = 1000;

    /// <summary>How often the chain is looked at for what agents are told without asking.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long one request may take.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Where traces and metrics are sent by OTLP over HTTP; null for nowhere.</summary>
    public Uri? Otlp { get; init; }

    /// <summary>Headers for it, as <c>name=value,name=value</c>.</summary>
    public string? OtlpHeaders { get; init; }

    /// <summary>Where the log goes, a line of JSON for each entry.</summary>
    public required TextWriter Log { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }
}

/// <summary>What is there when reviews and workers are made: everything that they may stand on.</summary>
/// <param name="Network">The network's name.</param>
/// <param name="Protocol">The protocol.</param>
/// <param name="Store">The store, open.</param>
/// <param name="Client">The chain, connected.</param>
/// <param name="Arena">The arena.</param>
/// <param name="Board">The rounds as all requests share them.</param>
/// <param name="Agents">Who is there.</param>
/// <param name="Time">The clock.</param>
public sealed record ServerParts(string Network, Protocol Protocol, IStateStore Store, EthereumClient Client, ArenaContract Arena, RoundBoard Board, AgentDirectory Agents, TimeProvider Time);
