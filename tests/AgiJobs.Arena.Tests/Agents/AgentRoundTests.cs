using System.Numerics;
using AgiJobs.Arena.Agents;
using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Tasks;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Arena.Tests.Agents;

/// <summary>Whole rounds on a real chain, played by reference agents; what the orchestrator calls, the test calls.</summary>
public sealed class AgentRoundTests : IAsyncLifetime
{
    private readonly MemoryGateway _gateway = new();
    private readonly string _states = Directory.CreateTempSubdirectory("agijobs-agents-").FullName;
    private readonly Dictionary<string, (ReferenceAgent Agent, AgentNotebook Notes, AgentChain Chain)> _agents = new(StringComparer.Ordinal);
    private readonly StringWriter _log = new();
    private TestNetwork _network = null!;
    private ArenaContract _arena = null!;
    private Bytes32 _genesis;

    public async ValueTask InitializeAsync()
    {
        _network = await TestNetwork.StartAsync();
        _arena = new ArenaContract(_network.Client, _network.Protocol);
        _genesis = await AgentChain.GenesisAsync(_network.Client, TestContext.Current.CancellationToken);
        _gateway.Places = async round => (await RoundAsync(round)).Students;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (_, notes, _) in _agents.Values)
        {
            notes.Dispose();
        }

