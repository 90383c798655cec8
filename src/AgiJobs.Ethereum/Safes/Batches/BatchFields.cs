namespace AgiJobs.Ethereum.Safes.Batches;

/// <summary>The keys of one object of a file: each is read by name, and at the end a key that nobody read is refused.</summary>
internal sealed class BatchFields(ScriptObject source, string where)
{
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    public string Text(string key) => OptionalText(key) ?? throw Missing(key, "text in quotes");

    public string? OptionalText(string key) => Take(key) switch
    {
        null or ScriptNull => null,
        ScriptText text => text.Text,
        _ => throw Wrong(key, "text in quotes"),
    };

    public long Number(string key) => Take(key) switch
    {
        ScriptNumber number => number.Value,
        null or ScriptNull => throw Missing(key, "a whole number"),
        _ => throw Wrong(key, "a whole number"),
    };

    public bool Flag(string key) => Take(key) switch
    {
        ScriptFlag flag => flag.Value,
        null or ScriptNull => throw Missing(key, "true or false"),
        _ => throw Wrong(key, "true or false"),
    };

    public ScriptArray Array(string key) => OptionalArray(key) ?? throw Missing(key, "a list");

    public ScriptArray? OptionalArray(string key) => Take(key) switch
    {
        null or ScriptNull => null,
        ScriptArray array => array,
        _ => throw Wrong(key, "a list"),
    };

    public ScriptObject Object(string key) => OptionalObject(key) ?? throw Missing(key, "an object");

    public ScriptObject? OptionalObject(string key) => Take(key) switch
    {
        null or ScriptNull => null,
        ScriptObject item => item,
        _ => throw Wrong(key, "an object"),
    };

    public void RefuseOthers()
    {
        foreach (var (key, _) in source.Entries)
        {
            if (!_read.Contains(key))
            {
                throw EthereumException.BadInput("safe-batch-unknown-key", $"{where} has the key '{Hex.Shorten(key)}', which a Transaction Builder file does not have there. Remove it.");
            }
        }
    }

    private ScriptValue? Take(string key)
    {
        _read.Add(key);
        return source[key];
    }

    private EthereumException Missing(string key, string what) => EthereumException.BadInput("safe-batch-shape", $"{where}.{key} is missing; it must be {what}.");

    private EthereumException Wrong(string key, string what) => EthereumException.BadInput("safe-batch-shape", $"{where}.{key} must be {what}.");
}
