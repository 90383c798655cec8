using System.CommandLine;
using System.CommandLine.Parsing;
using AgiJobs.Response.Runbooks;

namespace AgiJobs.Cli.Runbooks;

/// <summary>The commands that this program has, for runbooks that name them: every line is parsed by the tree itself.</summary>
internal sealed class CommandTree(RootCommand root) : IRunbookCommands
{
    // Those that go on until somebody ends them, or wait for a person.
    private static readonly string[] Unending = ["serve", "up", "agent", "arena run", "hgm worker", "thermostat watch", "sentinel watch", "owner console", "runbook run"];

    // Whatever they sent is gone on with from their journal, and what is done already is left alone.
    private static readonly string[] Idempotent = ["owner system-pause", "owner pause", "change execute", "change resume"];

    public CommandShape? Read(IReadOnlyList<string> words, out string problem)
    {
        var parsed = root.Parse(words);
        problem = string.Join(' ', parsed.Errors.Select(error => error.Message));
        if (parsed.Errors.Count > 0)
        {
            return null;
        }

        var names = new List<string>();
        for (var at = parsed.CommandResult; at.Parent is CommandResult above; at = above)
        {
            names.Insert(0, at.Command.Name);
        }

        var name = string.Join(' ', names);
        var sends = parsed.CommandResult.Command.Options.Any(option => option.Name is "--execute");
        return new CommandShape(name, sends, !sends || Idempotent.Contains(name, StringComparer.Ordinal), !Unending.Contains(name, StringComparer.Ordinal) || words.Contains("--iterations", StringComparer.Ordinal));
    }
}
