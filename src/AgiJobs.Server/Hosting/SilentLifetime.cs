using Microsoft.Extensions.Hosting;

namespace AgiJobs.Server.Hosting;

/// <summary>Leaves the process's signals to the program that runs the host, which alone knows the order in which things end.</summary>
internal sealed class SilentLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
