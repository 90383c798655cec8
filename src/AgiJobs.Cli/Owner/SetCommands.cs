using System.CommandLine;
using System.Globalization;
using System.Numerics;
using AgiJobs.Control;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;

namespace AgiJobs.Cli.Owner;

/// <summary><c>owner set</c>, <c>owner set-params</c> and <c>owner set-roles</c>: values and offices, the latter two with the flags of the runbook.</summary>
internal static class SetCommands
{
    // The runbook gives these without a unit: base units of the token, basis points, whole percent.
    private static readonly (string Flag, string Parameter, string Unit, int Factor)[] Values =
    [
        ("--teacher-reward", "SelfPlayArena.teacherReward", "wei of AGIALPHA", 1),
        ("--student-reward", "SelfPlayArena.studentReward", "wei of AGIALPHA", 1),
        ("--validator-reward", "SelfPlayArena.validatorReward", "wei of AGIALPHA", 1),
        ("--committee-size", "SelfPlayArena.committeeSize", "a count", 1),
        ("--validator-stake", "SelfPlayArena.validatorStake", "wei of AGIALPHA", 1),
        ("--target-success-rate", "SelfPlayArena.targetSuccessRateBps", "bps", 1),
        ("--teacher-split", "SelfPlayArena.teacherSplit", "bps", 1),
        ("--student-split", "SelfPlayArena.studentSplit", "bps", 1),
        ("--validator-split", "SelfPlayArena.validatorSplit", "bps", 1),
        ("--fee-pct", "StakeManager.feePct", "percent", 1),
        ("--validator-reward-pct", "StakeManager.validatorRewardPct", "percent", 1),
        ("--burn-pct", "FeePool.burnPct", "percent", 100),
    ];

    private static readonly (string Name, string Role)[] Offices = [("orchestrator", "SelfPlayArena.orchestrator"), ("lock-manager", "StakeManager.validatorLockManager")];

    public static Command Set(CommonOptions options, CommandEnvironment environment)
    {
        var values = new Argument<string[]>("values") { Description = "Module.parameter=VALUE with the value's unit, such as FeePool.burnPct=4%; see 'owner parameters' for all", HelpName = "MODULE.PARAM=VALUE", Arity = ArgumentArity.OneOrMore };
        var command = options.Planned(new Command("set", "set parameters by their names") { values });
        Session.Run(command, options, environment, (session, parsed, cancellation) =>
        {
            var wanted = parsed.GetValue(values)!.Select(text => Assigned(session.Protocol, text)).ToList();
            return WaveChange.RunAsync(session, parsed, options, "set-params", null, draft => wanted.ForEach(entry => draft.Set(entry.Parameter, entry.Parameter.Parse(entry.Text))), cancellation);
        });
        return command;
    }

    public static Command SetParams(CommonOptions options, CommandEnvironment environment)
    {
        var arena = PauseCommand.Target("--arena", "the self-play arena");
        var stakeManager = PauseCommand.Target("--stake-manager", "the stake manager");
        var flags = Values.Select(value => (value.Parameter, value.Unit, value.Factor, Option: new Option<string?>(value.Flag) { Description = $"{value.Parameter}, in {value.Unit} without the unit", HelpName = "N" })).ToList();
        var command = options.Planned(new Command("set-params", "set rewards, splits, stakes and fees with the runbook's flags; their numbers carry no unit") { arena, stakeManager });
        flags.ForEach(flag => command.Options.Add(flag.Option));
        Session.Run(command, options, environment, (session, parsed, cancellation) =>
        {
            PauseCommand.RequireSame(session, parsed, arena, "SelfPlayArena");
            PauseCommand.RequireSame(session, parsed, stakeManager, "StakeManager");
            var wanted = flags.Where(flag => parsed.GetValue(flag.Option) is not null).Select(flag => (Parameter: session.Protocol.Parameter(flag.Parameter), Number: Number(flag.Option.Name, parsed.GetValue(flag.Option)!, flag.Unit) * flag.Factor)).ToList();
            return wanted.Count == 0
                ? throw new ControlException("value-needed", ExitCode.BadInput, "No value was given to set.", $"Give one or more of {string.Join(", ", flags.Select(flag => flag.Option.Name))}.")
                : WaveChange.RunAsync(session, parsed, options, "set-params", null, draft => wanted.ForEach(entry => draft.Set(entry.Parameter, entry.Number)), cancellation);
        });
        return command;
    }

