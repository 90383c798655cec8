using System.Buffers;
using System.Text;
using System.Text.Json;
using AgiJobs.Ethereum;
using AgiJobs.Storage;

namespace AgiJobs.Arena.Orchestration;

/// <summary>What the orchestrator shows of itself: document <c>status</c> of the network's views, written when something changed and with every block. Not for use by several threads.</summary>
internal sealed class OrchestratorView(IStateStore store, string collection, ChainId chain, OrchestratorOptions options, TimeProvider time)
{
    private string _shown = "";
    private OrchestratorState? _state;
    private DateTimeOffset _since;
    private ulong? _pausedIn;
    private ulong? _lastAction;

    /// <summary>Shows a look.</summary>
    /// <exception cref="StorageException">It could not be written.</exception>
    public async Task ShowAsync(Lease lease, OrchestratorTick tick, IReadOnlyList<RunRecord> open, CancellationToken cancellation)
    {
        if (tick.Arena is not { } arena)
        {
            return;
        }

        if (_state is null && await store.GetAsync(collection, "status", cancellation).ConfigureAwait(false) is { } before)
        {
            Remember(before.Data);
        }

        if (_state != tick.State)
        {
            (_state, _since) = (tick.State, time.GetUtcNow());
        }

        _pausedIn = tick.PausedIn?.Value;
        foreach (var block in open.SelectMany(run => run.Transactions.Select(transaction => transaction.Block).Append(run.Pending?.Block ?? 0)).Where(block => block > 0))
        {
            _lastAction = Math.Max(_lastAction ?? 0, block);
        }

        var shown = Write(lease, tick, open);
        if (string.Equals(shown, _shown, StringComparison.Ordinal))
        {
            return;
        }

        await store.CommitAsync(new StateCommit { Fence = lease, Documents = [new DocumentWrite(collection, "status", shown)] }, cancellation).ConfigureAwait(false);
        _shown = shown;
    }

    private void Remember(string shown)
    {
        using var document = JsonDocument.Parse(shown);
        var root = document.RootElement;
        _state = Enum.TryParse<OrchestratorState>(root.GetProperty("state").GetString(), ignoreCase: true, out var state) ? state : null;
        _since = root.GetProperty("since").GetDateTimeOffset();
        _lastAction = root.TryGetProperty("lastAction", out var action) ? action.GetUInt64() : null;
    }

    private string Write(Lease lease, OrchestratorTick tick, IReadOnlyList<RunRecord> open)
    {
        var arena = tick.Arena!;
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteNumber("version", 1);
            writer.WriteString("network", options.Network);
            writer.WriteNumber("chainId", chain.Value);
            writer.WriteString("state", tick.State.ToString().ToLowerInvariant());
            writer.WriteString("since", _since);
            if (tick.Why is { } why)
            {
                writer.WriteString("why", why);
            }

            writer.WriteNumber("block", arena.Block.Value);
            writer.WriteString("blockTime", arena.BlockTime);
            if (_pausedIn is { } paused)
            {
                writer.WriteNumber("pausedIn", paused);
            }

            if (_lastAction is { } last)
            {
                writer.WriteNumber("lastAction", last);
            }

            if (_pausedIn is { } from && _lastAction is { } action)
            {
                writer.WriteNumber("actionsAfterPause", action > from ? action - from : 0);
            }

            writer.WriteString("orchestrator", lease.Holder);
            writer.WriteNumber("fence", lease.Fence);
            writer.WriteNumber("rounds", arena.TotalRounds);
            writer.WriteNumber("difficulty", arena.Difficulty);
            writer.WriteNumber("targetSuccessRateBps", arena.TargetSuccessRateBps);
            writer.WriteStartArray("open");
            foreach (var run in open)
            {
                Write(writer, run, tick);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter writer, RunRecord run, OrchestratorTick tick)
    {
        writer.WriteStartObject();
        writer.WriteString("run", run.Id);
        writer.WriteNumber("difficulty", run.Plan.Difficulty);
        if (run.RoundId is { } id && tick.Arena!.Rounds.TryGetValue(id, out var round))
        {
            writer.WriteNumber("round", id);
            writer.WriteString("phase", round.Phase.ToString().ToLowerInvariant());
            writer.WriteNumber("secondsLeft", Math.Max(0, round.PhaseEndsAt - tick.Arena.ProtocolTime));
            writer.WriteString("teacher", round.Teacher.ToString());
            writer.WriteBoolean("task", round.TaskHash != Bytes32.Zero);
            writer.WriteNumber("students", round.Students.Count);
            writer.WriteNumber("validators", round.Validators.Count);
            writer.WriteNumber("answers", round.Answers);
            writer.WriteNumber("revealedAnswers", round.RevealedAnswers);
            writer.WriteNumber("votes", round.Votes);
            writer.WriteNumber("revealedVotes", round.RevealedVotes);
        }
        else
        {
            writer.WriteString("phase", "starting");
        }

        if (run.Pending is { } pending)
        {
            writer.WriteString("waitsFor", pending.Attempts[^1].Hash.ToString());
        }

        if (run.LastFailure is { } failure && run.Failures > 0)
        {
            writer.WriteString("failure", failure);
        }

        writer.WriteEndObject();
    }
}
