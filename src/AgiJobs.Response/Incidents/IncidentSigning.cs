using AgiJobs.Control;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.TypedData;

namespace AgiJobs.Response.Incidents;

/// <summary>Has people sign acts under their duties. A person needs no role for opening, noting and attaching: any duty on file will do, so that nothing waits.</summary>
/// <param name="people">Who is who.</param>
public sealed class IncidentSigning(OperatorBook people)
{
    private static readonly Duty[] Order = [Duty.Commander, Duty.Operator, Duty.Security, Duty.Communications, Duty.Executor, Duty.Approver, Duty.Author, Duty.Finance];

    /// <summary>Who is who.</summary>
    public OperatorBook People => people;

    /// <summary>The people of a network.</summary>
    /// <exception cref="ControlException"><c>people-missing</c> (exit 4) when nobody is on file.</exception>
    public static IncidentSigning Of(Workspace workspace, string network)
    {
        ArgumentNullException.ThrowIfNull(workspace);
        return workspace.Operators(network) is { } file ? new IncidentSigning(new OperatorBook(file))
            : throw new ControlException("people-missing", ExitCode.Refused, $"No people are on file for the network '{network}', so that nobody can be told from anybody.", "Name them with their duties in config/operators.json. A pause does not need it: agijobs owner system-pause --action pause.");
    }

    /// <summary>A person by name.</summary>
    /// <exception cref="ControlException"><c>person-unknown</c>.</exception>
    public Operator Person(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return people.People.FirstOrDefault(person => string.Equals(person.Name.Trim(), name.Trim(), StringComparison.OrdinalIgnoreCase))
            ?? throw new ControlException("person-unknown", ExitCode.BadInput, $"Nobody is named '{Plain.Line(name)}' in the operators' files.", $"On file are {string.Join(", ", people.People.Select(person => person.Name))}.");
    }

    /// <summary>A person for a role.</summary>
    /// <exception cref="ControlException"><c>person-unknown</c>, <c>person-duty</c> (exit 4).</exception>
    public Operator ForRole(string name, IncidentRole role)
    {
        var person = Person(name);
        return person.Duties.Contains(role.Duty()) ? person
            : throw new ControlException("person-duty", ExitCode.Refused, $"{person.Name} does not have the duty {role.Duty().Name()} that the role {role.Name()} asks for; they have {person.Duties.Names(", ")}.", $"With it are {(people.With(role.Duty()) is { Count: > 0 } with ? string.Join(", ", with.Select(other => other.Name)) : "nobody; add the duty in config/operators.json")}.");
    }

    /// <summary>The duties, one of which an act takes; any when empty.</summary>
    public static IReadOnlyList<Duty> Needs(IncidentAct act, IncidentState? state)
    {
        ArgumentNullException.ThrowIfNull(act);
        return act.Kind switch
        {
            IncidentActs.Decide when Findings.Severities.Parse(act.Severity ?? "") is { } decided && state is { Version: > 0 } && decided > state.Severity => [Duty.Commander],
            IncidentActs.Classify when state is { Version: > 0, Category: IncidentCategories.KeyCompromise } && act.Category != IncidentCategories.KeyCompromise => [Duty.Commander],
            IncidentActs.Assign => state?.Commander is null ? [] : [Duty.Commander],
            IncidentActs.Update when act.IsPublic is true => [Duty.Communications, Duty.Commander, Duty.Security],
            IncidentActs.ApproveUpdate => [Duty.Commander, Duty.Communications, Duty.Security],
            IncidentActs.Mark when act.IsSkipped is true || act.Step is IncidentSteps.Recover => [Duty.Commander],
            IncidentActs.Mark when IncidentSteps.Privileged.Contains(act.Step, StringComparer.Ordinal) => [Duty.Operator],
            IncidentActs.ApproveResume or IncidentActs.Close => [Duty.Commander],
            IncidentActs.CompleteReview => [Duty.Commander, Duty.Approver, Duty.Security],
            _ => [],
        };
    }

