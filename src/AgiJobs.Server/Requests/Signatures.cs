using AgiJobs.Arena.Gateway;
using AgiJobs.Ethereum;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace AgiJobs.Server.Requests;

/// <summary>Takes the body and the signature of a request from HTTP.</summary>
internal static class Signatures
{
    /// <summary>Who made the request, and its body.</summary>
    /// <exception cref="RefusalException">As <see cref="RequestAuthentication.AuthenticateAsync"/>; what has no good signature counts against the connection's other end.</exception>
    public static Task<(Address Agent, ReadOnlyMemory<byte> Body)> AuthenticateAsync(HttpContext context, ArenaGateway gateway) => AuthenticateAsync(context, gateway.Authentication, gateway.Limits);

    /// <summary>Who made the request, and its body, for a host without a gateway.</summary>
    /// <exception cref="RefusalException">As the other.</exception>
    public static async Task<(Address Agent, ReadOnlyMemory<byte> Body)> AuthenticateAsync(HttpContext context, RequestAuthentication authentication, RateLimits limits)
    {
        var body = await ReadAsync(context).ConfigureAwait(false);
        try
        {
            var agent = await authentication.AuthenticateAsync(
                new SignedRequest(
                    context.Request.Method,
                    context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget,
                    Header(context, GatewayStatement.AddressHeader),
                    Header(context, GatewayStatement.TimestampHeader),
                    Header(context, GatewayStatement.NonceHeader),
                    Header(context, GatewayStatement.SignatureHeader),
                    body),
                context.RequestAborted).ConfigureAwait(false);
            context.Items[RequestPipeline.AgentItem] = agent;
            return (agent, body);
        }
        catch (RefusalException refusal) when (refusal.Code is GatewayCode.SignatureMissing or GatewayCode.SignatureWrong or GatewayCode.TimestampOff or GatewayCode.Malformed)
        {
            limits.TakeUnsigned(RequestPipeline.OtherEnd(context));
            throw;
        }
    }

    private static string? Header(HttpContext context, string name) => context.Request.Headers[name] switch
    {
        [] => null,
        [var one] => one,
        _ => throw new RefusalException(GatewayCode.Malformed, $"The header {name} came more than once.", "Send it once."),
    };

    private static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpContext context)
    {
        if (context.Request.ContentLength is 0 || (context.Request.ContentLength is null && !context.Features.GetRequiredFeature<IHttpRequestBodyDetectionFeature>().CanHaveBody))
        {
            return ReadOnlyMemory<byte>.Empty;
        }

        using var buffer = new MemoryStream((int)Math.Clamp(context.Request.ContentLength ?? 0, 256, ArenaGateway.MaxBody));
        await context.Request.Body.CopyToAsync(buffer, context.RequestAborted).ConfigureAwait(false);
        return buffer.ToArray();
    }
}
