using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Files;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Tests.Changes;

public sealed class ChangeDocumentTests
{
    internal static ChangeDocument Sample { get; } = new()
    {
        Version = 1,
        Kind = "pause-system",
        Network = "local",
        ChainId = ChainId.Local,
        Protocol = "agi-jobs",
        Instance = "INC-7",
        Title = "Pause AGI Jobs: 4 of 4 modules",
        Risk = Risk.Red,
        Steps =
        [
            new ChangeStep
            {
                Module = "SystemPause",
                Target = SyntheticProtocol.AddressOf("Hub"),
                Function = "pauseModule(address)",
                Arguments = [SyntheticProtocol.AddressOf("Alpha").ToString()],
                Calldata = [1, 2, 3, 4],
                Route = new Route { Kind = RouteKind.Direct, Role = "SystemPause.guardian", Caller = SyntheticProtocol.Owner },
            },
        ],
        Preconditions = [new Expectation { Subject = "code of SystemPause", Target = SyntheticProtocol.AddressOf("Hub"), CodeHash = Bytes32.FromUnsigned(9) }],
        Expected = [new Expectation { Subject = "StakeManager.paused() = true", Target = SyntheticProtocol.AddressOf("Alpha"), Call = [5], Result = [1] }],
        Effects = [new DeclaredEffect { Contract = "StakeManager", Target = SyntheticProtocol.AddressOf("Alpha"), Emits = ["Paused(address)"], Writes = ["_paused"] }],
        Rollback = new Rollback { Command = "agijobs owner system-pause --action unpause", Note = "Takes governance." },
    };

    [Fact]
    public void The_digest_is_one_that_another_program_would_compute() =>
        // Python: sha256(json.dumps(sample, sort_keys=True, separators=(",", ":"))). A new number here means that every signature over a filed change is lost.
        Assert.Equal(Bytes32.Parse("0x54590528f24d9621f43bf7d87897e08a8ca2967d3a10a377d3c583283a0ef22d"), Sample.Digest());

    [Fact]
    public void What_was_deployed_is_neither_taken_back_nor_made_again_when_a_change_is_undone_and_redone()
    {
        var made = new DeployedContract { Module = "Alpha", Address = SyntheticProtocol.AddressOf("Beta"), CodeHash = Bytes32.FromUnsigned(7) };
        var wire = Sample.Steps[0];
        var change = Sample with
        {
            Steps = [wire with { Target = SyntheticProtocol.Owner, Deploys = made }, wire with { Target = made.Address }, wire],
            Preconditions = [.. Sample.Preconditions, new Expectation { Subject = "no code yet", Target = made.Address, CodeHash = Bytes32.FromUnsigned(8) }],
            Expected = [.. Sample.Expected, new Expectation { Subject = "code", Target = made.Address, CodeHash = made.CodeHash }],
            Rollback = new Rollback { Note = "back", Steps = [wire] },
        };
        var undo = change.Undoing("T-2")!;
        Assert.Equal([made.CodeHash], undo.Preconditions.Where(expectation => expectation.Target == made.Address).Select(expectation => expectation.CodeHash!.Value));
        var again = Assert.Single(undo.Rollback.Steps!);
        Assert.Equal(wire.Target, again.Target);
        Assert.Null(again.Deploys);

        // The address and the code are what is approved.
        Assert.NotEqual(change.Digest(), (change with { Steps = [change.Steps[0] with { Deploys = made with { CodeHash = Bytes32.FromUnsigned(6) } }, .. change.Steps.Skip(1)] }).Digest());
    }

    [Theory]
    [InlineData("tr-TR")]
    [InlineData("de-DE")]
    [InlineData("ar-SA")]
    public void The_digest_does_not_depend_on_the_culture(string culture)
    {
        var before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo(culture);
        }
        catch (CultureNotFoundException)
        {
            // Invariant globalization knows no cultures, so there is none to depend on; numbers that differ are made by hand instead.
            CultureInfo.CurrentCulture = new CultureInfo("") { NumberFormat = { NegativeSign = "minus", NumberDecimalSeparator = "," } };
        }

