using System.Text.Json;
using System.Text.Json.Serialization;

namespace AgiJobs.Control.Description;

/// <summary>
/// A protocol as data: <c>config/protocol/NAME.json</c>. Everything that owner control knows of a contract comes from here and from its ABI.
/// </summary>
public sealed record ProtocolFile
{
    /// <summary>The JSON Schema, for editors.</summary>
    [JsonPropertyName("$schema")]
    public string? Schema { get; init; }

    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The name that manifests refer to.</summary>
    public required string Name { get; init; }

    /// <summary>The name for people.</summary>
    public required string Title { get; init; }

    /// <summary>What a pause means for users, their money and their deadlines, in a sentence or two.</summary>
    public string? WhenPaused { get; init; }

    /// <summary>What a resume means for them.</summary>
    public string? WhenResumed { get; init; }

    /// <summary>The decimals of the protocol's tokens by symbol, for amounts such as <c>150 AGIALPHA</c>.</summary>
    public IReadOnlyDictionary<string, int> Tokens { get => field ?? new Dictionary<string, int>(StringComparer.Ordinal); init; }

    /// <summary>Files of the operator's workspace that hold desired values of a domain, such as fees.</summary>
    public IReadOnlyList<DomainFile> Domains { get => field ?? []; init; }

    /// <summary>Live money item by item: escrows, locks, disputes.</summary>
    public IReadOnlyList<LedgerFile> Ledgers { get => field ?? []; init; }

    /// <summary>Numbers that say what is going on.</summary>
    public IReadOnlyList<FigureFile> Figures { get => field ?? []; init; }

    /// <summary>The contracts, in the order in which reports list them.</summary>
    public required IReadOnlyList<ModuleFile> Modules { get; init; }
}

/// <summary>A file of the parameter catalogue: which of its keys is which parameter or role.</summary>
public sealed record DomainFile
{
    /// <summary>The domain's name, as <c>owner apply NAME</c> takes it.</summary>
    public required string Name { get; init; }

    /// <summary>What it is about, for people.</summary>
    public required string Title { get; init; }

    /// <summary>The file within the workspace; <c>{network}</c> stands for the network's name.</summary>
    public required string File { get; init; }

    /// <summary>Its keys.</summary>
    public required IReadOnlyList<DomainKey> Keys { get; init; }

    /// <summary>Where the ENS names of the file are looked up, so that one that nobody owns any more is told; absent when they are not.</summary>
    public NameLookupFile? Names { get; init; }
}

/// <summary>One key of a catalogue file: exactly one of <see cref="Parameter"/>, <see cref="Role"/>, <see cref="Words"/> and <see cref="Records"/>.</summary>
public sealed record DomainKey
{
    /// <summary>The key; a dot leads into an object: <c>roleWeights.agent</c>.</summary>
    public required string Key { get; init; }

    /// <summary>The parameter that it is, <c>Module.parameter</c>.</summary>
    public string? Parameter { get; init; }

    /// <summary>The role whose holders it lists, <c>Module.role</c>.</summary>
    public string? Role { get; init; }

    /// <summary>The set of words that it lists.</summary>
    public WordSetFile? Words { get; init; }

    /// <summary>What it records, one after the other.</summary>
    public RecordsFile? Records { get; init; }

    /// <summary>The key of a flag that, when true, lets holders and words stay that are not listed; absent when others are always revoked.</summary>
    public string? RetainKey { get; init; }
}

/// <summary>A set of 32-byte words in a contract, such as further root names.</summary>
public sealed record WordSetFile
{
    /// <summary>The module that has it.</summary>
    public required string Module { get; init; }

    /// <summary>The view that lists it, in the order of OpenZeppelin's EnumerableSet.</summary>
    public required string View { get; init; }

    /// <summary>Its arguments, as text.</summary>
    public IReadOnlyList<string> Arguments { get => field ?? []; init; }

    /// <summary>The function that adds a word.</summary>
    public required string Add { get; init; }

    /// <summary>Its arguments as text, <c>$</c> being the word.</summary>
    public required IReadOnlyList<string> AddArguments { get; init; }

    /// <summary>The function that removes a word.</summary>
    public required string Remove { get; init; }

    /// <summary>Its arguments as text, <c>$</c> being the word.</summary>
    public required IReadOnlyList<string> RemoveArguments { get; init; }

