using System.Text.Json;
using System.Text.Json.Serialization;
using AgiJobs.Control.Description;
using AgiJobs.Control.Files;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Control.Changes;

/// <summary>
/// One change, complete and without the time of its making: what is to be called, on what observed state, to what end, and how it is undone. The
/// SHA-256 of its canonical JSON is its identity.
/// </summary>
public sealed record ChangeDocument
{
    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>What sort of change, as the folder's slug: <c>pause-system</c>, <c>resume-system</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The network's name in the workspace.</summary>
    public required string Network { get; init; }

    /// <summary>The chain it is for.</summary>
    public required ChainId ChainId { get; init; }

    /// <summary>The protocol description.</summary>
    public required string Protocol { get; init; }

    /// <summary>The author's ticket or incident: the same change for another instance is another change.</summary>
    public required string Instance { get; init; }

    /// <summary>One line for people.</summary>
    public required string Title { get; init; }

    /// <summary>How much it can do.</summary>
    public required Risk Risk { get; init; }

    /// <summary>When it may be executed; absent when at any time.</summary>
    public ExecutionWindow? Window { get; init; }

    /// <summary>What its author demands above the policy; absent when nothing.</summary>
    public ApprovalDemand? Demand { get; init; }

    /// <summary>When what this change grants is to end; absent when it is granted for good. Its revocation is a change of its own (<see cref="LeaseEnd"/>) and is approved together with it.</summary>
    public DateTimeOffset? LeaseUntil { get; init; }

    /// <summary>What is watched between one transaction of this change and the next; absent when nothing is.</summary>
    public PoolWatchTerms? Watch { get; init; }

    /// <summary>The digest of the change that this one undoes; absent when it undoes none.</summary>
    public Bytes32? Undoes { get; init; }

    /// <summary>The calls, in order.</summary>
    public required IReadOnlyList<ChangeStep> Steps { get; init; }

    /// <summary>What was observed when it was planned and must still hold when it is executed.</summary>
    public required IReadOnlyList<Expectation> Preconditions { get; init; }

    /// <summary>What must hold afterwards.</summary>
    public required IReadOnlyList<Expectation> Expected { get; init; }

    /// <summary>Everything that it does to contracts, apart from what its routes do to their own carriers. A simulation that shows more blocks it.</summary>
    public required IReadOnlyList<DeclaredEffect> Effects { get; init; }

    /// <summary>How it is undone.</summary>
    public required Rollback Rollback { get; init; }

    /// <summary>The change's identity.</summary>
    public Bytes32 Digest() => CanonicalJson.Digest(JsonSerializer.SerializeToUtf8Bytes(this, ChangeJson.Default.ChangeDocument));

    /// <summary>The digest of the change without its instance, and without the salts that depend on it: equal for the same change in two incidents.</summary>
    public Bytes32 Fingerprint() => (this with { Instance = "", Steps = [.. Steps.Select(step => step.WithSalt(Bytes32.Zero))] }).Digest();

    /// <summary>
    /// The change that undoes this one by the calls that it was planned with: on the state that this one expects, to the state that this one was planned on. Null when it has no such calls. Its own undoing
    /// is the calls of this one, unless they are signed statements, which are used once.
    /// </summary>
    /// <param name="instance">Its instance.</param>
    public ChangeDocument? Undoing(string instance) => Rollback.Steps is not { Count: > 0 } steps ? null : this with
    {
        Kind = Kind.StartsWith(UndoPrefix, StringComparison.Ordinal) ? Kind[UndoPrefix.Length..] : UndoPrefix + Kind,
        Instance = instance,
        Title = $"Undo: {Title}",
        Window = null,
        Demand = null,
        LeaseUntil = null,
        Watch = null,
        Undoes = Digest(),
        Steps = steps,
        Preconditions = [.. Expected, .. Preconditions.Where(expectation => expectation.Call is null && !Expected.Contains(expectation) && !Deployed.Contains(expectation.Target))],
        Expected = [.. Preconditions.Where(expectation => expectation.Call is not null)],
        Rollback = new Rollback
        {
            Note = $"It is undone by doing again what {Digest()} did.",
            Steps = Steps.Any(step => step.Route.Base.Kind == RouteKind.Authorization) || Again is [] ? null : Again,
        },
    };

