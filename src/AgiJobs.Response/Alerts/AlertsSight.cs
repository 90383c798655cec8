using AgiJobs.Control;
using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Detectors;
using AgiJobs.Response.Watching;
using AgiJobs.Storage;

namespace AgiJobs.Response.Alerts;

/// <summary>What is known at one moment of what fires, and of who would have found it.</summary>
/// <param name="Monitors">How the network's monitors stand; read before the alerts, so that what they had examined by then is among these.</param>
/// <param name="Book">The alerts.</param>
/// <param name="Rules">The rules in force; null when they are not known.</param>
/// <param name="WhyNoRules">Why they are not known; null otherwise.</param>
/// <param name="Breakers">The network's breakers, which name the monitors that count and how many of them it takes; null when there are none.</param>
public sealed record AlertsSight(IReadOnlyList<MonitorStanding> Monitors, AlertBook Book, RulesInForce? Rules, string? WhyNoRules, BreakersFile? Breakers)
{
    /// <summary>Reads it.</summary>
    /// <exception cref="StorageException">The store cannot be read, or holds what nobody wrote.</exception>
    /// <exception cref="ControlException">The breakers' file cannot be read.</exception>
    public static async Task<AlertsSight> ReadAsync(IStateStore store, Workspace workspace, AlertSettings settings, TimeProvider time, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(workspace);
        ArgumentNullException.ThrowIfNull(settings);
        var monitors = await MonitorStanding.ReadAllAsync(store, settings.Network, cancellation).ConfigureAwait(false);
        var book = await AlertBook.ReadWholeAsync(store, settings, [], cancellation).ConfigureAwait(false);
        try
        {
            return new AlertsSight(monitors, book, await RulesInForce.LoadAsync(store, workspace, settings.Network, time, cancellation).ConfigureAwait(false), null, workspace.Breakers(settings.Network));
        }
        catch (ControlException problem)
        {
            return new AlertsSight(monitors, book, null, problem.Message, workspace.Breakers(settings.Network));
        }
    }
}
