using System.Globalization;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Response.Tests.Detectors;

/// <summary>The rules that ship against real transactions on a real chain (<see cref="RuleTrial"/>).</summary>
public sealed class ShippedRulesOnChainTests(RuleTrialGround ground) : IClassFixture<RuleTrialGround>
{
    public static TheoryData<string> Trials => [.. RuleTrial.All.Select((trial, index) => string.Create(CultureInfo.InvariantCulture, $"{index}: {trial.Rule}, {trial.What}"))];

    [Fact]
    public void Every_rule_that_ships_has_a_trial_and_a_new_network_has_every_rule()
    {
        var shipped = JsonFile.Parse(ground.Devnet.Workspace.ShippedRules("agi-jobs")!, "shipped", WorkspaceJson.Default.MonitoringRulesFile).Rules;

        Assert.Equal(shipped.Select(rule => rule.Name).Order(StringComparer.Ordinal), RuleTrial.All.Select(trial => trial.Rule).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        Assert.Equal(shipped.Select(rule => rule.Name), ground.Sources.Select(source => source.Rule.Name));
    }

    [Fact]
    public Task Nothing_fires_for_an_ordinary_transaction() => ground.InPeaceAsync(async () =>
        Assert.Empty(await ground.FoundAsync(() => ground.CallAsync(ground["agent-1"], "StakeManager", "depositStake", 0, Wei.FromEther("1")))));

    [Theory]
    [MemberData(nameof(Trials))]
    public async Task A_rule_that_ships_fires_for_what_it_is_for_and_not_for_what_is_like_it(string name)
    {
        var trial = RuleTrial.All[int.Parse(name[..name.IndexOf(':', StringComparison.Ordinal)], CultureInfo.InvariantCulture)];
        Assert.EndsWith($"{trial.Rule}, {trial.What}", name, StringComparison.Ordinal);
        var alone = trial.Quiet > 0 ? trial.Rule : null;

        await ground.InPeaceAsync(async () =>
        {
            await (trial.Before?.Invoke(ground) ?? Task.CompletedTask);
            var found = await ground.FoundAsync(() => trial.Act(ground), alone, trial.Quiet);

            Assert.Contains(found, finding => finding.Rule == trial.Rule);
            Assert.Equal([.. trial.With.Append(trial.Rule).Order(StringComparer.Ordinal)], found.Select(finding => finding.Rule).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
            var said = found.Where(finding => finding.Rule == trial.Rule).ToList();
            Assert.All(said, finding => Assert.Equal(trial.Severity, finding.Severity));
            Assert.Contains(said, finding => trial.Title.All(words => finding.Title.Contains(words.Replace("@stranger", RuleTrialGround.Stranger.ToString(), StringComparison.Ordinal), StringComparison.Ordinal)));
            Assert.True(trial.Quiet == 0 || said.Count == 1, "what is like it fired in the same blocks");
            Assert.All(said, finding => Assert.DoesNotContain("unknown", finding.Title, StringComparison.Ordinal));
        });
        await ground.InPeaceAsync(async () =>
        {
            await (trial.Before?.Invoke(ground) ?? Task.CompletedTask);
            Assert.DoesNotContain(await ground.FoundAsync(() => trial.Like(ground), alone, Math.Max(0, trial.Quiet - 1)), finding => finding.Rule == trial.Rule);
        });
    }
}
