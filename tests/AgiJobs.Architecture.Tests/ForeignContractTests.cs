using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace AgiJobs.Architecture.Tests;

/// <summary>The program operates the samples from their descriptions alone.</summary>
public sealed class ForeignContractTests
{
    [Fact]
    public void No_source_names_the_samples_or_a_contract_that_only_they_have()
    {
        var own = Modules(Path.Combine(Repository.Root, "config", "protocol", "agi-jobs.json"));
        var foreign = Directory.EnumerateFiles(Path.Combine(Repository.Root, "samples"), "*.json", SearchOption.AllDirectories)
            .Where(path => !path.Contains("/abi/", StringComparison.Ordinal)).SelectMany(Modules).Except(own, StringComparer.Ordinal).ToList();
        Assert.Contains("Vault", foreign);
        Assert.Contains("RewardEngineMB", foreign);
        // Documentation comments are no code, and "openzeppelin.storage.X" are places that the library's contracts use by ERC-7201 whoever deploys them.
        var named = new Regex($"\"(({string.Join('|', foreign)})[\".]|(openzeppelin|agi-jobs-v2)\")", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5));
        var wrong = Repository.Sources("src").SelectMany(path => File.ReadLines(path).Where(line => !line.TrimStart().StartsWith("///", StringComparison.Ordinal) && named.IsMatch(line)).Select(line => $"{Path.GetFileName(path)}: {line.Trim()}"));
        Assert.Empty(wrong);
    }

    private static IEnumerable<string> Modules(string path) => JsonNode.Parse(File.ReadAllText(path))!["modules"]!.AsArray().Select(module => (string)module!["name"]!);
}
