using System.Globalization;
using System.Text;
using AgiJobs.Control.Description;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Control.Changes;

/// <summary>How a change stands, for its brief.</summary>
/// <param name="Signed">Who has approved.</param>
/// <param name="Missing">What is missing, each with what mends it.</param>
/// <param name="SafeHash">The hash of the Safe transaction that carries it; null when none does.</param>
/// <param name="Next">The next command.</param>
public sealed record BriefStanding(IReadOnlyList<string> Signed, IReadOnlyList<string> Missing, string? SafeHash, string Next);

/// <summary>A change on one page, in plain language, for somebody who is no engineer: what will happen and why, what it means for users, who has approved, what to compare, how it is undone.</summary>
public static class Brief
{
    /// <summary>The page as Markdown. The same change, labels and standing give the same text.</summary>
    /// <param name="change">The change.</param>
    /// <param name="labels">Names for addresses.</param>
    /// <param name="standing">How it stands; null when it has only been planned.</param>
    public static string Write(ChangeDocument change, Labels labels, BriefStanding? standing = null)
    {
        var text = new StringBuilder();
        var pauses = change.Kind.StartsWith("pause-", StringComparison.Ordinal);
        var resumes = change.Kind.StartsWith("resume-", StringComparison.Ordinal);
        Line($"# {change.Title}");
        Line();
        Line($"Network {change.Network}, chain {change.ChainId}. Instance {change.Instance}. Risk {change.Risk.ToString().ToLowerInvariant()}.");
        Line();
        Line("## What and why");
        Line();
        Line($"{change.Title}. It belongs to the ticket or incident {change.Instance}; read there why it is done.");
        if (change.Undoes is { } undone)
        {
            Line($"It undoes the change `{undone}`.");
        }

        if (change.Window is { } window)
        {
            Line($"It may be sent{(window.NotBefore is { } first ? $" from {first:yyyy-MM-dd HH:mm:ss} UTC" : "")}{(window.NotAfter is { } last ? $" until {last:yyyy-MM-dd HH:mm:ss} UTC" : "")}, and at no other time.");
        }

        if (change.Demand is { } demand)
        {
            Line($"Its author demands{(demand.Approvals is { } count ? $" at least {count} approvals" : "")}{(demand.Deadline is { } deadline ? $" by {deadline:yyyy-MM-dd HH:mm:ss} UTC" : "")}, above the policy.");
        }

        Line();
        Line("## What it means for users");
        Line();
        Line(pauses ? labels.WhenPaused ?? "The modules named below stop: nobody can start work, deposit, withdraw or be paid through them until they are resumed. What they hold stays where it is."
            : resumes ? labels.WhenResumed ?? "The modules named below run again: work, deposits, withdrawals and payments go on from where they stopped."
            : "See what must hold afterwards; the description of the protocol says what each value means.");
        Line();
        Line("## The risk");
        Line();
        Line(change.Risk switch
        {
            Risk.Green => "Green: cosmetic. No money and no right moves.",
            Risk.Amber => "Amber: financial. It changes what somebody pays or is paid.",
            _ => "Red: security. Done wrongly, it can stop the protocol, or let somebody at its money or its rights.",
        });
        Line();
        Line("## What could go wrong");
        Line();
        Line(pauses ? "- It stops honest users too; every minute of it should be needed."
            : resumes ? "- If the cause is not mended, what was stopped goes on. That is why people sign for alerts and checks before it."
            : "- The new value can be wrong although the call succeeds; compare it with the ticket.");
        Line("- If the state has changed since it was planned, nothing is sent, and it has to be planned again.");
        Line("- If the sender's transaction is not mined, run the same command again: it sends the same transaction and no second one.");
        Line();
        Line("## What will be called");
        Line();
        foreach (var (step, number) in change.Steps.Select((step, index) => (step, index + 1)))
        {
            Line($"{number}. {(step.Purpose is { } purpose ? $"{purpose}: " : "")}`{step.Module}.{step.Function}` at {step.Target}{(step.Arguments.Count == 0 ? "" : $" with {string.Join(", ", step.Arguments)}")}");
            Line($"   by {Means(step.Route, labels)}");
        }

        Line();
        Line("## What to compare");
        Line();
        Line($"- Digest `{change.Digest()}`: two machines that see this digest see the same change.");
        if (standing?.SafeHash is { } hash)
        {
            Line($"- Safe transaction hash `{hash}`: your wallet must show this hash before you sign.");
        }

        Line();
        if (standing is not null)
        {
            Line("## Who has approved, and who is missing");
            Line();
            Texts(standing.Signed.Count == 0 ? ["nobody has approved yet"] : standing.Signed);
            Texts(standing.Missing.Count == 0 ? ["nothing is missing"] : [.. standing.Missing.Select(missing => $"MISSING {missing}")]);
            Line();
        }

        Line("## What must hold before");
        Line();
        List(change.Preconditions);
        Line("## What must hold after");
        Line();
        List(change.Expected);
        Line("## How it is undone");
        Line();
        Line(change.Rollback.Command is { } command ? $"`{command}`. {change.Rollback.Note}"
            : change.Rollback.Steps is { Count: > 0 } steps ? $"`agijobs change rollback {change.Digest().ToString()[2..10]}`, which calls {string.Join(", ", steps.Select(step => $"{step.Module}.{step.Function[..step.Function.IndexOf('(', StringComparison.Ordinal)]}({string.Join(", ", step.Arguments)})"))}. {change.Rollback.Note}"
            : change.Rollback.Note);
        if (standing is not null)
        {
            Line();
            Line("## The next step");
            Line();
            Line(standing.Next);
        }

        return text.ToString();

        void Line(string line = "") => text.Append(line).Append('\n');

        void Texts(IEnumerable<string> lines)
        {
            foreach (var line in lines)
            {
                Line($"- {line}");
            }
        }

        void List(IReadOnlyList<Expectation> expectations)
        {
            if (expectations.Count == 0)
            {
                Line("- nothing");
            }

            // The hashes stand in change.json; what a reader can check by eye is that no contract was left out.
            if (expectations.Where(expectation => expectation.CodeHash is not null).ToList() is { Count: > 0 } code)
            {
                Line($"- the code of {string.Join(", ", code.Select(expectation => expectation.Subject.StartsWith("code of ", StringComparison.Ordinal) ? expectation.Subject[8..] : expectation.Subject))} is what it was when this was planned");
            }

            if (expectations.Where(expectation => expectation.CodeHash is null).ToList() is { Count: > 0 } values)
            {
                Line($"- {string.Join(", ", values.Select(expectation => expectation.Subject))}");
            }

            Line();
        }
    }

    /// <summary>A route in words.</summary>
    public static string Means(Route route, Labels labels) => route.Kind switch
    {
        RouteKind.Safe => $"the Safe {labels.Describe(route.Caller)}, which is {route.Role}, on its owners' signatures",
        RouteKind.Authorization => $"anybody with gas, on a statement signed by {labels.Describe(route.Caller)}, which is {route.Role}{(route.Statement is { } statement ? $"; it counts {Validity(statement)}" : "")}",
        RouteKind.Forwarder => $"the contract {labels.Describe(route.Caller)}, which is {route.Role} and passes the call on; called by {(route.Via is { } via ? Means(via, labels) : "nobody")}",
        RouteKind.Timelock => string.Create(CultureInfo.InvariantCulture, $"the timelock {labels.Describe(route.Caller)}, which is {route.Role}, {route.DelaySeconds} seconds after it was scheduled; scheduled by {(route.Via is { } via ? Means(via, labels) : "nobody")}"),
        _ => $"the account {labels.Describe(route.Caller)}, which is {route.Role}",
    };

    private static string Validity(PauseStatement statement) => string.Create(CultureInfo.InvariantCulture, $"in block time from {statement.ValidAfter} until {statement.ValidBefore} (seconds since 1970), once");
}
