using System.Globalization;
using System.Text;

namespace AgiJobs.Ethereum.Safes.Batches;

/// <summary>
/// A JSON value as JavaScript holds it. The Transaction Builder's checksum is taken over what <c>JSON.stringify</c> writes, so text is kept
/// in UTF-16 with its lone surrogates, objects keep JavaScript's key order, and numbers that JavaScript would change are refused.
/// </summary>
internal abstract class ScriptValue
{
    /// <summary>Deeper nesting than this is refused.</summary>
    public const int MaxDepth = 64;

    /// <summary>What <c>JSON.stringify(value)</c> or, indented, <c>JSON.stringify(value, null, 2)</c> writes.</summary>
    public string Write(bool indented)
    {
        var text = new StringBuilder();
        Write(text, indented ? 0 : -1);
        return text.ToString();
    }

    /// <summary>Writes this value; <paramref name="level"/> is the depth when indented, -1 when not.</summary>
    public abstract void Write(StringBuilder text, int level);

    public static void WriteText(StringBuilder output, string text)
    {
        output.Append('"');
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            switch (c)
            {
                case '"':
                    output.Append("\\\"");
                    break;
                case '\\':
                    output.Append("\\\\");
                    break;
                case '\b':
                    output.Append("\\b");
                    break;
                case '\f':
                    output.Append("\\f");
                    break;
                case '\n':
                    output.Append("\\n");
                    break;
                case '\r':
                    output.Append("\\r");
                    break;
                case '\t':
                    output.Append("\\t");
                    break;
                case < ' ':
                    Escape(output, c);
                    break;
                case >= '\ud800' and <= '\udfff':
                    // Well-formed JSON.stringify (ES2019): a pair is written as it is, a lone surrogate escaped.
                    if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                    {
                        output.Append(c).Append(text[++i]);
                    }
                    else
                    {
                        Escape(output, c);
                    }

                    break;
                default:
                    output.Append(c);
                    break;
            }
        }

        output.Append('"');
    }

    private protected static void NewLine(StringBuilder text, int level)
    {
        if (level >= 0)
        {
            text.Append('\n').Append(' ', level * 2);
        }
    }

    private static void Escape(StringBuilder output, char c) => output.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
}

/// <summary>Text, possibly with lone surrogates.</summary>
internal sealed class ScriptText(string text) : ScriptValue
{
    public string Text { get; } = text;

    public override void Write(StringBuilder text, int level) => WriteText(text, Text);
}

/// <summary>A whole number that JavaScript holds exactly.</summary>
internal sealed class ScriptNumber(long value) : ScriptValue
{
    public const long Max = 9_007_199_254_740_991;

    public long Value { get; } = value;

    public override void Write(StringBuilder text, int level) => text.Append(Value.ToString(CultureInfo.InvariantCulture));
}

/// <summary>True or false.</summary>
internal sealed class ScriptFlag(bool value) : ScriptValue
{
    public bool Value { get; } = value;

    public override void Write(StringBuilder text, int level) => text.Append(Value ? "true" : "false");
}

/// <summary>Null.</summary>
internal sealed class ScriptNull : ScriptValue
{
    public static ScriptNull Instance { get; } = new();

    public override void Write(StringBuilder text, int level) => text.Append("null");
}

/// <summary>An array.</summary>
internal sealed class ScriptArray(IReadOnlyList<ScriptValue> items) : ScriptValue
{
    public IReadOnlyList<ScriptValue> Items { get; } = items;

    public override void Write(StringBuilder text, int level)
    {
        if (Items.Count == 0)
        {
            text.Append("[]");
            return;
        }

        var inner = level < 0 ? -1 : level + 1;
        text.Append('[');
        for (var i = 0; i < Items.Count; i++)
        {
            text.Append(i == 0 ? "" : ",");
            NewLine(text, inner);
            Items[i].Write(text, inner);
        }

        NewLine(text, level);
        text.Append(']');
    }
}

/// <summary>An object in JavaScript's key order: array indices ascending, then the other keys as they came.</summary>
internal sealed class ScriptObject : ScriptValue
{
    private readonly Dictionary<string, ScriptValue> _byKey;

    public ScriptObject(IEnumerable<KeyValuePair<string, ScriptValue>> entries)
    {
        var all = entries.ToArray();
        _byKey = new Dictionary<string, ScriptValue>(all, StringComparer.Ordinal);
        Entries =
        [
            .. all.Where(static entry => IsIndex(entry.Key)).OrderBy(static entry => uint.Parse(entry.Key, CultureInfo.InvariantCulture)),
            .. all.Where(static entry => !IsIndex(entry.Key)),
        ];
    }

    public IReadOnlyList<KeyValuePair<string, ScriptValue>> Entries { get; }

    /// <summary>The value of a key, or null when there is no such key.</summary>
    public ScriptValue? this[string key] => _byKey.GetValueOrDefault(key);

    /// <summary>The same object with one key set: in its old place, or at the end.</summary>
    public ScriptObject With(string key, ScriptValue value) => new(
        _byKey.ContainsKey(key)
            ? Entries.Select(entry => entry.Key == key ? new(key, value) : entry)
            : Entries.Append(new(key, value)));

    /// <summary>The same object without a key.</summary>
    public ScriptObject Without(string key) => new(Entries.Where(entry => entry.Key != key));

    public override void Write(StringBuilder text, int level)
    {
        if (Entries.Count == 0)
        {
            text.Append("{}");
            return;
        }

        var inner = level < 0 ? -1 : level + 1;
        text.Append('{');
        for (var i = 0; i < Entries.Count; i++)
        {
            text.Append(i == 0 ? "" : ",");
            NewLine(text, inner);
            WriteText(text, Entries[i].Key);
            text.Append(level < 0 ? ":" : ": ");
            Entries[i].Value.Write(text, inner);
        }

        NewLine(text, level);
        text.Append('}');
    }

    // An array index in ECMAScript: the canonical decimal form of 0 to 2^32 - 2.
    private static bool IsIndex(string key) =>
        key.Length is > 0 and <= 10
        && !key.AsSpan().ContainsAnyExceptInRange('0', '9')
        && (key.Length == 1 || key[0] != '0')
        && ulong.Parse(key, CultureInfo.InvariantCulture) < uint.MaxValue;
}
