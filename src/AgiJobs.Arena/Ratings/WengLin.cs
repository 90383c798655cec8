namespace AgiJobs.Arena.Ratings;

/// <summary>What is believed of a player's skill: a normal distribution.</summary>
/// <param name="Mu">Its mean.</param>
/// <param name="Sigma">Its standard deviation.</param>
public readonly record struct Skill(double Mu, double Sigma)
{
    /// <summary>What is believed of somebody who has not played.</summary>
    public static Skill Start => new(25, 25.0 / 3);

    /// <summary>The skill that somebody has almost certainly: mean less three standard deviations. What a ladder is sorted by.</summary>
    public double Ordinal => Mu - (3 * Sigma);
}

/// <summary>
/// Ratings of games between teams by the Plackett-Luce model of Weng and Lin, "A Bayesian Approximation Method for Online Ranking" (JMLR 12, 2011), algorithm 4; gamma, tau and kappa as in openskill.js, which is what
/// OpenSkill means. Allocates nothing for up to 64 teams with up to 256 players. The same bits on every machine.
/// </summary>
public static class WengLin
{
    /// <summary>The spread of one player's performances.</summary>
    public const double Beta = 25.0 / 6;

    /// <summary>What every game adds to the uncertainty, so that nobody's rating freezes.</summary>
    public const double Tau = 25.0 / 300;

    /// <summary>The least share of a variance that a game leaves.</summary>
    public const double Kappa = 0.0001;

    /// <summary>Rates a game.</summary>
    /// <param name="teams">The teams with their players as they were.</param>
    /// <param name="ranks">Each team's place, lower is better, equal is a draw; null for the order of the teams.</param>
    /// <returns>The players as they are now, in the same places.</returns>
    /// <exception cref="ArgumentException">Fewer or more ranks than teams, or an empty team.</exception>
    public static IReadOnlyList<IReadOnlyList<Skill>> Rate(IReadOnlyList<IReadOnlyList<Skill>> teams, IReadOnlyList<int>? ranks = null)
    {
        ArgumentNullException.ThrowIfNull(teams);
        Skill[] players = [.. teams.SelectMany(team => team)];
        int[] sizes = [.. teams.Select(team => team.Count)];
        Rate(players, sizes, ranks is null ? [.. Enumerable.Range(0, sizes.Length)] : [.. ranks], players);
        var result = new List<IReadOnlyList<Skill>>(sizes.Length);
        var at = 0;
        foreach (var size in sizes)
        {
            result.Add(players[at..(at + size)]);
            at += size;
        }

        return result;
    }

    /// <summary>Rates a game without allocating.</summary>
    /// <param name="players">The players of all teams, team after team.</param>
    /// <param name="sizes">How many of them each team has.</param>
    /// <param name="ranks">Each team's place, lower is better, equal is a draw.</param>
    /// <param name="result">Where the players go as they are now; may be <paramref name="players"/>.</param>
    /// <exception cref="ArgumentException">The lengths do not fit together, or a team is empty.</exception>
    public static void Rate(ReadOnlySpan<Skill> players, ReadOnlySpan<int> sizes, ReadOnlySpan<int> ranks, Span<Skill> result)
    {
        Span<TeamSum> teams = sizes.Length <= 64 ? stackalloc TeamSum[sizes.Length] : new TeamSum[sizes.Length];
        Sum(players, sizes, ranks, result, teams);
        var c = 0.0;
        foreach (ref readonly var team in teams)
        {
            c += team.Variance + (Beta * Beta);
        }

        c = Math.Sqrt(c);
        foreach (ref var team in teams)
        {
            team.Strength = PortableMath.Exp(team.Mu / c);
        }

        // For each place: what stands at it or below it, and how many share it.
        foreach (ref var q in teams)
        {
            foreach (ref readonly var i in teams)
            {
                q.Below += i.Rank >= q.Rank ? i.Strength : 0;
                q.Ties += i.Rank == q.Rank ? 1 : 0;
            }
        }

        var at = 0;
        for (var i = 0; i < teams.Length; i++)
        {
            ref readonly var team = ref teams[i];
            var (omega, delta) = (0.0, 0.0);
            for (var q = 0; q < teams.Length; q++)
            {
                ref readonly var other = ref teams[q];
                if (other.Rank > team.Rank)
                {
                    continue;
                }

                var chance = team.Strength / other.Below;
                omega += (i == q ? 1 - chance : -chance) / other.Ties;
                delta += chance * (1 - chance) / other.Ties;
            }

            var gamma = Math.Sqrt(team.Variance) / c;
            omega *= team.Variance / c;
            delta *= team.Variance / (c * c) * gamma;
            for (var end = at + sizes[i]; at < end; at++)
            {
                var variance = Inflated(players[at].Sigma);
                var share = variance / team.Variance;
                result[at] = new Skill(players[at].Mu + (share * omega), Math.Sqrt(variance * Math.Max(1 - (share * delta), Kappa)));
            }
        }
    }

    private static void Sum(ReadOnlySpan<Skill> players, ReadOnlySpan<int> sizes, ReadOnlySpan<int> ranks, Span<Skill> result, Span<TeamSum> teams)
    {
        if (ranks.Length != sizes.Length || result.Length < players.Length)
        {
            throw new ArgumentException($"{sizes.Length} teams with {players.Length} players take as many ranks and places for results, not {ranks.Length} and {result.Length}.", nameof(ranks));
        }

        var at = 0;
        for (var i = 0; i < sizes.Length; i++)
        {
            if (sizes[i] < 1 || sizes[i] > players.Length - at)
            {
                throw new ArgumentException($"Team {i} has {sizes[i]} players, and {players.Length - at} are left: a team has at least one.", nameof(sizes));
            }

            var (mu, variance) = (0.0, 0.0);
            for (var end = at + sizes[i]; at < end; at++)
            {
                mu += players[at].Mu;
                variance += Inflated(players[at].Sigma);
            }

            teams[i] = new TeamSum { Mu = mu, Variance = variance, Rank = ranks[i] };
        }

        if (at != players.Length)
        {
            throw new ArgumentException($"{players.Length - at} players are in no team.", nameof(sizes));
        }
    }

    private static double Inflated(double sigma) => (sigma * sigma) + (Tau * Tau);

    private struct TeamSum
    {
        public double Mu;
        public double Variance;
        public double Strength;
        public double Below;
        public int Rank;
        public int Ties;
    }
}
