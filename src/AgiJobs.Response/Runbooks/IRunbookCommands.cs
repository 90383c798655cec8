namespace AgiJobs.Response.Runbooks;

/// <summary>What a command of this program is, for a runbook that names it.</summary>
/// <param name="Name">Its words: <c>owner system-pause</c>.</param>
/// <param name="Sends">True when it takes --execute.</param>
/// <param name="Repeats">True when it does nothing twice, however often it is run: what it sent is gone on with, and what is done already is left alone.</param>
/// <param name="Ends">True when it comes to its end by itself.</param>
public sealed record CommandShape(string Name, bool Sends, bool Repeats, bool Ends);

/// <summary>The commands there are. Implemented by the command line with its own tree, so that a runbook cannot name one that is not.</summary>
public interface IRunbookCommands
{
    /// <summary>Reads a line without doing it.</summary>
    /// <param name="words">Its words, with values in the place of placeholders.</param>
    /// <param name="problem">What is wrong with it, in the parser's words; empty when nothing is.</param>
    /// <returns>What it is; null when something is wrong with it.</returns>
    CommandShape? Read(IReadOnlyList<string> words, out string problem);
}
