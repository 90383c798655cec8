using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using AgiJobs.Cli.Changes;
using AgiJobs.Control;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Cli.Hgm;

/// <summary><c>hgm steer</c>: a person's change of a live run, by the server that has it. The server decides whether the person may, and records it in the owner's ledger.</summary>
internal static class SteerCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var run = new Argument<string>("run") { Description = "the run's name", HelpName = "RUN" };
        var alpha = new Option<string?>("--alpha") { Description = "set the widening exponent; takes the duty operator or finance", HelpName = "N" };
        var prior = new Option<string?>("--prior") { Description = "set the prior of the draws; takes the duty operator or finance", HelpName = "N" };
        var gate = new Option<string?>("--gate") { Description = "shut: no expansion starts any more (operator, commander or security); open: they go on (operator or commander)", HelpName = "open|shut" };
        gate.AcceptOnlyFromAmong("open", "shut");
        var prune = new Option<int?>("--prune") { Description = "set an agent aside; takes the duty operator or security", HelpName = "AGENT" };
        var stop = new Option<bool>("--stop") { Description = "end the run; takes the duty operator, commander or security" };
        var revoke = new Option<int?>("--revoke") { Description = "take back the result of an evaluation, such as that of a slashed win; takes the duty security", HelpName = "OPERATION" };
        var reinstate = new Option<int?>("--reinstate") { Description = "let a revoked result count again; takes the duty security", HelpName = "OPERATION" };
        var reason = new Option<string>("--reason") { Description = "why, for the run's log and the owner's ledger", HelpName = "TEXT", Required = true };
        var version = new Option<long?>("--expected-version") { Description = "the version that the decision was taken on; refused when somebody steered since. Default: as the run is now", HelpName = "N" };
        var server = Server();
        var dry = new Option<bool>("--dry-run") { Description = "tell what would be asked for and send nothing" };
        var command = new Command("steer", "change a live run by the server that has it: its parameters, its gate, an agent, a result, or its end. The request is signed with --signer and recorded in the owner's ledger. With --dry-run nothing is sent")
        {
            run, alpha, prior, gate, prune, stop, revoke, reinstate, reason, version, server, options.Signers, dry,
        };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var name = parsed.GetValue(run)!;
            var wishes = Wishes().ToList();
            var (action, body) = wishes is [var one] ? one : throw new ControlException("command-line", ExitCode.BadInput, $"{(wishes.Count == 0 ? "Nothing is" : "Several things are")} asked of the run.", "Give one of --alpha and --prior (together or alone), --gate, --prune, --stop, --revoke, --reinstate.");
            var signers = session.NamedSigners;
            if (signers.Count != 1)
            {
                throw new ControlException("signer-needed", ExitCode.BadInput, "Who steers must be said, and it takes one signature.", "Give one --signer NAME.");
            }

            using var client = RunClient.Of(session, parsed.GetValue(server));
            var before = await client.GetAsync($"v1/hgm/runs/{Uri.EscapeDataString(name)}", cancellation).ConfigureAwait(false);
            var expected = parsed.GetValue(version);
            if (expected is not null || action is "parameters" or "gate" or "prune")
            {
                body["expectedVersion"] = expected ?? (long)before["version"]!;
            }

            body["reason"] = parsed.GetValue(reason);
            session.Terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}: run '{name}' at {client.Url}, version {before["version"]}, alpha {before["alpha"]}, prior {before["prior"]}, {before["state"]}");
            if (parsed.GetValue(dry))
            {
                session.Terminal.Line($"  would ask for {action} {body.ToJsonString()}, signed by {signers[0].Name} ({signers[0].Address})");
                session.Terminal.Line("NOTHING WAS SENT - leave --dry-run out");
                session.Terminal.Json("agijobs.hgm-steer/1", ExitCode.Findings, writer => Write(writer, session, name, action, "dry run", null));
                return ExitCode.Findings;
            }

            using var opened = new OpenedSigner(SignerBook.Open(signers[0], session.NetworkFile.ChainId));
            var done = await client.PostAsync(name, action, body, opened.Signer, cancellation).ConfigureAwait(false);
            session.Terminal.Line($"  {done["from"]} -> {done["to"]} at version {done["version"]}, by {done["by"]}: {done["reason"]}");
            session.Terminal.Line((bool)done["recorded"]! ? $"  recorded in the owner's ledger as {done["request"]}" : "  FINDING not in the owner's ledger yet; the server writes it as soon as it can");
            session.Terminal.Json("agijobs.hgm-steer/1", ExitCode.Clean, writer => Write(writer, session, name, action, "applied", done));
            return ExitCode.Clean;

            IEnumerable<(string Action, JsonObject Body)> Wishes()
            {
                if (parsed.GetValue(alpha) is not null || parsed.GetValue(prior) is not null)
                {
                    var parameters = new JsonObject();
                    foreach (var option in ((Option<string?>, string)[])[(alpha, "alpha"), (prior, "prior")])
                    {
                        if (parsed.GetValue(option.Item1) is { } text)
                        {
                            parameters[option.Item2] = decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
                                ? number
                                : throw new ControlException("number-format", ExitCode.BadInput, $"--{option.Item2} '{text}' is no decimal number.", "Write it with a point, such as 0.65.");
                        }
                    }

                    yield return ("parameters", parameters);
                }

                if (parsed.GetValue(gate) is { } position)
                {
                    yield return ("gate", new JsonObject { ["open"] = position is "open" });
                }

                if (parsed.GetValue(prune) is { } agent)
                {
                    yield return ("prune", new JsonObject { ["agent"] = agent });
                }

                if (parsed.GetValue(stop))
                {
                    yield return ("stop", []);
                }

                if (parsed.GetValue(revoke) is { } revoked)
                {
                    yield return ("revoke", new JsonObject { ["operation"] = revoked });
                }

                if (parsed.GetValue(reinstate) is { } reinstated)
                {
                    yield return ("reinstate", new JsonObject { ["operation"] = reinstated });
                }
            }
        });
        return command;
    }

    /// <summary>The option that names a server.</summary>
    public static Option<string?> Server() => new("--server") { Description = "the server with the role hgm; default: that of 'agijobs up', else where config/services.json says that it listens", HelpName = "URL" };

    private static void Write(System.Text.Json.Utf8JsonWriter writer, Session session, string run, string action, string outcome, JsonNode? done)
    {
        writer.WriteString("network", session.Network);
        writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
        writer.WriteString("run", run);
        writer.WriteString("action", action);
        writer.WriteString("outcome", outcome);
        if (done is not null)
        {
            writer.WriteNumber("version", (long)done["version"]!);
            writer.WriteString("from", (string?)done["from"]);
            writer.WriteString("to", (string?)done["to"]);
            writer.WriteString("by", (string?)done["by"]);
            writer.WriteString("request", (string?)done["request"]);
            writer.WriteBoolean("recorded", (bool)done["recorded"]!);
        }
    }
}
