using System.Security.Cryptography;
using AgiJobs.Hgm.Laws;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Evolution;

namespace AgiJobs.Steering.Guardrails;

/// <summary>What the laws and the engine are known to answer. An answer that has changed is either a defect or a new version of the science, and somebody has to say which.</summary>
public sealed record KnownAnswers
{
    /// <summary>The answers of this version. Of the thermostat: the published vectors with defaults, from α 0.5 and prior 1 (agi-jobs-v2-services, 10.2).</summary>
    public static KnownAnswers Recorded { get; } = new()
    {
        Thermostat =
        [
            new("40 x 1.0", [.. Enumerable.Repeat(1.0m, 40)], [new(12, 0.55m, 1.1m), new(17, 0.60m, 1.2m), new(22, 0.65m, 1.3m), new(27, 0.70m, 1.4m), new(32, 0.75m, 1.5m), new(37, 0.80m, 1.6m)]),
            new("40 x 3.0", [.. Enumerable.Repeat(3.0m, 40)], [new(12, 0.45m, 0.9m), new(17, 0.40m, 0.8m), new(22, 0.35m, 0.7m), new(27, 0.30m, 0.6m), new(32, 0.25m, 0.5m), new(37, 0.25m, 0.4m)]),
            new("12 x 1.0, 20 x 2.0", [.. Enumerable.Repeat(1.0m, 12), .. Enumerable.Repeat(2.0m, 20)], [new(12, 0.55m, 1.1m), new(17, 0.60m, 1.2m)]),
            new("12 x 1.8, on the lower edge", [.. Enumerable.Repeat(1.8m, 12)], []),
            new("12 x 2.3, on the upper edge", [.. Enumerable.Repeat(2.3m, 12)], []),
        ],
        Run = "417c2dd1c54373943d2d5b5a4ff12e5cb683459fa6c597587745d3c7ec7f606d",
    };

    /// <summary>The run whose events are known.</summary>
    public static RunSettings RunSettings { get; } = new() { Seed = 20260101, Tasks = 20, Evaluations = 120, Concurrency = 6 };

    /// <summary>Its sentinel, strict enough to intervene.</summary>
    public static SentinelSet Sentinel { get; } = new(new SentinelSettings { RoiFloor = 3.4m, MinimumEvidence = 20, RollingWindow = 20, FailureStreak = 4 }, "known answers");

    /// <summary>Samples of ROI and the moves that they lead to.</summary>
    public required IReadOnlyList<KnownMoves> Thermostat { get; init; }

    /// <summary>SHA-256 of the events of <see cref="RunSettings"/> as they are kept, each with a line feed after it, in lower-case hex.</summary>
    public required string Run { get; init; }

    /// <summary>Asks the thermostat's law for its known answers.</summary>
    public Guardrail AskThermostat()
    {
        foreach (var known in Thermostat)
        {
            var moves = new List<KnownMove>();
            var state = new ThermostatState(0.5m, 1.0m);
            foreach (var (roi, place) in known.Samples.Select((roi, place) => (roi, place + 1)))
            {
                var reading = ThermostatLaw.Observe(new ThermostatSettings(), state, new RoiSample(null, roi));
                state = reading.State;
                if (reading.Adjustment is { } move)
                {
                    moves.Add(new KnownMove(place, move.Alpha, move.Prior));
                }
            }

            if (!moves.SequenceEqual(known.Moves))
            {
                return new Guardrail("regression-thermostat", GuardrailVerdict.Missed, $"{known.Name}: moves {Words(moves)}", $"moves {Words(known.Moves)}", "The thermostat's law answers otherwise than it did: find out why before anything is steered.");
            }
        }

        return new Guardrail("regression-thermostat", GuardrailVerdict.Held, $"{Thermostat.Count} known series lead to their moves", "the published moves", "");

        static string Words(IReadOnlyList<KnownMove> moves) => moves.Count == 0 ? "none" : string.Join("; ", moves.Select(move => FormattableString.Invariant($"{move.Sample}: {move.Alpha}, {move.Prior}")));
    }

    /// <summary>Grows the known run with one worker and with three, and compares its events with those on record.</summary>
    public async Task<Guardrail> AskEngineAsync(CancellationToken cancellation)
    {
        foreach (var workers in (int[])[1, 3])
        {
            var digest = await DigestAsync(workers, cancellation).ConfigureAwait(false);
            if (!string.Equals(digest, Run, StringComparison.Ordinal))
            {
                return new Guardrail("regression-engine", GuardrailVerdict.Missed, $"the events of the known run with {workers} workers have the digest {digest}", Run, "The engine decides otherwise than it did: runs of other versions cannot be compared or resumed until somebody says why.");
            }
        }

        return new Guardrail("regression-engine", GuardrailVerdict.Held, "the known run is the same to the byte with 1 and 3 workers", "the recorded digest", "");
    }

    private static async Task<string> DigestAsync(int workers, CancellationToken cancellation)
    {
        var store = new MemoryRunStore();
        await RunSteering.BeginAsync(store, "known", EvolutionWorld.Begin(RunSettings), Sentinel, cancellation).ConfigureAwait(false);
        await new RunDriver(store, EvolutionWorld.For(RunSettings, store), workers).DriveAsync("known", EvolutionWorld.Begin(RunSettings), cancellation).ConfigureAwait(false);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var happened in await store.ReadAsync("known", 0, cancellation).ConfigureAwait(false))
        {
            hash.AppendData(RunEventJson.Write(happened));
            hash.AppendData("\n"u8);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}

/// <summary>Samples of ROI and the moves that they are known to lead to.</summary>
/// <param name="Name">In words.</param>
/// <param name="Samples">The samples.</param>
/// <param name="Moves">The moves.</param>
public sealed record KnownMoves(string Name, IReadOnlyList<decimal> Samples, IReadOnlyList<KnownMove> Moves);

/// <summary>A move of the thermostat.</summary>
/// <param name="Sample">At which sample, counted from 1.</param>
/// <param name="Alpha">α from there on.</param>
/// <param name="Prior">The prior from there on.</param>
public sealed record KnownMove(int Sample, decimal Alpha, decimal Prior);
