using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using AgiJobs.Testing;

namespace AgiJobs.Cli.Tests.Agents;

public sealed class AgentCommandTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>
{
    [Theory]
    [InlineData("seat-unknown", "--signer", "agent-1", "--gateway", "http://127.0.0.1:1", "--seats", "judge")]
    [InlineData("agent-signer", "--gateway", "http://127.0.0.1:1")]
    [InlineData("agent-signer", "--signer", "agent-1", "--signer", "agent-2", "--gateway", "http://127.0.0.1:1")]
    [InlineData("signer-unknown", "--signer", "nobody", "--gateway", "http://127.0.0.1:1")]
    [InlineData("gateway-url", "--signer", "agent-1", "--gateway", "http://gateway.example")]
    [InlineData("gateway-url", "--signer", "agent-1", "--gateway", "gateway")]
    [InlineData("family-unknown", "--signer", "agent-1", "--gateway", "http://127.0.0.1:1", "--families", "poetry")]
    [InlineData("command-line", "--signer", "agent-1", "--gateway", "http://127.0.0.1:1", "--behaviour", "wicked")]
    public async Task What_it_cannot_work_with_is_refused_before_it_begins(string code, params string[] arguments)
    {
        var outcome = await fixture.Devnet.RunAsync(["agent", "--state", "agent-refused.json", "--json", .. arguments]);
        Assert.Equal((2, code), (outcome.Exit, (string)outcome.Json["error"]!["code"]!));
    }

    [Fact]
    public async Task It_works_until_it_is_told_to_stop_and_logs_a_line_of_json_for_what_happens()
    {
        await using var gateway = new LocalHttp(_ => new LocalReply(503, """{"code":"draining","message":"going"}"""));
        using var agent = Agijobs.Start(fixture.Devnet.Folder, ["agent", "--signer", "agent-1", "--gateway", gateway.Url.ToString(), "--state", "agent-1.json"]);
        var lines = new List<JsonNode>();
        while (await agent.StandardError.ReadLineAsync() is { } line)
        {
            var entry = JsonNode.Parse(line)!;
            lines.Add(entry);
            if ((string)entry["code"]! is "draining")
            {
                using var signal = Process.Start("kill", ["-TERM", agent.Id.ToString(CultureInfo.InvariantCulture)]);
                await signal.WaitForExitAsync();
                break;
            }
        }

        var rest = await agent.StandardError.ReadToEndAsync();
        lines.AddRange(rest.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!));
        await agent.WaitForExitAsync();
        Assert.Equal(0, agent.ExitCode);
        Assert.Equal(("agent-started", "agent-stopped"), ((string)lines[0]["code"]!, (string)lines[^1]["code"]!));
        Assert.All(lines, line => Assert.Equal(["ts", "level", "code", "message"], line.AsObject().Select(member => member.Key)));
    }

    [Fact]
    public async Task When_the_local_network_starts_afresh_it_begins_again_by_itself_and_keeps_the_notes_of_the_one_before()
    {
        var folder = Directory.CreateTempSubdirectory("agijobs-cli-agent-").FullName;
        await using var gateway = new LocalHttp(_ => new LocalReply(503, """{"code":"draining","message":"going"}"""));
        try
        {
            Assert.Equal(0, (await Agijobs.RunAsync(folder, ["devnet", "up", "--workspace", folder])).Exit);
            using var agent = Agijobs.Start(folder, ["agent", "--signer", "agent-1", "--gateway", gateway.Url.ToString(), "--state", "agent-1.json", "--workspace", folder]);
            var said = new System.Collections.Concurrent.ConcurrentQueue<string>();
            agent.ErrorDataReceived += (_, line) => said.Enqueue(line.Data ?? "");
            agent.BeginErrorReadLine();
            try
            {
                await Wait.UntilAsync("it has notes", () => File.Exists(Path.Combine(folder, "agent-1.json")));
                var before = await File.ReadAllTextAsync(Path.Combine(folder, "agent-1.json"));
                Assert.Equal(0, (await Agijobs.RunAsync(folder, ["devnet", "reset", "--workspace", folder])).Exit);
                await Wait.UntilAsync("it has begun again", () => said.Count(line => line.Contains("\"agent-started\"", StringComparison.Ordinal)) == 2);
                Assert.Contains(said, line => line.Contains("\"chain-replaced\"", StringComparison.Ordinal));
                await Wait.UntilAsync("it has notes of the new chain", () => File.Exists(Path.Combine(folder, "agent-1.json")));
                Assert.NotEqual(before, await File.ReadAllTextAsync(Path.Combine(folder, "agent-1.json")));
                Assert.Contains(Directory.EnumerateFiles(folder, "agent-1.json.*-*"), path => File.ReadAllText(path) == before);
            }
            finally
            {
                agent.Kill();
                await agent.WaitForExitAsync();
            }
        }
        finally
        {
            await Agijobs.RunAsync(folder, ["devnet", "down", "--workspace", folder]);
            Directory.Delete(folder, recursive: true);
        }
    }
}
