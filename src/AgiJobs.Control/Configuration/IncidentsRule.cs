using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Control.Configuration;

/// <summary>What is said about incidents is no laxer than the playbooks.</summary>
internal sealed class IncidentsRule : ILintRule
{
    public IEnumerable<LintFinding> Check(LintGround ground)
    {
        foreach (var file in ground.Files.Where(file => file.Kind is { Schema: "incidents" } && file.Problems.Count == 0))
        {
            if (JsonFile.Parse(file.Content, file.Path, WorkspaceJson.Default.IncidentsFile).Problem() is { } problem)
            {
                yield return ground.Finding(true, file.Path, problem.Place, "incidents-value", problem.Message, problem.Mend);
            }
        }
    }
}
