using System.Text;
using System.Text.Json;
using AgiJobs.Control.Description;

namespace AgiJobs.Control.Authority;

/// <summary>The matrix with its findings, in the forms in which it is kept and read by programs. The same state gives the same bytes; nothing in them names a block.</summary>
/// <param name="network">The network's name.</param>
/// <param name="text">The matrix and its words.</param>
/// <param name="findings">The findings, ranked.</param>
public sealed class AuthorityReport(string network, AuthorityText text, IReadOnlyList<AuthorityFinding> findings)
{
    private AuthorityMatrix Matrix => text.Matrix;

    /// <summary>Markdown: findings, the matrix, the accounts and the graph.</summary>
    public string ToMarkdown()
    {
        var page = new StringBuilder();
        Line($"# Authority matrix of {Matrix.State.Protocol.Title} on {network}, chain {Matrix.State.ChainId}");
        Line();
        Line("Who can do what, as the chain has it. Written by `agijobs owner doctor`.");
        Line();
        Line("## Findings");
        Line();
        if (findings.Count == 0)
        {
            Line("None.");
        }
        else
        {
            Row("rank", "finding", "what to do", "code");
            Rule(4);
            foreach (var finding in findings)
            {
                Row(RankOf(finding.Rank), finding.Message, finding.Mend, finding.Code);
            }
        }

        Line();
        Line("## Powers");
        Line();
        Row("power", "who", "path", "signatures", "delay", "over");
        Rule(6);
        foreach (var row in Matrix.Rows)
        {
            Row(row.Power.Words(), text.Who(row.Holding), text.Way(row.Holding.Path), text.Signatures(row.Holding), AuthorityText.Delay(row.Holding.Path.TotalDelaySeconds), string.Join(", ", row.Functions.Select(function => function.FullName)));
        }

        if (Matrix.Gaps.Count > 0)
        {
            Line();
            Line("## Nobody, or unknown");
            Line();
            Row("power", "why", "over");
            Rule(3);
            foreach (var gap in Matrix.Gaps)
            {
                Row(gap.Power.Words(), gap.Why, string.Join(", ", gap.Functions.Select(function => function.FullName)));
            }
        }

        Line();
        Line("## Accounts");
        Line();
        Row("address", "name", "what");
        Rule(3);
        foreach (var (address, name, what) in text.Accounts())
        {
            Row(address.ToString(), name, what);
        }

        Line();
        Line("## Graph");
        Line();
        Line("```mermaid");
        page.Append(new AuthorityDrawing(text).ToMermaid());
        Line("```");
        return page.ToString();

        void Line(string line = "") => page.Append(line).Append('\n');

        void Row(params string[] cells) => Line($"| {string.Join(" | ", cells.Select(cell => cell.ReplaceLineEndings(" ").Replace("|", "\\|", StringComparison.Ordinal)))} |");

        void Rule(int columns) => Line($"|{string.Concat(Enumerable.Repeat(" --- |", columns))}");
    }

    /// <summary>The members of the document <c>agijobs.owner-doctor/1</c> but for those that tell when and how it was read.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteString("network", network);
        writer.WriteNumber("chainId", Matrix.State.ChainId.Value);
        writer.WriteString("protocol", Matrix.State.Protocol.Name);
        WriteFindings(writer, findings);
        writer.WriteStartArray("powers");
        foreach (var row in Matrix.Rows)
        {
            WriteRow(writer, row);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("gaps");
        foreach (var gap in Matrix.Gaps)
        {
            writer.WriteStartObject();
            writer.WriteString("power", gap.Power.Key());
            writer.WriteString("risk", Lower(gap.Risk));
            writer.WriteBoolean("unknown", gap.IsUnknown);
            writer.WriteString("why", gap.Why);
            WriteFunctions(writer, gap.Functions);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("accounts");
        foreach (var (address, name, what) in text.Accounts())
        {
            writer.WriteStartObject();
            writer.WriteString("address", address.ToString());
            writer.WriteString("name", name);
            writer.WriteString("what", what);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    /// <summary>Findings as JSON.</summary>
    public static void WriteFindings(Utf8JsonWriter writer, IReadOnlyList<AuthorityFinding> findings)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(findings);
        writer.WriteStartArray("findings");
        foreach (var finding in findings)
        {
            writer.WriteStartObject();
            writer.WriteString("rank", RankOf(finding.Rank));
            writer.WriteString("code", finding.Code);
            writer.WriteString("subject", finding.Subject);
            writer.WriteString("message", finding.Message);
            writer.WriteString("mend", finding.Mend);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    /// <summary>A rank's name.</summary>
    public static string RankOf(FindingRank rank) => JsonNamingPolicy.CamelCase.ConvertName(rank.ToString());

    private void WriteRow(Utf8JsonWriter writer, PowerRow row)
    {
        writer.WriteStartObject();
        writer.WriteString("power", row.Power.Key());
        writer.WriteString("risk", Lower(row.Risk));
        writer.WriteString("who", row.Holding.Path.Base.Holder.ToString());
        writer.WriteString("name", text.Name(row.Holding.Path.Base.Holder));
        writer.WriteString("path", text.Way(row.Holding.Path));
        writer.WriteStartArray("steps");
        foreach (var step in AuthorityText.Along(row.Holding.Path))
        {
            writer.WriteStartObject();
            writer.WriteString("kind", JsonNamingPolicy.CamelCase.ConvertName(step.Kind.ToString()));
            writer.WriteString("holder", step.Holder.ToString());
            if (step.Function is { } function)
            {
                writer.WriteString("function", function);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteString("signatures", text.Signatures(row.Holding));
        writer.WriteNumber("fewestSigners", row.Holding.IsOpen ? row.Holding.Signers.Fewest : 0);
        writer.WriteNumber("delaySeconds", row.Holding.Path.TotalDelaySeconds);
        writer.WriteStartArray("signerSets");
        foreach (var set in row.Holding.IsOpen ? row.Holding.Signers.Sets : [])
        {
            writer.WriteStartArray();
            foreach (var signer in set)
            {
                writer.WriteStringValue(signer.ToString());
            }

            writer.WriteEndArray();
        }

        writer.WriteEndArray();
        writer.WriteBoolean("signerSetsCapped", row.Holding.Signers.IsCapped);
        WriteFunctions(writer, row.Functions);
        writer.WriteEndObject();
    }

    private static void WriteFunctions(Utf8JsonWriter writer, IReadOnlyList<OfficeFunction> functions)
    {
        writer.WriteStartArray("functions");
        foreach (var function in functions)
        {
            writer.WriteStringValue(function.FullName);
        }

        writer.WriteEndArray();
    }

    private static string Lower(Risk risk) => JsonNamingPolicy.CamelCase.ConvertName(risk.ToString());
}
