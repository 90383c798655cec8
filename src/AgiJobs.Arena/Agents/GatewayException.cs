namespace AgiJobs.Arena.Agents;

/// <summary>The gateway refused a request, or could not be asked. What was refused had no effect.</summary>
/// <param name="code">The gateway's code; else <c>gateway-unreachable</c>, <c>gateway-malformed</c>.</param>
/// <param name="status">The HTTP status; 0 when there was no answer, and then it is not known whether the request had an effect.</param>
/// <param name="message">Why.</param>
/// <param name="inner">What it comes from.</param>
public sealed class GatewayException(string code, int status, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>There was no answer.</summary>
    public const string Unreachable = "gateway-unreachable";

    /// <summary>The answer is none of <c>docs/gateway.md</c>.</summary>
    public const string Malformed = "gateway-malformed";

    /// <summary>The gateway's code.</summary>
    public string Code { get; } = code;

    /// <summary>The HTTP status; 0 when there was no answer.</summary>
    public int Status { get; } = status;
}
