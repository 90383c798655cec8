using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Ethereum;

namespace AgiJobs.Response.Detectors;

/// <summary>What a <see cref="DetectorSet"/> remembers: the states of its detectors that remember anything, by their keys.</summary>
/// <param name="digest">The digest of the rules.</param>
/// <param name="confirmations">The depth.</param>
/// <param name="parts">The digest of each detector by its key; null where detectors come and go by themselves.</param>
/// <param name="states">The states.</param>
internal sealed class DetectorMemory(Bytes32 digest, int confirmations, IReadOnlyDictionary<string, Bytes32>? parts, ImmutableSortedDictionary<string, DetectorState> states) : IDetectorMemory
{
    private static readonly JsonWriterOptions Written = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public Bytes32 Digest => digest;

    public int Confirmations => confirmations;

    public ImmutableSortedDictionary<string, DetectorState> States => states;

    public string Encode()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Written))
        {
            writer.WriteStartObject();
            writer.WriteNumber("version", 1);
            writer.WriteString("rules", digest.ToString());
            writer.WriteNumber("confirmations", confirmations);
            writer.WriteStartObject("detectors");
            foreach (var (key, state) in states)
            {
                writer.WriteStartObject(key);
                if (parts is not null)
                {
                    writer.WriteString("digest", parts[key].ToString());
                }

                writer.WriteStartObject("facts");
                foreach (var (name, value) in state.Facts)
                {
                    writer.WriteString(name, value);
                }

                writer.WriteEndObject();
                writer.WriteStartArray("marks");
                foreach (var mark in state.Marks)
                {
                    writer.WriteStartArray();
                    writer.WriteNumberValue(mark.Block);
                    writer.WriteNumberValue(mark.Seconds);
                    writer.WriteStringValue(mark.Key);
                    writer.WriteStringValue(mark.Value);
                    writer.WriteEndArray();
                }

                writer.WriteEndArray();
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Reads what <see cref="Encode"/> wrote.</summary>
    /// <param name="encoded">The memory.</param>
    /// <param name="digest">The digest of the rules.</param>
    /// <param name="confirmations">The depth.</param>
    /// <param name="parts">The digest of each detector by its key; null to take the memory of any.</param>
    /// <param name="lost">Gets the detectors that are not as they were; null to take a memory of these very rules only.</param>
    /// <exception cref="ControlException"><c>memory-format</c>.</exception>
    public static DetectorMemory Read(string encoded, Bytes32 digest, int confirmations, IReadOnlyDictionary<string, Bytes32>? parts, ICollection<string>? lost)
    {
        ArgumentNullException.ThrowIfNull(encoded);
        try
        {
            using var document = JsonDocument.Parse(encoded, new JsonDocumentOptions { AllowDuplicateProperties = false });
            var root = document.RootElement;
            if (root.GetProperty("version").GetInt32() != 1)
            {
                throw Wrong("its version is unknown", null);
            }

            if ((lost is null && !string.Equals(root.GetProperty("rules").GetString(), digest.ToString(), StringComparison.Ordinal)) || root.GetProperty("confirmations").GetInt32() != confirmations)
            {
                throw Wrong("it is of other rules", null);
            }

            var states = ImmutableSortedDictionary.CreateBuilder<string, DetectorState>(StringComparer.Ordinal);
            foreach (var detector in root.GetProperty("detectors").EnumerateObject())
            {
                Bytes32 part = default;
                if (parts?.TryGetValue(detector.Name, out part) is false)
                {
                    // A rule that is watched no more, or at another depth.
                    _ = lost ?? throw Wrong($"there is no rule '{detector.Name}'", null);
                    continue;
                }

                if (parts is not null && (!detector.Value.TryGetProperty("digest", out var was) || !string.Equals(was.GetString(), part.ToString(), StringComparison.Ordinal)))
                {
                    (lost ?? throw Wrong($"the rule '{detector.Name}' was another", null)).Add(detector.Name);
                    continue;
                }

                states.Add(detector.Name, new DetectorState(
                    detector.Value.GetProperty("facts").EnumerateObject().ToImmutableSortedDictionary(fact => fact.Name, fact => fact.Value.GetString() ?? throw Wrong("a fact is null", null), StringComparer.Ordinal),
                    [.. detector.Value.GetProperty("marks").EnumerateArray().Select(mark => new Mark(mark[0].GetUInt64(), mark[1].GetInt64(), mark[2].GetString()!, mark[3].GetString()!))]));
            }

            return new DetectorMemory(digest, confirmations, parts, states.ToImmutable());
        }
        catch (Exception problem) when (problem is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or IndexOutOfRangeException or ArgumentException)
        {
            throw Wrong(problem.Message, problem);
        }
    }

    private static ControlException Wrong(string why, Exception? inner) =>
        new("memory-format", ExitCode.Mismatch, $"What the detectors remembered cannot be gone on from: {why}.", "Examine the chain anew from a block before the windows of the rules.", inner);
}
