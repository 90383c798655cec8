using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Control.Configuration;

/// <summary>Controls can be asked: each by one query with its limits, or by a command that only looks.</summary>
internal sealed class ControlsRule : ILintRule
{
    public IEnumerable<LintFinding> Check(LintGround ground)
    {
        foreach (var file in ground.Files.Where(file => file.Kind is { Schema: "controls" } && file.Problems.Count == 0))
        {
            foreach (var problem in JsonFile.Parse(file.Content, file.Path, WorkspaceJson.Default.ControlsFile).Problems())
            {
                yield return ground.Finding(true, file.Path, problem.Place, "controls-value", problem.Message, problem.Mend);
            }
        }
    }
}
