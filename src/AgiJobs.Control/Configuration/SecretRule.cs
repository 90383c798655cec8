using System.Text.Json;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Control.Configuration;

/// <summary>No secret stands in a file: a URL with a password or key, a mnemonic, or a value under a name that says it is one. The secret is not repeated.</summary>
internal sealed class SecretRule : ILintRule
{
    private const string Mend = "Take it out, treat it as known to others, and write {\"env\": \"NAME\"} or {\"file\": \"PATH\"} in its place.";

    public IEnumerable<LintFinding> Check(LintGround ground)
    {
        var findings = new List<LintFinding>();
        foreach (var file in ground.Files)
        {
            try
            {
                using var document = JsonDocument.Parse(file.Content);
                Walk(document.RootElement, "$", "");

                void Walk(JsonElement value, string place, string key)
                {
                    switch (value.ValueKind)
                    {
                        case JsonValueKind.Object:
                            foreach (var member in value.EnumerateObject())
                            {
                                Walk(member.Value, $"{place}.{member.Name}", member.Name);
                            }

                            break;
                        case JsonValueKind.Array:
                            var index = 0;
                            foreach (var item in value.EnumerateArray())
                            {
                                Walk(item, $"{place}[{index++}]", key);
                            }

                            break;
                        case JsonValueKind.String:
                            var text = value.GetString()!;
                            var why = SecretText.IsSecretUrl(text) ? "a URL with a password or key in it"
                                : SecretText.IsMnemonic(text) ? "words that could be a mnemonic"
                                : SecretText.IsSecretName(key) && text.Length > 0 && text is not { Length: 42 } ? $"a text under the name '{key}'"
                                : null;
                            if (why is not null)
                            {
                                findings.Add(ground.Finding(true, file.Path, place, "secret-literal", $"at {place}: {why}, and this folder is no place for a secret", Mend));
                            }

                            break;
                        default:
                            break;
                    }
                }
            }
            catch (JsonException)
            {
                // What is no JSON is reported as such.
            }
        }

        return findings;
    }
}
