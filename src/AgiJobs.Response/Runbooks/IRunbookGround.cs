using System.Text.Json;
using System.Text.Json.Nodes;

namespace AgiJobs.Response.Runbooks;

/// <summary>What a command ended with.</summary>
/// <param name="Exit">Its exit code.</param>
/// <param name="Output">What it printed: its JSON document.</param>
public sealed record RunbookOutcome(int Exit, string Output)
{
    /// <summary>The document; null when it printed none.</summary>
    public JsonObject? Json()
    {
        try
        {
            return JsonNode.Parse(Output) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>Where a runbook is carried out. Implemented by the command line with its own commands.</summary>
public interface IRunbookGround
{
    /// <summary>Runs a command with <c>--json</c> on the run's network and workspace, to its end.</summary>
    /// <param name="words">Its words, --execute among them when it is to send.</param>
    /// <param name="cancellation">Interrupts it as a signal does; it still comes back with an exit code.</param>
    Task<RunbookOutcome> RunAsync(IReadOnlyList<string> words, CancellationToken cancellation);

    /// <summary>The address of a module by the manifest.</summary>
    /// <exception cref="Control.ControlException">There is none of that name.</exception>
    string AddressOf(string module);
}
