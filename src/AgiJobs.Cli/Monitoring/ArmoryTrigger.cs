using AgiJobs.Cli.Owner;
using AgiJobs.Control;
using AgiJobs.Control.Changes;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Response.Breakers;

namespace AgiJobs.Cli.Monitoring;

/// <summary>Fires the best armed pause of this machine's armory, with a session of its own, so that signers, policy and armory are those of the moment. Who sends it needs gas and no right.</summary>
/// <param name="session">The network; its own terminal and connection are not used.</param>
internal sealed class ArmoryTrigger(Session session) : IPauseTrigger
{
    public async Task<StopStanding> StandingAsync(CancellationToken cancellation)
    {
        await using var own = session.Anew(session.Environment with { Out = TextWriter.Null });
        try
        {
            var state = await own.ObserveAsync(cancellation).ConfigureAwait(false);
            var paused = state.Pausable.Select(module => module.Paused).ToList();
            return new StopStanding(
                paused.Exists(reading => reading is { IsKnown: true, Value: false }) ? false : paused.TrueForAll(reading => reading is { IsKnown: true, Value: true }) ? true : null,
                (long)state.Block.Value);
        }
        catch (Exception problem) when (problem is ControlException or EthereumException or IOException)
        {
            return new StopStanding(null, null);
        }
    }

    public async Task<FiredPause> FireAsync(BreakerCase open, CancellationToken cancellation)
    {
        await using var own = session.Anew(session.Environment with { Out = TextWriter.Null });
        var (exit, change) = await ArmoryFire.RunAsync(own, null, cancellation).ConfigureAwait(false);
        if (exit != ExitCode.Clean)
        {
            own.Terminal.Progress($"the pause was sent, and ended with findings: agijobs change show {change.Id}");
        }

        var mined = Journal.Read(change.JournalPath).LastOrDefault(entry => (string?)entry["event"] is "mined" && !Journal.HasReverted(entry));
        if (mined is null)
        {
            return new FiredPause(change.Id, null, null);
        }

        var client = await own.ClientAsync(cancellation).ConfigureAwait(false);
        var receipt = await client.ReceiptAsync(Bytes32.Parse((string)mined["hash"]!), cancellation).ConfigureAwait(false);
        var header = receipt is null ? null : await client.BlockAsync(BlockReference.At(receipt.BlockHash), cancellation).ConfigureAwait(false);
        return new FiredPause(change.Id, (long?)receipt?.BlockNumber.Value, header?.Timestamp);
    }
}
