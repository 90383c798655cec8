using System.Numerics;

namespace AgiJobs.Tasks.Families;

/// <summary>
/// Complete a begun sorting network with at most so many comparators; checked on all inputs of zeros and ones, which is enough (Knuth, The Art of Computer Programming 3, section 5.3.4, theorem Z).
/// Difficulty: more wires, less of the network given, fewer comparators to spare.
/// </summary>
internal sealed class SortingNetworks : TaskFamily<SortingNetworks.Network>
{
    private const int MinWires = 2;
    private const int MaxWires = 12;
    private const int MaxComparators = 64;

    // Zeros and ones of wire i over the inputs 0 to 63.
    private static readonly ulong[] Columns = [0xAAAAAAAAAAAAAAAA, 0xCCCCCCCCCCCCCCCC, 0xF0F0F0F0F0F0F0F0, 0xFF00FF00FF00FF00, 0xFFFF0000FFFF0000, 0xFFFFFFFF00000000];

    public override string Name => "sorting-networks";

    protected override (string Body, string Witness) Make(int difficulty, Xoshiro random)
    {
        var wires = 5 + (difficulty * 3 + random.Below(1000)) / 1000;
        var network = Batcher(wires);
        Relabel(network, random.Order(wires));
        // At least three stay given: there are many tasks of any difficulty.
        var left = Math.Clamp(1 + difficulty * network.Count / 1000 + random.Below(2), 1, network.Count - 3);
        var spare = difficulty < 300 ? 2 : difficulty < 600 ? 1 : 0;
        var given = network.Count - left;
        return ($"{{\"comparators\":{left + spare},\"prefix\":[{string.Join(',', network.Take(given).Select(pair => $"[{pair.Low},{pair.High}]"))}],\"wires\":{wires}}}",
            string.Join(',', network.Skip(given).Select(pair => $"{pair.Low}:{pair.High}")));
    }

    protected override Network? ReadBody(ref CanonicalReader reader)
    {
        reader.Literal("{\"comparators\":");
        var comparators = (int)reader.Integer(1, MaxComparators, "comparators");
        reader.Literal(",\"prefix\":[");
        var prefix = new List<(int Low, int High)>();
        if (reader.Next != ']')
        {
            do
            {
                reader.Literal("[");
                prefix.Add(ReadPair(MaxWires, ',', ref reader));
                reader.Literal("]");
            }
            while (reader.More(prefix.Count, MaxComparators, "comparators of the prefix"));
        }

        reader.Literal("],\"wires\":");
        var least = prefix.Count == 0 ? MinWires : 1 + prefix.Max(pair => pair.High);
        var wires = (int)reader.Integer(least, MaxWires, "wires");
        reader.Literal("}");
        return new Network(wires, comparators, [.. prefix]);
    }

    protected override Judgement Check(Network body, string answer)
    {
        Span<(int Low, int High)> network = stackalloc (int, int)[2 * MaxComparators];
        body.Prefix.CopyTo(network);
        var (added, fault) = ReadAnswer(body, answer, network[body.Prefix.Length..]);
        if (fault is not null)
            return Malformed(fault.Message);
        network = network[..(body.Prefix.Length + added)];
        Span<ulong> wires = stackalloc ulong[body.Wires];
        for (var block = 0; block < 1 << Math.Max(0, body.Wires - Columns.Length); block++)
        {
            for (var wire = 0; wire < wires.Length; wire++)
                wires[wire] = wire < Columns.Length ? Columns[wire] : (block >> (wire - Columns.Length) & 1) == 1 ? ulong.MaxValue : 0;
            foreach (var (low, high) in network)
                (wires[low], wires[high]) = (wires[low] & wires[high], wires[low] | wires[high]);
            for (var wire = 0; wire + 1 < wires.Length; wire++)
            {
                if ((wires[wire] & ~wires[wire + 1]) is not 0 and var unsorted)
                    return Wrong($"The input {Input(block, unsorted, body.Wires)}, wire 0 first, leaves wire {wire} greater than wire {wire + 1}.");
            }
        }

        return Right;
    }

    protected override string Style(Network body, string answer)
    {
        Span<(int Low, int High)> added = stackalloc (int, int)[MaxComparators];
        var (count, _) = ReadAnswer(body, answer, added);
        added = added[..count];
        if (count < body.Comparators)
            return "thrifty";
        // Layers: how far it can be done at once. Few when two thirds of the wires are busy on average.
        Span<int> busy = stackalloc int[body.Wires];
        busy.Clear();
        var (layers, adjacent) = (0, true);
        foreach (var (low, high) in added)
        {
            busy[low] = busy[high] = Math.Max(busy[low], busy[high]) + 1;
            layers = Math.Max(layers, busy[low]);
            adjacent &= high == low + 1;
        }

        return adjacent ? "adjacent" : 3 * count >= body.Wires * layers ? "parallel" : "serial";
    }

