using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Runs;

namespace AgiJobs.Steering.Work;

/// <summary>
/// An operation of a run as it is carried to another process: everything that the work follows from, and nothing else. The same operation of the same run has the same bytes whenever it is sent, so that their
/// digest names it: a result is for exactly one item. The format is JSON, version 1, one object.
/// </summary>
public sealed record WorkItem
{
    /// <summary>The network whose run it is.</summary>
    public required string Network { get; init; }

    /// <summary>The run's world.</summary>
    public required string World { get; init; }

    /// <summary>The digest of the world's definition; null where it has none.</summary>
    public string? WorldDigest { get; init; }

    /// <summary>The run's seed, from which its tasks come.</summary>
    public required ulong RunSeed { get; init; }

    /// <summary>How many tasks the run has.</summary>
    public required int Tasks { get; init; }

    /// <summary>The expansion; null when it is an evaluation.</summary>
    public ExpansionWork? Expansion { get; init; }

    /// <summary>Another agent of which an expansion may take parts.</summary>
    public string? Mate { get; init; }

    /// <summary>The evaluation; null when it is an expansion.</summary>
    public EvaluationWork? Evaluation { get; init; }

    /// <summary>The run's name.</summary>
    public string Run => Expansion?.Run ?? Evaluation!.Run;

    /// <summary>The operation's number in the run.</summary>
    public int Operation => Expansion?.Operation ?? Evaluation!.Operation;

    /// <summary>The item's bytes.</summary>
    public byte[] Write()
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteNumber("version", WorkJson.Version);
            writer.WriteString("kind", Expansion is null ? "evaluate" : "expand");
            writer.WriteString("network", Network);
            writer.WriteString("run", Run);
            writer.WriteNumber("operation", Operation);
            writer.WriteString("world", World);
            writer.WriteOptional("worldDigest", WorldDigest);
            writer.WriteString("runSeed", RunSeed.ToString(CultureInfo.InvariantCulture));
            writer.WriteNumber("tasks", Tasks);
            writer.WriteString("seed", (Expansion?.Seed ?? Evaluation!.Seed).ToString(CultureInfo.InvariantCulture));
            writer.WriteNumber("agent", Expansion?.Parent ?? Evaluation!.Agent);
            writer.WriteOptional("artifact", Expansion is null ? Evaluation!.Artifact : Expansion.Artifact);
            writer.WriteOptional("mate", Mate);
            if (Evaluation is { } evaluation)
            {
                writer.WriteNumber("task", evaluation.Task);
            }

            writer.WriteString("reserved", (Expansion?.Reserved ?? Evaluation!.Reserved).ToString());
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>What names an item: SHA-256 of its bytes in small hexadecimal digits.</summary>
    public static string DigestOf(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>Reads what <see cref="Write"/> wrote; false with the reason for everything else.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out WorkItem? item, [NotNullWhen(false)] out string? fault)
    {
        item = null;
        if (!WorkJson.TryOpen(bytes, out var document, out var fields, out fault))
        {
            return false;
        }

        using var closing = document;
        var (kind, run, operation) = (fields.Text("kind"), fields.Text("run"), fields.Number("operation"));
        var read = new WorkItem
        {
            Network = fields.Text("network"),
            World = fields.Text("world"),
            WorldDigest = fields.TextOrNothing("worldDigest"),
            RunSeed = fields.Large("runSeed"),
            Tasks = fields.Number("tasks"),
            Mate = fields.TextOrNothing("mate"),
        };
        var (seed, agent, artifact) = (fields.Large("seed"), fields.Number("agent"), fields.TextOrNothing("artifact"));
        var reserved = fields.MoneyOrNothing("reserved") ?? fields.Wrong("reserved", "is missing", Amount.Zero);
        read = kind switch
        {
            "expand" => read with { Expansion = new ExpansionWork(run, operation, seed, agent, artifact, reserved) },
            "evaluate" => read with { Evaluation = new EvaluationWork(run, operation, seed, agent, artifact, fields.Number("task"), reserved) },
            _ => fields.Wrong("kind", "is neither expand nor evaluate", read),
        };
        if (read.Tasks is < 1 or > 1_000_000 || read.Evaluation is { } evaluation && (uint)evaluation.Task >= (uint)read.Tasks)
        {
            fields.Wrong("task", "is none of the run's", 0);
        }

        fault = fields.End();
        item = fault is null ? read : null;
        return item is not null;
    }
}
