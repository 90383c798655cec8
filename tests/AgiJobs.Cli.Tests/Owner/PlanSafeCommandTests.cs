using System.Text.Json.Nodes;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;
using AgiJobs.Ethereum.Safes;
using AgiJobs.Testing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Owner;

public sealed class PlanSafeCommandTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Without_a_service_the_file_is_written_the_hashes_agree_and_two_different_people_make_it_count()
    {
        var change = await PlannedAsync();
        var file = Path.Combine(Devnet.Folder, "batch.json");
        var planned = await Devnet.RunAsync("owner", "plan", "safe", "--out", file, "--json");
        Assert.Equal((3, false, 0), (planned.Exit, (bool)planned.Json["counts"]!, (int)planned.Json["independent"]!));
        Assert.Contains("\"checksum\"", await File.ReadAllTextAsync(file), StringComparison.Ordinal);
        var hashes = planned.Json["hashes"]!;
        Assert.Equal(hashes["packed"]!.ToJsonString(), hashes["typedData"]!.ToJsonString());
        Assert.Equal((string)planned.Json["safe"]!["safeTxHash"]!, (string)hashes["packed"]!["safeTxHash"]!);

        Assert.Equal(0, (await Devnet.RunAsync("change", "approve", change, "--signer", "safe-owner-1")).Exit);
        Assert.Contains("counts   NO: 1 of 2", (await Devnet.RunAsync("owner", "plan", "safe", change)).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await Devnet.RunAsync("change", "approve", change, "--signer", "safe-owner-2")).Exit);
        Assert.Equal(0, (await Devnet.RunAsync("owner", "plan", "safe", change)).Exit);

        // The same two addresses of one person are one confirmation.
        var people = Devnet.Workspace.Operators(TestNetwork.Network)!.People;
        var second = Devnet.Accounts["safe-owner-2"].Address;
        JsonFile.Write(
            Devnet.Workspace.NetworkOperatorsPath(TestNetwork.Network),
            new OperatorsFile { Version = 1, People = [.. people.Where(person => !person.Addresses.Contains(second)).Select(person => person.Addresses.Contains(Devnet.Accounts["safe-owner-1"].Address) ? person with { Addresses = [.. person.Addresses, second] } : person)] },
            WorkspaceJson.Default.OperatorsFile);
        var alone = await Devnet.RunAsync("owner", "plan", "safe", change, "--json");
        Assert.Equal((3, false, 1), (alone.Exit, (bool)alone.Json["counts"]!, (int)alone.Json["independent"]!));

        await RefusedAsync("safe-service-none", 2, "owner", "plan", "safe", change, "--propose");
        await RefusedAsync("safe-service-none", 2, "change", "approve", change, "--collect");
        await RefusedAsync("execute-nothing", 2, "owner", "plan", "safe", change, "--execute");
        await RefusedAsync("change-unknown", 2, "owner", "plan", "safe", "none");
    }

    [Fact]
    public async Task The_role_assignments_are_planned_anew_for_the_signers_and_take_two_people()
    {
        Assert.Equal(0, (await Devnet.RunAsync("owner", "plan", "safe", "--roles")).Exit);
        var (stranger, own) = (Devnet.Accounts["agent-1"].Address, Devnet.Accounts["orchestrator"].Address);
        await Devnet.CallAsAsync(Devnet.Safe, "SelfPlayArena", "setOrchestrator", stranger, true);
        await Devnet.CallAsAsync(Devnet.Safe, "SelfPlayArena", "setOrchestrator", own, false);
        await Devnet.CallAsAsync(Devnet.Safe, "FeePool", "setBurnPct", 200);
        var file = Path.Combine(Devnet.Folder, "roles.json");
        var planned = await Devnet.RunAsync("owner", "plan", "safe", "--roles", "--out", file, "--json");
        Assert.Equal((3, false, 0), (planned.Exit, (bool)planned.Json["counts"]!, (int)planned.Json["independent"]!));
        var change = (string)planned.Json["change"]!;
        var batch = JsonNode.Parse(await File.ReadAllTextAsync(file))!["transactions"]!.AsArray();
        Assert.Equal(2, batch.Count);
        Assert.All(batch, call => Assert.Equal(Devnet.Protocol["SelfPlayArena"].Address.ToString(), (string?)call!["to"]));

        // Run again it is the same change, and the signatures on it count.
        Assert.Equal(0, (await Devnet.RunAsync("change", "approve", change, "--signer", "safe-owner-1")).Exit);
        Assert.Contains("counts   NO: 1 of 2", (await Devnet.RunAsync("owner", "plan", "safe", "--roles")).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await Devnet.RunAsync("change", "approve", change, "--signer", "safe-owner-2")).Exit);
        var again = await Devnet.RunAsync("owner", "plan", "safe", "--roles", "--json");
        Assert.Equal((0, change, 2), (again.Exit, (string)again.Json["change"]!, (int)again.Json["independent"]!));
        await Devnet.SignOffAsync(change);
        var executed = await Devnet.RunAsync("change", "execute", change, "--signer", "relayer", "--execute");
        Assert.True(executed.Exit == 0, executed.ToString());
        Assert.Equal(0, (await Devnet.RunAsync("owner", "plan", "safe", "--roles")).Exit);
        await RefusedAsync("command-line", 2, "owner", "plan", "safe", change, "--roles");
        await RefusedAsync("command-line", 2, "owner", "plan", "safe", "--instance", "X-1");
    }

    [Fact]
    public async Task A_proposal_is_taken_by_a_strict_service_and_the_owners_confirmations_come_back_and_execute()
    {
        var change = await PlannedAsync();
        await using var service = await ServeAsync("a-key");
        await RefusedAsync("proposal-unsigned", 4, "owner", "plan", "safe", change, "--propose", "--execute");
        var preview = await Devnet.RunAsync("owner", "plan", "safe", change, "--propose", "--signer", "safe-owner-1");
        Assert.Equal((3, "NOTHING WAS SENT - add --execute", "NOTHING WAS SENT - add --execute"), (preview.Exit, preview.Lines[0], preview.Lines[^1]));
        Assert.DoesNotContain(service.Requests, request => request.Method == "POST");
        var proposed = await Devnet.RunAsync("owner", "plan", "safe", change, "--propose", "--signer", "safe-owner-1", "--execute", "--json");
        Assert.True(proposed.Exit == 3 && (bool)proposed.Json["sent"]!, proposed.ToString());
        var hash = Bytes32.Parse((string)proposed.Json["safe"]!["safeTxHash"]!);
        Assert.Equal([Devnet.Accounts["safe-owner-1"].Address], service.ConfirmedBy(hash));

        // A second owner signs here and is passed on; the third confirms in the app, as a personal message.
        Assert.Equal(0, (await Devnet.RunAsync("change", "approve", change, "--signer", "safe-owner-2")).Exit);
        Assert.Equal(0, (await Devnet.RunAsync("owner", "plan", "safe", change, "--propose", "--execute")).Exit);
        Assert.Equal(2, service.ConfirmedBy(hash).Count);
        var third = (await Devnet.Accounts["safe-owner-3"].SignMessageAsync(hash.ToBytes(), CancellationToken.None)).ToBytes();
        third[64] += 4;
        Assert.Equal(201, await service.ConfirmAsync(hash, third));
        Directory.Delete(Devnet.Workspace.Locate("storage", "changes", change, "approvals"), recursive: true);
        var collected = await Devnet.RunAsync("change", "approve", change, "--collect", "--json");
        Assert.True(collected.Exit == 0, collected.ToString());
        Assert.Equal(3, collected.Json["safe"]!["signedBy"]!.AsArray().Count);
        Assert.Equal(3, Directory.GetFiles(Devnet.Workspace.Locate("storage", "changes", change, "approvals"), "safe-*").Length);
        foreach (var owner in (string[])["safe-owner-1", "safe-owner-2"])
        {
            Assert.Equal(0, (await Devnet.RunAsync("change", "approve", change, "--signer", owner)).Exit);
        }

        await Devnet.SignOffAsync(change);
        var executed = await Devnet.RunAsync("change", "execute", change, "--signer", "relayer", "--execute");
        Assert.True(executed.Exit == 0, executed.ToString());
        await RefusedAsync("approval-not-needed", 4, "change", "approve", change, "--collect");
    }

    [Fact]
    public async Task What_a_service_says_is_not_believed()
    {
        var change = await PlannedAsync();
        await using var service = await ServeAsync(null);
        var proposed = await Devnet.RunAsync("owner", "plan", "safe", change, "--propose", "--signer", "safe-owner-1", "--execute", "--json");
        var hash = Bytes32.Parse((string)proposed.Json["safe"]!["safeTxHash"]!);

        // A confirmation in an owner's name by somebody else, and one of somebody who is no owner.
        var stranger = (await Devnet.Accounts["agent-1"].SignMessageAsync(hash.ToBytes(), CancellationToken.None)).ToBytes();
        service.Plant(hash, Devnet.Accounts["safe-owner-2"].Address, stranger);
        service.Plant(hash, Devnet.Accounts["agent-1"].Address, stranger);
        Assert.Equal(422, await service.ConfirmAsync(hash, stranger));
        var collected = await Devnet.RunAsync("owner", "plan", "safe", change, "--collect");
        Assert.Equal(3, collected.Exit);
        Assert.Contains($"is not a signature of {Devnet.Accounts["safe-owner-2"].Address}", collected.Error, StringComparison.Ordinal);
        Assert.Contains("is no owner of the Safe", collected.Error, StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(Devnet.Workspace.Locate("storage", "changes", change, "approvals"), "safe-*"));

        service.Distort = shown => shown["operation"] = 1;
        await RefusedAsync("safe-service-other-transaction", 6, "owner", "plan", "safe", change, "--collect");
        await RefusedAsync("safe-service-other-transaction", 6, "owner", "plan", "safe", change, "--propose", "--execute");
        Serve(service.Url, new Secret { File = Path.Combine(Devnet.Folder, "no-key") });
        await RefusedAsync("secret-missing", 2, "owner", "plan", "safe", change, "--collect");
        Serve(new Uri("http://192.0.2.1/"), null);
        await RefusedAsync("safe-service-url", 2, "owner", "plan", "safe", change, "--collect");
        Serve(new Uri("http://127.0.0.1:9/"), null);
        await RefusedAsync("safe-service-unreachable", 5, "owner", "plan", "safe", change, "--collect");
    }

    private async Task<SafeServiceServer> ServeAsync(string? key)
    {
        var state = await new SafeAccount(Devnet.Client, Devnet.Safe).ReadAsync(BlockReference.Latest, CancellationToken.None);
        var service = new SafeServiceServer(state.Domain, state.Quorum.Owners, key);
        Secret? secret = null;
        if (key is not null)
        {
            var file = Path.Combine(TestNetwork.UserFolderOf(Devnet.Folder), "service-key");
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllTextAsync(file, key);
            secret = new Secret { File = file };
        }

        Serve(service.Url, secret);
        return service;
    }

    private void Serve(Uri url, Secret? key) => JsonFile.Write(
        Devnet.Workspace.NetworkPath(TestNetwork.Network),
        Devnet.Workspace.Network(TestNetwork.Network) with { SafeTransactionService = new EndpointReference { Url = url.ToString() }, SafeTransactionServiceKey = key },
        WorkspaceJson.Default.NetworkFile);

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
