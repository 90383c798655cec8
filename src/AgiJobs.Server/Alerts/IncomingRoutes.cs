using System.Buffers;
using System.Text.Json;
using AgiJobs.Response.Alerts.Incoming;
using AgiJobs.Server.Observation;
using AgiJobs.Server.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace AgiJobs.Server.Alerts;

/// <summary>Where others' alerts come in. Who may, and what they say, is judged by <see cref="IncomingDesk"/>; every refusal is counted and in the log.</summary>
internal sealed class IncomingRoutes(IncomingDesk desk, ServerMeter meter, JsonLog log)
{
    // Senders give up after five seconds.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    public void Map(IEndpointRouteBuilder routes)
    {
        foreach (var source in IncomingDesk.Sources)
        {
            var path = $"/v1/alerts/in/{source}";
            routes.MapPost(path, (Delegate)((HttpContext context) => TakeAsync(context, source))).WithMetadata(new RouteFacts($"Takes alerts of {source}, whose sender shows that they may.") { Codes = ["signature-missing", "signature-wrong", "timestamp-off", "replayed", "malformed", "too-large", "source-unknown", "secret-missing"] });
            // Tenderly asks before it sends.
            routes.MapGet(path, (Delegate)((HttpContext context) => AnswerAsync(context, new IncomingAnswer(200, "ready", "Alerts are taken here by POST.")))).WithMetadata(new RouteFacts($"Says that alerts of {source} are taken here."));
        }
    }

    private async Task TakeAsync(HttpContext context, string source)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        limit.CancelAfter(Patience);
        context.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize = IncomingDesk.MaxBody + 1;
        var body = new byte[IncomingDesk.MaxBody + 1];
        int length;
        try
        {
            length = await context.Request.Body.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, limit.Token).ConfigureAwait(false);
        }
        catch (BadHttpRequestException problem) when (problem.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            length = body.Length;
        }

        var answer = await desk.TakeAsync(source, name => context.Request.Headers[name] is [var one] ? one : null, body.AsMemory(0, length), limit.Token).ConfigureAwait(false);
        if (answer.Status != StatusCodes.Status200OK)
        {
            meter.Refused(answer.Code);
            log.Write(LogLevel.Warning, answer.Code, $"an alert of {source} from {RequestPipeline.OtherEnd(context)} was refused: {answer.Message}");
        }

        await AnswerAsync(context, answer).ConfigureAwait(false);
    }

    private static Task AnswerAsync(HttpContext context, IncomingAnswer answer)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("code", answer.Code);
            writer.WriteString("message", answer.Message);
            writer.WriteNumber("findings", answer.Findings);
            writer.WriteEndObject();
        }

        return Answer.BytesAsync(context, buffer.WrittenMemory, "application/json; charset=utf-8", answer.Status);
    }
}
