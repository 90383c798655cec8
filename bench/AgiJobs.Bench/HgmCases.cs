using System.Globalization;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Policies;
using AgiJobs.Hgm.Runs;
using AgiJobs.Hgm.Sampling;
using AgiJobs.Hgm.Simulation;

namespace AgiJobs.Bench;

/// <summary>
/// The HGM engine against the same written in an afternoon: one draw for each agent at each decision, gammas by the same method with the library's random numbers and logarithms. Both decide on the same tree.
/// </summary>
internal static class HgmCases
{
    public static IEnumerable<BenchCase> All()
    {
        var (ours, rival) = (Xoshiro256.Of(1, RandomPurpose.Decision, 0), new Random(1));
        yield return new BenchCase("HGM, 1000 draws of Beta(3, 7)", () => Sum(() => BetaSampling.Draw(ref ours, 3, 7)), () => "")
        {
            Baseline = "Marsaglia and Tsang on System.Random",
            Rival = () => Sum(() => Sketch.Beta(rival, 3, 7)),
        };
        foreach (var agents in (int[])[50, 1_000, 100_000])
        {
            var state = new Lazy<RunState>(() => Grown(agents));
            var decisions = 0UL;
            yield return new BenchCase(
                string.Create(CultureInfo.InvariantCulture, $"HGM, a decision among {agents:N0} agents"),
                () =>
                {
                    var random = Xoshiro256.Of(7, RandomPurpose.Decision, decisions++);
                    return Policy.Decide(state.Value, ref random).Agent;
                },
                () => "")
            {
                Baseline = "a draw for each agent",
                Rival = () => Sketch.Choose(rival, state.Value),
            };
        }

        var seed = 0UL;
        yield return new BenchCase("HGM, a run of 800 evaluations in the simulated world", () => SimulatedRun.Play(new RunSettings { Seed = seed++ }, new WorldSettings()).State.Version, () => "")
        {
            Baseline = "a sketch without events, money and flight",
            Rival = () => Sketch.Run(rival, 800, 60),
        };
    }

    private static IPolicy Policy { get; } = PolicyNames.Find(PolicyNames.Hgm);

    private static double Sum(Func<double> draw)
    {
        var sum = 0.0;
        for (var i = 0; i < 1000; i++)
        {
            sum += draw();
        }

        return sum;
    }

    /// <summary>A tree in the middle of a run: each agent the child of one drawn from all before it, with up to twenty results of its own.</summary>
    private static RunState Grown(int agents)
    {
        var random = Xoshiro256.Of((ulong)agents, RandomPurpose.Agent, 0);
        var state = new RunState();
        state.Apply(new RunStarted(new RunSettings { Evaluations = 100_000_000, InitialBurst = 0, Alpha = 0.0001m }, null));
        for (var agent = 1; agent < agents; agent++)
        {
            state.Apply(new ExpansionStarted(state.OperationsStarted, random.Below(agent), Amount.Zero));
            state.Apply(new AgentAdded(state.OperationsStarted - 1, null, Amount.Zero));
        }

        for (var agent = 0; agent < agents; agent++)
        {
            var skill = random.Uniform();
            for (var task = random.Below(20); task >= 0; task--)
            {
                state.Apply(new EvaluationStarted(state.OperationsStarted, agent, task, Charged: true, Amount.Zero));
                state.Apply(new EvaluationRecorded(state.OperationsStarted - 1, random.Uniform() < skill, Amount.Zero, Amount.Zero));
            }
        }

        return state;
    }

    /// <summary>What one would write without thinking of speed, kills, money or many agents.</summary>
    private static class Sketch
    {
        public static double Beta(Random random, double a, double b)
        {
            var (x, y) = (Gamma(random, a), Gamma(random, b));
            return x / (x + y);
        }

        public static int Choose(Random random, RunState state)
        {
            var (best, highest) = (-1, -1.0);
            var tree = state.Tree;
            for (var agent = 0; agent < tree.Count; agent++)
            {
                if (Beta(random, 1 + tree.Successes[agent], 1 + tree.Failures[agent]) is var draw && draw > highest)
                {
                    (best, highest) = (agent, draw);
                }
            }

            return best;
        }

        public static int Run(Random random, int budget, int tasks)
        {
            var agents = new List<(int Parent, double Skill, int Own, int OwnFailed, int Clade, int CladeFailed, HashSet<int> Tried)> { (-1, 0.4, 0, 0, 0, 0, []) };
            for (var spent = 0; spent < budget;)
            {
                var temperature = budget / (double)(budget - spent);
                if (Math.Pow(Math.Max(1, spent), 0.6) >= agents.Count)
                {
                    var parent = Argmax(agent => Beta(random, temperature * (1 + agents[agent].Clade), temperature * (1 + agents[agent].CladeFailed)));
                    agents.Add((parent, Math.Clamp(agents[parent].Skill + 0.05 * Normal(random), 0, 1), 0, 0, 0, 0, []));
                    continue;
                }

                var chosen = Argmax(agent => agents[agent].Tried.Count == tasks ? -1 : Beta(random, temperature * (1 + agents[agent].Own), temperature * (1 + agents[agent].OwnFailed)));
                while (!agents[chosen].Tried.Add(random.Next(tasks)))
                {
                }

                var passed = random.NextDouble() < agents[chosen].Skill;
                var own = agents[chosen];
                agents[chosen] = passed ? own with { Own = own.Own + 1 } : own with { OwnFailed = own.OwnFailed + 1 };
                for (var at = chosen; at >= 0; at = agents[at].Parent)
                {
                    var one = agents[at];
                    agents[at] = passed ? one with { Clade = one.Clade + 1 } : one with { CladeFailed = one.CladeFailed + 1 };
                }

                spent++;
            }

            return agents.Count;

            int Argmax(Func<int, double> draw)
            {
                var (best, highest) = (0, -2.0);
                for (var agent = 0; agent < agents.Count; agent++)
                {
                    if (draw(agent) is var value && value > highest)
                    {
                        (best, highest) = (agent, value);
                    }
                }

                return best;
            }
        }

        private static double Gamma(Random random, double shape)
        {
            var d = shape < 1 ? shape + (2.0 / 3) : shape - (1.0 / 3);
            var c = 1 / Math.Sqrt(9 * d);
            while (true)
            {
                var x = Normal(random);
                var v = Math.Pow(1 + (c * x), 3);
                if (v > 0 && Math.Log(1 - random.NextDouble()) < (0.5 * x * x) + d - (d * v) + (d * Math.Log(v)))
                {
                    return d * v;
                }
            }
        }

        private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
    }
}
