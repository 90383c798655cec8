using System.Text;
using System.Text.Json;

namespace AgiJobs.Ethereum.Rpc;

/// <summary>
/// Gives each request of one exchange its part of the answer, matched by id. Afterwards every slot is either complete or has one more
/// failure.
/// </summary>
internal static class RpcAnswerReader
{
    /// <param name="endpoint">Who answered.</param>
    /// <param name="answer">What it said.</param>
    /// <param name="guard">A slot that must be complete without error before any other is touched (the chain-id check), or null.</param>
    /// <param name="slots">The other requests.</param>
    /// <param name="verify">Called once the guard has its value; throws to refuse the whole answer.</param>
    public static void Read(RpcEndpoint endpoint, RpcAnswer answer, RpcSlot? guard, IReadOnlyList<RpcSlot> slots, Action verify)
    {
        var all = guard is null ? slots : [guard, .. slots];
        JsonDocument document;
        try
        {
            document = NodeJson.Guard(() => JsonDocument.Parse(answer.Body, NodeJson.Options));
        }
        catch (EthereumException)
        {
            FailAll(all, answer.ErrorStatus is { } status
                ? new EndpointFailure(endpoint, "rpc-unreachable", $"answered HTTP {status}")
                : new EndpointFailure(endpoint, "rpc-malformed", DescribeGarbage(endpoint, answer.Body.Span)));
            return;
        }

        using (document)
        {
            var answers = new Dictionary<ulong, JsonElement>(all.Count);
            var repeated = new HashSet<ulong>();
            var wasBatch = all.Count > 1;
            try
            {
                NodeJson.Guard(() => Collect(document.RootElement, wasBatch, answers, repeated));
                if (!wasBatch && answers.Count == 0 && AnonymousError(document.RootElement) is { } anonymous)
                {
                    answers[all[0].Id] = anonymous;
                }
            }
            catch (EthereumException error)
            {
                FailAll(all, new EndpointFailure(endpoint, "rpc-malformed", $"sent an answer that is not JSON-RPC: {error.Message}"));
                return;
            }

            if (answers.Count == 0 && (answer.ErrorStatus is not null || wasBatch))
            {
                FailAll(all, Unmatched(endpoint, answer, document.RootElement, wasBatch));
                return;
            }

            if (guard is not null)
            {
                ReadOne(endpoint, guard, answers, repeated);
                if (!guard.IsComplete || guard.Error is not null)
                {
                    FailAll(slots, guard.Failures.Count > 0
                        ? guard.Failures[^1]
                        : new EndpointFailure(endpoint, "rpc-unreachable", $"does not tell its chain id: {guard.Error!.Message}"));
                    return;
                }

                verify();
            }

            foreach (var slot in slots)
            {
                ReadOne(endpoint, slot, answers, repeated);
            }
        }
    }

    private static bool Collect(JsonElement root, bool wasBatch, Dictionary<ulong, JsonElement> answers, HashSet<ulong> repeated)
    {
        if (!wasBatch)
        {
            NodeJson.Object(root, "the answer");
            CollectOne(root, answers, repeated);
            return true;
        }

        if (root.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in root.EnumerateArray())
            {
                if (item.ValueKind == JsonValueKind.Object)
                {
                    CollectOne(item, answers, repeated);
                }
            }
        }

        return true;
    }

    private static void CollectOne(JsonElement item, Dictionary<ulong, JsonElement> answers, HashSet<ulong> repeated)
    {
        if (item.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.Number && id.TryGetUInt64(out var number)
            && !answers.TryAdd(number, item))
        {
            repeated.Add(number);
        }
    }

    /// <summary>An error whose id is null or absent: how a node answers a request that it could not take apart.</summary>
    private static JsonElement? AnonymousError(JsonElement root) =>
        root.ValueKind == JsonValueKind.Object && NodeJson.Optional(root, "id") is null && NodeJson.Optional(root, "error") is not null
            ? root
            : null;

    private static void ReadOne(RpcEndpoint endpoint, RpcSlot slot, Dictionary<ulong, JsonElement> answers, HashSet<ulong> repeated)
    {
        void Malformed(string text) => slot.Failures.Add(new EndpointFailure(endpoint, "rpc-malformed", text));

        if (repeated.Contains(slot.Id))
        {
            Malformed($"answered {slot.Request.Method} (id {slot.Id}) twice");
            return;
        }

        if (!answers.TryGetValue(slot.Id, out var item))
        {
            Malformed($"sent an answer without one for {slot.Request.Method} (id {slot.Id})");
            return;
        }

        try
        {
            NodeJson.Guard(() =>
            {
                var error = NodeJson.Optional(item, "error");
                var hasResult = item.TryGetProperty("result", out var result);
                if (error is { } refusal)
                {
                    if (hasResult && !NodeJson.IsNull(result))
                    {
                        throw NodeJson.Malformed("the answer has both a result and an error");
                    }

                    var exception = NodeError.Read(refusal, slot.Request.Method, endpoint);
                    if (NodeError.IsOverload(exception))
                    {
                        slot.Failures.Add(new EndpointFailure(endpoint, "rpc-overload",
                            $"is overloaded (error {exception.NodeCode}: {exception.NodeMessage})", NodeError: exception));
                    }
                    else
                    {
                        slot.Fail(exception);
                    }
                }
                else if (hasResult)
                {
                    slot.Complete(result);
                }
                else
                {
                    throw NodeJson.Malformed("the answer has neither a result nor an error");
                }

                return true;
            });
        }
        catch (EthereumException error)
        {
            Malformed($"sent a malformed answer to {slot.Request.Method}: {endpoint.Scrub(NodeError.Printable(error.Message))}");
        }
    }

    private static EndpointFailure Unmatched(RpcEndpoint endpoint, RpcAnswer answer, JsonElement root, bool wasBatch)
    {
        if (answer.ErrorStatus is { } status)
        {
            return new EndpointFailure(endpoint, "rpc-unreachable", $"answered HTTP {status}");
        }

        if (wasBatch && root.ValueKind == JsonValueKind.Object)
        {
            var said = "a single object";
            if (root.TryGetProperty("error", out var error))
            {
                try
                {
                    said = NodeJson.Guard(() => NodeError.Read(error, "the batch", endpoint)).NodeMessage;
                }
                catch (EthereumException)
                {
                    said = "an unreadable error";
                }
            }

            return new EndpointFailure(
                endpoint, "rpc-batch", $"refused a batch ({said}); set RpcOptions.MaxBatchSize lower, to 1 if it takes none");
        }

        return new EndpointFailure(endpoint, "rpc-malformed", "sent an answer that holds none of the requests' ids");
    }

    private static string DescribeGarbage(RpcEndpoint endpoint, ReadOnlySpan<byte> body)
    {
        if (body.IsEmpty)
        {
            return "sent an empty answer";
        }

        var start = NodeError.Printable(endpoint.Scrub(Encoding.UTF8.GetString(body[..Math.Min(body.Length, 4096)]).Trim()));
        start = start.Length <= 60 ? start : start[..60] + "...";
        return start.StartsWith('<') ? $"sent a web page instead of JSON: {start}" : $"sent something that is not JSON: {start}";
    }

    private static void FailAll(IReadOnlyList<RpcSlot> slots, EndpointFailure failure)
    {
        foreach (var slot in slots)
        {
            slot.Failures.Add(failure);
        }
    }
}