    public static Command SetRoles(CommonOptions options, CommandEnvironment environment)
    {
        var arena = PauseCommand.Target("--arena", "the self-play arena");
        var stakeManager = PauseCommand.Target("--stake-manager", "the stake manager");
        var offices = Offices.Select(office => (
            office.Role,
            Allow: new Option<string[]>($"--allow-{office.Name}") { Description = $"grant {office.Role} to an address; may be given several times", HelpName = "ADDRESS", AllowMultipleArgumentsPerToken = false },
            Revoke: new Option<string[]>($"--revoke-{office.Name}") { Description = $"revoke {office.Role} from an address, before anything is granted; may be given several times", HelpName = "ADDRESS", AllowMultipleArgumentsPerToken = false })).ToList();
        var allow = new Option<string[]>("--allow") { Description = "grant any role of the description, such as FeePool.rewarder=ADDRESS", HelpName = "MODULE.ROLE=ADDRESS", AllowMultipleArgumentsPerToken = false };
        var revoke = new Option<string[]>("--revoke") { Description = "revoke any role of the description", HelpName = "MODULE.ROLE=ADDRESS", AllowMultipleArgumentsPerToken = false };
        var lease = new Option<string?>("--lease") { Description = "grant for a time only, such as 30d or 12h: the revocation is planned, and must be approved, together with the grant", HelpName = "TIME" };
        var command = options.Planned(new Command("set-roles", "grant and revoke roles; revocations go first") { arena, stakeManager, allow, revoke, lease });
        offices.ForEach(office =>
        {
            command.Options.Add(office.Allow);
            command.Options.Add(office.Revoke);
        });
        Session.Run(command, options, environment, (session, parsed, cancellation) =>
        {
            PauseCommand.RequireSame(session, parsed, arena, "SelfPlayArena");
            PauseCommand.RequireSame(session, parsed, stakeManager, "StakeManager");
            var revoked = offices.SelectMany(office => Named(session, office.Role, parsed.GetValue(office.Revoke))).Concat(Any(session, parsed.GetValue(revoke))).ToList();
            var granted = offices.SelectMany(office => Named(session, office.Role, parsed.GetValue(office.Allow))).Concat(Any(session, parsed.GetValue(allow))).ToList();
            var until = LeaseOf(session, parsed.GetValue(lease));
            if (until is not null && revoked.Count > 0)
            {
                throw new ControlException("lease-revokes", ExitCode.BadInput, "--lease grants for a time, and a role is to be revoked as well.", "Make two changes of it.");
            }

            return revoked.Count + granted.Count == 0
                ? throw new ControlException("role-needed", ExitCode.BadInput, "No role was named to grant or to revoke.", $"Give one or more of {string.Join(", ", offices.SelectMany(office => (string[])[office.Allow.Name, office.Revoke.Name]))}, --allow, --revoke.")
                : revoked.Intersect(granted).FirstOrDefault() is { Role: not null } both ? throw new ControlException("role-twice", ExitCode.BadInput, $"{both.Role.FullName} is to be granted to {both.Account} and revoked from it.", "Say one of the two.")
                : WaveChange.RunAsync(session, parsed, options, "set-roles", null, draft =>
                {
                    revoked.ForEach(entry => draft.Revoke(entry.Role, entry.Account, first: true));
                    granted.ForEach(entry => draft.Grant(entry.Role, entry.Account));
                }, cancellation, until);
        });
        return command;
    }

    // Whole minutes, so that the same command within one makes the same change.
    private static DateTimeOffset? LeaseOf(Session session, string? text)
    {
        if (text is null)
        {
            return null;
        }

        if (text.Length < 2 || !int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count == 0 || text[^1] is not ('d' or 'h' or 'm'))
        {
            throw new ControlException("lease-format", ExitCode.BadInput, $"--lease '{text}' is no time.", "Write days, hours or minutes: 30d, 12h, 45m.");
        }

        var end = session.Environment.Time.GetUtcNow() + (text[^1] switch { 'd' => TimeSpan.FromDays(count), 'h' => TimeSpan.FromHours(count), _ => TimeSpan.FromMinutes(count) });
        return new DateTimeOffset(end.Ticks - (end.Ticks % TimeSpan.TicksPerMinute), TimeSpan.Zero);
    }

    private static (Parameter Parameter, string Text) Assigned(Protocol protocol, string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals > 0
            ? (protocol.Parameter(text[..equals]), text[(equals + 1)..])
            : throw new ControlException("assignment-format", ExitCode.BadInput, $"'{text}' does not say what to set to what.", "Write Module.parameter=VALUE, such as FeePool.burnPct=4%.");
    }

    private static BigInteger Number(string flag, string text, string unit) =>
        BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new ControlException("number-format", ExitCode.BadInput, $"{flag} '{text}' is no whole number.", $"This flag of the runbook takes a bare number, in {unit}. 'owner set' takes values with their units.");

    private static IEnumerable<(Role Role, Address Account)> Named(Session session, string role, string[]? accounts) => (accounts ?? []).Select(account => (session.Protocol.Role(role), Address.Parse(account)));

    private static IEnumerable<(Role Role, Address Account)> Any(Session session, string[]? texts) => (texts ?? []).Select(text =>
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals > 0
            ? (session.Protocol.Role(text[..equals]), Address.Parse(text[(equals + 1)..]))
            : throw new ControlException("assignment-format", ExitCode.BadInput, $"'{text}' does not say which role of whom.", "Write Module.role=ADDRESS.");
    });
}
