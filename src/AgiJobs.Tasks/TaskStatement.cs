using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace AgiJobs.Tasks;

/// <summary>
/// A task as it is published: the bytes that everybody hashes. <c>{"body":{...},"difficulty":10,"family":"NAME","version":1}</c>, keys in ordinal order, no white space,
/// numbers as integers, UTF-8 without escapes that need not be: what a teacher in another language can write with any JSON library. docs/tasks.md has the exact rules.
/// Immutable; safe for use by several threads.
/// </summary>
public sealed class TaskStatement
{
    /// <summary>Hardest.</summary>
    public const int MaxDifficulty = 1000;

    /// <summary>Most bytes of a statement.</summary>
    public const int MaxBytes = 16_384;

    /// <summary>Most characters of an answer.</summary>
    public const int MaxAnswer = 16_384;

    /// <summary>Greatest magnitude of any integer in a statement or an answer: 2^53 - 1, which every JSON library keeps exactly (RFC 8259, section 6).</summary>
    public const long MaxInteger = 9_007_199_254_740_991;

    /// <summary>Deepest nesting of objects and arrays in a body, the body itself counted.</summary>
    public const int MaxDepth = 8;

    /// <summary>Most characters of a key or of a family's name.</summary>
    public const int MaxName = 40;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Takes the parts as they are; <see cref="ITaskFamily.Validate"/> says whether they are a task.</summary>
    /// <param name="family">The family's name.</param>
    /// <param name="difficulty">What its teacher says it is.</param>
    /// <param name="body">The family's own JSON object, canonical.</param>
    public TaskStatement(string family, int difficulty, string body)
    {
        ArgumentNullException.ThrowIfNull(family);
        ArgumentNullException.ThrowIfNull(body);
        Family = family;
        Difficulty = difficulty;
        Body = body;
        Text = $"{{\"body\":{body},\"difficulty\":{difficulty},\"family\":\"{family}\",\"version\":1}}";
    }

    /// <summary>The family's name.</summary>
    public string Family { get; }

    /// <summary>What its teacher says it is.</summary>
    public int Difficulty { get; }

    /// <summary>The family's own JSON object.</summary>
    public string Body { get; }

    /// <summary>The whole statement.</summary>
    public string Text { get; }

    /// <summary>
    /// What the family read in the body, or the fault it found: a statement is read once however many answers to it are checked. Set only to immutable objects that depend on nothing but
    /// the statement, so that a race between threads writes the same twice.
    /// </summary>
    internal object? Reading { get; set; }

    /// <summary>Reads published bytes, which must be canonical to the byte: what is read has exactly these bytes as its <see cref="Text"/>.</summary>
    /// <exception cref="TaskFaultException">They are not: <c>task-malformed</c>, <c>task-too-large</c>, <c>task-out-of-bounds</c>.</exception>
    public static TaskStatement Parse(ReadOnlySpan<byte> utf8) => TryParse(utf8, out var statement, out var fault) ? statement : throw new TaskFaultException(fault);

    /// <summary>Reads published bytes as <see cref="Parse"/> does, and says what is wrong instead of throwing. The family need not be known: <see cref="TaskFamilies.Validate"/> asks it.</summary>
    public static bool TryParse(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out TaskStatement? statement, [NotNullWhen(false)] out TaskFault? fault)
    {
        statement = null;
        if (utf8.Length > MaxBytes)
        {
            fault = new TaskFault("task-too-large", $"The statement has {utf8.Length} bytes, {MaxBytes} are the most; make the task smaller.");
            return false;
        }

        string text;
        try
        {
            text = StrictUtf8.GetString(utf8);
        }
        catch (DecoderFallbackException)
        {
            fault = new TaskFault("task-malformed", "The statement is not UTF-8; encode it as UTF-8 without a byte order mark.");
            return false;
        }

        var reader = new CanonicalReader(text);
        reader.Literal("{\"body\":");
        var begin = reader.Position;
        reader.Object();
        var end = reader.Position;
        reader.Literal(",\"difficulty\":");
        var difficulty = (int)reader.Integer(0, MaxDifficulty, "difficulty");
        reader.Literal(",\"family\":\"");
        var family = reader.FamilyName();
        reader.Literal("\",\"version\":1}");
        reader.End();
        fault = reader.Fault;
        statement = fault is null ? new TaskStatement(family.ToString(), difficulty, text[begin..end]) : null;
        return fault is null;
    }

    /// <summary>SHA-256 of the text in UTF-8: the task's digest on chain.</summary>
    public byte[] Digest() => SHA256.HashData(Encoding.UTF8.GetBytes(Text));
}
