using System.Security.Cryptography;
using AgiJobs.Hgm.Policies;
using AgiJobs.Hgm.Runs;
using AgiJobs.Hgm.Simulation;
using AgiJobs.Hgm.Trees;

namespace AgiJobs.Hgm.Tests.Simulation;

public sealed class SimulationTests
{
    // These digests are what makes "the same run on every machine" a claim that can fail; they change only with the algorithm, the generator or the world.
    [Theory]
    [InlineData(PolicyNames.Hgm, "725e77252ede3959")]
    [InlineData(PolicyNames.Dgm, "d98601f286af135a")]
    [InlineData(PolicyNames.Sica, "7a497f72aa7869a9")]
    public void A_seed_gives_the_same_events_on_every_machine(string policy, string digest)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        SimulatedRun.Play(PaperTables.Run with { Seed = 1337, Policy = policy }, PaperTables.Verified, (happened, _) => hash.AppendData(RunEventJson.Write(happened)));
        Assert.Equal(digest, Convert.ToHexStringLower(hash.GetHashAndReset())[..16]);
    }

    [Fact]
    public void The_simulated_log_folds_to_the_simulated_state()
    {
        var events = new List<RunEvent>();
        var run = SimulatedRun.Play(PaperTables.Run with { Seed = 5 }, PaperTables.Verified, (happened, _) => events.Add(happened));
        var folded = RunState.Fold(events);
        Assert.Equal(run.State.Tree.CladeSuccesses.ToArray(), folded.Tree.CladeSuccesses.ToArray());
        Assert.Equal(run.State.Finished, folded.Finished);
        Assert.Equal(run.State.Version, folded.Version);
    }

    [Fact]
    public void Threads_do_not_change_a_byte()
    {
        var alone = PaperTables.Compute(new Study(3), TestContext.Current.CancellationToken);
        var together = PaperTables.Compute(new Study(3, Threads: 3), TestContext.Current.CancellationToken);
        Assert.Equal(alone.Select(table => table.ToText()), together.Select(table => table.ToText()));
        Assert.Equal(6, alone.Count);
    }

    [Fact]
    public void Hgm_chooses_better_agents_than_its_rivals_at_the_same_evaluations()
    {
        var study = new Study(80);
        Replicate[] Of(string policy) => study.Play(new Variant(policy, PaperTables.Run with { Policy = policy }, PaperTables.Verified), TestContext.Current.CancellationToken);
        var hgm = Of(PolicyNames.Hgm);
        foreach (var rival in (string[])[PolicyNames.Dgm, PolicyNames.Sica, PolicyNames.HgmUniform])
        {
            var replicates = Of(rival);
            Assert.All(replicates, replicate => Assert.Equal(800, replicate.Evaluations));
            Assert.True(PaperTables.Paired(hgm, replicates).Difference.Z > 3, $"{rival}: z {PaperTables.Paired(hgm, replicates).Difference.Z}");
        }

        Assert.InRange(Estimate.Of(hgm.Select(replicate => replicate.Chosen)).Mean, 0.53, 0.61);
        Assert.InRange(Estimate.Of(hgm.Select(replicate => replicate.BusyHours)).Mean, 500, 525);
    }

    [Fact]
    public void At_equal_cost_nobody_spends_more()
    {
        foreach (var policy in (string[])[PolicyNames.Dgm, PolicyNames.Sica])
        {
            var run = SimulatedRun.Play(
                PaperTables.Run with { Seed = 3, Policy = policy, Evaluations = 100_000, CostCap = AgiJobs.Hgm.Ledger.Amount.Parse("928.75"), EvaluationReserve = AgiJobs.Hgm.Ledger.Amount.Parse("1"), ExpansionReserve = AgiJobs.Hgm.Ledger.Amount.Parse("1.25") },
                PaperTables.Verified with { EvaluationCost = AgiJobs.Hgm.Ledger.Amount.Parse("1"), ExpansionCost = AgiJobs.Hgm.Ledger.Amount.Parse("1.25") });
            var spent = run.State.Evaluations + 1.25 * run.State.ExpansionsStarted;
            Assert.InRange(spent, 866.5, 868.75);
            Assert.Equal(RunEnd.CostCap, run.State.Finished!.Reason);
        }
    }

    [Fact]
    public void A_world_is_what_its_settings_say()
    {
        var world = new SimulatedWorld(PaperTables.Verified, 7);
        Assert.Equal(0.40, world.Root.Accuracy, 1e-9);
        Assert.Equal(12.0 / 59.0, new SimulatedWorld(PaperTables.Polyglot, 7).Root.Accuracy, 1e-9);
        var children = Enumerable.Range(0, 4000).Select(operation => world.Child(world.Root, operation)).ToArray();
        Assert.Equal(0.08, children.Count(child => child.Broken) / 4000.0, 0.015);
        var steps = children.Select(child => child.Skill - world.Root.Skill).ToArray();
        Assert.Equal(-0.05, steps.Average(), 0.012);
        Assert.Equal(0.20 * 0.20 + 0.06 * 0.06, steps.Average(step => (step + 0.05) * (step + 0.05)), 0.004);
        var broken = children.First(child => child.Broken);
        Assert.Equal(0.02, broken.Accuracy, 1e-12);
        Assert.True(world.Child(broken, 9999).Broken);
        Assert.All(Enumerable.Range(0, 500), operation => Assert.InRange(world.Hours(operation, operation % 60), 0.05, 1.0));
    }

    [Fact]
    public void The_empirical_metaproductivity_is_the_best_strict_descendant_and_its_predictor_leaves_that_subtree_out()
    {
        // 0 - 1 - 3, 0 - 2 - 4: a pair for 0 (both metrics), 1 and 2 (own mean alone).
        var tree = new AgentTree();
        foreach (var parent in (int[])[-1, 0, 0, 1, 2])
            tree.Add(parent);
        Results(tree, 0, 1, 1);
        Results(tree, 1, 1, 3);
        Results(tree, 2, 3, 1);
        Results(tree, 3, 9, 1);
        Results(tree, 4, 2, 2);

        // Outcomes: 0.9 for 0 (agent 3 by child 1), 0.9 for 1, 0.5 for 2. Own means: 0.5, 0.25, 0.75.
        var (weighted, unweighted) = Metaproductivity.Correlation(tree, clade: false);
        Assert.Equal(Metaproductivity.Pearson([0.5, 0.25, 0.75], [0.9, 0.9, 0.5], null), unweighted, 1e-12);
        Assert.Equal(Metaproductivity.Pearson([0.5, 0.25, 0.75], [0.9, 0.9, 0.5], [2, 4, 4]), weighted, 1e-12);

        // The clade metric exists for 0 alone: the results of 2 and 4 without those of 0, 1 and 3.
        Assert.True(double.IsNaN(Metaproductivity.Correlation(tree, clade: true).Weighted));
    }

    [Fact]
    public void Correlation_is_pearsons()
    {
        Assert.Equal(1.0, Metaproductivity.Pearson([1, 2, 3], [10, 20, 30], null), 1e-12);
        Assert.Equal(-0.5, Metaproductivity.Pearson([1, 2, 3], [3, 1, 2], null), 1e-12);
        Assert.Equal(Metaproductivity.Pearson([1, 2, 3, 3], [3, 1, 2, 2], null), Metaproductivity.Pearson([1, 2, 3], [3, 1, 2], [1, 1, 2]), 1e-12);
        Assert.True(double.IsNaN(Metaproductivity.Pearson([1, 2], [1, 2], null)));
        Assert.True(double.IsNaN(Metaproductivity.Pearson([1, 1, 1], [1, 2, 3], null)));
    }

    [Fact]
    public void Where_easy_tasks_end_sooner_an_agents_first_results_flatter_it_and_by_fifty_they_do_not()
    {
        // The paper's appendix B, in a chain where every agent gets every task, so that nobody is chosen for looking good.
        double Inflation(double hoursByDifficulty, int results)
        {
            var excess = new List<double>();
            for (ulong seed = 0; seed < 15; seed++)
            {
                var world = PaperTables.Verified with { HoursByDifficulty = hoursByDifficulty, HoursLimit = 100, BrokenShare = 0 };
                var truth = new Dictionary<int, double>();
                var run = SimulatedRun.Play(new RunSettings { Seed = seed, Policy = PolicyNames.Sica, Evaluations = 360, Concurrency = 60 }, world, (happened, state) =>
                {
                    if (happened is not EvaluationRecorded)
                        return;
                    var agent = state.Tree.Count - 1;
                    var count = state.Tree.Successes[agent] + state.Tree.Failures[agent];
                    if (count == results)
                        truth[agent] = state.Tree.Successes[agent] / (double)count;
                });
                excess.AddRange(truth.Select(pair => pair.Value - run.Agents[pair.Key].Accuracy));
            }

            return excess.Average();
        }

        Assert.True(Inflation(0.5, 10) > 0.15);
        Assert.InRange(Inflation(0.5, 50), -0.05, 0.08);
        Assert.InRange(Inflation(0.0, 10), -0.05, 0.05);
    }

    [Theory]
    [InlineData("0.5", 1)]
    [InlineData("0.7", 3)]
    [InlineData("1.0", 10)]
    public void Runs_of_one_row_of_the_alpha_sweep_cost_the_same(string alpha, int ratio)
    {
        var value = decimal.Parse(alpha, System.Globalization.CultureInfo.InvariantCulture);
        var evaluations = Sweeps.EvaluationsFor(value, ratio);
        var cost = evaluations + ratio * Math.Floor(Math.Pow(evaluations, (double)value) + 1e-9);
        Assert.InRange(cost, 800 + 54 * ratio - 1, 800 + 55 * ratio);
        Assert.Equal(800, Sweeps.EvaluationsFor(0.6m, ratio));
    }

    [Fact]
    public void Ablations_and_sweeps_have_their_rows()
    {
        var study = new Study(2);
        var ablations = Ablations.Compute(study, TestContext.Current.CancellationToken);
        Assert.Equal(13, ablations.Rows.Count);
        Assert.All(ablations.Rows, row => Assert.Equal(ablations.Columns.Count, row.Count));
        var alphas = Sweeps.Alphas(study with { Seeds = 1 }, TestContext.Current.CancellationToken);
        Assert.Equal((3, 7), (alphas.Rows.Count, alphas.Rows[0].Count));
    }

    [Fact]
    public void A_table_is_printed_for_people_and_for_machines()
    {
        var table = new ReportTable("Title", ["name", "value"], [[new ReportCell("a|b"), ReportCell.Of(new Estimate(0.5, 0.01, 9), 1, 100)], [new ReportCell("c"), ReportCell.Of(Estimate.Of([double.NaN]), 1)]], ["A note."]);
        Assert.Equal("Title\n  name  value\n  a|b   50.0 ±1.0\n  c     -\n  A note.\n", table.ToText());
        Assert.Equal("### Title\n\n| name | value |\n|---|---|\n| a\\|b | 50.0 ±1.0 |\n| c | - |\n\n- A note.\n", table.ToMarkdown());
        using var stream = new MemoryStream();
        using (var writer = new System.Text.Json.Utf8JsonWriter(stream))
            table.WriteTo(writer);
        Assert.Equal("{\"title\":\"Title\",\"columns\":[\"name\",\"value\"],\"rows\":[[{\"text\":\"a|b\"},{\"text\":\"50.0 \\u00B11.0\",\"mean\":50,\"error\":1}],[{\"text\":\"c\"},{\"text\":\"-\"}]],\"notes\":[\"A note.\"]}", System.Text.Encoding.UTF8.GetString(stream.ToArray()));
    }

    private static void Results(AgentTree tree, int agent, int successes, int failures)
    {
        for (var i = 0; i < successes; i++)
            tree.Record(agent, success: true);
        for (var i = 0; i < failures; i++)
            tree.Record(agent, success: false);
    }
}
