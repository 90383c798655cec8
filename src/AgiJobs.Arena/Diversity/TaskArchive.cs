using AgiJobs.Arena.Scoreboard;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Diversity;

/// <summary>
/// The quality-diversity archive of an arena: over family of the task, band of difficulty and style of the solution, the round whose task taught most. Made from ended rounds; a round that comes twice counts once. What it
/// holds does not depend on the order of rounds. Not safe for several threads.
/// </summary>
public sealed class TaskArchive
{
    /// <summary>How many bands difficulty is told apart by.</summary>
    public const int Bands = 10;

    private readonly EliteGrid _grid = new(0);
    private readonly Dictionary<ArchiveCell, int> _places = [];
    private readonly List<Elite> _elites = [];
    private RoundSet _applied = RoundSet.Empty;

    /// <summary>Goes on from a state.</summary>
    public TaskArchive(ArchiveState? state = null)
    {
        if (state is null)
        {
            return;
        }

        _applied = state.Applied;
        foreach (var elite in state.Elites)
        {
            var place = Place(new ArchiveCell(elite.Family, elite.Band, elite.Style));
            for (var visit = 0L; visit < elite.Visits; visit++)
            {
                _grid.Offer(place, elite.Fitness, elite.Round);
            }

            _elites[place] = elite;
        }
    }

    /// <summary>The band of a difficulty, 0 to 9.</summary>
    public static int BandOf(int difficulty) => Math.Clamp(difficulty * Bands / 1001, 0, Bands - 1);

    /// <summary>How new a cell would be to the archive, in millionths: a million for one that nothing was in, half of it after one, a third after two.</summary>
    public long Novelty(ArchiveCell cell) => 1_000_000 / (1 + (_places.TryGetValue(cell, out var place) ? _grid.Visits(place) : 0));

    /// <summary>
    /// Takes a round into account: each style in which its task was solved is a candidate for the cell of that style, with the teacher's merit as its fitness.
    /// </summary>
    /// <param name="round">The round.</param>
    /// <param name="merit">The teacher's merit, which is no less than 0.</param>
    /// <returns>The sum of the candidates' novelty before the round, in millionths; 0 for a round that is in already or that nobody solved.</returns>
    public long Apply(EndedRound round, TeacherMerit merit)
    {
        ArgumentNullException.ThrowIfNull(round);
        if (_applied.Contains(round.Id))
        {
            return 0;
        }

        _applied = _applied.With(round.Id);
        if (round.Failure is not null || round.Family is not { } family)
        {
            return 0;
        }

        var novelty = 0L;
        foreach (var style in round.Students.Where(student => student.Solved && student.Style is not null).GroupBy(student => student.Style!, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            var cell = new ArchiveCell(family, BandOf(round.Difficulty), style.Key);
            novelty += Novelty(cell);
            var place = Place(cell);
            var solver = style.Min(student => student.Account);
            if (_grid.Offer(place, merit.MeritMicro, round.Id))
            {
                _elites[place] = new Elite(cell.Family, cell.Band, cell.Style, merit.MeritMicro, round.Id, round.Teacher, solver, round.Task, 0);
            }
        }

        return novelty;
    }

    /// <summary>The archive as it is, its elites by family, band and style.</summary>
    public ArchiveState State() => new(1, _applied, [.. _elites
        .Select((elite, place) => elite with { Visits = _grid.Visits(place) })
        .OrderBy(elite => elite.Family, StringComparer.Ordinal).ThenBy(elite => elite.Band).ThenBy(elite => elite.Style, StringComparer.Ordinal)]);

    /// <summary>Its figures.</summary>
    /// <param name="families">How many families of tasks there are: each has <see cref="Bands"/> bands, and a band counts as covered when any style is in it.</param>
    public ArchiveProfile Profile(int families)
    {
        var fitness = _elites.Select(elite => elite.Fitness).OrderDescending().ToList();
        var bands = _elites.Select(elite => (elite.Family, elite.Band)).Distinct().Count();
        return new ArchiveProfile(_grid.Filled, _grid.Score, fitness is [var best, ..] ? best : 0, families == 0 ? 0 : (int)(bands * 10_000L / (families * (long)Bands)), fitness);
    }

    private int Place(ArchiveCell cell)
    {
        if (!_places.TryGetValue(cell, out var place))
        {
            place = _places.Count;
            _places.Add(cell, place);
            _grid.Grow(place + 1);
            _elites.Add(new Elite(cell.Family, cell.Band, cell.Style, 0, 0, Address.Zero, Address.Zero, null, 0));
        }

        return place;
    }
}

/// <summary>A cell of the archive.</summary>
/// <param name="Family">The family of the task.</param>
/// <param name="Band">The band of its difficulty.</param>
/// <param name="Style">The style of the solution.</param>
public readonly record struct ArchiveCell(string Family, int Band, string Style);

/// <summary>Figures of an archive; fitness in millionths.</summary>
/// <param name="Filled">How many cells have an elite.</param>
/// <param name="Score">The QD-score: the sum of their fitness.</param>
/// <param name="Best">The best fitness.</param>
/// <param name="CoverageBps">How many of all bands of all families have an elite, in basis points.</param>
/// <param name="Fitness">The elites' fitness from the best down: at each place, how many are at least that good.</param>
public sealed record ArchiveProfile(int Filled, long Score, long Best, int CoverageBps, IReadOnlyList<long> Fitness);