    /// <summary>How a word is written: <c>bytes32</c> or <c>namehash</c>.</summary>
    public required string Unit { get; init; }

    /// <summary>Names that belong to the set because a parameter of the same file is set, without being listed.</summary>
    public IReadOnlyList<DerivedNameFile> Derived { get => field ?? []; init; }
}

/// <summary>A name directly under the one that a parameter holds.</summary>
public sealed record DerivedNameFile
{
    /// <summary>The parameter, <c>Module.parameter</c>, of the unit <c>namehash</c>.</summary>
    public required string Parameter { get; init; }

    /// <summary>The label: <c>alpha</c> makes <c>alpha.agent.agi.eth</c> of <c>agent.agi.eth</c>.</summary>
    public required string Label { get; init; }
}

/// <summary>Records that a contract takes in ascending order of their first member, each once.</summary>
public sealed record RecordsFile
{
    /// <summary>The module.</summary>
    public required string Module { get; init; }

    /// <summary>The function that takes one; an action of the module, which says who may call it.</summary>
    public required string Function { get; init; }

    /// <summary>The keys of a record in the file, in the order of the function's arguments, all of them numbers; the first is a time in seconds of block time.</summary>
    public required IReadOnlyList<string> Members { get; init; }

    /// <summary>The view that returns the first member of the newest record.</summary>
    public required string Last { get; init; }

    /// <summary>The view that lists the records that are kept: structs of the same members.</summary>
    public required string History { get; init; }
}

/// <summary>Where ENS names are looked up.</summary>
public sealed record NameLookupFile
{
    /// <summary>The parameter that holds the ENS registry, <c>Module.parameter</c>.</summary>
    public required string Registry { get; init; }

    /// <summary>The parameter that holds the NameWrapper; absent when there is none.</summary>
    public string? Wrapper { get; init; }
}

/// <summary>One contract of the protocol.</summary>
public sealed record ModuleFile
{
    /// <summary>The module's name, unique in the protocol.</summary>
    public required string Name { get; init; }

    /// <summary>What it does, in one sentence.</summary>
    public required string Purpose { get; init; }

    /// <summary>The ABI by name: <c>config/protocol/abi/NAME.json</c>, a JSON ABI or a compiled artefact.</summary>
    public required string Abi { get; init; }

    /// <summary>The view that says whether the module is paused, such as <c>paused()</c>; absent when it has no pause.</summary>
    public string? Paused { get; init; }

    /// <summary>What becomes of the module when it is paused; absent when it is not described.</summary>
    public EffectFile? Stopping { get; init; }

    /// <summary>What becomes of the module when it is resumed; absent when it is not described.</summary>
    public EffectFile? Resuming { get; init; }

    /// <summary>Functions that pass on a call with this contract's own rights.</summary>
    public IReadOnlyList<ForwardFile> Forwards { get => field ?? []; init; }

    /// <summary>Functions that pause or resume this or other modules.</summary>
    public IReadOnlyList<LeverFile> Levers { get => field ?? []; init; }

    /// <summary>Who may do what, and how the chain tells who that is.</summary>
    public IReadOnlyList<RoleFile> Roles { get => field ?? []; init; }

    /// <summary>Addresses of other modules that this one holds.</summary>
    public IReadOnlyList<LinkFile> Links { get => field ?? []; init; }

    /// <summary>Values that the owners may set.</summary>
    public IReadOnlyList<ParameterFile> Parameters { get => field ?? []; init; }

    /// <summary>Rules over several values, which no change may break.</summary>
    public IReadOnlyList<RuleFile> Rules { get => field ?? []; init; }

    /// <summary>What calls of this contract do, by the function's signature: setters, grants, actions. A call that is not described has no declared effects, so that every one that a simulation shows blocks it.</summary>
    public IReadOnlyDictionary<string, CallEffectFile> Effects { get => field ?? new Dictionary<string, CallEffectFile>(StringComparer.Ordinal); init; }

    /// <summary>What holders of a role can do besides: refund, slash, withdraw, void.</summary>
    public IReadOnlyList<ActionFile> Actions { get => field ?? []; init; }

    /// <summary>Functions of those who take part, or of anybody: no power of an office. Named so that none is forgotten.</summary>
    public IReadOnlyList<string> Participants { get => field ?? []; init; }
}

