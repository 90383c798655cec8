using System.Globalization;
using System.Numerics;
using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Control.Files;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Culture;

/// <summary>A share of the rewards.</summary>
/// <param name="Account">Whose.</param>
/// <param name="Wins">Rounds won in the period.</param>
/// <param name="Slashes">Slashes of the period that stand.</param>
/// <param name="Score">The wins that count after slashes: what the amount is in proportion to.</param>
/// <param name="Amount">How much.</param>
public sealed record CultureAllocation(Address Account, long Wins, long Slashes, long Score, Wei Amount);

/// <summary>
/// The rewards of a period: in proportion to the wins that count, to the last unit. Amounts are rounded down, and what is left goes by one unit (10^-18) to those with the largest remainders, so that the sum is the total. Of equals
/// the lower address comes first.
/// </summary>
/// <param name="Total">What was to be given out.</param>
/// <param name="Period">For which time.</param>
/// <param name="Policy">How slashes counted.</param>
/// <param name="GeneratedAt">When this was worked out.</param>
/// <param name="Allocations">The shares from the largest down; none when nobody has a win that counts, and then nothing is given out.</param>
public sealed record CultureRewards(Wei Total, CulturePeriod Period, CulturePolicy Policy, DateTimeOffset GeneratedAt, IReadOnlyList<CultureAllocation> Allocations)
{
    /// <summary>Its place in the workspace.</summary>
    public static readonly string[] Place = ["storage", "orchestrator", "culture_rewards.json"];

    /// <summary>False when nobody has a win that counts.</summary>
    public bool HasWinners => Allocations.Count > 0;

    /// <summary>Works out the rewards.</summary>
    /// <param name="entries">What the agents did in the period, in any order.</param>
    /// <param name="total">What is to be given out.</param>
    /// <param name="top">How many agents share it at most: those with the most wins that count.</param>
    /// <param name="period">The time that the entries are of.</param>
    /// <param name="policy">How slashes count.</param>
    /// <param name="now">The time now.</param>
    /// <exception cref="ControlException"><c>culture-total</c>, <c>culture-top</c>, <c>culture-policy</c> when they are below 1; <c>culture-twice</c> when an agent has two entries.</exception>
    public static CultureRewards Derive(IEnumerable<CultureEntry> entries, Wei total, int top, CulturePeriod period, CulturePolicy policy, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(entries);
        ArgumentNullException.ThrowIfNull(policy);
        if (total.Value.IsZero)
        {
            throw new ControlException("culture-total", ExitCode.BadInput, "A total of 0 rewards nobody.", "Give the total in whole tokens, such as 1500.");
        }

        if (top < 1)
        {
            throw new ControlException("culture-top", ExitCode.BadInput, $"The best {top} are nobody.", "Give 1 or more.");
        }

        if (policy.WinsPerSlash < 0)
        {
            throw new ControlException("culture-policy", ExitCode.BadInput, $"A slash that takes {policy.WinsPerSlash} wins would be a reward.", "Give 0 or more.");
        }

        var all = entries.ToList();
        if (all.GroupBy(entry => entry.Account).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new ControlException("culture-twice", ExitCode.BadInput, $"{twice.Key} has {twice.Count()} entries.", "Add them up first.");
        }

        var best = all.Select(entry => (Entry: entry, Score: policy.Score(entry))).Where(one => one.Score > 0)
            .OrderByDescending(one => one.Score).ThenByDescending(one => one.Entry.Wins).ThenBy(one => one.Entry.Account).Take(top).ToList();
        var sum = best.Aggregate(BigInteger.Zero, (before, one) => before + one.Score);
        var shares = best.Select(one => BigInteger.DivRem(total.Value * one.Score, sum)).ToList();
        // Always fewer than there are shares.
        var left = shares.Count == 0 ? 0 : (int)(total.Value - shares.Aggregate(BigInteger.Zero, (before, share) => before + share.Quotient));
        var lucky = Enumerable.Range(0, shares.Count).OrderByDescending(index => shares[index].Remainder).ThenBy(index => index).Take(left).ToHashSet();
        return new CultureRewards(total, period, policy, now.ToUniversalTime(), [.. best.Select((one, index) =>
            new CultureAllocation(one.Entry.Account, one.Entry.Wins, one.Entry.Slashes, one.Score, new Wei(shares[index].Quotient + (lucky.Contains(index) ? 1 : 0))))]);
    }

    /// <summary>
    /// The file: <c>totalReward</c>, <c>generatedAt</c> and <c>allocations</c> of <c>address</c>, <c>wins</c> and <c>amount</c> as ever; amounts are numbers written out in full, and <c>amountWei</c> has them for programs whose
    /// numbers are not as long. Besides: <c>slashes</c>, <c>score</c>, <c>outcome</c> (<c>allocated</c> or <c>no-winners</c>), <c>period</c>, <c>policy</c>.
    /// </summary>
    public byte[] Encode()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, IndentSize = 2, NewLine = "\n" }))
        {
            writer.WriteStartObject();
            Amount(writer, "totalReward", Total);
            writer.WriteString("generatedAt", Time(GeneratedAt));
            writer.WriteStartArray("allocations");
            foreach (var allocation in Allocations)
            {
                writer.WriteStartObject();
                writer.WriteString("address", allocation.Account.ToString());
                writer.WriteNumber("wins", allocation.Wins);
                Amount(writer, "amount", allocation.Amount);
                writer.WriteString("amountWei", allocation.Amount.Value.ToString(CultureInfo.InvariantCulture));
                writer.WriteNumber("slashes", allocation.Slashes);
                writer.WriteNumber("score", allocation.Score);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteString("outcome", HasWinners ? "allocated" : "no-winners");
            writer.WriteStartObject("period");
            writer.WriteString("name", Period.Name);
            writer.WriteString("from", Time(Period.From));
            writer.WriteString("to", Time(Period.To));
            writer.WriteEndObject();
            writer.WriteStartObject("policy");
            writer.WriteNumber("winsPerSlash", Policy.WinsPerSlash);
            writer.WriteBoolean("excludesSlashed", Policy.ExcludesSlashed);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    /// <summary>Writes the file, atomically.</summary>
    /// <exception cref="ControlException"><c>file-write</c>.</exception>
    public void Write(string path) => AtomicFile.Write(path, Encode());

    private static void Amount(Utf8JsonWriter writer, string key, Wei amount)
    {
        writer.WritePropertyName(key);
        writer.WriteRawValue(amount.ToEther(), skipInputValidation: false);
    }

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
