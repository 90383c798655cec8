using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Execution;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Approvals;

/// <summary>
/// Lets a change through when it was not refused, its window is open, its simulation does not block, the people whom the policy names have signed (or a standing approval covers it), and, for a
/// resume, every point of the gate holds. Names everything that is missing at once. Of an emergency pause it asks authority and nothing else: a missing simulation is a finding.
/// </summary>
/// <param name="policy">The network's policy; null when approvals are not managed.</param>
/// <param name="protocol">The protocol, which says what the change's calls do.</param>
/// <param name="standings">The standing approvals.</param>
/// <param name="time">The clock of windows, deadlines and limits.</param>
public sealed class ExecutionGate(ApprovalPolicy? policy, Protocol protocol, StandingStore standings, TimeProvider time) : IExecutionGate
{
    /// <summary>The points of the resume gate, in order.</summary>
    public required IReadOnlyList<IGatePoint> ResumePoints { get; init; }

    /// <summary>The points of every change but a pause, in order. Of one that a standing approval covers, and where approvals are not managed, what cannot be told is a finding.</summary>
    public IReadOnlyList<IGatePoint> ChangePoints { get; init; } = [];

    /// <summary>Where simulations are found.</summary>
    public required ISimulationReading Simulation { get; init; }

    /// <summary>What of the workspace must be in order besides: a fresh backup, a configuration that is whole.</summary>
    public required IReadOnlyList<ISafeguard> Safeguards { get; init; }

    /// <summary>The name of an address's signer, for the commands that mend; null when it has none.</summary>
    public Func<Address, string?> SignerOf { get; init; } = _ => null;

    /// <summary>Hears of findings when a change is let through.</summary>
    public Action<string> OnFinding { get; init; } = _ => { };

    /// <summary>Stores the dry run of a change that a standing approval covers; what it throws is a finding and holds nothing up.</summary>
    public Func<FiledChange, CancellationToken, Task> StoreDryRunAsync { get; init; } = (_, _) => Task.CompletedTask;

    /// <inheritdoc/>
    /// <exception cref="ControlException">
    /// Exit 4, by the first reason: <c>change-refused</c>, <c>window-closed</c>, <c>window-over</c>, <c>deadline-over</c>, <c>policy-unsatisfiable</c>, <c>approvals-missing</c>, <c>executor-duty</c>,
    /// <c>gate-closed</c>, <c>authority-pause-lost</c>, <c>authority-too-few</c>, <c>simulation-missing</c>, <c>simulation-blocks</c>, <c>backup-missing</c>, <c>backup-stale</c>, <c>restore-unfinished</c>.
    /// </exception>
    public async Task RequireAsync(FiledChange change, Address sender, CancellationToken cancellation)
    {
        var decision = await DecideAsync(change, sender, cancellation).ConfigureAwait(false);
        foreach (var finding in decision.Findings)
        {
            OnFinding(finding);
        }

        if (!decision.IsOpen)
        {
            throw decision.ToException(change.Id, sender);
        }

        if (decision.Standing is { } standing)
        {
            standings.Use(standing, change, sender);
            if (ChangeNature.Of(change.Document, protocol) is { Reports: not null } nature)
            {
                RequireStill(standing, change, nature, sender);
            }

            OnFinding($"sent under the standing approval '{standing.Id}'");
            try
            {
                await StoreDryRunAsync(change, cancellation).ConfigureAwait(false);
            }
            catch (Exception problem) when (problem is ControlException or EthereumException or IOException or UnauthorizedAccessException)
            {
                OnFinding($"the dry run could not be stored: {problem.Message}");
            }
        }
    }

