using System.Text.Json.Serialization;

namespace AgiJobs.Control.Workspaces;

/// <summary>
/// Worlds of HGM runs besides the program's own: who makes agents and who tries them. <c>config/hgm-worlds.json</c> for every network, <c>config/hgm-worlds.NAME.json</c> in its place for one. Paths are relative to
/// the workspace.
/// </summary>
public sealed record HgmWorldsFile
{
    /// <summary>The JSON Schema that an editor holds the file against; nothing is read from it.</summary>
    [JsonPropertyName("$schema")]
    public string? Schema { get; init; }

    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The worlds.</summary>
    public required IReadOnlyList<HgmWorld> Worlds { get; init; }
}

/// <summary>One world. A run keeps the SHA-256 of all that it says, so that it never goes on in another one.</summary>
public sealed record HgmWorld
{
    /// <summary>Its name: small letters, digits and hyphens, at most 40; not <c>programs</c>, which is the program's own world.</summary>
    public required string Name { get; init; }

    /// <summary>The file with the root agent's text, from which everything descends; the root of the program's own world when absent, for worlds of its programs.</summary>
    public string? Root { get; init; }

    /// <summary>The file with the tasks, one JSON value a line, that the evaluator judges itself; the arena's tasks when absent, whose answers are checked here and never believed.</summary>
    public string? Tasks { get; init; }

    /// <summary>Who lets agents modify themselves.</summary>
    public required HgmExpander Expander { get; init; }

    /// <summary>Who tries agents on tasks.</summary>
    public required HgmEvaluator Evaluator { get; init; }
}

/// <summary>Who lets agents modify themselves: exactly one of the kinds.</summary>
public sealed record HgmExpander
{
    /// <summary>The program's own editor, for agents that are its programs: write <c>true</c>.</summary>
    public bool? Programs { get; init; }

    /// <summary>A process for each expansion.</summary>
    public HgmProcess? Process { get; init; }

    /// <summary>An HTTP endpoint.</summary>
    public HgmEndpoint? Http { get; init; }

    /// <summary>A chat endpoint in the manner of OpenAI.</summary>
    public HgmChat? Chat { get; init; }

    /// <summary>The most that one expansion may cost, a decimal as text: it is reserved, and counts as spent where nobody says what an expansion cost. Absent for <c>programs</c>.</summary>
    public string? MostCost { get; init; }
}

/// <summary>Who tries agents on tasks: exactly one of the kinds.</summary>
public sealed record HgmEvaluator
{
    /// <summary>The program's own search, for agents that are its programs: write <c>true</c>.</summary>
    public bool? Programs { get; init; }

    /// <summary>A process for each evaluation.</summary>
    public HgmProcess? Process { get; init; }

    /// <summary>An HTTP endpoint.</summary>
    public HgmEndpoint? Http { get; init; }

    /// <summary>The most that one evaluation may cost, a decimal as text: it is reserved, and counts as spent where nobody says what an evaluation cost. Absent for <c>programs</c>.</summary>
    public string? MostCost { get; init; }

    /// <summary>What a solved task is worth, a decimal as text; 1 when absent.</summary>
    public string Value { get => field ?? "1"; init; }
}

/// <summary>A program that answers one request and ends: a line of JSON on its standard input, a line on its standard output.</summary>
public sealed record HgmProcess
{
    /// <summary>The program and its arguments. No shell reads them; the program is an absolute path, or a path in the workspace with a slash in it.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Names of environment variables that it gets; it gets no others.</summary>
    public IReadOnlyList<string> Environment { get => field ?? []; init; }

    /// <summary>How long it may take, in seconds, 1 to 1,500; 60 when absent.</summary>
    public int? Seconds { get => field ?? 60; init; }

    /// <summary>How much memory it and what it starts may use together, in MiB, 16 to 1,048,576; 512 when absent.</summary>
    public int? MemoryMegabytes { get => field ?? 512; init; }

    /// <summary>The most bytes that it may write, to standard output and to standard error each, 256 to 67,108,864; 1,048,576 when absent.</summary>
    public int? OutputBytes { get => field ?? 1_048_576; init; }
}

/// <summary>An HTTP endpoint that takes a request by POST and answers it.</summary>
public sealed record HgmEndpoint
{
    /// <summary>The URL: https, or this machine.</summary>
    public required EndpointReference Url { get; init; }

    /// <summary>The bearer token that it wants; none when absent.</summary>
    public Secret? Token { get; init; }

    /// <summary>How long an answer may take with everything, repetitions too, in seconds, 1 to 1,500; 60 when absent.</summary>
    public int? Seconds { get => field ?? 60; init; }

    /// <summary>The most bytes of an answer, 256 to 67,108,864; 1,048,576 when absent.</summary>
    public int? AnswerBytes { get => field ?? 1_048_576; init; }
}

/// <summary>A chat endpoint in the manner of OpenAI, which gets the parent and answers with the child as a block of code.</summary>
public sealed record HgmChat
{
    /// <summary>Where it is; <c>/v1/chat/completions</c> is added.</summary>
    public required HgmEndpoint Endpoint { get; init; }

    /// <summary>The model's name.</summary>
    public required string Model { get; init; }

    /// <summary>The file with what the model is told to do.</summary>
    public required string Instruction { get; init; }

    /// <summary>What a million tokens of the prompt cost, a decimal as text.</summary>
    public required string PromptPrice { get; init; }

    /// <summary>What a million tokens of the answer cost, a decimal as text.</summary>
    public required string AnswerPrice { get; init; }

    /// <summary>The most tokens of an answer, 1 to 1,000,000; 8,192 when absent.</summary>
    public int? MostTokens { get => field ?? 8192; init; }
}
