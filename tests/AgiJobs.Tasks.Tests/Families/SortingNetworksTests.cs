namespace AgiJobs.Tasks.Tests.Families;

public sealed class SortingNetworksTests
{
    private static readonly TaskStatement Four = new("sorting-networks", 0, """{"comparators":4,"prefix":[[0,1],[2,3]],"wires":4}""");

    [Theory]
    [InlineData("0:2,1:3,1:2", "right")]
    [InlineData("0:2,1:3,1:2,0:1", "right")]
    [InlineData("0:2,1:3", "wrong")]
    [InlineData("", "wrong")]
    [InlineData("0:2,1:3,1:2,0:1,0:1", "malformed")]
    [InlineData("2:0,1:3,1:2", "malformed")]
    [InlineData("0:4", "malformed")]
    [InlineData("0:0", "malformed")]
    [InlineData("0:2,", "malformed")]
    [InlineData("0-2", "malformed")]
    public void A_network_is_judged(string answer, string code) => Assert.Equal(code, TaskFamilies.Judge(Four, answer).Code);

    [Fact]
    public void What_does_not_sort_is_shown_by_an_input() =>
        Assert.Equal("The input 1000, wire 0 first, leaves wire 1 greater than wire 2.", TaskFamilies.Judge(Four, "").Message);

    // The oracle knows nothing of zeros and ones: it sorts every permutation.
    [Fact]
    public void The_judgement_is_that_of_all_permutations()
    {
        var family = TaskFamilies.Find("sorting-networks")!;
        var random = Xoshiro.Of("networks");
        var right = 0;
        for (var i = 0; i < 600; i++)
        {
            var wires = random.Between(2, 6);
            var pairs = Enumerable.Range(0, random.Between(1, 3 * wires)).Select(_ => random.Order(wires)).Select(order => (Low: Math.Min(order[0], order[1]), High: Math.Max(order[0], order[1]))).ToArray();
            var sorts = Permutations(wires).All(values =>
            {
                foreach (var (low, high) in pairs)
                    (values[low], values[high]) = (Math.Min(values[low], values[high]), Math.Max(values[low], values[high]));
                return values.SequenceEqual(Enumerable.Range(0, wires));
            });
            var statement = new TaskStatement("sorting-networks", 0, $"{{\"comparators\":64,\"prefix\":[],\"wires\":{wires}}}");
            Assert.Equal(sorts, family.Check(statement, string.Join(',', pairs.Select(pair => $"{pair.Low}:{pair.High}"))).IsRight);
            right += sorts ? 1 : 0;
        }

        Assert.InRange(right, 20, 580);
    }

    [Fact]
    public void Networks_wider_than_a_word_are_checked_on_all_inputs()
    {
        var bubble = from round in Enumerable.Range(0, 12) from wire in Enumerable.Range(0, 11 - round) select (wire, wire + 1);
        var all = bubble.ToArray();
        var body = $"{{\"comparators\":64,\"prefix\":[{string.Join(',', all.Take(20).Select(pair => $"[{pair.Item1},{pair.Item2}]"))}],\"wires\":12}}";
        var answer = all.Skip(20).Select(pair => $"{pair.Item1}:{pair.Item2}").ToArray();
        Assert.Equal("right", TaskFamilies.Judge(new TaskStatement("sorting-networks", 0, body), string.Join(',', answer)).Code);
        // Every comparator of bubble sort is needed.
        for (var left = 0; left < answer.Length; left++)
            Assert.Equal("wrong", TaskFamilies.Judge(new TaskStatement("sorting-networks", 0, body), string.Join(',', answer.Where((_, i) => i != left))).Code);
    }

    [Theory]
    [InlineData("0:2,1:3,1:2", "thrifty")]
    [InlineData("0:2,1:3,1:2,0:1", "parallel")]
    [InlineData("1:2,0:1,2:3,1:2", "adjacent")]
    public void How_the_comparators_lie_is_the_style(string answer, string style) => Assert.Equal(style, TaskFamilies.Find("sorting-networks")!.StyleOf(Four, answer));

    [Fact]
    public void The_solver_finds_a_shortest_network()
    {
        var statement = new TaskStatement("sorting-networks", 0, """{"comparators":9,"prefix":[],"wires":5}""");
        Assert.Equal(9, TaskFamilies.Find("sorting-networks")!.Solve(statement, 1_000_000, 1)!.Split(',').Length);
    }

    [Theory]
    [InlineData("""{"comparators":0,"prefix":[],"wires":4}""")]
    [InlineData("""{"comparators":65,"prefix":[],"wires":4}""")]
    [InlineData("""{"comparators":4,"prefix":[],"wires":1}""")]
    [InlineData("""{"comparators":4,"prefix":[],"wires":13}""")]
    [InlineData("""{"comparators":4,"prefix":[[1,0]],"wires":4}""")]
    [InlineData("""{"comparators":4,"prefix":[[0,4]],"wires":4}""")]
    public void Bodies_beyond_the_limits_are_no_tasks(string body) => Assert.Equal("task-out-of-bounds", TaskFamilies.Validate(new TaskStatement("sorting-networks", 0, body))!.Code);

    private static IEnumerable<int[]> Permutations(int count)
    {
        if (count == 0)
            return [[]];
        return from rest in Permutations(count - 1) from at in Enumerable.Range(0, count) select rest[..at].Append(count - 1).Concat(rest[at..]).ToArray();
    }
}
