using System.CommandLine;
using AgiJobs.Control;
using AgiJobs.Control.Configuration;

namespace AgiJobs.Cli.Configuration;

/// <summary><c>config show [KEY]</c>.</summary>
internal static class ShowCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var key = new Argument<string?>("key") { Description = "a key or the beginning of one: network, policy.backup, signers.guardian", HelpName = "KEY", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("show", "the configuration that counts, each value with where it comes from (default, file, profile, environment, flag); secrets are not fetched") { key };
        Session.Run(command, options, environment, (session, parsed, _) =>
        {
            var network = session.Network;
            List<Setting> all = [.. Invocation(session, parsed, options), .. EffectiveConfiguration.Of(session.Workspace, network), .. session.Steering().Settings];
            var settings = parsed.GetValue(key) is { } wanted ? all.Where(setting => string.Equals(setting.Key, wanted, StringComparison.Ordinal) || setting.Key.StartsWith(wanted + ".", StringComparison.Ordinal)).ToList() : all;
            if (settings.Count == 0)
            {
                throw new ControlException("key-unknown", ExitCode.BadInput, $"There is no key '{parsed.GetValue(key)}'. There are {string.Join(", ", all.Select(setting => setting.Key.Split('.')[0]).Distinct(StringComparer.Ordinal))} and what is below them.", "'agijobs config show' lists every key.");
            }

            session.Terminal.Line($"network {network}, chain {session.NetworkFile.ChainId}, workspace {session.Workspace.Root}");
            session.Terminal.Table(["key", "value", "from", "where"], settings.Select(setting => (IReadOnlyList<string>)[setting.Key, setting.Value, Word(setting.Source), setting.Where ?? ""]));
            session.Terminal.Json("agijobs.config-show/1", ExitCode.Clean, writer =>
            {
                writer.WriteString("network", network);
                writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
                writer.WriteStartArray("settings");
                foreach (var setting in settings)
                {
                    writer.WriteStartObject();
                    writer.WriteString("key", setting.Key);
                    writer.WriteString("value", setting.Value);
                    writer.WriteString("source", Word(setting.Source));
                    writer.WriteString("where", setting.Where);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
            return Task.FromResult(ExitCode.Clean);
        });
        return command;
    }

    // What the process was started with goes before what files say.
    private static IEnumerable<Setting> Invocation(Session session, ParseResult parsed, CommonOptions options)
    {
        yield return parsed.GetValue(options.Workspace) is not null ? new Setting("program.workspace", session.Workspace.Root, ConfigurationSource.Flag, "--workspace")
            : new Setting("program.workspace", session.Workspace.Root, ConfigurationSource.Default, null);
        yield return parsed.GetValue(options.Network) is not null ? new Setting("program.network", session.Network, ConfigurationSource.Flag, "--network")
            : new Setting("program.network", session.Network, ConfigurationSource.Default, null);
        var variables = session.Environment.Variables;
        yield return Of("program.home", session.Environment.Home, "AGIJOBS_HOME");
        yield return Of("program.userFolder", session.Environment.Seal.User.Path, "AGIJOBS_CONFIG_HOME", "XDG_CONFIG_HOME");
        yield return Of("program.sealKey", session.Environment.Seal.KeyPlace, "AGIJOBS_SEAL_KEY", "AGIJOBS_SEAL_KEY_FILE");
        yield return parsed.GetValue(options.NoColor) ? new Setting("program.color", "false", ConfigurationSource.Flag, "--no-color") : Of("program.color", session.Environment.Color ? "true" : "false", "NO_COLOR");

        Setting Of(string key, string value, params ReadOnlySpan<string> names)
        {
            foreach (var name in names)
            {
                if (variables.Contains(name))
                {
                    return new Setting(key, value, ConfigurationSource.Environment, name);
                }
            }

            return new Setting(key, value, ConfigurationSource.Default, null);
        }
    }

    private static string Word(ConfigurationSource source) => source switch { ConfigurationSource.File => "file", ConfigurationSource.Profile => "profile", ConfigurationSource.Environment => "environment", ConfigurationSource.Flag => "flag", _ => "default" };
}
