using AgiJobs.Control.Authority;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Tests.Authority;

public sealed class AuthorityReviewTests : IDisposable
{
    private static readonly Address[] Keys = [.. Enumerable.Range(1, 5).Select(number => Bytes32.FromUnsigned(number).ToAddress())];
    private static readonly Address Singleton = Address.Parse("0x41675C099F32341bf84BFc5382aF534df5C7461a");
    private static readonly Address Handler = Address.Parse("0xfd0732Dc9E303f09fCEf3a7388Ad10A83459Ec99");

    private readonly SyntheticProtocol _synthetic = new SyntheticProtocol().WithWholeLevers(idempotent: true);

    public void Dispose() => _synthetic.Dispose();

    [Fact]
    public void A_Safe_of_three_with_official_parts_that_holds_everything_is_clean() => Assert.Empty(Codes(Safe(2, Keys[..3])));

    [Theory]
    [InlineData(1, 3, "safe-threshold-one")]
    [InlineData(2, 5, "safe-threshold-low")]
    public void A_threshold_that_is_too_low_is_found(int threshold, int owners, string code) => Assert.Contains(code, Codes(Safe(threshold, Keys[..owners])));

    [Fact]
    public void A_key_that_can_resume_and_pause_alone_is_found()
    {
        var codes = Codes(new KeyAccount(false));
        Assert.Contains("single-key", codes);
        Assert.Contains("pauser-can-resume", codes);
    }

    [Fact]
    public void What_rules_a_Safe_besides_its_owners_is_found()
    {
        var codes = Codes(Safe(2, Keys[..3]) with { Extensions = Reading.Known(new SafeExtensions([Keys[3]], Keys[4], null, Keys[4], Keys[4])) });
        Assert.Superset(new HashSet<string>(["safe-module", "safe-guard", "safe-fallback-handler", "safe-singleton"], StringComparer.Ordinal), codes.ToHashSet(StringComparer.Ordinal));
        Assert.Equal(["safe-extensions-unknown"], Codes(Safe(2, Keys[..3]) with { Extensions = Reading.Unknown<SafeExtensions>("timeout") }));
    }

    [Fact]
    public void An_owner_that_runs_another_contracts_code_is_found() =>
        Assert.Contains("owner-delegated", Codes(Safe(2, Keys[..3]), state => WithAccount(state, Keys[0], new KeyAccount(true) { Delegate = Keys[4] })));

    [Fact]
    public void One_person_behind_two_owners_is_found_and_red_when_that_is_enough()
    {
        var people = new OperatorBook(new OperatorsFile { Version = 1, People = [new Operator { Name = "Ada", Addresses = Keys[..2], Duties = [Duty.Approver] }] });
        var finding = Assert.Single(Findings(Safe(2, Keys[..3]), people: people));
        Assert.Equal(("same-person", FindingRank.Red), (finding.Code, finding.Rank));
        Assert.Equal(FindingRank.Amber, Assert.Single(Findings(Safe(3, Keys[..4]), people: people)).Rank);
    }

    [Fact]
    public void Holders_that_the_manifest_does_not_name_and_those_that_it_names_in_vain_are_found()
    {
        _synthetic.Placed["Hub"]!["roles"] = new System.Text.Json.Nodes.JsonObject { ["guardian"] = new System.Text.Json.Nodes.JsonArray(Keys[4].ToString()) };
        var findings = Findings(Safe(2, Keys[..3]));
        Assert.Equal(["holder-not-in-manifest", "manifest-holder-missing"], findings.Select(finding => finding.Code));
        Assert.Contains(Keys[4].ToString(), findings[1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_contract_about_which_nothing_is_known_is_no_holder_to_rely_on()
    {
        var codes = Codes(new ContractState());
        Assert.Contains("holder-opaque", codes);
        Assert.Contains("nobody-can-pause", codes);
        Assert.Contains("nobody-can-resume", codes);
    }

    [Fact]
    public void A_pause_that_waits_is_found() =>
        Assert.Contains("pause-delayed", Codes(new TimelockState(3600, [Keys[0]], [], IsOpen: true)));

    [Fact]
    public void What_is_unknown_ends_with_five_whatever_else_there_is()
    {
        var findings = Findings(Safe(1, Keys[..3]), state => state with { Roles = new Dictionary<string, Reading<IReadOnlyList<Address>>>(state.Roles, StringComparer.Ordinal) { ["Hub.owner"] = Reading.Unknown<IReadOnlyList<Address>>("silent") } });
        Assert.Contains("role-unknown", findings.Select(finding => finding.Code));
        Assert.Equal(ExitCode.Unknown, AuthorityFinding.ExitOf(findings));
        Assert.Equal(ExitCode.Clean, AuthorityFinding.ExitOf([]));
        Assert.Equal([.. findings.Select(finding => finding.Rank).Order()], findings.Select(finding => finding.Rank));
    }

    [Fact]
    public void Code_that_the_manifest_does_not_know_is_found()
    {
        _synthetic.Placed["Alpha"]!["codeHash"] = Bytes32.FromUnsigned(9).ToString();
        var finding = Assert.Single(Findings(Safe(2, Keys[..3])));
        Assert.Equal(("code-differs", "Alpha", FindingRank.Red), (finding.Code, finding.Subject, finding.Rank));
    }

    [Fact]
    public void A_guardian_without_coin_for_a_pause_is_found()
    {
        var findings = Findings(new KeyAccount(false), state => state with { Balances = new Dictionary<Address, Reading<Wei>> { [SyntheticProtocol.Owner] = Reading.Known(Wei.Zero) } }, baseFee: new Wei(1_000_000_000));
        Assert.Contains("sender-balance", findings.Select(finding => finding.Code));
    }

    private static SafeAccountState Safe(int threshold, Address[] owners) => new("1.4.1", owners, threshold, 0) { Extensions = Reading.Known(new SafeExtensions([], null, null, Handler, Singleton)) };

    private static ProtocolState WithAccount(ProtocolState state, Address address, AccountState account) =>
        state with { Accounts = new Dictionary<Address, Reading<AccountState>>(state.Accounts) { [address] = Reading.Known(account) } };

    private IReadOnlyList<string> Codes(AccountState holder, Func<ProtocolState, ProtocolState>? change = null) => [.. Findings(holder, change).Select(finding => finding.Code).Distinct(StringComparer.Ordinal)];

    private IReadOnlyList<AuthorityFinding> Findings(AccountState holder, Func<ProtocolState, ProtocolState>? change = null, OperatorBook? people = null, Wei? baseFee = null)
    {
        var protocol = _synthetic.Load();
        var state = Keys.Aggregate(SyntheticProtocol.State(protocol, [false, false, false], SyntheticProtocol.Owner, holder), (known, key) => WithAccount(known, key, new KeyAccount(false)));
        state = change is null ? state : change(state);
        return new AuthorityReview(AuthorityMatrix.Of(state), _synthetic.LoadManifest()) { People = people, BaseFee = baseFee }.Findings();
    }
}
