using System.Globalization;
using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Response.Detectors;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Watching;

namespace AgiJobs.Response.Tests.Watching;

/// <summary>Finds every log, and a storm where the last three blocks have five or more: a rule with a memory.</summary>
internal sealed class CountingSet(int confirmations, string rules = "first", params string[] parts) : IDetectorSet
{
    public IReadOnlyDictionary<string, Bytes32> Parts { get; } = parts.ToDictionary(part => part, part => Keccak256.Hash(part), StringComparer.Ordinal);

    public int Confirmations => confirmations;

    public Bytes32 Digest { get; } = Keccak256.Hash(System.Text.Encoding.UTF8.GetBytes(rules));

    public BlockNeeds Needs { get; } = new(null, null, false, []);

    public IDetectorMemory Begin() => new Window([]);

    public IDetectorMemory Read(string encoded)
    {
        using var json = JsonDocument.Parse(encoded);
        return json.RootElement.GetProperty("rules").GetString() == Digest.ToString()
            ? new Window([.. json.RootElement.GetProperty("counts").EnumerateArray().Select(count => count.GetInt32())], Digest)
            : throw new ControlException("memory-format", ExitCode.BadInput, "other rules", "none");
    }

    public Examination Examine(IDetectorMemory memory, WatchedBlock block, StateAnswers answers)
    {
        var window = new Window([.. ((Window)memory).Counts.TakeLast(2), block.Logs.Count], Digest);
        var findings = block.Logs.Select(log => Finding("log", block, (int)log.LogIndex!.Value)).ToList();
        if (window.Counts.Sum() >= 5)
        {
            findings.Add(Finding("storm", block, null));
        }

        return new Examination(window, findings);
    }

    private Finding Finding(string rule, WatchedBlock block, int? log) => new()
    {
        Id = string.Create(CultureInfo.InvariantCulture, $"test/{rule}/{confirmations}/{block.Header.Number}/{block.Header.Hash}/{log}"),
        Fingerprint = $"test/{rule}",
        Kind = FindingKind.Firing,
        Rule = rule,
        RuleSet = Digest,
        Source = "monitor",
        Network = "test",
        Severity = Severity.Sev2,
        Title = rule,
        Place = new ChainPlace(block.Header.Number, block.Header.Hash!.Value, block.Header.Timestamp, null, log),
    };

    private sealed record Window(int[] Counts, Bytes32 Rules = default) : IDetectorMemory
    {
        public string Encode() => $$"""{"rules":"{{Rules}}","counts":[{{string.Join(',', Counts)}}]}""";
    }
}
