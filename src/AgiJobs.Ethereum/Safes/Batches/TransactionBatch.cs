using System.Globalization;
using System.Text;

namespace AgiJobs.Ethereum.Safes.Batches;

/// <summary>
/// A file of the Safe Transaction Builder: a list of calls that the owners of a Safe load, look at and sign as one. Reading checks the
/// checksum; writing a file that was read gives the same bytes, and what is made here passes upstream's own check.
/// Source: apps/tx-builder of safe-react-apps and safe-wallet-monorepo (models.ts, checksum.ts, transactionLibraryContext.tsx).
/// </summary>
public sealed class TransactionBatch
{
    /// <summary>Longer files are refused: a batch that fits one transaction is far smaller.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    /// <summary>The version of the app whose format is written.</summary>
    public const string BuilderVersion = "1.16.5";

    private readonly ScriptObject _source;

    private TransactionBatch(
        ScriptObject source, BatchLayout layout, ChainId chain, DateTimeOffset createdAt, BatchMeta meta, IReadOnlyList<BatchTransaction> transactions, bool hasChecksum)
    {
        _source = source;
        Layout = layout;
        Chain = chain;
        CreatedAt = createdAt;
        Meta = meta;
        Transactions = transactions;
        HasChecksum = hasChecksum;
        Checksum = BatchChecksum.Compute(source);
    }

    /// <summary>How the text was laid out when read; compact for a new batch.</summary>
    public BatchLayout Layout { get; }

    /// <summary>The chain it is for.</summary>
    public ChainId Chain { get; }

    /// <summary>When it was made, to the millisecond.</summary>
    public DateTimeOffset CreatedAt { get; }

    /// <summary>What it says about itself.</summary>
    public BatchMeta Meta { get; }

    /// <summary>The calls, in order.</summary>
    public IReadOnlyList<BatchTransaction> Transactions { get; }

    /// <summary>True when the file carries its checksum; then it is right. False means nothing guards the file against a change.</summary>
    public bool HasChecksum { get; }

    /// <summary>The checksum by upstream's algorithm, whether the file carries it or not.</summary>
    public Bytes32 Checksum { get; }

    /// <summary>Makes a batch with its checksum.</summary>
    /// <param name="chain">The chain.</param>
    /// <param name="createdAt">When; upstream keeps milliseconds.</param>
    /// <param name="meta">Name, description and origin. A missing version becomes <see cref="BuilderVersion"/>; missing texts are written empty.</param>
    /// <param name="transactions">One or more calls.</param>
    /// <exception cref="EthereumException"><c>safe-batch-empty</c>; <c>safe-batch-time</c> for a time before 1970.</exception>
    public static TransactionBatch Create(ChainId chain, DateTimeOffset createdAt, BatchMeta meta, IReadOnlyList<BatchTransaction> transactions)
    {
        ArgumentNullException.ThrowIfNull(meta);
        ArgumentNullException.ThrowIfNull(transactions);
        RequireSome(transactions.Count);
        var milliseconds = createdAt.ToUnixTimeMilliseconds();
        var head = new ScriptObject(
        [
            new("version", new ScriptText("1.0")),
            new("chainId", new ScriptText(chain.ToString())),
            new("createdAt", new ScriptNumber(milliseconds >= 0 ? milliseconds : throw BadTime(milliseconds))),
            new("meta", new ScriptObject(
            [
                new("name", new ScriptText(meta.Name ?? "")),
                new("description", new ScriptText(meta.Description ?? "")),
                new("txBuilderVersion", new ScriptText(meta.TxBuilderVersion ?? BuilderVersion)),
                new("createdFromSafeAddress", new ScriptText(meta.CreatedFromSafe?.ToString() ?? "")),
                new("createdFromOwnerAddress", new ScriptText(meta.CreatedFromOwner?.ToString() ?? "")),
            ])),
            new("transactions", new ScriptArray([.. transactions.Select(static transaction => transaction.Source)])),
        ]);
        var checksum = new ScriptText(BatchChecksum.Compute(head).ToString());
        return Read(head.With("meta", ((ScriptObject)head["meta"]!).With("checksum", checksum)), BatchLayout.Compact);
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="EthereumException">
    /// <c>safe-batch-checksum</c> (mismatch) when the file was changed after its checksum was taken; <c>safe-batch-data-disagrees</c> (mismatch) when
    /// data and method of a call differ; else bad input with a code that begins with <c>safe-batch-</c>, <c>address-</c> or <c>abi-</c>.
    /// </exception>
    public static TransactionBatch Parse(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > MaxBytes)
        {
            throw EthereumException.BadInput("safe-batch-size", $"The file has {utf8.Length} bytes; a batch has at most {MaxBytes}.");
        }

        var text = BatchText.ReadUtf8(utf8);
        var source = ScriptReader.Read(text) as ScriptObject ?? throw EthereumException.BadInput("safe-batch-shape", "A Transaction Builder file is one JSON object.");
        return Read(source, text.Contains('\n', StringComparison.Ordinal) ? BatchLayout.Indented : BatchLayout.Compact);
    }

