using AgiJobs.Control.Files;
using AgiJobs.Control.OnCall;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Control.Configuration;

/// <summary>Whoever is to be told of alerts is known and can be reached, and somebody is on call at every moment.</summary>
internal sealed class OnCallRule : ILintRule
{
    public IEnumerable<LintFinding> Check(LintGround ground)
    {
        foreach (var file in ground.Files.Where(file => file.Kind is { Schema: "oncall", IsProposal: false } && file.Problems.Count == 0))
        {
            var onCall = JsonFile.Parse(file.Content, file.Path, WorkspaceJson.Default.OnCallFile);
            foreach (var network in ground.Networks.Where(network => file.Kind!.Network is null || string.Equals(file.Kind.Network, network, StringComparison.Ordinal)))
            {
                if (!ground.AreSound(ground.Workspace.OperatorsPath, ground.Workspace.NetworkOperatorsPath(network)))
                {
                    continue;
                }

                foreach (var problem in OnCallCheck.Problems(onCall, ground.Workspace.Operators(network)))
                {
                    yield return ground.Finding(true, file.Path, problem.Place, problem.Code, problem.Message, problem.Mend);
                }
            }
        }
    }
}
