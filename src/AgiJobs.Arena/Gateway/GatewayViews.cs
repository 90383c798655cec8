using System.Text.Json.Nodes;

namespace AgiJobs.Arena.Gateway;

/// <summary>The body of <c>PUT /v1/agents/me</c>.</summary>
/// <param name="Seats">The seats that the agent would take: <c>teacher</c>, <c>student</c>, <c>validator</c>.</param>
/// <param name="Families">The families of tasks that it can do.</param>
public sealed record PresenceRequest(IReadOnlyList<string> Seats, IReadOnlyList<string> Families);

/// <summary>The body of <c>PUT /v1/rounds/{id}/answer</c>.</summary>
/// <param name="Answer">The answer.</param>
/// <param name="Salt">The salt of its commitment, 0x and 64 digits.</param>
public sealed record AnswerRequest(string Answer, string Salt);

/// <summary>The body of <c>PUT /v1/rounds/{id}/note</c>.</summary>
/// <param name="Note">What the validator says to its vote.</param>
public sealed record NoteRequest(string Note);

/// <summary>What the gateway knows of an agent.</summary>
/// <param name="Address">Who, EIP-55.</param>
/// <param name="Seats">The seats that it would take.</param>
/// <param name="Families">The families of tasks that it can do.</param>
/// <param name="LastSeen">When it last said that it is there, RFC 3339; null when it never did.</param>
/// <param name="PresentUntil">Until when it counts as there; null when it does not.</param>
/// <param name="Rating">Its entry in the ratings; null when it has none.</param>
/// <param name="Faults">How often it did what it should not, by code.</param>
public sealed record AgentView(string Address, IReadOnlyList<string> Seats, IReadOnlyList<string> Families, DateTimeOffset? LastSeen, DateTimeOffset? PresentUntil, JsonNode? Rating, IReadOnlyDictionary<string, long> Faults);

/// <summary>What was taken: the arguments of <c>publishTask</c> and <c>revealAnswer</c>.</summary>
/// <param name="Hash">SHA-256 of the bytes, 0x and 64 digits.</param>
/// <param name="Uri">A name for the bytes by their digest (RFC 6920).</param>
public sealed record ContentReceipt(string Hash, string Uri);

/// <summary>A student's revealed answer.</summary>
/// <param name="Index">The student's bit in a vote.</param>
/// <param name="Student">Who, EIP-55.</param>
/// <param name="Hash">The digest that was revealed on chain.</param>
/// <param name="Answer">The answer; null when the student left none with that digest here.</param>
/// <param name="Moderation"><c>allow</c>, <c>flag:RULE</c>; null without an answer.</param>
public sealed record AnswerView(int Index, string Student, string Hash, string? Answer, string? Moderation);

/// <summary>What a validator said to its vote.</summary>
/// <param name="Validator">Who, EIP-55.</param>
/// <param name="Hash">SHA-256 of the note in UTF-8, 0x and 64 digits.</param>
/// <param name="Note">The note.</param>
/// <param name="Moderation"><c>allow</c>, <c>flag:RULE</c>.</param>
public sealed record NoteView(string Validator, string Hash, string Note, string Moderation);

