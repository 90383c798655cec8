using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;
using AgiJobs.Tasks;

namespace AgiJobs.Arena.Agents;

public sealed partial class ReferenceAgent
{
    // Wrong in every family, so that a round need not wait for somebody who has found nothing; with the account, since the same text from two students looks copied.
    private string NoAnswer => $"unsolved-{_chain.Account}";

    private async Task<ArenaAct?> DecideAsync(ArenaState arena, RoundState round, ParticipantState mine, CancellationToken cancellation)
    {
        var isVanished = _options.Behaviour == AgentBehaviour.Offline && (mine.HasJoined || mine.Seat == Seat.Teacher);
        if (isVanished || !_options.Seats.Contains(mine.Seat))
        {
            return null;
        }

        if (_options.Behaviour == AgentBehaviour.Copying && mine is { Seat: Seat.Student, HasJoined: true } && round.Phase >= RoundPhase.Voting)
        {
            await WatchAsync(round, cancellation).ConfigureAwait(false);
        }

        var hasCommitted = mine.Commitment != Bytes32.Zero;
        return (round.Phase, mine.Seat) switch
        {
            (RoundPhase.Registration, Seat.Teacher) when round.TaskHash == Bytes32.Zero => await TeachAsync(round, cancellation).ConfigureAwait(false),
            (RoundPhase.Registration, Seat.Student) when !mine.HasJoined => new JoinRound(round.Id),
            (RoundPhase.Registration, Seat.Validator) when !mine.HasJoined && round.Validators.Count < round.CommitteeSize => new JoinRound(round.Id),
            (RoundPhase.Answering, Seat.Student) when mine.HasJoined && !hasCommitted => await AnswerAsync(round, cancellation).ConfigureAwait(false),
            (RoundPhase.Revealing, Seat.Student) when hasCommitted && !mine.HasRevealed => await RevealAsync(round, mine, cancellation).ConfigureAwait(false),
            (RoundPhase.Voting, Seat.Validator) when mine.HasJoined && !hasCommitted => await JudgeAsync(round, cancellation).ConfigureAwait(false),
            (RoundPhase.Counting, Seat.Validator) when hasCommitted && !mine.HasRevealed => await RevealVoteAsync(round, mine, cancellation).ConfigureAwait(false),
            _ => null,
        };
    }

    private async Task<ArenaAct?> TeachAsync(RoundState round, CancellationToken cancellation)
    {
        var noted = _notes.Of(round.Id);
        if (noted?.Task is null)
        {
            var family = _families[(int)(Draw(round.Id, "family") % (ulong)_families.Count)];
            var made = family.Generate(round.Difficulty, Draw(round.Id, "task"));
            noted = new NotedRound { Id = round.Id, Seat = Seat.Teacher, TaskHash = new Bytes32(made.Statement.Digest()), Task = made.Statement.Text, Witness = made.Witness };
            _notes.Note(noted);
        }

        var receipt = await _gateway.PutTaskAsync(round.Id, noted.Task!, cancellation).ConfigureAwait(false);
        Require(receipt.Hash == noted.TaskHash, $"round {round.Id}: the gateway has the task {receipt.Hash}, it was given {noted.TaskHash}");
        return new PublishTask(round.Id, noted.TaskHash, receipt.Uri);
    }

    private async Task<ArenaAct?> AnswerAsync(RoundState round, CancellationToken cancellation)
    {
        var noted = _notes.Of(round.Id);
        if (noted?.Answer is null || noted.TaskHash != round.TaskHash)
        {
            var task = await TaskOfAsync(round, cancellation).ConfigureAwait(false);
            noted = new NotedRound { Id = round.Id, Seat = Seat.Student, TaskHash = round.TaskHash, Task = task?.Text, Answer = Compose(round, task) ?? NoAnswer, Salt = _salt() };
            _notes.Note(noted);
        }

        return new CommitAnswer(round.Id, RoundCommitment.OfAnswer(_chain.Chain, _chain.Arena, round.Id, _chain.Account, Digest(noted.Answer!), noted.Salt!.Value));
    }

