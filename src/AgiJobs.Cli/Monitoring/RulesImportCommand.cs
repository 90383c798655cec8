using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Detectors;
using AgiJobs.Response.Detectors.Import;

namespace AgiJobs.Cli.Monitoring;

/// <summary><c>monitoring import</c>: rules from the files of OpenZeppelin Monitor and of Defender Sentinels.</summary>
internal static class RulesImportCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var files = new Argument<string[]>("FILE") { Description = "monitor, network and trigger files of OpenZeppelin Monitor, or Defender Sentinels", Arity = ArgumentArity.OneOrMore };
        var map = new Option<string?>("--address-map") { Description = "a JSON object with the address of every {{NAME}} that Sentinels use", HelpName = "FILE" };
        var command = new Command("import", "make rules of the files of OpenZeppelin Monitor and Defender Sentinels; exit 3 when something could not be carried over as it stood") { files, map, options.Out };
        Session.Run(command, options, environment, (session, parsed, _) =>
        {
            var ground = RuleGround.Of(session.Workspace, session.Network, environment.Time);
            var result = new RuleImport(ground).Run([.. parsed.GetValue(files)!.Select(file => new ImportFile(file, Read(session, file)))], parsed.GetValue(map) is { } path ? Map(path, Read(session, path)) : new Dictionary<string, string>(StringComparer.Ordinal));
            var content = JsonFile.Encode(result.Rules, WorkspaceJson.Default.MonitoringRulesFile);
            var target = parsed.GetValue(options.Out) is { } given ? session.PathOf(given) : null;
            if (target is not null && !AtomicFile.TryCreate(target, content))
            {
                throw new ControlException("file-exists", ExitCode.Refused, $"{target} exists already.", "Give another --out; nothing was written.");
            }

            var exit = result.Warnings.Count == 0 ? ExitCode.Clean : ExitCode.Findings;
            if (target is null)
            {
                session.Terminal.Text(Encoding.UTF8.GetString(content));
            }

            foreach (var warning in result.Warnings)
            {
                session.Terminal.Progress($"WARNING {warning.File}, {warning.Place}: {warning.Message} [{warning.Code}]");
            }

            session.Terminal.Progress(string.Create(CultureInfo.InvariantCulture, $"network {session.Network}, chain {ground.ChainId}: {result.Rules.Rules.Count} rules{(target is null ? "" : $" in {target}")}, {result.Warnings.Count} warnings; they are in force after 'agijobs monitoring apply --execute'"));
            session.Terminal.Json("agijobs.monitoring-import/1", exit, writer =>
            {
                writer.WriteString("network", session.Network);
                writer.WriteNumber("chainId", ground.ChainId.Value);
                writer.WriteString("out", target);
                writer.WritePropertyName("file");
                writer.WriteRawValue(content);
                writer.WriteStartArray("warnings");
                foreach (var warning in result.Warnings)
                {
                    writer.WriteStartObject();
                    writer.WriteString("code", warning.Code);
                    writer.WriteString("file", warning.File);
                    writer.WriteString("place", warning.Place);
                    writer.WriteString("message", warning.Message);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
            return Task.FromResult(exit);
        });
        return command;
    }

    private static byte[] Read(Session session, string file)
    {
        try
        {
            return File.ReadAllBytes(session.PathOf(file));
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new ControlException("file-read", ExitCode.BadInput, $"{file} could not be read: {problem.Message}", "Name a file that is there.", problem);
        }
    }

    private static Dictionary<string, string> Map(string file, byte[] content)
    {
        try
        {
            using var document = JsonDocument.Parse(content, new JsonDocumentOptions { AllowDuplicateProperties = false });
            return document.RootElement.EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value.GetString() ?? "", StringComparer.Ordinal);
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
            throw new ControlException("import-format", ExitCode.BadInput, $"{file} is no address map: {problem.Message}", "Write {\"STAKE_MANAGER\": \"0x...\"}.", problem);
        }
    }
}
