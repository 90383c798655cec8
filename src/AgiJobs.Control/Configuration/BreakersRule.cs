using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Control.Configuration;

/// <summary>Breakers are such that monitors can agree, and that one lying node stops nothing.</summary>
internal sealed class BreakersRule : ILintRule
{
    public IEnumerable<LintFinding> Check(LintGround ground)
    {
        foreach (var file in ground.Files.Where(file => file.Kind is { Schema: "breakers" } && file.Problems.Count == 0))
        {
            foreach (var problem in JsonFile.Parse(file.Content, file.Path, WorkspaceJson.Default.BreakersFile).Problems())
            {
                yield return ground.Finding(true, file.Path, problem.Place, "breakers-value", problem.Message, problem.Mend);
            }
        }
    }
}
