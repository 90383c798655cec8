using AgiJobs.Testing.Networks;

namespace AgiJobs.Cli.Tests.Owner;

/// <summary>The rehearsal of the levers on a fork of what is really deployed.</summary>
public sealed class PauseTestCommandTests(DevnetFixture fixture) : IClassFixture<DevnetFixture>, IAsyncLifetime
{
    private TestNetwork Devnet => fixture.Devnet;

    public ValueTask InitializeAsync() => new(Devnet.FreshAsync());

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_module_that_says_it_runs_whatever_is_done_to_it_is_caught()
    {
        // Code that answers every call with one word of zero: it takes pause() and still says that it is not paused.
        await Devnet.Client.RequestAsync("anvil_setCode", writer =>
        {
            writer.WriteStringValue(Devnet.Protocol["StakeManager"].Address.ToString());
            writer.WriteStringValue("0x60206000f3");
        });
        var rehearsal = await Devnet.RunAsync("owner", "pause-test", "--json");
        Assert.Equal((1, false), (rehearsal.Exit, (bool)rehearsal.Json["held"]!));
        Assert.Contains(rehearsal.Json["claims"]!.AsArray(), claim => !(bool)claim!["held"]! && ((string)claim["seen"]!).Contains("StakeManager", StringComparison.Ordinal));
    }
}
