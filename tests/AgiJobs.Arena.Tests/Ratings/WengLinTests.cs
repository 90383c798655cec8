using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Arena.Ratings;
using AgiJobs.Testing;

namespace AgiJobs.Arena.Tests.Ratings;

public sealed class WengLinTests
{
    [Fact]
    public void Two_against_two_gives_the_published_numbers()
    {
        var teams = WengLin.Rate([[Skill.Start, Skill.Start], [Skill.Start, Skill.Start]]);
        Assert.All(teams[0], one => Near(new Skill(26.964294621803063, 8.177962604389991), one));
        Assert.All(teams[1], one => Near(new Skill(23.035705378196937, 8.177962604389991), one));
    }

    [Fact]
    public void The_ordinal_is_three_deviations_below_the_mean() => Assert.Equal(35.81, new Skill(43.07, 2.42).Ordinal, 9);

    [Fact]
    public void A_draw_of_equals_moves_no_mean_and_lessens_doubt()
    {
        var teams = WengLin.Rate([[Skill.Start], [Skill.Start]], [3, 3]);
        Assert.Equal(25, teams[0][0].Mu, 12);
        Assert.Equal(25, teams[1][0].Mu, 12);
        Assert.True(teams[0][0].Sigma < Skill.Start.Sigma);
    }

    [Fact]
    public void Games_that_are_none_are_refused()
    {
        Assert.Throws<ArgumentException>(() => WengLin.Rate([[Skill.Start], []]));
        Assert.Throws<ArgumentException>(() => WengLin.Rate([[Skill.Start], [Skill.Start]], [1]));
    }

    [Fact]
    public async Task Games_of_any_shape_are_rated_as_openskill_rates_them()
    {
        var random = new Random(20261121);
        // Ranks begin at 1: this release of openskill takes a rank of 0 for none.
        var games = Enumerable.Range(0, 400).Select(_ =>
        {
            var teams = Enumerable.Range(0, random.Next(2, 9)).Select(_ => (IReadOnlyList<Skill>)[.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => new Skill((random.NextDouble() * 80) - 20, 0.5 + (random.NextDouble() * 9)))]).ToList();
            return (Teams: teams, Ranks: teams.Select(_ => random.Next(1, 6)).ToList());
        }).ToList();
        var asked = new JsonArray([.. games.Select(game => new JsonObject
        {
            ["teams"] = new JsonArray([.. game.Teams.Select(team => new JsonArray([.. team.Select(one => new JsonArray(one.Mu, one.Sigma))]))]),
            ["ranks"] = new JsonArray([.. game.Ranks.Select(rank => JsonValue.Create(rank))]),
        })]);
        using var theirs = JsonDocument.Parse(await OpenskillAsync(asked.ToJsonString()));
        var index = 0;
        foreach (var answer in theirs.RootElement.EnumerateArray())
        {
            var ours = WengLin.Rate(games[index].Teams, games[index].Ranks);
            var (team, player) = (0, 0);
            foreach (var theirTeam in answer.EnumerateArray())
            {
                player = 0;
                foreach (var their in theirTeam.EnumerateArray())
                {
                    Near(new Skill(their[0].GetDouble(), their[1].GetDouble()), ours[team][player++]);
                }

                team++;
            }

            Assert.Equal(games[index].Teams.Count, team);
            index++;
        }

        Assert.Equal(games.Count, index);
    }

    [Fact]
    public void Exponential_and_logarithm_are_those_of_the_base_library_to_the_last_place()
    {
        var random = new Random(7);
        for (var i = 0; i < 20_000; i++)
        {
            var x = (random.NextDouble() - 0.5) * 1400;
            Assert.InRange(PortableMath.Exp(x) / Math.Exp(x), 1 - 5e-16, 1 + 5e-16);
            var y = Math.Exp((random.NextDouble() - 0.5) * 1200);
            Assert.InRange(PortableMath.Log(y) - Math.Log(y), -1e-13, 1e-13);
        }

        Assert.Equal(0, PortableMath.Exp(double.NegativeInfinity));
        Assert.Equal(double.PositiveInfinity, PortableMath.Exp(1000));
        Assert.Equal(double.NegativeInfinity, PortableMath.Log(0));
        Assert.Equal(0, PortableMath.Log(1));
        Assert.Equal(1, PortableMath.Exp(0));
    }

    private static void Near(Skill expected, Skill found)
    {
        Assert.InRange(found.Mu, expected.Mu - 1e-10, expected.Mu + 1e-10);
        Assert.InRange(found.Sigma, expected.Sigma - 1e-10, expected.Sigma + 1e-10);
    }

    private static async Task<string> OpenskillAsync(string games)
    {
        using var node = Process.Start(new ProcessStartInfo("node", [Toolchain.PathOf("tests", "AgiJobs.Arena.Tests", "Ratings", "openskill.mjs")])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = node.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = node.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await node.StandardInput.WriteAsync(games);
        node.StandardInput.Close();
        await node.WaitForExitAsync(TestContext.Current.CancellationToken);
        var said = await output;
        Assert.True(node.ExitCode == 0, await errors);
        return said;
    }
}
