using AgiJobs.Control;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Moderation;

/// <summary>
/// The overrides of a network's arena, <c>storage/moderation/NETWORK/*.json</c>, read and verified anew whenever they or the people changed, so that one counts from the next review on without a restart. Safe for use by several
/// threads.
/// </summary>
/// <param name="folder">Where they are.</param>
/// <param name="people">The people of the network as they are now; null for none.</param>
/// <param name="chain">The arena's chain.</param>
/// <param name="longest">How long one may count.</param>
public sealed class OverrideFolder(string folder, Func<OperatorBook?> people, ChainId chain, TimeSpan longest)
{
    private readonly Lock _gate = new();
    private HashSet<string> _told = new(StringComparer.Ordinal);

    /// <summary>Hears, once, of each that counts not, with the reason.</summary>
    public Action<string> Tell { get; init; } = _ => { };

    /// <summary>The place of a network's overrides.</summary>
    public static string PathOf(Workspace workspace, string network)
    {
        ArgumentNullException.ThrowIfNull(workspace);
        return workspace.Locate("storage", "moderation", network);
    }

    /// <summary>The overrides as they are now.</summary>
    /// <exception cref="ControlException">The people's files cannot be read: nobody knows then whose word counts.</exception>
    public OverrideBook Read()
    {
        lock (_gate)
        {
            if (!Directory.Exists(folder) || !Directory.EnumerateFiles(folder, "*.json").Any())
            {
                return OverrideBook.Empty;
            }

            var book = OverrideBook.ReadFolder(folder, people(), chain, longest);
            book.Discounted.Where(why => !_told.Contains(why)).ToList().ForEach(why => Tell($"an override of moderation counts not: {why}"));
            _told = book.Discounted.ToHashSet(StringComparer.Ordinal);
            return book;
        }
    }
}
