using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Moderation;

/// <summary>Something that a rule found.</summary>
/// <param name="Rule">The rule's name.</param>
/// <param name="Outcome">What it wants to become of the content.</param>
/// <param name="Detail">What it found.</param>
public sealed record ModerationFinding(string Rule, ModerationOutcome Outcome, string Detail)
{
    /// <summary><c>moderation:RULE</c>: the reason of slashes and alerts.</summary>
    public string Reason => $"moderation:{Rule}";
}

/// <summary>What was decided about a content, with everything that spoke for and against it: the record of the audit.</summary>
/// <param name="Submission">What it was about.</param>
/// <param name="Content">The SHA-256 of the content.</param>
/// <param name="Bytes">How long it is.</param>
/// <param name="At">When.</param>
/// <param name="Outcome">What becomes of it.</param>
/// <param name="Findings">What the rules found, the gravest first.</param>
/// <param name="Override">The person's decision that took the place of the rules'; null when there was none.</param>
public sealed record ModerationDecision(
    Submission Submission, Bytes32 Content, int Bytes, DateTimeOffset At, ModerationOutcome Outcome, IReadOnlyList<ModerationFinding> Findings, Ruling? Override)
{
    /// <summary>Whether the content goes on.</summary>
    public bool IsAdmitted => Outcome != ModerationOutcome.Block;

    /// <summary><c>moderation:allow</c>, <c>moderation:flag</c> or <c>moderation:block</c>.</summary>
    public string Code => $"moderation:{ModerationOverride.OutcomeName(Outcome)}";

    /// <summary><c>moderation:RULE</c> of the gravest finding, <c>moderation:override</c> when a person decided; null when nothing is to be said.</summary>
    public string? Reason => Override is not null ? "moderation:override" : Findings is [var gravest, ..] ? gravest.Reason : null;

    /// <summary>The record: one line of JSON, without the content itself.</summary>
    public string ToJson()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteString("schema", "agijobs.moderation-decision/1");
            writer.WriteString("at", At.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture));
            writer.WriteString("submission", Submission.Id);
            writer.WriteString("kind", Submission.Kind);
            writer.WriteString("author", Submission.Author.ToString());
            writer.WriteNumber("round", Submission.Round);
            writer.WriteString("content", Content.ToString());
            writer.WriteNumber("bytes", Bytes);
            writer.WriteString("outcome", ModerationOverride.OutcomeName(Outcome));
            writer.WriteStartArray("findings");
            foreach (var finding in Findings)
            {
                writer.WriteStartObject();
                writer.WriteString("reason", finding.Reason);
                writer.WriteString("outcome", ModerationOverride.OutcomeName(finding.Outcome));
                writer.WriteString("detail", finding.Detail);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            if (Override is { } ruling)
            {
                writer.WriteStartObject("override");
                writer.WriteString("by", ruling.By);
                writer.WriteString("author", ruling.Record.Author.ToString());
                writer.WriteString("outcome", ModerationOverride.OutcomeName(ruling.Record.Outcome));
                writer.WriteString("reason", ruling.Record.Reason);
                writer.WriteNumber("expires", ruling.Record.Expires);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }
}

/// <summary>Content that somebody wants to publish in the arena.</summary>
/// <param name="Id">What tells it from others.</param>
/// <param name="Author">Whose it is.</param>
/// <param name="Round">For which round.</param>
/// <param name="Kind">What it is, such as <c>task</c> or <c>answer</c>.</param>
/// <param name="Content">The text.</param>
/// <param name="MayRecur">Whether another's text may say the same, as right answers to one task do; it is not held against earlier ones then.</param>
public sealed record Submission(string Id, Address Author, long Round, string Kind, string Content, bool MayRecur = false)
{
    /// <summary>What of the content is held against earlier ones; null for all of it. Forms that everybody has to keep are left out.</summary>
    public string? Core { get; init; }

    /// <summary>Whether it was fixed before anybody could read others of its round: those are not held against it.</summary>
    public bool IsBlind { get; init; }

    /// <summary>Whether likeness alone flags it at most: it may well come about twice by chance.</summary>
    public bool MayResemble { get; init; }

    /// <summary>What later submissions are held against.</summary>
    public CorpusEntry Entry() => CorpusEntry.Of(Id, Author, Round, Core ?? Content);
}