        Directory.Delete(_states, recursive: true);
        await _network.DisposeAsync();
    }

    [Fact]
    public async Task A_round_is_played_to_its_end_and_pays_those_who_earned_it()
    {
        Enlist("agent-3", AgentBehaviour.Honest);
        Enlist("agent-1", AgentBehaviour.Honest, steps: 5_000_000);
        Enlist("agent-2", AgentBehaviour.Honest, steps: 1);
        EnlistValidators();
        var round = await StartAsync();
        await StepAllAsync();
        await OrchestrateAsync(_arena.Close(round));
        await StepAllAsync();

        // A death between commitment and reveal: the agent is another object with the same file.
        Revive("agent-1", steps: 5_000_000);
        await OrchestrateAsync(_arena.Advance(round));
        await StepAllAsync();
        await OrchestrateAsync(_arena.Advance(round));
        await StepAllAsync();

        // A vote that is not the committed one is refused by the contract, and the agent's own goes through.
        await OrchestrateAsync(_arena.Advance(round));
        var validator = _agents["validator-1"];
        var other = BigInteger.Parse(validator.Notes.Of(round)!.Vote!) ^ 1;
        var refused = await Assert.ThrowsAsync<EthereumException>(() => validator.Agent.PerformAsync(new RevealVote(round, other, validator.Notes.Of(round)!.Salt!.Value), CancellationToken.None));
        Assert.Equal("CommitmentMismatch", ((RevertException)refused.InnerException!).Reason.Error!.Name);
        Assert.Null(validator.Notes.File.Pending);
        await StepAllAsync();
        await OrchestrateAsync(_arena.Finalise(round));

        var ended = await RoundAsync(round);
        var student = ended.Students.ToList().IndexOf(_network.Accounts["agent-1"].Address);
        Assert.Equal((RoundPhase.Finalised, 2, 3), (ended.Phase, ended.RevealedAnswers, ended.RevealedVotes));
        Assert.True(TaskStatement.TryParse(_gateway.Tasks[round], out var task, out _));
        var answers = ended.Students.Select(account => TaskFamilies.Judge(task, _gateway.Answers[(round, account)]).IsRight).ToList();
        Assert.Equal(answers.Select((right, index) => right ? BigInteger.One << index : 0).Aggregate(BigInteger.Add), ended.Winners);
        Assert.True(answers[student], "the able student's answer is right");

        await StepAllAsync();
        var chronicle = Assert.Single(await ChroniclesAsync(), told => told.Id == round);
        Assert.All(chronicle.People.Where(person => person.Earned > Wei.Zero), person => Assert.Contains(_agents.Values, agent => agent.Chain.Account == person.Account && agent.Notes.File.ClaimedAt is not null));
        Assert.True(chronicle.People.Single(person => person.Account == _network.Accounts["agent-1"].Address).Earned > Wei.Zero);

        // Join, commit, reveal, claim: each once.
        Assert.Equal(4, await CountAsync("agent-1"));
    }

    [Fact]
    public async Task A_pause_in_the_middle_stops_every_agent_and_loses_nobody_the_round()
    {
        Enlist("agent-3", AgentBehaviour.Honest);
        Enlist("agent-1", AgentBehaviour.Honest);
        Enlist("agent-2", AgentBehaviour.Honest);
        EnlistValidators();
        var round = await StartAsync();
        await StepAllAsync();
        await OrchestrateAsync(_arena.Close(round));
        await StepAllAsync();
        await OrchestrateAsync(_arena.Advance(round));

        await _network.CallAsAsync(_network.Accounts["guardian"].Address, "SystemPause", "pauseAll");
        var before = await NoncesAsync();
        await StepAllAsync();
        await _network.PassAsync(7_200);
        await StepAllAsync();
        Assert.Equal(before, await NoncesAsync());
        Assert.Equal(0, (await RoundAsync(round)).RevealedAnswers);

        await _network.CallAsAsync(_network.Safe, "SystemPause", "unpauseAll");
        await StepAllAsync();
        Assert.Equal(2, (await RoundAsync(round)).RevealedAnswers);
    }

    [Fact]
    public async Task Lazy_offline_and_colluding_agents_cost_themselves_and_not_the_round()
    {
        Enlist("agent-3", AgentBehaviour.Honest);
        Enlist("agent-1", AgentBehaviour.Toxic);
        Enlist("agent-2", AgentBehaviour.Offline);
        Enlist("validator-1", AgentBehaviour.Colluding, allies: [_network.Accounts["agent-1"].Address]);
        Enlist("validator-2", AgentBehaviour.Honest);
        Enlist("validator-3", AgentBehaviour.Lazy);
        var round = await StartAsync();
        await StepAllAsync();
        await OrchestrateAsync(_arena.Close(round));
        await StepAllAsync();
        Assert.Equal(1, (await RoundAsync(round)).Answers);
        foreach (var _ in Enumerable.Range(0, 3))
        {
            // The offline student, and then the lazy validator, are waited for until the window is over.
            await _network.PassAsync(3_601);
            await OrchestrateAsync(_arena.Advance(round));
            await StepAllAsync();
        }

        await _network.PassAsync(3_601);
        await OrchestrateAsync(_arena.Finalise(round));
        var ended = await RoundAsync(round);
        Assert.Equal((RoundPhase.Finalised, BigInteger.Zero), (ended.Phase, ended.Winners));
        var chronicle = Assert.Single(await ChroniclesAsync(), told => told.Id == round);
        Assert.True(Of("validator-3").Silence > Wei.Zero, "silence costs stake");
        Assert.True(Of("validator-2").Earned > Of("validator-1").Earned, "the honest validator agreed with the verdict");
        Assert.False(Of("agent-2").HasCommitted);

        Attendance Of(string name) => chronicle.People.Single(person => person.Account == _network.Accounts[name].Address);
    }

    private void EnlistValidators()
    {
        foreach (var number in (int[])[1, 2, 3])
        {
            Enlist($"validator-{number}", AgentBehaviour.Honest);
        }
    }

    private void Enlist(string name, AgentBehaviour behaviour, long steps = 100_000, IReadOnlyList<Address>? allies = null)
    {
        var signer = _network.Accounts[name];
        var options = new AgentOptions { Seats = [Seat.Teacher, Seat.Student, Seat.Validator], Families = ["sorting-networks"], Behaviour = behaviour, Skill = steps, LazyShare = 10_000, Allies = allies ?? [], Seed = 6 };
        var chain = new AgentChain(_network.Client, _arena, signer, _genesis);
        var notes = AgentNotebook.Open(Path.Combine(_states, name + ".json"), ChainId.Local, _genesis, _arena.Address, signer.Address);
        _agents[name] = (new ReferenceAgent(options, chain, _gateway.Of(signer.Address), notes, new AgentLog(_log, TimeProvider.System), TimeProvider.System), notes, chain);
    }

    private void Revive(string name, long steps)
    {
        _agents[name].Notes.Dispose();
        Enlist(name, AgentBehaviour.Honest, steps);
    }

    // Everybody who has something to do in this phase does it: a second step sees what others did in the first.
    private async Task StepAllAsync()
    {
        foreach (var (agent, _, _) in _agents.Values)
        {
            await agent.StepAsync(CancellationToken.None);
        }
    }

    // The network comes with a round that goes on; the agents are in that one too, and do what is theirs there.
    private async Task<long> StartAsync()
    {
        await OrchestrateAsync(_arena.Start(20, Account("agent-3"), [Account("agent-1"), Account("agent-2")], [Account("validator-1"), Account("validator-2"), Account("validator-3")]));
        return (await _arena.ReadAsync([])).TotalRounds;

        Address Account(string name) => _network.Accounts[name].Address;
    }

    private Task OrchestrateAsync(byte[] data) => _network.SendMinedAsync(_network.Accounts["orchestrator"].Address, _arena.Address, data);

    private async Task<RoundState> RoundAsync(long round) => (await _arena.ReadAsync([round])).Rounds[round];

    private async Task<IReadOnlyList<ulong>> NoncesAsync()
    {
        var nonces = new List<ulong>();
        foreach (var name in _agents.Keys)
        {
            nonces.Add(await _network.PendingNonceAsync(name));
        }

        return nonces;
    }

    private async Task<int> CountAsync(string name)
    {
        var logs = await LogsAsync();
        var account = new byte[32];
        _network.Accounts[name].Address.CopyTo(account.AsSpan(12));
        var mine = logs.Where(log => log.Topics.Skip(1).Contains(new Bytes32(account)) && Told(log) is "ParticipantJoined" or "AnswerCommitted" or "AnswerRevealed" or "RewardClaimed");
        return mine.Count(log => log.Topics.Count < 3 || log.Topics[1] != Bytes32.FromUnsigned(1));

        string? Told(LogEntry log) => _arena.Abi.Events.FirstOrDefault(@event => @event.Topic0 == log.Topics[0])?.Name;
    }

    private async Task<IReadOnlyList<RoundChronicle>> ChroniclesAsync() => RoundChronicle.Read(_arena.Abi, await LogsAsync());

    private Task<IReadOnlyList<LogEntry>> LogsAsync() => _network.Client.LogsAsync(new LogFilter { From = BlockReference.Earliest, To = BlockReference.Latest, Addresses = [_arena.Address] });
}
