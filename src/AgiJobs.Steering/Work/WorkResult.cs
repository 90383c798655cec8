using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Runs;

namespace AgiJobs.Steering.Work;

/// <summary>What became of a <see cref="WorkItem"/>. It says again whose it is; the item's digest decides, and the rest must agree with it. JSON, version 1, one object.</summary>
public sealed record WorkResult
{
    /// <summary>The digest of the item's bytes.</summary>
    public required string Item { get; init; }

    /// <summary>The network.</summary>
    public required string Network { get; init; }

    /// <summary>The run.</summary>
    public required string Run { get; init; }

    /// <summary>The operation.</summary>
    public required int Operation { get; init; }

    /// <summary>How an expansion ended; null when it is of an evaluation.</summary>
    public ExpansionOutcome? Expansion { get; init; }

    /// <summary>How an evaluation ended; null when it is of an expansion.</summary>
    public EvaluationOutcome? Evaluation { get; init; }

    /// <summary>The result's bytes.</summary>
    public byte[] Write()
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteNumber("version", WorkJson.Version);
            writer.WriteString("kind", Expansion is null ? "evaluate" : "expand");
            writer.WriteString("item", Item);
            writer.WriteString("network", Network);
            writer.WriteString("run", Run);
            writer.WriteNumber("operation", Operation);
            writer.WriteOptional("fault", Expansion is null ? Evaluation!.Fault : Expansion.Fault);
            writer.WriteOptional("artifact", Expansion?.Artifact);
            if (Evaluation?.Passed is { } passed)
            {
                writer.WriteBoolean("passed", passed);
            }

            writer.WriteString("cost", (Expansion?.Cost ?? Evaluation!.Cost).ToString());
            writer.WriteOptional("value", Evaluation?.Value.ToString());
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads what <see cref="Write"/> wrote; false with the reason for everything else.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> bytes, [NotNullWhen(true)] out WorkResult? result, [NotNullWhen(false)] out string? fault)
    {
        result = null;
        if (!WorkJson.TryOpen(bytes, out var document, out var fields, out fault))
        {
            return false;
        }

        using var closing = document;
        var kind = fields.Text("kind");
        var read = new WorkResult { Item = fields.Text("item"), Network = fields.Text("network"), Run = fields.Text("run"), Operation = fields.Number("operation") };
        var (failure, cost) = (fields.TextOrNothing("fault"), fields.MoneyOrNothing("cost") ?? fields.Wrong("cost", "is missing", Amount.Zero));
        read = kind switch
        {
            "expand" => read with { Expansion = new ExpansionOutcome(failure, fields.TextOrNothing("artifact"), cost) },
            "evaluate" => read with { Evaluation = new EvaluationOutcome(fields.TruthOrNothing("passed"), failure, cost, fields.MoneyOrNothing("value") ?? fields.Wrong("value", "is missing", Amount.Zero)) },
            _ => fields.Wrong("kind", "is neither expand nor evaluate", read),
        };
        fault = fields.End();
        result = fault is null ? read : null;
        return result is not null;
    }
}
