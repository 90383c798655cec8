using AgiJobs.Control.Workspaces;

namespace AgiJobs.Control.Configuration;

/// <summary>A network and its manifest belong together, and the network's file can be used.</summary>
internal sealed class NetworkRule : ILintRule
{
    public IEnumerable<LintFinding> Check(LintGround ground)
    {
        foreach (var network in ground.Networks)
        {
            var path = ground.Workspace.NetworkPath(network);
            if (ground.File(ground.Workspace.ManifestPath(network)) is null)
            {
                yield return ground.Finding(true, path, null, "manifest-missing", $"the network {network} has no manifest, config/owner-control.{network}.json", "Write it, or set the network up with 'agijobs init'.");
            }

            if (ground.AreSound(path))
            {
                foreach (var finding in Network(ground, network, path))
                {
                    yield return finding;
                }
            }
        }

        if (ground.Networks.Count == 0)
        {
            yield return new LintFinding(false, "config/networks", null, "network-none", "the workspace has no network", "agijobs init, or agijobs devnet up");
        }
    }

    private static IEnumerable<LintFinding> Network(LintGround ground, string network, string path)
    {
        NetworkFile? file = null;
        LintFinding? bad = null;
        try
        {
            file = ground.Workspace.Network(network);
        }
        catch (ControlException problem)
        {
            bad = ground.Finding(path, problem);
        }

        if (bad is not null)
        {
            yield return bad;
        }

        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (list, endpoints) in ((string, IReadOnlyList<EndpointReference>)[])[("rpc", file?.Rpc ?? []), ("privateRelays", file?.PrivateRelays ?? [])])
        {
            for (var index = 0; index < endpoints.Count; index++)
            {
                if (endpoints[index].Url is not { } url)
                {
                    continue;
                }

                if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https" or "ws" or "wss"))
                {
                    yield return ground.Finding(true, path, $"$.{list}[{index}]", "rpc-url", $"at $.{list}[{index}]: '{url}' is no RPC URL", "Write http://, https://, ws:// or wss:// and the host.");
                }
                else if (!seen.Add(url.TrimEnd('/')))
                {
                    yield return ground.Finding(false, path, $"$.{list}[{index}]", "rpc-twice", $"at $.{list}[{index}]: it stands twice, and a node cannot be held against itself", "Name another node, or leave it out.");
                }
                else if (uri.Scheme is "http" or "ws" && !uri.IsLoopback)
                {
                    yield return ground.Finding(false, path, $"$.{list}[{index}]", "rpc-plain", $"at $.{list}[{index}]: what {uri.Host} answers can be changed on the way ({uri.Scheme})", "Use https or wss, or a node on this machine.");
                }
            }
        }

        if (file is { Confirmations: < 0 })
        {
            yield return ground.Finding(true, path, "$.confirmations", "confirmations", $"at $.confirmations: {file.Confirmations} is below zero", "Write 0 or more.");
        }
    }
}
