using System.Globalization;
using System.Text;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Control.Changes;

/// <summary>A change on one page, in plain language: what will happen, by whose authority, how it is checked and how it is undone.</summary>
public static class Brief
{
    /// <summary>The page as Markdown. The same change and labels give the same text.</summary>
    public static string Write(ChangeDocument change, Labels labels)
    {
        var text = new StringBuilder();
        Line($"# {change.Title}");
        Line();
        Line($"Network {change.Network}, chain {change.ChainId}. Instance {change.Instance}. Risk {change.Risk.ToString().ToLowerInvariant()}.");
        Line();
        Line($"Digest `{change.Digest()}`: two machines that see this digest see the same change.");
        Line();
        Line("## What will be called");
        Line();
        foreach (var (step, number) in change.Steps.Select((step, index) => (step, index + 1)))
        {
            Line($"{number}. `{step.Module}.{step.Function}` at {step.Target}{(step.Arguments.Count == 0 ? "" : $" with {string.Join(", ", step.Arguments)}")}");
            Line($"   by {Means(step.Route, labels)}");
        }

        Line();
        Line("## What must hold before");
        Line();
        List(change.Preconditions);
        Line("## What must hold after");
        Line();
        List(change.Expected);
        Line("## How it is undone");
        Line();
        Line(change.Rollback.Command is { } command ? $"`{command}`. {change.Rollback.Note}" : change.Rollback.Note);
        return text.ToString();

        void Line(string line = "") => text.Append(line).Append('\n');

        void List(IReadOnlyList<Expectation> expectations)
        {
            if (expectations.Count == 0)
            {
                Line("- nothing");
            }

            foreach (var expectation in expectations)
            {
                Line(expectation.CodeHash is { } code ? $"- {expectation.Subject} at {expectation.Target} is `{code}`" : $"- {expectation.Subject} at {expectation.Target}");
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
