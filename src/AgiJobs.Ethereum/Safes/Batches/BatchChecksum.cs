using System.Text;
using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Ethereum.Safes.Batches;

/// <summary>
/// The checksum of a Transaction Builder file: Keccak-256 over a serialisation of its own, with <c>meta.name</c> null and without
/// <c>meta.checksum</c>. Source: apps/tx-builder/src/lib/checksum.ts of safe-react-apps.
/// </summary>
internal static class BatchChecksum
{
    /// <summary>The checksum that upstream writes into a file and compares when it reads one.</summary>
    public static Bytes32 Compute(ScriptObject batch)
    {
        var meta = batch["meta"] as ScriptObject ?? new ScriptObject([]);
        return OfSerialized(batch.With("meta", meta.Without("checksum").With("name", ScriptNull.Instance)));
    }

    /// <summary>The hash of an object in the serialisation; nothing is left out.</summary>
    public static Bytes32 OfSerialized(ScriptValue value)
    {
        var text = new StringBuilder();
        Serialize(text, value);
        return Keccak256.Hash(text.ToString());
    }

    private static void Serialize(StringBuilder text, ScriptValue value)
    {
        switch (value)
        {
            case ScriptArray array:
                text.Append('[');
                for (var i = 0; i < array.Items.Count; i++)
                {
                    text.Append(i == 0 ? "" : ",");
                    Serialize(text, array.Items[i]);
                }

                text.Append(']');
                break;
            case ScriptObject item:
                var sorted = item.Entries.OrderBy(static entry => entry.Key, StringComparer.Ordinal).ToArray();
                text.Append("{[");
                for (var i = 0; i < sorted.Length; i++)
                {
                    text.Append(i == 0 ? "" : ",");
                    ScriptValue.WriteText(text, sorted[i].Key);
                }

                text.Append(']');
                foreach (var (_, inner) in sorted)
                {
                    Serialize(text, inner);
                    text.Append(',');
                }

                text.Append('}');
                break;
            default:
                value.Write(text, -1);
                break;
        }
    }
}
