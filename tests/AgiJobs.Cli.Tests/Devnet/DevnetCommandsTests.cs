using AgiJobs.Testing;

namespace AgiJobs.Cli.Tests.Devnet;

public sealed class DevnetCommandsTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("agijobs-cli-devnet-").FullName;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await RunAsync("devnet", "down");
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Up_status_down_and_up_again_say_what_happened()
    {
        Assert.Contains("No local network runs", (await RunAsync("devnet", "status")).Output, StringComparison.Ordinal);
        var up = await RunAsync("devnet", "up");
        Assert.True(up.Exit == 0, up.ToString());
        Assert.Contains("is ready in", up.Output, StringComparison.Ordinal);
        Assert.Contains("network   local, chain 31337", up.Output, StringComparison.Ordinal);

        var again = (await RunAsync("devnet", "up", "--json")).Json;
        Assert.Equal(("agijobs.devnet-up/1", true, 31337), ((string?)again["schema"], (bool)again["wasRunning"]!, (int)again["chainId"]!));
        var status = (await RunAsync("devnet", "status", "--json")).Json;
        Assert.Equal(((int)again["processId"]!, "local"), ((int)status["networks"]![0]!["processId"]!, (string?)status["networks"]![0]!["network"]));
        Assert.Equal(0, (await RunAsync("owner", "system-pause", "--action", "status")).Exit);

        var down = (await RunAsync("devnet", "down", "--keep", "--json")).Json;
        Assert.Equal((true, true, "local", 31337), ((bool)down["wasRunning"]!, (bool)down["kept"]!, (string?)down["network"], (int)down["chainId"]!));
        Assert.True((bool)(await RunAsync("devnet", "up", "--json")).Json["fromKeptState"]!);
        var reset = (await RunAsync("devnet", "reset", "--json")).Json;
        Assert.Equal(("agijobs.devnet-up/1", false), ((string?)reset["schema"], (bool)reset["fromKeptState"]!));
        Assert.Contains("network local, chain 31337: it has ended and its state is forgotten.", (await RunAsync("devnet", "down")).Output, StringComparison.Ordinal);
        Assert.Contains("it was not running.", (await RunAsync("devnet", "down")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_real_program_starts_a_network_that_goes_on_after_it_and_another_process_ends_it()
    {
        var up = await Agijobs.RunRealAsync(_folder, ["devnet", "up", "--workspace", _folder, "--json"]);
        Assert.True(up.Exit == 0, up.ToString());
        Assert.Single((await RunAsync("devnet", "status", "--json")).Json["networks"]!.AsArray());
        Assert.Equal(0, (await Agijobs.RunRealAsync(_folder, ["devnet", "down", "--workspace", _folder])).Exit);
        var process = (int)up.Json["processId"]!;
        await Wait.UntilAsync("anvil is gone", () => !Directory.Exists($"/proc/{process}"));
    }

    [Fact]
    public async Task A_start_that_is_killed_half_way_leaves_nothing_that_the_next_one_does_not_mend()
    {
        var process = Path.Combine(_folder, "storage", "devnet", "local", "anvil.pid");
        using (var killed = Agijobs.Start(_folder, ["devnet", "up", "--workspace", _folder]))
        {
            await Wait.UntilAsync("anvil is started", () => File.Exists(process) && File.ReadAllText(process).Length > 0);
            killed.Kill();
            await killed.WaitForExitAsync();
        }

        var left = await File.ReadAllTextAsync(process);
        Assert.Empty((await RunAsync("devnet", "status", "--json")).Json["networks"]!.AsArray());
        var up = await RunAsync("devnet", "up", "--json");
        Assert.True(up.Exit == 0, up.ToString());
        Assert.False((bool)up.Json["fromKeptState"]!);
        await Wait.UntilAsync("the anvil of the killed start is gone", () => !Directory.Exists($"/proc/{left}"));
        Assert.Equal(0, (await RunAsync("owner", "system-pause", "--action", "status")).Exit);
    }

    private Task<Outcome> RunAsync(params string[] arguments) => Agijobs.RunAsync(_folder, [.. arguments, "--workspace", _folder]);
}
