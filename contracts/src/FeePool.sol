// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {BPS, OutOfBounds, Unauthorized, ZeroAddress, ZeroAmount} from "./base/Errors.sol";
import {Membership} from "./base/Membership.sol";
import {PausableModule} from "./base/PausableModule.sol";
import {TreasuryAccount} from "./base/TreasuryAccount.sol";
import {IBurnableToken} from "./interfaces/IBurnableToken.sol";
import {IFeePool} from "./interfaces/IFeePool.sol";
import {IStakeManager, Role} from "./interfaces/IStakeManager.sol";
import {IStakeObserver} from "./interfaces/IStakeObserver.sol";

/// @title FeePool
/// @notice Takes in the protocol's fees, burns a part, shares a part among platform stakers and pays rewards from the rest.
/// @dev The balance is split into fees not yet distributed, claims of stakers, reservations of rewarders, and the free
/// budget, which is what is left. A reward can only ever come out of the last two.
contract FeePool is IFeePool, IStakeObserver, PausableModule, TreasuryAccount, ReentrancyGuardTransient {
    using EnumerableSet for EnumerableSet.AddressSet;
    using Membership for EnumerableSet.AddressSet;
    using SafeERC20 for IBurnableToken;

    /// @param stake The platform stake that claims accrue on.
    /// @param checkpoint {cumulativePerToken} up to which they have been credited.
    /// @param credit Credited and not yet claimed.
    struct Staker {
        uint256 stake;
        uint256 checkpoint;
        uint256 credit;
    }

    /// @notice Most of a fee that can be burned, in basis points.
    uint256 public constant MAX_BURN_BPS = 5_000;

    /// @notice Stakers of this role share the fees.
    Role public constant REWARD_ROLE = Role.Platform;

    /// @notice Length of the period in which a rewarder's payments are limited, in seconds of protocol time.
    uint64 public constant REWARD_PERIOD = 1 days;

    uint256 private constant SCALE = 1e27;

    /// @notice The token that fees and rewards are paid in.
    IBurnableToken public immutable token;

    /// @notice Whose stakes the fees are shared by.
    IStakeManager public stakeManager;

    /// @notice Share of every fee that is burned, in basis points.
    uint256 public burnPct;

    /// @notice Share of distributed fees that goes to stakers, in basis points; the rest becomes reward budget.
    uint256 public stakerShareBps = 5_000;

    /// @notice Most that one rewarder pays out in a period, in wei of the token. What is reserved beyond that waits.
    uint256 public rewardLimit = type(uint256).max;

    /// @notice Fees not yet distributed, in wei of the token.
    uint256 public pendingFees;

    /// @notice Stakers' claims not yet paid, in wei of the token.
    uint256 public reservedClaims;

    /// @notice Reservations of all rewarders, in wei of the token.
    uint256 public reservedRewards;

    /// @notice Platform stake that shares the next distribution, in wei of the token.
    uint256 public sharedStake;

    /// @notice Fees distributed per wei of stake since the beginning, times 1e27.
    uint256 public cumulativePerToken;

    /// @notice Reservation of each rewarder, in wei of the token.
    mapping(address rewarder => uint256) public reservationOf;

    /// @notice What each rewarder has paid out in each period, in wei of the token.
    mapping(address rewarder => mapping(uint256 period => uint256)) public rewardedIn;

    mapping(address user => Staker) private _stakers;
    EnumerableSet.AddressSet private _rewarders;

    /// @notice A fee came in; `burned` of it was destroyed at once.
    event FeeDeposited(address indexed from, uint256 amount, uint256 burned);

    /// @notice Money was given for rewards.
    event Contributed(address indexed from, uint256 amount);

    /// @notice Pending fees were shared out.
    event FeesDistributed(uint256 toStakers, uint256 toRewards, uint256 cumulativePerToken);

    /// @notice A staker was paid.
    event RewardsClaimed(address indexed user, uint256 amount);

    /// @notice The stake on which a user's claims accrue changed; `forfeited` went back to the pending fees.
    event SharedStakeUpdated(address indexed user, uint256 previous, uint256 current, uint256 forfeited);

    /// @notice A reward was paid.
    event RewardPaid(address indexed rewarder, address indexed to, uint256 amount);

    /// @notice The reservation of a rewarder changed.
    event ReservationUpdated(address indexed rewarder, uint256 previous, uint256 current);

    /// @notice Governance moved free budget to the treasury.
    event GovernanceWithdrawal(address indexed treasury, uint256 amount);

    /// @notice Who may pay rewards changed.
    event RewarderUpdated(address indexed rewarder, bool previous, bool current);

    /// @notice The burned share changed.
    event BurnPctUpdated(uint256 previous, uint256 current);

    /// @notice The stakers' share changed.
    event StakerShareUpdated(uint256 previous, uint256 current);

    /// @notice The limit of rewards changed.
    event RewardLimitUpdated(uint256 previous, uint256 current);

    /// @notice The StakeManager changed.
    event StakeManagerUpdated(address indexed previousStakeManager, address indexed newStakeManager);

    /// @notice Only `available` is there for this.
    error InsufficientRewardBalance(uint256 requested, uint256 available);

    /// @notice The rewarder may pay out only `remaining` more in this period.
    error RewardLimitReached(uint256 requested, uint256 remaining);

    /// @notice There is nothing to distribute, or nobody to distribute to.
    error NothingToDistribute();

    /// @notice The user has no claim.
    error NothingToClaim(address user);

    modifier onlyRewarder() {
        if (!_rewarders.contains(msg.sender)) revert Unauthorized(msg.sender);
        _;
    }

    /// @param initialOwner Governance, or the deployer until it hands over.
    /// @param initialSystemPause The SystemPause contract.
    /// @param feeToken The token that fees and rewards are paid in.
    /// @param initialStakeManager Whose stakes the fees are shared by.
    /// @param initialTreasury Where governance may withdraw free budget to; zero leaves it unset.
    constructor(
        address initialOwner,
        address initialSystemPause,
        IBurnableToken feeToken,
        IStakeManager initialStakeManager,
        address initialTreasury
    ) PausableModule(initialOwner, initialSystemPause) TreasuryAccount(initialTreasury) {
        _requireContract(address(feeToken));
        token = feeToken;
        _setStakeManager(initialStakeManager);
    }

    // ------------------------------------------------------------------------------------------------ money in

    /// @inheritdoc IFeePool
    function depositFee(uint256 amount) external whenNotPaused nonReentrant {
        if (amount == 0) revert ZeroAmount();
        uint256 burned = (amount * burnPct) / BPS;
        pendingFees += amount - burned;
        emit FeeDeposited(msg.sender, amount, burned);
        token.safeTransferFrom(msg.sender, address(this), amount);
        if (burned != 0) token.burn(burned);
    }

    /// @notice Gives money for rewards.
    function contribute(uint256 amount) external whenNotPaused nonReentrant {
        if (amount == 0) revert ZeroAmount();
        emit Contributed(msg.sender, amount);
        token.safeTransferFrom(msg.sender, address(this), amount);
    }

    // ------------------------------------------------------------------------------------------------- stakers

    /// @notice Shares out the pending fees. Anybody may call it.
    /// @dev The stakers' part waits while nobody has platform stake.
    function distributeFees() external whenNotPaused {
        uint256 fees = pendingFees;
        uint256 forStakers = (fees * stakerShareBps) / BPS;
        uint256 toRewards = fees - forStakers;
        uint256 toStakers;
        if (forStakers != 0 && sharedStake != 0) {
            uint256 perToken = Math.mulDiv(forStakers, SCALE, sharedStake);
            // Claims round down one by one, so what is set aside for them all rounds up.
            toStakers = Math.mulDiv(perToken, sharedStake, SCALE, Math.Rounding.Ceil);
            cumulativePerToken += perToken;
            reservedClaims += toStakers;
        }
        // Without stakers, sharing the rest again and again would move the stakers' part over by and by.
        if (forStakers != 0 && sharedStake == 0) toRewards = 0;
        if (toStakers + toRewards == 0) revert NothingToDistribute();
        pendingFees = fees - toStakers - toRewards;
        emit FeesDistributed(toStakers, toRewards, cumulativePerToken);
    }

    /// @notice Pays the caller what has accrued on its platform stake.
    function claimRewards() external whenNotPaused nonReentrant {
        _sync(msg.sender);
        uint256 amount = _stakers[msg.sender].credit;
        if (amount == 0) revert NothingToClaim(msg.sender);
        _stakers[msg.sender].credit = 0;
        reservedClaims -= amount;
        emit RewardsClaimed(msg.sender, amount);
        token.safeTransfer(msg.sender, amount);
    }

    /// @notice Brings the stake on which a user's claims accrue up to date, when StakeManager could not. Anybody may.
    function sync(address user) external whenNotPaused {
        _sync(user);
    }

    /// @inheritdoc IStakeObserver
    /// @dev Works while paused, because slashes do.
    function stakeChanged(address user, Role role, uint256 stake) external {
        if (msg.sender != address(stakeManager)) revert Unauthorized(msg.sender);
        if (role == REWARD_ROLE) _settle(user, _stakers[user].stake, stake);
    }

    // ------------------------------------------------------------------------------------------------- rewards

    /// @inheritdoc IFeePool
    function reward(address to, uint256 amount) external whenNotPaused nonReentrant onlyRewarder {
        if (to == address(0)) revert ZeroAddress();
        if (amount == 0) revert ZeroAmount();
        uint256 reservation = reservationOf[msg.sender];
        uint256 available = reservation + rewardBudget();
        if (amount > available) revert InsufficientRewardBalance(amount, available);
        uint256 rewarded = rewardedIn[msg.sender][rewardPeriod()];
        uint256 remaining = Math.saturatingSub(rewardLimit, rewarded);
        if (amount > remaining) revert RewardLimitReached(amount, remaining);
        rewardedIn[msg.sender][rewardPeriod()] = rewarded + amount;
        _setReservation(msg.sender, reservation - Math.min(reservation, amount));
        emit RewardPaid(msg.sender, to, amount);
        token.safeTransfer(to, amount);
    }

    /// @inheritdoc IFeePool
    function reserveRewards(uint256 amount) external whenNotPaused onlyRewarder {
        uint256 available = rewardBudget();
        if (amount > available) revert InsufficientRewardBalance(amount, available);
        _setReservation(msg.sender, reservationOf[msg.sender] + amount);
    }

    /// @inheritdoc IFeePool
    function releaseRewards(uint256 amount) external {
        uint256 reservation = reservationOf[msg.sender];
        _setReservation(msg.sender, reservation - Math.min(reservation, amount));
    }

    // ---------------------------------------------------------------------------------------------- governance

    /// @notice Moves free budget to the treasury, and nowhere else. Works while paused.
    function governanceWithdraw(uint256 amount) external onlyOwner nonReentrant {
        if (amount == 0) revert ZeroAmount();
        address account = treasury;
        if (account == address(0)) revert TreasuryNotSet();
        uint256 available = rewardBudget();
        if (amount > available) revert InsufficientRewardBalance(amount, available);
        emit GovernanceWithdrawal(account, amount);
        token.safeTransfer(account, amount);
    }

    /// @notice Gives the whole reservation of a rewarder back to the free budget, for one that is gone.
    function cancelReservation(address rewarder) external onlyOwner {
        _setReservation(rewarder, 0);
    }

    /// @notice Says whether `rewarder` may pay rewards.
    function setRewarder(address rewarder, bool allowed) external onlyOwner {
        emit RewarderUpdated(rewarder, _rewarders.update(rewarder, allowed), allowed);
    }

    /// @notice Sets the burned share of fees, in basis points up to {MAX_BURN_BPS}.
    function setBurnPct(uint256 newBurnPct) external onlyOwner {
        if (newBurnPct > MAX_BURN_BPS) revert OutOfBounds(newBurnPct, 0, MAX_BURN_BPS);
        emit BurnPctUpdated(burnPct, newBurnPct);
        burnPct = newBurnPct;
    }

    /// @notice Sets the stakers' share of distributed fees, in basis points.
    function setStakerShare(uint256 newShareBps) external onlyOwner {
        if (newShareBps > BPS) revert OutOfBounds(newShareBps, 0, BPS);
        emit StakerShareUpdated(stakerShareBps, newShareBps);
        stakerShareBps = newShareBps;
    }

    /// @notice Sets what one rewarder may pay out in a period, in wei of the token.
    function setRewardLimit(uint256 newLimit) external onlyOwner {
        emit RewardLimitUpdated(rewardLimit, newLimit);
        rewardLimit = newLimit;
    }

    /// @notice Names the StakeManager. Stakes recorded from the old one count until they are brought up to date.
    function setStakeManager(IStakeManager newStakeManager) external onlyOwner {
        _setStakeManager(newStakeManager);
    }

    // --------------------------------------------------------------------------------------------------- views

    /// @inheritdoc IFeePool
    function rewardBudget() public view returns (uint256) {
        return Math.saturatingSub(token.balanceOf(address(this)), pendingFees + reservedClaims + reservedRewards);
    }

    /// @notice The number of the present period of rewards.
    function rewardPeriod() public view returns (uint256) {
        return protocolTime() / REWARD_PERIOD;
    }

    /// @notice What {claimRewards} would pay `user` now.
    function claimableOf(address user) external view returns (uint256) {
        Staker memory staker = _stakers[user];
        uint256 counted = Math.min(staker.stake, stakeManager.stakeOf(user, REWARD_ROLE));
        return staker.credit + Math.mulDiv(counted, cumulativePerToken - staker.checkpoint, SCALE);
    }

    /// @notice The stake on which a user's claims accrue, what has been credited, and up to where.
    function stakers(address user) external view returns (Staker memory) {
        return _stakers[user];
    }

    /// @notice Whether `account` may pay rewards.
    function rewarders(address account) external view returns (bool) {
        return _rewarders.contains(account);
    }

    /// @notice All who may pay rewards.
    function rewarderList() external view returns (address[] memory) {
        return _rewarders.values();
    }

    // ----------------------------------------------------------------------------------------------- internals

    /// @dev Whoever holds less stake now than is recorded is credited on what he holds: StakeManager failed to tell.
    function _sync(address user) private {
        uint256 current = stakeManager.stakeOf(user, REWARD_ROLE);
        _settle(user, Math.min(_stakers[user].stake, current), current);
    }

    /// @dev Credits what accrued on `counted`, gives back what was set aside for more, and goes on with `current`.
    function _settle(address user, uint256 counted, uint256 current) private {
        Staker storage staker = _stakers[user];
        uint256 previous = staker.stake;
        uint256 delta = cumulativePerToken - staker.checkpoint;
        uint256 accrued = Math.mulDiv(counted, delta, SCALE);
        uint256 forfeited = Math.mulDiv(previous, delta, SCALE) - accrued;
        staker.credit += accrued;
        staker.checkpoint = cumulativePerToken;
        staker.stake = current;
        sharedStake = sharedStake - previous + current;
        if (forfeited != 0) {
            reservedClaims -= forfeited;
            pendingFees += forfeited;
        }
        if (previous != current || forfeited != 0) emit SharedStakeUpdated(user, previous, current, forfeited);
    }

    function _setReservation(address rewarder, uint256 reservation) private {
        uint256 previous = reservationOf[rewarder];
        if (previous == reservation) return;
        reservationOf[rewarder] = reservation;
        reservedRewards = reservedRewards - previous + reservation;
        emit ReservationUpdated(rewarder, previous, reservation);
    }

    function _setStakeManager(IStakeManager newStakeManager) private {
        _requireContract(address(newStakeManager));
        emit StakeManagerUpdated(address(stakeManager), address(newStakeManager));
        stakeManager = newStakeManager;
    }

    function _transferOwnership(address newOwner) internal override(TreasuryAccount, Ownable2Step) {
        TreasuryAccount._transferOwnership(newOwner);
    }
}
