// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {OutOfBounds, Unauthorized} from "./base/Errors.sol";
import {Membership} from "./base/Membership.sol";
import {PausableModule} from "./base/PausableModule.sol";
import {IJobRegistry, JobState} from "./interfaces/IJobRegistry.sol";

/// @title DisputeModule
/// @notice Moderators decide disputes over jobs by weighted vote, on chain or by signature.
/// @dev A side wins with more than half of the weight of all present moderators. Votes count with the weight that their
/// moderator has when votes are counted, so the vote of one who was dismissed counts nothing.
contract DisputeModule is PausableModule, EIP712 {
    using EnumerableSet for EnumerableSet.AddressSet;
    using Membership for EnumerableSet.AddressSet;

    /// @notice How a moderator voted.
    enum Vote {
        None,
        ForEmployer,
        ForAgent
    }

    /// @notice EIP-712 type of a vote that is given by signature.
    bytes32 public constant VOTE_TYPEHASH = keccak256("DisputeVote(uint256 jobId,bool employerWins)");

    /// @notice Most moderators at a time.
    uint256 public constant MAX_MODERATORS = 32;

    /// @notice Most weight of one moderator.
    uint256 public constant MAX_WEIGHT = 1_000_000;

    /// @notice Longest time for evidence, in seconds.
    uint64 public constant MAX_EVIDENCE_WINDOW = 30 days;

    /// @notice Whose disputes are decided.
    IJobRegistry public immutable jobRegistry;

    /// @notice How long the parties have for evidence before moderators vote, in seconds of protocol time.
    uint64 public evidenceWindow = 1 hours;

    /// @notice Weight of all moderators together.
    uint256 public totalModeratorWeight;

    /// @notice Weight of a moderator; zero for everybody else.
    mapping(address moderator => uint256) public moderatorWeights;

    /// @notice Protocol time at which a dispute was opened here; zero for none.
    mapping(uint256 jobId => uint64) public openedAt;

    /// @notice How a moderator voted on a dispute.
    mapping(uint256 jobId => mapping(address moderator => Vote)) public voteOf;

    EnumerableSet.AddressSet private _moderators;

    /// @notice A dispute was taken up; moderators vote from `votingFrom` of protocol time on.
    event DisputeOpened(uint256 indexed jobId, uint64 votingFrom);

    /// @notice A party or a moderator put evidence on record.
    event EvidenceSubmitted(uint256 indexed jobId, address indexed from, string uri);

    /// @notice A moderator voted.
    event DisputeVoted(uint256 indexed jobId, address indexed moderator, bool employerWins, uint256 weight);

    /// @notice A dispute was decided with `weight` of `totalWeight`.
    event DisputeDecided(uint256 indexed jobId, bool employerWins, uint256 weight, uint256 totalWeight);

    /// @notice A moderator was appointed, dismissed or given another weight.
    event ModeratorUpdated(address indexed moderator, uint256 previousWeight, uint256 weight);

    /// @notice The time for evidence changed, for disputes opened from now on and before.
    event EvidenceWindowUpdated(uint64 previous, uint64 current);

    /// @notice The job is not in dispute.
    error NotDisputed(uint256 jobId, JobState state);

    /// @notice The dispute was opened before.
    error AlreadyOpened(uint256 jobId);

    /// @notice The parties still have time for evidence.
    error EvidenceWindowOpen(uint256 jobId, uint64 votingFrom, uint64 protocolTime);

    /// @notice The moderator voted before.
    error AlreadyVoted(uint256 jobId, address moderator);

    /// @notice The signature is not the moderator's over this vote.
    error InvalidSignature(address moderator);

    /// @notice Moderators and signatures are not equally many.
    error LengthMismatch(uint256 moderators, uint256 signatures);

    /// @notice No more than {MAX_MODERATORS}.
    error TooManyModerators(uint256 maximum);

    /// @param initialOwner Governance, or the deployer until it hands over.
    /// @param initialSystemPause The SystemPause contract.
    /// @param disputedRegistry Whose disputes are decided.
    constructor(address initialOwner, address initialSystemPause, IJobRegistry disputedRegistry)
        PausableModule(initialOwner, initialSystemPause)
        EIP712("DisputeModule", "1")
    {
        _requireContract(address(disputedRegistry));
        jobRegistry = disputedRegistry;
    }

    /// @notice Takes up a dispute that was raised in JobRegistry. Anybody may call it.
    function openDispute(uint256 jobId) external whenNotPaused {
        _requireDisputed(jobId);
        if (openedAt[jobId] != 0) revert AlreadyOpened(jobId);
        openedAt[jobId] = protocolTime();
        emit DisputeOpened(jobId, protocolTime() + evidenceWindow);
    }

    /// @notice A party or a moderator puts evidence on record, as long as the dispute is not decided.
    function submitEvidence(uint256 jobId, string calldata uri) external whenNotPaused {
        _requireDisputed(jobId);
        (address employer, address agent) = jobRegistry.partiesOf(jobId);
        if (msg.sender != employer && msg.sender != agent && moderatorWeights[msg.sender] == 0) {
            revert Unauthorized(msg.sender);
        }
        emit EvidenceSubmitted(jobId, msg.sender, uri);
    }

    /// @notice A moderator votes. The vote that makes a majority decides and settles the job.
    function vote(uint256 jobId, bool employerWins) external whenNotPaused {
        _requireVoting(jobId);
        _record(jobId, msg.sender, employerWins);
        _decide(jobId, employerWins);
    }

    /// @notice Enters votes that moderators signed; see {voteDigest}. Anybody may submit them.
    function voteWithSignatures(
        uint256 jobId,
        bool employerWins,
        address[] calldata signers,
        bytes[] calldata signatures
    ) external whenNotPaused {
        _requireVoting(jobId);
        if (signers.length != signatures.length) revert LengthMismatch(signers.length, signatures.length);
        bytes32 digest = voteDigest(jobId, employerWins);
        for (uint256 i = 0; i < signers.length; ++i) {
            if (!SignatureChecker.isValidSignatureNowCalldata(signers[i], digest, signatures[i])) {
                revert InvalidSignature(signers[i]);
            }
            _record(jobId, signers[i], employerWins);
        }
        _decide(jobId, employerWins);
    }

    /// @notice Settles a dispute that has a majority, as it can have after a moderator was dismissed. Anybody may call it.
    function decide(uint256 jobId, bool employerWins) external whenNotPaused {
        _requireVoting(jobId);
        _decide(jobId, employerWins);
    }

    /// @notice Appoints a moderator with a weight up to {MAX_WEIGHT}; zero dismisses.
    function setModerator(address moderator, uint256 weight) external onlyOwner {
        if (weight > MAX_WEIGHT) revert OutOfBounds(weight, 0, MAX_WEIGHT);
        _moderators.update(moderator, weight != 0);
        if (_moderators.length() > MAX_MODERATORS) revert TooManyModerators(MAX_MODERATORS);
        uint256 previous = moderatorWeights[moderator];
        totalModeratorWeight = totalModeratorWeight - previous + weight;
        moderatorWeights[moderator] = weight;
        emit ModeratorUpdated(moderator, previous, weight);
    }

    /// @notice Sets how long the parties have for evidence, in seconds up to {MAX_EVIDENCE_WINDOW}.
    function setEvidenceWindow(uint64 newWindow) external onlyOwner {
        if (newWindow > MAX_EVIDENCE_WINDOW) revert OutOfBounds(newWindow, 0, MAX_EVIDENCE_WINDOW);
        emit EvidenceWindowUpdated(evidenceWindow, newWindow);
        evidenceWindow = newWindow;
    }

    /// @notice All moderators.
    function moderators() external view returns (address[] memory) {
        return _moderators.values();
    }

    /// @notice The weight of the votes for each side as it counts now.
    function tally(uint256 jobId) public view returns (uint256 forEmployer, uint256 forAgent) {
        uint256 count = _moderators.length();
        for (uint256 i = 0; i < count; ++i) {
            address moderator = _moderators.at(i);
            Vote cast = voteOf[jobId][moderator];
            if (cast == Vote.ForEmployer) forEmployer += moderatorWeights[moderator];
            else if (cast == Vote.ForAgent) forAgent += moderatorWeights[moderator];
        }
    }

    /// @notice What a moderator signs to vote.
    function voteDigest(uint256 jobId, bool employerWins) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(VOTE_TYPEHASH, jobId, employerWins)));
    }

    function _record(uint256 jobId, address moderator, bool employerWins) private {
        uint256 weight = moderatorWeights[moderator];
        if (weight == 0) revert Unauthorized(moderator);
        if (voteOf[jobId][moderator] != Vote.None) revert AlreadyVoted(jobId, moderator);
        voteOf[jobId][moderator] = employerWins ? Vote.ForEmployer : Vote.ForAgent;
        emit DisputeVoted(jobId, moderator, employerWins, weight);
    }

    function _decide(uint256 jobId, bool employerWins) private {
        (uint256 forEmployer, uint256 forAgent) = tally(jobId);
        uint256 weight = employerWins ? forEmployer : forAgent;
        if (weight * 2 <= totalModeratorWeight) return;
        emit DisputeDecided(jobId, employerWins, weight, totalModeratorWeight);
        jobRegistry.resolveDispute(jobId, employerWins);
    }

    function _requireDisputed(uint256 jobId) private view {
        JobState state = jobRegistry.stateOf(jobId);
        if (state != JobState.Disputed) revert NotDisputed(jobId, state);
    }

    function _requireVoting(uint256 jobId) private view {
        _requireDisputed(jobId);
        uint64 opened = openedAt[jobId];
        uint64 votingFrom = opened + evidenceWindow;
        if (opened == 0 || protocolTime() < votingFrom) revert EvidenceWindowOpen(jobId, votingFrom, protocolTime());
    }
}
