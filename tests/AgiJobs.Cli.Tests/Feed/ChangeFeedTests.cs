using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Feed;

public sealed class ChangeFeedTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private const string Key = "a key of the receiver's";
    private static readonly string[] Pause = ["owner", "system-pause", "--action", "pause", "--signer", "guardian", "--execute"];

    private TestNetwork Devnet => fixture.Devnet;

    private string Outbox => Devnet.Workspace.Locate("storage", "outbox", "local");

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task An_executed_change_is_told_once_and_the_receiver_can_prove_who_told_it()
    {
        await using var receiver = new LocalHttp(_ => new LocalReply(204));
        Tell(receiver.Url);
        var paused = await Devnet.RunAsync([.. Pause, "--json"]);
        Assert.True(paused.Exit == 0, paused.ToString());
        var request = Assert.Single(receiver.Requests);
        Assert.Equal(("POST", "/hook"), (request.Method, request.Path));
        var body = JsonNode.Parse(request.Text)!;
        Assert.Equal(((string)paused.Json["digest"]!, "verified", "local", 31337, (string)paused.Json["change"]!), ((string)body["change"]!, (string)body["end"]!, (string)body["network"]!, (int)body["chainId"]!, (string)body["name"]!));
        Assert.Single(body["transactions"]!.AsArray());
        Assert.Equal((string)body["id"]!, request.Headers["Idempotency-Key"]);
        var header = request.Headers["Agijobs-Signature"].Split(',').Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        Assert.Equal(Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Key), Encoding.UTF8.GetBytes($"{header["t"]}.{request.Text}"))), header["v1"]);

        Assert.Equal(0, (await Devnet.RunAsync(["change", "execute", (string)paused.Json["change"]!, "--signer", "guardian", "--execute"])).Exit);
        Assert.Equal(0, (await Devnet.RunAsync("feed", "flush")).Exit);
        Assert.Single(receiver.Requests);
        Assert.Single((await Devnet.RunAsync("feed", "list", "--json")).Json["delivered"]!.AsArray());
    }

    [Fact]
    public async Task A_receiver_that_fails_or_is_not_there_holds_no_change_up_and_gets_the_same_message_later()
    {
        var works = false;
        await using var receiver = new LocalHttp(_ => works ? new LocalReply(200) : new LocalReply(302, "", "Location: /elsewhere\r\n"));
        Tell(receiver.Url);
        var paused = await Devnet.RunAsync(Pause);
        Assert.True(paused.Exit == 0, paused.ToString());
        Assert.Contains("FINDING the change feed: the receiver answered 302", paused.Error, StringComparison.Ordinal);
        var waiting = await Devnet.RunAsync("feed", "list", "--json");
        Assert.Equal((3, 1), (waiting.Exit, (int)Assert.Single(waiting.Json["waiting"]!.AsArray())!["attempts"]!));

        // Its next attempt is not due yet, so other commands leave it; told to, it goes.
        Assert.Equal(0, (await Devnet.RunAsync("signer", "test", "guardian")).Exit);
        Assert.Single(receiver.Requests);
        works = true;
        Assert.Equal(0, (await Devnet.RunAsync("feed", "flush")).Exit);
        Assert.Equal(2, receiver.Requests.Count);
        Assert.Equal(receiver.Requests[0].Text, receiver.Requests[1].Text);
        Assert.Equal(receiver.Requests[0].Headers["Idempotency-Key"], receiver.Requests[1].Headers["Idempotency-Key"]);
    }

    [Fact]
    public async Task A_receiver_that_never_answers_or_has_no_key_leaves_the_message_in_the_outbox()
    {
        await using var silent = new LocalHttp(_ => null);
        Tell(silent.Url);
        var paused = await Devnet.RunAsync(Pause);
        Assert.True(paused.Exit == 0, paused.ToString());
        Assert.Contains("did not answer within", paused.Error, StringComparison.Ordinal);

        Tell(silent.Url, new Secret { File = Path.Combine(Devnet.Folder, "no-such-key") });
        var flushed = await Devnet.RunAsync("feed", "flush", "--json");
        Assert.Equal(3, flushed.Exit);
        Assert.Contains("no-such-key", (string)Assert.Single(flushed.Json["waiting"]!.AsArray())!["problem"]!, StringComparison.Ordinal);
        Tell(new Uri("http://192.0.2.1/"));
        Assert.Contains("neither https", (string)Assert.Single((await Devnet.RunAsync("feed", "flush", "--json")).Json["waiting"]!.AsArray())!["problem"]!, StringComparison.Ordinal);
        Assert.Equal(2, (await Devnet.RunAsync("feed", "flush", "--network", "nowhere")).Exit);
    }

    [Fact]
    public async Task Killed_between_sending_and_marking_the_message_is_sent_again_under_the_same_key()
    {
        var answers = false;
        await using var receiver = new LocalHttp(_ => answers ? new LocalReply(200) : null);
        Tell(receiver.Url);
        using (var process = Agijobs.Start(Devnet.Folder, Pause))
        {
            await Wait.UntilAsync("the receiver has the message", () => receiver.Requests.Count > 0);
            process.Kill();
            await process.WaitForExitAsync();
        }

        Assert.Single(Directory.GetFiles(Outbox, "*.json"));
        answers = true;
        Assert.Equal(3, (await Devnet.RunAsync("feed", "list")).Exit);
        Assert.Equal(0, (await Devnet.RunAsync("signer", "test", "guardian")).Exit);
        Assert.Equal(2, receiver.Requests.Count);
        Assert.Equal(receiver.Requests[0].Headers["Idempotency-Key"], receiver.Requests[1].Headers["Idempotency-Key"]);
        Assert.Empty(Directory.GetFiles(Outbox, "*.json"));
    }

    [Fact]
    public async Task A_change_whose_end_was_never_told_is_told_by_the_next_command()
    {
        await using var receiver = new LocalHttp(_ => new LocalReply(200));
        Tell(receiver.Url);
        var paused = await Devnet.RunAsync([.. Pause, "--json"]);

        // As if the process had died after the change was verified and before its end was told.
        Directory.Delete(Outbox, recursive: true);
        Directory.CreateDirectory(Outbox);
        await File.WriteAllTextAsync(Path.Combine(Outbox, ((string)paused.Json["digest"]!)[2..] + ".note"), (string)paused.Json["change"]! + "\n");
        Assert.Equal(0, (await Devnet.RunAsync("signer", "test", "guardian")).Exit);
        Assert.Equal(2, receiver.Requests.Count);
        Assert.Equal("verified", (string)JsonNode.Parse(receiver.Requests[1].Text)!["end"]!);
        Assert.Equal(["feed.lock"], Directory.GetFiles(Outbox).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Without_a_feed_nothing_is_kept_and_the_commands_say_so()
    {
        Assert.Equal(0, (await Devnet.RunAsync(Pause)).Exit);
        Assert.False(Directory.Exists(Outbox));
        var outcome = await Devnet.RunAsync("feed", "flush", "--json");
        Assert.Equal((2, "feed-none"), (outcome.Exit, (string)outcome.Json["error"]!["code"]!));
    }

    private void Tell(Uri url, Secret? key = null)
    {
        var file = Path.Combine(TestNetwork.UserFolderOf(Devnet.Folder), "feed-key");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, Key + "\n");
        JsonFile.Write(
            Devnet.Workspace.NetworkPath(TestNetwork.Network),
            Devnet.Workspace.Network(TestNetwork.Network) with { ChangeFeed = new ChangeFeedReference { Url = new EndpointReference { Url = new Uri(url, "hook").ToString() }, Key = key ?? new Secret { File = file } } },
            WorkspaceJson.Default.NetworkFile);
    }
}