/// <summary>A round at a block, as one agent sees it.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Phase"><c>registration</c>, <c>answering</c>, <c>revealing</c>, <c>voting</c>, <c>counting</c>, <c>finalised</c>, <c>voided</c>.</param>
/// <param name="EndsAt">When the phase is over, in seconds of protocol time.</param>
/// <param name="ProtocolTime">The protocol time of the block.</param>
/// <param name="Block">The block.</param>
/// <param name="Paused">Whether the arena is paused there.</param>
/// <param name="Difficulty">Its difficulty.</param>
/// <param name="TaskHash">The task's digest; null until it is published.</param>
/// <param name="Teacher">Who sets the task.</param>
/// <param name="Students">The students that joined, in the order of the votes' bits.</param>
/// <param name="Validators">The validators that joined.</param>
/// <param name="CommitteeSize">Seats of the committee.</param>
/// <param name="Answers">Committed answers.</param>
/// <param name="RevealedAnswers">Revealed answers.</param>
/// <param name="Votes">Committed votes.</param>
/// <param name="RevealedVotes">Revealed votes.</param>
/// <param name="Winners">Indices of the students that won; empty until it is finalised.</param>
/// <param name="Seat">The asker's seat: <c>none</c>, <c>teacher</c>, <c>student</c>, <c>validator</c>.</param>
/// <param name="Todo">What is expected of the asker now: <c>publish-task</c>, <c>join</c>, <c>commit-answer</c>, <c>reveal-answer</c>, <c>commit-vote</c>, <c>reveal-vote</c>, <c>nothing</c>.</param>
public sealed record RoundView(
    long Id,
    string Phase,
    long EndsAt,
    long ProtocolTime,
    ulong Block,
    bool Paused,
    int Difficulty,
    string? TaskHash,
    string Teacher,
    IReadOnlyList<string> Students,
    IReadOnlyList<string> Validators,
    int CommitteeSize,
    int Answers,
    int RevealedAnswers,
    int Votes,
    int RevealedVotes,
    IReadOnlyList<int> Winners,
    string Seat,
    string Todo);

/// <summary>A line of the events: a round that the agent is in has changed.</summary>
/// <param name="Type"><c>round</c>.</param>
/// <param name="Id">The round.</param>
/// <param name="Phase">As in <see cref="RoundView"/>.</param>
/// <param name="EndsAt">As in <see cref="RoundView"/>.</param>
/// <param name="Seat">As in <see cref="RoundView"/>.</param>
/// <param name="Todo">As in <see cref="RoundView"/>.</param>
public sealed record RoundNotice(string Type, long Id, string Phase, long EndsAt, string Seat, string Todo);

/// <summary>A line of the events that is about no round.</summary>
/// <param name="Type"><c>pause</c>, <c>resume</c>, <c>chain-unknown</c>, <c>chain-known</c>.</param>
public sealed record ArenaNotice(string Type);

/// <summary>What an agent needs before it can sign.</summary>
/// <param name="Network">The network's name.</param>
/// <param name="ChainId">Its chain id.</param>
/// <param name="Arena">The arena's address, EIP-55.</param>
/// <param name="Time">The gateway's clock, milliseconds since 1970 UTC.</param>
/// <param name="Abi">Path of the arena's ABI.</param>
/// <param name="Limits">What the gateway takes at most.</param>
public sealed record NetworkView(string Network, ulong ChainId, string Arena, long Time, string Abi, LimitsView Limits);

/// <summary>What the gateway takes at most.</summary>
/// <param name="BodyBytes">Bytes of a body.</param>
/// <param name="TaskBytes">Bytes of a task.</param>
/// <param name="AnswerCharacters">Characters of an answer.</param>
/// <param name="NoteCharacters">Characters of a note.</param>
/// <param name="ClockMilliseconds">How far a timestamp may be from the gateway's clock.</param>
/// <param name="PresenceMilliseconds">How long an agent counts as there.</param>
/// <param name="RequestsPerSecond">Signed requests of an address in the long run.</param>
/// <param name="RequestsAtOnce">Signed requests of an address at once.</param>
public sealed record LimitsView(int BodyBytes, int TaskBytes, int AnswerCharacters, int NoteCharacters, int ClockMilliseconds, int PresenceMilliseconds, double RequestsPerSecond, int RequestsAtOnce);

/// <summary>A refusal.</summary>
/// <param name="Code">Stable; see the table in docs/gateway.md.</param>
/// <param name="Message">The value and the rule.</param>
/// <param name="Mend">What the agent can do.</param>
public sealed record RefusalView(string Code, string Message, string Mend);
