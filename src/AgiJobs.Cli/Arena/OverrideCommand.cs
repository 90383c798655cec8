using System.CommandLine;
using System.Globalization;
using AgiJobs.Arena.Moderation;
using AgiJobs.Cli.Changes;
using AgiJobs.Control;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Cli.Arena;

/// <summary><c>arena override</c>: a person's decision about one content, in the place of moderation's.</summary>
internal static class OverrideCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var content = new Option<string>("--content") { Description = "the SHA-256 of the content in UTF-8, as the gateway and 'arena slashes' tell it", HelpName = "DIGEST", Required = true };
        var outcome = new Option<string>("--outcome") { Description = "what is to become of it: allow, flag or block", HelpName = "OUTCOME", Required = true };
        outcome.AcceptOnlyFromAmong("allow", "flag", "block");
        var reason = new Option<string>("--reason") { Description = "why", HelpName = "TEXT", Required = true };
        var days = new Option<int>("--days") { Description = "for how many days it counts", HelpName = "N", DefaultValueFactory = _ => 7 };
        var command = new Command("override", "sign what is to become of one content, against or besides the rules of moderation; it takes a person with the duty security and counts from the gateway's next review on, for a time. It sends nothing") { content, outcome, reason, days, options.Signers };
        Session.Run(command, options, environment, (session, parsed, cancellation) =>
            SignAsync(session, parsed.GetValue(content)!, Enum.Parse<ModerationOutcome>(parsed.GetValue(outcome)!, ignoreCase: true), parsed.GetValue(reason)!, parsed.GetValue(days), cancellation));
        return command;
    }

    private static async Task<ExitCode> SignAsync(Session session, string content, ModerationOutcome outcome, string reason, int days, CancellationToken cancellation)
    {
        var one = session.NamedSigners is [var only] ? only : throw new ControlException("signer-needed", ExitCode.BadInput, "Who decides must be said, and it takes one signature.", "Give one --signer NAME.");
        if (content.Length != 66 || !Hex.TryDecode(content, out var digest))
        {
            throw new ControlException("override-content", ExitCode.BadInput, $"'{content}' is no SHA-256.", "Write 0x and 64 hexadecimal digits: the hash of the content, not the content.");
        }

        var longest = ModerationRules.Load(session.Workspace, session.Network, out _).MaxOverride;
        if (string.IsNullOrWhiteSpace(reason) || days < 1 || TimeSpan.FromDays(days) > longest)
        {
            throw new ControlException("override-terms", ExitCode.BadInput, string.IsNullOrWhiteSpace(reason) ? "A decision without a reason can be judged by nobody." : $"{days} days is not between 1 and {longest.TotalDays:0}.", "Give --reason TEXT, and --days N within the rules of moderation.");
        }

        if (session.Policy?.People.Of(one.Address) is not { } person || !person.Duties.Contains(Duty.Security))
        {
            throw new ControlException("override-author", ExitCode.Refused, $"{one.Name} ({one.Address}) is nobody with the duty {Duty.Security.Name()}, and the gateway would not heed it.", "Have a person with that duty sign; config/operators.json names them.");
        }

        session.Terminal.Progress($"network {session.Network}, chain {session.NetworkFile.ChainId}: {one.Name} ({one.Address}) is asked to sign that {content} is to be: {outcome.ToString().ToLowerInvariant()}");
        var now = session.Environment.Time.GetUtcNow();
        using var opened = new OpenedSigner(SignerBook.Open(one, session.NetworkFile.ChainId));
        var record = await ModerationOverride.SignAsync(session.NetworkFile.ChainId, new Bytes32(digest), outcome, reason, now, now + TimeSpan.FromDays(days), opened.Signer, cancellation).ConfigureAwait(false);
        var path = Path.Combine(OverrideFolder.PathOf(session.Workspace, session.Network), string.Create(CultureInfo.InvariantCulture, $"{now.UtcDateTime:yyyyMMddTHHmmssfffZ}-{record.Content.ToString()[2..14]}.json"));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        AtomicFile.Write(path, record.Encode());
        await session.RecordAsync("arena.overridden", null, data =>
        {
            data["content"] = record.Content.ToString();
            data["outcome"] = outcome.ToString().ToLowerInvariant();
            data["by"] = record.Author.ToString();
            data["reason"] = reason;
        }, cancellation).ConfigureAwait(false);
        session.Terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}: until {now.AddDays(days):yyyy-MM-dd HH:mm:ss} UTC the gateway is to {outcome.ToString().ToLowerInvariant()} {record.Content}, decided by {person.Name}");
        session.Terminal.Line($"  on file in {Path.GetRelativePath(session.Workspace.Root, path)}; delete the file to end it");
        session.Terminal.Json("agijobs.arena-override/1", ExitCode.Clean, writer =>
        {
            writer.WriteString("network", session.Network);
            writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
            writer.WriteString("content", record.Content.ToString());
            writer.WriteString("outcome", outcome.ToString().ToLowerInvariant());
            writer.WriteString("author", record.Author.ToString());
            writer.WriteNumber("expires", record.Expires);
        });
        return ExitCode.Clean;
    }
}
