using AgiJobs.Control;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Response.Runbooks;

/// <summary>Who may do a step: whoever has its duty, is nobody whom the step excludes, and is not commander and operator of one incident at once.</summary>
internal static class RunbookDuties
{
    /// <summary>Why somebody may not do a step; null when they may.</summary>
    public static ControlException? Refusal(RunbookRun run, RunbookStep step, RunbookActor actor, IncidentSight? incident)
    {
        if (actor.Duties is { } duties && !duties.Contains(step.Duty))
        {
            return new ControlException("duty-missing", ExitCode.Refused, $"The step '{step.Id}' takes somebody with the duty {step.Duty.Name()}; {actor.Name} has {(duties.Count == 0 ? "none" : duties.Names(", "))}.", "Have a person with that duty do it: --signer NAME.");
        }

        if (incident?.Roles.GetValueOrDefault(step.Duty) is { } assigned && !Same(assigned, actor.Name))
        {
            return new ControlException("role-other", ExitCode.Refused, $"In the incident {run.Begun.Incident} the {step.Duty.Name()} is {assigned}, not {actor.Name}.", $"Have {assigned} do it, or assign the role anew.");
        }

        if (step.File.OtherThan.Select(id => run[id]).FirstOrDefault(other => other.By is { } by && Same(by, actor.Name) && other.State is not StepState.Open) is { } before)
        {
            return new ControlException("person-twice", ExitCode.Refused, $"{actor.Name} did the step '{before.Step.Id}', and '{step.Id}' takes somebody else.", "Have another person do it: --signer NAME.");
        }

        return step.Duty switch
        {
            Duty.Commander when Has(Duty.Operator) => Both("operator", "commander"),
            Duty.Operator when Has(Duty.Commander) => Both("commander", "operator"),
            _ => null,
        };

        bool Has(Duty duty) =>
            (incident?.Roles.GetValueOrDefault(duty) is { } holder && Same(holder, actor.Name))
            || run.Steps.Any(other => other.Step.Duty == duty && other.Step.Kind != StepKind.Check && other.State != StepState.Open && other.By is { } by && Same(by, actor.Name));

        ControlException Both(string was, string wanted) => new("dual-control", ExitCode.Refused, $"{actor.Name} is the {was} here, and so cannot be the {wanted}: the two are different people.", "Have another person do it: --signer NAME.");
    }

    private static bool Same(string one, string other) => string.Equals(one, other, StringComparison.Ordinal);
}
