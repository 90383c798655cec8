namespace AgiJobs.Response.Findings;

/// <summary>How bad something is: the incident playbooks' levels, for findings, alerts and incidents alike. The lower the number, the worse.</summary>
public enum Severity
{
    /// <summary>Funds are being lost, the protocol's integrity is broken, or an administrator's key is compromised: pause at once, tell everybody.</summary>
    Sev0 = 0,

    /// <summary>A loss is likely: a critical vulnerability without an exploit yet, an outage of a major subsystem, anomalous slashing, a treasury that drains.</summary>
    Sev1 = 1,

    /// <summary>Degraded: jobs are finalised late, few validators take part, and nobody loses anything.</summary>
    Sev2 = 2,

    /// <summary>Cosmetic, or noise of the monitoring.</summary>
    Sev3 = 3,
}

/// <summary>The words of severities.</summary>
public static class Severities
{
    /// <summary>As files, commands and messages write it: <c>SEV-0</c>.</summary>
    public static string Name(this Severity severity) => severity switch
    {
        Severity.Sev0 => "SEV-0",
        Severity.Sev1 => "SEV-1",
        Severity.Sev2 => "SEV-2",
        Severity.Sev3 => "SEV-3",
        _ => throw new ArgumentOutOfRangeException(nameof(severity)),
    };

    /// <summary>Reads <c>SEV-0</c>, <c>sev0</c> or <c>0</c>; null for anything else.</summary>
    public static Severity? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var digits = text.StartsWith("sev", StringComparison.OrdinalIgnoreCase) ? text.AsSpan(3).TrimStart('-') : text;
        return digits is ['0' or '1' or '2' or '3'] ? (Severity)(digits[0] - '0') : null;
    }
}
