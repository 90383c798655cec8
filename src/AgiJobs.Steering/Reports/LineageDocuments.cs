using System.Globalization;
using System.Text.Json;
using System.Text;
using AgiJobs.Hgm.Policies;
using AgiJobs.Steering.Runs;

namespace AgiJobs.Steering.Reports;

/// <summary>The tree as documents: <c>hgm_lineage.mmd</c> for Mermaid and <c>hgm_lineage.json</c> with every number of the fold.</summary>
public static class LineageDocuments
{
    // A chart of more than this nobody can read, and Mermaid does not draw it.
    private const int MermaidAgents = 400;

    /// <summary>
    /// A Mermaid flow chart: each agent with its posterior mean, own and clade counts; the best agent and the agents that are set aside marked. A large tree is cut to the most evaluated agents and their
    /// ancestors, and says so. Agents have numbers and no names: nothing of it is somebody else's text.
    /// </summary>
    public static string Mermaid(RunHistory history)
    {
        var state = history.State;
        var best = BestBelief.Choose(state);
        var shown = Shown(history, best);
        var text = new StringBuilder("graph TD\n");
        if (shown.Count < state.Tree.Count)
        {
            text.Append(CultureInfo.InvariantCulture, $"%% {shown.Count} of {state.Tree.Count} agents: the most evaluated and their ancestors\n");
        }

        foreach (var agent in shown)
        {
            var record = history.AgentRecord(agent);
            var id = TimelineDocument.AgentId(agent);
            text.Append(CultureInfo.InvariantCulture, $"{id}[\"{id}<br/>mean={TimelineDocument.Belief(state, agent).Mean:0.00}<br/>S={record.Successes}/F={record.Failures}<br/>C={record.CladeSuccesses}/{record.CladeFailures}\"]\n");
            if (record.Parent >= 0)
            {
                text.Append(CultureInfo.InvariantCulture, $"{TimelineDocument.AgentId(record.Parent)} --> {id}\n");
            }
        }

        if (best >= 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"style {TimelineDocument.AgentId(best)} stroke:#d97706,stroke-width:4px\n");
        }

        foreach (var agent in shown.Where(state.IsPruned))
        {
            text.Append(CultureInfo.InvariantCulture, $"style {TimelineDocument.AgentId(agent)} fill:#9ca3af,stroke:#6b7280,stroke-dasharray:4 3\n");
        }

        return text.ToString();
    }

    /// <summary>All agents with their counts and money, own and clade, as the fold has them.</summary>
    public static void Write(Utf8JsonWriter writer, RunIdentity identity, RunHistory history)
    {
        var state = history.State;
        var best = BestBelief.Choose(state);
        writer.WriteStartObject();
        writer.WriteString("schema", "agijobs.hgm-lineage/1");
        writer.WriteString("network", identity.Network);
        writer.WriteNumber("chainId", identity.ChainId);
        writer.WriteString("run", identity.Run);
        writer.WriteNumber("version", state.Version);
        writer.WriteString("state", RunStanding.Of(state));
        writer.WriteString("best_agent_id", best < 0 ? null : TimelineDocument.AgentId(best));
        writer.WriteStartArray("agents");
        for (var agent = 0; agent < state.Tree.Count; agent++)
        {
            TimelineDocument.WriteAgent(writer, history.AgentRecord(agent), money: true);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static SortedSet<int> Shown(RunHistory history, int best)
    {
        var tree = history.State.Tree;
        var shown = new SortedSet<int>();
        int[] evaluations = [.. Enumerable.Range(0, tree.Count).Select(agent => tree.Successes[agent] + tree.Failures[agent])];
        int[] order = [.. Enumerable.Range(0, tree.Count).OrderByDescending(agent => agent == best).ThenByDescending(agent => evaluations[agent]).ThenBy(agent => agent)];
        foreach (var agent in order)
        {
            if (shown.Count >= MermaidAgents)
            {
                break;
            }

            for (var at = agent; at >= 0 && shown.Add(at); at = tree.Parents[at])
            {
                // Up to the first ancestor that is shown already.
            }
        }

        return shown;
    }
}
