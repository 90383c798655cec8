using System.Globalization;
using AgiJobs.Arena.Rounds;
using AgiJobs.Arena.Scoreboard;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Arena.Standings;

/// <summary>The slashes of validators that the arena's events tell: for silence by the contract itself, for misconduct by a report.</summary>
public static class SlashLog
{
    /// <summary>The rounds that ended within a range of blocks, in the order of the chain.</summary>
    /// <exception cref="EthereumException">What could not be read.</exception>
    public static async Task<IReadOnlyList<long>> EndedAsync(EthereumClient client, ArenaContract arena, BlockNumber from, BlockNumber to, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(arena);
        var logs = await client.LogsAsync(
            new LogFilter { From = BlockReference.At(from), To = BlockReference.At(to), Addresses = [arena.Address], Topics = [[.. ((string[])["RoundFinalised", "RoundVoided"]).Select(name => arena.Abi.Event(name).Topic0!.Value)]] }, cancellation).ConfigureAwait(false);
        return [.. logs.Select(log => (long)log.Topics[1].ToUnsigned()).Distinct()];
    }

    /// <summary>Reads the slashes within a range of blocks, in the order of the chain.</summary>
    /// <exception cref="EthereumException">What could not be read.</exception>
    public static async Task<IReadOnlyList<SlashRecord>> ReadAsync(EthereumClient client, ArenaContract arena, BlockNumber from, BlockNumber to, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(arena);
        var silence = arena.Abi.Event("ValidatorPenalised");
        var misconduct = arena.Abi.Event("ValidatorMisconduct");
        var logs = await client.LogsAsync(
            new LogFilter { From = BlockReference.At(from), To = BlockReference.At(to), Addresses = [arena.Address], Topics = [[silence.Topic0!.Value, misconduct.Topic0!.Value]] }, cancellation).ConfigureAwait(false);
        if (logs.Count == 0)
        {
            return [];
        }

        var batch = client.NewBatch();
        var headers = logs.Select(log => log.BlockNumber!.Value).Distinct().ToDictionary(block => block, block => batch.Add(EthRequests.Block(BlockReference.At(block))));
        await batch.SendAsync(cancellation).ConfigureAwait(false);
        return [.. logs.Select(log => Read(log, headers[log.BlockNumber!.Value].Value?.Timestamp ?? throw new EthereumException("block-unknown", Fault.Unknown, $"The node gives a log of block {log.BlockNumber} and not the block.")))];

        SlashRecord Read(LogEntry log, DateTimeOffset at)
        {
            var isSilence = log.Topics[0] == silence.Topic0;
            var told = (isSilence ? silence : misconduct).Decode([.. log.Topics], log.Data.Span);
            return new SlashRecord(
                string.Create(CultureInfo.InvariantCulture, $"{log.TransactionHash}/{log.LogIndex}"),
                at,
                told["validator"].AsAddress(),
                told["reason"].AsText(),
                $"{new Wei(told[isSilence ? "slashed" : "amount"].AsInteger()).ToEther()} AGIALPHA",
                (long)told["roundId"].AsInteger());
        }
    }
}
