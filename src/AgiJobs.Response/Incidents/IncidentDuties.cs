using AgiJobs.Control;
using AgiJobs.Ethereum;

namespace AgiJobs.Response.Incidents;

/// <summary>Who is about to execute something with the owners' authority.</summary>
/// <param name="Person">Their name; null when the address is nobody's on file.</param>
/// <param name="Addresses">The addresses that they sign with.</param>
public sealed record IncidentExecutor(string? Person, IReadOnlyList<Address> Addresses);

/// <summary>Why a privileged step is refused, who stands in its way and how that is mended.</summary>
/// <param name="Code">Stable, kebab case.</param>
/// <param name="Message">Who, and the rule.</param>
/// <param name="Mend">What to do.</param>
public sealed record DutyRefusal(string Code, string Message, string Mend)
{
    /// <summary>As a refusal of a command.</summary>
    public ControlException ToException() => new(Code, ExitCode.Refused, Message, Mend);
}

/// <summary>Dual control: who orders is not who executes. Checked at every privileged step of an incident (a pause, a rotation, a refund that names it), by the addresses that sign and not by what people call themselves.</summary>
public static class IncidentDuties
{
    /// <summary>Whether somebody may execute a privileged step of an incident. Pure.</summary>
    /// <param name="state">The incident.</param>
    /// <param name="commander">Who orders; <see cref="IncidentState.Commander"/> unless the caller knows better; null while there is none.</param>
    /// <param name="executor">Who executes.</param>
    /// <returns>
    /// Null when nothing stands in the way, else <c>incident-commander-missing</c>, <c>incident-executor-unknown</c>, <c>incident-dual-control</c> or <c>incident-operator-other</c>. For a pause this is a finding to be told after it is sent, never a refusal.
    /// </returns>
    public static DutyRefusal? Check(IncidentState state, RoleAssignment? commander, IncidentExecutor executor)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(executor);
        if (commander is null)
        {
            return new DutyRefusal("incident-commander-missing", $"The incident {state.Id} has no commander, so that nobody has ordered this.", $"agijobs incident assign {state.Id} commander NAME --signer NAME");
        }

        if (executor.Person is not { } person)
        {
            return new DutyRefusal("incident-executor-unknown", $"{string.Join(", ", executor.Addresses)} is nobody's address in the operators' files: whether it is the commander {commander.Person} is unknown.", "Execute with an address of a person whom config/operators.json names.");
        }

        if (commander.Is(person, executor.Addresses))
        {
            return new DutyRefusal(
                "incident-dual-control",
                $"{person} commands the incident {state.Id} and cannot execute its steps: commander and operator are different people.",
                state.Operator is { } other ? $"Have the operator {other.Person} do it, or give the command to another: agijobs incident assign {state.Id} commander NAME --signer NAME" : $"Name an operator who is somebody else: agijobs incident assign {state.Id} operator NAME --signer NAME");
        }

        if (state.Operator is { } assigned && !assigned.IsHeldBy(executor.Addresses))
        {
            return new DutyRefusal("incident-operator-other", $"The operator of the incident {state.Id} is {assigned.Person}, not {person}.", $"Have {assigned.Person} do it with an address they had when they were named, or name the operator anew: agijobs incident assign {state.Id} operator NAME --signer NAME");
        }

        return commander.TakenAt is not null ? null
            : new DutyRefusal("incident-commander-not-taken", $"{commander.Person} was named commander of {state.Id} and has signed nothing in it yet, so that the order is nobody's.", $"{commander.Person} signs anything: agijobs incident note {state.Id} \"I have the command\" --signer NAME");
    }
}
