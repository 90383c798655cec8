using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;
using AgiJobs.Storage;
using AgiJobs.Tasks;

namespace AgiJobs.Arena.Gateway;

/// <summary>
/// Tasks, answers and notes in full, which no chain holds: collections <c>arena/NETWORK/tasks</c>, <c>answers</c> and <c>notes</c>, keys by round and author. What is there never changes. Each is taken only in its
/// phase, from whom it is due, with the digest that the chain has, and after a review; what a review blocks is an event of the stream <c>arena/NETWORK/moderation</c>. Safe for use by several threads and by
/// several gateways on one store.
/// </summary>
/// <param name="board">The rounds.</param>
/// <param name="store">Where they are kept.</param>
/// <param name="network">The network's name.</param>
/// <param name="review">Reviews what comes.</param>
/// <param name="time">The clock.</param>
public sealed class Submissions(RoundBoard board, IStateStore store, string network, IContentReview review, TimeProvider time)
{
    /// <summary>Most characters of a note.</summary>
    public const int MaxNote = 2_000;

    private const int Attempts = 16;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly string _tasks = TasksOf(network);
    private readonly string _answers = AnswersOf(network);
    private readonly string _notes = NotesOf(network);
    private readonly string _blocked = $"arena/{network}/blocked";
    private long _lastVersion;

    /// <summary>The stream of what was blocked.</summary>
    public string ModerationStream { get; } = $"arena/{network}/moderation";

    /// <summary>A name for bytes by their SHA-256. Source: RFC 6920.</summary>
    public static string UriOf(Bytes32 digest) => $"ni:///sha-256;{Base64Url.EncodeToString(digest.ToBytes())}";

    /// <summary>Takes a teacher's task.</summary>
    /// <exception cref="RefusalException">By the table of docs/gateway.md.</exception>
    /// <exception cref="EthereumException">The chain could not be read.</exception>
    /// <exception cref="StorageException">Whether it was written is not known.</exception>
    public async Task<ContentReceipt> PutTaskAsync(long round, Address author, ReadOnlyMemory<byte> statement, CancellationToken cancellation = default)
    {
        var digest = GatewayStatement.Digest(statement.Span);
        if (await RepeatedAsync(_tasks, round, author, digest, cancellation).ConfigureAwait(false) is { } repeated)
        {
            return repeated;
        }

        var (state, found, _) = await SeatedAsync(round, author, Seat.Teacher, cancellation).ConfigureAwait(false);
        RequirePhase(state, found, RoundPhase.Registration);
        if (!found.TaskHash.IsZero && found.TaskHash != digest)
        {
            throw new RefusalException(GatewayCode.CommitmentMismatch, $"The chain has the digest {found.TaskHash} for the task of round {round}, and this one's is {digest}.", "Send the task that you published.");
        }

        if (!TaskStatement.TryParse(statement.Span, out var task, out var fault) || (fault = TaskFamilies.Validate(task)) is not null)
        {
            throw new RefusalException(fault.Code, fault.Message, "Correct the statement; docs/tasks.md has its form.");
        }

        if (task.Difficulty != found.Difficulty)
        {
            throw new RefusalException(GatewayCode.TaskDifficulty, $"The statement says difficulty {task.Difficulty}, and round {round} has {found.Difficulty}.", "Make a task of the round's difficulty.");
        }

        return await TakeAsync(_tasks, new ContentToReview(ContentKind.Task, round, author, task.Text), digest, cancellation).ConfigureAwait(false);
    }

    /// <summary>The published task of a round, byte for byte, for its people.</summary>
    /// <exception cref="RefusalException"><see cref="GatewayCode.RoundUnknown"/>, <see cref="GatewayCode.NotSeated"/>, <see cref="GatewayCode.NotPublished"/>.</exception>
    public async Task<byte[]> TaskForAsync(long round, Address reader, CancellationToken cancellation = default)
    {
        var (_, found, _) = await SeatedAsync(round, reader, null, cancellation).ConfigureAwait(false);
        return await TaskAsync(found, cancellation).ConfigureAwait(false) is { } task
            ? Encoding.UTF8.GetBytes(task.Text)
            : throw new RefusalException(GatewayCode.NotPublished, found.TaskHash.IsZero ? $"The teacher of round {round} has not published a task." : $"The teacher of round {round} published the digest {found.TaskHash} and left no task with that digest here.", "Ask again later.");
    }

