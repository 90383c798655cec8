using AgiJobs.Control;
using AgiJobs.Control.Backups;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Evidence;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Reports;
using AgiJobs.Control.Snapshots;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Response.Controls;
using AgiJobs.Response.Detectors;
using AgiJobs.Response.Tests.Detectors;
using AgiJobs.Response.Watching;

namespace AgiJobs.Response.Tests.Controls;

/// <summary>Every query of a control holds, does not hold, and is unknown where nothing could be seen.</summary>
public sealed class ControlJudgeTests
{
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    [Theory]
    [InlineData(0, ControlState.Holds)]
    [InlineData(2, ControlState.DoesNotHold)]
    [InlineData(3, ControlState.DoesNotHold)]
    [InlineData(4, ControlState.DoesNotHold)]
    [InlineData(6, ControlState.DoesNotHold)]
    [InlineData(1, ControlState.Unknown)]
    [InlineData(5, ControlState.Unknown)]
    [InlineData(139, ControlState.Unknown)]
    public void A_command_that_failed_or_did_not_know_is_never_taken_for_fine(int exit, ControlState state) => Assert.Equal(state, ControlAnswer.StateOf(exit));

    [Fact]
    public void The_exit_is_5_for_what_is_unknown_before_3_for_what_does_not_hold()
    {
        var control = new ControlEntry { Id = "a", Severity = "SEV-1", Says = "a", Mend = "a" };
        ControlAnswer Of(ControlState state) => new(control, new ControlVerdict(state, []), "", "");

        Assert.Equal(ExitCode.Clean, ControlAnswer.ExitOf([Of(ControlState.Holds)]));
        Assert.Equal(ExitCode.Findings, ControlAnswer.ExitOf([Of(ControlState.Holds), Of(ControlState.DoesNotHold)]));
        Assert.Equal(ExitCode.Unknown, ControlAnswer.ExitOf([Of(ControlState.Unknown), Of(ControlState.DoesNotHold)]));
    }

    [Fact]
    public void Separation_of_duties()
    {
        Holds(ControlJudge.SeparationOfDuties(People(("Ann", [Duty.Commander]), ("Ben", [Duty.Operator])), 0));
        Fails(ControlJudge.SeparationOfDuties(People(("Ann", [Duty.Commander, Duty.Operator]), ("Ben", [Duty.Operator])), 0), "both: Ann");
        Holds(ControlJudge.SeparationOfDuties(People(("Ann", [Duty.Commander, Duty.Operator]), ("Ben", [Duty.Operator])), 1));
        Fails(ControlJudge.SeparationOfDuties(People(("Ann", [Duty.Commander, Duty.Operator])), 5), "no two different people");
        Fails(ControlJudge.SeparationOfDuties(People(("Ann", [Duty.Commander])), 5), "operator: nobody");
        Fails(ControlJudge.SeparationOfDuties(null, 5), "config/operators.json");
    }

    [Theory]
    [InlineData(3, 2, ControlState.Holds)]
    [InlineData(4, 2, ControlState.Holds)]
    [InlineData(3, 1, ControlState.DoesNotHold)]
    [InlineData(2, 2, ControlState.DoesNotHold)]
    [InlineData(5, 2, ControlState.DoesNotHold)]
    public void Quorum_of_Safes(int owners, int threshold, ControlState state)
    {
        var safe = Reading.Known<AccountState>(new SafeAccountState("1.4.1", [.. Enumerable.Range(0, owners).Select(i => RuleWorld.AddressOf($"owner {i}"))], threshold, 0));
        Assert.Equal(state, ControlJudge.SafeQuorum([("the Safe", RuleWorld.Alice, safe)], "block 1", 3, 50).State);
        Assert.Equal(state == ControlState.Holds ? ControlState.Unknown : state, ControlJudge.SafeQuorum([("the Safe", RuleWorld.Alice, safe), ("the backup Safe", RuleWorld.Bob, Reading.Unknown<AccountState>("the node is silent"))], "block 1", 3, 50).State);
    }

    [Fact]
    public void A_Safe_that_is_none_or_that_nobody_named_is_no_quorum()
    {
        Fails(ControlJudge.SafeQuorum([("the Safe", RuleWorld.Alice, Reading.Known<AccountState>(new KeyAccount(false)))], "block 1", 3, 50), "it is no Safe");
        Fails(ControlJudge.SafeQuorum([], "block 1", 3, 50), "names no Safe");
    }

