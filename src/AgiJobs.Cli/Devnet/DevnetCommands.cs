using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Deployment.LocalNetwork;

namespace AgiJobs.Cli.Devnet;

/// <summary><c>devnet up|down|status|reset</c>: local networks of the workspace.</summary>
internal static class DevnetCommands
{
    private const string Default = "local";

    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("devnet", "local networks: anvil on loopback with the protocol, a 2-of-3 Safe and a life to protect");
        command.Subcommands.Add(Up(options, environment));
        command.Subcommands.Add(Down(options, environment));
        command.Subcommands.Add(Status(options, environment));
        command.Subcommands.Add(Reset(options, environment));
        return command;
    }

    private static Command Up(CommonOptions options, CommandEnvironment environment)
    {
        var port = new Option<int>("--port") { Description = "the loopback port; default: a free one", HelpName = "PORT" };
        port.Validators.Add(result =>
        {
            // What is no number at all is refused by the parser itself; to ask for its value here would throw.
            if (result.Tokens is [{ Value: var text }] && int.TryParse(text, CultureInfo.InvariantCulture, out var number) && number is < 0 or > 65_535)
            {
                result.AddError("--port is 1 to 65535, or 0 for a free one.");
            }
        });
        var command = new Command("up", "start the local network named by --network (default 'local'), or say that it runs") { port };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var name = parsed.GetValue(options.Network) ?? Default;
            var started = await Networks(session).UpAsync(name, parsed.GetValue(port), cancellation).ConfigureAwait(false);
            Print(session, started);
            return ExitCode.Clean;
        }, createsWorkspace: true);
        return command;
    }

    private static Command Down(CommonOptions options, CommandEnvironment environment)
    {
        var keep = new Option<bool>("--keep") { Description = "keep the state: the next 'devnet up' goes on from it" };
        var command = new Command("down", "end the local network") { keep };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var name = parsed.GetValue(options.Network) ?? Default;
            var kept = parsed.GetValue(keep);
            var ran = await Networks(session).DownAsync(name, kept, cancellation).ConfigureAwait(false);
            session.Terminal.Line($"network {name}, chain 31337: {(!ran ? "it was not running." : kept ? "it has ended; its state is kept." : "it has ended and its state is forgotten.")}");
            session.Terminal.Json("agijobs.devnet-down/1", ExitCode.Clean, writer =>
            {
                writer.WriteString("network", name);
                writer.WriteNumber("chainId", 31337);
                writer.WriteBoolean("wasRunning", ran);
                writer.WriteBoolean("kept", ran && kept);
            });
            return ExitCode.Clean;
        });
        return command;
    }

    private static Command Status(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("status", "say which local networks of the workspace run");
        Session.Run(command, options, environment, async (session, _, cancellation) =>
        {
            var running = await Networks(session).RunningAsync(cancellation).ConfigureAwait(false);
            if (running.Count == 0)
            {
                session.Terminal.Line($"No local network runs in {session.Workspace.Root}.");
            }
            else
            {
                session.Terminal.Table(["network", "chain", "rpc", "block", "safe", "process"], running.Select(network => (IReadOnlyList<string>)[network.Name, "31337", Address(network), network.Block.ToString(), network.Safe.ToString(), $"{network.ProcessId}"]));
            }

            session.Terminal.Json("agijobs.devnet-status/1", ExitCode.Clean, writer =>
            {
                writer.WriteString("workspace", session.Workspace.Root);
                writer.WriteStartArray("networks");
                foreach (var network in running)
                {
                    writer.WriteStartObject();
                    Write(writer, network);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
            return ExitCode.Clean;
        });
        return command;
    }

    private static Command Reset(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("reset", "end the local network, forget its state and start it afresh on the same port");
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            Print(session, await Networks(session).ResetAsync(parsed.GetValue(options.Network) ?? Default, cancellation).ConfigureAwait(false));
            return ExitCode.Clean;
        });
        return command;
    }

    private static LocalNetworks Networks(Session session) => session.LocalNetworks();

    private static void Print(Session session, StartedNetwork started)
    {
        var network = started.Network;
        session.Terminal.Line(started.WasRunning
            ? $"'{network.Name}' runs already since {network.StartedAt:yyyy-MM-dd HH:mm:ss} UTC; nothing was done."
            : started.FromKeptState ? $"'{network.Name}' goes on from its kept state, ready in {Seconds(started.Took)}."
            : $"'{network.Name}' is ready in {Seconds(started.Took)}: {started.Transactions} transactions, governed by a 2-of-3 Safe.");
        session.Terminal.Line($"  network   {network.Name}, chain 31337, block {network.Block}");
        session.Terminal.Line($"  rpc       {Address(network)}");
        session.Terminal.Line($"  safe      {network.Safe}");
        session.Terminal.Line($"  workspace {session.Workspace.Root}");
        session.Terminal.Json("agijobs.devnet-up/1", ExitCode.Clean, writer =>
        {
            writer.WriteString("workspace", session.Workspace.Root);
            Write(writer, network);
            writer.WriteBoolean("wasRunning", started.WasRunning);
            writer.WriteBoolean("fromKeptState", started.FromKeptState);
            writer.WriteNumber("transactions", started.Transactions);
            writer.WriteNumber("milliseconds", (long)started.Took.TotalMilliseconds);
        });
    }

    private static void Write(Utf8JsonWriter writer, RunningNetwork network)
    {
        writer.WriteString("network", network.Name);
        writer.WriteNumber("chainId", 31337);
        writer.WriteString("rpc", Address(network));
        writer.WriteString("safe", network.Safe.ToString());
        writer.WriteNumber("block", network.Block.Value);
        writer.WriteNumber("processId", network.ProcessId);
        writer.WriteString("startedAt", network.StartedAt.ToString("O"));
    }

    private static string Address(RunningNetwork network) => network.Url.ToString().TrimEnd('/');

    private static string Seconds(TimeSpan time) => $"{time.TotalSeconds:0.0} s";
}
