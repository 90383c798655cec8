using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Samples;

/// <summary>Contracts of the OpenZeppelin package, a timelock and a Safe, operated from samples/openzeppelin alone.</summary>
public sealed class OpenZeppelinSampleTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private const ulong Delay = 3600;

    private static readonly string[] Owners = ["safe-owner-1", "safe-owner-2"];

    private ForeignGround _ground = null!;

    private TestNetwork Devnet => fixture.Devnet;

    private Address Employer => Devnet.Accounts["employer"].Address;

    public async ValueTask InitializeAsync()
    {
        await Devnet.FreshAsync();
        _ground = new ForeignGround(Devnet, "openzeppelin", "openzeppelin");
        var timelock = await Devnet.NewTimelockAsync(Delay, Devnet.Safe, Address.Zero);
        var vault = await _ground.DeployAsync("Vault", timelock);
        var gate = await _ground.DeployAsync("Gate", Devnet.Safe, vault);
        _ground.Place("Vault", vault, ("owner", Employer));
        _ground.Place("Gate", gate);
        _ground.Place("Journal", await _ground.DeployAsync("Journal", Devnet.Safe));
        _ground.Place("Board", await _ground.DeployAsync("Board", Devnet.Safe, gate));
        foreach (var contract in (string[])["Vault", "Gate", "Journal", "Board"])
        {
            await _ground.ShelveAsync(contract);
        }

        _ground.Settle();
        await _ground.CallAsync(Devnet.Safe, "Gate", "grantRole", Keccak256.Hash("PAUSER_ROLE"), Devnet.Accounts["pauser"].Address);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_pauser_stops_what_AccessControl_guards_and_the_Safe_starts_it_again()
    {
        var running = await _ground.RunAsync("owner", "system-pause", "--action", "status");
        Assert.True(running.Exit == 0, running.ToString());
        Assert.Contains("RUNNING: all 2 modules", running.Output, StringComparison.Ordinal);
        var paused = await _ground.RunAsync("owner", "pause", "--module", "Gate", "--pause", "--signer", "pauser", "--execute");
        Assert.True(paused.Exit == 0, paused.ToString());
        Assert.True((await _ground.ReadAsync("Gate", "paused")).AsBoolean());
        Assert.Contains("MIXED: 1 paused, 1 running", (await _ground.RunAsync("owner", "system-pause", "--action", "status")).Output, StringComparison.Ordinal);
        await _ground.DriveAsync(["owner", "pause", "--module", "Gate", "--unpause"], Owners, "relayer");
        Assert.False((await _ground.ReadAsync("Gate", "paused")).AsBoolean());
    }

    [Fact]
    public async Task What_a_timelock_owns_is_stopped_and_started_by_the_Safe_that_proposes()
    {
        await _ground.DriveAsync(["owner", "pause", "--module", "Vault", "--pause"], Owners, "relayer", Delay);
        Assert.True((await _ground.ReadAsync("Vault", "paused")).AsBoolean());
        await _ground.DriveAsync(["owner", "pause", "--module", "Vault", "--unpause"], ["safe-owner-2", "safe-owner-3"], "relayer", Delay);
        Assert.False((await _ground.ReadAsync("Vault", "paused")).AsBoolean());
    }

    [Fact]
    public async Task A_value_behind_the_timelock_is_scheduled_and_set_by_the_next_run()
    {
        Assert.Equal(2, (await _ground.RunAsync("owner", "set", "Vault.feeBps=20%")).Exit);
        await _ground.DriveAsync(["owner", "set", "Vault.feeBps=2%"], Owners, "relayer", Delay);
        Assert.Equal(200, (int)(await _ground.ReadAsync("Vault", "feeBps")).AsInteger());
        Assert.Equal(0, (await _ground.RunAsync("owner", "set", "Vault.feeBps=2%")).Exit);
    }

    [Theory]
    [InlineData("Gate", "keeper", "KEEPER_ROLE")]
    [InlineData("Journal", "writer", "WRITER_ROLE")]
    public async Task A_role_is_granted_and_revoked_whether_the_contract_lists_its_holders_or_only_events_do(string module, string role, string id)
    {
        await _ground.DriveAsync(["owner", "set-roles", "--allow", $"{module}.{role}={Employer}"], Owners, "relayer");
        Assert.True((await _ground.ReadAsync(module, "hasRole", Keccak256.Hash(id), Employer)).AsBoolean());
        Assert.Equal(0, (await _ground.RunAsync("owner", "set-roles", "--allow", $"{module}.{role}={Employer}")).Exit);
        await _ground.DriveAsync(["owner", "set-roles", "--revoke", $"{module}.{role}={Employer}"], Owners, "relayer");
        Assert.False((await _ground.ReadAsync(module, "hasRole", Keccak256.Hash(id), Employer)).AsBoolean());
    }

    [Fact]
    public async Task The_last_who_can_pause_is_not_revoked_unless_another_can()
    {
        var pauser = $"Gate.pauser={Devnet.Accounts["pauser"].Address}";
        var planned = await _ground.RunAsync("owner", "set-roles", "--revoke", pauser, "--json");
        Assert.True(planned.Exit == 3, planned.ToString());
        Assert.Contains(planned.Json["approvals"]!["refusals"]!.AsArray(), refusal => (string?)refusal!["code"] == "authority-pause-lost");
        var change = (string)planned.Json["change"]!;
        foreach (var owner in Owners)
        {
            Assert.Equal(0, (await _ground.RunAsync("change", "approve", change, "--signer", owner)).Exit);
        }

        var refused = await _ground.RunAsync("change", "execute", change, "--signer", "relayer", "--execute", "--json");
        Assert.Equal((4, "authority-pause-lost"), (refused.Exit, (string?)refused.Json["error"]!["code"]));
        Assert.Contains("Gate.pause", (string?)refused.Json["error"]!["message"], StringComparison.Ordinal);
        Assert.True((await _ground.ReadAsync("Gate", "hasRole", Keccak256.Hash("PAUSER_ROLE"), Devnet.Accounts["pauser"].Address)).AsBoolean());
        var doctor = await _ground.RunAsync("owner", "doctor", "--after", change, "--json");
        Assert.Equal((4, "Gate.pause()"), (doctor.Exit, (string?)Assert.Single(doctor.Json["after"]!["pauseLost"]!.AsArray())));

        await _ground.DriveAsync(["owner", "set-roles", "--revoke", pauser, "--allow", $"Gate.pauser={Employer}"], Owners, "relayer");
        Assert.False((await _ground.ReadAsync("Gate", "hasRole", Keccak256.Hash("PAUSER_ROLE"), Devnet.Accounts["pauser"].Address)).AsBoolean());
    }

    [Fact]
    public async Task Ownership_in_two_steps_is_offered_through_the_timelock_and_accepted_by_the_new_owner()
    {
        await _ground.DriveAsync(["owner", "rotate"], Owners, "relayer", Delay);
        Assert.Equal(Employer, (await _ground.ReadAsync("Vault", "pendingOwner")).AsAddress());
        await _ground.DriveAsync(["owner", "rotate"], [], "employer");
        Assert.Equal(Employer, (await _ground.ReadAsync("Vault", "owner")).AsAddress());
        Assert.Equal(0, (await _ground.RunAsync("owner", "rotate")).Exit);
    }

    [Fact]
    public async Task Ownership_in_one_step_goes_to_an_owner_that_has_shown_to_be_alive()
    {
        _ground.Place("Vault", _ground["Vault"]);
        _ground.Place("Board", _ground["Board"], ("owner", Employer));
        _ground.Settle();
        await _ground.DriveAsync(["owner", "rotate"], Owners, "relayer");
        Assert.Equal(Employer, (await _ground.ReadAsync("Board", "owner")).AsAddress());

        _ground.Place("Board", _ground["Board"], ("owner", Address.Parse("0x00000000000000000000000000000000000A11cE")));
        _ground.Settle();
        var unproven = await _ground.RunAsync("owner", "rotate", "--json");
        Assert.Equal((4, "controller-not-proven"), (unproven.Exit, (string?)unproven.Json["error"]!["code"]));
    }
}