/// <summary>What a call does to one contract. A simulation that shows more than is declared blocks the change.</summary>
public sealed record EffectFile
{
    /// <summary>Events that the contract may emit, by signature such as <c>Paused(address)</c>.</summary>
    public required IReadOnlyList<string> Emits { get; init; }

    /// <summary>State variables that may be written, by the names of the compiler's storage layout; absent when they are not described.</summary>
    public IReadOnlyList<string>? Writes { get; init; }
}

/// <summary>What one function does: to its own contract and to others.</summary>
public sealed record CallEffectFile
{
    /// <summary>Events that its own contract may emit, by signature.</summary>
    public IReadOnlyList<string> Emits { get => field ?? []; init; }

    /// <summary>State variables of its own contract that may be written; absent when they are not described.</summary>
    public IReadOnlyList<string>? Writes { get; init; }

    /// <summary>What it does to other modules, by name.</summary>
    public IReadOnlyDictionary<string, EffectFile> Elsewhere { get => field ?? new Dictionary<string, EffectFile>(StringComparer.Ordinal); init; }
}

/// <summary>A rule over values of one module: exactly one of <see cref="Sum"/>, <see cref="Order"/> and <see cref="Value"/>.</summary>
public sealed record RuleFile
{
    /// <summary>Parameters whose sum is bounded by <see cref="Exactly"/> or <see cref="AtMost"/>.</summary>
    public IReadOnlyList<string>? Sum { get; init; }

    /// <summary>The sum, in the unit's base; a decimal text.</summary>
    public string? Exactly { get; init; }

    /// <summary>The greatest sum.</summary>
    public string? AtMost { get; init; }

    /// <summary>Parameters none of which is above the next.</summary>
    public IReadOnlyList<string>? Order { get; init; }

    /// <summary>The parameter that the following is about.</summary>
    public string? Value { get; init; }

    /// <summary>The role that the value, an address, must hold.</summary>
    public string? In { get; init; }

    /// <summary>Roles that the value must not hold.</summary>
    public IReadOnlyList<string>? NotIn { get; init; }

    /// <summary>The role whose number of holders the value must not exceed.</summary>
    public string? AtMostMembersOf { get; init; }
}

/// <summary>A function that passes on a call with the contract's own rights, such as <c>executeGovernanceCall(address,bytes)</c>.</summary>
public sealed record ForwardFile
{
    /// <summary>The function: it takes the target and the calldata, in this order.</summary>
    public required string Function { get; init; }

    /// <summary>Roles that may call it, as in <see cref="LeverFile.Callers"/>.</summary>
    public required IReadOnlyList<string> Callers { get; init; }

    /// <summary>What the forwarding itself does to this contract, besides what the call does.</summary>
    public EffectFile? Effects { get; init; }
}

/// <summary>
/// A lever that anybody may pull with a statement that a holder of the role signed in advance (EIP-712). The function takes the statement as a struct, then the signature.
/// </summary>
public sealed record AuthorizationFile
{
    /// <summary>
    /// The EIP-712 type, such as <c>PauseAuthorization(address signer,address[] modules,uint256 validAfter,uint256 validBefore,bytes32 salt)</c>. These five members have these meanings,
    /// in any order; no modules means every one.
    /// </summary>
    public required string Type { get; init; }

    /// <summary>The domain's name; its contract is the module, its chain the network's.</summary>
    public required string Name { get; init; }

    /// <summary>The domain's version.</summary>
    public required string Version { get; init; }

    /// <summary>The view of signer and salt that says whether a statement was used or revoked.</summary>
    public required string Spent { get; init; }

    /// <summary>The view of the statement that returns what its signer signs, to compare with what is computed here; absent when there is none.</summary>
    public string? Digest { get; init; }

    /// <summary>The function of the salt by which the signer revokes it; absent when there is none.</summary>
    public string? Revoke { get; init; }
}

/// <summary>What a lever does.</summary>
public enum LeverAction
{
    /// <summary>Stops.</summary>
    Pause,

    /// <summary>Resumes.</summary>
    Resume,
}

/// <summary>A function that pauses or resumes modules.</summary>
public sealed record LeverFile
{
    /// <summary>What it does.</summary>
    public required LeverAction Action { get; init; }

    /// <summary>
    /// The function's signature, such as <c>pauseAll()</c>; one address argument stands for the covered module, a list of addresses for those of the covered modules that are to move, and with
    /// <see cref="Authorization"/> the statement and its signature.
    /// </summary>
    public required string Function { get; init; }

