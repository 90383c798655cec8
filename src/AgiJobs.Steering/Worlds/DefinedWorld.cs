using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Hgm;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Evolution;
using AgiJobs.Steering.Programs;

namespace AgiJobs.Steering.Worlds;

/// <summary>A world as the workspace's file defines it, with what the definition names read and checked.</summary>
public sealed class DefinedWorld
{
    private const int MostBytes = 1_048_576;

    private readonly HgmWorld _world;
    private readonly string _root;
    private readonly IReadOnlyList<string>? _tasks;
    private readonly string? _instruction;
    private readonly string _folder;

    private DefinedWorld(HgmWorld world, string folder, string file)
    {
        ControlException Bad(string place, string message, string mend) => new("world-value", ExitCode.BadInput, $"{file}, world '{world.Name}', {place}: {message}.", mend);
        (_world, _folder) = (world, folder);
        if (world.Name.Length is 0 or > 40 || !world.Name.All(character => char.IsAsciiLetterLower(character) || char.IsAsciiDigit(character) || character is '-') || world.Name is RunSettings.Programs)
        {
            throw Bad("name", "it is no name of a world", "Use small letters, digits and hyphens, at most 40, and not 'programs'.");
        }

        var (expander, evaluator) = (world.Expander, world.Evaluator);
        if (Count(expander.Programs, expander.Process, expander.Http, expander.Chat) != 1 || expander.Programs is false)
        {
            throw Bad("expander", "it is not of exactly one kind", "Write one of programs, process, http and chat.");
        }

        if (Count(evaluator.Programs, evaluator.Process, evaluator.Http) != 1 || evaluator.Programs is false)
        {
            throw Bad("evaluator", "it is not of exactly one kind", "Write one of programs, process and http.");
        }

        if (evaluator.Programs is not null && world.Tasks is not null)
        {
            throw Bad("tasks", "programs are tried on the arena's tasks alone", "Leave tasks out, or name an evaluator that judges them.");
        }

        ExpansionMost = Most("expander.mostCost", expander.MostCost, expander.Programs is not null, EvolutionWorld.ExpansionCost);
        EvaluationMost = Most("evaluator.mostCost", evaluator.MostCost, evaluator.Programs is not null, EvolutionWorld.EvaluationReserve);
        Value = Amount.TryParse(evaluator.Value, out var value) && value >= Amount.Zero ? value : throw Bad("evaluator.value", $"'{evaluator.Value}' is no amount", "Write a decimal as text, such as \"1\".");
        foreach (var (place, process) in ((string, HgmProcess?)[])[("expander.process", expander.Process), ("evaluator.process", evaluator.Process)])
        {
            if (process is not null)
            {
                Within($"{place}.seconds", process.Seconds, 1, 1500);
                Within($"{place}.memoryMegabytes", process.MemoryMegabytes, 16, 1_048_576);
                Within($"{place}.outputBytes", process.OutputBytes, 256, 67_108_864);
                if (process.Command.Count == 0 || !process.Command[0].Contains('/', StringComparison.Ordinal) || process.Command.Any(word => word.Contains('\0', StringComparison.Ordinal)))
                {
                    throw Bad($"{place}.command", "its first word is no path of a program", "Write the whole path, such as /usr/bin/python3, or a path in the workspace with a slash in it.");
                }
            }
        }

        foreach (var (place, endpoint) in ((string, HgmEndpoint?)[])[("expander.http", expander.Http), ("expander.chat.endpoint", expander.Chat?.Endpoint), ("evaluator.http", evaluator.Http)])
        {
            if (endpoint is not null)
            {
                Within($"{place}.seconds", endpoint.Seconds, 1, 1500);
                Within($"{place}.answerBytes", endpoint.AnswerBytes, 256, 67_108_864);
                if (endpoint.Url.Url is { } url && !JsonEndpoint.IsFit(url))
                {
                    throw Bad($"{place}.url", $"'{url}' is neither https nor this machine", "Write https:// and the host; http is for this machine alone.");
                }
            }
        }

        if (expander.Chat is { } chat)
        {
            Within("expander.chat.mostTokens", chat.MostTokens, 1, 1_000_000);
            foreach (var price in (string[])[chat.PromptPrice, chat.AnswerPrice])
            {
                if (!Amount.TryParse(price, out var amount) || amount < Amount.Zero)
                {
                    throw Bad("expander.chat", $"'{price}' is no price", "Write a decimal as text, such as \"1.25\".");
                }
            }

            _instruction = Read("expander.chat.instruction", chat.Instruction);
        }

        _root = world.Root is { } root ? Read("root", root) : evaluator.Programs is not null ? EvolutionWorld.RootArtifact : throw Bad("root", "there is none", "Name the file with the root agent's text.");
        if (evaluator.Programs is not null && !AgentProgram.TryParse(_root, out _))
        {
            throw Bad("root", "it is no program", "Leave it out for the program's own root.");
        }

        if (world.Tasks is { } tasks)
        {
            _tasks = [.. Read("tasks", tasks).Split('\n').Select(line => line.TrimEnd('\r')).Where(line => line.Length > 0)];
            foreach (var line in _tasks)
            {
                if (!StrictObject.TryParse(Encoding.UTF8.GetBytes(line), out var document, out _))
                {
                    throw Bad("tasks", $"'{Told.Line(line)}' is no JSON", "Write one JSON value a line.");
                }

                document.Dispose();
            }

            if (_tasks.Count == 0)
            {
                throw Bad("tasks", "there are none", "Write one JSON value a line.");
            }
        }

        Digest = DigestOf();

        Amount Most(string place, string? text, bool isOwn, Amount own) =>
            isOwn ? text is null ? own : throw Bad(place, "the program knows what its own cost", "Leave it out.")
            : Amount.TryParse(text, out var amount) && amount > Amount.Zero && amount <= Amount.Most ? amount
            : throw Bad(place, $"'{text}' is no amount above zero", "Write the most that one may cost, as text, such as \"0.05\".");

        void Within(string place, int? number, int least, int most)
        {
            if (number < least || number > most)
            {
                throw Bad(place, $"{number} is not from {least} to {most}", "Write a number within these bounds.");
            }
        }

        string Read(string place, string path)
        {
            var at = Path.GetFullPath(path, folder);
            try
            {
                var bytes = File.ReadAllBytes(at);
                return bytes.Length > MostBytes
                    ? throw new ControlException("world-file", ExitCode.BadInput, $"{at} ({file}, world '{world.Name}', {place}) has {bytes.Length} bytes; {MostBytes} are the most.", "Make it smaller.")
                    : new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or ArgumentException)
            {
                throw new ControlException("world-file", ExitCode.BadInput, $"{at} ({file}, world '{world.Name}', {place}) cannot be read: {Told.Line(problem.Message)}", "Name a file of text in UTF-8; paths are relative to the workspace.", problem);
            }
        }
    }

