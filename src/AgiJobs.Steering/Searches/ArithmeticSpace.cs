using System.Globalization;
using System.Text.Json;
using AgiJobs.Steering.Programs;

namespace AgiJobs.Steering.Searches;

/// <summary>Two of the numbers that are left are put together, until the target is there.</summary>
internal sealed class ArithmeticSpace : SearchSpace
{
    public static readonly string[] Names = ["depth", "result", "target", "gap", "nearest", "left", "larger", "smaller", "times", "divided", "minus", "divides"];

    // Beyond it no teacher of these families goes.
    private const long Most = 1_000_000_000;

    private readonly long _target;

    public ArithmeticSpace(JsonElement body)
    {
        _target = body.GetProperty("target").GetInt64();
        long[] numbers = [.. body.GetProperty("numbers").EnumerateArray().Select(number => number.GetInt64())];
        string[] texts = [.. numbers.Select(number => number.ToString(CultureInfo.InvariantCulture))];
        Start = new Numbers(null, numbers, texts, Array.IndexOf(numbers, _target));
    }

    protected override SearchState Start { get; }

    protected override void Follow(SearchState from, Expression liking, Frontier found)
    {
        var state = (Numbers)from;
        Span<long> features = stackalloc long[Names.Length];
        for (var i = 0; i < state.Values.Length; i++)
        {
            for (var j = i + 1; j < state.Values.Length; j++)
            {
                var (high, low) = state.Values[i] >= state.Values[j] ? (i, j) : (j, i);
                for (var operation = 0; operation < 4; operation++)
                {
                    if (Put(operation, state.Values[high], state.Values[low]) is not { } result)
                    {
                        continue;
                    }

                    var values = new long[state.Values.Length - 1];
                    var texts = new string[values.Length];
                    (values[0], texts[0]) = (result, $"({state.Texts[high]}{"+-*/"[operation]}{state.Texts[low]})");
                    var nearest = Math.Abs(_target - result);
                    for (int at = 0, to = 1; at < state.Values.Length; at++)
                    {
                        if (at != i && at != j)
                        {
                            nearest = Math.Min(nearest, Math.Abs(_target - state.Values[at]));
                            (values[to], texts[to++]) = (state.Values[at], state.Texts[at]);
                        }
                    }

                    features[0] = state.Depth + 1;
                    features[1] = result;
                    features[2] = _target;
                    features[3] = Math.Abs(_target - result);
                    features[4] = nearest;
                    features[5] = values.Length;
                    features[6] = state.Values[high];
                    features[7] = state.Values[low];
                    features[8] = operation == 2 ? 1 : 0;
                    features[9] = operation == 3 ? 1 : 0;
                    features[10] = operation == 1 ? 1 : 0;
                    features[11] = _target % result == 0 ? 1 : 0;
                    found.Add(new Numbers(state, values, texts, result == _target ? 0 : -1), liking.Evaluate(features));
                }
            }
        }
    }

    protected override string Answer(SearchState goal)
    {
        var numbers = (Numbers)goal;
        return numbers.Texts[numbers.Reached];
    }

    private static long? Put(int operation, long high, long low)
    {
        var result = operation switch
        {
            0 => high + low,
            1 => high - low,
            2 => high * low,
            _ => low != 0 && high % low == 0 ? high / low : 0,
        };
        return result is > 0 and <= Most ? result : null;
    }

    private sealed class Numbers(SearchState? parent, long[] values, string[] texts, int reached) : SearchState(parent, reached >= 0)
    {
        public long[] Values { get; } = values;

        public string[] Texts { get; } = texts;

        public int Reached { get; } = reached;

        public override string Key => string.Join(',', Values.Order());
    }
}
