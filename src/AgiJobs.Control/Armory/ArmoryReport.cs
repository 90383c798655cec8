using System.Globalization;
using System.Numerics;
using AgiJobs.Control.Observation;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Armory;

/// <summary>What an armed pause is worth at one block.</summary>
public enum ArmedStanding
{
    /// <summary>It was tried and would pause now.</summary>
    Ready,

    /// <summary>It is good and its turn has not come: an earlier nonce, or a later hour.</summary>
    Waiting,

    /// <summary>It is good and would do nothing now, because what it pauses is paused already.</summary>
    Idle,

    /// <summary>Signatures are missing.</summary>
    Incomplete,

    /// <summary>It can never be fired any more, or would revert.</summary>
    Invalid,

    /// <summary>It could not be found out.</summary>
    Unknown,
}

/// <summary>One armed pause, checked.</summary>
/// <param name="Item">The pause.</param>
/// <param name="Standing">What it is worth.</param>
/// <param name="Why">The reason, in words.</param>
/// <param name="Until">When it ends by itself; null when nothing but the chain ends it.</param>
/// <param name="Gas">What firing it takes; null when it was not estimated.</param>
public sealed record ArmedCheck(ArmedPause Item, ArmedStanding Standing, string Why, DateTimeOffset? Until, Gas? Gas);

/// <summary>An account that can fire.</summary>
/// <param name="Name">Its signer's name.</param>
/// <param name="Address">The account.</param>
/// <param name="Balance">What it has for gas.</param>
/// <param name="Shots">How many times it can pay for the dearest armed pause that is ready, at twice the base fee of the block.</param>
public sealed record ArmorySender(string Name, Address Address, Reading<Wei> Balance, Reading<BigInteger> Shots);

/// <summary>The armory at one block.</summary>
/// <param name="Block">The block.</param>
/// <param name="BlockTime">Its time, which is what windows are held against.</param>
/// <param name="Items">Every armed pause of the network.</param>
/// <param name="Senders">The accounts that can fire.</param>
public sealed record ArmoryReport(BlockNumber Block, DateTimeOffset BlockTime, IReadOnlyList<ArmedCheck> Items, IReadOnlyList<ArmorySender> Senders)
{
    /// <summary>Those that would pause now, the ones that last longest first; statements before rungs, because they depend on nobody's nonce.</summary>
    public IReadOnlyList<ArmedCheck> Ready => [.. Items.Where(check => check.Standing == ArmedStanding.Ready).OrderBy(check => check.Item.Rung is not null).ThenByDescending(check => check.Until).ThenBy(check => check.Item.Name, StringComparer.Ordinal)];

    /// <summary>The accounts that can pay for a shot.</summary>
    public IReadOnlyList<ArmorySender> AbleSenders => [.. Senders.Where(sender => sender.Shots.TryGet(out var shots) && shots > 0)];

    /// <summary>True when a pause can be fired at once.</summary>
    public bool IsArmed => Ready.Count > 0 && AbleSenders.Count > 0;

    /// <summary>When the last statement that is ready ends; null when none is.</summary>
    public DateTimeOffset? StatementsUntil => Ready.Where(check => check.Item.Rung is null).Max(check => check.Until);

    /// <summary>How many transactions of the Safe in a row the ladder follows, from its next nonce on.</summary>
    public int LadderLength
    {
        get
        {
            // A rung that is ready or idle is the one whose nonce is next; those that wait follow it.
            var ladders = Items.Where(check => check is { Item.Rung: not null, Standing: ArmedStanding.Ready or ArmedStanding.Idle or ArmedStanding.Waiting }).GroupBy(check => check.Item.Rung!.Safe);
            return ladders.Select(Length).DefaultIfEmpty(0).Max();

            static int Length(IEnumerable<ArmedCheck> rungs)
            {
                var nonces = rungs.ToLookup(check => check.Standing == ArmedStanding.Waiting, check => BigInteger.Parse(check.Item.Rung!.Nonce, CultureInfo.InvariantCulture));
                var length = nonces[false].Any() ? 1 : 0;
                while (length > 0 && nonces[true].Contains(nonces[false].First() + length))
                {
                    length++;
                }

                return length;
            }
        }
    }

    /// <summary>The coverage in one sentence: <c>ready until ...</c>, or why not.</summary>
    public string Coverage
    {
        get
        {
            if (Ready.Count == 0)
            {
                return Items.Count == 0 ? "NOT ARMED: the armory is empty"
                    : Items.Any(check => check.Standing == ArmedStanding.Idle) ? "nothing to fire at: what the armed pauses stop is paused already"
                    : Items.Any(check => check.Standing == ArmedStanding.Unknown) ? "UNKNOWN: no armed pause could be tried"
                    : "NOT ARMED: no armed pause would work now";
            }

            if (AbleSenders.Count == 0)
            {
                return Senders.Count == 0 ? "NOT ARMED: no account is named that could send it"
                    : Senders.Any(sender => !sender.Shots.IsKnown) ? "UNKNOWN: whether a sender can pay the gas could not be read"
                    : "NOT ARMED: no sender can pay the gas";
            }

            string?[] parts =
            [
                StatementsUntil is { } until ? $"until {until.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC by statement" : null,
                LadderLength is > 0 and var rungs ? string.Create(CultureInfo.InvariantCulture, $"for {rungs} transaction{(rungs == 1 ? "" : "s")} of the Safe by ladder") : null,
            ];
            return $"ready {string.Join(" and ", parts.OfType<string>())}, fired by {string.Join(" or ", AbleSenders.Select(sender => sender.Name))}";
        }
    }

    /// <summary>Clean when armed and nothing is wrong; findings when something is; unknown when nothing is known to work.</summary>
    public ExitCode Exit =>
        !IsArmed && Items.Count > 0 && (Items.Any(check => check.Standing == ArmedStanding.Unknown) || (Ready.Count > 0 && Senders.Any(sender => !sender.Shots.IsKnown))) ? ExitCode.Unknown
        : IsArmed && Items.All(check => check.Standing is ArmedStanding.Ready or ArmedStanding.Waiting or ArmedStanding.Idle) ? ExitCode.Clean
        : ExitCode.Findings;
}