    // Depth first over comparators that make inputs alike, best first by how many distinct inputs stay unsorted. A step is one comparator tried.
    protected override string? Search(Network body, long steps, Xoshiro random)
    {
        var pairs = new List<(int Low, int High)>();
        for (var low = 0; low < body.Wires; low++)
        {
            for (var high = low + 1; high < body.Wires; high++)
                pairs.Add((low, high));
        }

        var order = pairs.ToArray();
        random.Shuffle(order.AsSpan());
        var inputs = new ushort[1 << body.Wires];
        for (var i = 0; i < inputs.Length; i++)
            inputs[i] = (ushort)i;
        foreach (var pair in body.Prefix)
            inputs = Apply(inputs, pair, new bool[1 << body.Wires]);
        var found = new Stack<string>();
        return Search(inputs, body, order, body.Comparators, found, new bool[1 << body.Wires], ref steps) ? string.Join(',', found) : null;
    }

    private static bool Search(ushort[] inputs, Network body, (int Low, int High)[] order, int left, Stack<string> found, bool[] marks, ref long steps)
    {
        // Sorted are the wires + 1 inputs with all ones at the end; a comparator at best makes pairs of inputs alike.
        if (inputs.Length == body.Wires + 1)
            return true;
        if (left == 0 || (left < 16 && inputs.Length > body.Wires + 1 << left))
            return false;
        var moves = new List<((int Low, int High) Pair, ushort[] After)>();
        foreach (var pair in order)
        {
            if (steps-- <= 0)
                return false;
            var after = Apply(inputs, pair, marks);
            if (after.Length < inputs.Length)
                moves.Add((pair, after));
        }

        foreach (var (pair, after) in moves.OrderBy(move => move.After.Length))
        {
            if (Search(after, body, order, left - 1, found, marks, ref steps))
            {
                found.Push($"{pair.Low}:{pair.High}");
                return true;
            }

            if (steps <= 0)
                return false;
        }

        return false;
    }

    // Bit i of an input is wire i; the lesser goes to the lower wire.
    private static ushort[] Apply(ushort[] inputs, (int Low, int High) pair, bool[] marks)
    {
        Array.Clear(marks);
        var after = new ushort[inputs.Length];
        var count = 0;
        foreach (var input in inputs)
        {
            var output = (input >> pair.Low & 1) > (input >> pair.High & 1) ? input ^ (1 << pair.Low | 1 << pair.High) : input;
            if (marks[output])
                continue;
            marks[output] = true;
            after[count++] = (ushort)output;
        }

        return after[..count];
    }

    // Batcher's merge exchange for any number of wires: Knuth 3, section 5.2.2, algorithm M.
    private static List<(int Low, int High)> Batcher(int wires)
    {
        var network = new List<(int Low, int High)>();
        var top = 1;
        while (top * 2 < wires)
            top *= 2;
        for (var p = top; p > 0; p /= 2)
        {
            for (int q = top, r = 0, d = p; ; d = q - p, q /= 2, r = p)
            {
                for (var i = 0; i + d < wires; i++)
                {
                    if ((i & p) == r)
                        network.Add((i, i + d));
                }

                if (q == p)
                    break;
            }
        }

        return network;
    }

    // A network with its wires renamed and then untangled, so that the lesser goes to the lower wire again, still sorts: Knuth 3, section 5.3.4, exercise 16.
    private static void Relabel(List<(int Low, int High)> network, int[] names)
    {
        for (var i = 0; i < network.Count; i++)
        {
            var (low, high) = network[i];
            if (names[low] > names[high])
                (names[low], names[high]) = (names[high], names[low]);
            network[i] = (names[low], names[high]);
        }
    }

    private static (int Count, TaskFault? Fault) ReadAnswer(Network body, string answer, Span<(int Low, int High)> into)
    {
        if (answer.Length == 0)
            return (0, null);
        var reader = new CanonicalReader(answer);
        var count = 0;
        do
            into[count++] = ReadPair(body.Wires, ':', ref reader);
        while (reader.More(count, body.Comparators, "comparators"));
        reader.End();
        return (count, reader.Fault);
    }

    private static (int Low, int High) ReadPair(int wires, char between, ref CanonicalReader reader)
    {
        var low = (int)reader.Integer(0, wires - 2, "lower wire");
        reader.Literal([between]);
        return (low, (int)reader.Integer(low + 1, wires - 1, "higher wire"));
    }

    private static string Input(int block, ulong unsorted, int wires)
    {
        var input = (block << Columns.Length) + BitOperations.TrailingZeroCount(unsorted);
        return string.Create(wires, input, static (text, bits) =>
        {
            for (var wire = 0; wire < text.Length; wire++)
                text[wire] = (bits >> wire & 1) == 1 ? '1' : '0';
        });
    }

    internal sealed record Network(int Wires, int Comparators, (int Low, int High)[] Prefix);
}
