using System.Globalization;
using System.Numerics;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Control.Approvals;

/// <summary>What a change does to one parameter, by its calls and not by what it says of them.</summary>
/// <param name="Parameter">The parameter.</param>
/// <param name="From">What it had, by the change's preconditions, which execution holds against the chain; null when the change is not planned on it.</param>
/// <param name="Through">What it is set to, in order; empty when the calls that may set it cannot be read.</param>
public sealed record ParameterMove(Parameter Parameter, AbiValue? From, IReadOnlyList<AbiValue> Through)
{
    /// <summary>True when nothing is known to be changed: a setter carried the value along.</summary>
    public bool IsIdle => From is not null && Through.Count > 0 && Through.All(value => value.Equals(From));
}

/// <summary>The guardrails of a policy: how far and how often a parameter may be changed, and by how many people. Immutable.</summary>
/// <param name="policy">The policy.</param>
/// <param name="protocol">The protocol, which says what a change's calls set.</param>
public sealed class Guardrails(PolicyFile policy, Protocol protocol)
{
    /// <summary>Those that apply to a parameter, in the policy's order.</summary>
    public IReadOnlyList<GuardrailPolicy> For(Parameter parameter) =>
        [.. (policy.Guardrails ?? []).Where(rail => string.Equals(rail.Parameter, parameter.FullName, StringComparison.Ordinal) || string.Equals(rail.Parameter, $"{parameter.Module.Name}.*", StringComparison.Ordinal))];

    /// <summary>What a change does to the parameters that are guarded. What is only carried along by a setter is left out.</summary>
    public IReadOnlyList<ParameterMove> MovesOf(ChangeDocument change) =>
        [.. protocol.Modules.SelectMany(module => module.Parameters).Where(parameter => For(parameter).Count > 0).Select(parameter => MoveOf(change, parameter)).OfType<ParameterMove>().Where(move => !move.IsIdle)];

    /// <summary>How many approvers the guardrails ask for; 0 when they do not.</summary>
    public int QuorumOf(ChangeDocument change) => MovesOf(change).SelectMany(move => For(move.Parameter)).Max(rail => rail.Quorum) ?? 0;

    /// <summary>Why guardrails stand against a change, each with value, limit and what mends it; none when they do not.</summary>
    /// <param name="change">The change.</param>
    /// <param name="records">The changes on file, which tell what was changed when.</param>
    /// <param name="now">The moment at which cooldowns are looked at.</param>
    /// <exception cref="ControlException"><c>policy-rule</c> for a guardrail that says nothing about this protocol.</exception>
    public IReadOnlyList<GateRefusal> Refusals(ChangeDocument change, IReadOnlyList<SurveyedChange> records, DateTimeOffset now)
    {
        foreach (var rail in policy.Guardrails ?? [])
        {
            if (!protocol.Modules.SelectMany(module => module.Parameters).Any(parameter => For(parameter).Contains(rail)))
            {
                throw new ControlException("policy-rule", ExitCode.BadInput, $"The guardrail for '{rail.Parameter}' guards nothing: {protocol.Title} has no such parameter.", "Correct it in the policy; 'agijobs owner parameters' lists the names.");
            }
        }

        var refusals = new List<GateRefusal>();
        foreach (var move in MovesOf(change))
        {
            var name = move.Parameter.FullName;
            if (move.Through.Count == 0)
            {
                refusals.Add(new GateRefusal("guardrail-hidden", $"a call of it carries a call of {name}'s setter, which cannot be read, and {name} is guarded", "Plan it with 'agijobs owner set'."));
                continue;
            }

            if (move.From is not { } from)
            {
                refusals.Add(new GateRefusal("guardrail-unknown", $"it sets {name}, which is guarded, and is not planned on the value that it has", "Plan it with 'agijobs owner set'."));
                continue;
            }

            if (!IsWayBack(change, move, records))
            {
                refusals.AddRange(For(move.Parameter).SelectMany(rail => Against(rail, move, from, change, records, now)));
            }
        }

        return refusals;
    }

