using System.Text.Json;
using System.Text.Json.Serialization;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Storage;

namespace AgiJobs.Response.Runbooks;

/// <summary>Something that happened in a run of a runbook; what its stream <c>response/NETWORK/runbooks/ID</c> is made of. When it happened is when it was committed.</summary>
public abstract record RunbookEvent
{
    /// <summary>Its kind in the store, stable for ever.</summary>
    [JsonIgnore]
    public abstract string Type { get; }

    /// <summary>Reads one.</summary>
    /// <exception cref="StorageException"><see cref="StorageException.Damaged"/>.</exception>
    public static RunbookEvent Read(StoredEvent stored)
    {
        ArgumentNullException.ThrowIfNull(stored);
        try
        {
            RunbookEvent? read = stored.Type switch
            {
                RunBegun.Kind => JsonSerializer.Deserialize(stored.Data, RunbookJson.Default.RunBegun),
                InputGiven.Kind => JsonSerializer.Deserialize(stored.Data, RunbookJson.Default.InputGiven),
                SeverityChanged.Kind => JsonSerializer.Deserialize(stored.Data, RunbookJson.Default.SeverityChanged),
                CommandBegun.Kind => JsonSerializer.Deserialize(stored.Data, RunbookJson.Default.CommandBegun),
                CommandEnded.Kind => JsonSerializer.Deserialize(stored.Data, RunbookJson.Default.CommandEnded),
                StepDecided.Kind => JsonSerializer.Deserialize(stored.Data, RunbookJson.Default.StepDecided),
                RunEnded.Kind => JsonSerializer.Deserialize(stored.Data, RunbookJson.Default.RunEnded),
                _ => throw new JsonException($"there is no event '{stored.Type}'"),
            };
            return read ?? throw new JsonException("it is null");
        }
        catch (JsonException problem)
        {
            throw new StorageException(StorageException.Damaged, $"{stored.Stream}, event {stored.Version}, cannot be read: {problem.Message}", "Restore the state from a backup, or use the program of the version that wrote it.", problem);
        }
    }

    /// <summary>As it is appended.</summary>
    public NewEvent Write() => new(Type, this switch
    {
        RunBegun begun => JsonSerializer.Serialize(begun, RunbookJson.Default.RunBegun),
        InputGiven given => JsonSerializer.Serialize(given, RunbookJson.Default.InputGiven),
        SeverityChanged changed => JsonSerializer.Serialize(changed, RunbookJson.Default.SeverityChanged),
        CommandBegun begun => JsonSerializer.Serialize(begun, RunbookJson.Default.CommandBegun),
        CommandEnded ended => JsonSerializer.Serialize(ended, RunbookJson.Default.CommandEnded),
        StepDecided decided => JsonSerializer.Serialize(decided, RunbookJson.Default.StepDecided),
        RunEnded ended => JsonSerializer.Serialize(ended, RunbookJson.Default.RunEnded),
        _ => throw new NotSupportedException(Type),
    });
}

/// <summary>A run began. It holds the runbook itself, so that a file that changes meanwhile changes nothing about it.</summary>
public sealed record RunBegun : RunbookEvent
{
    internal const string Kind = "runbook-begun";

    /// <inheritdoc/>
    public override string Type => Kind;

    /// <summary>The runbook.</summary>
    public required RunbookFile Runbook { get; init; }

    /// <summary>Its digest.</summary>
    public required Bytes32 Digest { get; init; }

    /// <summary>The network's name.</summary>
    public required string Network { get; init; }

    /// <summary>Its chain.</summary>
    public required ChainId ChainId { get; init; }

    /// <summary>The incident that it is bound to; null without one.</summary>
    public string? Incident { get; init; }

    /// <summary>How bad it is: SEV-0 to SEV-3.</summary>
    public required string Severity { get; init; }

    /// <summary>Who began it.</summary>
    public string? By { get; init; }
}

/// <summary>An input got its value.</summary>
public sealed record InputGiven : RunbookEvent
{
    internal const string Kind = "runbook-input";

    /// <inheritdoc/>
    public override string Type => Kind;

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its value.</summary>
    public required string Value { get; init; }

    /// <summary>Who gave it; null when it was taken from a step.</summary>
    public string? By { get; init; }
}

/// <summary>It turned out to be worse, or better: deadlines count from the start by the new severity.</summary>
public sealed record SeverityChanged : RunbookEvent
{
    internal const string Kind = "runbook-severity";

    /// <inheritdoc/>
    public override string Type => Kind;

    /// <summary>The new one.</summary>
    public required string Severity { get; init; }

    /// <summary>Who says so.</summary>
    public required string By { get; init; }

    /// <summary>Their signature; a milder one takes the commander's duty.</summary>
    public required RunbookSignature Signed { get; init; }
}

