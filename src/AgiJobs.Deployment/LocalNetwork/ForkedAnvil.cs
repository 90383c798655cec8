using System.Diagnostics;
using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Control.Simulation;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Deployment.LocalNetwork;

/// <summary>
/// Forks of a live chain in an anvil on 127.0.0.1, which ends with its user, also when that is killed. It reads state from the network's primary node and sends it nothing else.
/// </summary>
/// <param name="home">The launcher's folder, with the anvil that npm installed.</param>
/// <param name="rpc">The primary node. A URL that carries a secret is refused: a process's command line is there for all to see.</param>
/// <param name="chainId">The chain.</param>
/// <param name="time">The clock.</param>
public sealed class ForkedAnvil(string home, Uri rpc, ChainId chainId, TimeProvider time) : ISimulationFork
{
    private const string ListeningMark = "Listening on 127.0.0.1:";

    // Ends the fork as soon as the pipe of its user closes, however that ends.
    private const string Supervisor = """
        "$0" "$@" </dev/null &
        child=$!
        read line
        kill -9 $child
        """;

    /// <inheritdoc/>
    /// <exception cref="ControlException"><c>anvil-missing</c>, <c>fork-secret</c>, <c>fork-start</c>.</exception>
    public async Task<IForkedChain> StartAsync(BlockHeader block, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(block);
        if (rpc.Scheme is not ("http" or "https") || rpc.UserInfo.Length > 0 || rpc.Query.Length > 0 || rpc.AbsolutePath is not ("" or "/"))
        {
            throw new ControlException("fork-secret", ExitCode.Failed, $"The RPC URL of {rpc.Scheme}://{rpc.Authority} may carry a key, which a fork's command line would show to everybody on this machine.", "Name a node without a key first, or one that offers debug_traceCall.");
        }

        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["-c", Supervisor, AnvilProcess.Locate(home), "--host", "127.0.0.1", "--port", "0", "--no-mining", "--fork-url", rpc.ToString(), "--fork-block-number", block.Number.Value.ToString(CultureInfo.InvariantCulture)])
        {
            start.ArgumentList.Add(argument);
        }

        var process = Process.Start(start) ?? throw Failed("it could not be started");
        try
        {
            var port = await PortAsync(process, cancellation).ConfigureAwait(false);
            var client = await EthereumClient.ConnectAsync(RpcOptions.For(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}")), chainId, time, cancellation).ConfigureAwait(false);
            return new Running(process, client);
        }
        catch
        {
            End(process);
            throw;
        }
    }

    private async Task<int> PortAsync(Process process, CancellationToken cancellation)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        // Read beside, so that a full pipe never holds it up.
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            while (await process.StandardOutput.ReadLineAsync(either.Token).ConfigureAwait(false) is { } line)
            {
                if (line.StartsWith(ListeningMark, StringComparison.Ordinal) && int.TryParse(line.AsSpan(ListeningMark.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
                {
                    _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
                    return port;
                }
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw Failed("it did not come up within 20 s");
        }

        process.StandardInput.Close();
        throw Failed((await errors.ConfigureAwait(false)).Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault() ?? "it ended at once");
    }

    private static ControlException Failed(string why) => new("fork-start", ExitCode.Failed, $"A fork of the chain could not be had: {why}.", "A node that offers debug_traceCall needs none.");

    private static void End(Process process)
    {
        process.StandardInput.Close();
        if (!process.WaitForExit(TimeSpan.FromSeconds(5)))
        {
            process.Kill(entireProcessTree: true);
        }

        process.Dispose();
    }

    private sealed class Running(Process process, EthereumClient client) : IForkedChain
    {
        public EthereumClient Client => client;

        public async ValueTask DisposeAsync()
        {
            await client.DisposeAsync().ConfigureAwait(false);
            End(process);
        }
    }
}
