using System.Globalization;
using System.Text.Json;
using AgiJobs.Steering.Programs;

namespace AgiJobs.Steering.Searches;

/// <summary>One vertex after another is coloured. The program says which vertex comes next, by the colouring of it that it likes best, and then in which order its colours are tried.</summary>
internal sealed class ColouringSpace : SearchSpace
{
    public static readonly string[] Names = ["depth", "degree", "saturation", "open", "colour", "harm", "used", "vertex"];

    private readonly UInt128[] _neighbours;
    private readonly int _colours;

    public ColouringSpace(JsonElement body)
    {
        _colours = body.GetProperty("colours").GetInt32();
        _neighbours = new UInt128[body.GetProperty("vertices").GetInt32()];
        foreach (var edge in body.GetProperty("edges").EnumerateArray())
        {
            var (a, b) = (edge[0].GetInt32(), edge[1].GetInt32());
            _neighbours[a] |= UInt128.One << b;
            _neighbours[b] |= UInt128.One << a;
        }

        Start = new Partial(null, new UInt128[_colours], UInt128.Zero, isGoal: false);
    }

    protected override SearchState Start { get; }

    protected override void Follow(SearchState from, Expression liking, Frontier found)
    {
        var state = (Partial)from;
        Span<long> features = stackalloc long[Names.Length];
        Span<long> liked = stackalloc long[_colours];
        Span<long> best = stackalloc long[_colours];
        var (chosen, highest) = (-1, long.MinValue);
        for (var vertex = 0; vertex < _neighbours.Length; vertex++)
        {
            if ((state.Coloured >> vertex & 1) == 1)
            {
                continue;
            }

            var neighbours = _neighbours[vertex];
            var open = neighbours & ~state.Coloured;
            var saturation = 0;
            foreach (var members in state.Classes)
            {
                saturation += (members & neighbours) == 0 ? 0 : 1;
            }

            features[0] = state.Depth + 1;
            features[1] = (long)UInt128.PopCount(neighbours);
            features[2] = saturation;
            features[3] = (long)UInt128.PopCount(open);
            features[7] = vertex;
            var most = long.MinValue;
            var fresh = false;
            for (var colour = 0; colour < _colours; colour++)
            {
                liked[colour] = long.MinValue;

                // All unused colours are alike.
                if ((state.Classes[colour] & neighbours) != 0 || (fresh && state.Classes[colour] == 0))
                {
                    continue;
                }

                fresh |= state.Classes[colour] == 0;
                features[4] = colour;
                features[5] = Harm(open, state.Classes[colour]);
                features[6] = (long)UInt128.PopCount(state.Classes[colour]);
                liked[colour] = liking.Evaluate(features);
                most = Math.Max(most, liked[colour]);
            }

            // A vertex without a colour ends this way.
            if (most == long.MinValue)
            {
                return;
            }

            if (most > highest)
            {
                (chosen, highest) = (vertex, most);
                liked.CopyTo(best);
            }
        }

        for (var colour = 0; colour < _colours && chosen >= 0; colour++)
        {
            if (best[colour] == long.MinValue)
            {
                continue;
            }

            var classes = (UInt128[])state.Classes.Clone();
            classes[colour] |= UInt128.One << chosen;
            found.Add(new Partial(state, classes, state.Coloured | UInt128.One << chosen, state.Depth + 1 == _neighbours.Length), best[colour]);
        }
    }

    protected override string Answer(SearchState goal) => string.Create(_neighbours.Length, ((Partial)goal).Classes, static (text, classes) =>
    {
        for (var vertex = 0; vertex < text.Length; vertex++)
        {
            text[vertex] = (char)('0' + Array.FindIndex(classes, members => (members >> vertex & 1) == 1));
        }
    });

    // Neighbours that could still have this colour, and then no more.
    private int Harm(UInt128 open, UInt128 members)
    {
        var harm = 0;
        for (; open != 0; open &= open - 1)
        {
            harm += (_neighbours[(int)UInt128.TrailingZeroCount(open)] & members) == 0 ? 1 : 0;
        }

        return harm;
    }

    private sealed class Partial(SearchState? parent, UInt128[] classes, UInt128 coloured, bool isGoal) : SearchState(parent, isGoal)
    {
        public UInt128[] Classes { get; } = classes;

        public UInt128 Coloured { get; } = coloured;

        public override string Key => string.Join(',', Classes.Select(members => members.ToString("x", CultureInfo.InvariantCulture)));
    }
}
