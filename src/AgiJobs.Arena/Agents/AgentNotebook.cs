using AgiJobs.Control;
using AgiJobs.Control.Files;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Agents;

/// <summary>
/// What an agent must not forget, in one file that only its user may read (0600) and only one process holds. Every change is on the disk before the method returns, so that a salt is never lost
/// between a commitment and its reveal. Not for use by several threads.
/// </summary>
public sealed class AgentNotebook : IDisposable
{
    private const int KeptRounds = 256;
    private const int KeptAnswers = 64;

    private readonly string _path;
    private readonly FileLock _lock;

    private AgentNotebook(string path, FileLock held, NotebookFile file)
    {
        _path = path;
        _lock = held;
        File = file;
    }

    /// <summary>What stands in it.</summary>
    public NotebookFile File { get; private set; }

    /// <summary>
    /// Opens the file of an account, or begins one. A file of another chain or arena is set aside under a name of its own (<c>FILE.GENESIS-ARENA</c>, eight digits of each) and taken up again when the agent comes back
    /// to that chain: nothing in it is ever deleted, since a chain that looks gone may not be.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="chain">The chain.</param>
    /// <param name="genesis">The hash of its first block.</param>
    /// <param name="arena">The arena.</param>
    /// <param name="account">Whose notes.</param>
    /// <exception cref="ControlException">
    /// <c>agent-state-busy</c> when another process has it, <c>agent-state</c> when it is damaged (it is left as it is), <c>agent-state-other</c> when it belongs to another account or its notes would have to
    /// take the place of others.
    /// </exception>
    public static AgentNotebook Open(string path, ChainId chain, Bytes32 genesis, Address arena, Address account)
    {
        var held = FileLock.TryTake(path + ".lock")
            ?? throw new ControlException("agent-state-busy", ExitCode.Refused, $"Another process works with {path}.", "Every agent has a state file of its own: end the other one, or name another file with --state.");
        try
        {
            var file = Read(path);
            if (file is not null && (file.Version != 1 || file.Account != account))
            {
                throw new ControlException("agent-state-other", ExitCode.BadInput, $"{path} has the state of {file.Account} (version {file.Version}), not of {account}.", "Name another file with --state.");
            }

            if (file is not null && (file.ChainId != chain || file.Arena != arena || (file.Genesis ?? genesis) != genesis))
            {
                Move(path, Aside(path, file.Genesis ?? Bytes32.Zero, file.Arena));
                file = null;
            }

            if (file is null && System.IO.File.Exists(Aside(path, genesis, arena)))
            {
                Move(Aside(path, genesis, arena), path);
                file = Read(path);
            }

            var notes = new AgentNotebook(path, held, file ?? new NotebookFile { Version = 1, ChainId = chain, Genesis = genesis, Arena = arena, Account = account });
            if (notes.File.Genesis is null)
            {
                notes.Write(notes.File with { Genesis = genesis });
            }

            return notes;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>The notes of a round; null when there are none.</summary>
    public NotedRound? Of(long round) => File.Rounds.FirstOrDefault(noted => noted.Id == round);

    /// <summary>Notes a round.</summary>
    /// <exception cref="ControlException"><c>file-write</c>: nothing of it may be acted on.</exception>
    public void Note(NotedRound round) => Write(File with { Rounds = [.. File.Rounds.Where(noted => noted.Id != round.Id).Append(round).OrderBy(noted => noted.Id).TakeLast(KeptRounds)] });

    /// <summary>Notes that rounds up to a number were looked at.</summary>
    public void See(long rounds)
    {
        if (rounds > File.SeenRounds)
        {
            Write(File with { SeenRounds = rounds });
        }
    }

    /// <summary>Notes a transaction before it is sent; null when its end is known.</summary>
    public void Pend(SignedAct? act) => Write(File with { Pending = act is null ? null : new NotedTransaction { Act = act.Key, Hash = act.Hash, Raw = act.Raw } });

    /// <summary>Notes that the reward was asked for.</summary>
    public void Claim(DateTimeOffset at) => Write(File with { ClaimedAt = at });

    /// <summary>Notes what others answered.</summary>
    public void Remember(IEnumerable<NotedAnswer> answers) => Write(File with { Answers = [.. File.Answers.Concat(answers).TakeLast(KeptAnswers)] });

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();

    private static string Aside(string path, Bytes32 genesis, Address arena) => $"{path}.{genesis.ToString()[2..10]}-{arena.ToString()[2..10].ToLowerInvariant()}";

    private static void Move(string from, string to)
    {
        try
        {
            System.IO.File.Move(from, to, overwrite: false);
        }
        catch (IOException problem)
        {
            throw new ControlException("agent-state-other", ExitCode.Failed, $"{from} cannot be moved to {to}: {problem.Message}", "Both may hold salts, so both were left as they are. Keep the one that belongs to the agent, or name another file with --state.", problem);
        }
    }

    private static NotebookFile? Read(string path)
    {
        try
        {
            return JsonFile.TryRead(path, NotebookJson.Default.NotebookFile, out var file) ? file : null;
        }
        catch (ControlException problem) when (problem.Code is "file-format")
        {
            throw new ControlException("agent-state", ExitCode.Failed, $"The agent's state is damaged: {problem.Message}", "It may hold the salts of commitments, so it was left as it is. Restore it from a copy; or move it away, and what was committed and not revealed is lost.", problem);
        }
    }

    private void Write(NotebookFile file)
    {
        AtomicFile.Write(_path, JsonFile.Encode(file, NotebookJson.Default.NotebookFile), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File = file;
    }
}
