using System.Text.Json;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Control.Desired;

/// <summary>The words that a file wants in a set of a contract.</summary>
/// <param name="Set">The set.</param>
/// <param name="Words">The words with what they are called, each once.</param>
/// <param name="IsListed">True when the file lists the set; else the words only follow from other keys, and none is removed.</param>
/// <param name="Retain">True when others may be in it too.</param>
/// <param name="Source">The file and the key that say so.</param>
public sealed record DesiredWords(WordSetFile Set, IReadOnlyList<(Bytes32 Word, string Name)> Words, bool IsListed, bool Retain, string Source)
{
    /// <summary>Reads what the file lists and adds what follows from its values; null when there is neither.</summary>
    internal static DesiredWords? Read(Protocol protocol, DomainKey key, JsonElement? listed, IReadOnlyList<DesiredValue> values, bool retain, string place, string source, List<string> notes)
    {
        var set = key.Words!;
        var unit = Unit.Of(set.Unit, protocol.Tokens);
        var words = new List<(Bytes32 Word, string Name)>();
        if (listed is { } list)
        {
            if (list.ValueKind != JsonValueKind.Array || list.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.String))
            {
                throw new ControlException("catalogue-key", ExitCode.BadInput, $"{place}: {list.GetRawText()} is no list of texts.", $"Write each as {unit.Form}, in brackets; an empty list removes all.");
            }

            foreach (var text in list.EnumerateArray().Select(item => item.GetString()!))
            {
                var word = DesiredState.Read(unit, text, place).AsBytes32();
                if (word == Bytes32.Zero)
                {
                    throw new ControlException("word-zero", ExitCode.BadInput, $"{place}: '{text}' is zero, which stands for none.", "Leave it out.");
                }

                if (words.Exists(other => other.Word == word))
                {
                    notes.Add($"{source}: {text} stands twice and counts once");
                    continue;
                }

                words.Add((word, text));
            }
        }

        foreach (var derived in set.Derived)
        {
            if (values.FirstOrDefault(value => string.Equals(value.Parameter.FullName, derived.Parameter, StringComparison.Ordinal)) is { } root && root.Value.AsBytes32() is var node && node != Bytes32.Zero && Under(node, derived.Label) is var alias && !words.Exists(other => other.Word == alias))
            {
                words.Add((alias, $"{derived.Label} of {derived.Parameter}"));
                notes.Add($"{source}: {alias}, the name '{derived.Label}' under {derived.Parameter}, belongs to it and is added");
            }
        }

        return listed is null && words.Count == 0 ? null : new DesiredWords(set, words, listed is not null, listed is null || retain, source);
    }

    /// <summary>The node of a label directly under another (EIP-137).</summary>
    internal static Bytes32 Under(Bytes32 parent, string label) => Keccak256.Hash([.. parent.ToBytes(), .. Keccak256.Hash(System.Text.Encoding.ASCII.GetBytes(label)).ToBytes()]);
}