    [Fact]
    public void Cadence_of_drills_by_the_log_of_exercises()
    {
        const string log = """
            # Tabletop exercises

            ## 2026-05-20 10:00:00 UTC: pause-and-rotation

            HELD: 12 of 12 claims, on a throw-away network.

            - evidence: reports/drills/one

            ## 2026-01-01 10:00:00 UTC: reward-drain

            HELD: 9 of 9 claims, on a throw-away network.

            - evidence: reports/drills/two

            ## 2026-05-30 10:00:00 UTC: reward-drain

            DID NOT HOLD: 8 of 9 claims, on a throw-away network.

            - evidence: reports/drills/three
            """;
        Holds(ControlJudge.DrillCadence(log, ["pause-and-rotation"], _ => true, 92 * Day, Now));
        Fails(ControlJudge.DrillCadence(log, ["pause-and-rotation"], _ => false, 92 * Day, Now), "no record says");
        Fails(ControlJudge.DrillCadence(log, ["pause-and-rotation", "reward-drain"], _ => true, 92 * Day, Now), "reward-drain: held 2026-01-01");
        Fails(ControlJudge.DrillCadence(log, ["mass-slashing"], _ => true, 92 * Day, Now), "mass-slashing: no record");
        Fails(ControlJudge.DrillCadence(log.Replace("2026-05-20", "2027-05-20", StringComparison.Ordinal), ["pause-and-rotation"], _ => true, 92 * Day, Now), "no record");
        Fails(ControlJudge.DrillCadence(null, ["mass-slashing"], _ => true, 92 * Day, Now), "no record");
    }

    [Fact]
    public void Age_of_the_backup()
    {
        var backup = new BackupManifest("test", ChainId.Local, Now - Day, new BackupState(1, "0x", 0, new InventoryFile("state.json", 1, "")), null, new InventoryFile("archive.tar", 1, ""), []);
        Holds(ControlJudge.BackupAge(backup, null, 2 * Day, Now));
        Fails(ControlJudge.BackupAge(backup, null, Day / 2, Now), "24 hours old; 12 allowed");
        Fails(ControlJudge.BackupAge(null, "20260101T is damaged", 2 * Day, Now), "is damaged");
    }

    [Fact]
    public void Monitors_at_work()
    {
        var monitor = new MonitorStanding { Version = 1, Network = "test", ChainId = 1, Monitor = "main", Node = "n", At = Now, RuleSet = "0x1" };
        Holds(ControlJudge.MonitorsAtWork([monitor], "0x1", 1, Now));
        Fails(ControlJudge.MonitorsAtWork([monitor], "0x1", 2, Now), "1 monitors are at work; 2 wanted");
        Fails(ControlJudge.MonitorsAtWork([], "0x1", 1, Now), "0 monitors");
        Fails(ControlJudge.MonitorsAtWork([monitor, monitor with { Monitor = "second", At = Now - Day }], "0x1", 1, Now), "second has not written");
        Fails(ControlJudge.MonitorsAtWork([monitor with { At = Now + Day }], "0x1", 1, Now), "main wrote last at 2026-06-02 12:00:00 UTC, which is ahead of this machine's clock");
        Fails(ControlJudge.MonitorsAtWork([monitor with { IsStale = true, HeadTime = Now - Day }], "0x1", 1, Now), "main sees no block after");
        Fails(ControlJudge.MonitorsAtWork([monitor with { Blind = new Blindness(Now, "the node is silent", true) }], "0x1", 1, Now), "main is blind");
        Fails(ControlJudge.MonitorsAtWork([monitor], "0x2", 1, Now), "not watch by the rules in force");
        Fails(ControlJudge.MonitorsAtWork([monitor with { Monitor = Response.Index.EventIndex.Monitor }], "0x1", 1, Now), "0 monitors");
        Unknown(ControlJudge.MonitorsAtWork([monitor], null, 1, Now));
    }

