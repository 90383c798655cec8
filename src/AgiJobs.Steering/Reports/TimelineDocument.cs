using System.Globalization;
using System.Text.Json;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Policies;

namespace AgiJobs.Steering.Reports;

/// <summary>
/// <c>hgm_timeline.json</c>: an array of steps. Names are those of the upstream demo's timeline; an agent is in a step only when its own record changed since the step before, there is no hidden quality in it, and
/// a return is null while nothing was spent. Amounts are exact decimals.
/// </summary>
public static class TimelineDocument
{
    /// <summary>How reports name an agent.</summary>
    public static string AgentId(int agent) => string.Create(CultureInfo.InvariantCulture, $"agent-{agent:0000}");

    /// <summary>Writes the array.</summary>
    public static void Write(Utf8JsonWriter writer, RunHistory history)
    {
        writer.WriteStartArray();
        foreach (var step in history.Timeline)
        {
            Write(writer, step, history);
        }

        if (history.Unfinished() is { } last)
        {
            Write(writer, last, history);
        }

        writer.WriteEndArray();
    }

    /// <summary>Writes cost, value and return under the names of the upstream demo.</summary>
    internal static void WriteMoney(Utf8JsonWriter writer, Account account)
    {
        Write(writer, "gmv", account.Value);
        Write(writer, "cost", account.Cost);
        Write(writer, "profit", account.Profit);
        WriteReturn(writer, "roi", account);
    }

    /// <summary>A number with all its digits.</summary>
    internal static void Write(Utf8JsonWriter writer, string name, Amount amount)
    {
        writer.WritePropertyName(name);
        writer.WriteRawValue(amount.ToString());
    }

    internal static void WriteReturn(Utf8JsonWriter writer, string name, Account account)
    {
        if (account.Roi is { } roi)
        {
            writer.WriteNumber(name, roi);
        }
        else
        {
            writer.WriteNull(name);
        }
    }

    internal static void WriteAgent(Utf8JsonWriter writer, AgentRecord agent, bool money)
    {
        writer.WriteStartObject();
        writer.WriteString("agent_id", AgentId(agent.Agent));
        writer.WriteString("parent_id", agent.Parent < 0 ? null : AgentId(agent.Parent));
        writer.WriteNumber("depth", agent.Depth);
        writer.WriteString("status", agent.Pruned ? "pruned" : "active");
        writer.WriteNumber("direct_success", agent.Successes);
        writer.WriteNumber("direct_failure", agent.Failures);
        writer.WriteNumber("clade_success", agent.CladeSuccesses);
        writer.WriteNumber("clade_failure", agent.CladeFailures);
        if (money)
        {
            Write(writer, "direct_cost", agent.Own.Cost);
            Write(writer, "direct_gmv", agent.Own.Value);
            Write(writer, "clade_cost", agent.Clade.Cost);
            Write(writer, "clade_gmv", agent.Clade.Value);
        }

        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, TimelineStep step, RunHistory history)
    {
        writer.WriteStartObject();
        writer.WriteNumber("step", step.Point.Results);
        writer.WriteNumber("version", step.Point.Version);
        writer.WriteNumber("evaluations", step.Point.Evaluations);
        writer.WriteNumber("agent_count", step.Point.Agents);
        WriteMoney(writer, step.Point.Account);
        writer.WriteNumber("successes", step.Successes);
        writer.WriteNumber("failures", step.Failures);
        writer.WriteString("best_agent_id", step.Best < 0 ? null : AgentId(step.Best));
        writer.WriteStartArray("interventions");
        var before = history.Timeline.TakeWhile(earlier => earlier.Point.Version < step.Point.Version).LastOrDefault()?.Point.Version ?? 0;
        foreach (var intervention in history.Interventions.Where(one => one.Version > before && one.Version <= step.Point.Version))
        {
            writer.WriteStartObject();
            writer.WriteNumber("version", intervention.Version);
            writer.WriteString("kind", intervention.Kind);
            writer.WriteString("text", intervention.Text);
            writer.WriteString("at", intervention.At);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("agents");
        foreach (var agent in step.Agents)
        {
            WriteAgent(writer, agent, money: false);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>The mean of an agent's posterior and the lower bound by which it is chosen.</summary>
    internal static (double Mean, double Lower) Belief(AgiJobs.Hgm.Runs.RunState state, int agent)
    {
        var (successes, failures) = (state.Tree.Successes[agent], state.Tree.Failures[agent]);
        return (BestBelief.Score(FinalRule.PosteriorMean, 0, successes, failures), BestBelief.Score(FinalRule.Quantile, (double)state.Settings.Epsilon, successes, failures));
    }
}