        try
        {
            Assert.Equal(Reread(Sample).Digest(), (Sample with { }).Digest());
            Assert.Equal("0x", Sample.Digest().ToString()[..2]);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void The_digest_survives_writing_and_reading() => Assert.Equal(Sample.Digest(), Reread(Sample).Digest());

    [Fact]
    public void The_order_of_keys_and_the_white_space_of_the_file_do_not_change_the_digest()
    {
        var json = JsonNode.Parse(JsonSerializer.Serialize(Sample, ChangeJson.Default.ChangeDocument))!.AsObject();
        var reversed = new JsonObject(json.Reverse().Select(member => KeyValuePair.Create(member.Key, member.Value?.DeepClone())));
        Assert.Equal(Sample.Digest(), JsonFile.Parse(System.Text.Encoding.UTF8.GetBytes(reversed.ToJsonString()), "test", ChangeJson.Default.ChangeDocument).Digest());
    }

    [Fact]
    public void Another_instance_is_another_change_with_the_same_fingerprint()
    {
        var other = Sample with { Instance = "INC-8" };
        Assert.NotEqual(Sample.Digest(), other.Digest());
        Assert.Equal(Sample.Fingerprint(), other.Fingerprint());
    }

    [Fact]
    public void Every_single_value_of_the_document_changes_the_digest_and_all_but_the_instance_the_fingerprint()
    {
        var json = JsonNode.Parse(JsonSerializer.Serialize(Sample, ChangeJson.Default.ChangeDocument))!;
        var leaves = Leaves(json).ToList();
        Assert.True(leaves.Count > 20, $"only {leaves.Count} values were found");
        var seen = new HashSet<Bytes32> { Sample.Digest() };
        foreach (var path in leaves)
        {
            var changed = json.DeepClone();
            var leaf = Find(changed, path);
            leaf.ReplaceWith(Other(leaf));
            var document = JsonSerializer.Deserialize(changed.ToJsonString(), ChangeJson.Default.ChangeDocument)!;
            Assert.True(seen.Add(document.Digest()), $"{path} does not count");
            Assert.Equal(path == "$.instance", document.Fingerprint() == Sample.Fingerprint());
        }
    }

    [Fact]
    public void The_calls_that_undo_it_and_the_chunks_count_for_the_digest_and_are_not_written_where_there_are_none()
    {
        var step = Sample.Steps[0];
        var undone = Sample with { Rollback = Sample.Rollback with { Steps = [step with { Calldata = [9] }] } };
        var chunked = Sample with { Steps = [step with { Chunk = 1 }] };
        Assert.Equal(4, new HashSet<Bytes32> { Sample.Digest(), undone.Digest(), chunked.Digest(), (undone with { Rollback = undone.Rollback with { Steps = [step] } }).Digest() }.Count);
        Assert.Equal([9], Reread(undone).Rollback.Steps![0].Calldata);
        Assert.Equal(1, Reread(chunked).Steps[0].Chunk);
        var text = JsonSerializer.Serialize(Sample, ChangeJson.Default.ChangeDocument);
        Assert.DoesNotContain("\"chunk\"", text, StringComparison.Ordinal);
        Assert.Null(JsonNode.Parse(text)!["rollback"]!["steps"]);
    }

    private static ChangeDocument Reread(ChangeDocument document) => JsonFile.Parse(JsonFile.Encode(document, ChangeJson.Default.ChangeDocument), "test", ChangeJson.Default.ChangeDocument);

    private static IEnumerable<string> Leaves(JsonNode node) => node switch
    {
        JsonObject members => members.SelectMany(member => Leaves(member.Value!)),
        JsonArray items => items.SelectMany(item => Leaves(item!)),
        _ => [node.GetPath()],
    };

    private static JsonNode Find(JsonNode root, string path) => Nodes(root).Single(node => node.GetPath() == path);

    private static IEnumerable<JsonNode> Nodes(JsonNode node) => node switch
    {
        JsonObject members => members.SelectMany(member => Nodes(member.Value!)),
        JsonArray items => items.SelectMany(item => Nodes(item!)),
        _ => [node],
    };

    private static JsonNode Other(JsonNode leaf)
    {
        if (leaf.GetValueKind() == JsonValueKind.Number)
        {
            return leaf.GetValue<long>() + 1;
        }

        var text = leaf.GetValue<string>();
        return text switch
        {
            "direct" => "safe",
            "red" => "amber",
            _ when text.Length == 42 && text.StartsWith("0x", StringComparison.Ordinal) => SyntheticProtocol.AddressOf("Zeta").ToString(),
            _ when text.StartsWith("0x", StringComparison.Ordinal) => text[..^1] + (text[^1] == 'f' ? 'e' : 'f'),
            _ => text + "!",
        };
    }
}
