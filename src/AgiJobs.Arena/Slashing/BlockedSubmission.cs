using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AgiJobs.Arena.Gateway;
using AgiJobs.Arena.Moderation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Storage;

namespace AgiJobs.Arena.Slashing;

/// <summary>Content that moderation blocked, and what proves it.</summary>
/// <param name="Round">For which round it was sent.</param>
/// <param name="Author">By whom.</param>
/// <param name="Reason"><c>moderation:RULE</c>.</param>
/// <param name="Content">The SHA-256 of the content.</param>
/// <param name="Decision">The SHA-256 of the record of the decision.</param>
/// <param name="Detail">What it was, in words.</param>
public sealed record BlockedSubmission(long Round, Address Author, string Reason, Bytes32 Content, Bytes32 Decision, string Detail)
{
    /// <summary>Takes it from a decision; null when it blocked nothing.</summary>
    public static BlockedSubmission? Of(ModerationDecision decision)
    {
        ArgumentNullException.ThrowIfNull(decision);
        return decision.Outcome != ModerationOutcome.Block || decision.Reason is not { } reason ? null : new BlockedSubmission(
            decision.Submission.Round, decision.Submission.Author, reason, decision.Content, Digest(decision.ToJson()), $"{decision.Submission.Kind} '{decision.Submission.Id}'{(decision.Override is { } ruling ? $", blocked by {ruling.By}" : "")}");
    }

    /// <summary>Takes it from an event of the gateway's moderation; null for an event of another type.</summary>
    /// <exception cref="StorageException"><see cref="StorageException.Damaged"/>.</exception>
    public static BlockedSubmission? Of(StoredEvent happened)
    {
        ArgumentNullException.ThrowIfNull(happened);
        if (!string.Equals(happened.Type, BlockedContent.EventType, StringComparison.Ordinal))
        {
            return null;
        }

        try
        {
            var blocked = JsonSerializer.Deserialize(happened.Data, GatewayJson.Default.BlockedContent) ?? throw new JsonException("null");
            return new BlockedSubmission(blocked.Round, Address.Parse(blocked.Author), $"moderation:{blocked.Rule}", Bytes32.Parse(blocked.Hash), Digest(happened.Data), $"{blocked.Kind} of round {blocked.Round}: {blocked.Message}");
        }
        catch (Exception problem) when (problem is JsonException or EthereumException)
        {
            throw new StorageException(StorageException.Damaged, $"Event {happened.Version} of {happened.Stream} cannot be read: {problem.Message}", "Restore the state from a backup.", problem);
        }
    }

    private static Bytes32 Digest(string text) => new(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
