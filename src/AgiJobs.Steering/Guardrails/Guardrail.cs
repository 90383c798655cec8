using System.Globalization;

namespace AgiJobs.Steering.Guardrails;

/// <summary>How a guardrail stands.</summary>
public enum GuardrailVerdict
{
    /// <summary>It cannot be told. That is not fine.</summary>
    Unknown = 0,

    /// <summary>It is kept.</summary>
    Held = 1,

    /// <summary>It is not kept.</summary>
    Missed = 2,
}

/// <summary>A guardrail and how it stands.</summary>
/// <param name="Name">Stable, kebab case.</param>
/// <param name="Verdict">How it stands.</param>
/// <param name="Is">What was found, in words.</param>
/// <param name="Demand">What is asked, in words.</param>
/// <param name="Mend">What to do when it is not held.</param>
public sealed record Guardrail(string Name, GuardrailVerdict Verdict, string Is, string Demand, string Mend)
{
    /// <summary>Held, missed, or unknown for a value that is not known.</summary>
    public static GuardrailVerdict Of(bool? isHeld) => isHeld switch { true => GuardrailVerdict.Held, false => GuardrailVerdict.Missed, null => GuardrailVerdict.Unknown };

    /// <summary>A share in words, with its sign: <c>+10.94 %</c>.</summary>
    public static string Percent(decimal share) => (100m * share).ToString("+0.00;-0.00;0.00", CultureInfo.InvariantCulture) + " %";
}

/// <summary>Guardrails together.</summary>
public static class GuardrailVerdicts
{
    /// <summary>Missed when one is, else unknown when one is or there are none, else held.</summary>
    public static GuardrailVerdict Verdict(this IReadOnlyCollection<Guardrail> guardrails) =>
        guardrails.Any(guardrail => guardrail.Verdict == GuardrailVerdict.Missed) ? GuardrailVerdict.Missed
        : guardrails.Count == 0 || guardrails.Any(guardrail => guardrail.Verdict == GuardrailVerdict.Unknown) ? GuardrailVerdict.Unknown
        : GuardrailVerdict.Held;

    /// <summary>How many standard errors a measured mean must be above a demand to be told from chance.</summary>
    public const double Margin = 2.0;

    /// <summary>Whether a measured mean is at least what is demanded; null when it is, by less than <see cref="Margin"/> standard errors, and chance can have done it.</summary>
    public static bool? IsAtLeast(double mean, double error, double least) => !(mean >= least) ? double.IsNaN(mean) ? null : false : mean - least >= Margin * error ? true : null;
}
