using System.Diagnostics.CodeAnalysis;

namespace AgiJobs.Control.Observation;

/// <summary>
/// What was read from the chain: a value, or that it is unknown and why. Unknown is never a default value, so it cannot be mistaken for fine.
/// </summary>
/// <typeparam name="T">What was to be read.</typeparam>
public sealed class Reading<T>
{
    private readonly T? _value;

    private Reading(bool known, T? value, string? why)
    {
        IsKnown = known;
        _value = value;
        Why = why;
    }

    /// <summary>True when there is a value.</summary>
    public bool IsKnown { get; }

    /// <summary>Why it is unknown; null when it is known.</summary>
    public string? Why { get; }

    /// <summary>The value.</summary>
    /// <exception cref="ControlException"><c>reading-unknown</c> (exit 5) when it is unknown.</exception>
    public T Value => TryGet(out var value) ? value : throw new ControlException("reading-unknown", ExitCode.Unknown, $"Unknown: {Why}", "Nothing is assumed in its place. Mend the cause and run the command again.");

    /// <summary>The value when there is one.</summary>
    public bool TryGet([MaybeNullWhen(false)] out T value)
    {
        value = _value;
        return IsKnown;
    }

    /// <summary>The value, or <c>unknown: why</c>.</summary>
    public override string ToString() => IsKnown ? $"{_value}" : $"unknown: {Why}";

    internal static Reading<T> Of(T value) => new(true, value, null);

    internal static Reading<T> NotKnown(string why) => new(false, default, why);
}

/// <summary>Makes readings.</summary>
public static class Reading
{
    /// <summary>A value that was read.</summary>
    public static Reading<T> Known<T>(T value) => Reading<T>.Of(value);

    /// <summary>A value that could not be read.</summary>
    public static Reading<T> Unknown<T>(string why) => Reading<T>.NotKnown(why);
}
