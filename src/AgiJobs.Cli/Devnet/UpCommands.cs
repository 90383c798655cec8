using System.CommandLine;
using System.Text.RegularExpressions;
using AgiJobs.Cli.Monitoring;
using AgiJobs.Control;
using AgiJobs.Deployment.LocalNetwork;

namespace AgiJobs.Cli.Devnet;

/// <summary><c>up</c> and <c>down</c>: a local network with everything that works on it, as processes that go on when the command has ended.</summary>
internal static partial class UpCommands
{
    private const string Default = "local";
    private const string Serve = "serve";

    // Who plays: the seats that each account has stakes for, and how many steps it may take to find an answer.
    private static readonly (string Name, string Seats, long Skill)[] Players =
    [
        ("agent-1", "teacher,student", 200_000), ("agent-2", "teacher,student", 2_000), ("agent-3", "teacher,student", 20_000),
        ("validator-1", "validator", 0), ("validator-2", "validator", 0), ("validator-3", "validator", 0),
    ];

    public static Command Up(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("up", "a local network with the protocol, the arena's orchestrator, the agents' gateway, the drive of HGM runs, a monitor and six agents, each a process of its own; 'down' ends them");
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var name = parsed.GetValue(options.Network) ?? Default;
            var started = await session.LocalNetworks().UpAsync(name, 0, cancellation).ConfigureAwait(false);
            session.Use(name);
            var services = Services(session, name);
            var folder = session.Workspace.Locate("storage", "devnet", name);
            string[] common = ["--network", name, "--workspace", session.Workspace.Root];
            // Where it listens is read from its log. Agents that are still there know the place where it was, so it is there again.
            var place = Listening(services.LogOf(Serve)) is { } before ? new Uri(before).Authority : "127.0.0.1:0";
            if (services.Running().All(service => service.Name != Serve))
            {
                File.Delete(services.LogOf(Serve));
            }

            // A network that is watched from its first moment: the rules of its files are in force before the monitor begins.
            var rules = await RulesPlanCommand.PutFirstAsync(session, "the first start of a local network", cancellation).ConfigureAwait(false);
            var serve = services.Start(Serve, session.Workspace.Root, [Serve, "--roles", "api,gateway,arena,hgm,monitor", "--listen", place, .. common]);
            var gateway = "";
            await services.UntilAsync(
                serve,
                _ =>
                {
                    gateway = Listening(services.LogOf(Serve)) ?? "";
                    return Task.FromResult(gateway.Length > 0);
                },
                cancellation).ConfigureAwait(false);
            Directory.CreateDirectory(Path.Combine(folder, "agents"));
            foreach (var (player, seats, skill) in Players)
            {
                var state = Path.Combine(folder, "agents", player + ".json");
                services.Start(player, state, ["agent", "--signer", player, "--gateway", gateway, "--seats", seats, "--skill", skill.ToString(System.Globalization.CultureInfo.InvariantCulture), "--state", state, .. common]);
            }

            session.Terminal.Line($"network {name}, chain 31337: {(started.WasRunning ? "it runs already" : "it is ready")}, governed by the 2-of-3 Safe {started.Network.Safe}");
            session.Terminal.Line($"  rpc       {started.Network.Url.ToString().TrimEnd('/')}");
            session.Terminal.Line($"  gateway   {gateway}  (/healthz, /readyz, /metrics, /openapi/v1.json)");
            session.Terminal.Line($"  agents    {string.Join(", ", Players.Select(player => player.Name))}");
            session.Terminal.Line($"  monitor   {(rules is { } count ? $"{count.ToString(System.Globalization.CultureInfo.InvariantCulture)} rules put in force" : "by the rules in force")}; 'agijobs monitoring status', 'agijobs alert list'");
            session.Terminal.Line($"  logs      {folder}");
            session.Terminal.Line($"  workspace {session.Workspace.Root}");
            session.Terminal.Line("'agijobs arena status --watch' shows rounds closing; 'agijobs down' ends everything.");
            session.Terminal.Json("agijobs.up/1", ExitCode.Clean, writer =>
            {
                writer.WriteString("workspace", session.Workspace.Root);
                writer.WriteString("network", name);
                writer.WriteNumber("chainId", 31337);
                writer.WriteString("rpc", started.Network.Url.ToString().TrimEnd('/'));
                writer.WriteString("safe", started.Network.Safe.ToString());
                writer.WriteString("gateway", gateway);
                writer.WriteStartArray("processes");
                foreach (var service in services.Running())
                {
                    writer.WriteStartObject();
                    writer.WriteString("name", service.Name);
                    writer.WriteNumber("processId", service.ProcessId);
                    writer.WriteString("log", services.LogOf(service.Name));
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
            return ExitCode.Clean;
        }, createsWorkspace: true);
        return command;
    }

    public static Command Down(CommonOptions options, CommandEnvironment environment)
    {
        var keep = new Option<bool>("--keep") { Description = "keep the chain's state: the next 'up' goes on from it" };
        var command = new Command("down", "end the agents, the services and the local network") { keep };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var name = parsed.GetValue(options.Network) ?? Default;
            var ended = await Services(session, name).StopAsync(cancellation).ConfigureAwait(false);
            var ran = await session.LocalNetworks().DownAsync(name, parsed.GetValue(keep), cancellation).ConfigureAwait(false);
            session.Terminal.Line($"network {name}, chain 31337: {ended} processes and {(ran ? "the chain have ended" : "no chain: it was not running")}.");
            session.Terminal.Json("agijobs.down/1", ExitCode.Clean, writer =>
            {
                writer.WriteString("network", name);
                writer.WriteNumber("chainId", 31337);
                writer.WriteNumber("processes", ended);
                writer.WriteBoolean("wasRunning", ran);
            });
            return ExitCode.Clean;
        });
        return command;
    }

    private static LocalServices Services(Session session, string name) => new(session.Workspace, name, session.Environment.Program, session.Environment.Time);

    /// <summary>Where the services that <c>up</c> started for a network listen; null when none runs.</summary>
    public static string? ServedAt(Session session, string network) =>
        Services(session, network) is var services && services.Running().Any(service => string.Equals(service.Name, Serve, StringComparison.Ordinal)) ? Listening(services.LogOf(Serve)) : null;

    private static string? Listening(string log)
    {
        if (!File.Exists(log))
        {
            return null;
        }

        using var reader = new StreamReader(new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        return Where().Match(reader.ReadToEnd()) is { Success: true } match ? match.Groups["url"].Value.TrimEnd('/') : null;
    }

    [GeneratedRegex(@"^network \S+, chain \d+: \S+ at (?<url>http://\S+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Where();
}
