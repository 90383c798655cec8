using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Changes;

/// <summary>
/// The JSON Canonicalization Scheme: one byte sequence for one JSON value, so that two machines compute one digest.
/// Source: RFC 8785. Input that I-JSON forbids (duplicate keys, numbers beyond binary64, lone surrogates) is refused.
/// </summary>
public static class CanonicalJson
{
    private const string HalfSurrogate = "a key or a text holds half of a surrogate pair";

    /// <summary>The canonical UTF-8 bytes of a JSON text.</summary>
    /// <exception cref="ControlException"><c>json-canonical</c> when the text is not I-JSON.</exception>
    public static byte[] Encode(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 64 });
            return Encode(document.RootElement);
        }
        catch (JsonException problem)
        {
            throw Refuse(problem.Message, problem);
        }
        catch (InvalidOperationException problem)
        {
            // The check for duplicate keys unescapes them and meets half of a surrogate pair before MemberName does.
            throw Refuse(HalfSurrogate, problem);
        }
    }

    /// <summary>The canonical UTF-8 bytes of a parsed value.</summary>
    /// <exception cref="ControlException"><c>json-canonical</c> when the value is not I-JSON.</exception>
    public static byte[] Encode(JsonElement value)
    {
        var text = new StringBuilder();
        Write(text, value);
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>The SHA-256 of the canonical bytes.</summary>
    public static Bytes32 Digest(ReadOnlyMemory<byte> json) => new(SHA256.HashData(Encode(json)));

    private static void Write(StringBuilder text, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                WriteObject(text, value);
                break;
            case JsonValueKind.Array:
                text.Append('[');
                var first = true;
                foreach (var item in value.EnumerateArray())
                {
                    text.Append(first ? "" : ",");
                    first = false;
                    Write(text, item);
                }

                text.Append(']');
                break;
            case JsonValueKind.String:
                WriteString(text, Text(value));
                break;
            case JsonValueKind.Number:
                text.Append(EcmaScriptNumber(value));
                break;
            default:
                text.Append(value.ValueKind switch { JsonValueKind.True => "true", JsonValueKind.False => "false", _ => "null" });
                break;
        }
    }

    private static void WriteObject(StringBuilder text, JsonElement value)
    {
        var members = new List<(string Name, JsonElement Value)>();
        foreach (var member in value.EnumerateObject())
        {
            members.Add((MemberName(member), member.Value));
        }

        // RFC 8785 section 3.2.3: by UTF-16 code units, which is what ordinal comparison of .NET strings is.
        members.Sort(static (left, right) => string.CompareOrdinal(left.Name, right.Name));
        text.Append('{');
        for (var i = 0; i < members.Count; i++)
        {
            if (i > 0 && string.Equals(members[i].Name, members[i - 1].Name, StringComparison.Ordinal))
            {
                throw Refuse($"the key '{members[i].Name}' stands twice in one object");
            }

            text.Append(i == 0 ? "" : ",");
            WriteString(text, members[i].Name);
            text.Append(':');
            Write(text, members[i].Value);
        }

        text.Append('}');
    }

    private static string Text(JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException problem)
        {
            throw Refuse(HalfSurrogate, problem);
        }
    }

    private static string MemberName(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException problem)
        {
            throw Refuse(HalfSurrogate, problem);
        }
    }

    private static void WriteString(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (var c in value)
        {
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\b' => text.Append("\\b"),
                '\t' => text.Append("\\t"),
                '\n' => text.Append("\\n"),
                '\f' => text.Append("\\f"),
                '\r' => text.Append("\\r"),
                < ' ' => text.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture)),
                _ => text.Append(c),
            };
        }

        text.Append('"');
    }

    // ECMA-262 Number::toString. .NET's "R" gives the same shortest digits; only the placing of point and exponent differs.
    private static string EcmaScriptNumber(JsonElement value)
    {
        var number = value.GetDouble();
        if (!double.IsFinite(number))
        {
            throw Refuse($"the number {value.GetRawText()} is beyond a binary64");
        }

        if (number == 0)
        {
            return "0";
        }

        var (digits, exponent) = Split(Math.Abs(number).ToString("R", CultureInfo.InvariantCulture));
        var k = digits.Length;
        var n = exponent + 1;
        var body = n switch
        {
            _ when k <= n && n <= 21 => digits + new string('0', n - k),
            > 0 and <= 21 => string.Concat(digits.AsSpan(0, n), ".", digits.AsSpan(n)),
            > -6 and <= 0 => "0." + new string('0', -n) + digits,
            _ => digits[..1] + (k == 1 ? "" : "." + digits[1..]) + "e" + (n - 1 < 0 ? "-" : "+") + Math.Abs(n - 1).ToString(CultureInfo.InvariantCulture),
        };
        return number < 0 ? "-" + body : body;
    }

    // The significant digits without leading or trailing zeros, and the exponent of the first of them.
    private static (string Digits, int Exponent) Split(string shortest)
    {
        var exponentAt = shortest.IndexOf('E', StringComparison.Ordinal);
        var mantissa = exponentAt < 0 ? shortest : shortest[..exponentAt];
        var digits = mantissa.Replace(".", "", StringComparison.Ordinal).TrimStart('0').TrimEnd('0');
        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        int exponent;
        if (exponentAt >= 0)
        {
            exponent = int.Parse(shortest.AsSpan(exponentAt + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        }
        else if (mantissa.TrimStart('0') is var whole && (point < 0 || !whole.StartsWith('.')))
        {
            var integerDigits = point < 0 ? whole.Length : whole.IndexOf('.', StringComparison.Ordinal);
            exponent = integerDigits - 1;
        }
        else
        {
            var fraction = mantissa[(point + 1)..];
            exponent = -(fraction.Length - fraction.TrimStart('0').Length) - 1;
        }

        return (digits, exponent);
    }

    private static ControlException Refuse(string why, Exception? inner = null) =>
        new("json-canonical", ExitCode.BadInput, $"This JSON has no canonical form: {why}.", "Mend the file; RFC 8785 names what a canonical document may hold.", inner);
}