    /// <summary>Decides without letting anything through: for previews.</summary>
    /// <param name="change">The change.</param>
    /// <param name="sender">Who is to send it; null when that is not known yet, and then nothing about the sender is asked.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ControlException">When a point of a resume cannot be asked.</exception>
    public async Task<GateDecision> DecideAsync(FiledChange change, Address? sender, CancellationToken cancellation)
    {
        var document = change.Document;
        var findings = new List<string>();
        var refusals = new List<GateRefusal>();
        var records = SignedRecords.Read(change, policy?.People);
        findings.AddRange(records.Discounted);
        refusals.AddRange(records.Objections.Select(objection => new GateRefusal("change-refused", $"{objection.By} refused it: {objection.Reason}", "Plan it again for another --instance, once the reason is dealt with.")));
        Time(document, refusals);
        var nature = ChangeNature.Of(document, protocol);
        Tally? tally = null;
        StandingEntry? standing = null;
        List<GatePointStanding> points = [];
        var demands = policy?.DemandsOf(document, protocol) ?? new ChangeDemands(nature, [], [], new GatePolicy());
        var answers = new List<(IGatePoint Point, GateAnswer Answer)>();
        foreach (var point in (policy is not null && nature.IsResume ? ResumePoints : []).Concat(nature.IsPause ? [] : ChangePoints))
        {
            answers.Add((point, await point.AskAsync(change, demands, cancellation).ConfigureAwait(false)));
        }

        if (policy is null)
        {
            findings.Add(GateDecision.NotManaged);
            refusals.AddRange(answers.Where(entry => entry.Answer is GateNotPassed).Select(entry => Closed(entry.Point, (GateNotPassed)entry.Answer)));
            findings.AddRange(NotTold(answers));
        }
        else
        {
            var person = sender is { } from ? policy.People.Of(from) : null;
            IEnumerable<Requirement> signOffs = answers.SelectMany(entry => entry.Answer is GateNotConnected open ? open.Duties : []).Distinct().Select(duty => new Requirement($"the sign-off of {duty.Name()}", [duty], 1));
            tally = Tally.Of([.. demands.Requirements, .. signOffs], records.Consents, person, demands.Distinct);
            findings.AddRange(tally.Unused);
            points = [.. answers.Select(entry => Stands(entry.Point, entry.Answer, tally))];
            standing = tally.IsComplete ? null : Covering(change, nature, sender, findings);
            if (standing is not null)
            {
                refusals.AddRange(answers.Where(entry => entry.Answer is GateNotPassed).Select(entry => Closed(entry.Point, (GateNotPassed)entry.Answer)));
                findings.AddRange(NotTold(answers));
            }
            else
            {
                var missing = tally;
                if (!tally.IsComplete && policy.Unsatisfiable(demands) is { } why)
                {
                    refusals.Add(new GateRefusal("policy-unsatisfiable", $"{policy.Path} asks for people who are not on file: {why}", $"Add people or duties to the operators' file, or lower {policy.Path}."));
                }

                refusals.AddRange(missing.Missing.Select(entry => new GateRefusal("approvals-missing", Missing(entry, answers), CommandFor(change, entry, missing, person))));
                refusals.AddRange(answers.Where(entry => entry.Answer is GateNotPassed).Select(entry => Closed(entry.Point, (GateNotPassed)entry.Answer)));
                if (sender is { } by && Executor(by, person, demands, document) is { } refused)
                {
                    refusals.Add(refused);
                }

                if (nature.IsPause && refusals.Exists(refusal => string.Equals(refusal.Code, "approvals-missing", StringComparison.Ordinal)))
                {
                    refusals.Insert(0, Going(change, refusals, person));
                    refusals.RemoveAll(refusal => refusal != refusals[0] && string.Equals(refusal.Code, "approvals-missing", StringComparison.Ordinal));
                }
            }
        }

        await SimulationAsync(change, nature, findings, refusals, cancellation).ConfigureAwait(false);
        await SafeguardsAsync(change, nature, findings, refusals, cancellation).ConfigureAwait(false);
        return new GateDecision(policy is not null, nature, tally, points, refusals, findings, standing);
    }

    // A pause that lacks authority is told the one command that gets it going, and not a list.
    private GateRefusal Going(FiledChange change, List<GateRefusal> refusals, Operator? sender)
    {
        var approver = policy!.People.People.FirstOrDefault(person => person != sender && (person.Duties.Contains(Duty.Approver) || person.Duties.Contains(Duty.Commander)) && person.Addresses.Any(address => SignerOf(address) is not null));
        var first = refusals.First(refusal => string.Equals(refusal.Code, "approvals-missing", StringComparison.Ordinal));
        var name = approver?.Addresses.Select(SignerOf).First(signer => signer is not null);
        var own = sender?.Addresses.Select(SignerOf).FirstOrDefault(signer => signer is not null) ?? "SENDER";
        return new GateRefusal(
            "approvals-missing",
            $"no standing approval covers this pause, and {string.Join(" and ", refusals.Where(refusal => string.Equals(refusal.Code, "approvals-missing", StringComparison.Ordinal)).Select(refusal => refusal.Why))}",
            name is null ? first.Command : $"agijobs change execute {change.Id} --signer {own} --signer {name} --execute");
    }

