using System.Globalization;
using System.Net;
using System.Net.Sockets;
using AgiJobs.Arena.Gateway;
using AgiJobs.Ethereum;
using AgiJobs.Server.Hosting;
using AgiJobs.Server.Runs;
using AgiJobs.Server.Observation;
using AgiJobs.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace AgiJobs.Server.Requests;

/// <summary>What is round every request: the limits, the drain, the time that it may take, refusals as JSON, measurements, and the log of what would change something.</summary>
internal sealed class RequestPipeline(InFlight inFlight, RateLimits limits, ServerMeter meter, JsonLog log, ServerOptions options)
{
    /// <summary>Where the agent of a signed request is noted.</summary>
    public const string AgentItem = "agijobs.agent";

    private static readonly RouteFacts None = new("");

    /// <summary>The middleware.</summary>
    public RequestDelegate Wrap(RequestDelegate next) => context => RunAsync(context, next);

    /// <summary>The other end of a connection, for the limits: of IPv6 the network, which is one customer's.</summary>
    public static string OtherEnd(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return address.AddressFamily == AddressFamily.InterNetworkV6 ? Convert.ToHexStringLower(address.GetAddressBytes().AsSpan(0, 8)) : address.ToString();
    }

    private async Task RunAsync(HttpContext context, RequestDelegate next)
    {
        var began = options.Time.GetTimestamp();
        var facts = context.GetEndpoint()?.Metadata.GetMetadata<RouteFacts>() ?? None;
        var route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "none";
        using var activity = ServerMeter.Begin(context.Request.Method, route);
        var refusal = await AttemptAsync(context, next, facts).ConfigureAwait(false);
        if (refusal is not null && !context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
        {
            await RefuseAsync(context, refusal).ConfigureAwait(false);
        }

        var status = context.Response.StatusCode;
        _ = activity?.SetTag("http.response.status_code", status);
        meter.Answered(context.Request.Method, route, status, refusal?.Code, facts.IsSocket ? TimeSpan.Zero : options.Time.GetElapsedTime(began));
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            log.Write(LogLevel.Information, refusal?.Code ?? "taken", $"{context.Request.Method} {context.Request.Path} by {context.Items[AgentItem] ?? "nobody"} from {OtherEnd(context)}: {status}{(refusal is null ? "" : $" {refusal.Message}")}");
        }
    }

    private async Task<RefusalException?> AttemptAsync(HttpContext context, RequestDelegate next, RouteFacts facts)
    {
        var isCounted = !facts.IsOperational && !facts.IsSocket;
        if (!facts.IsOperational && !(isCounted ? inFlight.TryBegin() : !inFlight.IsDraining))
        {
            return new RefusalException(GatewayCode.Draining, "This gateway is about to stop and takes nothing new.", "Try again in a few seconds, here or at another gateway.", TimeSpan.FromSeconds(2));
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        try
        {
            if (!facts.IsSigned && !facts.IsOperational)
            {
                limits.TakeUnsigned(OtherEnd(context));
            }

            if (!facts.IsSocket)
            {
                limit.CancelAfter(options.RequestTimeout);
                context.RequestAborted = limit.Token;
            }

            await next(context).ConfigureAwait(false);
            return context.Response.HasStarted ? null : context.Response.StatusCode switch
            {
                StatusCodes.Status404NotFound => new RefusalException(GatewayCode.RouteUnknown, $"There is no {context.Request.Path} here.", "/openapi/v1.json lists the paths."),
                StatusCodes.Status405MethodNotAllowed => new RefusalException(GatewayCode.MethodUnknown, $"{context.Request.Path} is not asked by {context.Request.Method}.", "/openapi/v1.json lists the methods."),
                _ => null,
            };
        }
        catch (RefusalException refusal)
        {
            return refusal;
        }
        catch (EthereumException problem)
        {
            log.Write(LogLevel.Warning, GatewayCode.ChainUnknown, $"{context.Request.Method} {context.Request.Path}: {problem.Message}");
            return new RefusalException(GatewayCode.ChainUnknown, "The gateway cannot read the chain now, and it does not guess.", "Try again in a few seconds; act on what your own node says.", TimeSpan.FromSeconds(2), problem);
        }
        catch (StorageException problem)
        {
            log.Write(LogLevel.Error, GatewayCode.StateUnknown, $"{context.Request.Method} {context.Request.Path}: {problem.Code}: {problem.Message}");
            return new RefusalException(GatewayCode.StateUnknown, "The gateway cannot read or write its state now.", "Try again in a few seconds with a new nonce.", TimeSpan.FromSeconds(2), problem);
        }
        catch (BadHttpRequestException problem)
        {
            return problem.StatusCode == StatusCodes.Status413PayloadTooLarge
                ? new RefusalException(GatewayCode.TooLarge, $"The body has more than {ArenaGateway.MaxBody} bytes.", "Send less; GET /v1/network tells the limits.")
                : new RefusalException(GatewayCode.Malformed, problem.Message, "Correct the request.");
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            return new RefusalException(GatewayCode.StateUnknown, $"The request took longer than {options.RequestTimeout.TotalSeconds:0} s and was given up.", "Ask what became of it, and try again.", TimeSpan.FromSeconds(2));
        }
        catch (Exception problem)
        {
            log.Write(LogLevel.Error, GatewayCode.Internal, $"{context.Request.Method} {context.Request.Path}: {problem}");
            return new RefusalException(GatewayCode.Internal, "The program failed; its log says where.", "Try again, and report it when it stays.", null, problem);
        }
        finally
        {
            if (isCounted)
            {
                inFlight.End();
            }
        }
    }

    private static Task RefuseAsync(HttpContext context, RefusalException refusal)
    {
        if (refusal.RetryAfter is { } wait)
        {
            context.Response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        return Answer.JsonAsync(context, new RefusalView(refusal.Code, refusal.Message, refusal.Mend), GatewayJson.Default.RefusalView, RunCode.StatusOf(refusal.Code));
    }
}
