namespace AgiJobs.Hgm;

/// <summary>A refusal of the engine: bad settings, an event that cannot follow, an amount that cannot be kept.</summary>
/// <param name="code">Stable, kebab-case.</param>
/// <param name="message">Names the value and the rule.</param>
/// <param name="mend">What to do about it.</param>
public sealed class HgmException(string code, string message, string mend) : Exception(message)
{
    /// <summary>Stable, kebab-case.</summary>
    public string Code { get; } = code;

    /// <summary>What to do about it.</summary>
    public string Mend { get; } = mend;
}
