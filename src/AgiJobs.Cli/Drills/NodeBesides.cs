using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Cli.Drills;

/// <summary>A node that lies, named beside the real one in the network's file of a drill's workspace while it is wanted.</summary>
internal sealed class NodeBesides(Workspace workspace, string network, Uri url) : IAsyncDisposable
{
    private LyingNode? _liar;

    /// <summary>True when it is named before the real one, so that it is believed where only one is asked.</summary>
    public bool IsFirst { get; init; }

    /// <summary>Adds the node, or takes it away again.</summary>
    public async Task SetAsync(bool lies)
    {
        var file = workspace.Network(network);
        if (lies)
        {
            _liar ??= LyingNode.Start(url);
            JsonFile.Write(workspace.NetworkPath(network), file with { Rpc = IsFirst ? [new EndpointReference { Url = _liar.Url }, .. file.Rpc] : [.. file.Rpc, new EndpointReference { Url = _liar.Url }] }, WorkspaceJson.Default.NetworkFile);
        }
        else if (_liar is { } liar)
        {
            JsonFile.Write(workspace.NetworkPath(network), file with { Rpc = [.. file.Rpc.Where(endpoint => endpoint.Url != liar.Url)] }, WorkspaceJson.Default.NetworkFile);
            await DisposeAsync().ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_liar is { } liar)
        {
            _liar = null;
            await liar.DisposeAsync().ConfigureAwait(false);
        }
    }
}