    /// <summary>Takes a student's answer.</summary>
    /// <exception cref="RefusalException">By the table of docs/gateway.md.</exception>
    /// <exception cref="EthereumException">The chain could not be read.</exception>
    /// <exception cref="StorageException">Whether it was written is not known.</exception>
    public async Task<ContentReceipt> PutAnswerAsync(long round, Address author, string answer, Bytes32 salt, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(answer);
        var digest = GatewayStatement.Digest(Bytes(answer, TaskStatement.MaxAnswer, GatewayCode.AnswerMalformed, "answer"));
        if (await RepeatedAsync(_answers, round, author, digest, cancellation).ConfigureAwait(false) is { } repeated)
        {
            return repeated;
        }

        var (state, found, seat) = await SeatedAsync(round, author, Seat.Student, cancellation).ConfigureAwait(false);
        RequirePhase(state, found, RoundPhase.Revealing);
        if (seat.Commitment.IsZero)
        {
            throw new RefusalException(GatewayCode.CommitmentMismatch, $"{author} committed to no answer in round {round}.", "Commit while the round is answering.");
        }

        if (seat.Commitment != RoundCommitment.OfAnswer(board.Arena.Chain, board.Arena.Address, round, author, digest, salt))
        {
            throw new RefusalException(GatewayCode.CommitmentMismatch, $"This answer (digest {digest}) with this salt is not what {author} committed to in round {round}.", "Send the answer and the salt of the commitment.");
        }

        return await TakeAsync(_answers, new ContentToReview(ContentKind.Answer, round, author, answer, await IsRightAsync(found, answer, cancellation).ConfigureAwait(false)), digest, cancellation).ConfigureAwait(false);
    }

    /// <summary>Takes what a validator says to its vote, while votes are revealed. It is public, may be left out, and counts for nothing.</summary>
    /// <exception cref="RefusalException">By the table of docs/gateway.md.</exception>
    /// <exception cref="EthereumException">The chain could not be read.</exception>
    /// <exception cref="StorageException">Whether it was written is not known.</exception>
    public async Task<ContentReceipt> PutNoteAsync(long round, Address author, string note, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(note);
        var digest = GatewayStatement.Digest(Bytes(note, MaxNote, GatewayCode.NoteMalformed, "note"));
        if (await RepeatedAsync(_notes, round, author, digest, cancellation).ConfigureAwait(false) is { } repeated)
        {
            return repeated;
        }

        var (state, found, seat) = await SeatedAsync(round, author, Seat.Validator, cancellation).ConfigureAwait(false);
        RequirePhase(state, found, RoundPhase.Counting);
        return seat.Commitment.IsZero
            ? throw new RefusalException(GatewayCode.CommitmentMismatch, $"{author} committed to no vote in round {round}, and a note is said to a vote.", "Commit while the round is voting.")
            : await TakeAsync(_notes, new ContentToReview(ContentKind.Note, round, author, note), digest, cancellation).ConfigureAwait(false);
    }

    /// <summary>The notes of a round's validators, by address, for the round's people.</summary>
    /// <exception cref="RefusalException"><see cref="GatewayCode.RoundUnknown"/>, <see cref="GatewayCode.NotSeated"/>, <see cref="GatewayCode.TooEarly"/>.</exception>
    public async Task<IReadOnlyList<NoteView>> NotesForAsync(long round, Address reader, CancellationToken cancellation = default)
    {
        var (_, found, _) = await SeatedAsync(round, reader, null, cancellation).ConfigureAwait(false);
        if (found.Phase < RoundPhase.Counting)
        {
            throw new RefusalException(GatewayCode.TooEarly, $"Round {round} is {Todo.NameOf(found.Phase)}; notes are taken and shown from counting on.", "Wait until the round is counting.");
        }

        var views = new List<NoteView>();
        foreach (var validator in found.Validators.OrderBy(validator => validator.ToString(), StringComparer.Ordinal))
        {
            if (await GetAsync(_notes, round, validator, cancellation).ConfigureAwait(false) is { } note)
            {
                views.Add(new NoteView(note.Author, note.Hash, note.Text, note.Moderation));
            }
        }

        return views;
    }