    /// <summary>The file's bytes in the layout it was read in.</summary>
    public byte[] ToBytes() => ToBytes(Layout);

    /// <summary>The file's bytes in a layout; neither ends with a line feed.</summary>
    public byte[] ToBytes(BatchLayout layout) => Encoding.UTF8.GetBytes(_source.Write(layout == BatchLayout.Indented));

    /// <summary>The calls as steps of a MultiSend, for <see cref="MultiSend.ToTransaction"/>.</summary>
    public IReadOnlyList<MultiSendCall> ToCalls() => [.. Transactions.Select(static transaction => transaction.ToCall())];

    private static TransactionBatch Read(ScriptObject source, BatchLayout layout)
    {
        var file = new BatchFields(source, "the file");
        if (file.Text("version") is var version && version != "1.0")
        {
            throw EthereumException.BadInput("safe-batch-version", $"The file has format version '{Hex.Shorten(version)}'; only 1.0 is known.");
        }

        var chain = ReadChain(file.Text("chainId"));
        var createdAt = file.Number("createdAt");
        if (createdAt is < 0 or > 253_402_300_799_999)
        {
            throw BadTime(createdAt);
        }

        var metaFields = new BatchFields(file.Object("meta"), "meta");
        var meta = new BatchMeta
        {
            Name = metaFields.OptionalText("name"),
            Description = metaFields.OptionalText("description"),
            TxBuilderVersion = metaFields.OptionalText("txBuilderVersion"),
            CreatedFromSafe = OptionalAddress(metaFields, "createdFromSafeAddress"),
            CreatedFromOwner = OptionalAddress(metaFields, "createdFromOwnerAddress"),
        };
        var stated = metaFields.OptionalText("checksum");
        metaFields.RefuseOthers();

        // The checksum comes before the calls: a changed file should say so, not complain about what the change broke.
        RequireChecksum(source, stated);
        var list = file.Array("transactions");
        file.RefuseOthers();
        RequireSome(list.Items.Count);
        var transactions = new List<BatchTransaction>(list.Items.Count);
        foreach (var item in list.Items)
        {
            var where = $"transactions[{transactions.Count}]";
            transactions.Add(BatchTransaction.Read(
                item as ScriptObject ?? throw EthereumException.BadInput("safe-batch-shape", $"{where} must be an object."), where));
        }

        return new TransactionBatch(
            source, layout, chain, DateTimeOffset.FromUnixTimeMilliseconds(createdAt), meta, transactions, !string.IsNullOrEmpty(stated));
    }

    private static ChainId ReadChain(string text) =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var chain) && chain > 0
            ? new ChainId(chain)
            : throw EthereumException.BadInput("safe-batch-chain", $"chainId is '{Hex.Shorten(text)}'; it must be a decimal chain id in quotes.");

    private static Address? OptionalAddress(BatchFields fields, string key) =>
        fields.OptionalText(key) is { Length: > 0 } text ? BatchText.ReadAddress(text, $"meta.{key}") : null;

    private static void RequireChecksum(ScriptObject source, string? stated)
    {
        if (string.IsNullOrEmpty(stated))
        {
            return;
        }

        var computed = BatchChecksum.Compute(source);
        if (!string.Equals(stated, computed.ToString(), StringComparison.Ordinal))
        {
            throw new EthereumException(
                "safe-batch-checksum",
                Fault.Mismatch,
                $"The file says its checksum is {Hex.Shorten(stated)}, but its content has {computed}: it was changed after it was made. Ask its author for the file and compare.");
        }
    }

    private static void RequireSome(int count)
    {
        if (count == 0)
        {
            throw EthereumException.BadInput("safe-batch-empty", "The batch has no transaction; it needs at least one.");
        }
    }

    private static EthereumException BadTime(long milliseconds) =>
        EthereumException.BadInput("safe-batch-time", $"createdAt is {milliseconds}; it must be milliseconds from 1970 to 9999.");
}