    [Fact]
    public void Rules_in_force()
    {
        using var world = new RuleWorld();
        var sources = RuleWorld.Sources("""{ "name": "module-paused", "event": { "events": ["Paused"] } }""", """{ "name": "asleep", "disabled": true, "event": { "events": ["Unpaused"] } }""");
        var compiled = new RuleCompiler(world.Ground).Compile(sources);
        var applied = new AppliedRules { Version = 1, Network = "test", Digest = compiled.Digest, Content = AppliedRules.ContentOf(sources.Select(source => source.Rule)), At = Now, By = "ann@host", Rules = [] };
        var rules = new RulesInForce(applied, sources, null, compiled);

        Holds(ControlJudge.RulesInForce(rules, ["module-paused"], []));
        Fails(ControlJudge.RulesInForce(rules, ["module-paused", "large-reward"], []), "large-reward is not in force");
        Fails(ControlJudge.RulesInForce(rules, ["asleep"], []), "asleep watches nothing");
        Fails(ControlJudge.RulesInForce(rules with { Applied = null }, ["module-paused"], []), "ever put in force");
        Fails(ControlJudge.RulesInForce(rules, ["module-paused"], RuleTampering.Find("test", "controls", applied, sources, null, null)), "altered");
    }

    [Fact]
    public void Tests_of_channels()
    {
        Holds(ControlJudge.ChannelsTested(["pager"], [(Now - Day, "pager", true)], 2 * Day, Now));
        Fails(ControlJudge.ChannelsTested(["pager", "mail"], [(Now - Day, "pager", true)], 2 * Day, Now), "mail: never tried");
        Fails(ControlJudge.ChannelsTested(["pager"], [(Now - (3 * Day), "pager", true)], 2 * Day, Now), "took a test message at");
        Fails(ControlJudge.ChannelsTested(["pager"], [(Now - (Day / 2), "pager", false), (Now - Day, "pager", true)], 2 * Day, Now), "DID NOT TAKE");
        Fails(ControlJudge.ChannelsTested(null, [], 2 * Day, Now), "there is no channel");
    }

    [Fact]
    public void Changes_that_lie_about()
    {
        var change = new PendingChange("c1", "a change", new ChangeState(ChangePhase.Draft, null), Risk.Green, "agijobs change simulate c1");
        Holds(ControlJudge.PendingChanges([], Day, Now));
        Holds(ControlJudge.PendingChanges([(change, Now - (Day / 2))], Day, Now));
        Fails(ControlJudge.PendingChanges([(change, Now - (2 * Day))], Day, Now), "under way for 2 days; 1 allowed");
        Fails(ControlJudge.PendingChanges([(change with { State = null }, null)], Day, Now), "damaged");
        Unknown(ControlJudge.PendingChanges([(change, null)], Day, Now));
    }

    [Fact]
    public void The_audit_log()
    {
        Unknown(ControlJudge.EvidenceLog(new AuditReport([], [], 0)));
        Fails(ControlJudge.EvidenceLog(new AuditReport([], [new AuditFinding("log-missing", ExitCode.Mismatch, "a log is missing")], 0)), "a log is missing [log-missing]");
        Unknown(ControlJudge.EvidenceLog(new AuditReport([], [new AuditFinding("log-key", ExitCode.Unknown, "the key is not known")], 0)));
    }

    [Fact]
    public void Backup_RPCs()
    {
        Holds(ControlJudge.RpcEndpoints(["a", "b", "c"], 3));
        Fails(ControlJudge.RpcEndpoints(["a", "b", "a"], 3), "2 different RPCs (a, b); 3 wanted");
    }

    private static OperatorBook People(params (string Name, Duty[] Duties)[] people) =>
        new(new OperatorsFile { Version = 1, People = [.. people.Select(person => new Operator { Name = person.Name, Addresses = [RuleWorld.AddressOf(person.Name)], Duties = person.Duties })] });

    private static void Holds(ControlVerdict verdict) => Assert.Equal((ControlState.Holds, ""), (verdict.State, verdict.State == ControlState.Holds ? "" : string.Join('\n', verdict.Evidence)));

    private static void Unknown(ControlVerdict verdict)
    {
        Assert.Equal(ControlState.Unknown, verdict.State);
        Assert.NotEmpty(verdict.Evidence);
    }

    private static void Fails(ControlVerdict verdict, string evidence)
    {
        Assert.Equal(ControlState.DoesNotHold, verdict.State);
        Assert.Contains(verdict.Evidence, line => line.Contains(evidence, StringComparison.Ordinal));
    }
}
