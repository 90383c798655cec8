using System.Globalization;
using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Transactions;

namespace AgiJobs.Arena.Agents;

/// <summary>The chain of an agent by its own nodes and its own key.</summary>
/// <param name="client">The nodes.</param>
/// <param name="arena">The arena.</param>
/// <param name="signer">The key.</param>
/// <param name="genesis">The hash of the first block of the chain that the agent's notes are about: <see cref="GenesisAsync"/>.</param>
public sealed class AgentChain(EthereumClient client, ArenaContract arena, ISigner signer, Bytes32 genesis) : IAgentChain
{
    private const int Newest = 64;

    private readonly TransactionSender _sender = new(client);
    private (Bytes32 Block, long After, long[] Rounds, AgentSight Sight)? _last;
    private Bytes32? _known;

    /// <summary>The hash of the first block of the chain behind the nodes.</summary>
    /// <exception cref="EthereumException">It could not be read.</exception>
    public static async Task<Bytes32> GenesisAsync(EthereumClient client, CancellationToken cancellation) =>
        (await client.BlockAsync(BlockReference.At(new BlockNumber(0)), cancellation).ConfigureAwait(false))?.Hash ?? throw new EthereumException("block-unknown", Fault.Unknown, $"No node of chain {client.ChainId} gives its first block.");

    /// <summary>How long one look for a transaction's end may take.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(3);

    /// <inheritdoc/>
    public Address Account => signer.Address;

    /// <inheritdoc/>
    public ChainId Chain => arena.Chain;

    /// <inheritdoc/>
    public Address Arena => arena.Address;

    /// <inheritdoc/>
    public Task<AgentSight> LookAsync(long after, IReadOnlyCollection<long> rounds, CancellationToken cancellation) => PinnedBlock.ReadAsync(
        client,
        async (block, token) =>
        {
            long[] asked = [.. rounds.Order()];
            if (_last is { } last && last.Block == block.Header.Hash && last.After == after && last.Rounds.AsSpan().SequenceEqual(asked))
            {
                return last.Sight;
            }

            // The child of a block of the chain is of the chain; after anything else, a local network may have been started afresh behind the same port.
            var hash = block.Header.Hash!.Value;
            if (_known is null || (hash != _known && block.Header.ParentHash != _known))
            {
                if (await GenesisAsync(client, token).ConfigureAwait(false) != genesis)
                {
                    throw new ChainReplacedException($"Chain {arena.Chain} is another one than before: its first block is not {genesis}.");
                }
            }

            _known = hash;
            var first = block.NewReads();
            var total = first.Call(arena.Address, arena.Abi.Function("totalRounds"));
            var owed = first.Call(arena.Address, arena.Abi.Function("owedTo"), Account);
            await first.SendAsync(token).ConfigureAwait(false);
            var newest = (long)total.Value[0].AsInteger();
            var begin = Math.Max(after, newest - Newest) + 1;
            HashSet<long> wanted = [.. asked.Where(id => id <= newest)];
            for (var id = begin; id <= newest; id++)
            {
                wanted.Add(id);
            }

            var second = block.NewReads();
            var mine = wanted.Order().Select(id => (id, Read: second.Call(arena.Address, arena.Abi.Function("participant"), id, Account))).ToList();
            if (mine.Count > 0)
            {
                await second.SendAsync(token).ConfigureAwait(false);
            }

            var seated = mine.Select(entry => (entry.id, State: ArenaContract.Participant(entry.Read.Value[0].AsList()))).Where(entry => entry.State.Seat != Seat.None).ToDictionary(entry => entry.id, entry => entry.State);
            var state = await arena.ReadAsync(block, seated.Keys, token).ConfigureAwait(false);
            var sight = new AgentSight(state, seated, new Wei(owed.Value[0].AsInteger()));
            _last = (hash, after, asked, sight);
            return sight;
        },
        cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<Address, ParticipantState>> StudentsAsync(RoundState round, CancellationToken cancellation) =>
        PinnedBlock.ReadAsync(client, (block, token) => arena.ParticipantsAsync(block, round.Id, round.Students, token), cancellation);

    /// <inheritdoc/>
    public async Task<SignedAct> SignAsync(ArenaAct act, CancellationToken cancellation)
    {
        var intent = new TransactionIntent { From = Account, To = arena.Address, Data = act.Encode(arena, Account), Abi = arena.Errors };
        var prepared = await _sender.PrepareAsync(intent, cancellation).ConfigureAwait(false);
        var signed = await _sender.SignAsync(prepared, signer, cancellation).ConfigureAwait(false);
        return new SignedAct(act.Key, signed.Hash, signed.Raw.ToArray());
    }

    /// <inheritdoc/>
    public async Task SendAsync(SignedAct act, CancellationToken cancellation) =>
        (await _sender.BroadcastAsync(SignedTransaction.Parse(act.Raw), cancellationToken: cancellation).ConfigureAwait(false)).EnsureAccepted();

    /// <inheritdoc/>
    public async Task<ActFate> FateAsync(SignedAct act, CancellationToken cancellation)
    {
        // To send again is for the agent alone, which knows whether the arena is paused.
        var options = new WaitOptions { Deadline = Patience, PollInterval = TimeSpan.FromMilliseconds(200), Rebroadcast = false };
        return await _sender.WaitAsync(SignedTransaction.Parse(act.Raw), options, cancellation).ConfigureAwait(false) switch
        {
            TransactionConfirmed { Receipt: var receipt } => new ActFate(
                receipt.Succeeded ? ActEnd.Succeeded : ActEnd.Reverted,
                receipt.BlockNumber,
                string.Create(CultureInfo.InvariantCulture, $"transaction {act.Hash} in block {receipt.BlockNumber}, {receipt.GasUsed} gas")),
            TransactionReplaced replaced => new ActFate(ActEnd.Replaced, null, $"nonce {replaced.Nonce} was used by {replaced.By?.ToString() ?? "another transaction"}"),
            TransactionUndecided undecided => new ActFate(undecided.IsKnown ? ActEnd.Waiting : ActEnd.Unsent, null, undecided.Why),
            var other => throw new InvalidOperationException($"{other.GetType().Name} is no outcome."),
        };
    }
}
