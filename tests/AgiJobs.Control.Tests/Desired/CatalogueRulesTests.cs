using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;
using AgiJobs.Control.Approvals;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Desired;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Planning;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Control.Tests.Desired;

/// <summary>Each rule of each domain of the parameter catalogue: a file that breaks it is refused, one that keeps it is accepted. Without a chain, on the description that ships.</summary>
public sealed class CatalogueRulesTests : IDisposable
{
    private const string Owner = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
    private const string Allowed = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC";
    private const string Stranger = "0x90F79bf6EB2c4f870365E785982E1f101E93b906";

    private readonly TemporaryFolder _folder = new();
    private readonly Protocol _protocol;
    private readonly Workspace _workspace;

    public CatalogueRulesTests()
    {
        var description = JsonNode.Parse(File.ReadAllText(Path.Combine(TestNetwork.ShippedConfig, "protocol", "agi-jobs.json")))!;
        var modules = new JsonObject();
        foreach (var name in description["modules"]!.AsArray().Select(module => (string)module!["name"]!))
        {
            modules[name] = new JsonObject { ["address"] = Bytes32.FromUnsigned(0x100000 + modules.Count).ToAddress().ToString() };
        }

        _folder.Write("config/owner-control.test.json", new JsonObject { ["version"] = 1, ["protocol"] = "agi-jobs", ["modules"] = modules }.ToJsonString());
        _workspace = Workspace.At(_folder.Path, TestNetwork.ShippedConfig);
        _protocol = Protocol.Load(_workspace, _workspace.Manifest("test"));
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    // Treasury: never the owner, on the allowlist first; zero unsets it.
    [InlineData("treasury", $$"""{"feePool": {"treasury": "{{Allowed}}"} }""", null)]
    [InlineData("treasury", $$"""{"feePool": {"treasury": "{{Stranger}}"} }""", "rule-broken")]
    [InlineData("treasury", $$"""{"feePool": {"treasury": "{{Stranger}}", "allowlist": ["{{Stranger}}"]} }""", null)]
    [InlineData("treasury", $$"""{"feePool": {"treasury": "{{Owner}}"} }""", "rule-broken")]
    [InlineData("treasury", $$"""{"feePool": {"treasury": "{{Owner}}", "allowlist": ["{{Owner}}"]} }""", "rule-broken")]
    [InlineData("treasury", """{"feePool": {"treasury": null}}""", null)]
    [InlineData("treasury", $$"""{"stakeManager": {"treasury": "{{Allowed}}"} }""", null)]
    [InlineData("treasury", $$"""{"stakeManager": {"treasury": "{{Stranger}}"} }""", "rule-broken")]
    [InlineData("treasury", $$"""{"stakeManager": {"treasury": "{{Owner}}", "allowlist": ["{{Owner}}"]} }""", "rule-broken")]
    [InlineData("treasury", $$"""{"paymaster": {"treasury": "{{Allowed}}"} }""", null)]
    [InlineData("treasury", $$"""{"paymaster": {"treasury": "{{Stranger}}"} }""", "rule-broken")]
    [InlineData("treasury", $$"""{"paymaster": {"treasury": "{{Owner}}", "allowlist": ["{{Owner}}"]} }""", "rule-broken")]
    [InlineData("treasury", $$"""{"feePool": {"treasury": "{{Allowed}}", "allowlist": []} }""", "rule-broken")]
    [InlineData("treasury", $$"""{"feePool": {"treasury": "{{Allowed}}", "allowlist": []}, "retainUnknown": true}""", null)]
    [InlineData("treasury", """{"feePool": {"treasury": "0x3c44CdDdB6a900fa2b585dd299e03d12FA4293BC"}}""", "value-format")]
    [InlineData("treasury", """{"feePool": {"treasury": 5}}""", "value-unit")]
    // Fees.
    [InlineData("fees", """{"burnPct": "0 bps"}""", null)]
    [InlineData("fees", """{"burnPct": "5000 bps"}""", null)]
    [InlineData("fees", """{"burnPct": "50%"}""", null)]
    [InlineData("fees", """{"burnPct": "5001 bps"}""", "value-bounds")]
    [InlineData("fees", """{"burnPct": "-1 bps"}""", "value-bounds")]
    [InlineData("fees", """{"burnPct": 400}""", "value-unit")]
    [InlineData("fees", """{"burnPct": "400"}""", "value-unit")]
    [InlineData("fees", """{"burnPct": null}""", "value-unset")]
    [InlineData("fees", """{"protocolFee": "0%"}""", null)]
    [InlineData("fees", """{"protocolFee": "100%"}""", null)]
    [InlineData("fees", """{"protocolFee": "101%"}""", "value-bounds")]
    [InlineData("fees", """{"protocolFee": "60%", "validatorReward": "40%"}""", null)]
    [InlineData("fees", """{"protocolFee": "60%", "validatorReward": "41%"}""", "rule-broken")]
    [InlineData("fees", """{"stakerShare": "10001 bps"}""", "value-bounds")]
    [InlineData("fees", """{"rewardLimit": "1.5 AGIALPHA"}""", null)]
    [InlineData("fees", """{"rewardLimit": "1.5 ether"}""", "value-unit")]
    [InlineData("fees", """{"burn": "1%"}""", "catalogue-key")]
    // Identity.
    [InlineData("identity", """{"agents": {"root": "agent.agi.eth"}}""", null)]
    [InlineData("identity", """{"agents": {"root": "0x2c9c6189b2e92da4d0407e9deb38ff6870729ad063af7e8576cb7b7898c88e2d"}}""", null)]
    [InlineData("identity", """{"agents": {"root": "Agent.agi.eth"}}""", "name-format")]
    [InlineData("identity", """{"agents": {"root": "agent..eth"}}""", "name-format")]
    [InlineData("identity", """{"agents": {"aliases": ["beta.agent.agi.eth"]}}""", null)]
    [InlineData("identity", """{"agents": {"aliases": ["0x0000000000000000000000000000000000000000000000000000000000000000"]}}""", "word-zero")]
    [InlineData("identity", """{"agents": {"aliases": "beta.agent.agi.eth"}}""", "catalogue-key")]
    [InlineData("identity", """{"agents": {"merkleRoot": "0x12"}}""", "value-format")]
    [InlineData("identity", $$"""{"agents": {"allowlist": ["{{Stranger}}"]}, "retainUnknown": true}""", null)]
    [InlineData("identity", """{"agents": {"allowlist": ["somebody"]}}""", "address-format")]
    [InlineData("identity", $$"""{"validators": {"allowlist": "{{Stranger}}"} }""", "catalogue-key")]
    [InlineData("identity", """{"ens": null}""", null)]
    // Role weights from 0 to 100 that sum to 100, and the control law.
    [InlineData("thermodynamics", """{"roleWeights": {"agent": "100%", "validator": "0%", "operator": "0%", "employer": "0%"}}""", null)]
    [InlineData("thermodynamics", """{"roleWeights": {"agent": "101%", "validator": "-1%", "operator": "0%", "employer": "0%"}}""", "value-bounds")]
    [InlineData("thermodynamics", """{"roleWeights": {"agent": "60%", "validator": "20%", "operator": "15%", "employer": "6%"}}""", "rule-broken")]
    [InlineData("thermodynamics", """{"roleWeights": {"agent": "60%", "validator": "20%", "operator": "15%", "employer": "4%"}}""", "rule-broken")]
    [InlineData("thermodynamics", """{"epoch": {"budget": "5 AGIALPHA", "maxBudget": "5 AGIALPHA"}}""", null)]
    [InlineData("thermodynamics", """{"epoch": {"budget": "6 AGIALPHA", "maxBudget": "5 AGIALPHA"}}""", "rule-broken")]
    [InlineData("thermodynamics", """{"pid": {"kp": "-0.5 wad", "ki": "0 wad", "kd": "1000000 wad"}}""", null)]
    [InlineData("thermodynamics", """{"pid": {"kp": "1000000.000000000000000001 wad"}}""", "value-bounds")]
    [InlineData("thermodynamics", """{"pid": {"kd": "-1000000.000000000000000001 wad"}}""", "value-bounds")]
    [InlineData("thermodynamics", """{"pid": {"ki": "1"}}""", "value-unit")]
    [InlineData("thermodynamics", """{"temperature": {"min": "1 wad", "system": "2 wad", "max": "3 wad"}}""", null)]
    [InlineData("thermodynamics", """{"temperature": {"min": "2.1 wad", "system": "2 wad", "max": "3 wad"}}""", "rule-broken")]
    [InlineData("thermodynamics", """{"temperature": {"min": "1 wad", "system": "3.1 wad", "max": "3 wad"}}""", "rule-broken")]
    [InlineData("thermodynamics", """{"integral": {"min": "-1 wad", "max": "-1 wad"}}""", null)]
    [InlineData("thermodynamics", """{"integral": {"min": "1 wad", "max": "-1 wad"}}""", "rule-broken")]
    // Signers of the energy oracle.
    [InlineData("energy-oracle", $$"""{"signers": ["{{Stranger}}"], "retainUnknown": true, "threshold": 2}""", null)]
    [InlineData("energy-oracle", $$"""{"signers": ["{{Stranger}}"], "retainUnknown": false, "threshold": 2}""", "rule-broken")]
    [InlineData("energy-oracle", $$"""{"signers": ["{{Stranger}}"], "retainUnknown": "no"}""", "catalogue-key")]
    [InlineData("energy-oracle", """{"signers": []}""", "rule-broken")]
    [InlineData("energy-oracle", """{"threshold": 0}""", "value-bounds")]
    [InlineData("energy-oracle", """{"threshold": 33}""", "value-bounds")]
    [InlineData("energy-oracle", """{"threshold": 2}""", "rule-broken")]
    // The monitor: a window from 1 on, and records each once.
    [InlineData("hamiltonian-monitor", """{"window": 1}""", null)]
    [InlineData("hamiltonian-monitor", """{"window": "256"}""", null)]
    [InlineData("hamiltonian-monitor", """{"window": 0}""", "value-bounds")]
    [InlineData("hamiltonian-monitor", """{"window": -24}""", "value-bounds")]
    [InlineData("hamiltonian-monitor", """{"window": 257}""", "value-bounds")]
    [InlineData("hamiltonian-monitor", """{"history": [{"observedAt": 5, "dissipation": 1, "utility": 2}, {"observedAt": 5, "utility": 2, "dissipation": "1"}]}""", null)]
    [InlineData("hamiltonian-monitor", """{"history": [{"observedAt": 5, "dissipation": 1, "utility": 2}, {"observedAt": 5, "dissipation": 1, "utility": 3}]}""", "record-conflict")]
    [InlineData("hamiltonian-monitor", """{"history": [{"observedAt": 5, "dissipation": -1, "utility": 2}]}""", "record-negative")]
    [InlineData("hamiltonian-monitor", """{"history": [{"observedAt": 5, "dissipation": 1.5, "utility": 2}]}""", "record-format")]
    [InlineData("hamiltonian-monitor", """{"history": [{"observedAt": 18446744073709551616, "dissipation": 1, "utility": 2}]}""", "record-format")]
    [InlineData("hamiltonian-monitor", """{"history": [{"observedAt": 5, "dissipation": 1}]}""", "record-format")]
    [InlineData("hamiltonian-monitor", """{"history": {"observedAt": 5, "dissipation": 1, "utility": 2}}""", "record-format")]
    // Spend limits.
    [InlineData("paymaster", """{"accountLimit": "1 ether", "globalLimit": "1 ether"}""", null)]
    [InlineData("paymaster", """{"accountLimit": "1.1 ether", "globalLimit": "1 ether"}""", "rule-broken")]
    [InlineData("paymaster", """{"accountLimit": "1 AGIALPHA"}""", "value-unit")]
    [InlineData("paymaster", """{"period": "1 hour"}""", null)]
    [InlineData("paymaster", """{"period": "59 minutes"}""", "value-bounds")]
    [InlineData("paymaster", """{"period": "366 days"}""", "value-bounds")]
    [InlineData("paymaster", $$"""{"sponsored": ["{{Stranger}}"], "retainUnknown": false}""", null)]
    public void A_file_is_held_against_the_rules_of_its_domain(string domain, string json, string? code) => Assert.Equal(code, Judge(domain, json).Code);

    public static TheoryData<string, string> Bounded()
    {
        var description = JsonNode.Parse(File.ReadAllText(Path.Combine(TestNetwork.ShippedConfig, "protocol", "agi-jobs.json")))!;
        var bounded = description["modules"]!.AsArray().SelectMany(module => (module!["parameters"]?.AsArray() ?? []).Where(parameter => parameter!["min"] is not null || parameter["max"] is not null).Select(parameter => $"{module["name"]}.{parameter!["name"]}")).ToHashSet(StringComparer.Ordinal);
        var data = new TheoryData<string, string>();
        foreach (var (domain, key) in description["domains"]!.AsArray().SelectMany(domain => domain!["keys"]!.AsArray().Select(key => (Domain: (string)domain["name"]!, Key: key!))).Where(entry => entry.Key["parameter"] is { } name && bounded.Contains((string)name!)))
        {
            data.Add(domain, (string)key["key"]!);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Bounded))]
    public void A_value_at_its_bound_is_read_and_one_beyond_it_is_refused(string domain, string key)
    {
        var parameter = _protocol.Parameter(_protocol.Domains.Single(entry => entry.Name == domain).Keys.Single(entry => entry.Key == key).Parameter!);
        foreach (var (bound, beyond) in ((BigInteger?, int)[])[(parameter.Min, -1), (parameter.Max, 1)])
        {
            if (bound is { } at)
            {
                Assert.NotEqual("value-bounds", Judge(domain, Json(key, parameter.Unit.Format(at))).Code);
                Assert.Equal("value-bounds", Judge(domain, Json(key, Beyond(parameter, at + beyond))).Code);
            }
        }
    }