    /// <summary>The answers of the students who revealed on chain, by index, for the round's people.</summary>
    /// <exception cref="RefusalException"><see cref="GatewayCode.RoundUnknown"/>, <see cref="GatewayCode.NotSeated"/>, <see cref="GatewayCode.TooEarly"/>.</exception>
    public async Task<IReadOnlyList<AnswerView>> AnswersForAsync(long round, Address reader, CancellationToken cancellation = default)
    {
        var (state, found, _) = await SeatedAsync(round, reader, null, cancellation).ConfigureAwait(false);
        if (found.Phase < RoundPhase.Voting)
        {
            throw new RefusalException(GatewayCode.TooEarly, $"Round {round} is {Todo.NameOf(found.Phase)}; answers are shown from voting on.", "Wait until the round is voting.");
        }

        var students = await board.PeopleAsync(state, round, found.Students, cancellation).ConfigureAwait(false);
        var views = new List<AnswerView>();
        foreach (var (student, person) in students.Where(entry => entry.Value.HasRevealed).OrderBy(entry => entry.Value.Index))
        {
            var answer = await AnswerAsync(round, student, person.Disclosed, cancellation).ConfigureAwait(false);
            views.Add(new AnswerView(person.Index, student.ToString(), person.Disclosed.ToString(), answer?.Text, answer?.Moderation));
        }

        return views;
    }

    /// <summary>The task of a round as it was published on chain; null when none was, or when the one that was left here is another.</summary>
    public async Task<ContentRecord?> TaskAsync(RoundState round, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(round);
        return round.TaskHash.IsZero ? null : await FindAsync(_tasks, round.Id, round.Teacher, round.TaskHash, cancellation).ConfigureAwait(false);
    }

    /// <summary>The answer with the digest that a student revealed on chain; null when it left none here.</summary>
    public Task<ContentRecord?> AnswerAsync(long round, Address student, Bytes32 digest, CancellationToken cancellation = default) => FindAsync(_answers, round, student, digest, cancellation);

    private async Task<ContentRecord?> FindAsync(string collection, long round, Address author, Bytes32 digest, CancellationToken cancellation) =>
        await GetAsync(collection, round, author, cancellation).ConfigureAwait(false) is { } found && string.Equals(found.Hash, digest.ToString(), StringComparison.Ordinal) ? found : null;

    private async Task<ContentRecord?> GetAsync(string collection, long round, Address author, CancellationToken cancellation) =>
        (await store.GetAsync(collection, Key(round, author), cancellation).ConfigureAwait(false))?.Read(GatewayJson.Default.ContentRecord);

    private async Task<ContentReceipt?> RepeatedAsync(string collection, long round, Address author, Bytes32 digest, CancellationToken cancellation)
    {
        if (await GetAsync(collection, round, author, cancellation).ConfigureAwait(false) is not { } there)
        {
            return null;
        }

        return string.Equals(there.Hash, digest.ToString(), StringComparison.Ordinal)
            ? Receipt(digest)
            : throw new RefusalException(GatewayCode.AlreadyThere, $"{author} left something else here for round {round} before, with the digest {there.Hash}.", "What is here stays; go on with that.");
    }

