using System.Text.Json;

namespace AgiJobs.Ethereum.Rpc;

/// <summary>How one contract turned to another.</summary>
public enum CallFrameKind
{
    /// <summary>A call.</summary>
    Call,

    /// <summary>A call that may change nothing.</summary>
    StaticCall,

    /// <summary>The callee's code ran on the caller's state.</summary>
    DelegateCall,

    /// <summary>The callee's code ran on the caller's state, as its own caller (retired by EIP-7).</summary>
    CallCode,

    /// <summary>A contract was made.</summary>
    Create,

    /// <summary>A contract gave its coin away and ended itself.</summary>
    SelfDestruct,
}

/// <summary>One call in the tree that a transaction makes, as the call tracer tells it.</summary>
/// <param name="Kind">The sort of call.</param>
/// <param name="From">Who called: for a delegate call the account whose state is used.</param>
/// <param name="To">Whose code ran; null when a creation failed before it had an address.</param>
/// <param name="Input">Calldata or creation code.</param>
/// <param name="Output">What was returned, or the revert's data.</param>
/// <param name="Value">Native coin sent along; zero for calls that send none.</param>
/// <param name="GasUsed">Gas, inner calls included.</param>
/// <param name="Error">The node's words for a failure; null when it succeeded.</param>
/// <param name="Calls">The calls that it made, in order.</param>
/// <param name="Logs">What it emitted itself, in order, each with the number of inner calls that were made before it.</param>
public sealed record CallFrame(
    CallFrameKind Kind,
    Address From,
    Address? To,
    ReadOnlyMemory<byte> Input,
    ReadOnlyMemory<byte> Output,
    Wei Value,
    Gas GasUsed,
    string? Error,
    IReadOnlyList<CallFrame> Calls,
    IReadOnlyList<(int Position, SimulatedLog Log)> Logs)
{
    private const int MaxDepth = 1100;

    /// <summary>True when it did not fail; whether its callers did is another matter.</summary>
    public bool Succeeded => Error is null;

    /// <summary>This call and all calls beneath it that took effect, in the order in which they began.</summary>
    public IEnumerable<CallFrame> Effective()
    {
        if (!Succeeded)
        {
            yield break;
        }

        yield return this;
        foreach (var inner in Calls.SelectMany(call => call.Effective()))
        {
            yield return inner;
        }
    }

    /// <summary>This call and all calls beneath it, failed ones included, in the order in which they began.</summary>
    public IEnumerable<CallFrame> All() => Calls.SelectMany(call => call.All()).Prepend(this);

    /// <summary>What this call and those beneath it emitted, in the order of the chain; what failed emits nothing.</summary>
    public IReadOnlyList<SimulatedLog> AllLogs()
    {
        var logs = new List<SimulatedLog>();
        Collect(this, logs);
        return logs;

        static void Collect(CallFrame frame, List<SimulatedLog> into)
        {
            if (!frame.Succeeded)
            {
                return;
            }

            var next = 0;
            for (var i = 0; i <= frame.Calls.Count; i++)
            {
                while (next < frame.Logs.Count && (frame.Logs[next].Position <= i || i == frame.Calls.Count))
                {
                    into.Add(frame.Logs[next++].Log);
                }

                if (i < frame.Calls.Count)
                {
                    Collect(frame.Calls[i], into);
                }
            }
        }
    }

    internal static CallFrame Read(JsonElement frame, int depth)
    {
        if (depth > MaxDepth)
        {
            throw NodeJson.Malformed("the tree of calls is deeper than the EVM allows");
        }

        var kind = NodeJson.Text(NodeJson.Field(frame, "type"), "type") switch
        {
            "CALL" => CallFrameKind.Call,
            "STATICCALL" => CallFrameKind.StaticCall,
            "DELEGATECALL" => CallFrameKind.DelegateCall,
            "CALLCODE" => CallFrameKind.CallCode,
            "CREATE" or "CREATE2" => CallFrameKind.Create,
            "SELFDESTRUCT" => CallFrameKind.SelfDestruct,
            var other => throw NodeJson.Malformed($"'{NodeError.Printable(other)}' is no type of call"),
        };
        return new CallFrame(
            kind,
            NodeJson.Address(NodeJson.Field(frame, "from"), "from"),
            NodeJson.Optional(frame, "to") is { } to ? NodeJson.Address(to, "to") : null,
            NodeJson.Optional(frame, "input") is { } input ? NodeJson.Data(input, "input") : [],
            NodeJson.Optional(frame, "output") is { } output ? NodeJson.Data(output, "output") : [],
            // A delegate call shows the value of its caller's call on some nodes, and moves none.
            kind is not (CallFrameKind.DelegateCall or CallFrameKind.StaticCall) && NodeJson.Optional(frame, "value") is { } value ? NodeJson.Wei(value, "value") : Wei.Zero,
            NodeJson.Optional(frame, "gasUsed") is { } gas ? new Gas(NodeJson.Count(gas, "gasUsed")) : new Gas(0),
            NodeJson.Optional(frame, "error") is { } error ? NodeError.Printable(NodeJson.Text(error, "error")) : null,
            NodeJson.Optional(frame, "calls") is { } calls ? NodeJson.List(calls, "calls", inner => Read(inner, depth + 1)) : [],
            NodeJson.Optional(frame, "logs") is { } logs ? NodeJson.List(logs, "logs", ReadLog) : []);
    }

    private static (int Position, SimulatedLog Log) ReadLog(JsonElement log)
    {
        // Without a position the node is too old to tell the order among calls and logs.
        var position = NodeJson.Count(NodeJson.Field(log, "position"), "position");
        return ((int)Math.Min(position, int.MaxValue), SimulationRequests.ReadLog(log));
    }
}
