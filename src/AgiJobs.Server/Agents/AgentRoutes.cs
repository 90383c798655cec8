using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using AgiJobs.Arena.Gateway;
using AgiJobs.Ethereum;
using AgiJobs.Server.Hosting;
using AgiJobs.Server.Observation;
using AgiJobs.Server.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AgiJobs.Server.Agents;

/// <summary>The requests of <c>docs/gateway.md</c> over HTTP.</summary>
internal sealed class AgentRoutes(ArenaGateway gateway, ServerParts parts, InFlight inFlight, ServerMeter meter, JsonLog log, ServerOptions options)
{
    private static readonly string[] OfRound = [GatewayCode.Malformed, GatewayCode.RoundUnknown, GatewayCode.ChainUnknown];

    private static readonly string[] OfSubmission =
    [
        .. OfRound, GatewayCode.NotSeated, GatewayCode.NotYours, "moderation:RULE", GatewayCode.TooEarly, GatewayCode.TooLate, GatewayCode.AlreadyThere, GatewayCode.CommitmentMismatch, GatewayCode.Paused, GatewayCode.ReviewUnknown,
    ];

    private readonly byte[] _abi = System.Text.Encoding.UTF8.GetBytes(parts.Arena.Abi.ToJson());

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/network", (Delegate)NetworkAsync).WithMetadata(new RouteFacts("Network, chain, arena, clock and limits.") { Gives = typeof(NetworkView) });
        routes.MapGet("/v1/network/abi", (Delegate)AbiAsync).WithMetadata(new RouteFacts("The arena's ABI.") { Gives = typeof(JsonArray) });
        routes.MapPut("/v1/agents/me", (Delegate)PutAgentAsync).WithMetadata(new RouteFacts("Says that the agent is there and which seats it would take; counts for 60 s.") { IsSigned = true, Takes = typeof(PresenceRequest), Gives = typeof(AgentView), Codes = [GatewayCode.Malformed] });
        routes.MapGet("/v1/agents/me", (Delegate)AgentAsync).WithMetadata(new RouteFacts("What the gateway knows of the asker.") { IsSigned = true, Gives = typeof(AgentView) });
        routes.MapGet("/v1/rounds", (Delegate)RoundsAsync).WithMetadata(new RouteFacts("Rounds, newest first, at most 50; live=true leaves out those that have ended.") { IsSigned = true, Gives = typeof(IReadOnlyList<RoundView>), Codes = [GatewayCode.Malformed, GatewayCode.ChainUnknown] });
        routes.MapGet("/v1/rounds/{id}", (Delegate)RoundAsync).WithMetadata(new RouteFacts("One round, with the asker's seat and what is expected of it.") { IsSigned = true, Gives = typeof(RoundView), Codes = OfRound });
        routes.MapPut("/v1/rounds/{id}/task", (Delegate)PutTaskAsync).WithMetadata(new RouteFacts("Takes the teacher's task statement while the round is in registration.") { IsSigned = true, Takes = typeof(JsonObject), Gives = typeof(ContentReceipt), Codes = [.. OfSubmission, "task-malformed", "task-too-large", "task-out-of-bounds", "task-unknown-family", GatewayCode.TaskDifficulty] });
        routes.MapGet("/v1/rounds/{id}/task", (Delegate)TaskAsync).WithMetadata(new RouteFacts("The published task, byte for byte, for the round's people.") { IsSigned = true, Gives = typeof(JsonObject), Codes = [.. OfRound, GatewayCode.NotSeated, GatewayCode.NotPublished] });
        routes.MapPut("/v1/rounds/{id}/answer", (Delegate)PutAnswerAsync).WithMetadata(new RouteFacts("Takes the answer that a student committed to, while the round is revealing.") { IsSigned = true, Takes = typeof(AnswerRequest), Gives = typeof(ContentReceipt), Codes = [.. OfSubmission, GatewayCode.AnswerMalformed] });
        routes.MapGet("/v1/rounds/{id}/answers", (Delegate)AnswersAsync).WithMetadata(new RouteFacts("The answers of the students who revealed on chain, from voting on, for the round's people.") { IsSigned = true, Gives = typeof(IReadOnlyList<AnswerView>), Codes = [.. OfRound, GatewayCode.NotSeated, GatewayCode.TooEarly] });
        routes.MapPut("/v1/rounds/{id}/note", (Delegate)PutNoteAsync).WithMetadata(new RouteFacts("Takes what a validator says to its vote, while the round is counting; public, and counts for nothing.") { IsSigned = true, Takes = typeof(NoteRequest), Gives = typeof(ContentReceipt), Codes = [.. OfSubmission, GatewayCode.NoteMalformed] });
        routes.MapGet("/v1/rounds/{id}/notes", (Delegate)NotesAsync).WithMetadata(new RouteFacts("The notes of the round's validators, from counting on, for the round's people.") { IsSigned = true, Gives = typeof(IReadOnlyList<NoteView>), Codes = [.. OfRound, GatewayCode.NotSeated, GatewayCode.TooEarly] });
        routes.MapGet("/v1/events", (Delegate)new EventSocket(gateway, inFlight, meter, log, options).ServeAsync).WithMetadata(new RouteFacts("A WebSocket: a line of JSON for every change of a round that the agent is in, and for pauses.") { IsSigned = true, IsSocket = true, Gives = typeof(RoundNotice), Codes = [GatewayCode.Malformed] });
    }

    private Task NetworkAsync(HttpContext context) => Answer.JsonAsync(context, gateway.Network(), GatewayJson.Default.NetworkView);

    private Task AbiAsync(HttpContext context) => Answer.BytesAsync(context, _abi, "application/json; charset=utf-8");

    private async Task PutAgentAsync(HttpContext context)
    {
        var (agent, body) = await Signatures.AuthenticateAsync(context, gateway).ConfigureAwait(false);
        var request = Parse(body, GatewayJson.Default.PresenceRequest, "{\"seats\":[...],\"families\":[...]}");
        await Answer.JsonAsync(context, await gateway.PutAgentAsync(agent, request, context.RequestAborted).ConfigureAwait(false), GatewayJson.Default.AgentView).ConfigureAwait(false);
    }

    private async Task AgentAsync(HttpContext context)
    {
        var (agent, _) = await Signatures.AuthenticateAsync(context, gateway).ConfigureAwait(false);
        await Answer.JsonAsync(context, await gateway.AgentAsync(agent, context.RequestAborted).ConfigureAwait(false), GatewayJson.Default.AgentView).ConfigureAwait(false);
    }

    private async Task RoundsAsync(HttpContext context, string? live)
    {
        var (agent, _) = await Signatures.AuthenticateAsync(context, gateway).ConfigureAwait(false);
        var onlyLive = live switch
        {
            null or "false" => false,
            "true" => true,
            _ => throw new RefusalException(GatewayCode.Malformed, "'live' is true or false.", "Correct the query and sign anew."),
        };
        await Answer.JsonAsync(context, await gateway.RoundsAsync(agent, onlyLive, context.RequestAborted).ConfigureAwait(false), GatewayJson.Default.IReadOnlyListRoundView).ConfigureAwait(false);
    }

    private async Task RoundAsync(HttpContext context, string id)
    {
        var (agent, _) = await Signatures.AuthenticateAsync(context, gateway).ConfigureAwait(false);
        await Answer.JsonAsync(context, await gateway.RoundAsync(agent, Round(id), context.RequestAborted).ConfigureAwait(false), GatewayJson.Default.RoundView).ConfigureAwait(false);
    }

    private async Task PutTaskAsync(HttpContext context, string id)
    {
        var (agent, body) = await Signatures.AuthenticateAsync(context, gateway).ConfigureAwait(false);
        await Answer.JsonAsync(context, await gateway.Submissions.PutTaskAsync(Round(id), agent, body, context.RequestAborted).ConfigureAwait(false), GatewayJson.Default.ContentReceipt).ConfigureAwait(false);
    }

    private async Task TaskAsync(HttpContext context, string id)
    {
        var (agent, _) = await Signatures.AuthenticateAsync(context, gateway).ConfigureAwait(false);
        await Answer.BytesAsync(context, await gateway.Submissions.TaskForAsync(Round(id), agent, context.RequestAborted).ConfigureAwait(false), "application/json; charset=utf-8").ConfigureAwait(false);
    }

    private async Task PutAnswerAsync(HttpContext context, string id)
    {
        var (agent, body) = await Signatures.AuthenticateAsync(context, gateway).ConfigureAwait(false);
        var request = Parse(body, GatewayJson.Default.AnswerRequest, "{\"answer\":\"...\",\"salt\":\"0x...\"}");
        if (request.Salt is not { Length: 66 } || !Hex.TryDecode(request.Salt, out var salt))
        {
            throw new RefusalException(GatewayCode.Malformed, "'salt' must be 0x and 64 hexadecimal digits.", "Send the salt of the commitment.");
        }

        await Answer.JsonAsync(context, await gateway.Submissions.PutAnswerAsync(Round(id), agent, request.Answer, new Bytes32(salt), context.RequestAborted).ConfigureAwait(false), GatewayJson.Default.ContentReceipt).ConfigureAwait(false);
    }

    private async Task AnswersAsync(HttpContext context, string id)
    {
        var (agent, _) = await Signatures.AuthenticateAsync(context, gateway).ConfigureAwait(false);
        await Answer.JsonAsync(context, await gateway.Submissions.AnswersForAsync(Round(id), agent, context.RequestAborted).ConfigureAwait(false), GatewayJson.Default.IReadOnlyListAnswerView).ConfigureAwait(false);
    }

    private async Task PutNoteAsync(HttpContext context, string id)
    {
        var (agent, body) = await Signatures.AuthenticateAsync(context, gateway).ConfigureAwait(false);
        var request = Parse(body, GatewayJson.Default.NoteRequest, "{\"note\":\"...\"}");
        await Answer.JsonAsync(context, await gateway.Submissions.PutNoteAsync(Round(id), agent, request.Note, context.RequestAborted).ConfigureAwait(false), GatewayJson.Default.ContentReceipt).ConfigureAwait(false);
    }

    private async Task NotesAsync(HttpContext context, string id)
    {
        var (agent, _) = await Signatures.AuthenticateAsync(context, gateway).ConfigureAwait(false);
        await Answer.JsonAsync(context, await gateway.Submissions.NotesForAsync(Round(id), agent, context.RequestAborted).ConfigureAwait(false), GatewayJson.Default.IReadOnlyListNoteView).ConfigureAwait(false);
    }

    private static long Round(string id) => long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && string.Equals(number.ToString(CultureInfo.InvariantCulture), id, StringComparison.Ordinal)
        ? number
        : throw new RefusalException(GatewayCode.Malformed, $"'{(id.Length > 40 ? id[..40] : id)}' is no round's number.", "Write it in decimal digits, without leading zeros.");

    private static T Parse<T>(ReadOnlyMemory<byte> body, JsonTypeInfo<T> type, string form)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(body.Span, type) ?? throw new JsonException("it is null");
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
            throw new RefusalException(GatewayCode.Malformed, $"The body is not {form}, with these keys, each once, and no others.", "Correct the body and sign anew.", null, problem);
        }
    }
}
