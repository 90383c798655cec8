using System.CommandLine;
using System.Globalization;
using AgiJobs.Arena.Culture;
using AgiJobs.Arena.Standings;
using AgiJobs.Cli.Arena;
using AgiJobs.Cli.Owner;
using AgiJobs.Control;
using AgiJobs.Ethereum;
using AgiJobs.Storage;

namespace AgiJobs.Cli.Culture;

/// <summary><c>culture rewards</c>: the weekly allocation, from the rounds that the books have.</summary>
internal static class CultureCommands
{
    private const string PayoutKind = "culture-payout";

    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var command = new Command("culture", "rewards for those who did well");
        command.Subcommands.Add(Rewards(options, environment));
        return command;
    }

    private static Command Rewards(CommonOptions options, CommandEnvironment environment)
    {
        var total = new Option<string>("--total") { Description = "what is given out, in whole tokens", HelpName = "N", DefaultValueFactory = _ => "1500" };
        var top = new Option<int>("--top") { Description = "how many share it at most", HelpName = "N", DefaultValueFactory = _ => 8 };
        var since = new Option<string?>("--since") { Description = "from this time (UTC) to now, such as 2026-11-16", HelpName = "DATE" };
        var period = new Option<string?>("--period") { Description = "a week, such as 2026-W47; default: the last week that is over", HelpName = "WEEK" };
        var output = new Option<string?>("--output") { Description = "where the allocation goes; default: storage/orchestrator/culture_rewards.json", HelpName = "FILE" };
        var plan = new Option<bool>("--plan") { Description = "plan the payout from the treasury as one change; without --execute it is only shown" };
        var command = options.Planned(new Command("rewards", "share rewards by the rounds that were won in a period, slashes that stand counted against them, to the last unit; writes the allocation") { total, top, since, period, output, plan });
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var execute = session.Execute;
            if (execute && !parsed.GetValue(plan))
            {
                throw new ControlException("plan-missing", ExitCode.BadInput, "--execute pays out, and there is no plan to pay out by.", "Add --plan.");
            }

            if (parsed.GetValue(since) is not null && parsed.GetValue(period) is not null)
            {
                throw new ControlException("period-twice", ExitCode.BadInput, "--since and --period both say for which time.", "Give one of them.");
            }

            var now = environment.Time.GetUtcNow();
            var stretch = (parsed.GetValue(period) ?? parsed.GetValue(since)) is { } text ? CulturePeriod.Parse(text, now) : CulturePeriod.LastWeek(now);
            var rewards = await DeriveAsync(session, Tokens(parsed.GetValue(total)!), parsed.GetValue(top), stretch, now, cancellation).ConfigureAwait(false);
            var terminal = session.Terminal;
            terminal.Line($"network {session.Network}, chain {session.NetworkFile.ChainId}: {stretch.Name}, {stretch.From:yyyy-MM-dd HH:mm} to {stretch.To:yyyy-MM-dd HH:mm} UTC");
            if (!rewards.HasWinners)
            {
                terminal.Line($"Nobody has a win that counts in this time: nothing is given out, and no file is written.{(parsed.GetValue(period) is null && parsed.GetValue(since) is null ? $" For the week that goes on: --since {CulturePeriod.WeekOf(now).From:yyyy-MM-dd}" : "")}");
                terminal.Json("agijobs.culture-rewards/1", ExitCode.Clean, writer => Write(writer, session, rewards, null));
                return ExitCode.Clean;
            }

            foreach (var one in rewards.Allocations)
            {
                terminal.Line(string.Create(CultureInfo.InvariantCulture, $"  {session.Labels.Describe(one.Account)}  {one.Amount.ToEther()} AGIALPHA  ({one.Wins} wins, {one.Slashes} slashes)"));
            }

            terminal.Line($"  together  {rewards.Total.ToEther()} AGIALPHA");
            var path = parsed.GetValue(output) is { } file ? session.PathOf(file) : session.Workspace.Locate([.. CultureRewards.Place]);
            rewards.Write(path);
            terminal.Line($"wrote {path}");
            if (!parsed.GetValue(plan))
            {
                terminal.Json("agijobs.culture-rewards/1", ExitCode.Clean, writer => Write(writer, session, rewards, path));
                return ExitCode.Clean;
            }

            if (parsed.GetValue(since) is not null || stretch.To > now)
            {
                throw new ControlException("period-open", ExitCode.BadInput, $"{stretch.Name} is no week that is over, and what is paid for it now could be paid for once more.", "Pay by weeks: --period 2026-W47, or neither --since nor --period for the last one.");
            }

            var payout = PayoutPlan.Of(rewards);
            var instance = $"culture-{rewards.Period.Name}";
            TreasuryPayment.RequireFirst(session, PayoutKind, instance);
            var draft = await TreasuryPayment.DraftAsync(session, [.. payout.Payouts.Select(one => (one.Account, one.Amount, $"culture rewards {rewards.Period.Name}"))], cancellation).ConfigureAwait(false);
            return await WaveChange.RunAsync(session, parsed, options, PayoutKind, $"Pay the culture rewards of {rewards.Period.Name}: {rewards.Total.ToEther()} AGIALPHA to {payout.Payouts.Count}", draft, cancellation, instance: instance).ConfigureAwait(false);
        });
        return command;
    }

    private static async Task<CultureRewards> DeriveAsync(Session session, Wei total, int top, CulturePeriod period, DateTimeOffset now, CancellationToken cancellation)
    {
        await using var store = await ServiceState.OpenAsync(session, cancellation).ConfigureAwait(false);
        try
        {
            var book = new ResultBook(store, session.Network);
            var entries = CultureEntry.Of(
                await book.RoundsAsync(cancellation).ConfigureAwait(false), await book.SlashesAsync(cancellation).ConfigureAwait(false), await book.ReversalsAsync(cancellation).ConfigureAwait(false), period);
            return CultureRewards.Derive(entries, total, top, period, new CulturePolicy(), now);
        }
        catch (StorageException problem)
        {
            throw ServiceState.Told(problem);
        }
    }

    private static Wei Tokens(string text)
    {
        try
        {
            return Wei.FromEther(text);
        }
        catch (EthereumException problem)
        {
            throw new ControlException("culture-total", ExitCode.BadInput, $"--total '{text}' is no amount of tokens: {problem.Message}", "Write it in whole tokens, such as 1500.", problem);
        }
    }

    private static void Write(System.Text.Json.Utf8JsonWriter writer, Session session, CultureRewards rewards, string? path)
    {
        writer.WriteString("network", session.Network);
        writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
        writer.WriteString("file", path);
        writer.WritePropertyName("rewards");
        writer.WriteRawValue(rewards.Encode());
    }
}
