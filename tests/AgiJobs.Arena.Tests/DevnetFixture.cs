using AgiJobs.Testing.Networks;

namespace AgiJobs.Arena.Tests;

/// <summary>One local network for the tests of a class.</summary>
public sealed class DevnetFixture : IAsyncLifetime
{
    public TestNetwork Devnet { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Devnet = await TestNetwork.StartAsync();

    public ValueTask DisposeAsync() => Devnet.DisposeAsync();
}
