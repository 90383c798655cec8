using AgiJobs.Control;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;

namespace AgiJobs.Arena.Moderation;

/// <summary>An override that counts.</summary>
/// <param name="By">Who decided.</param>
/// <param name="Record">What they signed.</param>
public sealed record Ruling(string By, ModerationOverride Record);

/// <summary>
/// The overrides of an arena, each verified by recovery whenever it is read. One that cannot be read, was altered, is of nobody with the duty <see cref="Duty.Security"/>, or is not of this time or chain, counts for nothing and
/// is named with the reason.
/// </summary>
public sealed class OverrideBook
{
    private readonly Dictionary<Bytes32, List<Ruling>> _rulings = [];

    private OverrideBook(IReadOnlyList<string> discounted) => Discounted = discounted;

    /// <summary>No override.</summary>
    public static OverrideBook Empty { get; } = new([]);

    /// <summary>Records that count not, each with the reason.</summary>
    public IReadOnlyList<string> Discounted { get; }

    /// <summary>Reads records.</summary>
    /// <param name="records">Their names and bytes.</param>
    /// <param name="people">The people of the network; null when there are none, and then nothing counts.</param>
    /// <param name="chain">The arena's chain.</param>
    /// <param name="longest">How long an override may count.</param>
    public static OverrideBook Read(IEnumerable<(string Name, ReadOnlyMemory<byte> Bytes)> records, OperatorBook? people, ChainId chain, TimeSpan longest)
    {
        ArgumentNullException.ThrowIfNull(records);
        var discounted = new List<string>();
        var book = new OverrideBook(discounted);
        foreach (var (name, bytes) in records.OrderBy(record => record.Name, StringComparer.Ordinal))
        {
            if (book.Take(name, bytes, people, chain, longest) is { } why)
            {
                discounted.Add($"{name}: {why}");
            }
        }

        return book;
    }

    /// <summary>Reads the records of a folder (<c>*.json</c>); one that is not there has none.</summary>
    public static OverrideBook ReadFolder(string folder, OperatorBook? people, ChainId chain, TimeSpan longest) => Read(
        (Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.json") : []).Select(path => (Path.GetFileName(path), (ReadOnlyMemory<byte>)Bytes(path))), people, chain, longest);

    /// <summary>The override for content at a time; null when there is none. Of several the strictest counts, then the one that was issued last.</summary>
    public Ruling? For(Bytes32 content, DateTimeOffset now) => (_rulings.GetValueOrDefault(content) ?? [])
        .Where(ruling => ruling.Record.Issued <= now.ToUnixTimeSeconds() && now.ToUnixTimeSeconds() < ruling.Record.Expires)
        .OrderByDescending(ruling => ruling.Record.Outcome).ThenByDescending(ruling => ruling.Record.Issued).ThenBy(ruling => ruling.Record.Author).FirstOrDefault();

    private string? Take(string name, ReadOnlyMemory<byte> bytes, OperatorBook? people, ChainId chain, TimeSpan longest)
    {
        ModerationOverride record;
        try
        {
            record = JsonFile.Parse(bytes.Span, name, ModerationJson.Default.ModerationOverride);
        }
        catch (ControlException problem)
        {
            return $"it cannot be read: {problem.Message}";
        }

        if (record.Version != 1)
        {
            return $"it has version {record.Version}; this program reads version 1";
        }

        if (record.ChainId != chain)
        {
            return $"it is for chain {record.ChainId}, and this arena is on chain {chain}";
        }

        if (string.IsNullOrWhiteSpace(record.Reason))
        {
            return "it gives no reason";
        }

        if (record.Issued < 0 || record.Expires <= record.Issued || record.Expires - record.Issued > (long)longest.TotalSeconds)
        {
            return $"it counts for {record.Expires - (Int128)record.Issued} seconds, and 1 to {longest.TotalSeconds:0} are allowed";
        }

        try
        {
            if (Secp256k1.Recover(record.Statement().Digest, Signature.FromBytes(record.Signature)) != record.Author)
            {
                return $"it was not signed by {record.Author}: it was altered, or is over something else";
            }
        }
        catch (EthereumException problem)
        {
            return $"its signature cannot be read: {problem.Message}";
        }

        if (people?.Of(record.Author) is not { } person)
        {
            return $"{record.Author} is nobody's address in the operators' files";
        }

        if (!person.Duties.Contains(Duty.Security))
        {
            return $"{person.Name} does not have the duty {Duty.Security.Name()}";
        }

        if (!_rulings.TryGetValue(record.Content, out var rulings))
        {
            _rulings.Add(record.Content, rulings = []);
        }

        rulings.Add(new Ruling(person.Name, record));
        return null;
    }

    // A file that cannot be opened is a record that cannot be read.
    private static byte[] Bytes(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
