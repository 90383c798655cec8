using System.Text;
using AgiJobs.Arena.Gateway;
using AgiJobs.Server.Hosting;
using AgiJobs.Server.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AgiJobs.Server.Views;

/// <summary>What may be read by anybody: documents of <c>arena/NETWORK/views</c>, as those who keep them wrote them.</summary>
internal sealed class ViewRoutes(ServerParts parts, ServerRole roles)
{
    private const int LongestId = 80;

    private readonly string _collection = $"arena/{parts.Network}/views";

    public void Map(IEndpointRouteBuilder routes)
    {
        View(routes, "/v1/scoreboard", "scoreboard", "The scoreboard.");
        View(routes, "/v1/ratings", "ratings", "The ratings.");
        if (roles.HasFlag(ServerRole.Api))
        {
            View(routes, "/v1/arena", "status", "How the arena stands: running, waiting, paused and since when.");
            View(routes, "/v1/runs", "runs", "The latest runs.");
            routes.MapGet("/v1/runs/{id}", (Delegate)RunAsync).WithMetadata(new RouteFacts("One run.") { Codes = [GatewayCode.NotPublished] });
        }
    }

    private void View(IEndpointRouteBuilder routes, string path, string key, string summary) =>
        routes.MapGet(path, (Delegate)((HttpContext context) => ShowAsync(context, key))).WithMetadata(new RouteFacts(summary) { Codes = [GatewayCode.NotPublished] });

    private Task RunAsync(HttpContext context, string id) => id.Length <= LongestId ? ShowAsync(context, $"runs/{id}") : throw Absent(id[..LongestId]);

    private async Task ShowAsync(HttpContext context, string key)
    {
        var document = await parts.Store.GetAsync(_collection, key, context.RequestAborted).ConfigureAwait(false) ?? throw Absent(key);
        await Answer.BytesAsync(context, Encoding.UTF8.GetBytes(document.Data), "application/json; charset=utf-8").ConfigureAwait(false);
    }

    private static RefusalException Absent(string key) => new(GatewayCode.NotPublished, $"'{key}' was not published yet.", "Ask again later.");
}