    private static IEnumerable<GateRefusal> Against(GuardrailPolicy rail, ParameterMove move, AbiValue from, ChangeDocument change, IReadOnlyList<SurveyedChange> records, DateTimeOffset now)
    {
        var parameter = move.Parameter;
        var unit = parameter.Unit;
        var past = new List<(DateTimeOffset At, AbiValue From, string Id)>();
        if (rail.CooldownHours is { } hours)
        {
            if (records.FirstOrDefault(record => record.Change is null) is { } damaged)
            {
                yield return new GateRefusal("guardrail-unknown", $"when {parameter.FullName} was changed last cannot be told: the record {damaged.Id} is damaged", "agijobs backup restore");
            }

            past.AddRange(Executed(parameter, change, records).Where(entry => now - entry.At < TimeSpan.FromHours(hours)).OrderBy(entry => entry.At));
            if (past is [.., var last])
            {
                yield return new GateRefusal(
                    "guardrail-cooldown",
                    string.Create(CultureInfo.InvariantCulture, $"{parameter.FullName} was changed at {last.At:yyyy-MM-dd HH:mm:ss} UTC by {last.Id}, and the policy keeps it as it is for {hours} hours, until {last.At.AddHours(hours):yyyy-MM-dd HH:mm:ss} UTC"),
                    string.Create(CultureInfo.InvariantCulture, $"Wait, or plan it with --not-before {last.At.AddHours(hours).AddSeconds(1):yyyy-MM-dd'T'HH:mm:ss}Z."));
            }
        }

        if (rail.MaxChange is not { } text || !unit.IsNumber)
        {
            yield break;
        }

        var now0 = from.AsInteger();
        var limit = Limit(text, parameter, now0);
        foreach (var value in move.Through.Select(value => value.AsInteger()).Where(value => BigInteger.Abs(value - now0) > limit).Take(1))
        {
            yield return new GateRefusal("guardrail-change", $"{parameter.FullName}: {unit.Format(now0)} -> {unit.Format(value)} changes it by {unit.Format(BigInteger.Abs(value - now0))}, and the policy allows {unit.Format(limit)} ({text}) in one change", $"Choose a value from {unit.Format(Least(now0 - limit))} to {unit.Format(Most(now0 + limit))}, or have the policy's guardrail changed.");
        }

        // Many small steps are one large one.
        if (past is [var first, ..])
        {
            var start = first.From.AsInteger();
            var rate = Limit(text, parameter, start);
            foreach (var value in move.Through.Select(value => value.AsInteger()).Where(value => BigInteger.Abs(value - start) > rate).Take(1))
            {
                yield return new GateRefusal("guardrail-rate", string.Create(CultureInfo.InvariantCulture, $"{parameter.FullName} was {unit.Format(start)} at the beginning of the last {rail.CooldownHours} hours and would be {unit.Format(value)}, and the policy allows {unit.Format(rate)} ({text}) in that time"), $"Choose a value from {unit.Format(Least(start - rate))} to {unit.Format(Most(start + rate))}, or wait.");
            }
        }

        BigInteger Least(BigInteger value) => value < parameter.Min ? parameter.Min.Value : value;

        BigInteger Most(BigInteger value) => value > parameter.Max ? parameter.Max.Value : value;
    }

    /// <summary>The greatest change that a guardrail's text allows: absolute with the parameter's unit, or a share of the present value as <c>10%</c>.</summary>
    private static BigInteger Limit(string text, Parameter parameter, BigInteger present)
    {
        try
        {
            return text.EndsWith('%')
                ? BigInteger.Abs(present) * FixedPoint.Parse(text[..^1].TrimEnd(), 2) / 10_000
                : parameter.Unit.Parse(text).AsInteger();
        }
        catch (Exception problem) when (problem is EthereumException or ControlException)
        {
            throw new ControlException("policy-rule", ExitCode.BadInput, $"The guardrail's maxChange '{text}' says nothing about {parameter.FullName}: {problem.Message}", $"Write it as {parameter.Unit.Form} without a % sign, or as a share of the present value such as 10%; what is to hold for a whole module is a share.", problem);
        }
    }

    // Undoing what was carried out is never held up, as long as it goes back to the value that was there.
    private static bool IsWayBack(ChangeDocument change, ParameterMove move, IReadOnlyList<SurveyedChange> records) =>
        change.Undoes is { } undone
        && records.Select(record => record.Change).FirstOrDefault(filed => filed?.Document.Digest() == undone) is { } original
        && ExecutedAt(original) is not null
        && From(original.Document, move.Parameter) is { } was
        && move.Through[^1].Equals(was) && move.Through.All(value => value.Equals(was) || value.Equals(move.From));

    private static IEnumerable<(DateTimeOffset At, AbiValue From, string Id)> Executed(Parameter parameter, ChangeDocument change, IReadOnlyList<SurveyedChange> records)
    {
        foreach (var filed in records.Select(record => record.Change).OfType<FiledChange>().Where(filed => filed.Document.ChainId == change.ChainId && string.Equals(filed.Document.Network, change.Network, StringComparison.Ordinal) && filed.Document.Digest() != change.Digest()))
        {
            if (MoveOf(filed.Document, parameter) is { IsIdle: false, From: { } from } && ExecutedAt(filed) is { } at)
            {
                yield return (at, from, filed.Id);
            }
        }
    }

    private static DateTimeOffset? ExecutedAt(FiledChange filed) => Journal.Read(filed.JournalPath)
        .Where(entry => (string?)entry["event"] is "mined" or "elsewhere" or "verified" or "mismatch" && !Journal.HasReverted(entry))
        .Select(entry => DateTimeOffset.TryParse((string?)entry["at"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? (DateTimeOffset?)at : null)
        .LastOrDefault(at => at is not null);

    private static ParameterMove? MoveOf(ChangeDocument change, Parameter parameter)
    {
        var selector = parameter.Setter.Selector.ToBytes();
        var through = new List<AbiValue>();
        foreach (var step in change.Steps)
        {
            if (step.Target != parameter.Module.Address)
            {
                // A call within a call: whoever hides a setter there has to write its selector and whom it is for.
                if (step.Calldata.AsSpan().IndexOf(selector) >= 0 && step.Calldata.AsSpan().IndexOf(parameter.Module.Address.ToBytes()) >= 0)
                {
                    return new ParameterMove(parameter, null, []);
                }

                continue;
            }

            try
            {
                if (parameter.SetBy(step.Calldata) is { } value)
                {
                    through.Add(value);
                }
            }
            catch (EthereumException)
            {
                return new ParameterMove(parameter, null, []);
            }
        }

        return through.Count == 0 ? null : new ParameterMove(parameter, From(change, parameter), through);
    }

    private static AbiValue? From(ChangeDocument change, Parameter parameter)
    {
        var planned = change.Preconditions.FirstOrDefault(expectation => expectation.Target == parameter.Module.Address && expectation.Call is { } call && parameter.Call.Calldata.Span.SequenceEqual(call));
        try
        {
            return planned?.Result is { } result ? parameter.Read(parameter.Getter.DecodeOutput(result)) : null;
        }
        catch (EthereumException)
        {
            return null;
        }
    }
}