    private async Task<(BoardState State, RoundState Round, ParticipantState Seat)> SeatedAsync(long id, Address account, Seat? wanted, CancellationToken cancellation)
    {
        var state = await board.ReadAsync(TimeSpan.Zero, cancellation).ConfigureAwait(false);
        if (wanted is not null && state.Arena.IsPaused)
        {
            throw new RefusalException(GatewayCode.Paused, "The arena is paused: nothing is taken, and the clocks of the rounds stand still.", "Wait for the resume; GET /v1/events tells of it.");
        }

        var round = await board.RoundAsync(state, id, cancellation).ConfigureAwait(false)
            ?? throw new RefusalException(GatewayCode.RoundUnknown, string.Create(CultureInfo.InvariantCulture, $"There is no round {id}; the last one is {state.Arena.TotalRounds}."), "GET /v1/rounds lists them.");
        var seat = (await board.SeatsAsync(state, account, [id], cancellation).ConfigureAwait(false))[id];
        if (seat.Seat == Seat.None || (wanted == Seat.Student && seat is { Seat: Seat.Student, HasJoined: false } && round.Phase != RoundPhase.Registration))
        {
            throw new RefusalException(GatewayCode.NotSeated, seat.Seat == Seat.None ? $"{account} was not invited to round {id}." : $"{account} did not join round {id}.", "GET /v1/rounds tells the rounds that you are in.");
        }

        return wanted is null || seat.Seat == wanted
            ? (state, round, seat)
            : throw new RefusalException(GatewayCode.NotYours, $"{account} is {Todo.NameOf(seat.Seat)} of round {id}, and this is for its {Todo.NameOf(wanted.Value)}.", "Do what 'todo' of the round says.");
    }

    private static void RequirePhase(BoardState state, RoundState round, RoundPhase phase)
    {
        if (round.Phase < phase)
        {
            throw new RefusalException(GatewayCode.TooEarly, $"Round {round.Id} is {Todo.NameOf(round.Phase)}; this is taken while it is {Todo.NameOf(phase)}.", "Wait for that phase; GET /v1/events tells of it.");
        }

        if (round.Phase > phase || state.Arena.IsOver(round))
        {
            throw new RefusalException(
                GatewayCode.TooLate,
                round.Phase > phase ? $"Round {round.Id} is {Todo.NameOf(round.Phase)}; this was taken while it was {Todo.NameOf(phase)}." : $"The time for this in round {round.Id} was over at {round.PhaseEndsAt} of protocol time, and it is {state.Arena.ProtocolTime}.",
                "It cannot be made good in this round.");
        }
    }

    // Many may have found a right answer; what cannot be judged here is not taken for right.
    private async Task<bool> IsRightAsync(RoundState round, string answer, CancellationToken cancellation) =>
        await TaskAsync(round, cancellation).ConfigureAwait(false) is { } task && TaskStatement.TryParse(Encoding.UTF8.GetBytes(task.Text), out var statement, out _)
        && TaskFamilies.Validate(statement) is null && TaskFamilies.Judge(statement, answer).IsRight;

    private async Task<ContentReceipt> TakeAsync(string collection, ContentToReview content, Bytes32 digest, CancellationToken cancellation)
    {
        var (kind, round, author, text) = (content.Kind, content.Round, content.Author, content.Text);
        var outcome = await ReviewAsync(content, cancellation).ConfigureAwait(false);
        if (outcome.Verdict == ReviewVerdict.Block)
        {
            await RecordAsync(new BlockedContent { Kind = Todo.NameOf(kind), Round = round, Author = author.ToString(), Rule = outcome.Rule ?? "unnamed", Message = outcome.Message ?? "", Hash = digest.ToString(), Text = text }, cancellation).ConfigureAwait(false);
            throw new RefusalException(GatewayCode.Moderation + (outcome.Rule ?? "unnamed"), $"The {Todo.NameOf(kind)} was blocked{(outcome.Message is { Length: > 0 } why ? $": {why}" : "")}.", "Nothing of it was published. Appeal to the arena's moderators if this is wrong.");
        }

        var record = new ContentRecord
        {
            Round = round,
            Author = author.ToString(),
            Hash = digest.ToString(),
            Text = text,
            Moderation = outcome.Verdict == ReviewVerdict.Allow ? "allow" : $"flag:{outcome.Rule ?? "unnamed"}",
            At = time.GetUtcNow(),
        };
        try
        {
            _ = await store.CommitAsync(new StateCommit { Events = outcome.Memory, Documents = [new DocumentWrite(collection, Key(round, author), JsonSerializer.Serialize(record, GatewayJson.Default.ContentRecord), 0)] }, cancellation).ConfigureAwait(false);
            return Receipt(digest);
        }
        catch (StorageException problem) when (problem.Code is StorageException.DocumentConflict or StorageException.StreamConflict)
        {
            // The same author was quicker, here or at another gateway.
            return await RepeatedAsync(collection, round, author, digest, cancellation).ConfigureAwait(false) ?? throw new InvalidOperationException("What was there is gone.", problem);
        }
    }

