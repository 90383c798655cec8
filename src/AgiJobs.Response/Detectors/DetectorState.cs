using System.Collections.Immutable;

namespace AgiJobs.Response.Detectors;

/// <summary>Something that was seen and counts for a while.</summary>
/// <param name="Block">The block in which it was seen, last.</param>
/// <param name="Seconds">Its time, seconds since 1970.</param>
/// <param name="Key">What it belongs to.</param>
/// <param name="Value">What it was.</param>
internal sealed record Mark(ulong Block, long Seconds, string Key, string Value);

/// <summary>What one detector remembers. Immutable; the one without content is the beginning.</summary>
/// <param name="Facts">By name.</param>
/// <param name="Marks">Oldest first.</param>
internal sealed record DetectorState(ImmutableSortedDictionary<string, string> Facts, ImmutableList<Mark> Marks)
{
    public static DetectorState Empty { get; } = new(ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal), []);

    public bool IsEmpty => Facts.IsEmpty && Marks.IsEmpty;

    public string? this[string fact] => Facts.GetValueOrDefault(fact);

    public DetectorState With(string fact, string? value) =>
        value is null ? (Facts.ContainsKey(fact) ? this with { Facts = Facts.Remove(fact) } : this)
        : string.Equals(this[fact], value, StringComparison.Ordinal) ? this
        : this with { Facts = Facts.SetItem(fact, value) };
}
