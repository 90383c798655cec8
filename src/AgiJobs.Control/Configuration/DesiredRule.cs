using AgiJobs.Control.Desired;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Configuration;

/// <summary>Every value that the manifest and the parameter catalogue want has its unit and bounds, and no two files want different things.</summary>
internal sealed class DesiredRule : ILintRule
{
    public IEnumerable<LintFinding> Check(LintGround ground)
    {
        var findings = new List<LintFinding>();
        foreach (var (network, protocol) in ground.Protocols)
        {
            var bad = findings.Count;
            foreach (var domain in protocol.Domains)
            {
                var path = CatalogueFile.PathOf(domain, network);
                if (ground.File(path) is not null)
                {
                    Try(path, () => _ = CatalogueFile.Read(ground.Workspace, network, protocol, domain));
                }
            }

            // What is left then is the manifest's own values, and files against each other.
            if (findings.Count == bad)
            {
                Try(ground.Workspace.ManifestPath(network), () => _ = DesiredState.Load(ground.Workspace, network, protocol));
            }
        }

        return findings;

        void Try(string path, Action read)
        {
            try
            {
                read();
            }
            catch (ControlException problem)
            {
                findings.Add(ground.Finding(path, problem));
            }
            catch (EthereumException problem)
            {
                findings.Add(ground.Finding(true, path, null, problem.Code, problem.Message, "Correct the value."));
            }
        }
    }
}
