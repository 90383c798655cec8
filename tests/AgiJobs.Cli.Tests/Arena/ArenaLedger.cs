using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;
using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Arena;

/// <summary>What the chain says of all rounds, held against the receipts that the orchestrator wrote.</summary>
internal sealed class ArenaLedger
{
    private readonly TestNetwork _devnet;
    private readonly ArenaContract _contract;
    private readonly IReadOnlyList<(string Name, LogEntry Log, AbiArguments Told)> _events;

    private ArenaLedger(TestNetwork devnet, ArenaContract contract, IReadOnlyList<LogEntry> logs)
    {
        _devnet = devnet;
        _contract = contract;
        var known = contract.Abi.Events.ToDictionary(one => one.Topic0!.Value, one => one);
        _events = [.. logs.Select(log => (known[log.Topics[0]].Name, log, known[log.Topics[0]].Decode([.. log.Topics], log.Data.Span)))];
        Rounds = RoundChronicle.Read(contract.Abi, logs);
    }

    /// <summary>The rounds by their events.</summary>
    public IReadOnlyList<RoundChronicle> Rounds { get; }

    /// <summary>The receipts.</summary>
    public IReadOnlyList<JsonObject> Receipts =>
    [
        .. Directory.EnumerateFiles(_devnet.Workspace.Locate("storage", "orchestrator", "runs")).Order(StringComparer.Ordinal)
            .Select(path => JsonNode.Parse(File.ReadAllText(path))!.AsObject()),
    ];

    public static async Task<ArenaLedger> ReadAsync(TestNetwork devnet, ArenaContract contract) =>
        new(devnet, contract, await devnet.Client.LogsAsync(new LogFilter { From = BlockReference.Earliest, To = BlockReference.Latest, Addresses = [contract.Address] }));

    /// <summary>Every round above a number was started by one run, ended once, and its receipt says what the chain says of pay and slashes; the orchestrator sent nothing that stands in no receipt.</summary>
    public async Task HoldsAsync(long after, ulong nonceBefore)
    {
        var rounds = Rounds.Where(round => round.Id > after).ToList();
        var receipts = Receipts.Where(receipt => receipt["roundId"] is not null).OrderBy(receipt => (long)receipt["roundId"]!).ToList();
        Assert.Equal(rounds.Select(round => round.Id), receipts.Select(receipt => (long)receipt["roundId"]!));
        foreach (var (round, receipt) in rounds.Zip(receipts))
        {
            Assert.Equal(1, Count("RoundStarted", round.Id));
            Assert.Equal(1, Count("RoundFinalised", round.Id) + Count("RoundVoided", round.Id));
            Assert.Equal(round.Ending.ToString().ToLowerInvariant(), (string?)receipt["outcome"]);
            Assert.Equal(Paid(round), Amounts(receipt["payouts"]!, "account"));
            Assert.Equal(Slashed(round), Amounts(receipt["slashes"]!, "validator"));
            Assert.Equal(round.People.Count(person => person.Earned > Wei.Zero), Count("RewardEarned", round.Id));
            Assert.All(Of("ValidatorPenalised", round.Id).GroupBy(one => one.Told["validator"].AsAddress()), once => Assert.Single(once));
            Assert.All(Of("ValidatorMisconduct", round.Id).GroupBy(one => (one.Told["validator"].AsAddress(), one.Told["reason"].AsText())), once => Assert.Single(once));
        }

        // What was earned and what was paid out or is still owed is one sum.
        var owed = new BigInteger(await _devnet.Client.CallAsync(new CallRequest { To = _contract.Address, Data = _contract.Abi.Function("totalOwed").Encode() }, BlockReference.Latest), isUnsigned: true, isBigEndian: true);
        Assert.Equal(Sum("RewardEarned"), Sum("RewardClaimed") + owed);

        var sent = Receipts.SelectMany(receipt => receipt["txes"]!.AsArray()).Select(transaction => (string)transaction!["hash"]!).ToList();
        Assert.Equal(sent.Count, sent.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(await _devnet.NonceAsync("orchestrator"), await _devnet.PendingNonceAsync("orchestrator"));
        Assert.Equal(await _devnet.NonceAsync("orchestrator") - nonceBefore, (ulong)sent.Count);
    }

    private static IReadOnlyList<string> Paid(RoundChronicle round) =>
        [.. round.People.Where(person => person.Earned > Wei.Zero).Select(person => $"{person.Account} {person.Earned.Value} wei").Order(StringComparer.Ordinal)];

    private static IReadOnlyList<string> Slashed(RoundChronicle round) =>
    [
        .. round.Committee.Where(person => person.Silence > Wei.Zero).Select(person => $"{person.Account} {person.Silence.Value} wei")
            .Concat(round.Slashes.Select(slash => $"{slash.Validator} {slash.Amount.Value} wei")).Order(StringComparer.Ordinal),
    ];

    private static IReadOnlyList<string> Amounts(JsonNode list, string who) =>
        [.. list.AsArray().Select(entry => string.Create(CultureInfo.InvariantCulture, $"{(string)entry![who]!} {(string)entry["amount"]!}")).Order(StringComparer.Ordinal)];

    private BigInteger Sum(string name) => _events.Where(one => one.Name == name).Aggregate(BigInteger.Zero, (sum, one) => sum + one.Told["amount"].AsInteger());

    private int Count(string name, long round) => Of(name, round).Count();

    private IEnumerable<(string Name, LogEntry Log, AbiArguments Told)> Of(string name, long round) => _events.Where(one => one.Name == name && one.Told["roundId"].AsInteger() == round);
}
