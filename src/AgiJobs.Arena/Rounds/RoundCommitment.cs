using System.Numerics;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Arena.Rounds;

/// <summary>
/// What students and validators commit to: <c>SelfPlayArena.answerCommitment</c> and <c>voteCommitment</c>. Domain, chain, contract, round and account are hashed
/// in, so that nobody can use another one's commitment, or his own elsewhere. Vectors: <c>tests/vectors/arena-commitments.json</c>, which the contract's tests read too.
/// </summary>
public static class RoundCommitment
{
    private static readonly Bytes32 AnswerDomain = Keccak256.Hash("SelfPlayArena.Answer");
    private static readonly Bytes32 VoteDomain = Keccak256.Hash("SelfPlayArena.Vote");
    private static readonly AbiFunction Layout = AbiFunction.Parse("function commitment(bytes32 domain, uint256 chain, address arena, uint256 round, address account, bytes32 payload, bytes32 salt)");

    /// <summary>To an answer.</summary>
    /// <param name="chain">The chain.</param>
    /// <param name="arena">The contract.</param>
    /// <param name="round">The round's number.</param>
    /// <param name="student">Who answers.</param>
    /// <param name="answerHash">Digest of the answer's bytes.</param>
    /// <param name="salt">32 random bytes, kept until the reveal.</param>
    public static Bytes32 OfAnswer(ChainId chain, Address arena, long round, Address student, Bytes32 answerHash, Bytes32 salt) =>
        Hash(AnswerDomain, chain, arena, round, student, answerHash, salt);

    /// <summary>To a vote; bit i says that student i is right.</summary>
    public static Bytes32 OfVote(ChainId chain, Address arena, long round, Address validator, BigInteger vote, Bytes32 salt) =>
        Hash(VoteDomain, chain, arena, round, validator, Bytes32.FromUnsigned(vote), salt);

    // abi.encode of static values is their words; a function's calldata has the selector before them.
    private static Bytes32 Hash(Bytes32 domain, ChainId chain, Address arena, long round, Address account, Bytes32 payload, Bytes32 salt) =>
        Keccak256.Hash(Layout.Encode(domain, chain, arena, round, account, payload, salt).AsSpan(4));
}
