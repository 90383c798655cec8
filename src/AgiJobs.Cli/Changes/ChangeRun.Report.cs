using System.Globalization;
using System.Text.Json;
using AgiJobs.Control.Execution;

namespace AgiJobs.Cli.Changes;

/// <content>How a change and what became of it are printed.</content>
internal sealed partial class ChangeRun
{
    private static void WriteChecks(Utf8JsonWriter writer, string key, IReadOnlyList<CheckedExpectation> checks)
    {
        writer.WriteStartArray(key);
        foreach (var check in checks)
        {
            writer.WriteStartObject();
            writer.WriteString("subject", check.Expectation.Subject);
            if (check.Holds is { } holds)
            {
                writer.WriteBoolean("holds", holds);
            }
            else
            {
                writer.WriteNull("holds");
            }

            writer.WriteString("found", check.Found);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private void Print(ExecutionResult result, TimeSpan took)
    {
        Terminal.Line($"network {Document.Network}, chain {Document.ChainId}");
        Terminal.Line(result.End switch
        {
            ExecutionEnd.NothingToDo => "Nothing was sent: the state is already the one asked for.",
            ExecutionEnd.AlreadyExecuted => "Nothing was sent: this change was executed and verified before.",
            ExecutionEnd.ExecutedElsewhere => $"{Document.Title}: executed by another machine (change-executed-elsewhere), and verified here.",
            _ => $"{Document.Title}: done and verified in {took.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s.",
        });
        Terminal.Line($"  change   {change.Id}");
        foreach (var transaction in result.Transactions)
        {
            Terminal.Line($"  mined    {transaction.Hash} in block {transaction.Block}, {transaction.GasUsed} gas");
        }

        foreach (var check in result.Checks)
        {
            Terminal.Line($"  {(check.Holds switch { true => "holds   ", false => "NO MORE ", null => "UNKNOWN " })} {check.Expectation.Subject}");
        }

        foreach (var remark in result.Remarks)
        {
            Terminal.Line($"  REMARK   {remark}");
        }

        if (result.Checks.Any(check => check.Holds == false))
        {
            Terminal.Line("  next     the state has changed since; plan it again for another --instance");
        }

        Terminal.Json("agijobs.change-execute/1", result.Exit, writer =>
        {
            WriteChange(writer);
            writer.WriteString("end", result.End switch { ExecutionEnd.Verified => "verified", ExecutionEnd.NothingToDo => "nothing-to-do", ExecutionEnd.ExecutedElsewhere => "executed-elsewhere", _ => "already-executed" });
            writer.WriteBoolean("sent", result.End == ExecutionEnd.Verified);
            writer.WriteNumber("milliseconds", (long)took.TotalMilliseconds);
            writer.WriteStartArray("transactions");
            foreach (var transaction in result.Transactions)
            {
                writer.WriteStartObject();
                writer.WriteString("hash", transaction.Hash.ToString());
                writer.WriteNumber("block", transaction.Block.Value);
                writer.WriteNumber("gasUsed", transaction.GasUsed.Value);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteStartArray("remarks");
            foreach (var remark in result.Remarks)
            {
                writer.WriteStringValue(remark);
            }

            writer.WriteEndArray();
            WriteChecks(writer, "state", result.Checks);
        });
    }

    private void PrintStanding(SafeStanding? standing)
    {
        if (standing is null)
        {
            return;
        }

        Terminal.Line($"  safe     {standing.State.Domain.Safe}, nonce {standing.Hash.Transaction.Nonce}{(standing.Chunks > 1 ? $" (transaction {standing.Chunk + 1} of {standing.Chunks})" : "")}, {standing.State.Quorum.Threshold} of {standing.State.Quorum.Owners.Count} owners");
        Terminal.Line($"  safehash {standing.Hash.Value} (computed twice, and by the Safe)");
        Terminal.Line($"  signed   {standing.Approvals.Count} of {standing.Needed}{(standing.Approvals.Count == 0 ? "" : $": {string.Join(", ", standing.Approvals.Select(approval => session.Labels.Describe(approval.Owner)))}")}");
        foreach (var finding in standing.State.Findings)
        {
            Terminal.Line($"  FINDING  {finding.Message}");
        }

        foreach (var stale in standing.Stale)
        {
            Terminal.Line($"  STALE    {stale}");
        }
    }

    private void WriteChange(Utf8JsonWriter writer)
    {
        writer.WriteString("network", Document.Network);
        writer.WriteNumber("chainId", Document.ChainId.Value);
        writer.WriteString("change", change.Id);
        writer.WriteString("digest", Document.Digest().ToString());
        writer.WriteString("title", Document.Title);
        writer.WriteString("instance", Document.Instance);
        writer.WriteString("risk", Document.Risk.ToString().ToLowerInvariant());
    }

    private static void WriteStanding(Utf8JsonWriter writer, SafeStanding? standing)
    {
        if (standing is null)
        {
            return;
        }

        writer.WriteStartObject("safe");
        writer.WriteString("address", standing.State.Domain.Safe.ToString());
        writer.WriteString("nonce", standing.Hash.Transaction.Nonce.ToString(CultureInfo.InvariantCulture));
        writer.WriteNumber("transaction", standing.Chunk + 1);
        writer.WriteNumber("transactions", standing.Chunks);
        writer.WriteString("safeTxHash", standing.Hash.Value.ToString());
        writer.WriteNumber("needed", standing.Needed);
        writer.WriteStartArray("signedBy");
        foreach (var approval in standing.Approvals)
        {
            writer.WriteStringValue(approval.Owner.ToString());
        }

        writer.WriteEndArray();
        writer.WriteStartArray("findings");
        foreach (var finding in standing.State.Findings)
        {
            writer.WriteStringValue(finding.Message);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("stale");
        foreach (var stale in standing.Stale)
        {
            writer.WriteStringValue(stale);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
