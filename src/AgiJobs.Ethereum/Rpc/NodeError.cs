using System.Text.Json;
using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Ethereum.Rpc;

/// <summary>Turns a JSON-RPC error object into an exception, and finds revert data where the different nodes put it.</summary>
internal static class NodeError
{
    private const int MaxText = 1000;

    /// <summary>Rate limits and overload: another node, or this one later, may well answer.</summary>
    public static bool IsOverload(RpcException error) =>
        error.NodeCode is 429 or -32097
        || (error.NodeCode == -32005 && !Says(error, "result") && !Says(error, "range"))
        || Says(error, "rate limit")
        || Says(error, "too many requests");

    public static RpcException Read(JsonElement error, string method, RpcEndpoint endpoint)
    {
        long code = 0;
        var message = "";
        JsonElement? data = null;
        if (error.ValueKind == JsonValueKind.Object)
        {
            if (NodeJson.Optional(error, "code") is { ValueKind: JsonValueKind.Number } number)
            {
                number.TryGetInt64(out code);
            }

            message = NodeJson.Optional(error, "message") is { ValueKind: JsonValueKind.String } text
                ? NodeJson.Text(text, "the error message")
                : "";
            data = NodeJson.Optional(error, "data");
        }
        else if (error.ValueKind == JsonValueKind.String)
        {
            message = NodeJson.Text(error, "the error");
        }

        message = Printable(endpoint.Scrub(message));
        var dataText = data is { } present ? endpoint.Scrub(present.GetRawText()) : null;
        if (IsRevert(code, message, data, out var revertData))
        {
            return new RevertException(
                method, endpoint.Name, code, message, dataText, revertData, ContractAbi.Empty.DecodeRevert(revertData));
        }

        return code == -32601
            ? new RpcException("rpc-method", Fault.Unknown, method, endpoint.Name, code, message, dataText,
                $"{endpoint.Name} does not offer {method} ({message}). Use a node that does.")
            : new RpcException("rpc-error", Fault.Failed, method, endpoint.Name, code, message, dataText,
                $"{endpoint.Name} refused {method}: error {code} {(message.Length == 0 ? "without a message" : message)}.");
    }

    private static bool IsRevert(long code, string message, JsonElement? data, out byte[] revertData)
    {
        var found = data is { } element ? Find(element, 0) : null;
        revertData = found ?? [];

        // Code 3 is geth's and its kin's; -32015 is Parity's, taken over by Nethermind, and covers other failures too. The rest
        // say it in words.
        return code == 3
            || message.Contains("revert", StringComparison.OrdinalIgnoreCase)
            || (code == -32015 && found is not null)
            || (data is { ValueKind: JsonValueKind.String } text
                && NodeJson.Text(text, "data").StartsWith("Reverted", StringComparison.Ordinal));
    }

    // Error -32005 is a limit of rate or of results; the latter is the same everywhere.
    private static bool Says(RpcException error, string words) => error.NodeMessage.Contains(words, StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// Revert data is <c>data: "0x…"</c> (geth, Erigon, anvil, Besu), <c>"Reverted 0x…"</c> (Parity, Nethermind),
    /// <c>data.data</c> (Hardhat, relays), <c>data.originalError.data</c> (wallet proxies), <c>data.result</c> or
    /// <c>data["0x&lt;transaction&gt;"].return</c> (Ganache).
    /// </summary>
    private static byte[]? Find(JsonElement element, int depth)
    {
        if (element.ValueKind == JsonValueKind.String)
        {
            var text = NodeJson.Text(element, "data").AsSpan().Trim();
            text = text.StartsWith("Reverted", StringComparison.Ordinal) ? text["Reverted".Length..].Trim() : text;
            return Hex.TryDecode(text.ToString(), out var bytes) ? bytes : null;
        }

        if (element.ValueKind != JsonValueKind.Object || depth > 4)
        {
            return null;
        }

        foreach (var name in (ReadOnlySpan<string>)["data", "originalError", "error", "result", "return", "output"])
        {
            if (element.TryGetProperty(name, out var inner) && Find(inner, depth + 1) is { } bytes)
            {
                return bytes;
            }
        }

        foreach (var property in element.EnumerateObject())
        {
            if (property.Name.StartsWith("0x", StringComparison.Ordinal) && property.Value.ValueKind == JsonValueKind.Object
                && Find(property.Value, depth + 1) is { } bytes)
            {
                return bytes;
            }
        }

        return null;
    }

    /// <summary>
    /// At most 1,000 characters without control characters, so that a node cannot forge lines of a log or terminal sequences.
    /// </summary>
    public static string Printable(string text)
    {
        var shown = text.Length <= MaxText ? text : text[..MaxText] + "...";
        return string.Create(shown.Length, shown, static (target, source) =>
        {
            for (var i = 0; i < source.Length; i++)
            {
                target[i] = char.IsControl(source[i]) ? ' ' : source[i];
            }
        });
    }
}
