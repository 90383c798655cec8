using System.Buffers;
using System.Globalization;
using System.Text.Json;
using AgiJobs.Arena.Gateway;
using AgiJobs.Control;
using AgiJobs.Ethereum;
using AgiJobs.Response.Index;
using AgiJobs.Server.Hosting;
using AgiJobs.Server.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AgiJobs.Server.Views;

/// <summary>The protocol's events, searched: <c>/v1/index/events?account=&amp;job=&amp;round=&amp;transaction=&amp;event=&amp;module=&amp;from=&amp;to=&amp;after=&amp;limit=</c>.</summary>
internal sealed class IndexRoutes(ServerParts parts)
{
    private readonly EventIndex _index = new(parts.Store, parts.Network);

    public void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1/index/events", (Delegate)SearchAsync).WithMetadata(new RouteFacts("The protocol's events by account, job, round, transaction, event, module and block, paged; how far the index goes, and why the answer may not be all.") { Codes = [GatewayCode.Malformed] });

    private async Task SearchAsync(HttpContext context)
    {
        EventPage page;
        try
        {
            page = await _index.SearchAsync(Query(context.Request.Query), context.RequestAborted).ConfigureAwait(false);
        }
        catch (Exception wrong) when (wrong is FormatException or OverflowException or EthereumException or ControlException { Code: "index-query" })
        {
            throw new RefusalException(GatewayCode.Malformed, $"The query cannot be read: {wrong.Message}", "Numbers are decimal; an address and a transaction are 0x and hex digits; after is what the page before gives as next.");
        }

        var standing = await IndexStanding.ReadAsync(parts.Store, parts.Network, parts.Protocol, parts.Time.GetUtcNow(), context.RequestAborted).ConfigureAwait(false);
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("network", parts.Network);
            writer.WriteNumber("chainId", parts.Client.ChainId.Value);
            writer.WriteStartArray("events");
            foreach (var found in page.Events)
            {
                writer.WriteRawValue(found);
            }

            writer.WriteEndArray();
            writer.WriteString("next", page.Next);
            Write(writer, standing);
            writer.WriteEndObject();
        }

        await Answer.BytesAsync(context, buffer.WrittenMemory, "application/json; charset=utf-8").ConfigureAwait(false);
    }

    // An answer that may not be all of it says so.
    private static void Write(Utf8JsonWriter writer, IndexStanding standing)
    {
        writer.WriteStartObject("index");
        if (standing is { Monitor: { } monitor, Track: { } track })
        {
            writer.WriteNumber("from", track.From);
            writer.WriteNumber("next", track.Next);
            writer.WriteString("at", monitor.At);
            if (track.Fill is { } fill)
            {
                writer.WriteStartObject("fill");
                writer.WriteNumber("from", fill.From);
                writer.WriteNumber("to", fill.To);
                writer.WriteNumber("next", fill.Next);
                writer.WriteEndObject();
            }
        }

        writer.WriteStartArray("problems");
        foreach (var problem in standing.Problems)
        {
            writer.WriteStringValue(problem);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static EventQuery Query(IQueryCollection query)
    {
        string? Text(string name) => query[name] is [{ Length: > 0 } text] ? text : null;
        ulong? Number(string name) => Text(name) is { } text ? ulong.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) : null;
        return new EventQuery
        {
            Account = Text("account") is { } account ? Address.Parse(account) : null,
            Job = Number("job"),
            Round = Number("round"),
            Transaction = Text("transaction") is { } transaction ? Bytes32.Parse(transaction) : null,
            Event = Text("event"),
            Module = Text("module"),
            From = Number("from"),
            To = Number("to"),
            After = Text("after"),
            Limit = (int)Math.Min(Number("limit") ?? 100, int.MaxValue),
        };
    }
}
