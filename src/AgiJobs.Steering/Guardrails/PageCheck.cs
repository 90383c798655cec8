using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace AgiJobs.Steering.Guardrails;

/// <summary>Whether the page of a run's lineage is whole, loads nothing from elsewhere and lets no data run.</summary>
public static partial class PageCheck
{
    private static readonly string[] Sinks = ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "fetch(", "XMLHttpRequest", "WebSocket", "import("];

    /// <summary>Checks a page.</summary>
    public static Guardrail Of(string page)
    {
        ArgumentNullException.ThrowIfNull(page);
        var fault = Fault(page);
        return new Guardrail(
            "assets",
            Guardrail.Of(fault is null),
            fault ?? "the lineage's page is whole, its policy names its own script and style, and it asks for nothing elsewhere",
            "a page that loads nothing from elsewhere and lets no data run",
            fault is null ? "" : "Do not open reports of this build where anybody else can write: restore src/AgiJobs.Steering/Reports/lineage.*");
    }

    private static string? Fault(string page)
    {
        if (Policy().Match(page) is not { Success: true } policy)
        {
            return "the page has no content security policy";
        }

        var rules = policy.Groups["policy"].Value;
        if (!rules.Contains("default-src 'none'", StringComparison.Ordinal) || rules.Contains("unsafe", StringComparison.Ordinal))
        {
            return $"the content security policy is '{rules}'";
        }

        foreach (var (what, parts) in ((string, MatchCollection)[])[("script", Script().Matches(page)), ("style", Style().Matches(page))])
        {
            if (parts is not [var only] || !rules.Contains($"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(only.Groups["text"].Value)))}'", StringComparison.Ordinal))
            {
                return $"the policy does not name the page's one {what} by its digest";
            }
        }

        if (Elsewhere().Match(page) is { Success: true } elsewhere)
        {
            return $"the page names {elsewhere.Value}";
        }

        if (!Data().IsMatch(page))
        {
            return "the page has no block of data";
        }

        var code = Script().Match(page).Groups["text"].Value;
        return Sinks.FirstOrDefault(sink => code.Contains(sink, StringComparison.Ordinal)) is { } found ? $"the page's script uses {found}" : null;
    }

    [GeneratedRegex("""<meta http-equiv="Content-Security-Policy" content="(?<policy>[^"]*)">""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Policy();

    [GeneratedRegex("<script>(?<text>.*?)</script>", RegexOptions.ExplicitCapture | RegexOptions.Singleline, 1000)]
    private static partial Regex Script();

    [GeneratedRegex("<style>(?<text>.*?)</style>", RegexOptions.ExplicitCapture | RegexOptions.Singleline, 1000)]
    private static partial Regex Style();

    [GeneratedRegex("""<script [^>]*type="application/json"[^>]*>""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Data();

    [GeneratedRegex("""(src|href|action)\s*=\s*["']?(https?:)?//[^"'\s>]*""", RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex Elsewhere();
}