/// <summary>A command or check is run. It was written before the command began: when nothing follows, the program died and it is not known what became of it.</summary>
public sealed record CommandBegun : RunbookEvent
{
    internal const string Kind = "step-begun";

    /// <inheritdoc/>
    public override string Type => Kind;

    /// <summary>The step.</summary>
    public required string Step { get; init; }

    /// <summary>Its words, --execute among them when it sends.</summary>
    public required IReadOnlyList<string> Words { get; init; }

    /// <summary>What it is: <c>do</c>, <c>preview</c>, or <c>ask</c> after an interruption.</summary>
    public required string What { get; init; }

    /// <summary>True when it can send.</summary>
    public bool Sends { get; init; }

    /// <summary>Who runs it; null for nobody in particular.</summary>
    public string? By { get; init; }

    /// <summary>The signature of who runs it, where the command itself does not use their key; null otherwise.</summary>
    public RunbookSignature? Signed { get; init; }

    /// <summary>What is wrong about who runs it, when an emergency went before; null when nothing is.</summary>
    public string? Breach { get; init; }
}

/// <summary>What a command or check ended with.</summary>
public sealed record CommandEnded : RunbookEvent
{
    internal const string Kind = "step-ended";

    /// <inheritdoc/>
    public override string Type => Kind;

    /// <summary>The step.</summary>
    public required string Step { get; init; }

    /// <summary>The version of the event with which it began.</summary>
    public required long Begun { get; init; }

    /// <summary>The exit code.</summary>
    public required int Exit { get; init; }

    /// <summary>What it means: <c>done</c>, <c>attention</c>, <c>failed</c>; <c>previewed</c> decides nothing; after an interruption <c>not-done</c>, or <c>undecided</c> when that could not be found out.</summary>
    public required string Outcome { get; init; }

    /// <summary>What was seen, in one line.</summary>
    public required string Seen { get; init; }

    /// <summary>SHA-256 of what it printed.</summary>
    public required Bytes32 Output { get; init; }

    /// <summary>The change that it was about; null without one.</summary>
    public string? Change { get; init; }

    /// <summary>The transactions that it sent.</summary>
    public IReadOnlyList<string> Transactions { get => field ?? []; init; }
}

/// <summary>A signature of <see cref="RunbookStatement"/>.</summary>
/// <param name="Duty">Under which duty.</param>
/// <param name="Signer">With which address.</param>
/// <param name="Issued">When, by the signer's own word, in seconds since 1970.</param>
/// <param name="Signature">The signature.</param>
public sealed record RunbookSignature(Duty Duty, Address Signer, long Issued, byte[] Signature);

/// <summary>Somebody decided a step, with a signature of <see cref="RunbookStatement"/>.</summary>
public sealed record StepDecided : RunbookEvent
{
    internal const string Kind = "step-decided";

    /// <inheritdoc/>
    public override string Type => Kind;

    /// <summary>The step.</summary>
    public required string Step { get; init; }

    /// <summary><c>done</c> (a task), <c>approved</c>, <c>accepted</c> (what a command said), or <c>skipped</c>.</summary>
    public required string Decision { get; init; }

    /// <summary>The statement that is approved, what is written down, or the reason.</summary>
    public required string Text { get; init; }

    /// <summary>Who.</summary>
    public required string By { get; init; }

    /// <summary>Under which duty.</summary>
    public required Duty Duty { get; init; }

    /// <summary>With which address.</summary>
    public required Address Signer { get; init; }

    /// <summary>When, by the signer's own word, in seconds since 1970.</summary>
    public required long Issued { get; init; }

    /// <summary>The signature.</summary>
    public required byte[] Signature { get; init; }
}

/// <summary>A run was given up, or closed; one whose steps are all done needs no such event.</summary>
public sealed record RunEnded : RunbookEvent
{
    internal const string Kind = "runbook-ended";

    /// <inheritdoc/>
    public override string Type => Kind;

    /// <summary>Why.</summary>
    public required string Reason { get; init; }

    /// <summary>Who.</summary>
    public required string By { get; init; }

    /// <summary>Their signature, under the commander's duty.</summary>
    public required RunbookSignature Signed { get; init; }
}

/// <summary>How events of runs are read and written.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    Converters = [typeof(AddressConverter), typeof(Bytes32Converter), typeof(ChainIdConverter), typeof(HexDataConverter), typeof(DutyConverter)])]
[JsonSerializable(typeof(RunBegun))]
[JsonSerializable(typeof(InputGiven))]
[JsonSerializable(typeof(SeverityChanged))]
[JsonSerializable(typeof(CommandBegun))]
[JsonSerializable(typeof(CommandEnded))]
[JsonSerializable(typeof(StepDecided))]
[JsonSerializable(typeof(RunEnded))]
internal sealed partial class RunbookJson : JsonSerializerContext;
