using System.Numerics;

namespace AgiJobs.Tasks.Families;

/// <summary>Give every vertex one of few colours so that no edge joins two alike. Difficulty: more vertices, and edges up to where colourings become rare.</summary>
internal sealed class GraphColouring : TaskFamily<GraphColouring.Graph>
{
    private const int MaxVertices = 128;
    private const int MaxEdges = 1024;
    private const int MaxColours = 8;

    public override string Name => "graph-colouring";

    protected override (string Body, string Witness) Make(int difficulty, Xoshiro random)
    {
        var colours = 3;
        var vertices = 6 + difficulty * 114 / TaskStatement.MaxDifficulty + random.Below(3);
        var hidden = random.Order(vertices);
        for (var i = 0; i < vertices; i++)
            hidden[i] %= colours;
        // Random planted graphs are hardest near 2.3 edges a vertex (Krivelevich and Vilenchik 2006; Cheeseman, Kanefsky and Taylor 1991).
        var wanted = vertices * (1200 + difficulty * 11 / 10) / 1000;
        var edges = new SortedSet<(int, int)>();
        while (edges.Count < wanted)
        {
            var (a, b) = (random.Below(vertices), random.Below(vertices));
            if (hidden[a] != hidden[b])
                edges.Add((Math.Min(a, b), Math.Max(a, b)));
        }

        return ($"{{\"colours\":{colours},\"edges\":[{string.Join(',', edges.Select(edge => $"[{edge.Item1},{edge.Item2}]"))}],\"vertices\":{vertices}}}", string.Concat(hidden));
    }

    protected override Graph? ReadBody(ref CanonicalReader reader)
    {
        reader.Literal("{\"colours\":");
        var colours = (int)reader.Integer(2, MaxColours, "colours");
        reader.Literal(",\"edges\":[");
        var edges = new List<(int A, int B)>();
        var (last, outOfOrder) = ((A: -1, B: -1), false);
        do
        {
            reader.Literal("[");
            var a = (int)reader.Integer(0, MaxVertices - 2, "first vertex of an edge");
            reader.Literal(",");
            var b = (int)reader.Integer(a + 1, MaxVertices - 1, "second vertex of an edge");
            reader.Literal("]");
            outOfOrder |= last.CompareTo((a, b)) >= 0;
            edges.Add(last = (a, b));
        }
        while (reader.More(edges.Count, MaxEdges, "edges"));
        reader.Literal("],\"vertices\":");
        var vertices = (int)reader.Integer(1 + edges.Max(edge => edge.B), MaxVertices, "vertices");
        if (outOfOrder)
            reader.Reject("task-malformed", "The edges are not in ascending order, each once; sort them.");
        reader.Literal("}");
        return new Graph(vertices, colours, [.. edges]);
    }

    protected override Judgement Check(Graph body, string answer)
    {
        if (answer.Length != body.Vertices)
            return Malformed($"The answer has {answer.Length} characters; there are {body.Vertices} vertices, and one digit for each.");
        for (var vertex = 0; vertex < answer.Length; vertex++)
        {
            if (answer[vertex] < '0' || answer[vertex] >= '0' + body.Colours)
                return Malformed($"The colour of vertex {vertex} is not a digit from 0 to {body.Colours - 1}.");
        }

        foreach (var (a, b) in body.Edges)
        {
            if (answer[a] == answer[b])
                return Wrong($"The vertices {a} and {b} are joined and both have colour {answer[a]}.");
        }

        return Right;
    }

    protected override string Style(Graph body, string answer)
    {
        Span<int> sizes = stackalloc int[MaxColours];
        foreach (var colour in answer)
            sizes[colour - '0']++;
        sizes = sizes[..body.Colours];
        if (sizes.Contains(0))
            return "sparing";
        if (IsGreedy(body, answer))
            return "greedy";
        sizes.Sort();
        return sizes[^1] - sizes[0] <= 1 ? "balanced" : sizes[^1] - sizes[0] <= 1 + body.Vertices / 5 ? "uneven" : "lopsided";
    }

    // Backtracking in an order fixed beforehand: next is the vertex with most neighbours before it. A step is one colour tried on one vertex.
    protected override string? Search(Graph body, long steps, Xoshiro random)
    {
        var ranks = random.Order(body.Vertices);
        var names = random.Order(body.Colours);
        var neighbours = new UInt128[body.Vertices];
        foreach (var (a, b) in body.Edges)
        {
            neighbours[a] |= UInt128.One << b;
            neighbours[b] |= UInt128.One << a;
        }

        var order = new int[body.Vertices];
        var placed = UInt128.Zero;
        for (var i = 0; i < order.Length; i++)
        {
            var best = -1;
            foreach (var vertex in ranks)
            {
                if ((placed >> vertex & 1) == 0 && (best < 0 || UInt128.PopCount(neighbours[vertex] & placed) > UInt128.PopCount(neighbours[best] & placed)))
                    best = vertex;
            }

            order[i] = best;
            placed |= UInt128.One << best;
        }

        var classes = new UInt128[body.Colours];
        return Place(order, 0, neighbours, classes, ref steps)
            ? string.Create(body.Vertices, (classes, names), static (text, found) =>
            {
                for (var vertex = 0; vertex < text.Length; vertex++)
                    text[vertex] = (char)('0' + found.names[Array.FindIndex(found.classes, members => (members >> vertex & 1) == 1)]);
            })
            : null;
    }

    private static bool Place(int[] order, int at, UInt128[] neighbours, UInt128[] classes, ref long steps)
    {
        if (at == order.Length)
            return true;
        var vertex = order[at];
        for (var colour = 0; colour < classes.Length; colour++)
        {
            if (steps-- <= 0)
                return false;
            var fresh = classes[colour] == 0;
            if ((classes[colour] & neighbours[vertex]) == 0)
            {
                classes[colour] |= UInt128.One << vertex;
                if (Place(order, at + 1, neighbours, classes, ref steps))
                    return true;
                classes[colour] &= ~(UInt128.One << vertex);
            }

            // All unused colours are alike.
            if (fresh || steps <= 0)
                return false;
        }

        return false;
    }

    // Whether every vertex has the least colour that its neighbours of lower number leave.
    private static bool IsGreedy(Graph body, string answer)
    {
        Span<int> taken = stackalloc int[MaxVertices];
        foreach (var (a, b) in body.Edges)
            taken[b] |= 1 << (answer[a] - '0');
        for (var vertex = 0; vertex < answer.Length; vertex++)
        {
            if (BitOperations.TrailingZeroCount(~taken[vertex]) != answer[vertex] - '0')
                return false;
        }

        return true;
    }

    internal sealed record Graph(int Vertices, int Colours, (int A, int B)[] Edges);
}
