using System.Globalization;
using AgiJobs.Control.Authority;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Approvals;

/// <summary>
/// After the change somebody can still pause, and no power takes fewer signers than the policy's <c>authority.minSigners</c>. What it finds is refused, and nobody's signature changes that; where it cannot
/// be derived, the duty security signs for it. A change that was begun is not asked again: its own effects would be met.
/// </summary>
/// <param name="derive">Who can do what now and after a change; unknown, with the reason, when the nodes do not tell.</param>
/// <param name="judge">Holds the two against each other.</param>
/// <param name="nameOf">Names for addresses; null when there is none.</param>
public sealed class AuthorityPoint(
    Func<FiledChange, CancellationToken, Task<Reading<(AuthorityMatrix Before, AuthorityMatrix After)>>> derive,
    Func<AuthorityMatrix, AuthorityMatrix, AuthorityVerdict> judge,
    Func<Address, string?> nameOf) : IGatePoint
{
    /// <summary>The code of a change after which nobody could pause.</summary>
    public const string PauseLost = "authority-pause-lost";

    /// <summary>The code of a change after which fewer signers than the policy asks for could use a power.</summary>
    public const string TooFew = "authority-too-few";

    /// <inheritdoc/>
    public string Name => "who can pause, and how many it takes, afterwards";

    /// <inheritdoc/>
    /// <exception cref="ControlException"><c>policy-power</c>.</exception>
    public async Task<GateAnswer> AskAsync(FiledChange change, ChangeDemands demands, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(change);
        if (Journal.Read(change.JournalPath).Count > 0)
        {
            return new GatePassed("the change was begun, and what was found before counts");
        }

        Reading<(AuthorityMatrix Before, AuthorityMatrix After)> reading;
        try
        {
            reading = await derive(change, cancellation).ConfigureAwait(false);
        }
        catch (Exception problem) when (problem is ControlException or EthereumException)
        {
            reading = Reading.Unknown<(AuthorityMatrix, AuthorityMatrix)>(problem.Message);
        }

        if (!reading.TryGet(out var states))
        {
            return new GateNotConnected([Duty.Security], $"unknown: {reading.Why!.TrimEnd('.')}");
        }

        var verdict = judge(states.Before, states.After);
        return verdict.IsRefused
            ? new GateNotPassed(string.Join("; ", Reasons(verdict, states.After)), $"agijobs owner doctor --after {change.Id}   ({Mend(verdict)})") { Code = verdict.TooFew.Count == 0 || verdict.PauseLost.Count > 0 || verdict.PauseLostToStrangers ? PauseLost : TooFew }
            : verdict.Unknown.Count > 0 ? new GateNotConnected([Duty.Security], $"unknown: {string.Join("; ", verdict.Unknown)}")
            : new GatePassed(string.Create(CultureInfo.InvariantCulture, $"{verdict.Pausers} accounts can pause or take part in it{(verdict.TooFewBefore.Count == 0 ? "" : $"; already so before, and not by this change: {string.Join("; ", verdict.TooFewBefore.Select(entry => Few(entry, states.After)))}")}"));
    }

    private IEnumerable<string> Reasons(AuthorityVerdict verdict, AuthorityMatrix after)
    {
        if (verdict.PauseLost.Count > 0)
        {
            yield return $"nobody could call {AuthorityText.Over(verdict.PauseLost)} after it, and somebody can now";
        }

        if (verdict.PauseLostToStrangers)
        {
            yield return "none of the people on file could pause anything after it, alone or together, and some can now";
        }

        foreach (var entry in verdict.TooFew)
        {
            yield return Few(entry, after);
        }
    }

    private string Few(TooFewSigners entry, AuthorityMatrix after) => string.Create(
        CultureInfo.InvariantCulture,
        $"{new AuthorityText(after, nameOf).Who(entry.Row.Holding)} could {entry.Row.Power.Words()} with {entry.Row.Holding.Signers.Fewest} of the {entry.Wanted} signers that the policy's authority.minSigners asks for: {AuthorityText.Over(entry.Row.Functions)}");

    private static string Mend(AuthorityVerdict verdict) => string.Join(" ", ((string?[])[
        verdict.PauseLost.Count > 0 ? "Plan it again so that it also grants pausing to somebody who keeps it." : null,
        verdict.PauseLostToStrangers ? "Who is to pause stands in operators.json: add them there, or grant it to somebody who does." : null,
        verdict.TooFew.Count > 0 ? "Give the power to a Safe with a higher threshold, or have authority.minSigners of the policy changed by those who own it." : null,
    ]).OfType<string>());
}