    private async Task<ReviewOutcome> ReviewAsync(ContentToReview content, CancellationToken cancellation)
    {
        try
        {
            return await review.ReviewAsync(content, cancellation).ConfigureAwait(false);
        }
        catch (Exception problem) when (problem is not (OperationCanceledException or StorageException))
        {
            throw new RefusalException(GatewayCode.ReviewUnknown, $"The {Todo.NameOf(content.Kind)} could not be reviewed, so it was not taken.", "Try again in a few seconds.", TimeSpan.FromSeconds(5), problem);
        }
    }

    // Once for the same content, however often it is sent.
    private async Task RecordAsync(BlockedContent blocked, CancellationToken cancellation)
    {
        var data = JsonSerializer.Serialize(blocked, GatewayJson.Default.BlockedContent);
        var mark = new DocumentWrite(_blocked, string.Create(CultureInfo.InvariantCulture, $"{blocked.Round:D10}/{blocked.Author}/{blocked.Rule}/{blocked.Hash}"), "{}", 0);
        for (var attempt = 1; ; attempt++)
        {
            var version = await VersionAsync(cancellation).ConfigureAwait(false);
            try
            {
                _ = await store.CommitAsync(new StateCommit { Events = [new StreamAppend(ModerationStream, version, [new NewEvent(BlockedContent.EventType, data)])], Documents = [mark] }, cancellation).ConfigureAwait(false);
                return;
            }
            catch (StorageException problem) when (problem.Code == StorageException.DocumentConflict)
            {
                return;
            }
            catch (StorageException problem) when (problem.Code == StorageException.StreamConflict && attempt < Attempts)
            {
                // Something else was blocked in between.
                if (await store.GetAsync(mark.Collection, mark.Key, cancellation).ConfigureAwait(false) is not null)
                {
                    return;
                }
            }
        }
    }

    // The stream is long after a while; only what came since the last look is read.
    private async Task<long> VersionAsync(CancellationToken cancellation)
    {
        var known = Interlocked.Read(ref _lastVersion);
        var more = await store.ReadAsync(ModerationStream, known, cancellationToken: cancellation).ConfigureAwait(false);
        var version = more.Count == 0 ? known : more[^1].Version;
        Interlocked.Exchange(ref _lastVersion, version);
        return version;
    }

    private static byte[] Bytes(string text, int most, string code, string what)
    {
        try
        {
            return text.Length > 0 && text.Length <= most
                ? StrictUtf8.GetBytes(text)
                : throw new RefusalException(code, $"The {what} must have 1 to {most} characters, and this one has {text.Length}.", $"Correct the {what}.");
        }
        catch (EncoderFallbackException problem)
        {
            throw new RefusalException(code, $"The {what} has half of a surrogate pair, which UTF-8 cannot have.", $"Correct the {what}.", null, problem);
        }
    }

    private static ContentReceipt Receipt(Bytes32 digest) => new(digest.ToString(), UriOf(digest));

    /// <summary>The collection of a network's tasks.</summary>
    internal static string TasksOf(string network) => $"arena/{network}/tasks";

    /// <summary>The collection of a network's answers.</summary>
    internal static string AnswersOf(string network) => $"arena/{network}/answers";

    /// <summary>The collection of a network's notes.</summary>
    internal static string NotesOf(string network) => $"arena/{network}/notes";

    internal static string Key(long round, Address author) => string.Create(CultureInfo.InvariantCulture, $"{round:D10}/{author}");
}
