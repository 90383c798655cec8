using System.Text;
using System.Text.Json.Nodes;
using AgiJobs.Ethereum;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests;

/// <summary>Each kind of bad input: the message names value, rule and mend, the code and the exit are the documented ones, and the workspace stays as it was.</summary>
public sealed class BadInputTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private static readonly string[] Status = ["owner", "system-pause", "--action", "status"];
    private static readonly string[] Pause = ["owner", "system-pause", "--action", "pause", "--instance", "INC-1"];
    private static readonly string[] Resume = ["owner", "system-pause", "--action", "unpause", "--instance", "INC-1"];

    /// <summary>The files of a workspace that a person writes.</summary>
    public static TheoryData<string> Files => [NetworkFile, ManifestFile, SignersFile, DescriptionFile, "config/protocol/abi/StakeManager.json", "config/signers.json"];

    private const string NetworkFile = "config/networks/local.json";
    private const string ManifestFile = "config/owner-control.local.json";
    private const string SignersFile = "config/signers.local.json";
    private const string DescriptionFile = "config/protocol/agi-jobs.json";

    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Theory]
    [InlineData("owner system-pause --action status --frobnicate", "--frobnicate")]
    [InlineData("owner system-pause --action explode", "explode")]
    [InlineData("owner system-pause", "--action")]
    [InlineData("owner fly", "fly")]
    [InlineData("fly", "fly")]
    [InlineData("change show", "change show")]
    [InlineData("change approve", "change approve")]
    [InlineData("drill run earthquake", "earthquake")]
    [InlineData("devnet up --port 99999", "--port")]
    [InlineData("devnet up --port many", "many")]
    [InlineData("owner system-pause --action status --network", "--network")]
    [InlineData("owner system-pause --action pause --instance --execute", "'--execute' is a flag")]
    [InlineData("owner system-pause --action pause --signer --execute", "'--execute' is a flag")]
    public async Task A_command_line_that_is_not_understood_is_refused_with_the_way_to_its_help(string line, string part) =>
        await RefusedAsync("command-line", ExitCodes.BadInput, [part, "--help"], line.Split(' '));

    [Fact]
    public async Task A_flag_with_a_value_that_it_does_not_take_is_refused() =>
        Assert.Equal(2, (await Devnet.RunAsync([.. Status, "--json=maybe"])).Exit);

    [Fact]
    public async Task An_unknown_network_is_refused_with_those_there_are() =>
        await RefusedAsync("network-unknown", ExitCodes.BadInput, ["'nowhere'", "local", "--network"], [.. Status, "--network", "nowhere"]);

    [Fact]
    public async Task A_workspace_that_does_not_exist_is_refused() =>
        await RefusedAsync("workspace-missing", ExitCodes.BadInput, ["/no/such/folder", "--workspace"], [.. Status, "--workspace", "/no/such/folder"]);

    [Fact]
    public async Task A_workspace_without_networks_is_refused_with_the_ways_to_one()
    {
        File.Delete(PathOf(NetworkFile));
        await RefusedAsync("network-none", ExitCodes.BadInput, ["devnet up"], Status);
    }

    [Fact]
    public async Task With_several_networks_the_one_to_use_must_be_said()
    {
        File.Copy(PathOf(NetworkFile), PathOf("config/networks/other.json"));
        await RefusedAsync("network-several", ExitCodes.BadInput, ["local, other", "--network"], Status);
    }

    [Fact]
    public async Task A_missing_manifest_is_refused_by_its_path()
    {
        File.Delete(PathOf(ManifestFile));
        await RefusedAsync("file-missing", ExitCodes.BadInput, [PathOf(ManifestFile)], Status);
    }

    [Fact]
    public async Task An_unknown_module_of_the_manifest_is_refused_with_those_there_are()
    {
        Edit(ManifestFile, json => json["modules"]!["StakeManger"] = new JsonObject { ["address"] = Address.Zero.ToString() });
        await RefusedAsync("manifest-module", ExitCodes.BadInput, ["'StakeManger'", "StakeManager", "manifest"], Status);
    }

    [Fact]
    public async Task A_manifest_without_pausable_modules_never_passes_for_paused()
    {
        var pausable = Devnet.Protocol.Modules.Where(module => module.Paused is not null).Select(module => module.Name).ToList();
        Edit(ManifestFile, json =>
        {
            foreach (var name in pausable)
            {
                json["modules"]!.AsObject().Remove(name);
            }
        });
        await RefusedAsync("nothing-pausable", ExitCodes.BadInput, ["'local'", "manifest"], Pause);
        var status = await Devnet.RunAsync(Status);
        Assert.Equal(3, status.Exit);
        Assert.Contains("NOTHING CAN BE PAUSED", status.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(NetworkFile, "$")]
    [InlineData(ManifestFile, "$")]
    [InlineData(SignersFile, "$")]
    [InlineData(DescriptionFile, "$")]
    public async Task An_unknown_key_is_refused_with_file_line_and_the_keys_there_are(string file, string place)
    {
        CopyShipped();
        Edit(file, json => json["frobnicate"] = 1);
        await RefusedAsync("file-format", ExitCodes.BadInput, [PathOf(file), "line ", "'frobnicate'", "version"], Pause);
        Assert.NotNull(place);
    }

    [Fact]
    public async Task A_bad_checksum_is_refused_with_its_place()
    {
        foreach (var (file, place, set) in ((string, string, Action<JsonObject>)[])
        [
            (NetworkFile, "$.safe", json => json["safe"] = Spoiled(json["safe"]!)),
            (ManifestFile, "$.modules.FeePool.address", json => json["modules"]!["FeePool"]!["address"] = Spoiled(json["modules"]!["FeePool"]!["address"]!)),
            (SignersFile, "$.signers[4].address", json => json["signers"]![4]!["address"] = Spoiled(json["signers"]![4]!["address"]!)),
        ])
        {
            await Devnet.FreshAsync();
            Edit(file, set);
            await RefusedAsync("file-format", ExitCodes.BadInput, [PathOf(file), place, "checksum"], Pause);
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_corrupt_file_is_refused_by_its_path_and_never_read_as_empty(string file)
    {
        CopyShipped();
        var whole = File.Exists(PathOf(file)) ? await File.ReadAllBytesAsync(PathOf(file)) : """{"version":1,"signers":[]}"""u8.ToArray();
        foreach (var content in (byte[][])[[], whole[..(whole.Length / 2)], [0x7f, (byte)'E', (byte)'L', (byte)'F', 0, 1, 2], Encoding.UTF8.GetBytes("null"), Encoding.UTF8.GetBytes("[[]]"), [0xff, 0xfe, (byte)'{'], [(byte)'{', (byte)'"', 0xc3, 0x28, (byte)'"', (byte)':', (byte)'1', (byte)'}'], Encoding.UTF8.GetBytes(new string('[', 5000))])
        {
            await File.WriteAllBytesAsync(PathOf(file), content);
            await RefusedAsync("file-format", ExitCodes.BadInput, [PathOf(file)], Pause);
        }
    }

    [Fact]
    public async Task A_literal_password_is_refused_without_repeating_it()
    {
        Edit(SignersFile, json => json["signers"]!.AsArray().Add(new JsonObject { ["name"] = "ops", ["kind"] = "keystore", ["address"] = Address.Zero.ToString(), ["file"] = "k.json", ["password"] = "hunter2" }));
        var outcome = await RefusedAsync("file-format", ExitCodes.BadInput, [PathOf(SignersFile), "{\"env\": \"NAME\"}"], Pause);
        Assert.DoesNotContain("hunter2", outcome.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_that_is_not_there_and_a_keystore_that_is_not_there_are_named()
    {
        Edit(SignersFile, json => json["signers"]!.AsArray().Add(new JsonObject { ["name"] = "ops", ["kind"] = "keystore", ["address"] = Devnet.Accounts["guardian"].Address.ToString(), ["file"] = "/no/such/keystore.json", ["password"] = new JsonObject { ["env"] = "AGIJOBS_NO_SUCH_VARIABLE" } }));
        await Devnet.RunAsync([.. Pause, "--signer", "ops"]);
        await RefusedAsync("secret-missing", ExitCodes.BadInput, ["AGIJOBS_NO_SUCH_VARIABLE"], [.. Pause, "--signer", "ops", "--execute"], mayFile: true);
        var password = PathOf("password");
        await File.WriteAllTextAsync(password, "x");
        Edit(SignersFile, json => json["signers"]!.AsArray()[^1]!["password"] = new JsonObject { ["file"] = password });
        await RefusedAsync("keystore-file", ExitCodes.BadInput, ["/no/such/keystore.json"], [.. Pause, "--signer", "ops", "--execute"], mayFile: true);
    }

    [Fact]
    public async Task A_signer_whose_key_is_another_is_a_mismatch()
    {
        Edit(SignersFile, json => json["signers"]!.AsArray().Single(signer => (string?)signer!["name"] == "guardian")!["index"] = 9);
        await RefusedAsync("signer-other-key", ExitCodes.Mismatch, ["'guardian'", Devnet.Accounts["guardian"].Address.ToString()], [.. Pause, "--signer", "guardian", "--execute"], mayFile: true);
    }

    [Fact]
    public async Task A_URL_that_is_none_is_refused()
    {
        Devnet.PointAt("ftp://127.0.0.1");
        await RefusedAsync("rpc-url", ExitCodes.BadInput, ["ftp://127.0.0.1", "http://"], Status);
    }

    [Fact]
    public async Task Null_in_a_list_is_refused_and_no_crash()
    {
        Edit(NetworkFile, json => json["rpc"]!.AsArray().Add(null));
        await RefusedAsync("file-format", ExitCodes.BadInput, ["$.rpc[1]", "null"], Status);
    }

    [Fact]
    public async Task A_node_that_is_down_is_unknown()
    {
        Devnet.PointAt("http://127.0.0.1:1");
        await RefusedAsync("rpc-unreachable", ExitCodes.Unknown, ["http://127.0.0.1:1", "check the URLs"], Status);
        await RefusedAsync("rpc-unreachable", ExitCodes.Unknown, ["http://127.0.0.1:1"], [.. Pause, "--execute"]);
    }

    [Fact]
    public async Task A_node_that_never_answers_is_unknown_within_the_timeout()
    {
        await using var node = FaultyRpc.InFrontOf(Devnet.Url);
        node.On("*").Stall();
        Devnet.PointAt(node.Url);
        await RefusedAsync("rpc-unreachable", ExitCodes.Unknown, [node.Url], [.. Pause, "--execute"]);
    }

    [Fact]
    public async Task A_node_of_another_chain_is_a_mismatch_and_asked_nothing_else()
    {
        await using var node = FaultyRpc.InFrontOf(Devnet.Url);
        node.WrongChain(new ChainId(1));
        Devnet.PointAt(node.Url);
        await RefusedAsync("rpc-wrong-chain", ExitCodes.Mismatch, [node.Url, "chain 1", "31337"], [.. Pause, "--execute"]);
        Assert.Equal(0, node.Count("eth_sendRawTransaction"));
    }

    [Theory]
    [InlineData("<html>gateway</html>")]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[]")]
    public async Task A_node_that_answers_nonsense_is_unknown(string body)
    {
        await using var node = FaultyRpc.InFrontOf(Devnet.Url);
        node.On("*").Http(200, body);
        Devnet.PointAt(node.Url);
        var before = Devnet.Tree();
        var outcome = await Devnet.RunAsync([.. Pause, "--execute", "--json"]);
        Assert.Equal(5, outcome.Exit);
        Assert.StartsWith("rpc-", (string?)outcome.Json["error"]!["code"], StringComparison.Ordinal);
        Assert.Equal(before, Devnet.Tree());
    }

    [Fact]
    public async Task A_module_whose_state_cannot_be_read_is_shown_as_unknown_with_exit_5()
    {
        await using var node = FaultyRpc.InFrontOf(Devnet.Url);
        var module = Devnet.Protocol["FeePool"];
        node.On("eth_call").When(call => Address.ParseAnyCase((string)call[0]!["to"]!) == module.Address).Error(-32603, "disk on fire");
        Devnet.PointAt(node.Url);
        var json = (await Devnet.RunAsync([.. Status, "--json"])).Json;
        Assert.All(json["modules"]!.AsArray(), entry => Assert.Equal((string?)entry!["name"] == "FeePool" ? "UNKNOWN" : "running", (string?)entry["state"]));
        var status = await Devnet.RunAsync(Status);
        Assert.Equal(5, status.Exit);
        Assert.Contains($"0 paused, {json["modules"]!.AsArray().Count - 1} running, 1 UNKNOWN", status.Output, StringComparison.Ordinal);
        Assert.Contains("disk on fire", status.Output, StringComparison.Ordinal);
        await RefusedAsync("reading-unknown", ExitCodes.Unknown, ["FeePool", "disk on fire"], Resume);
        Assert.Equal(3, (await Devnet.RunAsync(Pause)).Exit);
    }

    [Fact]
    public async Task An_unknown_signer_is_refused_with_those_there_are() =>
        await RefusedAsync("signer-unknown", ExitCodes.BadInput, ["'nobody'", "guardian", "config/signers.json"], [.. Pause, "--signer", "nobody", "--execute"]);

    [Fact]
    public async Task A_signer_without_the_power_is_refused_with_the_roles_that_have_it() =>
        await RefusedAsync("no-route", ExitCodes.Refused, ["'agent-1'", Devnet.Accounts["agent-1"].Address.ToString(), "SystemPause.guardian", "--signer"], [.. Pause, "--signer", "agent-1", "--execute"]);

    [Fact]
    public async Task The_guardian_cannot_resume()
    {
        await Devnet.CallAsAsync(Devnet.Accounts["guardian"].Address, "SystemPause", "pauseAll");
        await RefusedAsync("no-route", ExitCodes.Refused, ["'guardian'", "resume"], [.. Resume, "--signer", "guardian", "--execute"]);
    }

    [Fact]
    public async Task To_preview_and_to_execute_at_once_is_refused()
    {
        await RefusedAsync("dry-run-and-execute", ExitCodes.BadInput, ["--dry-run", "--execute", "Leave one of them out"], [.. Pause, "--dry-run", "--execute"]);
        var change = await FileAsync(Pause);
        await RefusedAsync("dry-run-and-execute", ExitCodes.BadInput, ["--dry-run"], ["change", "execute", change, "--signer", "guardian", "--dry-run", "--execute"]);
    }

    [Fact]
    public async Task A_Safe_file_of_a_change_that_no_Safe_sends_is_refused_before_anything_is_filed() =>
        await RefusedAsync("safe-route", ExitCodes.BadInput, ["--safe", "SystemPause.guardian"], [.. Pause, "--signer", "guardian", "--safe", "batch.json"]);

    [Theory]
    [InlineData("show")]
    [InlineData("brief")]
    [InlineData("approve")]
    [InlineData("execute")]
    public async Task An_unknown_change_is_refused(string verb) =>
        await RefusedAsync("change-unknown", ExitCodes.BadInput, ["'deadbeef'", "change list"], ["change", verb, "deadbeef"]);

    [Fact]
    public async Task A_change_of_another_network_is_refused()
    {
        var change = await FileAsync(Pause);
        File.Copy(PathOf(NetworkFile), PathOf("config/networks/other.json"));
        await RefusedAsync("network-other", ExitCodes.BadInput, ["'local'", "'other'", "--network"], ["change", "show", change, "--network", "other"]);
        File.Delete(PathOf(NetworkFile));
        await RefusedAsync("network-unknown", ExitCodes.BadInput, ["'local'"], ["change", "execute", change, "--signer", "guardian", "--execute"]);
    }

    [Fact]
    public async Task An_altered_change_is_a_mismatch_for_every_command()
    {
        var change = await FileAsync(Pause);
        var path = PathOf($"storage/changes/{change}/change.json");
        await File.WriteAllTextAsync(path, (await File.ReadAllTextAsync(path)).Replace("INC-1", "INC-2", StringComparison.Ordinal));
        foreach (var arguments in (string[][])[["change", "show", change], ["change", "execute", change, "--signer", "guardian", "--execute"]])
        {
            await RefusedAsync("change-tampered", ExitCodes.Mismatch, [path, "git"], arguments);
        }
    }

    [Fact]
    public async Task A_damaged_record_is_named_in_the_list_and_hides_no_other()
    {
        var damaged = await FileAsync(Pause);
        await File.WriteAllTextAsync(PathOf($"storage/changes/{damaged}/change.json"), "{");
        var whole = await FileAsync([.. Pause[..^1], "INC-2"]);
        var list = await Devnet.RunAsync("change", "list");
        Assert.Equal(ExitCodes.Mismatch, list.Exit);
        Assert.Contains($"DAMAGED {PathOf($"storage/changes/{damaged}/change.json")}", list.Output, StringComparison.Ordinal);
        Assert.Contains(whole, list.Output, StringComparison.Ordinal);
        var states = (await Devnet.RunAsync("change", "list", "--json")).Json["changes"]!.AsArray().Select(change => (string?)change!["state"]);
        Assert.Equal(["damaged", "simulated"], states.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_damaged_record_of_another_change_does_not_stand_between_the_operator_and_a_pause()
    {
        var change = await FileAsync(Pause);
        await File.WriteAllTextAsync(PathOf($"storage/changes/{change}/change.json"), "{");
        var paused = await Devnet.RunAsync("owner", "system-pause", "--action", "pause", "--signer", "guardian", "--execute");
        Assert.True(paused.Exit == 0, paused.ToString());
        Assert.Contains($"{change}/change.json", paused.Error, StringComparison.Ordinal);
        Assert.True(await Devnet.IsPausedAsync());
        await RefusedAsync("file-format", ExitCodes.BadInput, [change, "--instance"], ["owner", "system-pause", "--action", "unpause"]);
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_stops_it_before_anything_is_sent()
    {
        await File.WriteAllTextAsync(PathOf("storage/changes"), "in the way");
        await RefusedAsync("file-write", ExitCodes.Failed, ["storage/changes"], [.. Pause, "--execute"]);
        File.Delete(PathOf("storage/changes"));
        var change = await FileAsync(Pause);
        Directory.CreateDirectory(PathOf($"storage/changes/{change}/journal.jsonl"));
        await RefusedAsync("file-write", ExitCodes.Failed, ["journal.jsonl"], ["change", "execute", change, "--signer", "guardian", "--execute"], mayFile: true);
    }

    [Fact]
    public async Task A_signer_that_is_no_owner_is_refused_and_its_signature_is_not_filed()
    {
        var change = await FileResumeAsync();
        await RefusedAsync("safe-not-owner", ExitCodes.Refused, ["'agent-1'", Devnet.Accounts["agent-1"].Address.ToString(), Devnet.Accounts["safe-owner-1"].Address.ToString()], ["change", "approve", change, "--signer", "agent-1"]);
        await RefusedAsync("signer-needed", ExitCodes.BadInput, ["--signer"], ["change", "approve", change]);
    }

    [Fact]
    public async Task A_signature_over_something_else_is_shown_as_stale_not_counted_and_not_sent()
    {
        var change = await FileResumeAsync();
        Assert.Equal(0, (await Devnet.RunAsync("change", "approve", change, "--signer", "safe-owner-1")).Exit);
        Assert.Equal(0, (await Devnet.RunAsync("change", "approve", change, "--signer", "safe-owner-2")).Exit);
        var folder = PathOf($"storage/changes/{change}/approvals");
        var first = Path.Combine(folder, $"safe-{Devnet.Safe}-{Devnet.Accounts["safe-owner-1"].Address}.json");
        var second = Path.Combine(folder, $"safe-{Devnet.Safe}-{Devnet.Accounts["safe-owner-2"].Address}.json");
        var good = await File.ReadAllTextAsync(second);

        // A signature of the right owner over another hash: the first owner's bytes do not recover to the second.
        Edit(second, json => json["signature"] = JsonNode.Parse(File.ReadAllText(first))!["signature"]!.DeepClone());
        await RefusedAsync("approvals-missing", ExitCodes.Refused, ["1 of the 2", Devnet.Accounts["safe-owner-2"].Address.ToString()], ["change", "execute", change, "--signer", "relayer", "--execute"], mayFile: true);
        var shown = await Devnet.RunAsync("change", "show", change);
        Assert.Contains("signed   1 of 2", shown.Output, StringComparison.Ordinal);
        Assert.Contains("STALE", shown.Output, StringComparison.Ordinal);

        // A stranger's signature in an owner's place.
        await File.WriteAllTextAsync(second, good);
        Edit(second, json =>
        {
            json["owner"] = Devnet.Accounts["agent-1"].Address.ToString();
            json["signature"] = "0x" + new string('1', 128) + "1b";
        });
        await RefusedAsync("approvals-missing", ExitCodes.Refused, ["1 of the 2"], ["change", "execute", change, "--signer", "relayer", "--execute"], mayFile: true);
        var safe = (await Devnet.RunAsync("change", "show", change, "--json")).Json["safe"]!;
        Assert.Single(safe["signedBy"]!.AsArray());
        Assert.Single(safe["stale"]!.AsArray());
        Assert.True(await Devnet.IsPausedAsync());
    }

    [Fact]
    public async Task A_local_network_never_takes_the_name_of_another()
    {
        Edit(NetworkFile, json => json["chainId"] = 1);
        await RefusedAsync("devnet-name", ExitCodes.Refused, ["'local'", "chain 1", "--network"], ["devnet", "up"]);
        await RefusedAsync("devnet-name", ExitCodes.BadInput, ["'../x'"], ["devnet", "up", "--network", "../x"]);
    }

    private string PathOf(string file) => Path.Combine(Devnet.Folder, file);

    private static string Spoiled(JsonNode address)
    {
        var text = (string)address!;
        var at = Enumerable.Range(2, 40).First(i => char.IsAsciiLetter(text[i]));
        return text[..at] + (char)(text[at] ^ 0x20) + text[(at + 1)..];
    }

    private void Edit(string file, Action<JsonObject> edit)
    {
        var json = JsonNode.Parse(File.ReadAllText(PathOf(file)))!.AsObject();
        edit(json);
        File.WriteAllText(PathOf(file), json.ToJsonString(new System.Text.Json.JsonSerializerOptions { WriteIndented = true }));
    }

    // The workspace's own copies go before what ships.
    private void CopyShipped()
    {
        Directory.CreateDirectory(PathOf("config/protocol/abi"));
        foreach (var file in (string[])["protocol/agi-jobs.json", "protocol/abi/StakeManager.json"])
        {
            File.Copy(Path.Combine(TestNetwork.ShippedConfig, file), PathOf("config/" + file));
        }
    }

    private async Task<string> FileAsync(string[] plan)
    {
        var preview = await Devnet.RunAsync([.. plan, "--json"]);
        Assert.True(preview.Exit == 3, preview.ToString());
        return (string)preview.Json["change"]!;
    }

    private async Task<string> FileResumeAsync()
    {
        await Devnet.CallAsAsync(Devnet.Accounts["guardian"].Address, "SystemPause", "pauseAll");
        return await FileAsync(Resume);
    }

    // Both forms of output; the workspace stays as it was, unless the command puts its plan on file before it is refused.
    private async Task<Outcome> RefusedAsync(string code, int exit, string[] parts, string[] arguments, bool mayFile = false)
    {
        var nonces = await NoncesAsync();
        var before = Devnet.Tree();
        var human = await Agijobs.RunAsync(Devnet.Folder, arguments, Agijobs.Impatient);
        Assert.True(human.Exit == exit && human.Error.Contains($"[{code}, exit {exit}]", StringComparison.Ordinal), human.ToString());
        Assert.Equal("", human.Output);
        Assert.All(parts, part => Assert.Contains(part, human.Error, StringComparison.Ordinal));
        var json = await Agijobs.RunAsync(Devnet.Folder, [.. arguments, "--json"], Agijobs.Impatient);
        Assert.True(json.Exit == exit, json.ToString());
        var error = json.Json["error"]!;
        Assert.Equal(("agijobs.error/1", exit, code), ((string?)json.Json["schema"], (int)json.Json["exit"]!, (string?)error["code"]));
        var said = $"{error["message"]} {error["mend"]}";
        Assert.All(parts, part => Assert.Contains(part, said, StringComparison.Ordinal));
        Assert.Equal(nonces, await NoncesAsync());
        var after = Devnet.Tree();
        if (!mayFile)
        {
            Assert.Equal(before, after);
        }

        // Even then nothing is left half-written.
        Assert.All(before.Where(file => !file.Key.EndsWith("/simulation.json", StringComparison.Ordinal) && !file.Key.StartsWith("storage/audit/", StringComparison.Ordinal)), file => Assert.Equal(file.Value, after[file.Key]));
        Assert.DoesNotContain(after.Keys, file => file.EndsWith(".tmp", StringComparison.Ordinal));
        return human;
    }

    private async Task<(ulong, ulong)> NoncesAsync() => (await Devnet.PendingNonceAsync("guardian"), await Devnet.PendingNonceAsync("relayer"));

    private static class ExitCodes
    {
        public const int Failed = 1;
        public const int BadInput = 2;
        public const int Refused = 4;
        public const int Unknown = 5;
        public const int Mismatch = 6;
    }
}