    private void Time(ChangeDocument document, List<GateRefusal> refusals)
    {
        var now = time.GetUtcNow();
        if (document.Window?.NotBefore is { } first && now < first)
        {
            refusals.Add(new GateRefusal("window-closed", $"its window opens at {first:yyyy-MM-dd HH:mm:ss} UTC", "Wait for its window."));
        }

        if (document.Window?.NotAfter is { } last && now >= last)
        {
            refusals.Add(new GateRefusal("window-over", $"its window ended at {last:yyyy-MM-dd HH:mm:ss} UTC", "Plan it again: the new plan is a new change."));
        }

        if (document.Demand?.Deadline is { } deadline && now >= deadline)
        {
            refusals.Add(new GateRefusal("deadline-over", $"its approvals were due by {deadline:yyyy-MM-dd HH:mm:ss} UTC", "Plan it again: the new plan is a new change."));
        }
    }

    private StandingEntry? Covering(FiledChange change, ChangeNature nature, Address? sender, List<string> findings)
    {
        if (!nature.IsPause && nature.Reports is null)
        {
            return null;
        }

        var closed = new List<string>();
        foreach (var entry in standings.List(change.Document.Network, policy!, change).Where(entry => entry.Approval is not { } approval || approval.Document.Slash is null == nature.IsPause))
        {
            var gaps = standings.Gaps(entry, change.Document, nature, sender);
            if (gaps.Count == 0)
            {
                return entry;
            }

            closed.Add($"the standing approval '{entry.Id}' does not cover it: {string.Join("; ", gaps.Select(gap => gap.Why))}");
        }

        findings.AddRange(closed);
        return null;
    }

    // Another process may have taken the same room meanwhile: of two that recorded their uses, each sees the other's.
    private void RequireStill(StandingEntry standing, FiledChange change, ChangeNature nature, Address sender)
    {
        if (standings.List(change.Document.Network, policy!, change).FirstOrDefault(entry => string.Equals(entry.Id, standing.Id, StringComparison.Ordinal)) is { } again && standings.Gaps(again, change.Document, nature, sender) is { Count: 0 })
        {
            return;
        }

        StandingStore.Release(standing, change);
        throw new ControlException("standing-contended", ExitCode.Refused, $"Another change was begun under the standing approval '{standing.Id}' at the same time, and there is no room for both. Nothing was sent.", $"agijobs change execute {change.Id} --signer NAME --execute");
    }

    private async Task SimulationAsync(FiledChange change, ChangeNature nature, List<string> findings, List<GateRefusal> refusals, CancellationToken cancellation)
    {
        SimulationVerdict? verdict = null;
        var why = "it has not been simulated";
        try
        {
            verdict = await Simulation.ReadAsync(change, cancellation).ConfigureAwait(false);
        }
        catch (Exception problem) when (problem is ControlException or EthereumException)
        {
            why = $"its simulation cannot be read: {problem.Message}";
        }

        if (verdict is { Blocks: true })
        {
            refusals.Add(new GateRefusal("simulation-blocks", $"its simulation blocks it: {string.Join("; ", verdict.Reasons)}", $"agijobs change simulate {change.Id}"));
        }
        else if (verdict is not null)
        {
            findings.AddRange(verdict.Reasons);
        }
        else if (nature.IsPause || policy is null)
        {
            findings.Add(why);
        }
        else
        {
            refusals.Add(new GateRefusal("simulation-missing", why, $"agijobs change simulate {change.Id}"));
        }
    }

    private async Task SafeguardsAsync(FiledChange change, ChangeNature nature, List<string> findings, List<GateRefusal> refusals, CancellationToken cancellation)
    {
        foreach (var safeguard in Safeguards)
        {
            GateRefusal? refusal;
            try
            {
                refusal = await safeguard.AskAsync(change, policy, nature.IsPause, cancellation).ConfigureAwait(false);
            }
            catch (Exception problem) when (problem is ControlException or IOException or UnauthorizedAccessException)
            {
                refusal = new GateRefusal(problem is ControlException known ? known.Code : "file-read", problem.Message, (problem as ControlException)?.Mend);
            }

            if (refusal is not null && nature.IsPause)
            {
                findings.Add($"{refusal.Why} [{refusal.Code}]");
            }
            else if (refusal is not null)
            {
                refusals.Add(refusal);
            }
        }
    }

