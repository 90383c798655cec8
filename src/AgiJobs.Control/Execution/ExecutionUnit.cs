using System.Globalization;
using AgiJobs.Control.Changes;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Execution;

/// <summary>A call that a route's end makes.</summary>
/// <param name="To">The contract.</param>
/// <param name="Data">The calldata.</param>
internal readonly record struct OuterCall(Address To, ReadOnlyMemory<byte> Data);

/// <summary>An operation of a timelock that a unit goes through.</summary>
/// <param name="Timelock">The timelock.</param>
/// <param name="Id">The id that it has there, the same on every machine.</param>
/// <param name="Salt">Its salt: the change's digest.</param>
/// <param name="Execute">The timelock's call that executes it.</param>
/// <param name="Via">The way in which the timelock is called.</param>
/// <param name="DelaySeconds">The delay that it is scheduled with.</param>
internal sealed record TimelockOperation(Address Timelock, Bytes32 Id, Bytes32 Salt, OuterCall Execute, Route Via, ulong DelaySeconds);

/// <summary>
/// Steps of a change that are carried together: one transaction, or with a timelock one that schedules and one that executes. Safes behind the carrying Safe add one each.
/// </summary>
internal sealed class ExecutionUnit
{
    private ExecutionUnit(int index, ChangeDocument document, IReadOnlyList<ChangeStep> steps)
    {
        Key = index.ToString(CultureInfo.InvariantCulture);
        Steps = steps;
        Base = steps[0].Route.Base;
        var calls = steps.Select(step => (To: step.Target, Data: (ReadOnlyMemory<byte>)step.Calldata)).ToList();
        var route = steps[0].Route;
        for (; route.Via is { } via; route = via)
        {
            if (route.Kind == RouteKind.Forwarder)
            {
                calls = calls.ConvertAll(call => (route.Caller, (ReadOnlyMemory<byte>)RouteCalls.Forward(route, call.To, call.Data)));
            }
            else if (Operation is null && route is { Kind: RouteKind.Timelock, DelaySeconds: { } delay })
            {
                var salt = document.Digest();
                Operation = new TimelockOperation(route.Caller, RouteCalls.OperationId(calls, salt), salt, new OuterCall(route.Caller, RouteCalls.Execute(calls, salt)), via, delay);
                calls = [(route.Caller, RouteCalls.Schedule(calls, salt, delay))];
            }
            else
            {
                throw new ControlException("change-route", ExitCode.BadInput, $"The route of the step {steps[0].Module}.{steps[0].Function} goes through {route.Kind} in a way that cannot be carried out.", "Plan the change again.");
            }
        }

        Calls = [.. calls.Select(call => new OuterCall(call.To, call.Data))];
    }

    /// <summary>Its name in the journal.</summary>
    public string Key { get; }

    /// <summary>The steps.</summary>
    public IReadOnlyList<ChangeStep> Steps { get; }

    /// <summary>How its transaction is sent.</summary>
    public Route Base { get; }

    /// <summary>What <see cref="Base"/> calls: the steps themselves, forwarders, or the timelock that they are scheduled on.</summary>
    public IReadOnlyList<OuterCall> Calls { get; }

    /// <summary>The timelock's operation; null when the calls take effect at once.</summary>
    public TimelockOperation? Operation { get; }

    /// <summary>The units of a change, in order.</summary>
    public static IReadOnlyList<ExecutionUnit> Of(ChangeDocument document)
    {
        var groups = new List<List<ChangeStep>>();
        foreach (var step in document.Steps)
        {
            if (groups is [.., var last] && Joins(last[0], step))
            {
                last.Add(step);
            }
            else
            {
                groups.Add([step]);
            }
        }

        return [.. groups.Select((steps, index) => new ExecutionUnit(index, document, steps))];
    }

    /// <summary>
    /// What must hold when this unit has taken effect, as far as that can be told: everything for the only unit, else what is said of its targets. Nothing for a Safe's transaction among several, whose
    /// chunks may call the same contracts: its hash tells whether it was executed.
    /// </summary>
    public IReadOnlyList<Expectation> Effect(ChangeDocument document, int units)
    {
        if (units > 1 && Base.Kind != RouteKind.Safe && Steps.All(step => step.Deploys is not null))
        {
            return Codes(document);
        }

        var touched = Steps.Select(step => step.Target.ToString()).Concat(Steps.SelectMany(step => step.Arguments)).ToHashSet(StringComparer.Ordinal);
        return units == 1 ? document.Expected : Base.Kind == RouteKind.Safe ? [] : [.. document.Expected.Where(expectation => touched.Contains(expectation.Target.ToString()))];
    }

    /// <summary>The code that must stand when this unit has taken effect, of what it deploys.</summary>
    public IReadOnlyList<Expectation> Codes(ChangeDocument document) => [.. document.Expected.Where(expectation => expectation.CodeHash is not null && Steps.Any(step => step.Deploys?.Address == expectation.Target))];

    /// <summary>The calls by which the operation is executed through the way it was scheduled.</summary>
    public IReadOnlyList<OuterCall> ExecuteCalls()
    {
        var call = Operation!.Execute;
        for (var route = Operation.Via; route.Via is { } via; route = via)
        {
            call = new OuterCall(route.Caller, RouteCalls.Forward(route, call.To, call.Data));
        }

        return [call];
    }

    // A Safe makes several calls in one transaction, and a timelock in one operation.
    private static bool Joins(ChangeStep first, ChangeStep next) => (first.Route.Base.Kind == RouteKind.Safe || HasTimelock(first.Route)) && (first.Chunk ?? 0) == (next.Chunk ?? 0) && Same(first.Route, next.Route);

    private static bool HasTimelock(Route route) => route.Kind == RouteKind.Timelock || (route.Via is { } via && HasTimelock(via));

    private static bool Same(Route left, Route right) =>
        left.Kind == right.Kind && left.Caller == right.Caller && left.DelaySeconds == right.DelaySeconds && string.Equals(left.Function, right.Function, StringComparison.Ordinal)
        && (left.Via is null ? right.Via is null : right.Via is not null && Same(left.Via, right.Via));
}
