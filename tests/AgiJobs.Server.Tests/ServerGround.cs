using System.Collections.Concurrent;
using System.Net;
using AgiJobs.Arena.Gateway;
using AgiJobs.Arena.Rounds;
using AgiJobs.Control.Configuration;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum;
using AgiJobs.Server.Hosting;
using AgiJobs.Storage;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Server.Tests;

/// <summary>A real chain with the arena, a real store in a file, and hosts on them.</summary>
public sealed class ServerGround : IAsyncLifetime
{
    private readonly ConcurrentBag<string> _folders = [];

    public TestNetwork Devnet { get; private set; } = null!;

    public ArenaContract Arena { get; private set; } = null!;

    /// <summary>The round that every local network begins with: agent-3 teaches, agent-1 and agent-2 and the three validators have joined, and there is no task.</summary>
    public const long FirstRound = 1;

    public const int Difficulty = 10;

    public ISigner Teacher => Devnet.Accounts["agent-3"];

    public ISigner Student => Devnet.Accounts["agent-1"];

    public ISigner OtherStudent => Devnet.Accounts["agent-2"];

    public ISigner Validator => Devnet.Accounts["validator-1"];

    public ISigner Stranger => Devnet.Accounts["employer"];

    public async ValueTask InitializeAsync()
    {
        Devnet = await TestNetwork.StartAsync();
        Arena = new ArenaContract(Devnet.Client, Devnet.Protocol);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var folder in _folders)
        {
            Directory.Delete(folder, recursive: true);
        }

        await Devnet.DisposeAsync();
    }

    /// <summary>A file for a store that no other test has.</summary>
    public StateLocation NewState()
    {
        var folder = Directory.CreateTempSubdirectory("agijobs-server-").FullName;
        _folders.Add(folder);
        return StateLocation.File(Path.Combine(folder, "state.db"));
    }

    /// <summary>Options of a host on this chain; a test changes what it is about.</summary>
    public ServerOptions Options(StateLocation? state = null, string? rpc = null, TextWriter? log = null)
    {
        var location = state ?? NewState();
        return new ServerOptions
        {
            Network = TestNetwork.Network,
            Roles = ServerRole.Api | ServerRole.Gateway,
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            Protocol = Devnet.Protocol,
            Settings = ServiceSettings.Of(new ServicesFile { Version = 1 }, Devnet.Protocol),
            OpenStore = cancellation => StateStore.OpenAsync(location, TimeProvider.System, cancellation),
            Connect = cancellation => EthereumClient.ConnectAsync(RpcOptions.For(rpc ?? Devnet.Url) with { Rounds = 1, RequestTimeout = TimeSpan.FromSeconds(5) }, ChainId.Local, TimeProvider.System, cancellation),
            Review = _ => new WordReview(),
            AgentLimit = new RateLimit(1000, 1000),
            UnsignedLimit = new RateLimit(1000, 1000),
            Poll = TimeSpan.FromMilliseconds(50),
            Log = log ?? TextWriter.Null,
            Time = TimeProvider.System,
        };
    }

    public Task<ServerHost> HostAsync(ServerOptions? options = null) => ServerHost.StartAsync(options ?? Options());

    /// <summary>A call to the arena, mined.</summary>
    public Task SendAsync(ISigner from, byte[] call) => Devnet.SendMinedAsync(from.Address, Arena.Address, call);

    /// <summary>What an account is to a round, by the chain itself.</summary>
    public async Task<ParticipantState> SeatAsync(long round, ISigner account)
    {
        var block = await PinnedBlock.AtAsync(Devnet.Client, BlockReference.Latest);
        return (await Arena.ParticipantsAsync(block, round, [account.Address]))[account.Address];
    }

    /// <summary>Moves the chain's clock and mines.</summary>
    public async Task WarpAsync(TimeSpan by)
    {
        _ = await Devnet.Client.RequestAsync("evm_increaseTime", writer => writer.WriteNumberValue((long)by.TotalSeconds));
        await Devnet.MineAsync();
    }
}

/// <summary>A review that goes by words: <c>forbidden</c>, <c>odd</c>, <c>unreviewable</c>.</summary>
public sealed class WordReview(TaskCompletionSource? begun = null, Task? until = null) : IContentReview
{
    public async Task<ReviewOutcome> ReviewAsync(ContentToReview content, CancellationToken cancellation)
    {
        begun?.TrySetResult();
        await (until ?? Task.CompletedTask).WaitAsync(cancellation);
        return content.Text switch
        {
            var text when text.Contains("forbidden", StringComparison.Ordinal) => new ReviewOutcome(ReviewVerdict.Block, "words", "it has a forbidden word"),
            var text when text.Contains("odd", StringComparison.Ordinal) => new ReviewOutcome(ReviewVerdict.Flag, "likeness", "it looks odd"),
            var text when text.Contains("unreviewable", StringComparison.Ordinal) => throw new TimeoutException("The moderator does not answer."),
            _ => new ReviewOutcome(ReviewVerdict.Allow),
        };
    }
}