    // A rule that is added to the description without a test above fails here.
    [Fact]
    public void The_rules_over_several_values_of_the_catalogue_are_the_ones_that_are_tested()
    {
        var parameters = _protocol.Domains.SelectMany(domain => domain.Keys).Select(key => key.Parameter).OfType<string>().ToHashSet(StringComparer.Ordinal);
        Assert.Equal(
            [
                "EnergyOracle.threshold is at most the number of holders of EnergyOracle.signer",
                "FeePool.treasury holds FeePool.allowedTreasury and FeePool.treasury holds none of FeePool.owner",
                "Paymaster.accountLimit <= Paymaster.globalLimit",
                "Paymaster.treasury holds Paymaster.allowedTreasury and Paymaster.treasury holds none of Paymaster.owner",
                "RewardEngine.agentWeight and RewardEngine.validatorWeight and RewardEngine.operatorWeight and RewardEngine.employerWeight sum to 100%",
                "RewardEngine.epochBudget <= RewardEngine.maxEpochBudget",
                "StakeManager.feePct and StakeManager.validatorRewardPct sum to at most 100%",
                "StakeManager.treasury holds StakeManager.allowedTreasury and StakeManager.treasury holds none of StakeManager.owner",
                "Thermostat.integralMin <= Thermostat.integralMax",
                "Thermostat.minTemperature <= Thermostat.systemTemperature <= Thermostat.maxTemperature",
            ],
            _protocol.Modules.SelectMany(module => module.Rules).Where(rule => rule.Parameters.Any(parameter => parameters.Contains(parameter.FullName))).Select(rule => rule.ToString()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Retaining_lets_holders_stay_that_are_not_listed_and_pruning_takes_them_away()
    {
        var kept = Judge("energy-oracle", $$"""{"signers": ["{{Stranger}}"], "retainUnknown": true}""").Draft!;
        Assert.Equal([Address.Parse(Allowed), Address.Parse(Stranger)], kept.Future(_protocol.Role("EnergyOracle.signer")));
        var pruned = Judge("energy-oracle", $$"""{"signers": ["{{Stranger}}"]}""").Draft!;
        Assert.Equal([Address.Parse(Stranger)], pruned.Future(_protocol.Role("EnergyOracle.signer")));
    }

    [Fact]
    public void The_alpha_name_under_a_root_belongs_to_its_aliases_without_being_listed()
    {
        var alpha = Unit.NameHash("alpha.agent.agi.eth");
        var bare = Assert.Single(Read("identity", """{"agents": {"root": "agent.agi.eth"}}""").Words);
        Assert.Equal((false, true), (bare.IsListed, bare.Retain));
        Assert.Equal([alpha], bare.Words.Select(word => word.Word));
        var listed = Assert.Single(Read("identity", """{"agents": {"root": "agent.agi.eth", "aliases": ["beta.agent.agi.eth", "beta.agent.agi.eth"]}}""").Words);
        Assert.Equal([Unit.NameHash("beta.agent.agi.eth"), alpha], listed.Words.Select(word => word.Word));
        Assert.Equal((true, false), (listed.IsListed, listed.Retain));
        var named = Read("identity", """{"agents": {"root": "agent.agi.eth", "aliases": ["alpha.agent.agi.eth"]}}""");
        Assert.Equal([alpha], Assert.Single(named.Words).Words.Select(word => word.Word));
        Assert.Empty(named.Notes);
        Assert.Empty(Read("identity", """{"agents": {"allowlist": []}}""").Words);
    }

    [Fact]
    public void A_record_that_stands_twice_is_dropped_with_a_note_and_records_are_put_in_order()
    {
        var file = Read("hamiltonian-monitor", """{"history": [{"observedAt": 9, "dissipation": 1, "utility": 2}, {"observedAt": 5, "dissipation": 3, "utility": 4}, {"observedAt": 9, "dissipation": 1, "utility": 2}]}""");
        Assert.Equal([5, 9], Assert.Single(file.Records).Records.Select(record => record[0]));
        Assert.Contains("observedAt 9 stands twice", Assert.Single(file.Notes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Paymaster", "setSpendLimits", 1ul, RouteKind.Direct, "safe-required")]
    [InlineData("Paymaster", "setSpendLimits", 11155111ul, RouteKind.Direct, "safe-required")]
    [InlineData("Paymaster", "setSpendLimits", 1ul, RouteKind.Safe, null)]
    [InlineData("Paymaster", "setSpendLimits", 31337ul, RouteKind.Direct, null)]
    [InlineData("Paymaster", "setAccountLimit", 1ul, RouteKind.Direct, "safe-required")]
    [InlineData("Paymaster", "setPeriod", 1ul, RouteKind.Direct, "safe-required")]
    [InlineData("FeePool", "setBurnPct", 1ul, RouteKind.Direct, null)]
    public async Task Spend_limits_are_set_through_a_Safe_on_every_network_but_a_local_one(string module, string function, ulong chain, RouteKind kind, string? code)
    {
        var target = _protocol[module];
        var called = target.Abi.Function(function);
        var step = new ChangeStep
        {
            Module = module,
            Target = target.Address,
            Function = called.Signature,
            Arguments = [],
            Calldata = called.Encode([.. called.Inputs.Select(input => input.Type.Kind == AbiTypeKind.Address ? (AbiValue)target.Address : 7200)]),
            Route = new Route { Kind = kind, Role = $"{module}.owner", Caller = Address.Parse(Owner) },
        };
        var change = new ChangeDocument { Version = 1, Kind = "set-params", Network = "test", ChainId = new ChainId(chain), Protocol = "agi-jobs", Instance = "", Title = "Limits", Risk = Risk.Amber, Steps = [step], Preconditions = [], Expected = [], Effects = [], Rollback = new Rollback { Note = "" } };
        var safeguard = new SafeRouteSafeguard(_protocol);
        Assert.Equal(code, (await safeguard.AskAsync(new ChangeStore(_workspace, TimeProvider.System).File(change, "brief"), null, isPause: false, CancellationToken.None))?.Code);
        if (code is null)
        {
            safeguard.Require(change);
        }
        else
        {
            Assert.Equal((code, ExitCode.Refused), Assert.Throws<ControlException>(() => safeguard.Require(change)) is var refused ? (refused.Code, refused.Exit) : default);
        }
    }

    private (string? Code, WaveDraft? Draft) Judge(string domain, string json)
    {
        try
        {
            Write(domain, json);
            var draft = new WaveDraft(State());
            DesiredState.OfDomain(_workspace, "test", _protocol, Domain(domain)).AddTo(draft, links: false);
            return (draft.Broken().Count > 0 ? "rule-broken" : null, draft);
        }
        catch (ControlException refused)
        {
            Assert.Equal(ExitCode.BadInput, refused.Exit);
            return (refused.Code, null);
        }
    }

    private CatalogueFile Read(string domain, string json)
    {
        Write(domain, json);
        return CatalogueFile.Read(_workspace, "test", _protocol, Domain(domain));
    }

    private void Write(string domain, string json) => _folder.Write(CatalogueFile.PathOf(Domain(domain), "test"), json);

    private DomainFile Domain(string name) => _protocol.Domains.Single(domain => domain.Name == name);

    private static string Beyond(Parameter parameter, BigInteger value)
    {
        var whole = value.ToString(CultureInfo.InvariantCulture);
        return parameter.Unit.Name switch { "AGIALPHA" => $"{whole} wei", "seconds" => $"{whole} seconds", _ => parameter.Unit.Format(value) };
    }

    private static string Json(string key, string value) => key.Split('.').Reverse().Aggregate($"\"{value}\"", (inner, part) => new JsonObject { [part] = JsonNode.Parse(inner) }.ToJsonString());

    // Values that keep every rule; one account owns all, one may be the treasury and signs.
    private ProtocolState State()
    {
        var values = new Dictionary<string, AbiValue>(StringComparer.Ordinal) { ["RewardEngine.agentWeight"] = 65, ["RewardEngine.validatorWeight"] = 15, ["RewardEngine.operatorWeight"] = 15, ["RewardEngine.employerWeight"] = 5, ["Paymaster.globalLimit"] = BigInteger.Pow(10, 20), ["RewardEngine.maxEpochBudget"] = BigInteger.Pow(10, 24), ["Thermostat.maxTemperature"] = BigInteger.Pow(10, 30), ["Thermostat.systemTemperature"] = BigInteger.Pow(10, 20), ["Thermostat.integralMax"] = BigInteger.Pow(10, 30) };
        var parameters = _protocol.Modules.SelectMany(module => module.Parameters).ToDictionary(parameter => parameter.FullName, parameter => Reading.Known(values.GetValueOrDefault(parameter.FullName) ?? (parameter.Unit.Name switch
        {
            "address" => Address.Zero,
            "bytes32" or "namehash" => Bytes32.Zero,
            "text" => "",
            "flag" => false,
            _ => parameter.Min ?? 0,
        })), StringComparer.Ordinal);
        var roles = _protocol.Modules.SelectMany(module => module.Roles).ToDictionary(role => role.FullName, role => Reading.Known<IReadOnlyList<Address>>(role.Name switch { "owner" => [Address.Parse(Owner)], "allowedTreasury" or "signer" => [Address.Parse(Allowed)], _ => [] }), StringComparer.Ordinal);
        var modules = _protocol.Modules.ToDictionary(module => module.Name, module => new ModuleState(module, Reading.Known(Bytes32.FromUnsigned(7)), module.Paused is null ? null : Reading.Known(false)), StringComparer.Ordinal);
        return new ProtocolState(_protocol, ChainId.Local, new BlockNumber(1), Bytes32.FromUnsigned(1), modules, roles, new Dictionary<Address, Reading<AccountState>>(), 3) { Parameters = parameters };
    }
}
