using System.Globalization;
using System.Numerics;
using System.Text.Json;
using AgiJobs.Steering.Programs;

namespace AgiJobs.Steering.Searches;

/// <summary>A recurrence is guessed and its coefficients are moved by one, strand after strand, until it explains all terms.</summary>
internal sealed class SequenceSpace : SearchSpace
{
    public static readonly string[] Names = ["depth", "error", "misses", "strands", "order", "size", "strand", "known"];

    private const int MaxStrands = 3;
    private const int MaxOrder = 4;
    private const int Reach = 4;
    private const long MaxError = 1L << 40;

    private readonly long[] _terms;
    private readonly int _count;

    public SequenceSpace(JsonElement body)
    {
        _count = body.GetProperty("count").GetInt32();
        _terms = [.. body.GetProperty("terms").EnumerateArray().Select(term => term.GetInt64())];
    }

    protected override SearchState Start { get; } = new Guess(null, 0, [], [], isGoal: false);

    protected override void Follow(SearchState from, Expression liking, Frontier found)
    {
        var state = (Guess)from;
        if (state.Strands == 0)
        {
            for (var strands = 1; strands <= MaxStrands; strands++)
            {
                for (var order = 1; order <= MaxOrder && _terms.Length / strands >= order + 2; order++)
                {
                    Add(state, strands, [], new long[order], liking, found);
                }
            }

            return;
        }

        for (var i = 0; i < state.Coefficients.Length; i++)
        {
            for (var by = -1; by <= 1; by += 2)
            {
                if (Math.Abs(state.Coefficients[i] + by) <= Reach)
                {
                    var moved = (long[])state.Coefficients.Clone();
                    moved[i] += by;
                    Add(state, state.Strands, state.Done, moved, liking, found);
                }
            }
        }
    }

    protected override string Answer(SearchState goal)
    {
        var state = (Guess)goal;
        List<long> terms = [.. _terms];
        for (var i = 0; i < _count; i++)
        {
            var strand = terms.Count % state.Strands;
            var coefficients = state.Done[strand];
            terms.Add(Next(terms, terms.Count, state.Strands, coefficients) + Constant(strand, state.Strands, coefficients));
        }

        return string.Join(',', terms.Skip(_terms.Length).Select(term => term.ToString(CultureInfo.InvariantCulture)));
    }

    private void Add(Guess from, int strands, long[][] done, long[] coefficients, Expression liking, Frontier found)
    {
        var (error, misses) = Judge(done.Length, strands, coefficients);

        // A strand that is explained is done; the next one begins with nothing.
        while (misses == 0 && done.Length < strands)
        {
            done = [.. done, coefficients];
            coefficients = new long[coefficients.Length];
            (error, misses) = done.Length < strands ? Judge(done.Length, strands, coefficients) : (0, 0);
        }

        var isGoal = done.Length == strands;
        Span<long> features =
        [
            from.Depth + 1, BitOperations.Log2((ulong)error + 1) * 4 + Fraction((ulong)error + 1), misses, strands, coefficients.Length, coefficients.Sum(value => Math.Abs(value)), done.Length, _terms.Length / strands,
        ];
        found.Add(new Guess(from, strands, done, coefficients, isGoal), liking.Evaluate(features));
    }

    // The two bits after the leading one: a logarithm in quarters.
    private static long Fraction(ulong value) => BitOperations.Log2(value) is var bits && bits >= 2 ? (long)(value >> (bits - 2) & 3) : 0;

    private (long Error, int Misses) Judge(int strand, int strands, long[] coefficients)
    {
        var constant = Constant(strand, strands, coefficients);
        var (error, misses) = (0L, 0);
        for (var at = strand + (coefficients.Length + 1) * strands; at < _terms.Length; at += strands)
        {
            var off = Math.Abs(_terms[at] - Next(_terms, at, strands, coefficients) - constant);
            error = Math.Min(MaxError, error + Math.Min(MaxError, off));
            misses += off == 0 ? 0 : 1;
        }

        return (error, misses);
    }

    private long Constant(int strand, int strands, long[] coefficients)
    {
        var first = strand + coefficients.Length * strands;
        return _terms[first] - Next(_terms, first, strands, coefficients);
    }

    // Four coefficients of at most 4 and terms below 2^53 stay far within 64 bits.
    private static long Next(IReadOnlyList<long> terms, int at, int strands, long[] coefficients)
    {
        var value = 0L;
        for (var i = 0; i < coefficients.Length; i++)
        {
            value += coefficients[i] * terms[at - (i + 1) * strands];
        }

        return value;
    }

    private sealed class Guess(SearchState? parent, int strands, long[][] done, long[] coefficients, bool isGoal) : SearchState(parent, isGoal)
    {
        public int Strands { get; } = strands;

        public long[][] Done { get; } = done;

        public long[] Coefficients { get; } = coefficients;

        public override string Key => $"{Strands}/{string.Join(';', Done.Select(one => string.Join(',', one)))}/{string.Join(',', Coefficients)}";
    }
}
