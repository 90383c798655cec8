using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Ethereum.Safes;

/// <summary>The interfaces of the Safe contracts, 1.0.0 to 1.5.0: what is called here and what a reader of calldata and logs needs.</summary>
public static class SafeAbi
{
    /// <summary>
    /// Functions and events of a Safe. Events are in the form of 1.4 and later; before, the arguments of owner, module and execution events
    /// were not indexed (<see cref="SafeExecution.OutcomeIn"/> reads both).
    /// </summary>
    public static ContractAbi Safe { get; } = ContractAbi.FromHumanReadable(
        "function VERSION() view returns (string)",
        "function nonce() view returns (uint256)",
        "function domainSeparator() view returns (bytes32)",
        "function getOwners() view returns (address[])",
        "function getThreshold() view returns (uint256)",
        "function isOwner(address owner) view returns (bool)",
        "function getModules() view returns (address[])",
        "function getModulesPaginated(address start, uint256 pageSize) view returns (address[] array, address next)",
        "function isModuleEnabled(address module) view returns (bool)",
        "function approvedHashes(address owner, bytes32 hash) view returns (uint256)",
        "function signedMessages(bytes32 hash) view returns (uint256)",
        "function getStorageAt(uint256 offset, uint256 length) view returns (bytes)",
        "function getTransactionHash(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, uint256 nonce) view returns (bytes32)",
        "function checkSignatures(bytes32 dataHash, bytes data, bytes signatures) view",
        "function isValidSignature(bytes data, bytes signature) view returns (bytes4)",
        "function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4)",
        "function setup(address[] owners, uint256 threshold, address to, bytes data, address fallbackHandler, address paymentToken, uint256 payment, address paymentReceiver)",
        "function execTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes signatures) payable returns (bool success)",
        "function execTransactionFromModule(address to, uint256 value, bytes data, uint8 operation) returns (bool success)",
        "function execTransactionFromModuleReturnData(address to, uint256 value, bytes data, uint8 operation) returns (bool success, bytes returnData)",
        "function approveHash(bytes32 hashToApprove)",
        "function addOwnerWithThreshold(address owner, uint256 threshold)",
        "function removeOwner(address prevOwner, address owner, uint256 threshold)",
        "function swapOwner(address prevOwner, address oldOwner, address newOwner)",
        "function changeThreshold(uint256 threshold)",
        "function enableModule(address module)",
        "function disableModule(address prevModule, address module)",
        "function setGuard(address guard)",
        "function setModuleGuard(address moduleGuard)",
        "function setFallbackHandler(address handler)",
        "event SafeSetup(address indexed initiator, address[] owners, uint256 threshold, address initializer, address fallbackHandler)",
        "event ApproveHash(bytes32 indexed approvedHash, address indexed owner)",
        "event SignMsg(bytes32 indexed msgHash)",
        "event ExecutionFailure(bytes32 indexed txHash, uint256 payment)",
        "event ExecutionSuccess(bytes32 indexed txHash, uint256 payment)",
        "event ExecutionFromModuleSuccess(address indexed module)",
        "event ExecutionFromModuleFailure(address indexed module)",
        "event AddedOwner(address indexed owner)",
        "event RemovedOwner(address indexed owner)",
        "event ChangedThreshold(uint256 threshold)",
        "event EnabledModule(address indexed module)",
        "event DisabledModule(address indexed module)",
        "event ChangedGuard(address indexed guard)",
        "event ChangedModuleGuard(address indexed moduleGuard)",
        "event ChangedFallbackHandler(address indexed handler)",
        "event SafeReceived(address indexed sender, uint256 value)");

    /// <summary>The factory of Safe proxies, 1.4.1.</summary>
    public static ContractAbi ProxyFactory { get; } = ContractAbi.FromHumanReadable(
        "function proxyCreationCode() pure returns (bytes)",
        "function createProxyWithNonce(address singleton, bytes initializer, uint256 saltNonce) returns (address proxy)",
        "function createChainSpecificProxyWithNonce(address singleton, bytes initializer, uint256 saltNonce) returns (address proxy)",
        "event ProxyCreation(address indexed proxy, address singleton)");

    internal static AbiFunction ExecTransaction { get; } = Safe.Function("execTransaction");

    internal static AbiFunction ApproveHash { get; } = Safe.Function("approveHash");

    internal static AbiFunction GetTransactionHash { get; } = Safe.Function("getTransactionHash");

    internal static AbiFunction IsValidSignatureOfData { get; } = Safe.Function("isValidSignature(bytes,bytes)");

    internal static AbiFunction IsValidSignatureOfHash { get; } = Safe.Function("isValidSignature(bytes32,bytes)");

    internal static AbiFunction ApprovedHashes { get; } = Safe.Function("approvedHashes");

    internal static AbiFunction GetModulesPaginated { get; } = Safe.Function("getModulesPaginated");

    internal static AbiFunction GetModules { get; } = Safe.Function("getModules");
}
