using System.Globalization;
using System.Numerics;
using AgiJobs.Arena.Rounds;
using AgiJobs.Ethereum;

namespace AgiJobs.Arena.Agents;

/// <summary>Something that an agent does on chain, before it is a transaction.</summary>
/// <param name="Round">The round; 0 for what belongs to none.</param>
public abstract record ArenaAct(long Round)
{
    /// <summary>What it is: as <c>todo</c> of the gateway's protocol names it.</summary>
    public abstract string Name { get; }

    /// <summary>Its identity: an agent does each once in a round.</summary>
    public string Key => string.Create(CultureInfo.InvariantCulture, $"{Round}/{Name}");

    internal abstract byte[] Encode(ArenaContract arena, Address self);
}

/// <summary>The teacher sets the task.</summary>
public sealed record PublishTask(long Round, Bytes32 TaskHash, string Uri) : ArenaAct(Round)
{
    /// <inheritdoc/>
    public override string Name => "publish-task";

    internal override byte[] Encode(ArenaContract arena, Address self) => arena.Publish(Round, TaskHash, Uri);
}

/// <summary>A student or validator accepts.</summary>
public sealed record JoinRound(long Round) : ArenaAct(Round)
{
    /// <inheritdoc/>
    public override string Name => "join";

    internal override byte[] Encode(ArenaContract arena, Address self) => arena.Join(Round);
}

/// <summary>A student commits to an answer.</summary>
public sealed record CommitAnswer(long Round, Bytes32 Commitment) : ArenaAct(Round)
{
    /// <inheritdoc/>
    public override string Name => "commit-answer";

    internal override byte[] Encode(ArenaContract arena, Address self) => arena.CommitAnswer(Round, Commitment);
}

/// <summary>A student reveals the answer.</summary>
public sealed record RevealAnswer(long Round, Bytes32 AnswerHash, Bytes32 Salt, string Uri) : ArenaAct(Round)
{
    /// <inheritdoc/>
    public override string Name => "reveal-answer";

    internal override byte[] Encode(ArenaContract arena, Address self) => arena.RevealAnswer(Round, AnswerHash, Salt, Uri);
}

/// <summary>A validator commits to a vote.</summary>
public sealed record CommitVote(long Round, Bytes32 Commitment) : ArenaAct(Round)
{
    /// <inheritdoc/>
    public override string Name => "commit-vote";

    internal override byte[] Encode(ArenaContract arena, Address self) => arena.CommitVote(Round, Commitment);
}

/// <summary>A validator reveals the vote; bit i says that student i is right.</summary>
public sealed record RevealVote(long Round, BigInteger Vote, Bytes32 Salt) : ArenaAct(Round)
{
    /// <inheritdoc/>
    public override string Name => "reveal-vote";

    internal override byte[] Encode(ArenaContract arena, Address self) => arena.RevealVote(Round, Vote, Salt);
}

/// <summary>The agent has what it earned paid.</summary>
public sealed record ClaimReward() : ArenaAct(0)
{
    /// <inheritdoc/>
    public override string Name => "claim-reward";

    internal override byte[] Encode(ArenaContract arena, Address self) => arena.Claim(self);
}
