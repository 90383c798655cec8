using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using AgiJobs.Control;
using AgiJobs.Control.Configuration;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Cli.Configuration;

/// <summary><c>config schema [NAME]</c>: the JSON Schemas of the workspace's files.</summary>
internal static class SchemaCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var name = new Argument<string?>("name") { Description = "the schema; without it the names are listed", HelpName = "NAME", Arity = ArgumentArity.ZeroOrOne };
        var to = new Option<string?>("--out") { Description = "write every schema into a folder; config/schemas is where editors find them by a file's \"$schema\"", HelpName = "DIR" };
        var command = new Command("schema", "print the JSON Schema of a file of the workspace") { name, to };
        Session.Run(command, options, environment, (session, parsed, _) =>
        {
            var wanted = parsed.GetValue(name);
            if (parsed.GetValue(to) is { } folder)
            {
                return wanted is null ? Task.FromResult(WriteAll(session, session.PathOf(folder)))
                    : throw new ControlException("command-line", ExitCode.BadInput, "--out writes every schema, and one was named.", "Leave one of them out.");
            }

            if (wanted is null)
            {
                session.Terminal.Table(["schema", "file"], ConfigurationSchemas.Types.Keys.Select(key => (IReadOnlyList<string>)[key, ConfigurationKind.Places(key)]));
                session.Terminal.Json("agijobs.config-schema-list/1", ExitCode.Clean, writer =>
                {
                    writer.WriteStartArray("schemas");
                    foreach (var key in ConfigurationSchemas.Types.Keys)
                    {
                        writer.WriteStringValue(key);
                    }

                    writer.WriteEndArray();
                });
                return Task.FromResult(ExitCode.Clean);
            }

            var text = ConfigurationSchemas.Write(wanted);
            session.Terminal.Line(text.TrimEnd());
            session.Terminal.Json("agijobs.config-schema/1", ExitCode.Clean, writer =>
            {
                writer.WritePropertyName("document");
                JsonNode.Parse(text)!.WriteTo(writer);
            });
            return Task.FromResult(ExitCode.Clean);
        });
        return command;
    }

    private static ExitCode WriteAll(Session session, string folder)
    {
        foreach (var name in ConfigurationSchemas.Types.Keys)
        {
            AtomicFile.Write(Path.Combine(folder, name + ".schema.json"), Encoding.UTF8.GetBytes(ConfigurationSchemas.Write(name)));
        }

        session.Terminal.Line($"{ConfigurationSchemas.Types.Count} schemas in {folder}");
        session.Terminal.Json("agijobs.config-schema-files/1", ExitCode.Clean, writer =>
        {
            writer.WriteString("folder", folder);
            writer.WriteNumber("schemas", ConfigurationSchemas.Types.Count);
        });
        return ExitCode.Clean;
    }
}