    private static GatePointStanding Stands(IGatePoint point, GateAnswer answer, Tally tally)
    {
        switch (answer)
        {
            case GatePassed passed:
                return new GatePointStanding(point.Name, true, passed.How);
            case GateNotPassed refused:
                return new GatePointStanding(point.Name, false, refused.Why);
            default:
                var open = (GateNotConnected)answer;
                var signed = open.Duties.Select(duty => (Duty: duty, By: tally.Requirements.First(entry => entry.Requirement.Duties is [var only] && only == duty && entry.Requirement.What.StartsWith("the sign-off", StringComparison.Ordinal)).By)).ToList();
                return new GatePointStanding(
                    point.Name,
                    signed.TrueForAll(entry => entry.By.Count > 0),
                    $"{open.Why}; {string.Join(", ", signed.Select(entry => entry.By is [var consent, ..] ? $"signed by {consent.Person.Name} ({entry.Duty.Name()})" : $"{entry.Duty.Name()} has not signed"))}");
        }
    }

    private static GateRefusal Closed(IGatePoint point, GateNotPassed answer) =>
        new(point is MultisigPoint ? "approvals-missing" : answer.Code, $"{point.Name}: {answer.Why}", answer.Command);

    private static IEnumerable<string> NotTold(IEnumerable<(IGatePoint Point, GateAnswer Answer)> answers) =>
        answers.Where(entry => entry.Answer is GateNotConnected).Select(entry => $"{entry.Point.Name}: {((GateNotConnected)entry.Answer).Why}");

    private static string Missing(TalliedRequirement entry, IReadOnlyList<(IGatePoint Point, GateAnswer Answer)> answers)
    {
        var points = entry.Requirement.What.StartsWith("the sign-off", StringComparison.Ordinal) && entry.Requirement.Duties is [var duty]
            ? string.Join(", ", answers.Where(other => other.Answer is GateNotConnected open && open.Duties.Contains(duty)).Select(other => $"{other.Point.Name} ({((GateNotConnected)other.Answer).Why})"))
            : "";
        return $"{entry.Requirement.What}{(points.Length == 0 ? "" : $" for {points}")}: {entry.By.Count} of {entry.Requirement.Count}{(entry.By.Count == 0 ? "" : $" ({string.Join(", ", entry.By.Select(consent => consent.Person.Name))})")}";
    }

    private string CommandFor(FiledChange change, TalliedRequirement entry, Tally tally, Operator? sender)
    {
        var used = tally.Requirements.SelectMany(other => other.By).Select(consent => consent.Person).ToList();
        var open = policy!.People.People.Where(person => person != sender && !used.Contains(person) && person.Duties.Any(entry.Requirement.Duties.Contains)).ToList();
        var signer = open.SelectMany(person => person.Addresses).Select(SignerOf).FirstOrDefault(name => name is not null);
        var duty = entry.Requirement.Duties.FirstOrDefault(duty => open.Exists(person => person.Duties.Contains(duty) && (signer is null || person.Addresses.Any(address => string.Equals(SignerOf(address), signer, StringComparison.Ordinal)))), entry.Requirement.Duties[0]);
        return $"agijobs change approve {change.Id}{(duty == Duty.Approver ? "" : $" --duty {duty.Name()}")} --signer {signer ?? "NAME"}{(signer is null && open.Count > 0 ? $"   (NAME: {string.Join(" or ", open.Select(person => person.Name))})" : "")}";
    }

    private GateRefusal? Executor(Address sender, Operator? person, ChangeDemands demands, ChangeDocument document)
    {
        // What a holder of the role signed to be used by anybody may be sent by anybody.
        if (!demands.Distinct.Contains(Duty.Executor) || (demands.Nature.IsPause && document.Steps.All(step => step.Route.Base.Kind == RouteKind.Authorization)))
        {
            return null;
        }

        // A call that one account has to make cannot be sent by another that has the duty.
        var bound = document.Steps.Where(step => step.Route.Base.Kind == RouteKind.Direct).Select(step => step.Route.Base).FirstOrDefault();
        var executors = policy!.People.With(Duty.Executor).SelectMany(other => other.Addresses).ToList();
        var mend = bound is not null && !executors.Contains(bound.Caller)
            ? $"As it is planned only {bound.Caller} ({bound.Role}) can send it, who has not that duty. Plan it through the Safe, by naming its owners with --signer or with --safe FILE."
            : $"Send it with --signer {executors.Select(SignerOf).FirstOrDefault(name => name is not null) ?? "NAME"}.";
        return person is null ? new GateRefusal("executor-duty", $"{sender} is nobody's address in the operators' files, and it takes the duty executor to send it", mend)
            : !person.Duties.Contains(Duty.Executor) ? new GateRefusal("executor-duty", $"{person.Name} does not have the duty executor", mend)
            : null;
    }
}