    /// <summary>
    /// The modules it acts on: names, <c>*</c> for every pausable module, or <c>@role</c> for the modules that hold this role of the lever's own module on the chain; absent means its own.
    /// </summary>
    public IReadOnlyList<string>? Covers { get; init; }

    /// <summary>Roles that may call it: <c>role</c> of this module, or <c>Module.role</c>.</summary>
    public required IReadOnlyList<string> Callers { get; init; }

    /// <summary>True when the call succeeds from every mix of paused and running modules; false when it reverts unless all are in the other state.</summary>
    public required bool Idempotent { get; init; }

    /// <summary>What the call does to the lever's own module, besides what pausing does to those that move; absent when it is not described.</summary>
    public EffectFile? Effects { get; init; }

    /// <summary>How the statement is signed, when anybody may pull the lever with one; <see cref="Callers"/> are then those whose signature counts.</summary>
    public AuthorizationFile? Authorization { get; init; }
}

/// <summary>A set of accounts with a power.</summary>
public sealed record RoleFile
{
    /// <summary>The role's name within its module.</summary>
    public required string Name { get; init; }

    /// <summary>What its holders can do, in one sentence.</summary>
    public required string Power { get; init; }

    /// <summary>The view that returns its holder or holders: an address or a list of addresses, such as <c>owner()</c> or <c>guardians()</c>.</summary>
    public string? Holders { get; init; }

    /// <summary>The arguments of <see cref="Holders"/>, as text.</summary>
    public IReadOnlyList<string> Arguments { get => field ?? []; init; }

    /// <summary>The view that returns the role's id for OpenZeppelin's AccessControlEnumerable, such as <c>PAUSER_ROLE()</c>.</summary>
    public string? AccessControl { get; init; }

    /// <summary>How its holders are found where the contract does not list them; absent when it does.</summary>
    public ReplayFile? Replay { get; init; }

    /// <summary>The function that grants it.</summary>
    public string? Grant { get; init; }

    /// <summary>Its arguments as text, <c>$</c> being the account; absent when the account is the only one, or for AccessControl.</summary>
    public IReadOnlyList<string> GrantArguments { get => field ?? []; init; }

    /// <summary>The function that revokes it.</summary>
    public string? Revoke { get; init; }

    /// <summary>Its arguments, as for <see cref="GrantArguments"/>.</summary>
    public IReadOnlyList<string> RevokeArguments { get => field ?? []; init; }

    /// <summary>Roles that may grant and revoke it, as in <see cref="LeverFile.Callers"/>; <c>owner</c> when absent.</summary>
    public IReadOnlyList<string> Callers { get => field ?? ["owner"]; init; }

    /// <summary>The function by which the new holder takes it over, when granting only offers it, such as <c>acceptOwnership()</c>; absent when the grant is enough.</summary>
    public string? Accept { get; init; }

    /// <summary>The role that an offer fills until it is accepted; only with <see cref="Accept"/>.</summary>
    public string? Pending { get; init; }

    /// <summary>What granting it amounts to: <c>rotate</c> when absent.</summary>
    public PowerKind? Category { get; init; }

    /// <summary>How much a wrong holder can do.</summary>
    public required Risk Risk { get; init; }
}

/// <summary>
/// Holders that only events tell: whoever an event names may be one, and the contract says of each whether it is. With <see cref="RoleFile.AccessControl"/> events can be narrowed to the role's id.
/// </summary>
public sealed record ReplayFile
{
    /// <summary>The events that grant and revoke.</summary>
    public required IReadOnlyList<ReplayEventFile> Events { get; init; }

    /// <summary>The view that says of one account whether it holds the role, such as <c>orchestrators(address)</c> or <c>hasRole(bytes32,address)</c>.</summary>
    public required string Confirm { get; init; }

    /// <summary>Its arguments as text, <c>$</c> being the account and <c>@id</c> the role's id; absent when the account is the only one.</summary>
    public IReadOnlyList<string> ConfirmArguments { get => field ?? []; init; }
}

/// <summary>An event that names an account.</summary>
public sealed record ReplayEventFile
{
    /// <summary>The event, such as <c>OrchestratorUpdated(address,bool)</c>.</summary>
    public required string Event { get; init; }

    /// <summary>The argument that is the account, by name, or by place when it has none.</summary>
    public required string Account { get; init; }

