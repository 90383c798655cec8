// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {Governed} from "./base/Governed.sol";
import {Membership} from "./base/Membership.sol";
import {IEns, INameWrapper} from "./interfaces/IEns.sol";
import {IIdentityRegistry, Kind} from "./interfaces/IIdentityRegistry.sol";
import {IReputationEngine} from "./interfaces/IReputationEngine.sol";

/// @title IdentityRegistry
/// @notice Who may act as an agent or as a validator: by the allowlist, by a Merkle root, or by an ENS name.
/// @dev An account registers its name or proof once; whether that still holds is checked whenever it acts, so a name that
/// was sold, a root node that was removed or a root that was replaced counts no longer.
contract IdentityRegistry is IIdentityRegistry, Governed {
    using EnumerableSet for EnumerableSet.AddressSet;
    using EnumerableSet for EnumerableSet.Bytes32Set;
    using Membership for EnumerableSet.AddressSet;

    /// @param parent The root node under which the account registered a name; zero when it has none.
    /// @param label Digest of the name's label.
    /// @param merkleRoot The Merkle root that the account proved membership of; zero when it has not.
    struct Registration {
        bytes32 parent;
        bytes32 label;
        bytes32 merkleRoot;
    }

    /// @notice Longest list of further root nodes for one kind.
    uint256 public constant MAX_ALIASES = 16;

    /// @notice The ENS registry; zero when names do not count.
    IEns public ens;

    /// @notice The ENS NameWrapper; zero when there is none.
    INameWrapper public nameWrapper;

    /// @notice Who is blacklisted; zero when nobody is.
    IReputationEngine public reputationEngine;

    /// @notice Names directly under this node count; zero when none do.
    mapping(Kind => bytes32) public rootNode;

    /// @notice Accounts in this Merkle tree count; zero when there is none.
    mapping(Kind => bytes32) public merkleRoot;

    mapping(Kind => EnumerableSet.Bytes32Set) private _aliases;
    mapping(Kind => EnumerableSet.AddressSet) private _allowlist;
    mapping(Kind => mapping(address account => Registration)) private _registrations;

    /// @notice An account registered a name.
    event NameRegistered(Kind indexed kind, address indexed account, bytes32 indexed parent, string label);

    /// @notice An account proved that it is in a Merkle tree.
    event ProofRegistered(Kind indexed kind, address indexed account, bytes32 indexed merkleRoot);

    /// @notice The ENS registry changed.
    event EnsUpdated(address indexed previous, address indexed current);

    /// @notice The NameWrapper changed.
    event NameWrapperUpdated(address indexed previous, address indexed current);

    /// @notice The ReputationEngine changed.
    event ReputationEngineUpdated(address indexed previous, address indexed current);

    /// @notice The root node of a kind changed.
    event RootNodeUpdated(Kind indexed kind, bytes32 previous, bytes32 current);

    /// @notice A further root node was added or removed.
    event RootNodeAliasUpdated(Kind indexed kind, bytes32 indexed node, bool previous, bool current);

    /// @notice The Merkle root of a kind changed.
    event MerkleRootUpdated(Kind indexed kind, bytes32 previous, bytes32 current);

    /// @notice An account was put on the allowlist or taken off.
    event AllowlistUpdated(Kind indexed kind, address indexed account, bool previous, bool current);

    /// @notice The node is not one under which names count.
    error UnknownRootNode(Kind kind, bytes32 node);

    /// @notice The account does not own the name.
    error NotNameOwner(address account, bytes32 node);

    /// @notice The proof does not lead from the account to the Merkle root.
    error InvalidProof(Kind kind, address account);

    /// @notice A node or a label is empty.
    error EmptyNode();

    /// @notice No more than {MAX_ALIASES} further root nodes.
    error TooManyAliases(uint256 maximum);

    /// @param initialOwner Governance, or the deployer until it hands over.
    constructor(address initialOwner) Governed(initialOwner) {}

    /// @notice The caller registers the name `label` under `parent`, which it must own.
    function registerName(Kind kind, bytes32 parent, string calldata label) external {
        if (bytes(label).length == 0) revert EmptyNode();
        if (!isRootNode(kind, parent)) revert UnknownRootNode(kind, parent);
        bytes32 labelHash = keccak256(bytes(label));
        bytes32 node = keccak256(abi.encode(parent, labelHash));
        if (!_ownsName(msg.sender, node)) revert NotNameOwner(msg.sender, node);
        _registrations[kind][msg.sender].parent = parent;
        _registrations[kind][msg.sender].label = labelHash;
        emit NameRegistered(kind, msg.sender, parent, label);
    }

    /// @notice The caller proves that it is in the kind's Merkle tree; see {merkleLeaf}.
    function registerProof(Kind kind, bytes32[] calldata proof) external {
        bytes32 root = merkleRoot[kind];
        if (root == 0 || !MerkleProof.verifyCalldata(proof, root, merkleLeaf(kind, msg.sender))) {
            revert InvalidProof(kind, msg.sender);
        }
        _registrations[kind][msg.sender].merkleRoot = root;
        emit ProofRegistered(kind, msg.sender, root);
    }

    /// @notice Names the ENS registry; zero lets names count no longer.
    function setENS(IEns newEns) external onlyOwner {
        if (address(newEns) != address(0)) _requireContract(address(newEns));
        emit EnsUpdated(address(ens), address(newEns));
        ens = newEns;
    }

    /// @notice Names the NameWrapper; zero for none.
    function setNameWrapper(INameWrapper newNameWrapper) external onlyOwner {
        if (address(newNameWrapper) != address(0)) _requireContract(address(newNameWrapper));
        emit NameWrapperUpdated(address(nameWrapper), address(newNameWrapper));
        nameWrapper = newNameWrapper;
    }

    /// @notice Names who keeps the blacklist; zero for none.
    function setReputationEngine(IReputationEngine newReputationEngine) external onlyOwner {
        if (address(newReputationEngine) != address(0)) _requireContract(address(newReputationEngine));
        emit ReputationEngineUpdated(address(reputationEngine), address(newReputationEngine));
        reputationEngine = newReputationEngine;
    }

    /// @notice Sets the node directly under which names count; zero for none.
    function setRootNode(Kind kind, bytes32 node) external onlyOwner {
        emit RootNodeUpdated(kind, rootNode[kind], node);
        rootNode[kind] = node;
    }

    /// @notice Adds or removes a further root node.
    function setRootNodeAlias(Kind kind, bytes32 node, bool allowed) external onlyOwner {
        if (node == 0) revert EmptyNode();
        EnumerableSet.Bytes32Set storage nodes = _aliases[kind];
        bool previous = allowed ? !nodes.add(node) : nodes.remove(node);
        if (nodes.length() > MAX_ALIASES) revert TooManyAliases(MAX_ALIASES);
        emit RootNodeAliasUpdated(kind, node, previous, allowed);
    }

    /// @notice Sets the Merkle root of a kind; zero for none. Proofs under the old one count no longer.
    function setMerkleRoot(Kind kind, bytes32 newRoot) external onlyOwner {
        emit MerkleRootUpdated(kind, merkleRoot[kind], newRoot);
        merkleRoot[kind] = newRoot;
    }

    /// @notice Puts an account on the allowlist of a kind or takes it off.
    function setAllowed(Kind kind, address account, bool allowed) external onlyOwner {
        emit AllowlistUpdated(kind, account, _allowlist[kind].update(account, allowed), allowed);
    }

    /// @inheritdoc IIdentityRegistry
    /// @dev The blacklist outranks everything.
    function isAuthorized(Kind kind, address account) external view returns (bool) {
        if (address(reputationEngine) != address(0) && reputationEngine.isBlacklisted(account)) return false;
        if (_allowlist[kind].contains(account)) return true;
        Registration memory registration = _registrations[kind][account];
        if (registration.merkleRoot != 0 && registration.merkleRoot == merkleRoot[kind]) return true;
        return registration.parent != 0 && isRootNode(kind, registration.parent)
            && _ownsName(account, keccak256(abi.encode(registration.parent, registration.label)));
    }

    /// @notice Whether names directly under `node` count.
    function isRootNode(Kind kind, bytes32 node) public view returns (bool) {
        return node != 0 && (node == rootNode[kind] || _aliases[kind].contains(node));
    }

    /// @notice The leaf of `account` in the Merkle tree of `kind`.
    function merkleLeaf(Kind kind, address account) public pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(account, kind))));
    }

    /// @notice The further root nodes of a kind.
    function rootNodeAliases(Kind kind) external view returns (bytes32[] memory) {
        return _aliases[kind].values();
    }

    /// @notice The allowlist of a kind.
    function allowlist(Kind kind) external view returns (address[] memory) {
        return _allowlist[kind].values();
    }

    /// @notice What an account has registered.
    function registrationOf(Kind kind, address account) external view returns (Registration memory) {
        return _registrations[kind][account];
    }

    /// @dev A wrapped name belongs to whom the wrapper says. A wrapper that fails to answer leaves the name to nobody.
    function _ownsName(address account, bytes32 node) private view returns (bool) {
        if (address(ens) == address(0)) return false;
        address holder = ens.owner(node);
        if (holder != address(0) && holder == address(nameWrapper)) {
            try nameWrapper.ownerOf(uint256(node)) returns (address wrappedHolder) {
                holder = wrappedHolder;
            } catch {
                return false;
            }
        }
        return holder == account;
    }
}
