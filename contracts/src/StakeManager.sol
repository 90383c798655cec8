// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {BPS, OutOfBounds, SplitSum, Unauthorized, ZeroAmount} from "./base/Errors.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Membership} from "./base/Membership.sol";
import {PausableModule} from "./base/PausableModule.sol";
import {TreasuryAccount} from "./base/TreasuryAccount.sol";
import {IBurnableToken} from "./interfaces/IBurnableToken.sol";
import {IStakeManager, Role} from "./interfaces/IStakeManager.sol";
import {IStakeObserver} from "./interfaces/IStakeObserver.sol";
import {ITaxPolicy} from "./interfaces/ITaxPolicy.sol";

/// @title StakeManager
/// @notice Holds the stakes of agents, validators and platforms, and takes them from those who break the rules.
/// @dev The contract's balance is at least the sum of all bonded and unbonding stake. A lock is a limit on withdrawal in
/// one manager's own ledger, not a pot: when a slash has taken the stake from under a lock, the lock covers what is left.
contract StakeManager is IStakeManager, PausableModule, TreasuryAccount, ReentrancyGuardTransient {
    using EnumerableSet for EnumerableSet.AddressSet;
    using Membership for EnumerableSet.AddressSet;
    using SafeERC20 for IBurnableToken;

    /// @param bonded Stake that counts.
    /// @param locked Sum of the locks of all managers; withdrawals leave at least this much bonded.
    /// @param unbonding Stake on its way out; no longer counts, can still be slashed.
    /// @param releaseAt Protocol time from which `unbonding` can be taken out.
    struct Stake {
        uint256 bonded;
        uint256 locked;
        uint256 unbonding;
        uint64 releaseAt;
    }

    /// @notice Shortest unbonding period, in seconds.
    uint64 public constant MIN_UNBONDING_PERIOD = 1 hours;

    /// @notice Longest unbonding period, in seconds.
    uint64 public constant MAX_UNBONDING_PERIOD = 90 days;

    /// @notice Gas that the observer of stakes gets.
    uint256 public constant OBSERVER_GAS = 200_000;

    /// @notice The token that is staked.
    IBurnableToken public immutable token;

    /// @notice How long stake takes to leave, in seconds of protocol time.
    uint64 public unbondingPeriod = 7 days;

    /// @notice Share of a slash that goes to the one who was wronged, in basis points.
    uint256 public employerSlashBps = 5_000;

    /// @notice Share of a slash that goes to the treasury, in basis points.
    uint256 public treasurySlashBps = 5_000;

    /// @notice Share of a slash that is burned, in basis points.
    uint256 public burnSlashBps;

    /// @inheritdoc IStakeManager
    uint256 public feePct;

    /// @inheritdoc IStakeManager
    uint256 public validatorRewardPct;

    /// @notice Told of every change of a stake; zero when nobody is.
    IStakeObserver public feePool;

    /// @notice What must have been acknowledged to put up stake; zero for nothing. Taking it out never needs it.
    ITaxPolicy public taxPolicy;

    /// @notice Stake that counts, by role, in wei of the token.
    mapping(Role => uint256) public totalStakes;

    /// @notice Stake on its way out, by role, in wei of the token.
    mapping(Role => uint256) public totalUnbonding;

    /// @notice Least stake of a role, in wei of the token.
    mapping(Role => uint256) public minStake;

    mapping(address user => mapping(Role => Stake)) private _stakes;
    mapping(address manager => mapping(address user => mapping(Role => mapping(uint256 key => uint256)))) private
        _locks;
    mapping(Role => EnumerableSet.AddressSet) private _lockManagers;
    EnumerableSet.AddressSet private _slashers;
    EnumerableSet.AddressSet private _treasurySlashers;

    /// @notice A user put up stake.
    event StakeDeposited(address indexed user, Role indexed role, uint256 amount, uint256 bonded);

    /// @notice A user began to take stake out; all that is unbonding can be had from `releaseAt` of protocol time.
    event WithdrawRequested(
        address indexed user, Role indexed role, uint256 amount, uint256 unbonding, uint64 releaseAt
    );

    /// @notice A user put unbonding stake up again.
    event WithdrawCancelled(address indexed user, Role indexed role, uint256 amount);

    /// @notice A user took stake out.
    event StakeWithdrawn(address indexed user, Role indexed role, uint256 amount);

    /// @notice A manager locked stake under its own key.
    event StakeLocked(
        address indexed manager, address indexed user, uint256 indexed key, Role role, uint256 amount, uint256 locked
    );

    /// @notice A lock was released by its manager or, in the manager's stead, by governance.
    event StakeUnlocked(
        address indexed manager, address indexed user, uint256 indexed key, Role role, uint256 amount, uint256 locked
    );

    /// @notice Stake was taken; the shares add up to `amount`.
    event StakeSlashed(
        address indexed user,
        Role indexed role,
        address indexed slasher,
        address beneficiary,
        uint256 amount,
        uint256 beneficiaryShare,
        uint256 treasuryShare,
        uint256 burnShare
    );

    /// @notice Governance took stake, for the reason on record under `ticket`.
    event GovernanceSlash(address indexed user, Role indexed role, uint256 amount, string ticket);

    /// @notice The observer of stakes could not be told of a change.
    event StakeObserverFailed(address indexed observer, address indexed user, bytes reason);

    /// @notice Who may lock stake of a role changed.
    event LockManagerUpdated(Role indexed role, address indexed manager, bool previous, bool current);

    /// @notice Who may lock validators' stake changed; emitted beside {LockManagerUpdated}.
    event ValidatorLockManagerUpdated(address indexed manager, bool allowed);

    /// @notice Who may slash what it locked changed.
    event SlasherUpdated(address indexed slasher, bool previous, bool current);

    /// @notice Who may slash for the treasury, while paused too, changed.
    event TreasurySlasherUpdated(address indexed slasher, bool previous, bool current);

    /// @notice The least stake of a role changed.
    event MinStakeUpdated(Role indexed role, uint256 previous, uint256 current);

    /// @notice The unbonding period changed; what is unbonding keeps its date.
    event UnbondingPeriodUpdated(uint64 previous, uint64 current);

    /// @notice The split of slashes changed.
    event SlashSplitUpdated(
        uint256 previousEmployerBps,
        uint256 previousTreasuryBps,
        uint256 previousBurnBps,
        uint256 employerBps,
        uint256 treasuryBps,
        uint256 burnBps
    );

    /// @notice The protocol's share of rewards changed, for jobs created from now on.
    event FeePctUpdated(uint256 previous, uint256 current);

    /// @notice The validators' share of rewards changed, for jobs created from now on.
    event ValidatorRewardPctUpdated(uint256 previous, uint256 current);

    /// @notice The observer of stakes changed.
    event FeePoolUpdated(address indexed previousFeePool, address indexed newFeePool);

    /// @notice The TaxPolicy changed.
    event TaxPolicyUpdated(address indexed previous, address indexed current);

    /// @notice The parameters as they are after a change.
    event ParametersUpdated(
        uint256 feePct,
        uint256 validatorRewardPct,
        uint256 employerSlashBps,
        uint256 treasurySlashBps,
        uint256 burnSlashBps,
        uint256 unbondingPeriod
    );

    /// @notice The stake would be `stake`, below the role's minimum.
    error BelowMinimumStake(uint256 stake, uint256 minimum);

    /// @notice Only `available` is there for this.
    error InsufficientStake(uint256 requested, uint256 available);

    /// @notice Nothing is unbonding.
    error NothingUnbonding(address user, Role role);

    /// @notice Unbonding stake can be had from `releaseAt` of protocol time.
    error StillUnbonding(uint64 releaseAt, uint64 protocolTime);

    /// @notice The account has not acknowledged the tax policy in force.
    error TaxPolicyNotAcknowledged(address account);

    /// @notice Fee and validators' share together are more than everything.
    error PercentageSum(uint256 sum);

    /// @notice Too little gas for the observer of stakes to be told.
    error InsufficientGas(uint256 available, uint256 required);

    /// @param initialOwner Governance, or the deployer until it hands over.
    /// @param initialSystemPause The SystemPause contract.
    /// @param stakingToken The token that is staked.
    /// @param initialTreasury Receives its share of slashes; zero leaves it unset, and its share is burned.
    constructor(address initialOwner, address initialSystemPause, IBurnableToken stakingToken, address initialTreasury)
        PausableModule(initialOwner, initialSystemPause)
        TreasuryAccount(initialTreasury)
    {
        _requireContract(address(stakingToken));
        token = stakingToken;
        _emitParameters();
    }

    // ------------------------------------------------------------------------------------------------ users

    /// @notice Puts up stake. Needs an allowance of the token.
    function depositStake(Role role, uint256 amount) external whenNotPaused nonReentrant {
        if (amount == 0) revert ZeroAmount();
        if (address(taxPolicy) != address(0) && !taxPolicy.hasAcknowledged(msg.sender)) {
            revert TaxPolicyNotAcknowledged(msg.sender);
        }
        Stake storage stake = _stakes[msg.sender][role];
        uint256 bonded = stake.bonded + amount;
        if (bonded < minStake[role]) revert BelowMinimumStake(bonded, minStake[role]);
        stake.bonded = bonded;
        totalStakes[role] += amount;
        emit StakeDeposited(msg.sender, role, amount, bonded);
        token.safeTransferFrom(msg.sender, address(this), amount);
        _tellObserver(msg.sender, role, bonded);
    }

    /// @notice Begins to take stake out. A second request adds to the first and starts the period again for both.
    function requestWithdraw(Role role, uint256 amount) external whenNotPaused nonReentrant {
        if (amount == 0) revert ZeroAmount();
        Stake storage stake = _stakes[msg.sender][role];
        uint256 free = Math.saturatingSub(stake.bonded, stake.locked);
        if (amount > free) revert InsufficientStake(amount, free);
        uint256 bonded = stake.bonded - amount;
        if (bonded != 0 && bonded < minStake[role]) revert BelowMinimumStake(bonded, minStake[role]);
        stake.bonded = bonded;
        stake.unbonding += amount;
        stake.releaseAt = protocolTime() + unbondingPeriod;
        totalStakes[role] -= amount;
        totalUnbonding[role] += amount;
        emit WithdrawRequested(msg.sender, role, amount, stake.unbonding, stake.releaseAt);
        _tellObserver(msg.sender, role, bonded);
    }

    /// @notice Puts everything that is unbonding up again.
    function cancelWithdraw(Role role) external whenNotPaused nonReentrant {
        Stake storage stake = _stakes[msg.sender][role];
        uint256 amount = stake.unbonding;
        if (amount == 0) revert NothingUnbonding(msg.sender, role);
        uint256 bonded = stake.bonded + amount;
        if (bonded < minStake[role]) revert BelowMinimumStake(bonded, minStake[role]);
        stake.bonded = bonded;
        stake.unbonding = 0;
        totalUnbonding[role] -= amount;
        totalStakes[role] += amount;
        emit WithdrawCancelled(msg.sender, role, amount);
        _tellObserver(msg.sender, role, bonded);
    }

    /// @notice Takes out what has finished unbonding. There is no other way out.
    function finalizeWithdraw(Role role) external whenNotPaused nonReentrant {
        Stake storage stake = _stakes[msg.sender][role];
        uint256 amount = stake.unbonding;
        if (amount == 0) revert NothingUnbonding(msg.sender, role);
        if (protocolTime() < stake.releaseAt) revert StillUnbonding(stake.releaseAt, protocolTime());
        stake.unbonding = 0;
        totalUnbonding[role] -= amount;
        emit StakeWithdrawn(msg.sender, role, amount);
        token.safeTransfer(msg.sender, amount);
    }

    // --------------------------------------------------------------------------------- lock managers, slashers

    /// @inheritdoc IStakeManager
    function lockStake(Role role, address user, uint256 key, uint256 amount) external whenNotPaused {
        if (!_lockManagers[role].contains(msg.sender)) revert Unauthorized(msg.sender);
        if (amount == 0) revert ZeroAmount();
        Stake storage stake = _stakes[user][role];
        uint256 free = Math.saturatingSub(stake.bonded, stake.locked);
        if (amount > free) revert InsufficientStake(amount, free);
        uint256 locked = _locks[msg.sender][user][role][key] + amount;
        _locks[msg.sender][user][role][key] = locked;
        stake.locked += amount;
        emit StakeLocked(msg.sender, user, key, role, amount, locked);
    }

    /// @inheritdoc IStakeManager
    /// @dev A manager that was dismissed can still release its own locks, so that dismissal strands nobody's stake; and
    /// releasing more than is locked releases what is, so that {releaseLock} does not break the manager.
    function unlockStake(Role role, address user, uint256 key, uint256 amount) external {
        _unlock(msg.sender, role, user, key, amount);
    }

    /// @inheritdoc IStakeManager
    /// @dev Takes no more than the caller has locked, and less when earlier slashes have left less under the lock.
    function slash(Role role, address user, uint256 key, uint256 amount, address beneficiary)
        external
        whenNotPaused
        nonReentrant
        returns (uint256 slashed)
    {
        if (!_slashers.contains(msg.sender)) revert Unauthorized(msg.sender);
        uint256 covered = _unlock(msg.sender, role, user, key, amount);
        if (covered == 0) return 0;
        slashed = _take(role, user, covered);
        // A wronged party that there is none of leaves its share to the treasury.
        uint256 toBeneficiary = beneficiary == address(0) ? 0 : (slashed * employerSlashBps) / BPS;
        uint256 toBurn = (slashed * burnSlashBps) / BPS;
        _distribute(role, user, beneficiary, slashed, toBeneficiary, toBurn);
    }

    /// @inheritdoc IStakeManager
    function slashToTreasury(Role role, address user, uint256 amount) external nonReentrant returns (uint256 slashed) {
        if (!_treasurySlashers.contains(msg.sender)) revert Unauthorized(msg.sender);
        slashed = _take(role, user, amount);
        _distribute(role, user, address(0), slashed, 0, 0);
    }

    /// @notice Governance takes stake, locked or not, for the treasury. Works while paused.
    /// @param ticket Where the reason is on record.
    /// @return slashed Less than `amount` when there was less.
    function governanceSlash(Role role, address user, uint256 amount, string calldata ticket)
        external
        onlyOwner
        nonReentrant
        returns (uint256 slashed)
    {
        slashed = _take(role, user, amount);
        emit GovernanceSlash(user, role, slashed, ticket);
        _distribute(role, user, address(0), slashed, 0, 0);
    }

    /// @notice Governance releases a lock in its manager's stead. Works while paused.
    function releaseLock(address manager, Role role, address user, uint256 key) external onlyOwner {
        _unlock(manager, role, user, key, _locks[manager][user][role][key]);
    }

    // -------------------------------------------------------------------------------------------- parameters

    /// @notice Says whether `manager` may lock stake of `role`.
    function setLockManager(Role role, address manager, bool allowed) public onlyOwner {
        bool previous = _lockManagers[role].update(manager, allowed);
        emit LockManagerUpdated(role, manager, previous, allowed);
        if (role == Role.Validator) emit ValidatorLockManagerUpdated(manager, allowed);
    }

    /// @notice Says whether `manager` may lock validators' stake.
    function setValidatorLockManager(address manager, bool allowed) external {
        setLockManager(Role.Validator, manager, allowed);
    }

    /// @notice Says whether `slasher` may slash what it has locked.
    function setSlasher(address slasher, bool allowed) external onlyOwner {
        emit SlasherUpdated(slasher, _slashers.update(slasher, allowed), allowed);
    }

    /// @notice Says whether `slasher` may slash anybody's stake for the treasury, while paused too.
    function setTreasurySlasher(address slasher, bool allowed) external onlyOwner {
        emit TreasurySlasherUpdated(slasher, _treasurySlashers.update(slasher, allowed), allowed);
    }

    /// @notice Sets the least stake of a role, in wei of the token.
    function setMinStake(Role role, uint256 newMinStake) external onlyOwner {
        emit MinStakeUpdated(role, minStake[role], newMinStake);
        minStake[role] = newMinStake;
    }

    /// @notice Sets how long stake takes to leave, in seconds.
    function setUnbondingPeriod(uint64 newPeriod) external onlyOwner {
        if (newPeriod < MIN_UNBONDING_PERIOD || newPeriod > MAX_UNBONDING_PERIOD) {
            revert OutOfBounds(newPeriod, MIN_UNBONDING_PERIOD, MAX_UNBONDING_PERIOD);
        }
        emit UnbondingPeriodUpdated(unbondingPeriod, newPeriod);
        unbondingPeriod = newPeriod;
        _emitParameters();
    }

    /// @notice Sets how slashes are split, in basis points that add up to 10 000.
    function setSlashSplit(uint256 employerBps, uint256 treasuryBps, uint256 burnBps) external onlyOwner {
        if (employerBps > BPS) revert OutOfBounds(employerBps, 0, BPS);
        if (treasuryBps > BPS) revert OutOfBounds(treasuryBps, 0, BPS);
        if (burnBps > BPS) revert OutOfBounds(burnBps, 0, BPS);
        uint256 sum = employerBps + treasuryBps + burnBps;
        if (sum != BPS) revert SplitSum(sum, BPS);
        emit SlashSplitUpdated(employerSlashBps, treasurySlashBps, burnSlashBps, employerBps, treasuryBps, burnBps);
        employerSlashBps = employerBps;
        treasurySlashBps = treasuryBps;
        burnSlashBps = burnBps;
        _emitParameters();
    }

    /// @notice Sets the protocol's share of rewards, in percent, for jobs created from now on.
    function setFeePct(uint256 newFeePct) external onlyOwner {
        _requirePercentages(newFeePct, validatorRewardPct);
        emit FeePctUpdated(feePct, newFeePct);
        feePct = newFeePct;
        _emitParameters();
    }

    /// @notice Sets the validators' share of rewards, in percent, for jobs created from now on.
    function setValidatorRewardPct(uint256 newValidatorRewardPct) external onlyOwner {
        _requirePercentages(feePct, newValidatorRewardPct);
        emit ValidatorRewardPctUpdated(validatorRewardPct, newValidatorRewardPct);
        validatorRewardPct = newValidatorRewardPct;
        _emitParameters();
    }

    /// @notice Names the FeePool that is told of changes of stakes; zero for none.
    function setFeePool(IStakeObserver newFeePool) external onlyOwner {
        if (address(newFeePool) != address(0)) _requireContract(address(newFeePool));
        emit FeePoolUpdated(address(feePool), address(newFeePool));
        feePool = newFeePool;
    }

    /// @notice Names the policy to be acknowledged before putting up stake; zero for none.
    function setTaxPolicy(ITaxPolicy newTaxPolicy) external onlyOwner {
        if (address(newTaxPolicy) != address(0)) _requireContract(address(newTaxPolicy));
        emit TaxPolicyUpdated(address(taxPolicy), address(newTaxPolicy));
        taxPolicy = newTaxPolicy;
    }

    // ------------------------------------------------------------------------------------------------- views

    /// @inheritdoc IStakeManager
    function stakeOf(address user, Role role) external view returns (uint256) {
        return _stakes[user][role].bonded;
    }

    /// @inheritdoc IStakeManager
    function freeStakeOf(address user, Role role) external view returns (uint256) {
        return Math.saturatingSub(_stakes[user][role].bonded, _stakes[user][role].locked);
    }

    /// @inheritdoc IStakeManager
    /// @dev With no minimum set, any stake at all will do, but not none.
    function isStaked(address user, Role role) external view returns (bool) {
        uint256 bonded = _stakes[user][role].bonded;
        return bonded != 0 && bonded >= minStake[role];
    }

    /// @notice Everything about one user's stake in one role.
    function stakes(address user, Role role) external view returns (Stake memory) {
        return _stakes[user][role];
    }

    /// @notice What `manager` has locked of a user's stake under `key`.
    function lockOf(address manager, Role role, address user, uint256 key) external view returns (uint256) {
        return _locks[manager][user][role][key];
    }

    /// @notice Whether `manager` may lock validators' stake.
    function validatorLockManagers(address manager) external view returns (bool) {
        return _lockManagers[Role.Validator].contains(manager);
    }

    /// @notice All who may lock stake of `role`.
    function lockManagers(Role role) external view returns (address[] memory) {
        return _lockManagers[role].values();
    }

    /// @notice Whether `manager` may lock stake of `role`.
    function isLockManager(Role role, address manager) external view returns (bool) {
        return _lockManagers[role].contains(manager);
    }

    /// @notice All who may slash what they have locked.
    function slashers() external view returns (address[] memory) {
        return _slashers.values();
    }

    /// @notice All who may slash for the treasury, while paused too.
    function treasurySlashers() external view returns (address[] memory) {
        return _treasurySlashers.values();
    }

    // ---------------------------------------------------------------------------------------------- internals

    function _unlock(address manager, Role role, address user, uint256 key, uint256 amount)
        private
        returns (uint256 released)
    {
        uint256 locked = _locks[manager][user][role][key];
        released = Math.min(amount, locked);
        if (released == 0) return 0;
        _locks[manager][user][role][key] = locked - released;
        _stakes[user][role].locked -= released;
        emit StakeUnlocked(manager, user, key, role, released, locked - released);
    }

    /// @dev Takes bonded stake first, then stake on its way out, and no more than there is.
    function _take(Role role, address user, uint256 amount) private returns (uint256 taken) {
        if (amount == 0) revert ZeroAmount();
        Stake storage stake = _stakes[user][role];
        uint256 fromBonded = Math.min(amount, stake.bonded);
        uint256 fromUnbonding = Math.min(amount - fromBonded, stake.unbonding);
        stake.bonded -= fromBonded;
        stake.unbonding -= fromUnbonding;
        totalStakes[role] -= fromBonded;
        totalUnbonding[role] -= fromUnbonding;
        _tellObserver(user, role, stake.bonded);
        return fromBonded + fromUnbonding;
    }

    /// @dev The treasury gets what the others leave, rounding included; without a treasury that is burned.
    function _distribute(
        Role role,
        address user,
        address beneficiary,
        uint256 amount,
        uint256 toBeneficiary,
        uint256 toBurn
    ) private {
        uint256 toTreasury = amount - toBeneficiary - toBurn;
        address account = treasury;
        if (account == address(0)) {
            toBurn += toTreasury;
            toTreasury = 0;
        }
        emit StakeSlashed(user, role, msg.sender, beneficiary, amount, toBeneficiary, toTreasury, toBurn);
        if (toBeneficiary != 0) token.safeTransfer(beneficiary, toBeneficiary);
        if (toTreasury != 0) token.safeTransfer(account, toTreasury);
        if (toBurn != 0) token.burn(toBurn);
    }

    /// @dev A broken observer must not stand in the way of a slash or a withdrawal. It gets a fixed amount of gas, and
    /// the caller cannot make it fail by sending too little.
    function _tellObserver(address user, Role role, uint256 bonded) private {
        IStakeObserver observer = feePool;
        if (address(observer) == address(0)) return;
        uint256 required = (OBSERVER_GAS * 64) / 63 + 10_000;
        if (gasleft() < required) revert InsufficientGas(gasleft(), required);
        try observer.stakeChanged{gas: OBSERVER_GAS}(user, role, bonded) {}
        catch (bytes memory reason) {
            emit StakeObserverFailed(address(observer), user, reason);
        }
    }

    function _requirePercentages(uint256 fee, uint256 validatorReward) private pure {
        if (fee > 100) revert OutOfBounds(fee, 0, 100);
        if (validatorReward > 100) revert OutOfBounds(validatorReward, 0, 100);
        if (fee + validatorReward > 100) revert PercentageSum(fee + validatorReward);
    }

    function _emitParameters() private {
        emit ParametersUpdated(
            feePct, validatorRewardPct, employerSlashBps, treasurySlashBps, burnSlashBps, unbondingPeriod
        );
    }

    function _transferOwnership(address newOwner) internal override(TreasuryAccount, Ownable2Step) {
        TreasuryAccount._transferOwnership(newOwner);
    }
}
