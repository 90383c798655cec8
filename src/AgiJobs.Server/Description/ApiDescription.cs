using System.Globalization;
using System.Text.Json.Nodes;
using AgiJobs.Arena.Gateway;
using AgiJobs.Server.Health;
using AgiJobs.Server.Requests;
using AgiJobs.Server.Runs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace AgiJobs.Server.Description;

/// <summary>The OpenAPI document at <c>/openapi/v1.json</c>: made of the routes that are there, so that it cannot name others.</summary>
internal static class ApiDescription
{
    private static readonly (string Name, string Pattern, string Says)[] Signature =
    [
        (GatewayStatement.AddressHeader, "^0x[0-9a-fA-F]{40}$", "The address of the agent, or of the person, EIP-55."),
        (GatewayStatement.TimestampHeader, "^[0-9]{1,15}$", "Milliseconds since 1970 UTC, at most 30 s from the gateway's clock."),
        (GatewayStatement.NonceHeader, "^[0-9a-f]{16,64}$", "Used once by this address."),
        (GatewayStatement.SignatureHeader, "^0x[0-9a-fA-F]{130}$", "EIP-191 (personal_sign) over the text of docs/gateway.md, low s."),
    ];

    private static readonly string[] OfSigned =
    [
        GatewayCode.SignatureMissing, GatewayCode.SignatureWrong, GatewayCode.TimestampOff, GatewayCode.NonceUsed, GatewayCode.Malformed, GatewayCode.TooLarge, GatewayCode.StateUnknown,
    ];

    /// <summary>Adds what makes the document.</summary>
    public static void Add(IServiceCollection services)
    {
        services.ConfigureHttpJsonOptions(options =>
        {
            options.SerializerOptions.TypeInfoResolverChain.Insert(0, GatewayJson.Default);
            options.SerializerOptions.TypeInfoResolverChain.Insert(1, HealthJson.Default);
            options.SerializerOptions.TypeInfoResolverChain.Insert(2, RunJson.Default);
        });
        services.AddOpenApi("v1", options =>
        {
            options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
            options.AddDocumentTransformer((document, _, _) =>
            {
                document.Info = new OpenApiInfo { Title = "AGI Jobs agent gateway", Version = "1", Description = "Every request with the X-Agi headers is signed by the agent's address; docs/gateway.md says how. Refusals are {code, message, mend}, and nothing that was refused had an effect." };
                document.Servers?.Clear();
                return Task.CompletedTask;
            });
            options.AddOperationTransformer(DescribeAsync);
        });
    }

    /// <summary>Serves it.</summary>
    public static void Map(IEndpointRouteBuilder routes) => routes.MapOpenApi("/openapi/{documentName}.json").WithMetadata(new RouteFacts("This document."));

    private static async Task DescribeAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellation)
    {
        if (context.Description.ActionDescriptor.EndpointMetadata.OfType<RouteFacts>().FirstOrDefault() is not { } facts)
        {
            return;
        }

        operation.Summary = facts.Summary;
        operation.Tags?.Clear();
        operation.Parameters ??= [];
        foreach (var (name, pattern, says) in facts.IsSigned ? Signature : [])
        {
            operation.Parameters.Add(new OpenApiParameter { Name = name, In = ParameterLocation.Header, Required = true, Description = says, Schema = new OpenApiSchema { Type = JsonSchemaType.String, Pattern = pattern } });
        }

        if (facts.Takes is { } takes)
        {
            operation.RequestBody = new OpenApiRequestBody { Required = true, Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal) { ["application/json"] = new() { Schema = await SchemaAsync(takes).ConfigureAwait(false) } } };
        }

        operation.Responses = new OpenApiResponses
        {
            [facts.IsSocket ? "101" : "200"] = new OpenApiResponse
            {
                Description = facts.IsSocket ? "The connection becomes a WebSocket; each message has this form, or {\"type\"} alone." : "Done.",
                Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal) { [facts.Media] = new() { Schema = facts.Gives is { } gives ? await SchemaAsync(gives).ConfigureAwait(false) : facts.Media is "application/json" ? await SchemaAsync(typeof(JsonNode)).ConfigureAwait(false) : new OpenApiSchema { Type = JsonSchemaType.String } } },
            },
        };
        var refusal = await SchemaAsync(typeof(RefusalView)).ConfigureAwait(false);
        string[] codes = facts.IsOperational ? [] : [.. facts.Codes, .. facts.IsSigned ? OfSigned : [], GatewayCode.RateLimited, GatewayCode.Draining];
        foreach (var group in codes.Distinct(StringComparer.Ordinal).GroupBy(RunCode.StatusOf).OrderBy(group => group.Key))
        {
            operation.Responses[group.Key.ToString(CultureInfo.InvariantCulture)] = new OpenApiResponse
            {
                Description = string.Join(", ", group.Order(StringComparer.Ordinal)),
                Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal) { ["application/json"] = new() { Schema = refusal } },
            };
        }

        if (facts.Gives == typeof(ReadinessView))
        {
            operation.Responses["503"] = new OpenApiResponse { Description = "Not ready.", Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal) { ["application/json"] = new() { Schema = await SchemaAsync(facts.Gives).ConfigureAwait(false) } } };
        }

        async Task<IOpenApiSchema> SchemaAsync(Type type) => await context.GetOrCreateSchemaAsync(type, null, cancellation).ConfigureAwait(false);
    }
}
