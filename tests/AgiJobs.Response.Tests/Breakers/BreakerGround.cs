using System.Security.Cryptography;
using System.Text;
using AgiJobs.Control.Evidence.Log;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Response.Breakers;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Tests.Breakers;

/// <summary>Three monitors with keys of their own, breakers for two rules, and a finding of each.</summary>
internal static class BreakerGround
{
    public const string Network = "test";

    public static readonly ChainId Chain = new(31337);
    public static readonly DateTimeOffset Start = new(2026, 11, 22, 3, 0, 0, TimeSpan.Zero);
    public static readonly Bytes32 Rules = Word("rules");

    public static Bytes32 Word(string text) => Bytes32.Parse("0x" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))));

    public static VerifierKey KeyOf(string monitor) => new(monitor, Ed25519.PublicKey(SeedOf(monitor)));

    public static BreakersFile File(int agree = 2, BreakerAction action = BreakerAction.Fire) => new()
    {
        Version = 1,
        Monitors = [.. ((string[])["east", "north", "west"]).Select(name => new BreakerMonitor { Name = name, Key = KeyOf(name).ToString() })],
        Agree = agree,
        Breakers = [new BreakerRule { Rule = "treasury-drain", Action = action }],
    };

    public static Finding Drain(string hash = "block 7", Bytes32? rules = null, FindingKind kind = FindingKind.Firing, DateTimeOffset? blockTime = null) => new()
    {
        Id = $"test/treasury-drain/{hash}",
        Fingerprint = "test/treasury-drain",
        Kind = kind,
        Rule = "treasury-drain",
        RuleSet = rules ?? Rules,
        Source = "monitor",
        Network = Network,
        Severity = Severity.Sev0,
        Title = "the treasury loses 1,000 AGIALPHA",
        Place = new ChainPlace(new BlockNumber(7), Word(hash), blockTime ?? Start),
    };

    public static Witness Witness(string monitor, BreakersFile? file = null, string? key = null, string network = Network) =>
        new(file ?? File(), monitor, network, Chain, text => Sign(key ?? monitor, text));

    public static SignedNote Sign(string monitor, string text) =>
        new(text, [new NoteSignature(KeyOf(monitor).Name, KeyOf(monitor).KeyId, Ed25519.Sign(Encoding.UTF8.GetBytes(text), SeedOf(monitor)))]);

    public static string NoteOf(string monitor, Finding finding, DateTimeOffset now, string? key = null, string network = Network) =>
        Response.Breakers.Witness.Decode(Witness(monitor, key: key, network: network).Of([finding], now).Single().Data!)!;

    private static byte[] SeedOf(string monitor) => SHA256.HashData(Encoding.UTF8.GetBytes($"seed of {monitor}"));
}
