using System.CommandLine;
using System.Globalization;
using AgiJobs.Control;
using AgiJobs.Control.Drafting;
using AgiJobs.Ethereum;

namespace AgiJobs.Cli.Drafting;

/// <summary><c>describe</c>: drafts the description of contracts that this program has never seen.</summary>
internal static class DescribeCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var targets = new Argument<string[]>("targets") { Description = "the contracts; NAME=ADDRESS says which ABI is meant where code alone does not. Safes and timelocks among them are recognised", HelpName = "[NAME=]ADDRESS", Arity = ArgumentArity.OneOrMore };
        var abi = new Option<string>("--abi") { Description = "the folder of their ABIs, with all folders beneath it: NAME.json each, a JSON ABI or what the compiler wrote", HelpName = "DIR", Required = true };
        var name = new Option<string>("--name") { Description = "the name of the description; default: draft", HelpName = "NAME", DefaultValueFactory = _ => "draft" };
        var to = new Option<string?>("--out") { Description = "write config/protocol/NAME.json, its ABIs and the manifest beneath this folder; nothing is overwritten. Without it the description is printed", HelpName = "DIR" };
        var command = new Command("describe", "draft the description and the manifest of contracts from their ABIs and the chain; docs/describe.md teaches it") { targets, abi, name, to };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var wanted = parsed.GetValue(targets)!.Select(Target).ToList();
            var called = parsed.GetValue(name)!;
            if (called.Length == 0 || called.Any(letter => !char.IsAsciiLetterOrDigit(letter) && letter != '-'))
            {
                throw new ControlException("name-format", ExitCode.BadInput, $"'{called}' is no name of a description.", "Use letters, digits and hyphens.");
            }

            if (wanted.GroupBy(target => target.Address).FirstOrDefault(group => group.Count() > 1) is { } twice)
            {
                throw new ControlException("address-twice", ExitCode.BadInput, $"{twice.Key} was given twice.", "Give each address once.");
            }

            var shelf = AbiShelf.Open(session.PathOf(parsed.GetValue(abi)!));
            var client = await session.ClientAsync(cancellation).ConfigureAwait(false);
            var draft = await DescriptionDraft.MakeAsync(wanted, shelf, called, session.Network, client, cancellation).ConfigureAwait(false);
            var files = parsed.GetValue(to) is { } folder ? draft.WriteTo(session.PathOf(folder)) : [];
            return Report(session, draft, files);
        });
        return command;
    }

    private static ExitCode Report(Session session, DescriptionDraft draft, IReadOnlyList<string> files)
    {
        var exit = draft.Findings.Count > 0 ? ExitCode.Findings : ExitCode.Clean;
        session.Terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}");
        foreach (var file in files)
        {
            session.Terminal.Line($"wrote {file}");
        }

        if (files.Count == 0)
        {
            session.Terminal.Line(draft.Description.ToJsonString(new System.Text.Json.JsonSerializerOptions { WriteIndented = true }));
        }

        foreach (var safe in draft.Safes)
        {
            session.Terminal.Line($"Safe {safe}{(session.NetworkFile.Safe == safe ? ", the network's" : $": if it governs, write \"safe\": \"{safe}\" into config/networks/{session.Network}.json")}");
        }

        foreach (var timelock in draft.Timelocks)
        {
            session.Terminal.Line($"timelock {timelock}: routes through it are found by themselves");
        }

        session.Terminal.Line(string.Create(CultureInfo.InvariantCulture, $"The draft passes the description's own checks. {draft.Findings.Count} things need a person before it is used:"));
        foreach (var finding in draft.Findings)
        {
            session.Terminal.Line($"FINDING {finding.Subject} ({finding.Code}): {finding.Message}");
        }

        session.Terminal.Json("agijobs.describe/1", exit, writer =>
        {
            writer.WriteString("network", session.Network);
            writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
            writer.WritePropertyName("description");
            draft.Description.WriteTo(writer);
            writer.WritePropertyName("manifest");
            draft.Manifest.WriteTo(writer);
            Strings("safes", draft.Safes.Select(safe => safe.ToString()));
            Strings("timelocks", draft.Timelocks.Select(timelock => timelock.ToString()));
            Strings("files", files);
            writer.WriteStartArray("findings");
            foreach (var finding in draft.Findings)
            {
                writer.WriteStartObject();
                writer.WriteString("code", finding.Code);
                writer.WriteString("subject", finding.Subject);
                writer.WriteString("message", finding.Message);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();

            void Strings(string key, IEnumerable<string> texts)
            {
                writer.WriteStartArray(key);
                foreach (var text in texts)
                {
                    writer.WriteStringValue(text);
                }

                writer.WriteEndArray();
            }
        });
        return exit;
    }

    private static (Address Address, string? Abi) Target(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals > 0 ? (Address.Parse(text[(equals + 1)..]), text[..equals]) : (Address.Parse(text), null);
    }
}