    // What was deployed stays, as it was set up, when the change is undone.
    private List<Address> Deployed => [.. Steps.Select(step => step.Deploys?.Address).OfType<Address>()];

    private IReadOnlyList<ChangeStep> Again => Deployed is [] ? Steps : [.. Steps.Where(step => step.Deploys is null && !Deployed.Contains(step.Target))];

    /// <summary>The kind of a change that ends a lease.</summary>
    public const string LeaseEndKind = "lease-end";

    /// <summary>The change that takes back what this one grants for a time, from the moment on at which the lease ends; null when this is no lease or nothing undoes it.</summary>
    public ChangeDocument? LeaseEnd() => LeaseUntil is { } until && Undoing(Instance) is { } undo
        ? (undo with { Kind = LeaseEndKind, Title = $"End of the lease: {Title}", Window = new ExecutionWindow { NotBefore = until }, Rollback = new Rollback { Note = "A lease that has ended is granted anew by a new change." } }).For(Instance)
        : null;

    private const string UndoPrefix = "undo-";

    /// <summary>
    /// The same change for another instance. The salt of a statement is the digest of the change with no salt in it, so that the same pause next month is another statement, and the same change
    /// has the same one on every machine.
    /// </summary>
    public ChangeDocument For(string instance)
    {
        var bare = this with { Instance = instance, Steps = [.. Steps.Select(step => step.WithSalt(Bytes32.Zero))] };
        var digest = bare.Digest();
        return this with { Instance = instance, Steps = [.. Steps.Select((step, index) => step.WithSalt(Steps.Take(index).Any(other => other.Route.Statement is not null) ? Keccak256.Hash([.. digest.ToBytes(), (byte)index]) : digest))] };
    }
}

/// <summary>One call.</summary>
public sealed record ChangeStep
{
    /// <summary>The module that is called.</summary>
    public required string Module { get; init; }

    /// <summary>Its address.</summary>
    public required Address Target { get; init; }

    /// <summary>The function's signature.</summary>
    public required string Function { get; init; }

    /// <summary>The arguments as text, for people; <see cref="Calldata"/> is what counts.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>What it is for, in a few words with old and new value; absent when the function says it all.</summary>
    public string? Purpose { get; init; }

    /// <summary>The calldata; for an authorisation with an empty signature, in whose place the signature on file goes.</summary>
    public required byte[] Calldata { get; init; }

    /// <summary>How the call gets its authority.</summary>
    public required Route Route { get; init; }

    /// <summary>
    /// Which of several transactions carries it: steps that follow each other with one route are joined into one transaction only within one chunk, so that a wave of many calls stays below
    /// the gas that a transaction may have (EIP-7825). Counted from 0; absent for 0.
    /// </summary>
    public int? Chunk { get; init; }

    /// <summary>The contract that the call puts on the chain; absent when it makes none. Whether its code is the one that was planned, <see cref="ChangeDocument.Expected"/> says.</summary>
    public DeployedContract? Deploys { get; init; }

    // The old salt is a hash, so that its 32 bytes stand nowhere but where it is meant.
    internal ChangeStep WithSalt(Bytes32 salt)
    {
        if (Route.Statement is not { } statement || statement.Salt == salt)
        {
            return this;
        }

        var data = Calldata.ToArray();
        var old = statement.Salt.ToBytes();
        for (var at = data.AsSpan().IndexOf(old); at >= 0; at = data.AsSpan().IndexOf(old))
        {
            salt.CopyTo(data.AsSpan(at));
        }

        return this with
        {
            Calldata = data,
            Arguments = [.. Arguments.Select(argument => argument.Replace(statement.Salt.ToString(), salt.ToString(), StringComparison.Ordinal))],
            Route = Route with { Statement = statement with { Salt = salt } },
        };
    }
}

