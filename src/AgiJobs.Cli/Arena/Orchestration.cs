using AgiJobs.Arena.Alerts;
using AgiJobs.Arena.Orchestration;
using AgiJobs.Arena.Rounds;
using AgiJobs.Arena.Slashing;
using AgiJobs.Arena.Standings;
using AgiJobs.Cli.Slashing;
using AgiJobs.Control;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Arena;

/// <summary>An orchestrator of a session's network, with the key that it sends with.</summary>
internal sealed class Orchestration : IDisposable
{
    private const string Custom = "orchestrator";

    private readonly ISigner _signer;

    private Orchestration(Orchestrator orchestrator, ArenaStandings standings, ISigner signer) => (Orchestrator, Standings, _signer) = (orchestrator, standings, signer);

    public Orchestrator Orchestrator { get; }

    public ArenaStandings Standings { get; }

    /// <summary>The account that it sends from.</summary>
    public Address Signer => _signer.Address;

    /// <summary>Makes one. The signer is that of <c>--signer</c>, else the one named 'orchestrator'.</summary>
    /// <exception cref="ControlException"><c>orchestrator-signer</c> when several are named; those of opening a signer.</exception>
    public static Orchestration Create(Session session, EthereumClient client, IStateStore store, IPresence presence, Func<OrchestratorOptions, OrchestratorOptions> settings)
    {
        var reference = session.NamedSigners switch
        {
            [] => session.Signers.Named([Custom])[0],
            [var one] => one,
            var several => throw new ControlException("orchestrator-signer", ExitCode.BadInput, $"The orchestrator sends from one account; --signer names {several.Count}.", "Name one: --signer NAME."),
        };
        var signer = SignerBook.Open(reference, client.ChainId);
        var arena = new ArenaContract(client, session.Protocol);
        var time = session.Environment.Time;
        var standings = new ArenaStandings(client, arena, store, new StoredContent(store, session.Network), session.Workspace, session.Network, time);
        standings.Besides.Add(new RunAftermath(store, new SlashDocket(store, session.Network, time), SlashCommands.Alerts(session), time) { Tell = session.Terminal.Progress }.AfterAsync);
        var options = settings(new OrchestratorOptions
        {
            Network = session.Network,
            Holder = $"{Environment.MachineName}/{Environment.ProcessId}",
            Confirmations = client.ChainId == ChainId.Local ? 1 : 2,
            LeaseTime = TimeSpan.FromSeconds(session.Workspace.Services(session.Network).LeaseSeconds!.Value),
        });
        var orchestrator = new Orchestrator(client, arena, new Eligibility(client, session.Protocol), presence, standings, store, signer, options, time) { Watch = new OrchestratorPulse(store, SlashCommands.Alerts(session), time).HearAsync };
        return new Orchestration(orchestrator, standings, signer);
    }

    public void Dispose() => (_signer as IDisposable)?.Dispose();
}
