using System.CommandLine;
using System.Text.Json.Nodes;
using AgiJobs.Control;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Cli.Configuration;

/// <summary><c>config</c>: the workspace's files.</summary>
internal static class ConfigCommands
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("config", "the workspace's files");
        var name = new Argument<string?>("name") { Description = "the schema; without it the names are listed", HelpName = "NAME", Arity = ArgumentArity.ZeroOrOne };
        var schema = new Command("schema", "print the JSON Schema of a file of the workspace") { name };
        Session.Run(schema, options, environment, (session, parsed, _) =>
        {
            if (parsed.GetValue(name) is not { } wanted)
            {
                session.Terminal.Table(["schema", "file"], ConfigurationSchemas.Types.Keys.Select(key => (IReadOnlyList<string>)[key, FileOf(key)]));
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
        command.Subcommands.Add(schema);
        command.Subcommands.Add(SnapshotCommands.Snapshot(options, environment));
        command.Subcommands.Add(SnapshotCommands.Restore(options, environment));
        return command;
    }

    private static string FileOf(string schema) => schema switch
    {
        "protocol" => "config/protocol/NAME.json",
        "network" => "config/networks/NAME.json",
        "owner-control" => "config/owner-control.NAME.json",
        "operators" => "config/operators.json, config/operators.NAME.json",
        "policy" => "config/policy.json, config/policy.NAME.json",
        _ => "config/signers.json, config/signers.NAME.json",
    };
}