    // Null when there is none.
    private string? Compose(RoundState round, TaskStatement? task)
    {
        if (_options.Behaviour == AgentBehaviour.Toxic)
        {
            return _options.ToxicAnswer;
        }

        if (task is null || FamilyOf(task) is not { } family)
        {
            return null;
        }

        if (_options.Behaviour == AgentBehaviour.Copying)
        {
            var others = _notes.File.Answers.Where(answer => answer.Round != round.Id && answer.Student != _chain.Account).ToList();
            return (others.LastOrDefault(answer => string.Equals(answer.Family, family.Name, StringComparison.Ordinal)) ?? others.LastOrDefault())?.Answer;
        }

        if (_options.Solver is { } solver)
        {
            var found = solver(task);
            if (found is null)
            {
                _log.Info("not-solved", string.Create(CultureInfo.InvariantCulture, $"round {round.Id}: its solver has no answer to a task of {family.Name}"));
            }

            return found;
        }

        var steps = IsLazy(round) ? _options.Skill / 10 : _options.Skill;
        var answer = family.Solve(task, steps, Draw(round.Id, "solve"));
        if (answer is null)
        {
            _log.Info("not-solved", string.Create(CultureInfo.InvariantCulture, $"round {round.Id}: no answer to a task of {family.Name} in {steps} steps"));
        }

        return answer;
    }

    private async Task<ArenaAct?> RevealAsync(RoundState round, ParticipantState mine, CancellationToken cancellation)
    {
        var noted = _notes.Of(round.Id);
        if (IsWithheld(round, noted))
        {
            return null;
        }

        if (noted is not { Answer: { } answer, Salt: { } salt } || RoundCommitment.OfAnswer(_chain.Chain, _chain.Arena, round.Id, _chain.Account, Digest(answer), salt) != mine.Commitment)
        {
            Withhold(noted ?? new NotedRound { Id = round.Id, Seat = Seat.Student }, "commitment-unknown", "what is committed on chain is not in the state file, so nothing can be revealed");
            return null;
        }

        try
        {
            var receipt = await _gateway.PutAnswerAsync(round.Id, answer, salt, cancellation).ConfigureAwait(false);
            Require(receipt.Hash == Digest(answer), $"round {round.Id}: the gateway has the answer {receipt.Hash}, it was given {Digest(answer)}");
            return new RevealAnswer(round.Id, receipt.Hash, salt, receipt.Uri);
        }
        catch (GatewayException problem) when (problem.Code.StartsWith("moderation:", StringComparison.Ordinal))
        {
            // Nobody would get to see it, so there is nothing to reveal.
            Withhold(noted, problem.Code, problem.Message);
            return null;
        }
    }

    private async Task<ArenaAct?> JudgeAsync(RoundState round, CancellationToken cancellation)
    {
        var noted = _notes.Of(round.Id);
        if (noted?.Vote is null || noted.TaskHash != round.TaskHash)
        {
            var vote = IsLazy(round) ? (BigInteger.One << round.Students.Count) - 1 : await VoteAsync(round, cancellation).ConfigureAwait(false);
            noted = new NotedRound { Id = round.Id, Seat = Seat.Validator, TaskHash = round.TaskHash, Vote = vote.ToString(CultureInfo.InvariantCulture), Salt = _salt() };
            _notes.Note(noted);
        }

        return new CommitVote(round.Id, RoundCommitment.OfVote(_chain.Chain, _chain.Arena, round.Id, _chain.Account, VoteOf(noted), noted.Salt!.Value));
    }

    // A bit for each answer that was revealed on chain, that the gateway gave byte for byte, and that checking found right.
    private async Task<BigInteger> VoteAsync(RoundState round, CancellationToken cancellation)
    {
        var task = await TaskOfAsync(round, cancellation).ConfigureAwait(false);
        var family = task is null ? null : FamilyOf(task);
        var answers = await RevealedAsync(round, cancellation).ConfigureAwait(false);
        var vote = BigInteger.Zero;
        for (var index = 0; index < round.Students.Count; index++)
        {
            var isAlly = _options.Behaviour == AgentBehaviour.Colluding && _options.Allies.Contains(round.Students[index]);
            if (isAlly || (family is not null && answers.TryGetValue(round.Students[index], out var answer) && family.Check(task!, answer).IsRight))
            {
                vote |= BigInteger.One << index;
            }
        }

        return vote;
    }

    private async Task<RevealVote?> RevealVoteAsync(RoundState round, ParticipantState mine, CancellationToken cancellation)
    {
        var noted = _notes.Of(round.Id);
        if (IsWithheld(round, noted))
        {
            return null;
        }

        if (noted is not { Vote: not null, Salt: { } salt } || RoundCommitment.OfVote(_chain.Chain, _chain.Arena, round.Id, _chain.Account, VoteOf(noted), salt) != mine.Commitment)
        {
            Withhold(noted ?? new NotedRound { Id = round.Id, Seat = Seat.Validator }, "commitment-unknown", "what is committed on chain is not in the state file, so nothing can be revealed");
            return null;
        }

        if (_options.Behaviour == AgentBehaviour.Toxic)
        {
            try
            {
                _ = await _gateway.PutNoteAsync(round.Id, _options.ToxicAnswer, cancellation).ConfigureAwait(false);
            }
            catch (GatewayException problem) when (problem.Code.StartsWith("moderation:", StringComparison.Ordinal))
            {
                _log.Warn(problem.Code, $"round {round.Id}: {problem.Message}");
            }
        }

        return new RevealVote(round.Id, VoteOf(noted), salt);
    }

