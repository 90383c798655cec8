using System.Text.Json;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Control.Configuration;

/// <summary>Every file is one that a command reads, has the form of its schema and this program's version, and points an editor at the right schema.</summary>
internal sealed class FormRule : ILintRule
{
    public IEnumerable<LintFinding> Check(LintGround ground)
    {
        foreach (var file in ground.Files)
        {
            foreach (var problem in file.Problems)
            {
                yield return new LintFinding(true, file.Path, problem.Line, "file-format", $"at {problem.Place}: {problem.Message}", "Correct the file.");
            }

            if (file.Kind is null && ground.IsCatalogue(file.Path, out var wanted))
            {
                if (wanted is not null && !ground.Networks.Contains(wanted, StringComparer.Ordinal))
                {
                    yield return new LintFinding(true, file.Path, null, "network-unknown", $"it is for the network '{wanted}', and there is no config/networks/{wanted}.json", "Correct the name, or add the network's file.");
                }

                continue;
            }

            if (file.Kind is not { } kind)
            {
                yield return new LintFinding(false, file.Path, null, "file-unknown", "no command reads this file", "Check its name (NAME.NETWORK.json with the network's exact name), or move it out of config/.");
                continue;
            }

            if (kind.Network is { } network && !ground.Networks.Contains(network, StringComparer.Ordinal))
            {
                yield return new LintFinding(true, file.Path, null, "network-unknown", $"it is for the network '{network}', and there is no config/networks/{network}.json", "Correct the name, or add the network's file.");
            }

            if (file.Path.StartsWith("config/schemas/", StringComparison.Ordinal))
            {
                var name = Path.GetFileName(file.Path)[..^".schema.json".Length];
                if (!file.Content.AsSpan().SequenceEqual(System.Text.Encoding.UTF8.GetBytes(ConfigurationSchemas.Write(name))))
                {
                    yield return new LintFinding(false, file.Path, null, "schema-stale", "it is not the schema of this program", "agijobs config schema --out config/schemas");
                }
            }
            else if (file.Problems.Count == 0)
            {
                foreach (var finding in Head(ground, file, kind))
                {
                    yield return finding;
                }
            }
        }
    }

    private static IEnumerable<LintFinding> Head(LintGround ground, LintFile file, ConfigurationKind kind)
    {
        JsonElement root;
        string? broken = null;
        try
        {
            using var document = JsonDocument.Parse(file.Content, new JsonDocumentOptions { AllowDuplicateProperties = false });
            root = document.RootElement.Clone();
        }
        catch (JsonException problem)
        {
            root = default;
            broken = problem.Message;
        }

        if (broken is not null)
        {
            yield return new LintFinding(true, file.Path, null, "file-format", $"this is no JSON: {broken}", "Correct the file.");
            yield break;
        }

        if (kind.Schema is not { } schema || root.ValueKind != JsonValueKind.Object)
        {
            yield break;
        }

        if (root.TryGetProperty("version", out var version) && version.TryGetInt32(out var number) && number != 1)
        {
            yield return ground.Finding(true, file.Path, "$.version", "file-version", $"it has version {number}, and this program reads version 1", "Use the program of the version that wrote it.");
        }

        if (root.TryGetProperty("$schema", out var reference) && reference.GetString() is { } text)
        {
            var name = schema + ".schema.json";
            if (!text.EndsWith("/" + name, StringComparison.Ordinal) && !string.Equals(text, name, StringComparison.Ordinal))
            {
                yield return ground.Finding(false, file.Path, "$.$schema", "schema-reference", $"'{text}' is not the schema of this file, {name}", $"Write \"{Reference(file.Path, schema)}\", or leave the key out.");
            }
            else if (!text.Contains("://", StringComparison.Ordinal) && !System.IO.File.Exists(Path.GetFullPath(text, Path.GetDirectoryName(ground.Workspace.Locate(file.Path))!)))
            {
                yield return ground.Finding(false, file.Path, "$.$schema", "schema-reference", $"'{text}' does not exist", "agijobs config schema --out config/schemas");
            }
        }
    }

    // Where the schema lies, seen from the file.
    private static string Reference(string path, string schema) => $"{(path.Split('/').Length > 2 ? "../schemas/" : "schemas/")}{schema}.schema.json";
}
