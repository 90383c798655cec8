using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Approvals;

public sealed class StandingCommandsTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private static readonly string[] Add = ["approval", "standing", "add", "relayer-pause", "--purpose", "The relayer may stop it.", "--executor", "relayer", "--module", "SystemPause"];

    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Two_approvers_add_one_and_it_is_listed_with_its_scope_and_revoked()
    {
        var added = await Devnet.RunAsync([.. Add, "--signer", "safe-owner-1", "--signer", "safe-owner-3", "--json"]);
        Assert.True(added.Exit == 0, added.ToString());
        Assert.True((bool)added.Json["inForce"]!);
        var listed = await Devnet.RunAsync("approval", "standing", "list");
        Assert.Contains("relayer-pause: in force, used 0 of 20", listed.Output, StringComparison.Ordinal);
        Assert.Equal(0, (await Devnet.RunAsync("approval", "standing", "revoke", "relayer-pause", "--reason", "Enough.", "--signer", "safe-owner-2")).Exit);
        Assert.Contains("relayer-pause: COVERS NOTHING: safe-owner-2 revoked it: Enough.", (await Devnet.RunAsync("approval", "standing", "list")).Output, StringComparison.Ordinal);
        var log = (await Devnet.RunAsync("evidence", "log", "--json")).Output;
        Assert.Contains("standing.added", log, StringComparison.Ordinal);
        Assert.Contains("standing.revoked", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_wrong_one_is_refused_with_its_code_and_nothing_is_filed()
    {
        var before = Devnet.Tree();
        string[] two = ["--signer", "safe-owner-1", "--signer", "safe-owner-3"];
        await RefusedAsync("standing-signers", 4, [.. Add, "--signer", "safe-owner-1"]);
        await RefusedAsync("standing-signers", 4, [.. Add, "--signer", "safe-owner-1", "--signer", "relayer"]);
        await RefusedAsync("standing-scope", 2, [.. Add, "--kind", "resume-system", .. two]);
        await RefusedAsync("standing-limits", 4, [.. Add, "--days", "1000", .. two]);
        await RefusedAsync("standing-limits", 2, [.. Add, "--days", "0", .. two]);
        await RefusedAsync("route-unknown", 2, [.. Add, "--route", "pigeon", .. two]);
        await RefusedAsync("module-unknown", 2, [.. Add, "--module", "Nothing", .. two]);
        await RefusedAsync("standing-unknown", 2, "approval", "standing", "revoke", "nothing", "--reason", "x", "--signer", "safe-owner-1");
        await RefusedAsync("standing-revoker", 4, "approval", "standing", "revoke", "local-guardian-pause", "--reason", "x", "--signer", "relayer");
        Assert.Equal(before, Devnet.Tree());
        Devnet.Unmanage();
        await RefusedAsync("approvals-not-managed", 2, [.. Add, .. two]);
        Assert.Equal(3, (await Devnet.RunAsync("approval", "standing", "list")).Exit);
    }

    [Fact]
    public async Task A_damaged_one_is_shown_as_covering_nothing_and_hides_no_other()
    {
        await File.WriteAllTextAsync(Devnet.Workspace.Locate("storage", "approvals", "standing", "local-armed-pause.json"), "{");
        var listed = await Devnet.RunAsync("approval", "standing", "list");
        Assert.Equal(6, listed.Exit);
        Assert.Contains("local-armed-pause: COVERS NOTHING", listed.Output, StringComparison.Ordinal);
        Assert.Contains("local-guardian-pause: in force", listed.Output, StringComparison.Ordinal);
        Assert.Equal(0, (await Devnet.RunAsync("owner", "system-pause", "--action", "pause", "--signer", "guardian", "--execute")).Exit);
    }

    private async Task RefusedAsync(string code, int exit, params string[] arguments)
    {
        var outcome = await Devnet.RunAsync([.. arguments, "--json"]);
        Assert.True(outcome.Exit == exit && (string?)outcome.Json["error"]?["code"] == code, outcome.ToString());
    }
}