/// <summary>How long the pools are watched after each transaction, and how much may leave them meanwhile before the rest is not sent.</summary>
public sealed record PoolWatchTerms
{
    /// <summary>So many blocks after the one that the transaction is in.</summary>
    public required int Blocks { get; init; }

    /// <summary>The most that may leave all pools together in this time, an amount of each token that they hold, such as <c>100 AGIALPHA</c>.</summary>
    public required IReadOnlyList<string> MaxOutflow { get; init; }

    /// <summary>True when both ask for the same.</summary>
    public bool Same(PoolWatchTerms other) => other is not null && Blocks == other.Blocks && MaxOutflow.SequenceEqual(other.MaxOutflow, StringComparer.Ordinal);
}

/// <summary>A contract that a step makes.</summary>
public sealed record DeployedContract
{
    /// <summary>The module that it is to be.</summary>
    public required string Module { get; init; }

    /// <summary>Where it will stand (CREATE2, EIP-1014).</summary>
    public required Address Address { get; init; }

    /// <summary>The keccak-256 of the code that must stand there, immutables included.</summary>
    public required Bytes32 CodeHash { get; init; }
}

/// <summary>When a change may be executed.</summary>
public sealed record ExecutionWindow
{
    /// <summary>The first moment; absent when there is none.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>The moment from which on it may no longer be executed; absent when there is none.</summary>
    public DateTimeOffset? NotAfter { get; init; }
}

/// <summary>What a change demands of its approval above the policy, never below it.</summary>
public sealed record ApprovalDemand
{
    /// <summary>How many approvers at least; the policy's number counts when it is higher.</summary>
    public int? Approvals { get; init; }

    /// <summary>The moment from which on it is neither approved nor sent; absent when there is none.</summary>
    public DateTimeOffset? Deadline { get; init; }
}

/// <summary>What a change does to one contract.</summary>
public sealed record DeclaredEffect
{
    /// <summary>The contract's name, for people.</summary>
    public required string Contract { get; init; }

    /// <summary>Its address.</summary>
    public required Address Target { get; init; }

    /// <summary>Events that it may emit, by signature.</summary>
    public required IReadOnlyList<string> Emits { get; init; }

    /// <summary>State variables that may be written, by name; absent when the description does not say.</summary>
    public IReadOnlyList<string>? Writes { get; init; }
}

/// <summary>The answer that a view must give, or the code that an address must have.</summary>
public sealed record Expectation
{
    /// <summary>What it is about, for people: <c>StakeManager.paused() = false</c>.</summary>
    public required string Subject { get; init; }

    /// <summary>The contract.</summary>
    public required Address Target { get; init; }

    /// <summary>The view's calldata; absent when it is about the code.</summary>
    public byte[]? Call { get; init; }

    /// <summary>What the view must return.</summary>
    public byte[]? Result { get; init; }

    /// <summary>The keccak-256 that the code must have.</summary>
    public Bytes32? CodeHash { get; init; }
}

/// <summary>How a change is undone, or why it cannot be.</summary>
public sealed record Rollback
{
    /// <summary>The command that undoes it; absent when nothing does.</summary>
    public string? Command { get; init; }

    /// <summary>What undoing takes, or why there is no undoing.</summary>
    public required string Note { get; init; }

    /// <summary>
    /// The calls that undo the change, in order, with their routes; absent when a command undoes it, as for pauses, or nothing does. Never empty. They are carried in a change of their own.
    /// </summary>
    public IReadOnlyList<ChangeStep>? Steps { get; init; }
}

/// <summary>How changes and their records are read and written.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    WriteIndented = true,
    Converters = [typeof(AddressConverter), typeof(Bytes32Converter), typeof(ChainIdConverter), typeof(HexDataConverter), typeof(RiskConverter), typeof(RouteKindConverter)])]
[JsonSerializable(typeof(ChangeDocument))]
[JsonSerializable(typeof(SafeApproval))]
[JsonSerializable(typeof(SignedAuthorization))]
public sealed partial class ChangeJson : JsonSerializerContext;
