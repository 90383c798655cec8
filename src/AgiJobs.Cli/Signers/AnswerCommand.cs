using System.CommandLine;
using System.Text;
using AgiJobs.Cli.Changes;
using AgiJobs.Cli.Output;
using AgiJobs.Control;
using AgiJobs.Control.Description;
using AgiJobs.Control.Signing;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Cli.Signers;

/// <summary><c>signer answer</c>: signs a request at a machine without a network. It reads the signers' references of the workspace, the request, and where they are at hand the manifest and the description; never the chain.</summary>
internal static class AnswerCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var request = new Option<string>("--request") { Description = "what 'change approve ID --qr' or '--export' gave: the texts of its codes, or a file", HelpName = "FILE|TEXT", Required = true };
        var command = new Command("answer", "sign a request at a machine without a network: shows in plain words what is signed, and gives the signatures as QR codes and text") { request };
        command.Options.Add(options.Signers);
        command.Options.Add(options.Out);
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var path = parsed.GetValue(options.Out) is { } file ? session.PathOf(file) : null;
            QrPicture.RequireEnding(path);
            var asked = Read(ChangeRun.TextOf(session, parsed.GetValue(request)!), parsed.GetValue(request)!);
            var book = new SignerBook(session.Workspace.Signers(asked.Network));
            var signers = book.Named(parsed.GetValue(options.Signers) ?? []);
            if (signers.Count == 0)
            {
                throw new ControlException("signer-needed", ExitCode.BadInput, "Who is to sign must be said.", "Add --signer NAME.");
            }

            var protocol = ProtocolOf(session.Workspace, asked.Network);
            session.Terminal.Line($"network {asked.Network}, chain {asked.Chain}");
            session.Terminal.Line($"The request calls itself: {asked.Title}. Nothing vouches for that; what follows is read from what is signed.");
            if (protocol is null)
            {
                session.Terminal.Line("The manifest of this network is not at hand, so contracts and functions have no names here: compare the hashes with those at the other machine.");
            }

            foreach (var line in asked.Items.SelectMany(item => SigningWords.Of(item, protocol, book.NameOf)))
            {
                session.Terminal.Line(line);
            }

            var signatures = new List<ReturnedSignature>();
            foreach (var reference in signers)
            {
                using var opened = new OpenedSigner(SignerBook.Open(reference, asked.Chain));
                foreach (var item in asked.Items)
                {
                    var signature = await opened.Signer.SignTypedDataAsync(item.Document, cancellation).ConfigureAwait(false);
                    signatures.Add(new ReturnedSignature(item.Digest, reference.Address, signature.ToBytes()));
                    session.Terminal.Line($"{reference.Name} ({reference.Address}) signed {item.What}");
                }
            }

            var answer = new SigningAnswer(asked.Change, signatures).ToCompact();
            var frames = SigningFrames.Write(answer);
            ChangeRun.PrintCodes(session.Terminal, frames);
            var files = path is null ? [] : QrPicture.Write(path, frames);
            foreach (var written in files)
            {
                session.Terminal.Line($"  wrote    {written}");
            }

            session.Terminal.Line("  next     at the other machine: agijobs change approve ID --scan TEXT");
            session.Terminal.Json("agijobs.signer-answer/1", ExitCode.Clean, writer =>
            {
                writer.WriteString("network", asked.Network);
                writer.WriteNumber("chainId", asked.Chain.Value);
                writer.WriteString("change", asked.Change.ToString());
                writer.WriteStartArray("inPlainLanguage");
                foreach (var line in asked.Items.SelectMany(item => SigningWords.Of(item, protocol, book.NameOf)))
                {
                    writer.WriteStringValue(line);
                }

                writer.WriteEndArray();
                writer.WritePropertyName("answer");
                writer.WriteRawValue(Encoding.UTF8.GetString(answer));
                writer.WriteStartArray("frames");
                foreach (var frame in frames)
                {
                    writer.WriteStringValue(frame);
                }

                writer.WriteEndArray();
            });
            return ExitCode.Clean;
        });
        return command;
    }

    private static SigningRequest Read(string text, string name) =>
        SigningFrames.IsFrames(text) ? SigningRequest.FromCompact(SigningFrames.Read(text))
        : text.TrimStart().StartsWith('{') && text.Contains(SigningFile.Format, StringComparison.Ordinal) ? SigningFile.Read(Encoding.UTF8.GetBytes(text), name)
        : SigningRequest.FromCompact(Encoding.UTF8.GetBytes(text));

    // Without a manifest there are no names, and it is signed by the hashes alone.
    private static Protocol? ProtocolOf(Workspace workspace, string network)
    {
        try
        {
            return Protocol.Load(workspace, workspace.Manifest(network));
        }
        catch (ControlException)
        {
            return null;
        }
    }
}