    /// <summary>The argument that must be the role's id; absent when the event is about this role alone.</summary>
    public string? Id { get; init; }
}

/// <summary>An address of another module, held on chain.</summary>
public sealed record LinkFile
{
    /// <summary>The view that returns it.</summary>
    public required string Getter { get; init; }

    /// <summary>The function that sets it; absent when it is fixed.</summary>
    public string? Setter { get; init; }

    /// <summary>The module that it must point to.</summary>
    public required string Module { get; init; }

    /// <summary>Roles that may set it, as in <see cref="LeverFile.Callers"/>; <c>owner</c> when absent.</summary>
    public IReadOnlyList<string> Callers { get => field ?? ["owner"]; init; }
}

/// <summary>A value that the owners may set.</summary>
public sealed record ParameterFile
{
    /// <summary>The parameter's name within its module.</summary>
    public required string Name { get; init; }

    /// <summary>The view that returns it.</summary>
    public required string Getter { get; init; }

    /// <summary>The arguments of <see cref="Getter"/>, as text.</summary>
    public IReadOnlyList<string> GetterArguments { get => field ?? []; init; }

    /// <summary>Which member of the struct, or which element of the list, that the view returns; absent when it returns the value itself.</summary>
    public string? Output { get; init; }

    /// <summary>The function that sets it.</summary>
    public required string Setter { get; init; }

    /// <summary>
    /// The arguments of <see cref="Setter"/>: <c>$</c> is the new value, <c>@name</c> what the chain holds for another parameter of the module, a list is a struct or an array,
    /// any other text stands for itself. Absent when the new value is the only one.
    /// </summary>
    public IReadOnlyList<JsonElement> SetterArguments { get => field ?? []; init; }

    /// <summary>Roles that may set it, as in <see cref="LeverFile.Callers"/>; <c>owner</c> when absent.</summary>
    public IReadOnlyList<string> Callers { get => field ?? ["owner"]; init; }

    /// <summary>What setting it amounts to: <c>changeParameters</c> when absent.</summary>
    public PowerKind? Category { get; init; }

    /// <summary>The unit: <c>bps</c>, <c>percent</c>, <c>wei</c>, <c>wad</c> (18 decimals), <c>seconds</c>, <c>count</c>, <c>points</c>, <c>address</c>, <c>bytes32</c>, <c>namehash</c>, <c>text</c>, <c>flag</c>, or a token of <see cref="ProtocolFile.Tokens"/>.</summary>
    public required string Unit { get; init; }

    /// <summary>The least value, in the unit's base; a decimal text.</summary>
    public string? Min { get; init; }

    /// <summary>The greatest value, in the unit's base; a decimal text.</summary>
    public string? Max { get; init; }

    /// <summary>How much a wrong value can do.</summary>
    public required Risk Risk { get; init; }

    /// <summary>A rule that bounds do not say, for people.</summary>
    public string? Note { get; init; }

    /// <summary>True when the protocol itself moves it, so that a manifest drafted from the chain leaves it out.</summary>
    public bool Live { get; init; }

    /// <summary>True when on a public network only a Safe may set it.</summary>
    public bool BySafe { get; init; }
}

/// <summary>A power of an office that is neither a lever, nor a role's grant, nor a parameter.</summary>
public sealed record ActionFile
{
    /// <summary>The function.</summary>
    public required string Function { get; init; }

    /// <summary>What it does, in one sentence.</summary>
    public required string Power { get; init; }

    /// <summary>What it amounts to.</summary>
    public required PowerKind Category { get; init; }

    /// <summary>Roles that may call it, as in <see cref="LeverFile.Callers"/>.</summary>
    public required IReadOnlyList<string> Callers { get; init; }

    /// <summary>How much a wrong call can do.</summary>
    public required Risk Risk { get; init; }

    /// <summary>True when on a public network only a Safe may call it.</summary>
    public bool BySafe { get; init; }
}

/// <summary>How much a change can do. Can only be raised.</summary>
public enum Risk
{
    /// <summary>Cosmetic.</summary>
    Green,

    /// <summary>Financial.</summary>
    Amber,

    /// <summary>Security.</summary>
    Red,
}

/// <summary>Risks by their lower-case names.</summary>
public sealed class RiskConverter() : JsonStringEnumConverter<Risk>(JsonNamingPolicy.CamelCase, allowIntegerValues: false);