    /// <summary>Has a person sign an act.</summary>
    /// <param name="act">The act.</param>
    /// <param name="state">The incident; null before it is opened.</param>
    /// <param name="signer">Who signs.</param>
    /// <param name="asked">Under which duty; null takes the first of theirs that will do.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ControlException"><c>act-nobody</c>, <c>act-duty</c> (exit 4), <c>signature-other-key</c> (exit 6).</exception>
    /// <exception cref="Ethereum.EthereumException">Those of the signer.</exception>
    public async Task<SignedIncidentAct> SignAsync(IncidentAct act, IncidentState? state, ISigner signer, Duty? asked, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(act);
        ArgumentNullException.ThrowIfNull(signer);
        var person = Of(signer.Address);
        // Who may never execute hears that, and not that a duty is missing.
        if (act is { Kind: IncidentActs.Mark, IsSkipped: not true } && state is not null && IncidentSteps.Privileged.Contains(act.Step, StringComparer.Ordinal)
            && IncidentDuties.Check(state, state.Commander, new IncidentExecutor(person.Name, person.Addresses)) is { } refused)
        {
            throw refused.ToException();
        }

        var needs = Needs(act, state);
        // A person with several duties acts under that of the role they fill.
        var roles = state is null ? [] : state.RolesOf(person.Addresses).Select(role => role.Duty());
        var duty = asked is { } wanted
            ? (person.Duties.Contains(wanted) && (needs.Count == 0 || needs.Contains(wanted)) ? wanted : null)
            : roles.Concat(Order).Where(person.Duties.Contains).Cast<Duty?>().FirstOrDefault(own => needs.Count == 0 || needs.Contains(own!.Value));
        if (duty is not { } under)
        {
            throw new ControlException("act-duty", ExitCode.Refused, $"{person.Name} has the duties {person.Duties.Names(", ")}, and this takes {(needs.Count == 0 ? $"one of them, not {asked?.Name()}" : needs.Names())}{(asked is null ? "" : $", signed as {asked.Value.Name()}")}.", needs.Count == 0 ? "Leave --duty out." : $"Have one of them sign: {string.Join(", ", people.People.Where(other => other.Duties.Any(needs.Contains)).Select(other => other.Name).DefaultIfEmpty("nobody on file"))}.");
        }

        var said = act with { By = person.Name };
        return new SignedIncidentAct { Version = 1, Act = said, Duty = under, Signer = signer.Address, Signature = await SignAsync(said.Statement(under), signer, cancellation).ConfigureAwait(false) };
    }

    /// <summary>Refuses an act that its signer may not do by the operators' files as they are now: what is asked before it is recorded, whoever made it.</summary>
    /// <param name="signed">The act; its signature was checked.</param>
    /// <param name="state">The incident before it.</param>
    /// <exception cref="ControlException"><c>act-nobody</c>, <c>act-name</c>, <c>act-duty</c> (exit 4).</exception>
    public void Require(SignedIncidentAct signed, IncidentState? state)
    {
        ArgumentNullException.ThrowIfNull(signed);
        var person = Of(signed.Signer);
        if (!string.Equals(person.Name, signed.By, StringComparison.Ordinal))
        {
            throw new ControlException("act-name", ExitCode.Refused, $"{signed.Signer} is an address of {person.Name}, and the act says that {Plain.Line(signed.By)} did it.", "Sign it anew under the own name.");
        }

        var needs = Needs(signed.Act, state);
        if (!person.Duties.Contains(signed.Duty) || (needs.Count > 0 && !needs.Contains(signed.Duty)))
        {
            throw new ControlException("act-duty", ExitCode.Refused, $"{person.Name} has the duties {person.Duties.Names(", ")} and signed as {signed.Duty.Name()}, and this takes {(needs.Count == 0 ? "one of theirs" : needs.Names())}.", needs.Count == 0 ? "Leave --duty out." : $"Have one of them sign: {string.Join(", ", people.People.Where(other => other.Duties.Any(needs.Contains)).Select(other => other.Name).DefaultIfEmpty("nobody on file"))}.");
        }
    }

    /// <summary>Has a person sign that a duty of the calendar was done, under the first of their duties.</summary>
    /// <exception cref="ControlException"><c>act-nobody</c> (exit 4), <c>signature-other-key</c> (exit 6).</exception>
    /// <exception cref="Ethereum.EthereumException">Those of the signer.</exception>
    public async Task<SignedDutyDone> SignAsync(DutyDone done, ISigner signer, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(done);
        ArgumentNullException.ThrowIfNull(signer);
        var person = Of(signer.Address);
        var under = Order.FirstOrDefault(person.Duties.Contains);
        var said = done with { By = person.Name };
        return new SignedDutyDone { Done = said, Under = under, Signer = signer.Address, Signature = await SignAsync(said.Statement(under), signer, cancellation).ConfigureAwait(false) };
    }

    private Operator Of(Address address) => people.Of(address) ?? throw new ControlException("act-nobody", ExitCode.Refused, $"{address} is nobody's address in the operators' files.", "Have a person sign whom config/operators.json names.");

    private static async Task<byte[]> SignAsync(TypedDocument statement, ISigner signer, CancellationToken cancellation)
    {
        var signature = await signer.SignTypedDataAsync(statement, cancellation).ConfigureAwait(false);
        return Secp256k1.Recover(statement.Digest, signature) == signer.Address ? signature.ToBytes()
            : throw new ControlException("signature-other-key", ExitCode.Mismatch, $"The signer of {signer.Address} gave a signature that is not its own.", "Nothing was recorded. Check what the signer's reference points to.");
    }
}
