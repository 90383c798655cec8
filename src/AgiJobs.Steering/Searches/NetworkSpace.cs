using System.Numerics;
using System.Runtime.InteropServices;
using System.Text.Json;
using AgiJobs.Steering.Programs;

namespace AgiJobs.Steering.Searches;

/// <summary>Comparators are added one after another, until every input of zeros and ones comes out sorted.</summary>
internal sealed class NetworkSpace : SearchSpace
{
    public static readonly string[] Names = ["depth", "distinct", "misplaced", "left", "low", "high", "span", "wires"];

    private readonly int _wires;
    private readonly int _comparators;
    private readonly bool[] _marks;

    public NetworkSpace(JsonElement body)
    {
        _wires = body.GetProperty("wires").GetInt32();
        _comparators = body.GetProperty("comparators").GetInt32();
        _marks = new bool[1 << _wires];
        var inputs = new ushort[1 << _wires];
        for (var i = 0; i < inputs.Length; i++)
        {
            inputs[i] = (ushort)i;
        }

        foreach (var pair in body.GetProperty("prefix").EnumerateArray())
        {
            inputs = Apply(inputs, pair[0].GetInt32(), pair[1].GetInt32());
        }

        Start = new Network(null, inputs, 0, 0, inputs.Length == _wires + 1);
    }

    protected override SearchState Start { get; }

    protected override void Follow(SearchState from, Expression liking, Frontier found)
    {
        var state = (Network)from;
        if (state.Depth == _comparators)
        {
            return;
        }

        Span<long> features = stackalloc long[Names.Length];
        for (var low = 0; low < _wires; low++)
        {
            for (var high = low + 1; high < _wires; high++)
            {
                var after = Apply(state.Inputs, low, high);

                // What makes no two inputs alike changes names at most.
                if (after.Length == state.Inputs.Length)
                {
                    continue;
                }

                var misplaced = 0;
                foreach (var input in after)
                {
                    var ones = BitOperations.PopCount(input);
                    misplaced += BitOperations.PopCount((uint)input ^ ((1u << ones) - 1 << (_wires - ones)));
                }

                features[0] = state.Depth + 1;
                features[1] = after.Length;
                features[2] = misplaced;
                features[3] = _comparators - state.Depth - 1;
                features[4] = low;
                features[5] = high;
                features[6] = high - low;
                features[7] = _wires;

                // Sorted are the wires + 1 inputs with all ones at the end.
                found.Add(new Network(state, after, low, high, after.Length == _wires + 1), liking.Evaluate(features));
            }
        }
    }

    protected override string Answer(SearchState goal)
    {
        var added = new Stack<string>();
        for (var at = (Network)goal; at.Parent is Network before; at = before)
        {
            added.Push($"{at.Low}:{at.High}");
        }

        return string.Join(',', added);
    }

    private ushort[] Apply(ushort[] inputs, int low, int high)
    {
        _marks.AsSpan().Clear();
        var count = 0;
        foreach (var input in inputs)
        {
            var swap = (input >> low & 1) == 1 && (input >> high & 1) == 0;
            var after = swap ? input ^ (1 << low | 1 << high) : input;
            count += _marks[after] ? 0 : 1;
            _marks[after] = true;
        }

        var distinct = new ushort[count];
        for (int input = 0, to = 0; to < count; input++)
        {
            if (_marks[input])
            {
                distinct[to++] = (ushort)input;
            }
        }

        return distinct;
    }

    private sealed class Network(SearchState? parent, ushort[] inputs, int low, int high, bool isGoal) : SearchState(parent, isGoal)
    {
        public ushort[] Inputs { get; } = inputs;

        public int Low { get; } = low;

        public int High { get; } = high;

        public override string Key => new(MemoryMarshal.Cast<ushort, char>(Inputs));
    }
}
