using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using AgiJobs.Arena.Agents;
using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Tests.Agents;

/// <summary>What a gateway keeps, in memory; <see cref="Of"/> is its face for one agent. It checks nothing.</summary>
internal sealed class MemoryGateway
{
    public Dictionary<long, byte[]> Tasks { get; } = [];

    public Dictionary<(long Round, Address Student), string> Answers { get; } = [];

    /// <summary>The places of a round's students.</summary>
    public Func<long, Task<IReadOnlyList<Address>>> Places { get; set; } = _ => Task.FromResult<IReadOnlyList<Address>>([]);

    public List<string> Requests { get; } = [];

    public Func<string, GatewayException?> Refuses { get; set; } = _ => null;

    public IAgentGateway Of(Address account) => new Face(this, account);

    private static GatewayReceipt Take(byte[] bytes) => new(new Bytes32(SHA256.HashData(bytes)), "memory:" + Convert.ToHexStringLower(SHA256.HashData(bytes))[..8]);

    private void Ask(string what)
    {
        lock (Requests)
        {
            Requests.Add(what);
        }

        if (Refuses(what) is { } refusal)
        {
            throw refusal;
        }
    }

    /// <summary>What it tells by its events.</summary>
    public Channel<GatewayEvent> Told { get; } = Channel.CreateUnbounded<GatewayEvent>();

    private sealed class Face(MemoryGateway gateway, Address account) : IAgentGateway
    {
        public Task AnnounceAsync(IReadOnlyList<Seat> seats, IReadOnlyList<string> families, CancellationToken cancellation)
        {
            gateway.Ask("announce");
            return Task.CompletedTask;
        }

        public Task<GatewayReceipt> PutTaskAsync(long round, string statement, CancellationToken cancellation)
        {
            gateway.Ask("put-task");
            gateway.Tasks[round] = Encoding.UTF8.GetBytes(statement);
            return Task.FromResult(Take(gateway.Tasks[round]));
        }

        public Task<byte[]> GetTaskAsync(long round, CancellationToken cancellation)
        {
            gateway.Ask("get-task");
            return Task.FromResult(gateway.Tasks[round]);
        }

        public Task<GatewayReceipt> PutAnswerAsync(long round, string answer, Bytes32 salt, CancellationToken cancellation)
        {
            gateway.Ask("put-answer");
            gateway.Answers[(round, account)] = answer;
            return Task.FromResult(Take(Encoding.UTF8.GetBytes(answer)));
        }

        public Task<GatewayReceipt> PutNoteAsync(long round, string note, CancellationToken cancellation)
        {
            gateway.Ask("put-note");
            return Task.FromResult(Take(Encoding.UTF8.GetBytes(note)));
        }

        public async Task<IReadOnlyList<GatewayAnswer>> GetAnswersAsync(long round, CancellationToken cancellation)
        {
            gateway.Ask("get-answers");
            var places = await gateway.Places(round);
            return [.. gateway.Answers.Where(entry => entry.Key.Round == round).Select(entry => new GatewayAnswer(places.ToList().IndexOf(entry.Key.Student), entry.Key.Student, Take(Encoding.UTF8.GetBytes(entry.Value)).Hash, entry.Value, "allow"))];
        }

        public async IAsyncEnumerable<GatewayEvent> EventsAsync([EnumeratorCancellation] CancellationToken cancellation)
        {
            await foreach (var told in gateway.Told.Reader.ReadAllAsync(cancellation))
            {
                yield return told;
            }
        }
    }
}
