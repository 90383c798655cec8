using AgiJobs.Control.Approvals;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Control.Tests.Approvals;

public sealed class ApprovalPolicyTests : IDisposable
{
    private readonly ApprovalGround _ground = new();

    public void Dispose() => _ground.Dispose();

    [Fact]
    public void Limits_of_standing_approvals_that_are_not_written_are_the_programs_own()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_ground.Workspace.PolicyPath)!);
        File.WriteAllText(_ground.Workspace.PolicyPath, """{"version": 1, "risks": {"green": [{"count": 1, "duties": ["approver"]}], "amber": [{"count": 1, "duties": ["approver"]}], "red": [{"count": 2, "duties": ["approver"]}]}, "standing": {"maxDays": 30}}""");
        var standing = JsonFile.Read(_ground.Workspace.PolicyPath, WorkspaceJson.Default.PolicyFile).Standing;
        Assert.Equal((30, 24, 1000), (standing.MaxDays, standing.MaxPerDay, standing.MaxTotal));
    }

    [Fact]
    public void Without_a_file_approvals_are_not_managed() => Assert.Null(ApprovalPolicy.Load(_ground.Workspace, "local"));

    [Fact]
    public void A_policy_without_people_is_an_error_that_says_where_to_write_them()
    {
        JsonFile.Write(_ground.Workspace.PolicyPath, ApprovalPolicy.Shipped, WorkspaceJson.Default.PolicyFile);
        var refusal = Assert.Throws<ControlException>(() => ApprovalPolicy.Load(_ground.Workspace, "local"));
        Assert.Equal(("operators-missing", ExitCode.BadInput), (refusal.Code, refusal.Exit));
        Assert.Contains(_ground.Workspace.OperatorsPath, refusal.Mend, StringComparison.Ordinal);
    }

    [Fact]
    public void A_networks_own_policy_goes_before_and_its_own_people_come_besides()
    {
        JsonFile.Write(_ground.Workspace.PolicyPath, ApprovalPolicy.Shipped, WorkspaceJson.Default.PolicyFile);
        JsonFile.Write(_ground.Workspace.NetworkPolicyPath("local"), ApprovalPolicy.Shipped with { Distinct = [] }, WorkspaceJson.Default.PolicyFile);
        JsonFile.Write(_ground.Workspace.OperatorsPath, new OperatorsFile { Version = 1, People = [_ground.People[0]] }, WorkspaceJson.Default.OperatorsFile);
        JsonFile.Write(_ground.Workspace.NetworkOperatorsPath("local"), new OperatorsFile { Version = 1, People = [_ground.People[1]] }, WorkspaceJson.Default.OperatorsFile);
        var local = ApprovalPolicy.Load(_ground.Workspace, "local")!;
        Assert.Empty(local.File.Distinct);
        Assert.Equal(["ann", "bob"], local.People.People.Select(person => person.Name));
        Assert.Equal(["ann"], ApprovalPolicy.Load(_ground.Workspace, "mainnet")!.People.People.Select(person => person.Name));
    }

    [Fact]
    public void What_ships_is_read_back_as_it_was_written()
    {
        var bytes = JsonFile.Encode(ApprovalPolicy.Shipped, WorkspaceJson.Default.PolicyFile);
        Assert.Equal(bytes, JsonFile.Encode(JsonFile.Parse(bytes, "policy.json", WorkspaceJson.Default.PolicyFile), WorkspaceJson.Default.PolicyFile));
    }

    [Theory]
    [InlineData("""{"version":1,"risks":{"green":[],"amber":[{"count":1,"duties":["approver"]}],"red":[{"count":1,"duties":["approver"]}]}}""", "policy-rule")]
    [InlineData("""{"version":1,"risks":{"green":[{"count":0,"duties":["approver"]}],"amber":[{"count":1,"duties":["approver"]}],"red":[{"count":1,"duties":["approver"]}]}}""", "policy-rule")]
    [InlineData("""{"version":1,"risks":{"green":[{"count":1,"duties":[]}],"amber":[{"count":1,"duties":["approver"]}],"red":[{"count":1,"duties":["approver"]}]}}""", "policy-rule")]
    [InlineData("""{"version":1,"risks":{"green":[{"count":1,"duties":["approver"]}],"amber":[{"count":1,"duties":["approver"]}],"red":[{"count":1,"duties":["approver"]}]},"kinds":{"pa*se":{}}}""", "policy-rule")]
    [InlineData("""{"version":1,"risks":{"green":[{"count":1,"duties":["boss"]}],"amber":[],"red":[]}}""", "file-format")]
    [InlineData("""{"version":1,"risks":{"green":[],"amber":[]}}""", "file-format")]
    [InlineData("""{"version":1,"risks":{"green":[],"amber":[],"red":[]},"more":1}""", "file-format")]
    [InlineData("""{"version":2,"risks":{"green":[],"amber":[],"red":[]}}""", "file-version")]
    public void A_policy_that_says_nothing_or_something_unknown_is_refused(string text, string code)
    {
        Directory.CreateDirectory(_ground.Workspace.Locate("config"));
        File.WriteAllText(_ground.Workspace.PolicyPath, text);
        JsonFile.Write(_ground.Workspace.OperatorsPath, new OperatorsFile { Version = 1, People = [] }, WorkspaceJson.Default.OperatorsFile);
        var refusal = Assert.Throws<ControlException>(() => ApprovalPolicy.Load(_ground.Workspace, "local"));
        Assert.Equal((code, ExitCode.BadInput), (refusal.Code, refusal.Exit));
        Assert.Contains(_ground.Workspace.PolicyPath, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_and_an_address_belong_to_one_person()
    {
        foreach (var (second, code) in ((Operator, string)[])[
            (_ground.Person("ANN", [9], Duty.Finance), "operator-twice"),
            (_ground.Person("zoe", [11], Duty.Finance), "operator-twice"),
            (_ground.Person("zoe", [9, 9], Duty.Finance), "operator-twice"),
            (_ground.Person("zoe", [], Duty.Finance), "operator-empty"),
            (_ground.Person(" ", [9], Duty.Finance), "operator-empty")])
        {
            Assert.Equal(code, Assert.Throws<ControlException>(() => new OperatorBook(new OperatorsFile { Version = 1, People = [.. _ground.People, second] })).Code);
        }
    }

    [Fact]
    public void A_policy_that_nobody_can_satisfy_is_found_before_there_is_any_change()
    {
        _ground.Policy.RequireSatisfiable();
        var whole = _ground.People.ToList();
        foreach (var duty in (Duty[])[Duty.Executor, Duty.Author, Duty.Approver, Duty.Operator])
        {
            _ground.People.Clear();
            _ground.People.AddRange(whole.Select(person => person with { Duties = [.. person.Duties.Where(other => other != duty)] }));
            var refusal = Assert.Throws<ControlException>(_ground.Policy.RequireSatisfiable);
            Assert.Equal(("policy-unsatisfiable", ExitCode.Findings), (refusal.Code, refusal.Exit));
            Assert.Contains(duty.Name(), refusal.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void People_who_would_have_to_count_twice_do_not_satisfy_a_policy()
    {
        _ground.People.Clear();
        _ground.People.AddRange([_ground.Person("ann", [0], Duty.Author, Duty.Approver, Duty.Executor), _ground.Person("bob", [1], Duty.Approver, Duty.Executor, Duty.Author), _ground.Person("cid", [2], Duty.Approver)]);
        _ground.Rules = ApprovalPolicy.Shipped with { Kinds = new Dictionary<string, KindPolicy>(StringComparer.Ordinal) };
        Assert.Contains(_ground.Policy.Problems(), problem => problem.Contains("risks.red", StringComparison.Ordinal));
        Assert.DoesNotContain(_ground.Policy.Problems(), problem => problem.Contains("risks.amber", StringComparison.Ordinal));
    }

    [Fact]
    public void A_resume_cannot_be_rid_of_its_points_by_a_policy_that_leaves_them_out()
    {
        _ground.Rules = ApprovalPolicy.Shipped with { Kinds = new Dictionary<string, KindPolicy>(StringComparer.Ordinal) { ["resume-*"] = new() { Gate = new GatePolicy { Responders = [] } } } };
        var demands = _ground.Policy.DemandsOf(_ground.Resume(), _ground.Protocol);
        Assert.Equal((Duty.Security, Duty.Operator), (demands.Alerts, demands.Checks));
        Assert.Equal([Duty.Commander, Duty.Operator, Duty.Security], demands.Responders);
    }
}
