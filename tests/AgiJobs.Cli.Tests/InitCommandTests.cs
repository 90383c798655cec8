using AgiJobs.Ethereum;

namespace AgiJobs.Cli.Tests;

/// <summary><c>init</c>: everything is checked before the first byte is written, and nothing that is there is written over.</summary>
public sealed class InitCommandTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IDisposable
{
    private readonly string _parent = Directory.CreateTempSubdirectory("agijobs-init-").FullName;

    private string Folder => Path.Combine(_parent, "workspace");

    private string FeePool => fixture.Devnet.Protocol["FeePool"].Address.ToString();

    private string SystemPause => fixture.Devnet.Protocol["SystemPause"].Address.ToString();

    [Fact]
    public async Task A_workspace_of_another_network_is_made_without_keys_and_serves_at_once()
    {
        var made = await InitAsync("--chain-id", "31337", "--module", $"SystemPause={SystemPause}", "--module", $"FeePool={FeePool}");
        Assert.True(made.Exit == 0, made.ToString());
        Assert.Contains("\"signers\": []", await File.ReadAllTextAsync(Path.Combine(Folder, "config", "signers.json")), StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(Folder, "config", "policy.proposed.json")));
        Assert.False(File.Exists(Path.Combine(Folder, "config", "policy.json")));
        var status = await Agijobs.RunAsync(Folder, ["owner", "system-pause", "--action", "status", "--json"]);
        Assert.Equal(["FeePool"], status.Json["modules"]!.AsArray().Select(module => (string?)module!["name"]));
    }

    [Fact]
    public async Task A_second_init_of_the_same_network_writes_nothing_over()
    {
        Assert.Equal(0, (await InitAsync("--chain-id", "31337")).Exit);
        var before = await File.ReadAllTextAsync(Path.Combine(Folder, "config", "networks", "prod.json"));
        var again = await InitAsync("--chain-id", "31337", "--confirmations", "9");
        Assert.Equal((4, "file-exists"), (again.Exit, (string?)again.Json["error"]!["code"]));
        Assert.Equal(before, await File.ReadAllTextAsync(Path.Combine(Folder, "config", "networks", "prod.json")));
    }

    [Fact]
    public Task A_node_of_another_chain_is_refused() => RefusedAsync(6, "rpc-wrong-chain", "--chain-id", "1");

    [Fact]
    public Task An_unknown_module_is_refused() => RefusedAsync(2, "manifest-module", "--chain-id", "31337", "--module", $"Treasury={FeePool}");

    [Fact]
    public Task A_module_that_stands_twice_is_refused() => RefusedAsync(2, "module-twice", "--chain-id", "31337", "--module", $"FeePool={FeePool}", "--module", $"FeePool={SystemPause}");

    [Fact]
    public Task A_module_without_its_address_is_refused() => RefusedAsync(2, "module-format", "--chain-id", "31337", "--module", "FeePool");

    [Fact]
    public Task An_address_without_a_checksum_is_refused() => RefusedAsync(2, "address-checksum", "--chain-id", "31337", "--module", $"FeePool={FeePool.ToLowerInvariant()}");

    [Fact]
    public Task An_address_without_code_is_refused() => RefusedAsync(6, "module-no-code", "--chain-id", "31337", "--module", $"FeePool={new Address(Enumerable.Repeat((byte)7, Address.Size).ToArray())}");

    [Fact]
    public Task An_unset_variable_for_the_url_is_refused() => RefusedAsync(2, "secret-missing", "--chain-id", "31337", "--rpc", "env:AGIJOBS_TEST_NO_SUCH_VARIABLE");

    public void Dispose() => Directory.Delete(_parent, recursive: true);

    private Task<Outcome> InitAsync(params string[] arguments) =>
        Agijobs.RunAsync(_parent, ["init", "--network", "prod", "--rpc", fixture.Devnet.Url, "--workspace", Folder, "--json", .. arguments]);

    private async Task RefusedAsync(int exit, string code, params string[] arguments)
    {
        var refusal = await InitAsync(arguments);
        Assert.Equal((exit, code), (refusal.Exit, (string?)refusal.Json["error"]!["code"]));
        Assert.False(Directory.Exists(Folder), "something was written");
    }
}
