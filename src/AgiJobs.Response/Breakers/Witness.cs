using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using AgiJobs.Control.Evidence.Log;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Response.Findings;
using AgiJobs.Storage;

namespace AgiJobs.Response.Breakers;

/// <summary>
/// A monitor's testimony: for each finding of a rule that stops or offers to, a signed document that says so, to be committed together with the finding. A retraction takes it back. Safe for use by several threads.
/// </summary>
/// <param name="breakers">The network's breakers.</param>
/// <param name="monitor">The monitor's name.</param>
/// <param name="network">The network's name.</param>
/// <param name="chain">Its chain.</param>
/// <param name="sign">Signs a text with the monitor's key.</param>
public sealed class Witness(BreakersFile breakers, string monitor, string network, ChainId chain, Func<string, SignedNote> sign)
{
    /// <summary>Where testimony is kept: a document for each finding and monitor, whose keys begin with the block's number.</summary>
    public static string Collection(string network) => $"response/{network}/testimony";

    /// <summary>The writes of findings; none for those of other rules.</summary>
    /// <param name="findings">What the monitor found.</param>
    /// <param name="now">The time.</param>
    public IReadOnlyList<DocumentWrite> Of(IReadOnlyList<Finding> findings, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(findings);
        var writes = new List<DocumentWrite>();
        foreach (var finding in findings)
        {
            if (finding.Place is not { } place || finding.Kind == FindingKind.Resolved || !breakers.Breakers.Any(breaker => string.Equals(breaker.Rule, finding.Rule, StringComparison.Ordinal)))
            {
                continue;
            }

            writes.Add(new DocumentWrite(Collection(network), KeyOf(place.Block, Testimony.OccurrenceOf(finding.Fingerprint, place), monitor), finding.Kind == FindingKind.Retracted ? null : Encode(sign(Statement(finding, place, now).Text()))));
        }

        return writes;
    }

    internal static string KeyOf(BlockNumber block, string occurrence, string monitor) => string.Create(CultureInfo.InvariantCulture, $"{block.Value:D12}/{occurrence}/{monitor}");

    // The store keeps JSON; the note is one string of it.
    internal static string Encode(SignedNote note)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("note", Encoding.UTF8.GetString(note.ToBytes()));
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    internal static string? Decode(string data)
    {
        try
        {
            using var document = JsonDocument.Parse(data);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("note", out var note) ? note.GetString() : null;
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private Testimony Statement(Finding finding, ChainPlace place, DateTimeOffset now) => new()
    {
        Version = 1,
        Monitor = monitor,
        Network = network,
        ChainId = chain,
        Occurrence = Testimony.OccurrenceOf(finding.Fingerprint, place),
        Fingerprint = finding.Fingerprint,
        Rule = finding.Rule,
        RuleSet = finding.RuleSet ?? default,
        Title = finding.Title,
        Block = (long)place.Block.Value,
        Hash = place.Hash,
        BlockTime = place.Time,
        Transaction = place.Transaction,
        SeenAt = now,
    };
}
