using System.Text;
using System.Text.Json.Nodes;
using AgiJobs.Arena.Agents;
using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;
using AgiJobs.Tasks;
using AgiJobs.Testing;

namespace AgiJobs.Arena.Tests.Agents;

/// <summary>One agent on a scripted chain, with its state file; <see cref="Restart"/> is what a death and a new start leave.</summary>
internal sealed class AgentBench : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-agent-").FullName;
    private readonly AgentOptions _options;
    private readonly StringWriter _log = new();
    private AgentNotebook _notes;

    public AgentBench(AgentOptions? options = null)
    {
        _options = options ?? new AgentOptions { Seats = [Seat.Teacher, Seat.Student, Seat.Validator], Families = ["sorting-networks"] };
        _notes = AgentNotebook.Open(StatePath, Chain.Chain, Chain.Genesis, Chain.Arena, Chain.Account);
        Agent = Make();
    }

    public ScriptedChain Chain { get; } = new();

    public MemoryGateway Gateway { get; } = new();

    public ManualTime Time { get; } = new();

    public string StatePath => Path.Combine(_folder, "agent.json");

    public ReferenceAgent Agent { get; private set; }

    public AgentNotebook Notes => _notes;

    public IReadOnlyList<string> Codes => [.. _log.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => (string)JsonNode.Parse(line)!["code"]!)];

    public static (TaskStatement Task, string Right, Bytes32 Hash) Task(ulong seed = 1, int difficulty = 10)
    {
        var made = TaskFamilies.Find("sorting-networks")!.Generate(difficulty, seed);
        return (made.Statement, made.Witness, new Bytes32(made.Statement.Digest()));
    }

    public static Bytes32 Digest(string text) => new(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    public Task StepAsync() => Agent.StepAsync(CancellationToken.None);

    public void Publish(long round, TaskStatement task) => Gateway.Tasks[round] = Encoding.UTF8.GetBytes(task.Text);

    public void Restart(bool losingState = false)
    {
        _notes.Dispose();
        if (losingState)
        {
            File.Delete(StatePath);
        }

        _notes = AgentNotebook.Open(StatePath, Chain.Chain, Chain.Genesis, Chain.Arena, Chain.Account);
        Agent = Make();
    }

    public void Dispose()
    {
        _notes.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private ReferenceAgent Make() => new(_options, Chain, Gateway.Of(Chain.Account), _notes, new AgentLog(_log, Time), Time);
}
