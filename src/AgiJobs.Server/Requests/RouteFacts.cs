namespace AgiJobs.Server.Requests;

/// <summary>What is true of a route besides its path: how it is guarded and what the OpenAPI document says of it.</summary>
/// <param name="Summary">What it does, in a sentence.</param>
internal sealed record RouteFacts(string Summary)
{
    /// <summary>A signature is demanded.</summary>
    public bool IsSigned { get; init; }

    /// <summary>It is about the process and not for agents: neither counted by the limits nor refused while the host drains.</summary>
    public bool IsOperational { get; init; }

    /// <summary>It becomes a WebSocket, which is not waited for at the end.</summary>
    public bool IsSocket { get; init; }

    /// <summary>The type of the body that it takes; null for none.</summary>
    public Type? Takes { get; init; }

    /// <summary>The type of the body that it gives; null for one of no fixed form.</summary>
    public Type? Gives { get; init; }

    /// <summary>The media type of what it gives.</summary>
    public string Media { get; init; } = "application/json";

    /// <summary>The codes of refusals that are its own, besides those that every route has.</summary>
    public IReadOnlyList<string> Codes { get; init; } = [];
}
