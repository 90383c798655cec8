using System.Security.Cryptography;
using System.Text;

namespace AgiJobs.Tasks;

/// <summary>
/// A task as it is published: the bytes that everybody hashes. <c>{"body":{...},"difficulty":10,"family":"NAME","version":1}</c>, keys in ordinal order, no white space,
/// numbers as integers, UTF-8 without escapes that need not be: what a teacher in another language can write with any JSON library.
/// </summary>
public sealed class TaskStatement
{
    /// <summary>Hardest.</summary>
    public const int MaxDifficulty = 1000;

    /// <summary>Most bytes of a statement.</summary>
    public const int MaxBytes = 16_384;

    /// <summary>Most characters of an answer.</summary>
    public const int MaxAnswer = 16_384;

    /// <summary>Takes the parts.</summary>
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

    /// <summary>SHA-256 of the text in UTF-8: the task's digest on chain.</summary>
    public byte[] Digest() => SHA256.HashData(Encoding.UTF8.GetBytes(Text));
}
