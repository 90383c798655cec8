using AgiJobs.Control.Changes;
using AgiJobs.Control.Desired;
using AgiJobs.Control.Drift;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Tests.Drift;

public sealed class DriftReportTests
{
    [Theory]
    [InlineData(false, DriftStatus.NotManaged, ExitCode.Clean)]
    [InlineData(true, DriftStatus.Differs, ExitCode.Findings)]
    [InlineData(null, DriftStatus.Unknown, ExitCode.Unknown)]
    public void A_module_that_is_paused_differs_and_one_that_cannot_be_read_is_unknown_and_never_fine(bool? paused, DriftStatus status, ExitCode exit)
    {
        using var synthetic = new SyntheticProtocol();
        var report = Report(synthetic, [false, paused, false]);
        var item = report.Items.Single(item => item is { Kind: DriftKind.Pause, Module: "Beta" });
        Assert.Equal((status, exit), (item.Status, report.Exit));
        Assert.Equal(status == DriftStatus.Differs, item.Mend is not null);
        Assert.Equal(paused is null, item is { Is: null, Why: "the node is silent" });
    }

    [Fact]
    public void A_role_is_compared_member_by_member_and_the_hand_over_of_ownership_is_not_a_grant()
    {
        using var synthetic = new SyntheticProtocol();
        var wanted = SyntheticProtocol.AddressOf("Gamma");
        synthetic.Placed["Alpha"]!["roles"] = new System.Text.Json.Nodes.JsonObject { ["owner"] = new System.Text.Json.Nodes.JsonArray(wanted.ToString()) };
        var items = Report(synthetic, [false, false, false]).Items.Where(item => item is { Kind: DriftKind.Role, Module: "Alpha" }).ToList();
        Assert.Equal(2, items.Count);
        Assert.All(items, item => Assert.Equal(DriftStatus.Differs, item.Status));
        Assert.Contains(items, item => item.Is == $"{wanted} does not hold it" && item.Wanted == $"{wanted} holds it");
        Assert.Contains(items, item => item.Is == $"{SyntheticProtocol.Owner} holds it" && item.Wanted == $"{SyntheticProtocol.Owner} does not hold it");
    }

    [Fact]
    public void The_fingerprint_leaves_block_and_reasons_out_and_follows_every_row()
    {
        using var synthetic = new SyntheticProtocol();
        var first = Report(synthetic, [true, null, false]);
        var later = first with { State = first.State with { Block = new BlockNumber(99), RoundTrips = 7 } };
        Assert.Equal(RankedDiff.Of(first).Fingerprint, RankedDiff.Of(later).Fingerprint);
        Assert.NotEqual(RankedDiff.Of(first).Fingerprint, RankedDiff.Of(Report(synthetic, [true, false, false])).Fingerprint);
        Assert.NotEqual(RankedDiff.Of(first).Fingerprint, RankedDiff.Of(first with { Network = "other" }).Fingerprint);
    }

    [Fact]
    public void A_damaged_record_of_a_change_makes_what_it_made_so_unknown()
    {
        using var synthetic = new SyntheticProtocol();
        var report = Report(synthetic, [false, false, false], [new SurveyedChange("2026-01-01-x-00000000", null, new ControlException("change-tampered", ExitCode.Mismatch, "altered"))]);
        Assert.Equal(ExitCode.Unknown, report.Exit);
        Assert.Contains("altered", Assert.Single(report.Problems), StringComparison.Ordinal);
    }

    private static DriftReport Report(SyntheticProtocol synthetic, IReadOnlyList<bool?> bits, IReadOnlyList<SurveyedChange>? survey = null)
    {
        var protocol = synthetic.Load();
        var workspace = Workspace.At(synthetic.Folder, Path.Combine(synthetic.Folder, "nothing-ships"));
        var state = SyntheticProtocol.State(protocol, bits);
        state = state with { Modules = state.Modules.ToDictionary(entry => entry.Key, entry => entry.Value with { Proxy = Reading.Known(new ProxySlots(null, null, null)) }, StringComparer.Ordinal) };
        return DriftReport.Of("local", state, DesiredState.Load(workspace, "local", protocol), ExecutedState.Read(survey ?? [], "local", ChainId.Local), (workspace.Manifest("local"), "config/owner-control.local.json"));
    }
}
