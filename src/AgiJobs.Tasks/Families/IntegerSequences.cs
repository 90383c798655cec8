using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace AgiJobs.Tasks.Families;

/// <summary>
/// Continue a sequence: one to three interleaved strands, each an inhomogeneous linear recurrence with small coefficients. The statement holds the SHA-256 of the right answer, so that
/// it alone tells a right one. Difficulty: more strands, longer recurrences, larger coefficients.
/// </summary>
internal sealed class IntegerSequences : TaskFamily<IntegerSequences.Sequence>
{
    private const int MaxTerms = 64;
    private const int MaxFollowing = 16;
    private const int Following = 4;

    // In the order of what it costs to try all of one: strands x (2 x reach + 1)^order.
    private static readonly Shape[] Shapes =
    [
        new(1, 1, 1), new(1, 1, 2), new(2, 1, 1), new(1, 1, 3), new(1, 2, 1), new(2, 1, 2), new(2, 1, 3), new(2, 2, 1), new(3, 1, 3), new(1, 2, 2), new(1, 3, 1), new(3, 2, 1),
        new(1, 2, 3), new(2, 2, 2), new(2, 3, 1), new(3, 2, 2), new(2, 2, 3), new(1, 3, 2), new(3, 2, 3), new(2, 3, 2), new(1, 3, 3), new(3, 3, 2), new(1, 4, 2), new(2, 3, 3),
        new(3, 3, 3), new(2, 4, 2), new(3, 4, 2), new(1, 4, 3), new(2, 4, 3), new(3, 4, 3),
    ];

    public override string Name => "integer-sequences";

    protected override (string Body, string Witness) Make(int difficulty, Xoshiro random)
    {
        var place = difficulty * (Shapes.Length - 1) / TaskStatement.MaxDifficulty + random.Between(-3, 3);
        var shape = Shapes[Math.Clamp(place, 0, Shapes.Length - 1)];
        var shown = shape.Strands * (2 * shape.Order + 3);
        var terms = new long[shown + Following];
        for (var strand = 0; strand < shape.Strands; strand++)
        {
            var values = Strand(shape, exactReach: strand == 0, random);
            for (var i = strand; i < terms.Length; i += shape.Strands)
                terms[i] = values[i / shape.Strands];
        }

        var answer = string.Join(',', terms[shown..]);
        return ($"{{\"count\":{Following},\"digest\":\"{Convert.ToHexStringLower(Digest(answer))}\",\"terms\":[{string.Join(',', terms[..shown])}]}}", answer);
    }

    protected override Sequence? ReadBody(ref CanonicalReader reader)
    {
        reader.Literal("{\"count\":");
        var count = (int)reader.Integer(1, MaxFollowing, "count");
        reader.Literal(",\"digest\":\"");
        var digest = reader.Hex(64, "digest");
        reader.Literal("\",\"terms\":[");
        var terms = new List<long>();
        do
            terms.Add(reader.Integer(-TaskStatement.MaxInteger, TaskStatement.MaxInteger, "term"));
        while (reader.More(terms.Count, MaxTerms, "terms"));
        reader.Literal("]}");
        return reader.Fault is null ? new Sequence([.. terms], count, Convert.FromHexString(digest)) : null;
    }

    protected override Judgement Check(Sequence body, string answer)
    {
        Span<long> following = stackalloc long[MaxFollowing];
        if (ReadAnswer(body, answer, following) is { } fault)
            return Malformed(fault.Message);
        return Digest(answer).SequenceEqual(body.Digest) ? Right : Wrong("The SHA-256 of these terms is not the statement's digest.");
    }

    protected override string Style(Sequence body, string answer)
    {
        Span<long> following = stackalloc long[MaxFollowing];
        ReadAnswer(body, answer, following);
        ReadOnlySpan<long> terms = [.. body.Terms, .. following[..body.Count]];
        if (IsPolynomial(terms))
            return "polynomial";
        // How long a recurrence explains all of it, against how long a one explains each strand of it.
        var (strands, complexity) = (1, LinearComplexity.Of(terms));
        for (var candidate = 2; candidate <= 3; candidate++)
        {
            var worst = 0;
            for (var strand = 0; strand < candidate; strand++)
            {
                var part = Every(terms, strand, candidate);
                var own = LinearComplexity.Of(part);
                worst = Math.Max(worst, 2 * own < part.Length ? own : int.MaxValue);
            }

            if (worst < complexity)
                (strands, complexity) = (candidate, worst);
        }

        return strands == 1 ? complexity <= 2 ? "first-order" : "recurrence" : strands == 2 ? "pairs" : "triples";
    }

    protected override string? Search(Sequence body, long steps, Xoshiro random)
    {
        var (start, stride) = (random.Next(), random.Next());
        foreach (var shape in Shapes)
        {
            var following = new long[body.Count];
            var found = true;
            for (var strand = 0; strand < shape.Strands && found; strand++)
                found = Continue(body.Terms, shape, strand, start, stride, following, ref steps);
            if (steps <= 0)
                return null;
            if (found && string.Join(',', following) is var answer && Check(body, answer).IsRight)
                return answer;
        }

        return null;
    }

