namespace AgiJobs.Arena.Moderation;

/// <summary>
/// The fingerprint of a text: some of the hashes of its k-grams over letters and digits alone, chosen by winnowing, so that any <see cref="Shared"/> characters that two texts have in common give at least one hash in common.
/// Source: Schleimer, Wilkerson and Aiken, "Winnowing: Local Algorithms for Document Fingerprinting" (SIGMOD 2003).
/// </summary>
public static class TextPrint
{
    /// <summary>How many characters a hash is of: shorter agreements are chance.</summary>
    public const int Gram = 20;

    /// <summary>Of how many hashes in a row at least one is chosen.</summary>
    public const int Window = 8;

    /// <summary>What two texts must have in common, in characters, for it to be found for certain.</summary>
    public const int Shared = Gram + Window - 1;

    private const ulong Base = 0x9e3779b97f4a7c15;

    /// <summary>The hashes, ascending, each once; none for a text of less than <see cref="Gram"/> letters and digits.</summary>
    public static IReadOnlyList<ulong> Of(NormalText text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var letters = text.Letters;
        var count = letters.Length - Gram + 1;
        if (count <= 0)
        {
            return [];
        }

        var hashes = new ulong[count];
        var (rolling, leading) = (0UL, 1UL);
        for (var i = 0; i < letters.Length; i++)
        {
            rolling = (rolling * Base) + letters[i];
            if (i < Gram)
            {
                leading *= Base;
            }
            else
            {
                rolling -= leading * letters[i - Gram];
            }

            if (i >= Gram - 1)
            {
                hashes[i - Gram + 1] = Mix(rolling);
            }
        }

        // The smallest of each window, of equal ones the last; a queue of ascending hashes whose head is it.
        var chosen = new SortedSet<ulong>();
        var queue = new LinkedList<int>();
        for (var i = 0; i < count; i++)
        {
            while (queue.Last is { } last && hashes[last.Value] >= hashes[i])
            {
                queue.RemoveLast();
            }

            queue.AddLast(i);
            if (queue.First!.Value <= i - Window)
            {
                queue.RemoveFirst();
            }

            if (i >= Window - 1 || i == count - 1)
            {
                chosen.Add(hashes[queue.First!.Value]);
            }
        }

        return [.. chosen];
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
}
