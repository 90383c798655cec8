using System.CommandLine;
using System.Security.Cryptography;
using AgiJobs.Arena.Agents;
using AgiJobs.Arena.Rounds;
using AgiJobs.Control;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Cli.Agents;

/// <summary><c>agent</c>: a reference agent of the arena, until it is told to stop.</summary>
internal static class AgentCommand
{
    private static readonly Dictionary<string, Seat> Seats = new(StringComparer.Ordinal) { ["teacher"] = Seat.Teacher, ["student"] = Seat.Student, ["validator"] = Seat.Validator };

    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var gateway = new Option<string>("--gateway") { Description = "the gateway: https, or http on this machine", HelpName = "URL", Required = true };
        var seats = new Option<string>("--seats") { Description = "the seats that it takes, of teacher, student and validator", HelpName = "A,B", DefaultValueFactory = _ => "student" };
        var behaviour = new Option<string>("--behaviour")
        {
            Description = "honest; lazy: in half of its rounds it hardly tries, approves everything and reveals nothing; copying: a student that answers with what another revealed earlier; offline: takes its seat and vanishes; "
                + "toxic: a student whose answers moderation blocks, a validator whose notes it blocks; colluding: a validator that approves its --allies whatever they answer",
            HelpName = "NAME",
            DefaultValueFactory = _ => "honest",
        };
        behaviour.AcceptOnlyFromAmong([.. Enum.GetNames<AgentBehaviour>().Select(name => name.ToLowerInvariant())]);
        var skill = new Option<long>("--skill") { Description = "its skill: how many steps it may take to find an answer", HelpName = "STEPS", DefaultValueFactory = _ => 100_000 };
        skill.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && long.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var steps) && steps < 0)
            {
                result.AddError("--skill is a number of steps, 0 or more.");
            }
        });
        var solver = new Option<string?>("--solver") { Description = "a student's answers come from the program of an HGM run in place of a search of --skill steps: run:NAME for the run's best agent, run:NAME/AGENT for another", HelpName = "run:NAME" };
        var families = new Option<string?>("--families") { Description = "the task families that it knows; default: all", HelpName = "A,B" };
        var seed = new Option<ulong?>("--seed") { Description = "what its tasks and choices follow from, together with its address, but never its salts; for tests, since who knows it can solve its tasks. Default: drawn at random", HelpName = "N" };
        var allies = new Option<string?>("--allies") { Description = "colluding: whose answers it approves, addresses or names of signers", HelpName = "A,B" };
        var state = new Option<string>("--state") { Description = "its state file, with the salts of what it committed to; one for each agent", HelpName = "FILE", Required = true };
        var log = new Option<string?>("--log") { Description = "append the log's lines to this file; default: the error stream", HelpName = "FILE" };
        var command = new Command("agent", "a reference agent of the arena: joins rounds by the gateway, acts on chain with its own key, until it is told to stop (SIGTERM)")
        {
            options.Signers, gateway, seats, behaviour, skill, solver, families, seed, allies, state, log,
        };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var chosen = new AgentOptions
            {
                Seats = SeatsOf(parsed.GetValue(seats)!),
                Families = Split(parsed.GetValue(families)),
                Behaviour = Enum.Parse<AgentBehaviour>(parsed.GetValue(behaviour)!, ignoreCase: true),
                Skill = parsed.GetValue(skill),
                Solver = parsed.GetValue(solver) is { } from ? await RunSolver.OfAsync(session, from, cancellation).ConfigureAwait(false) : null,
                Seed = parsed.GetValue(seed) ?? BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)),
                Allies = [.. Split(parsed.GetValue(allies)).Select(ally => Address.TryParse(ally, out var address) ? address : session.Signers.Named([ally])[0].Address)],
            };
            return await RunAsync(session, chosen, parsed.GetValue(gateway)!, session.PathOf(parsed.GetValue(state)!), parsed.GetValue(log), cancellation).ConfigureAwait(false);
        });
        return command;
    }

    private static async Task<ExitCode> RunAsync(Session session, AgentOptions chosen, string gateway, string state, string? log, CancellationToken cancellation)
    {
        var reference = session.NamedSigners is [var one] ? one : throw new ControlException("agent-signer", ExitCode.BadInput, $"An agent has one key; --signer names {session.NamedSigners.Count}.", "Name one: --signer NAME.");
        var url = Uri.TryCreate(gateway, UriKind.Absolute, out var given) ? given : throw new ControlException("gateway-url", ExitCode.BadInput, $"--gateway '{gateway}' is no URL.", "Write https:// and the host.");
        var signer = SignerBook.Open(reference, session.NetworkFile.ChainId);
        try
        {
            var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
            var arena = new ArenaContract(client, session.Protocol);
            using var file = log is null ? null : new StreamWriter(session.PathOf(log), append: true);
            var lines = new AgentLog(file ?? session.Environment.Error, session.Environment.Time);
            using var talk = new GatewayClient(url, signer, arena.Chain, arena.Address, session.Environment.Time) { OnProblem = lines.Warn };
            session.Terminal.Line($"network {session.Network}, chain {arena.Chain}: {signer.Address} is at work as {string.Join(", ", chosen.Seats).ToLowerInvariant()} until it is told to stop");
            while (!await WorkAsync().ConfigureAwait(false))
            {
                // The chain behind the nodes is another one now, and has notes of its own.
            }

            async Task<bool> WorkAsync()
            {
                var genesis = await AgentChain.GenesisAsync(client, cancellation).ConfigureAwait(false);
                using var notes = AgentNotebook.Open(state, arena.Chain, genesis, arena.Address, signer.Address);
                try
                {
                    await new ReferenceAgent(chosen, new AgentChain(client, arena, signer, genesis), talk, notes, lines, session.Environment.Time).RunAsync(cancellation).ConfigureAwait(false);
                    return true;
                }
                catch (ChainReplacedException replaced)
                {
                    lines.Warn("chain-replaced", $"{replaced.Message} The notes of the one before are kept beside {state}.");
                    return false;
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Told to stop before it began.
        }
        finally
        {
            (signer as IDisposable)?.Dispose();
        }

        session.Terminal.Json("agijobs.agent/1", ExitCode.Clean, writer =>
        {
            writer.WriteString("network", session.Network);
            writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
            writer.WriteString("agent", reference.Address.ToString());
        });
        return ExitCode.Clean;
    }

    private static IReadOnlyList<Seat> SeatsOf(string text) => Split(text) is { Count: > 0 } names
        ? [.. names.Distinct(StringComparer.Ordinal).Select(name => Seats.TryGetValue(name, out var seat) ? seat : throw Unknown(name))]
        : throw Unknown(text);

    private static ControlException Unknown(string seat) => new("seat-unknown", ExitCode.BadInput, $"--seats: '{seat}' is no seat.", "Write some of teacher,student,validator.");

    private static IReadOnlyList<string> Split(string? text) => [.. (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
}
