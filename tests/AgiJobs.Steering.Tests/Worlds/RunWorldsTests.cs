using System.Text.Json.Nodes;
using AgiJobs.Control;
using AgiJobs.Hgm;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Evolution;

namespace AgiJobs.Steering.Tests.Worlds;

public sealed class RunWorldsTests : IDisposable
{
    private readonly WorldGround _ground = new();

    public void Dispose() => _ground.Dispose();

    [Fact]
    public async Task A_run_is_not_gone_on_with_in_a_world_that_is_defined_otherwise()
    {
        _ground.Write(WorldGround.Perl("1"), WorldGround.Perl("2"));
        var began = _ground.Worlds().Begin(new RunSettings { World = "other" }).Settings;
        _ground.Worlds().Check("run", began);
        Action[] changes =
        [
            () => _ground.Write(WorldGround.Perl("1"), WorldGround.Perl("3")),
            () => _ground.Write(WorldGround.Perl("1"), WorldGround.Perl("2", seconds: 21)),
            () => _ground.Write(WorldGround.Perl("1"), WorldGround.Perl("2"), root: "another"),
            () => _ground.Write(WorldGround.Perl("1"), WorldGround.Perl("2"), tasks: "1\n2\n4\n"),
        ];
        foreach (var change in changes)
        {
            change();
            Assert.Equal("other-world", (await Assert.ThrowsAsync<ControlException>(() => _ground.Worlds().OpenAsync("run", began, new MemoryRunStore(), default))).Code);
        }

        _ground.Write(WorldGround.Perl("1"), WorldGround.Perl("2"));
        await using var same = await _ground.Worlds().OpenAsync("run", began, new MemoryRunStore(), default);
        Assert.Equal("world-unknown", Assert.Throws<ControlException>(() => _ground.Worlds().Check("run", began with { World = "third" })).Code);
    }

    [Fact]
    public void A_world_is_kept_in_the_run_and_that_of_the_program_leaves_its_bytes_as_they_were()
    {
        var own = RunEventJson.Write(EvolutionWorld.Begin(new RunSettings()));
        Assert.DoesNotContain("world", System.Text.Encoding.UTF8.GetString(own), StringComparison.Ordinal);
        _ground.Write(WorldGround.Perl("1"), WorldGround.Perl("2"));
        var other = _ground.Worlds().Begin(new RunSettings { World = "other" });
        Assert.Equal(other, RunEventJson.Read(RunEventJson.Write(other)));
    }

    [Theory]
    [InlineData("/worlds/0/name", "\"programs\"", "world-value")]
    [InlineData("/worlds/0/name", "\"A world\"", "world-value")]
    [InlineData("/worlds/0/expander/programs", "true", "world-value")]
    [InlineData("/worlds/0/expander/mostCost", "\"0\"", "world-value")]
    [InlineData("/worlds/0/expander/mostCost", "\"NaN\"", "world-value")]
    [InlineData("/worlds/0/evaluator/value", "\"-1\"", "world-value")]
    [InlineData("/worlds/0/evaluator/process/seconds", "0", "world-value")]
    [InlineData("/worlds/0/evaluator/process/memoryMegabytes", "1", "world-value")]
    [InlineData("/worlds/0/evaluator/process/command", "[\"perl\"]", "world-value")]
    [InlineData("/worlds/0/evaluator/process/command", "[]", "world-value")]
    [InlineData("/worlds/0/evaluator/process/shell", "true", "file-format")]
    [InlineData("/worlds/0/root", "\"missing.txt\"", "world-file")]
    [InlineData("/worlds/0/tasks", "\"root.txt\"", "world-value")]
    [InlineData("/version", "2", "file-version")]
    public void A_definition_that_cannot_be_is_refused(string place, string value, string code)
    {
        _ground.Write(WorldGround.Perl("1"), WorldGround.Perl("2"), root: "{ no JSON");
        var file = JsonNode.Parse(File.ReadAllText(Path.Combine(_ground.Folder, "config", "hgm-worlds.json")))!;
        var parts = place.Split('/')[1..];
        JsonNode at = file;
        foreach (var part in parts[..^1])
        {
            at = at is JsonArray list ? list[int.Parse(part, System.Globalization.CultureInfo.InvariantCulture)]! : at[part]!;
        }

        at[parts[^1]] = JsonNode.Parse(value);
        _ground.WriteFile(file);
        Assert.Equal(code, Assert.Throws<ControlException>(() => _ground.Worlds()).Code);
    }

    [Fact]
    public void An_endpoint_in_the_clear_on_another_machine_is_refused()
    {
        _ground.Write(WorldGround.Perl("1"), WorldGround.Http(new Uri("http://evaluator.example/")));
        Assert.Equal("world-value", Assert.Throws<ControlException>(() => _ground.Worlds()).Code);
    }

    [Fact]
    public async Task A_child_that_is_no_program_does_not_enter_a_world_of_programs()
    {
        _ground.Write(WorldGround.Perl(WorldGround.Asked + """print "{\"version\":1,\"operation\":$op,\"artifact\":\"print 42\"}\n";"""), new JsonObject { ["programs"] = true }, tasks: null, root: EvolutionWorld.RootArtifact);
        Assert.Equal("the agent is no program", (await _ground.ExpandAsync(EvolutionWorld.RootArtifact)).Fault);
    }
}