    /// <summary>Its name.</summary>
    public string Name => _world.Name;

    /// <summary>SHA-256 of the definition, the root, the tasks and the instruction, in small hexadecimal digits. Of secrets it knows where they are to be found, and of programs where they lie.</summary>
    public string Digest { get; }

    /// <summary>The most that an expansion may cost.</summary>
    internal Amount ExpansionMost { get; }

    /// <summary>The most that an evaluation may cost.</summary>
    internal Amount EvaluationMost { get; }

    /// <summary>What a solved task is worth.</summary>
    internal Amount Value { get; }

    /// <summary>The worlds of a network's file; none where there is no file.</summary>
    /// <exception cref="ControlException"><c>file-format</c>, <c>file-version</c>; <c>world-value</c> for what cannot be, <c>world-file</c> for a file that cannot be read.</exception>
    public static IReadOnlyList<DefinedWorld> Load(Workspace workspace, string network)
    {
        foreach (var path in (string[])[workspace.Locate("config", $"hgm-worlds.{network}.json"), workspace.Locate("config", "hgm-worlds.json")])
        {
            if (!JsonFile.TryRead(path, WorkspaceJson.Default.HgmWorldsFile, out var file))
            {
                continue;
            }

            if (file.Version != 1)
            {
                throw new ControlException("file-version", ExitCode.BadInput, $"{path} has version {file.Version}; this program reads version 1.", "Use the program of the version that wrote it.");
            }

            return file.Worlds.GroupBy(world => world.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice
                ? throw new ControlException("world-value", ExitCode.BadInput, $"{path}: two worlds are named '{twice.Key}'.", "Rename one of them.")
                : [.. file.Worlds.Select(world => new DefinedWorld(world, workspace.Root, path))];
        }

        return [];
    }

    /// <summary>The first event of a run in this world.</summary>
    /// <exception cref="HgmException"><c>bad-setting</c> when the settings name another number of tasks than the world's file has.</exception>
    internal RunStarted Begin(RunSettings settings) => new(
        settings with { WorldDigest = Digest, Tasks = _tasks?.Count ?? settings.Tasks, EvaluationReserve = EvaluationMost, ExpansionReserve = ExpansionMost }, _root);

    /// <summary>The world with the tasks of one run.</summary>
    internal IPortableWorld Open(ulong seed, int tasks, TimeProvider time)
    {
        var arena = _tasks is null ? TaskSet.Of(seed, tasks) : null;
        var programs = arena is null ? null : new ProgramWorld(arena);
        IExchange? expander = _world.Expander switch
        {
            { Process: { } process } => new SandboxedProcess(process, _folder, time),
            { Http: { } http } => new JsonEndpoint(http, time),
            { Chat: { } chat } => new ChatExpander(chat, _instruction!, time),
            _ => null,
        };
        IExchange? evaluator = _world.Evaluator switch
        {
            { Process: { } process } => new SandboxedProcess(process, _folder, time),
            { Http: { } http } => new JsonEndpoint(http, time),
            _ => null,
        };
        return new ExternalWorld(expander, evaluator, arena, _tasks, programs, this);
    }

    private static int Count(params ReadOnlySpan<object?> kinds)
    {
        var count = 0;
        foreach (var kind in kinds)
        {
            count += kind is null ? 0 : 1;
        }

        return count;
    }

    private string DigestOf()
    {
        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var parts = (string?[])[JsonSerializer.Serialize(_world, WorkspaceJson.Default.HgmWorld), _root, _tasks is null ? null : string.Join('\n', _tasks), _instruction];
        foreach (var part in parts)
        {
            all.AppendData(SHA256.HashData(Encoding.UTF8.GetBytes(part ?? "")));
        }

        return Convert.ToHexStringLower(all.GetHashAndReset());
    }
}
