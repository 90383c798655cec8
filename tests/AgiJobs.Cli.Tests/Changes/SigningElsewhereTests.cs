using System.Diagnostics;
using System.Text.Json.Nodes;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.TypedData;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Changes;

/// <summary>Signatures that are made in a browser or at a machine without a network.</summary>
public sealed class SigningElsewhereTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_wallet_signs_what_was_exported_and_its_file_brings_the_Safe_signature_and_the_consent_back()
    {
        var change = await PlannedAsync();
        var file = Path.Combine(Devnet.Folder, "request.json");
        var exported = await Devnet.RunAsync("change", "approve", change, "--export", file, "--json");
        Assert.True(exported.Exit == 0, exported.ToString());
        var request = JsonNode.Parse(await File.ReadAllTextAsync(file))!.AsObject();
        Assert.Contains(request["inPlainLanguage"]!.AsArray(), line => ((string)line!).Contains("SystemPause", StringComparison.Ordinal));
        Assert.Equal(2, request["items"]!.AsArray().Count);
        await RefusedAsync("signature-format", 2, "change", "approve", change, "--signature", file);

        // The wrong signer, the wrong digest, an altered document: nothing of them is filed.
        await SignAsync(request, "agent-1", file);
        await RefusedAsync("signature-nobodys", 4, "change", "approve", change, "--signature", file);
        await SignAsync(request, "safe-owner-1", file);
        var signed = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(file, signed.Replace("\"operation\": \"0\"", "\"operation\": \"1\"", StringComparison.Ordinal).Replace("\"operation\": 0", "\"operation\": 1", StringComparison.Ordinal));
        await RefusedAsync("signing-file-altered", 6, "change", "approve", change, "--signature", file);
        var safe = request["items"]!.AsArray().Single(item => item!["safe"] is not null)!;
        await File.WriteAllTextAsync(file, new JsonObject { ["digest"] = new string('1', 64).Insert(0, "0x"), ["signature"] = (string)safe["signature"]! }.ToJsonString());
        await RefusedAsync("signature-other-digest", 6, "change", "approve", change, "--signature", file);
        await File.WriteAllTextAsync(file, new JsonObject { ["digest"] = (string)safe["digest"]!, ["signer"] = Devnet.Accounts["safe-owner-2"].Address.ToString(), ["signature"] = (string)safe["signature"]! }.ToJsonString());
        await RefusedAsync("signature-other-key", 6, "change", "approve", change, "--signature", file);
        await File.WriteAllTextAsync(file, signed.Replace((string)request["change"]!, new string('1', 64).Insert(0, "0x"), StringComparison.Ordinal));
        Assert.Contains((await Devnet.RunAsync("change", "approve", change, "--signature", file, "--json")).Json["error"]!["code"]!.ToString(), (string[])["signature-other-change", "signing-file-altered"]);
        Assert.False(Directory.Exists(Devnet.Workspace.Locate("storage", "changes", change, "approvals")));

        await File.WriteAllTextAsync(file, signed);
        var filed = await Devnet.RunAsync("change", "approve", change, "--signature", file, "--json");
        Assert.True(filed.Exit == 0, filed.ToString());
        var owner = Devnet.Accounts["safe-owner-1"].Address.ToString();
        Assert.Equal([owner], filed.Json["safe"]!["signedBy"]!.AsArray().Select(by => (string?)by));
        Assert.Contains(filed.Json["approvals"]!["requirements"]!.AsArray().SelectMany(needed => needed!["by"]!.AsArray()), by => (string?)by!["address"] == owner);
        Assert.Equal(2, Directory.GetFiles(Devnet.Workspace.Locate("storage", "approvals", change)).Length);
    }

    [Fact]
    public async Task A_machine_without_a_network_signs_what_its_camera_reads_and_the_codes_bring_it_back()
    {
        var change = await PlannedAsync();
        var picture = Path.Combine(Devnet.Folder, "request.png");
        var shown = await Devnet.RunAsync("change", "approve", change, "--qr", "--out", picture, "--json");
        Assert.True(shown.Exit == 0, shown.ToString());
        var frames = shown.Json["frames"]!.AsArray().Select(frame => (string)frame!).ToList();
        Assert.True(frames.Count > 1);
        var scanned = await ScanAsync([.. shown.Json["files"]!.AsArray().Select(name => (string)name!)]);
        Assert.Equal(frames, scanned);

        // The other machine has references to signers and nothing else: no network, no manifest.
        var apart = Directory.CreateTempSubdirectory("agijobs-apart-").FullName;
        try
        {
            JsonFile.Write(Path.Combine(apart, "config", "signers.json"), new SignersFile { Version = 1, Signers = [Devnet.Signers.Named(["safe-owner-1"])[0]] }, WorkspaceJson.Default.SignersFile);
            var text = Path.Combine(apart, "answer.txt");
            var answered = await Agijobs.RunAsync(apart, ["signer", "answer", "--workspace", apart, "--request", string.Join('\n', scanned.AsEnumerable().Reverse()), "--signer", "safe-owner-1", "--out", text]);
            Assert.True(answered.Exit == 0, answered.ToString());
            Assert.Contains("consent to the change", answered.Output, StringComparison.Ordinal);
            Assert.Contains($"transaction of the Safe {Devnet.Safe}", answered.Output, StringComparison.Ordinal);

            // The codes in the text decode to the texts beside them, which are what is typed or scanned at home.
            var answer = await ScanAsync([text]);
            Assert.All(answer, frame => Assert.Contains(frame, answered.Lines));
            await RefusedAsync("frame-checksum", 6, "change", "approve", change, "--scan", string.Join(' ', answer.Select((frame, i) => i == 0 ? frame[..^1] + (frame[^1] == 'A' ? 'B' : 'A') : frame)));
            if (answer.Count > 1)
            {
                await RefusedAsync("frame-missing", 2, "change", "approve", change, "--scan", answer[0]);
            }

            var filed = await Devnet.RunAsync("change", "approve", change, "--scan", string.Join('\n', answer), "--json");
            Assert.True(filed.Exit == 0, filed.ToString());
            Assert.Equal([Devnet.Accounts["safe-owner-1"].Address.ToString()], filed.Json["safe"]!["signedBy"]!.AsArray().Select(by => (string?)by));

            // An owner's manifest gives the calls their names.
            var named = await Devnet.RunAsync("signer", "answer", "--request", string.Join('\n', frames), "--signer", "safe-owner-2");
            Assert.Contains("SystemPause.unpauseAll()", named.Output, StringComparison.Ordinal);
            await RefusedAsync("signer-needed", 2, "signer", "answer", "--request", string.Join('\n', frames));
            await RefusedAsync("signing-request-format", 2, "signer", "answer", "--request", string.Join('\n', answer), "--signer", "safe-owner-2");
            await RefusedAsync("qr-file", 2, "change", "approve", change, "--qr", "--out", "codes.gif");
        }
        finally
        {
            Directory.Delete(apart, recursive: true);
        }
    }

    [Fact]
    public async Task Who_has_nothing_to_sign_is_asked_for_nothing_and_ways_do_not_mix()
    {
        var change = await PlannedAsync();
        await RefusedAsync("approval-not-needed", 4, "change", "approve", change, "--qr", "--signer", "agent-1");
        await RefusedAsync("signature-alone", 2, "change", "approve", change, "--qr", "--export", "x.json");
        await RefusedAsync("qr-file", 2, "change", "approve", change, "--out", "x.png", "--signer", "safe-owner-1");
        var one = await Devnet.RunAsync("change", "approve", change, "--qr", "--signer", "moderator", "--duty", "security", "--json");
        Assert.True(one.Exit == 0, one.ToString());
        Assert.Single(one.Json["items"]!.AsArray());
    }

    // What a wallet does: it signs each document and writes the signature where null stands.
    private async Task SignAsync(JsonObject request, string account, string file)
    {
        foreach (var item in request["items"]!.AsArray())
        {
            var signature = await Devnet.Accounts[account].SignTypedDataAsync(TypedDocument.FromJson(item!["typedData"]!.ToJsonString()), CancellationToken.None);
            item["signature"] = Hex.Encode(signature.ToBytes());
        }

        await File.WriteAllTextAsync(file, request.ToJsonString(new System.Text.Json.JsonSerializerOptions { WriteIndented = true }));
    }

    private static async Task<IReadOnlyList<string>> ScanAsync(IReadOnlyList<string> files)
    {
        var start = new ProcessStartInfo("node", [Toolchain.PathOf("tests", "AgiJobs.Cli.Tests", "Oracles", "qr.mjs"), .. files]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await error);
        return [.. JsonNode.Parse(await output)!.AsArray().Select(text => (string)text!)];
    }

    // Everything is paused, and a resume by the Safe is on file.
    private async Task<string> PlannedAsync()
    {
        await Devnet.CallAsAsync(Devnet.Accounts["guardian"].Address, "SystemPause", "pauseAll");
        return (string)(await Devnet.RunAsync("owner", "system-pause", "--action", "unpause", "--json")).Json["change"]!;
    }

    private async Task RefusedAsync(string code, int exit, params string[] arguments)
    {
        var outcome = await Devnet.RunAsync([.. arguments, "--json"]);
        Assert.True(outcome.Exit == exit && (string?)outcome.Json["error"]?["code"] == code, outcome.ToString());
    }
}
