using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;
using AgiJobs.Tasks;

namespace AgiJobs.Arena.Slashing;

/// <summary>
/// What a round proves against its validators: computed from the chain, the published bytes and what moderation blocked, never from words of a log. Pure: the same input gives the same findings in the same order. What
/// cannot be proven is no finding.
/// </summary>
public static class SlashFindings
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The findings, by validator and reason.</summary>
    /// <param name="round">The round as the chain tells it.</param>
    /// <param name="task">The statement of its task; null when it is not at hand, and then no vote is held against it.</param>
    /// <param name="answers">Published answers by student; those that are missing, or were not open when voting began, prove nothing.</param>
    /// <param name="blocked">Blocked contents; those of other rounds, and of accounts that are no validators of this one, are passed over.</param>
    public static IReadOnlyList<SlashFinding> Of(RoundChronicle round, Exhibit? task, IReadOnlyDictionary<Address, Exhibit> answers, IEnumerable<BlockedSubmission> blocked)
    {
        ArgumentNullException.ThrowIfNull(round);
        ArgumentNullException.ThrowIfNull(answers);
        ArgumentNullException.ThrowIfNull(blocked);
        IEnumerable<SlashFinding> found = [.. Contradictions(round, task, answers), .. Blocked(round, blocked), .. Unrevealed(round)];
        return [.. found.OrderBy(finding => finding.Validator).ThenBy(finding => finding.Reason, StringComparer.Ordinal)];
    }

    private static IEnumerable<SlashFinding> Contradictions(RoundChronicle round, Exhibit? task, IReadOnlyDictionary<Address, Exhibit> answers)
    {
        if (task is not { WasOpen: true } || round.TaskHash is not { } published || Digest(task.Bytes.Span) != published
            || !TaskStatement.TryParse(task.Bytes.Span, out var statement, out _) || TaskFamilies.Validate(statement) is not null)
        {
            return [];
        }

        var judged = new List<(int Index, Address Student, Bytes32 Digest, Judgement Judgement)>();
        foreach (var student in round.Students)
        {
            if (student.Disclosed is { } disclosed && answers.TryGetValue(student.Account, out var answer) && answer.WasOpen && Digest(answer.Bytes.Span) == disclosed)
            {
                judged.Add((student.Index!.Value, student.Account, disclosed, Judge(statement, answer.Bytes.Span)));
            }
        }

        return round.Committee.Where(validator => validator.Disclosed is not null).Select(validator =>
        {
            var vote = validator.Disclosed!.Value.ToUnsigned();
            var wrong = judged.Where(one => (((vote >> one.Index) & 1) == 1) != one.Judgement.IsRight).ToList();
            return wrong.Count == 0 ? null : new SlashFinding(
                round.Id,
                validator.Account,
                SlashFinding.Contradiction,
                [
                    new SlashEvidence("task", published, string.Create(CultureInfo.InvariantCulture, $"a task of the family {statement.Family}, difficulty {statement.Difficulty}")),
                    .. wrong.Select(one => new SlashEvidence("answer", one.Digest, $"the answer of {one.Student} is {one.Judgement.Code} ({one.Judgement.Message.TrimEnd('.')}), and the vote says that it is {(one.Judgement.IsRight ? "wrong" : "right")}")),
                    new SlashEvidence("vote", validator.Disclosed.Value, $"the vote that {validator.Account} revealed"),
                ]);
        }).OfType<SlashFinding>();
    }

    private static IEnumerable<SlashFinding> Blocked(RoundChronicle round, IEnumerable<BlockedSubmission> blocked)
    {
        var committee = round.Committee.Select(validator => validator.Account).ToHashSet();
        return blocked.Where(one => one.Round == round.Id && committee.Contains(one.Author))
            .GroupBy(one => (one.Author, one.Reason))
            .Select(group => new SlashFinding(
                round.Id,
                group.Key.Author,
                group.Key.Reason,
                [.. group.OrderBy(one => one.Content).ThenBy(one => one.Decision).SelectMany(one => (SlashEvidence[])
                [
                    new SlashEvidence("content", one.Content, one.Detail),
                    new SlashEvidence("decision", one.Decision, $"moderation's record: {one.Reason}"),
                ])]));
    }

    private static IEnumerable<SlashFinding> Unrevealed(RoundChronicle round) => round.Committee
        .Where(validator => validator.Silence > Wei.Zero && round.EndedBy is not null)
        .Select(validator => new SlashFinding(round.Id, validator.Account, SlashFinding.NoReveal, [new SlashEvidence("transaction", round.EndedBy!.Value, $"the contract took {validator.Silence.ToEther()} AGIALPHA as it counted the votes")])
        {
            Executed = round.EndedBy,
            Taken = validator.Silence,
        });

    // An answer that is no text at all is a wrong answer.
    private static Judgement Judge(TaskStatement statement, ReadOnlySpan<byte> answer)
    {
        try
        {
            return TaskFamilies.Judge(statement, Strict.GetString(answer));
        }
        catch (DecoderFallbackException)
        {
            return new Judgement(IsRight: false, "malformed", "it is not UTF-8");
        }
    }

    private static Bytes32 Digest(ReadOnlySpan<byte> bytes) => new(SHA256.HashData(bytes));
}
