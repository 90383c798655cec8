using System.Globalization;
using System.Text.Json.Nodes;
using AgiJobs.Arena.Diversity;
using AgiJobs.Arena.Ratings;

namespace AgiJobs.Bench;

/// <summary>What the arena computes: ratings against the openskill package, and the search of MAP-Elites against the same search over a list, as it is written in an afternoon.</summary>
internal static class ArenaCases
{
    private const int Evaluations = 1000;

    public static IEnumerable<BenchCase> All()
    {
        yield return Rating("ratings, a duel", [25, 27], [2, 1]);
        yield return Rating("ratings, a game of eight", [25, 27, 23, 30, 20, 26, 24, 28], [3, 1, 7, 2, 8, 4, 6, 4]);

        var ours = new Lazy<MapElites<Slopes>>(() => new MapElites<Slopes>(default, 1));
        var rival = new Lazy<ListOfElites>(() => new ListOfElites(1));
        yield return new BenchCase(
            string.Create(CultureInfo.InvariantCulture, $"MAP-Elites, {Evaluations} evaluations, {default(Slopes).Cells} cells"),
            () =>
            {
                ours.Value.Run(Evaluations);
                return ours.Value.Grid.Score;
            },
            () => "")
        {
            Baseline = "the same over a list of elites",
            Rival = () =>
            {
                rival.Value.Run(Evaluations);
                return rival.Value.Score;
            },
        };
    }

    private static BenchCase Rating(string name, double[] means, int[] ranks)
    {
        var players = means.Select(mean => new Skill(mean, 25.0 / 3)).ToArray();
        var sizes = Enumerable.Repeat(1, means.Length).ToArray();
        var rated = new Skill[means.Length];
        return new BenchCase(
            name,
            () =>
            {
                WengLin.Rate(players, sizes, ranks, rated);
                return rated;
            },
            () =>
            {
                WengLin.Rate(players, sizes, ranks, rated);
                return string.Join(' ', rated.Select(skill => string.Create(CultureInfo.InvariantCulture, $"{skill.Mu:F9} {skill.Sigma:F9}")));
            })
        {
            Baseline = "openskill",
            Operation = "rate",
            Input = new JsonObject { ["players"] = new JsonArray([.. players.Select(player => (JsonNode)new JsonArray(player.Mu, player.Sigma))]), ["ranks"] = new JsonArray([.. ranks.Select(rank => (JsonNode)rank)]) },
        };
    }

    /// <summary>Ten numbers: the first two are the behaviour, in a grid of 32 by 32, and all of them the fitness.</summary>
    private readonly struct Slopes : IEliteDomain
    {
        private const int Side = 32;

        public int Genes => 10;

        public int Cells => Side * Side;

        public long Evaluate(ReadOnlySpan<double> genes, out int cell)
        {
            cell = (Math.Min(Side - 1, (int)(genes[0] * Side)) * Side) + Math.Min(Side - 1, (int)(genes[1] * Side));
            var sum = 0.0;
            foreach (var gene in genes)
            {
                sum += 1 - ((gene - 0.5) * (gene - 0.5));
            }

            return (long)(sum * 1_000_000);
        }
    }

    /// <summary>The same variation, its elites in a list with an array for each.</summary>
    private sealed class ListOfElites(int seed)
    {
        private readonly Random _random = new(seed);
        private readonly List<(int Cell, long Fitness, double[] Genes)> _elites = [];
        private long _evaluations;

        public long Score => _elites.Sum(elite => elite.Fitness);

        public void Run(int evaluations)
        {
            for (var end = _evaluations + evaluations; _evaluations < end; _evaluations++)
            {
                double[] child;
                if (_evaluations < 1000 || _elites.Count == 0)
                {
                    child = [.. Enumerable.Range(0, default(Slopes).Genes).Select(_ => _random.NextDouble())];
                }
                else
                {
                    var (parent, other) = (_elites[_random.Next(_elites.Count)].Genes, _elites[_random.Next(_elites.Count)].Genes);
                    var along = 0.2 * Normal();
                    child = [.. parent.Zip(other, (x, y) => Math.Clamp(x + (0.01 * Normal()) + (along * (y - x)), 0, 1))];
                }

                var fitness = default(Slopes).Evaluate(child, out var cell);
                var at = _elites.FindIndex(elite => elite.Cell == cell);
                if (at < 0)
                {
                    _elites.Add((cell, fitness, child));
                }
                else if (_elites[at].Fitness < fitness)
                {
                    _elites[at] = (cell, fitness, child);
                }
            }
        }

        private double Normal() => Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
    }
}
