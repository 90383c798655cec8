using System.Text.Json;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Drift;

/// <summary>One difference.</summary>
/// <param name="Risk">How much it can do.</param>
/// <param name="Kind">What it is about.</param>
/// <param name="Subject">Its name.</param>
/// <param name="From">What it is; <c>unknown</c> when that could not be read.</param>
/// <param name="To">What it would be; null when nothing says so.</param>
/// <param name="Mend">The command; null for what a change does.</param>
public sealed record DiffRow(Risk Risk, DriftKind Kind, string Subject, string From, string? To, string? Mend);

/// <summary>
/// Differences ranked by risk, with a fingerprint over network, chain and rows and nothing else: the same state has the same fingerprint on every machine. Immutable.
/// </summary>
public sealed record RankedDiff
{
    private RankedDiff(string network, ChainId chain, IEnumerable<DiffRow> rows)
    {
        Network = network;
        ChainId = chain;
        Rows = [.. rows.OrderByDescending(row => row.Risk).ThenBy(row => row.Subject, StringComparer.Ordinal).ThenBy(row => row.Kind).ThenBy(row => row.From, StringComparer.Ordinal).ThenBy(row => row.To, StringComparer.Ordinal)];
        Fingerprint = CanonicalJson.Digest(Bytes());
    }

    /// <summary>The network.</summary>
    public string Network { get; }

    /// <summary>The chain.</summary>
    public ChainId ChainId { get; }

    /// <summary>The differences: red, then amber, then green.</summary>
    public IReadOnlyList<DiffRow> Rows { get; }

    /// <summary>SHA-256 of the canonical JSON (RFC 8785) of network, chain and rows.</summary>
    public Bytes32 Fingerprint { get; }

    /// <summary>What mending the drift would change.</summary>
    public static RankedDiff Of(DriftReport drift) => new(drift.Network, drift.State.ChainId, drift.Open.Select(item => new DiffRow(item.Risk, item.Kind, item.Subject, item.Is ?? "unknown", item.Wanted ?? item.Executed, item.Mend)));

    /// <summary>What a change changes, from what it was planned on to what it expects, named as the description names it.</summary>
    public static RankedDiff Of(ChangeDocument change, Protocol protocol)
    {
        var views = ProtocolView.Of(protocol);
        var rows = new List<DiffRow>();
        var told = new HashSet<Address>();
        foreach (var expected in change.Expected)
        {
            var before = change.Preconditions.FirstOrDefault(other => other.Target == expected.Target && (other.CodeHash is null) == (expected.CodeHash is null) && other.Call.AsSpan().SequenceEqual(expected.Call));
            var named = views.Where(view => view.IsOf(expected.Target, expected.Call)).ToList();
            rows.AddRange(named.Select(view => new DiffRow(view.Risk, view.Kind, view.Subject, Say(view, before) ?? "not recorded", Say(view, expected) ?? expected.Subject, null)));
            if (named.Count == 0)
            {
                rows.Add(new DiffRow(change.Risk, DriftKind.Call, expected.Subject, before is null ? "not recorded" : Raw(before), Raw(expected), null));
            }

            told.Add(expected.Target);
        }

        rows.AddRange(change.Steps.Where(step => !told.Contains(step.Target)).Select(step => new DiffRow(change.Risk, DriftKind.Call, $"{step.Module}.{step.Function}", "not recorded", step.Purpose ?? string.Join(", ", step.Arguments), null)));
        return new RankedDiff(change.Network, change.ChainId, rows.Where(row => !string.Equals(row.From, row.To, StringComparison.Ordinal)));
    }

    private static string? Say(ProtocolView view, Expectation? expectation)
    {
        try
        {
            return expectation is null ? null : expectation.CodeHash is { } hash ? hash.ToString() : view.Text(expectation.Result ?? []);
        }
        catch (EthereumException)
        {
            return null;
        }
    }

    private static string Raw(Expectation expectation) => expectation.CodeHash?.ToString() ?? Hex.Encode(expectation.Result ?? []);

    private byte[] Bytes()
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("network", Network);
            writer.WriteNumber("chainId", ChainId.Value);
            WriteRows(writer);
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }

    /// <summary>Writes the rows as the member <c>rows</c>.</summary>
    public void WriteRows(Utf8JsonWriter writer)
    {
        writer.WriteStartArray("rows");
        foreach (var row in Rows)
        {
            writer.WriteStartObject();
            writer.WriteString("risk", row.Risk.Name());
            writer.WriteString("kind", row.Kind.Name());
            writer.WriteString("subject", row.Subject);
            writer.WriteString("from", row.From);
            writer.WriteString("to", row.To);
            writer.WriteString("mend", row.Mend);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
