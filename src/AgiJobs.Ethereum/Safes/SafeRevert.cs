using System.Collections.Frozen;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Rpc;

namespace AgiJobs.Ethereum.Safes;

/// <summary>Says what the short error codes of the Safe contracts mean. Source: docs/error_codes.md of safe-smart-account.</summary>
public static class SafeRevert
{
    private static readonly FrozenDictionary<string, string> Meanings = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["GS000"] = "the Safe's initialisation call failed",
        ["GS001"] = "the Safe has no threshold: it was never set up",
        ["GS002"] = "the set-up calls an address without code",
        ["GS010"] = "too little gas was sent for the safeTxGas asked for; raise the gas limit",
        ["GS011"] = "the Safe could not pay the gas refund in the chain's coin",
        ["GS012"] = "the Safe could not pay the gas refund in the token",
        ["GS013"] = "the inner call failed, and with safeTxGas and gasPrice zero the whole transaction reverts; simulate the inner call to see why",
        ["GS020"] = "there are fewer signatures than the threshold",
        ["GS021"] = "a contract signature points into the static part",
        ["GS022"] = "a contract signature points behind the end",
        ["GS023"] = "the data of a contract signature are cut off",
        ["GS024"] = "a contract that is an owner does not accept its signature",
        ["GS025"] = "an owner has not approved the hash and is not the sender",
        ["GS026"] = "a signature is not by an owner, or the signatures are not in ascending order of owners, or they are over another hash (often because the nonce has moved on)",
        ["GS027"] = "the data are not those of the hash",
        ["GS030"] = "only owners can approve a hash",
        ["GS031"] = "only the Safe itself can call this; send it through execTransaction",
        ["GS100"] = "the modules are set up already",
        ["GS101"] = "this address cannot be a module",
        ["GS102"] = "the module is enabled already",
        ["GS103"] = "the previous module given does not stand before that module",
        ["GS104"] = "the caller is not an enabled module",
        ["GS105"] = "the list of modules cannot start there",
        ["GS106"] = "a page of modules needs at least one entry",
        ["GS200"] = "the owners are set up already",
        ["GS201"] = "the threshold would exceed the number of owners",
        ["GS202"] = "the threshold must be at least one",
        ["GS203"] = "this address cannot be an owner",
        ["GS204"] = "the address is an owner already",
        ["GS205"] = "the previous owner given does not stand before that owner",
        ["GS300"] = "the guard does not support the guard interface",
        ["GS400"] = "the Safe cannot be its own fallback handler",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>What a code such as <c>GS026</c> means, or null for a text that is none.</summary>
    public static string? Meaning(string code) => Meanings.GetValueOrDefault(code);

    /// <summary>
    /// The refusal of a Safe as an error with the code <c>safe-reverted</c> that names its code and says what it means; other reverts keep
    /// their reason.
    /// </summary>
    /// <param name="revert">What the node answered.</param>
    /// <param name="subject">What was tried, for the message.</param>
    public static EthereumException Explain(RevertException revert, string subject)
    {
        ArgumentNullException.ThrowIfNull(revert);
        var reason = SafeAbi.Safe.DecodeRevert(revert.RevertData.Span);
        var text = reason.Arguments is { Count: 1 } arguments && arguments[0] is AbiText message ? message.Value : null;
        var meaning = text is null ? null : Meaning(text);
        return new EthereumException(
            "safe-reverted",
            Fault.Failed,
            meaning is null ? $"{subject} would revert: {reason}." : $"{subject} would revert with {text}: {meaning}.",
            revert);
    }
}