    // Tries every coefficient of the shape; the constant follows from the first window. A step is one try.
    private static bool Continue(long[] terms, Shape shape, int strand, ulong start, ulong stride, long[] following, ref long steps)
    {
        var known = Every(terms, strand, shape.Strands);
        if (known.Length < shape.Order + 2)
            return false;
        var width = (ulong)(2 * shape.Reach + 1);
        var space = 1UL;
        for (var i = 0; i < shape.Order; i++)
            space *= width;
        stride %= space;
        while (stride % width == 0)
            stride++;
        Span<long> coefficients = stackalloc long[shape.Order];
        for (ulong tried = 0, place = start % space; tried < space; tried++, place = (place + stride) % space)
        {
            if (steps-- <= 0)
                return false;
            var rest = place;
            for (var i = 0; i < coefficients.Length; i++, rest /= width)
                coefficients[i] = (long)(rest % width) - shape.Reach;
            var constant = known[shape.Order] - Next(known.AsSpan(0, shape.Order), coefficients, 0);
            var fits = true;
            for (var i = shape.Order + 1; i < known.Length && fits; i++)
                fits = known[i] == Next(known.AsSpan(0, i), coefficients, constant);
            if (fits)
                return Extend(known, terms.Length, shape, strand, coefficients, constant, following);
        }

        return false;
    }

    private static bool Extend(long[] known, int shown, Shape shape, int strand, ReadOnlySpan<long> coefficients, long constant, long[] following)
    {
        var values = new List<long>(known);
        for (var place = strand + known.Length * shape.Strands; place < shown + following.Length; place += shape.Strands)
        {
            var value = Next(CollectionsMarshal.AsSpan(values), coefficients, constant);
            if (value is < -TaskStatement.MaxInteger or > TaskStatement.MaxInteger)
                return false;
            values.Add(value);
            following[place - shown] = value;
        }

        return true;
    }

    private static long[] Strand(Shape shape, bool exactReach, Xoshiro random)
    {
        var values = new long[2 * shape.Order + 3 + Following];
        Span<long> coefficients = stackalloc long[shape.Order];
        do
        {
            var reached = !exactReach;
            for (var i = 0; i < coefficients.Length; i++)
            {
                coefficients[i] = random.Between(-shape.Reach, shape.Reach);
                reached |= Math.Abs(coefficients[i]) == shape.Reach;
            }

            var constant = random.Between(-9, 9);
            for (var i = 0; i < values.Length; i++)
                values[i] = i < shape.Order ? random.Between(-9, 9) : Next(values.AsSpan(0, i), coefficients, constant);
            if (!reached)
                values.AsSpan().Clear();
        }
        while (coefficients[^1] == 0 || !values.AsSpan().ContainsAnyExcept(values[^1]));
        return values;
    }

    // Four coefficients of at most 3 and terms below 2^53 stay far within 64 bits.
    private static long Next(ReadOnlySpan<long> values, ReadOnlySpan<long> coefficients, long constant)
    {
        for (var i = 0; i < coefficients.Length; i++)
            constant += coefficients[i] * values[values.Length - 1 - i];
        return constant;
    }

    private static long[] Every(ReadOnlySpan<long> terms, int first, int stride)
    {
        var part = new long[(terms.Length - first + stride - 1) / stride];
        for (var i = 0; i < part.Length; i++)
            part[i] = terms[first + i * stride];
        return part;
    }

    private static bool IsPolynomial(ReadOnlySpan<long> terms)
    {
        Span<Int128> differences = stackalloc Int128[terms.Length];
        for (var i = 0; i < terms.Length; i++)
            differences[i] = terms[i];
        for (var degree = 0; degree <= 3 && differences.Length > 2; degree++)
        {
            if (!differences.ContainsAnyExcept(differences[0]))
                return true;
            for (var i = 0; i + 1 < differences.Length; i++)
                differences[i] = differences[i + 1] - differences[i];
            differences = differences[..^1];
        }

        return false;
    }

    private static TaskFault? ReadAnswer(Sequence body, string answer, Span<long> following)
    {
        var reader = new CanonicalReader(answer);
        for (var i = 0; i < body.Count; i++)
        {
            if (i > 0)
                reader.Literal(",");
            following[i] = reader.Integer(-TaskStatement.MaxInteger, TaskStatement.MaxInteger, "term");
        }

        reader.End();
        return reader.Fault;
    }

    private static byte[] Digest(string answer) => SHA256.HashData(Encoding.ASCII.GetBytes(answer));

    private readonly record struct Shape(int Strands, int Order, int Reach);

    internal sealed record Sequence(long[] Terms, int Count, byte[] Digest);
}
