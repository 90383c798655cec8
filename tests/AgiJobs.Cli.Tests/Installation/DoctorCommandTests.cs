using AgiJobs.Cli.Tests.Configuration;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Installation;

public sealed class DoctorCommandTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>
{
    [Fact]
    public async Task A_local_network_is_in_order_and_nothing_is_written()
    {
        await fixture.Devnet.FreshAsync();
        var before = fixture.Devnet.Tree();
        var doctor = await fixture.Devnet.RunAsync("doctor", "--json");
        Assert.True(doctor.Exit == 0, doctor.ToString());
        var names = doctor.Json["checks"]!.AsArray().Select(check => (string)check!["name"]!).ToList();
        Assert.All(["node", "anvil", "libsecp256k1", "local: rpc 0", "local: rpc 0: clock", "local: audit log", "user folder", "seal key"], name => Assert.Contains(name, names));
        Assert.Equal(before, fixture.Devnet.Tree());
        Assert.False(Directory.Exists(TestNetwork.UserFolderOf(fixture.Devnet.Folder)));
    }

    [Fact]
    public async Task A_node_of_another_chain_and_a_secret_that_is_not_there_are_findings_and_a_dead_node_is_unknown()
    {
        using var ground = new ConfigurationGround();
        ground.Write("config/networks/main.json", $$"""{"version": 1, "chainId": 1, "rpc": ["{{fixture.Devnet.Url}}", {"env": "AGIJOBS_TEST_NO_SUCH_VARIABLE"}]}""");
        ground.Write("config/signers.main.json", """{"version": 1, "signers": [{"name": "k", "kind": "keystore", "address": "0x0101010101010101010101010101010101010101", "file": "no-such-keystore.json", "password": {"env": "AGIJOBS_TEST_NO_SUCH_VARIABLE"}}]}""");
        var doctor = await ground.RunAsync("doctor", "--json");
        Assert.True(doctor.Exit == 3, doctor.ToString());
        Assert.Equal(("finding", "finding", "finding"), (Standing(doctor, "main: rpc 0"), Standing(doctor, "main: rpc 1"), Standing(doctor, "main: signer k")));
        Assert.Equal("finding", Standing(doctor, "seal key"));
        ground.Write("config/networks/main.json", """{"version": 1, "chainId": 1, "rpc": ["http://127.0.0.1:9"]}""");
        var dead = await ground.RunAsync("doctor", "--json");
        Assert.Equal((5, "unknown"), (dead.Exit, Standing(dead, "main: rpc 0")));
    }

    [Fact]
    public async Task A_user_folder_that_others_may_read_is_a_finding()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using var ground = new ConfigurationGround();
        Directory.CreateDirectory(TestNetwork.UserFolderOf(ground.Folder), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherRead);
        Assert.Equal("finding", Standing(await ground.RunAsync("doctor", "--json"), "user folder"));
    }

    private static string? Standing(Outcome doctor, string name) => (string?)doctor.Json["checks"]!.AsArray().Single(check => string.Equals((string?)check!["name"], name, StringComparison.Ordinal))!["standing"];
}
