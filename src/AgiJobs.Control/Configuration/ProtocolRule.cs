using AgiJobs.Control.Description;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Configuration;

/// <summary>Every description can be bound to its ABIs, and every manifest to its description.</summary>
internal sealed class ProtocolRule : ILintRule
{
    public IEnumerable<LintFinding> Check(LintGround ground)
    {
        foreach (var file in ground.Files.Where(file => file.Kind is { Schema: "protocol" } && file.Problems.Count == 0))
        {
            if (Load(ground, file.Path, new ManifestFile { Version = 1, Protocol = Path.GetFileNameWithoutExtension(file.Path), Modules = new Dictionary<string, ManifestModule>(StringComparer.Ordinal) }) is { } finding)
            {
                yield return finding;
            }
        }

        foreach (var network in ground.Networks)
        {
            var path = ground.Workspace.ManifestPath(network);
            if (ground.File(path) is { Problems.Count: 0 } && Manifest(ground, path, network) is { } finding)
            {
                yield return finding;
            }
        }
    }

    private static LintFinding? Manifest(LintGround ground, string path, string network)
    {
        try
        {
            return Load(ground, path, ground.Workspace.Manifest(network));
        }
        catch (ControlException problem)
        {
            return ground.Finding(path, problem);
        }
    }

    private static LintFinding? Load(LintGround ground, string path, ManifestFile manifest)
    {
        try
        {
            _ = Protocol.Load(ground.Workspace, manifest);
            return null;
        }
        catch (ControlException problem)
        {
            return ground.Finding(path, problem);
        }
        catch (EthereumException problem)
        {
            return new LintFinding(true, path, null, problem.Code, problem.Message, "Correct the description or its ABI.");
        }
    }
}
