using AgiJobs.Hgm.Sampling;

namespace AgiJobs.Hgm.Simulation;

/// <summary>One world: tasks and the agents that grow in it. The same seed gives the same world; every answer has an address and does not depend on when it is asked for.</summary>
public sealed class SimulatedWorld
{
    private readonly WorldSettings _settings;
    private readonly ulong _seed;
    private readonly double[] _difficulties;

    /// <summary>The world of a seed.</summary>
    public SimulatedWorld(WorldSettings settings, ulong seed)
    {
        (_settings, _seed) = (settings, seed);
        _difficulties = new double[settings.Tasks];
        var random = Xoshiro256.Of(seed, RandomPurpose.Tasks, 0);
        for (var task = 0; task < settings.Tasks; task++)
            _difficulties[task] = settings.DifficultySpread * random.Normal();
        Root = MakeRoot();
    }

    /// <summary>The agent that everything descends from.</summary>
    public SimulatedAgent Root { get; }

    /// <summary>How hard each task is.</summary>
    public ReadOnlySpan<double> Difficulties => _difficulties;

    /// <summary>The child that an operation makes of a parent.</summary>
    public SimulatedAgent Child(SimulatedAgent parent, int operation)
    {
        var random = Xoshiro256.Of(_seed, RandomPurpose.Agent, (ulong)operation + 1);
        var broken = random.Uniform() < _settings.BrokenShare || parent.Broken;
        var gift = parent.Gift + _settings.GiftNoise * random.Normal();
        var skill = parent.Skill + _settings.Drift + gift + _settings.SkillNoise * random.Normal();
        return Make(skill, gift, broken, ref random);
    }

    /// <summary>Whether an agent solves a task, in the operation that tries.</summary>
    public bool Solves(SimulatedAgent agent, int task, int operation) => Xoshiro256.Of(_seed, RandomPurpose.Answer, (ulong)operation).Uniform() < agent.Probabilities[task];

    /// <summary>How many hours an operation takes.</summary>
    /// <param name="operation">Which.</param>
    /// <param name="task">Its task; -1 for an expansion.</param>
    public double Hours(int operation, int task)
    {
        var random = Xoshiro256.Of(_seed, RandomPurpose.Duration, (ulong)operation);
        var mean = task < 0 ? _settings.ExpansionHours : _settings.EvaluationHours;
        var shift = task < 0 ? 0.0 : _settings.HoursByDifficulty * _difficulties[task];
        var spread = _settings.HoursSpread;
        return Math.Min(_settings.HoursLimit, mean * Elementary.Exp(spread * random.Normal() - 0.5 * spread * spread + shift));
    }

    private SimulatedAgent Make(double skill, double gift, bool broken, ref Xoshiro256 random)
    {
        var probabilities = new double[_settings.Tasks];
        for (var task = 0; task < probabilities.Length; task++)
            probabilities[task] = broken ? _settings.BrokenAccuracy : Elementary.Sigmoid(skill - _difficulties[task] + _settings.PairNoise * random.Normal());
        return new SimulatedAgent(skill, gift, broken, probabilities);
    }

    private SimulatedAgent MakeRoot()
    {
        // Always the same noise, so that accuracy grows with skill and halving finds the one that is wanted.
        double low = -20.0, high = 20.0;
        for (var i = 0; i < 60; i++)
        {
            var middle = 0.5 * (low + high);
            var random = Xoshiro256.Of(_seed, RandomPurpose.Agent, 0);
            if (Make(middle, 0.0, broken: false, ref random).Accuracy < _settings.RootAccuracy)
                low = middle;
            else
                high = middle;
        }

        var noise = Xoshiro256.Of(_seed, RandomPurpose.Agent, 0);
        return Make(high, 0.0, broken: false, ref noise);
    }
}
