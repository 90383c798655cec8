using System.Globalization;
using System.Numerics;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Drift;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Control.Funds;

/// <summary>
/// Watches what leaves the pools after a transaction, for as many blocks as a change says. What left is what the tokens' own events tell, so that a deposit does not hide a withdrawal; what goes from
/// one pool to another has not left. The window begins with the transaction's own block, so the same blocks give the same answer however often it is asked.
/// </summary>
/// <param name="client">The chain.</param>
/// <param name="protocol">The protocol.</param>
/// <param name="time">The clock of waiting.</param>
public sealed class PoolWatch(EthereumClient client, Protocol protocol, TimeProvider time)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);

    /// <summary>How long blocks are waited for.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Hears how it goes.</summary>
    public Action<string> OnProgress { get; init; } = _ => { };

    /// <summary>Returns when the window is over and no more left than may.</summary>
    /// <param name="change">The change, whose <see cref="ChangeDocument.Watch"/> says how long and how much.</param>
    /// <param name="since">The block of the transaction.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <exception cref="ControlException">
    /// <c>outflow-exceeded</c> (exit 3) as soon as more left; <c>watch-waiting</c> (exit 3) when the blocks are not there yet; <c>outflow-unknown</c> (exit 5) when it cannot be read.
    /// </exception>
    /// <exception cref="EthereumException"><c>rpc-wrong-chain</c>.</exception>
    public async Task RequireAsync(FiledChange change, BlockNumber since, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(change);
        var terms = change.Document.Watch!;
        var pools = Pool.Of(protocol);
        var last = since.Value + (ulong)terms.Blocks;
        var started = time.GetTimestamp();
        for (ulong? seen = null; ;)
        {
            var head = Math.Min((await client.BlockNumberAsync(cancellation).ConfigureAwait(false)).Value, last);
            if (head >= since.Value && head != seen)
            {
                seen = head;
                await LookAsync(change, terms, pools, since.Value, head, cancellation).ConfigureAwait(false);
            }

            if (head >= last)
            {
                return;
            }

            if (time.GetElapsedTime(started) >= Patience)
            {
                throw new ControlException(
                    "watch-waiting",
                    ExitCode.Findings,
                    string.Create(CultureInfo.InvariantCulture, $"The change {change.Id} waits: the pools are watched until block {last}, and the chain is at {head}. Nothing more was sent; so far no more left than may."),
                    $"Run again then: agijobs change execute {change.Id} --signer NAME --execute");
            }

            await Task.Delay(Poll, time, cancellation).ConfigureAwait(false);
        }
    }

    private async Task LookAsync(FiledChange change, PoolWatchTerms terms, IReadOnlyList<Pool> pools, ulong first, ulong last, CancellationToken cancellation)
    {
        IReadOnlyList<LogEntry> logs;
        try
        {
            logs = await new LogHistory(client).ReadAsync([.. pools.Select(pool => pool.Token.Address).Distinct()], first, last, cancellation).ConfigureAwait(false);
        }
        catch (EthereumException problem) when (problem.Code is not "rpc-wrong-chain")
        {
            throw new ControlException("outflow-unknown", ExitCode.Unknown, $"The change {change.Id} stopped: what left the pools since block {first} is unknown: {problem.Message}. Nothing more was sent.", $"Run again when the node answers, or pause again: {Again(change)}", problem);
        }

        var left = new List<(Pool Pool, BigInteger Amount)>();
        foreach (var log in logs.Where(log => log.Topics.Count == 3 && log.Topics[0] == Pool.Transfer.Topic0))
        {
            var told = Pool.Transfer.Decode([.. log.Topics], log.Data.Span);
            if (pools.FirstOrDefault(pool => pool.Token.Address == log.Address && pool.Holder.Address == told["from"].AsAddress()) is { } pool && !pools.Any(other => other.Holder.Address == told["to"].AsAddress()))
            {
                left.Add((pool, told["value"].AsInteger()));
            }
        }

        var lines = new List<string>();
        var isOver = false;
        foreach (var token in pools.GroupBy(pool => pool.Unit.Name, StringComparer.Ordinal))
        {
            var unit = token.First().Unit;
            var most = terms.MaxOutflow.Select(limit => Pool.Read(unit, limit)).FirstOrDefault(limit => limit is not null)?.AsInteger() ?? BigInteger.Zero;
            var sum = left.Where(entry => string.Equals(entry.Pool.Unit.Name, token.Key, StringComparison.Ordinal)).Aggregate(BigInteger.Zero, (total, entry) => total + entry.Amount);
            isOver |= sum > most;
            lines.Add($"{unit.Format(sum)} left of at most {unit.Format(most)}{string.Concat(left.Where(entry => string.Equals(entry.Pool.Unit.Name, token.Key, StringComparison.Ordinal)).GroupBy(entry => entry.Pool.Holder.Name, StringComparer.Ordinal).Select(group => $", {unit.Format(group.Aggregate(BigInteger.Zero, (total, entry) => total + entry.Amount))} from {group.Key}"))}");
        }

        var window = string.Create(CultureInfo.InvariantCulture, $"blocks {first} to {last}: {string.Join("; ", lines)}");
        OnProgress($"watching the pools, {window}");
        if (isOver)
        {
            throw new ControlException(
                "outflow-exceeded",
                ExitCode.Findings,
                $"The change {change.Id} stopped: more leaves the pools than may, {window}. The pools hold {await BalancesAsync(pools, cancellation).ConfigureAwait(false)}. Nothing more was sent; what was resumed runs.",
                $"Pause again: {Again(change)}. When it was no drain, plan the rest with a higher --max-outflow for another --instance.");
        }
    }

    // What they hold now is good to know and decides nothing.
    private async Task<string> BalancesAsync(IReadOnlyList<Pool> pools, CancellationToken cancellation)
    {
        try
        {
            var reads = (await PinnedBlock.AtAsync(client, BlockReference.Latest, cancellation).ConfigureAwait(false)).NewReads();
            var asked = pools.Select(pool => (Pool: pool, Read: reads.Call(pool.Balance))).ToList();
            await reads.SendAsync(cancellation).ConfigureAwait(false);
            return string.Join(", ", asked.Select(entry => $"{(entry.Read.TryGet(out var found) ? entry.Pool.Unit.Format(found[0]) : "UNKNOWN")} in {entry.Pool.Holder.Name}"));
        }
        catch (EthereumException problem) when (problem.Code is not "rpc-wrong-chain")
        {
            return $"UNKNOWN: {problem.Message}";
        }
    }

    private static string Again(FiledChange change) => $"agijobs owner system-pause --action pause --network {change.Document.Network} --execute";
}