    // The answers whose bytes have the digest that the chain has of them, by student.
    private async Task<IReadOnlyDictionary<Address, string>> RevealedAsync(RoundState round, CancellationToken cancellation)
    {
        var students = await _chain.StudentsAsync(round, cancellation).ConfigureAwait(false);
        var told = await _gateway.GetAnswersAsync(round.Id, cancellation).ConfigureAwait(false);
        var found = new Dictionary<Address, string>();
        foreach (var (student, state) in students.Where(entry => entry.Value.HasRevealed))
        {
            var answer = told.FirstOrDefault(entry => entry.Student == student);
            if (answer?.Text is not { } text)
            {
                _log.Warn("answer-missing", $"round {round.Id}: the gateway does not give the answer of {student}{(answer?.Moderation is { } moderation ? $" ({moderation})" : "")}");
            }
            else if (text.Length > TaskStatement.MaxAnswer || Digest(text) != state.Disclosed || answer.Index != state.Index)
            {
                _log.Error("answer-differs", $"round {round.Id}: the gateway's answer of {student} (place {answer.Index}, {Digest(text)}) is not the revealed one (place {state.Index}, {state.Disclosed})");
            }
            else
            {
                found[student] = text;
            }
        }

        return found;
    }

    private async Task WatchAsync(RoundState round, CancellationToken cancellation)
    {
        var noted = _notes.Of(round.Id);
        if (noted is null or { Watched: true } || noted.Task is null || !TaskStatement.TryParse(Encoding.UTF8.GetBytes(noted.Task), out var task, out _))
        {
            return;
        }

        var answers = await RevealedAsync(round, cancellation).ConfigureAwait(false);
        _notes.Remember(answers.Where(entry => entry.Key != _chain.Account).OrderBy(entry => entry.Key).Select(entry => new NotedAnswer { Round = round.Id, Student = entry.Key, Family = task.Family, Answer = entry.Value }));
        _notes.Note(noted with { Watched = true });
    }

    // Null when what was published is no task that this agent knows; nobody can have an answer to it then.
    private async Task<TaskStatement?> TaskOfAsync(RoundState round, CancellationToken cancellation)
    {
        var bytes = await _gateway.GetTaskAsync(round.Id, cancellation).ConfigureAwait(false);
        Require(new Bytes32(SHA256.HashData(bytes)) == round.TaskHash, $"round {round.Id}: the gateway's task has the digest {new Bytes32(SHA256.HashData(bytes))}, the published one {round.TaskHash}");
        if (!TaskStatement.TryParse(bytes, out var task, out var fault) || (fault = FamilyOf(task)?.Validate(task)) is not null)
        {
            _log.Warn(fault!.Code, $"round {round.Id}: {fault.Message}");
            return null;
        }

        if (FamilyOf(task) is null)
        {
            _log.Warn("task-unknown-family", $"round {round.Id}: this agent does not know {task.Family}");
        }

        return task;
    }

    private ITaskFamily? FamilyOf(TaskStatement task) => _families.FirstOrDefault(family => string.Equals(family.Name, task.Family, StringComparison.Ordinal));

    private bool IsLazy(RoundState round) => _options.Behaviour == AgentBehaviour.Lazy && Draw(round.Id, "lazy") % 10_000 < (ulong)_options.LazyShare;

    private bool IsWithheld(RoundState round, NotedRound? noted)
    {
        if (noted?.Withheld is null && IsLazy(round) && noted is not null)
        {
            Withhold(noted, "lazy", "nothing is revealed");
            return true;
        }

        return noted?.Withheld is not null;
    }

    private void Withhold(NotedRound noted, string code, string why)
    {
        _notes.Note(noted with { Withheld = code });
        _log.Warn(code, $"round {noted.Id}: {why}");
    }

    private static BigInteger VoteOf(NotedRound noted) => BigInteger.Parse(noted.Vote!, CultureInfo.InvariantCulture);

    private static Bytes32 Digest(string text) => new(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new GatewayException("gateway-contradicts-chain", 200, otherwise + ".");
        }
    }
}
